//! When a socket that connected does not try again: `ZMQ_RECONNECT_IVL` and `ZMQ_RECONNECT_STOP`.
#![forbid(unsafe_code)]

mod common;

use common::bytes::{Dialect, DEALER};
use common::{context, finish, Door, EventIs, Monitor, Socket, LIMIT};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use zeroxide::internal::options::ids;
use zeroxide::internal::runtime::Context;

const CONNECTED: EventIs = EventIs(ids::EVENT_CONNECTED, None);
const DELAYED: EventIs = EventIs(ids::EVENT_CONNECT_DELAYED, None);
const RETRIED: EventIs = EventIs(ids::EVENT_CONNECT_RETRIED, None);
const CLOSED: EventIs = EventIs(ids::EVENT_CLOSED, None);
const SUCCEEDED: EventIs = EventIs(ids::EVENT_HANDSHAKE_SUCCEEDED, None);
const DISCONNECTED: EventIs = EventIs(ids::EVENT_DISCONNECTED, None);
const NO_DETAIL: EventIs = EventIs(ids::EVENT_HANDSHAKE_FAILED_NO_DETAIL, None);

const V3_1: Dialect = Dialect::V3(1);

/// A socket with these options, and its events.
fn dealer(context: &Context, options: &[(i32, i32)]) -> (Socket, Monitor) {
    let dealer = Socket::new(context, ids::DEALER);
    for (id, value) in options {
        dealer.set(*id, *value);
    }
    let monitor = dealer.monitor(context);
    (dealer, monitor)
}

#[track_caller]
fn stops(monitor: &Monitor) {
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(monitor.0.try_recv(), None, "it tries again");
}

/// A port that is taken, and where nobody listens.
fn nobody() -> (socket2::Socket, String) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, format!("tcp://{address}"))
}

#[test]
fn without_an_interval_nothing_is_tried_twice() {
    let context = context();
    let (_taken, nobody) = nobody();
    for (interval, longest) in [(0, 0), (-1, 0), (0, 5), (-1, 5)] {
        let options = [(ids::RECONNECT_IVL, interval), (ids::RECONNECT_IVL_MAX, longest)];
        let (refused, monitor) = dealer(&context, &options);
        refused.connect(&nobody);
        monitor.expect(&[DELAYED, CLOSED]);
        stops(&monitor);

        let (left, lost) = dealer(&context, &options);
        let door = Door::tcp();
        left.connect(&door.endpoint());
        let mut server = door.accept();
        server.write(&V3_1.hello(DEALER, b""));
        server.expect(&V3_1.answer(DEALER, b""));
        drop(server);
        lost.expect(&[DELAYED, CONNECTED, SUCCEEDED, DISCONNECTED]);
        stops(&lost);

        [refused, left, monitor.0, lost.0].into_iter().for_each(Socket::close);
    }
    finish(&context, []);
}

#[test]
fn a_refused_connection_is_not_tried_again() {
    let context = context();
    let stop = (ids::RECONNECT_STOP, ids::RECONNECT_STOP_CONN_REFUSED);
    let (dealer, monitor) = dealer(&context, &[(ids::RECONNECT_IVL, 1), stop]);
    let (_taken, nobody) = nobody();
    dealer.connect(&nobody);
    monitor.expect(&[DELAYED, CLOSED]);
    stops(&monitor);
    finish(&context, [dealer, monitor.0]);
}

#[test]
fn a_failed_handshake_is_not_tried_again() {
    let context = context();
    let options = [
        (ids::RECONNECT_IVL, 1),
        (ids::HANDSHAKE_IVL, 30),
        (ids::RECONNECT_STOP, ids::RECONNECT_STOP_HANDSHAKE_FAILED),
    ];
    for leaves in [true, false] {
        let (dealer, monitor) = dealer(&context, &options);
        let door = Door::tcp();
        dealer.connect(&door.endpoint());
        let server = door.accept();
        let silent = (!leaves).then_some(server);
        monitor.expect(&[DELAYED, CONNECTED, NO_DETAIL, DISCONNECTED]);
        stops(&monitor);
        drop(silent);
        [dealer, monitor.0].into_iter().for_each(Socket::close);
    }
    // What comes after the handshake is another matter.
    let (dealer, monitor) = dealer(&context, &options);
    let door = Door::tcp();
    dealer.connect(&door.endpoint());
    for _ in 0..2 {
        let mut server = door.accept();
        server.write(&V3_1.hello(DEALER, b""));
        server.expect(&V3_1.answer(DEALER, b""));
        drop(server);
        monitor.expect(&[DELAYED, CONNECTED, SUCCEEDED, DISCONNECTED, RETRIED]);
    }
    finish(&context, [dealer, monitor.0]);
}

/// Even with messages that would otherwise wait for a peer for good.
#[test]
fn after_disconnect_there_is_no_new_connection() {
    for shaking in [false, true] {
        let context = context();
        let options = [
            (ids::LINGER, -1),
            (ids::RECONNECT_IVL, 1000),
            (ids::RECONNECT_STOP, ids::RECONNECT_STOP_AFTER_DISCONNECT),
        ];
        let (dealer, monitor) = dealer(&context, &options);
        let door = Door::tcp();
        dealer.connect(&door.endpoint());
        dealer.send(&[b"message"]);
        let server = door.accept();
        monitor.expect(&[DELAYED, CONNECTED]);
        let server = if shaking {
            Some(server)
        } else {
            drop(server);
            monitor.expect(&[NO_DETAIL, DISCONNECTED, RETRIED]);
            None
        };
        dealer.disconnect(&door.endpoint());
        drop(server);
        if !shaking {
            stops(&monitor);
        }
        let ending = std::thread::spawn(move || finish(&context, [dealer, monitor.0]));
        let end = Instant::now() + LIMIT;
        while !ending.is_finished() {
            assert!(Instant::now() < end, "it waits for a peer");
            std::thread::sleep(Duration::from_millis(1));
        }
        ending.join().unwrap();
    }
}

/// The connection that is there may still carry what was sent.
#[test]
fn after_disconnect_what_was_sent_goes_out() {
    let context = context();
    let stop = (ids::RECONNECT_STOP, ids::RECONNECT_STOP_AFTER_DISCONNECT);
    let (dealer, monitor) = dealer(&context, &[(ids::LINGER, -1), stop]);
    let door = Door::tcp();
    dealer.connect(&door.endpoint());
    dealer.send(&[b"message"]);
    let mut server = door.accept();
    monitor.expect(&[DELAYED, CONNECTED]);
    dealer.disconnect(&door.endpoint());
    server.write(&V3_1.hello(DEALER, b""));
    server.expect(&V3_1.answer(DEALER, b""));
    assert_eq!(server.message(), [b"message"]);
    finish(&context, [dealer, monitor.0]);
}
