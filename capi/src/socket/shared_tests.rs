//! Sockets that several threads use at once, each for whole messages of one part.

use super::tests::{bound, connected};
use super::*;
use crate::ctx::{zmq_ctx_new, zmq_ctx_term};
use crate::poll::{zmq_poll, zmq_pollitem_t};
use crate::util::zmq_errno;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use zeroxide::internal::options::ids;

const TRANSPORTS: [&str; 2] = ["inproc://shared", "tcp://127.0.0.1:*"];

/// A handle, for any thread.
#[derive(Clone, Copy)]
struct Shared(usize);

impl Shared {
    fn new(socket: *mut c_void) -> Self {
        Self(socket as usize)
    }

    fn handle(self) -> *mut c_void {
        self.0 as *mut c_void
    }

    fn send(self, number: u32) -> bool {
        let bytes = number.to_ne_bytes();
        // SAFETY: a buffer and its size.
        unsafe { zmq_send(self.handle(), bytes.as_ptr().cast(), 4, 0) == 4 }
    }

    /// Receives a number, or what the call failed with.
    fn recv(self) -> Result<u32, c_int> {
        let mut bytes = [0; 4];
        // SAFETY: a buffer and its size.
        match unsafe { zmq_recv(self.handle(), bytes.as_mut_ptr().cast(), 4, 0) } {
            4 => Ok(u32::from_ne_bytes(bytes)),
            _ => Err(zmq_errno()),
        }
    }

    fn set(self, option: c_int, value: c_int) {
        let value = (&raw const value).cast();
        // SAFETY: an int and its size.
        assert_eq!(unsafe { zmq_setsockopt(self.handle(), option, value, size_of::<c_int>()) }, 0);
    }
}

/// Two sockets that are connected; calls give up after ten seconds.
fn with_pair(types: [c_int; 2], test: impl Fn(Shared, Shared)) {
    for address in TRANSPORTS {
        let context = zmq_ctx_new();
        let (one, address) = bound(context, types[0], address);
        let other = connected(context, types[1], &address);
        let shared = [one, other].map(Shared::new);
        for socket in shared {
            socket.set(ids::RCVTIMEO, 10_000);
            socket.set(ids::SNDTIMEO, 10_000);
            socket.set(ids::LINGER, 0);
        }
        test(shared[0], shared[1]);
        for socket in [one, other] {
            zmq_close(socket);
        }
        assert_eq!(zmq_ctx_term(context), 0);
    }
}

fn is_asleep() {
    thread::sleep(Duration::from_millis(30));
}

fn join<T>(threads: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

#[test]
fn a_thread_that_waits_for_a_message_keeps_nobody_from_sending() {
    with_pair([ids::DEALER, ids::DEALER], |one, other| {
        let waiting = thread::spawn(move || one.recv());
        is_asleep();
        for number in 0..100 {
            assert!(one.send(number));
            assert_eq!(other.recv(), Ok(number));
        }
        assert!(other.send(7));
        assert_eq!(join([waiting]), [Ok(7)]);
    });
}

#[test]
fn every_message_goes_to_one_of_the_threads_that_wait() {
    const MESSAGES: u32 = 4000;
    with_pair([ids::PULL, ids::PUSH], |pull, push| {
        let receive = move || {
            let mut received = Vec::new();
            loop {
                match pull.recv() {
                    Ok(u32::MAX) => return received,
                    number => received.push(number.unwrap()),
                }
            }
        };
        let receivers = [(); 4].map(|()| thread::spawn(receive));
        is_asleep();
        for number in 0..MESSAGES {
            assert!(push.send(number));
            if number % 500 == 0 {
                // All of them sleep again.
                is_asleep();
            }
        }
        receivers.iter().for_each(|_| assert!(push.send(u32::MAX)));
        let mut received = join(receivers).concat();
        received.sort_unstable();
        assert!(received.into_iter().eq(0..MESSAGES));
    });
}

#[test]
fn many_threads_send_by_one_socket() {
    const MESSAGES: u32 = 1000;
    with_pair([ids::PULL, ids::PUSH], |pull, push| {
        push.set(ids::SNDHWM, 10);
        let send = |first| thread::spawn(move || (first..first + MESSAGES).all(|n| push.send(n)));
        let senders = [0, MESSAGES, 2 * MESSAGES].map(send);
        let mut last = [0; 3];
        for _ in 0..3 * MESSAGES {
            let number = pull.recv().unwrap();
            let last = &mut last[(number / MESSAGES) as usize];
            assert!(*last == 0 || *last < number, "one thread's messages keep their order");
            *last = number;
        }
        assert_eq!(join(senders), [true; 3]);
    });
}

/// What makes room is told to a socket at which another thread waits for something else.
#[test]
fn one_waits_to_send_while_another_waits_to_receive() {
    with_pair([ids::PAIR, ids::PAIR], |one, other| {
        for socket in [one, other] {
            socket.set(ids::SNDHWM, 1);
            socket.set(ids::RCVHWM, 1);
        }
        let receiving = thread::spawn(move || one.recv());
        is_asleep();
        // More than any queue and the kernel take.
        let sending = thread::spawn(move || {
            let body = vec![7u8; 1 << 20];
            // SAFETY: a buffer and its size.
            (0..40).all(|_| unsafe { zmq_send(one.handle(), body.as_ptr().cast(), 1 << 20, 0) } > 0)
        });
        is_asleep();
        let mut body = vec![0u8; 1 << 20];
        for _ in 0..40 {
            let to = body.as_mut_ptr().cast();
            // SAFETY: a buffer and its size.
            assert_eq!(unsafe { zmq_recv(other.handle(), to, 1 << 20, 0) }, 1 << 20);
        }
        assert_eq!(join([sending]), [true]);
        assert!(other.send(5));
        assert_eq!(join([receiving]), [Ok(5)]);
    });
}

#[test]
fn one_polls_while_another_receives() {
    with_pair([ids::PULL, ids::PUSH], |pull, push| {
        let poll = move || {
            let mut item = zmq_pollitem_t { socket: pull.handle(), fd: 0, events: 1, revents: 0 };
            // SAFETY: one item.
            (unsafe { zmq_poll(&mut item, 1, 10_000) }, item.revents)
        };
        for _ in 0..20 {
            let (polling, receiving) = (thread::spawn(poll), thread::spawn(move || pull.recv()));
            is_asleep();
            // One is for the thread that receives; the other is seen by both, and taken below.
            assert!(push.send(1) && push.send(2));
            assert!(join([receiving])[0].is_ok());
            assert_eq!(join([polling]), [(1, 1)]);
            assert!(pull.recv().is_ok());
        }
    });
}

#[test]
fn to_close_it_wakes_all_that_wait() {
    with_pair([ids::PULL, ids::PUSH], |pull, _| {
        let receivers = [(); 3].map(|()| thread::spawn(move || pull.recv()));
        is_asleep();
        assert_eq!(zmq_close(pull.handle()), 0);
        assert_eq!(join(receivers), [Err(libc::ENOTSOCK); 3]);
    });
}
