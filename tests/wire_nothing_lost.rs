//! What was sent before the close arrives: a PUSH that closes and ends its context at once, with a slow
//! PULL at the other end, loses nothing.
//!
//! `ZEROXIDE_RUNS` says how often; 5 times unless it is set.
#![forbid(unsafe_code)]

mod common;

use common::bytes::{self, Dialect};
use common::{context, finish, Peer, Socket};
use std::time::Duration;
use zeroxide::internal::options::ids;

const MESSAGES: u32 = 200_000;
/// The slow receiver takes a nap after this many.
const NAP_EVERY: u32 = 1_000;
const NAP: Duration = Duration::from_millis(1);

fn runs() -> u32 {
    std::env::var("ZEROXIDE_RUNS").map_or(5, |text| text.parse().unwrap())
}

/// Who binds, and how much may wait in the sender.
#[derive(Clone, Copy, Debug)]
struct Setting {
    address: &'static str,
    sender_binds: bool,
    hwm: i32,
}

fn nothing_is_lost(setting: Setting) {
    for run in 0..runs() {
        let [here, there] = [context(), context()];
        let (push, pull) = (Socket::new(&here, ids::PUSH), Socket::new(&there, ids::PULL));
        push.set(ids::LINGER, -1);
        push.set(ids::SNDTIMEO, -1);
        push.set(ids::SNDHWM, setting.hwm);
        if setting.sender_binds {
            pull.connect(&push.bind(setting.address));
        } else {
            push.connect(&pull.bind(setting.address));
        }
        let sender = std::thread::spawn(move || {
            for number in 0..MESSAGES {
                // One in a while has two parts, or is long.
                match number % 1000 {
                    7 => push.send(&[&number.to_ne_bytes(), b"second part"]),
                    8 => push.send(&[&number.to_ne_bytes(), &[8; 50_000]]),
                    _ => push.send(&[&number.to_ne_bytes()]),
                }
            }
            finish(&here, [push]);
        });
        for number in 0..MESSAGES {
            let parts = pull.recv();
            assert_eq!(parts[0], number.to_ne_bytes(), "run {run} of {setting:?}");
            assert_eq!(parts.len(), if [7, 8].contains(&(number % 1000)) { 2 } else { 1 });
            if number % NAP_EVERY == 0 {
                std::thread::sleep(NAP);
            }
        }
        assert_eq!(pull.try_recv(), None);
        sender.join().unwrap();
        finish(&there, [pull]);
    }
}

#[test]
fn over_tcp() {
    nothing_is_lost(Setting { address: "tcp://127.0.0.1:*", sender_binds: false, hwm: 1000 });
}

#[test]
fn over_ipc() {
    nothing_is_lost(Setting { address: "ipc://*", sender_binds: false, hwm: 1000 });
}

#[test]
fn over_tcp_from_a_bound_sender_that_queues_everything() {
    nothing_is_lost(Setting { address: "tcp://127.0.0.1:*", sender_binds: true, hwm: 0 });
}

#[test]
fn over_ipc_from_a_bound_sender_that_queues_everything() {
    nothing_is_lost(Setting { address: "ipc://*", sender_binds: true, hwm: 0 });
}

/// A receiver that lets in one message at a time reads for itself while it waits, and then stays away: what was
/// read and did not fit comes all the same, whatever it waits for.
#[test]
fn at_the_high_water_mark_of_a_receiver_that_stays_away_now_and_then() {
    let [here, there] = [context(), context()];
    let (push, pull) = (Socket::new(&here, ids::PUSH), Socket::new(&there, ids::PULL));
    pull.set(ids::RCVHWM, 1);
    push.connect(&pull.bind("tcp://127.0.0.1:*"));
    for _ in 0..5 {
        // They come with one read.
        (0..100u32).for_each(|number| push.send(&[&number.to_ne_bytes()]));
        for number in 0..100u32 {
            if number % 50 == 20 {
                // Longer than a claim lasts.
                std::thread::sleep(Duration::from_millis(30));
                pull.wait_until_readable();
            }
            assert_eq!(pull.recv(), [number.to_ne_bytes()]);
        }
    }
    finish(&here, [push]);
    finish(&there, [pull]);
}

/// A peer says all that it has to say and goes. A socket that has room for little of it finds that
/// out as it writes to the peer, and hears the rest all the same.
#[test]
fn by_a_peer_that_is_gone_before_the_receiver_has_room() {
    let context = context();
    let dealer = Socket::new(&context, ids::DEALER);
    dealer.set(ids::RCVHWM, 3);
    let endpoint = dealer.bind("ipc://*");
    let dialect = Dialect::V3(1);
    let mut peer = Peer::greet(&endpoint, dialect, bytes::DEALER, b"");
    peer.expect(&dialect.answer(bytes::DEALER, b""));
    for number in 0..50u32 {
        peer.write(&dialect.message(&[&number.to_ne_bytes()]));
    }
    dealer.wait_until_readable();
    drop(peer);
    dealer.send(&[b"nobody hears this"]);
    // What the I/O thread makes of that is not to be seen.
    std::thread::sleep(Duration::from_millis(50));
    for number in 0..50u32 {
        assert_eq!(dealer.recv(), [number.to_ne_bytes()]);
    }
    finish(&context, [dealer]);
}
