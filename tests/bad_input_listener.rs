//! A listener whose descriptor is not ours alone: what somebody else does to it concerns nobody but
//! the listener.
#![forbid(unsafe_code)]

mod common;

use common::{context, finish, Socket};
use std::net::{Shutdown, TcpListener};
use std::os::fd::IntoRawFd;
use std::time::Duration;
use zeroxide::internal::options::ids;

/// `accept` fails with EINVAL from then on.
#[test]
fn a_listener_that_was_shut_down_is_told_of_once_and_stops_nobody() {
    let context = context();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let pull = Socket::new(&context, ids::PULL);
    let monitor = pull.monitor(&context);
    pull.set(ids::USE_FD, listener.try_clone().unwrap().into_raw_fd());
    pull.bind(&address);
    monitor.wait_for(ids::EVENT_LISTENING);
    socket2::SockRef::from(&listener).shutdown(Shutdown::Both).unwrap();
    assert_eq!(monitor.wait_for(ids::EVENT_ACCEPT_FAILED), libc::EINVAL);
    // The same I/O thread serves others.
    let (other, endpoint) = Socket::bound(&context, ids::PULL, "tcp://127.0.0.1:*");
    let push = Socket::new(&context, ids::PUSH);
    push.connect(&endpoint);
    push.send(&[b"hello"]);
    assert_eq!(other.recv(), [b"hello"]);
    assert!(monitor.0.is_silent(Duration::from_millis(150)), "it is told again");
    finish(&context, [pull, other, push, monitor.0]);
}
