//! Ends that disagree on the mechanism: both find out why, even where one of them has refused before
//! it named its own.
#![forbid(unsafe_code)]

mod common;

use common::bytes::{greeting, Dialect, DEALER};
use common::{context, finish, Door, EventIs, Peer, Socket};
use std::time::Duration;
use zeroxide::internal::options::ids;
use zeroxide::internal::options::ids::protocol_error;
use zeroxide::internal::runtime::Context;

const CONNECTED: EventIs = EventIs(ids::EVENT_CONNECTED, None);
const DELAYED: EventIs = EventIs(ids::EVENT_CONNECT_DELAYED, None);
const RETRIED: EventIs = EventIs(ids::EVENT_CONNECT_RETRIED, None);
const DISCONNECTED: EventIs = EventIs(ids::EVENT_DISCONNECTED, None);
const NO_DETAIL: EventIs = EventIs(ids::EVENT_HANDSHAKE_FAILED_NO_DETAIL, None);
const MISMATCH: EventIs =
    EventIs(ids::EVENT_HANDSHAKE_FAILED_PROTOCOL, Some(protocol_error::ZMTP_MECHANISM_MISMATCH));

/// The part of a greeting that says no more than the version.
const VERSION: usize = 11;

fn dealer(context: &Context, interval: i32) -> Socket {
    let dealer = Socket::new(context, ids::DEALER);
    dealer.set(ids::RECONNECT_IVL, interval);
    dealer
}

#[test]
fn a_peer_with_another_mechanism_learns_ours() {
    let context = context();
    let server = Socket::new(&context, ids::ROUTER);
    server.set(ids::PLAIN_SERVER, 1);
    let endpoint = server.bind("tcp://127.0.0.1:*");
    for mechanism in ["NULL", "CURVE", ""] {
        // All at once, and the mechanism by itself.
        for cut in [0, VERSION - 1, VERSION, 63] {
            let mut peer = Peer::connect(&endpoint);
            peer.write_split(&greeting(3, 1, mechanism), cut);
            assert_eq!(peer.read_to_end(), greeting(3, 1, "PLAIN"), "{mechanism}, cut at {cut}");
        }
    }
    finish(&context, [server]);
}

/// libzmq refuses another mechanism without naming its own, if it hears of it early enough. So the next
/// connection lets the server speak first.
#[test]
fn a_server_that_refuses_without_a_word_is_asked_once_more() {
    let context = context();
    let (dealer, door) = (dealer(&context, 1), Door::tcp());
    let monitor = dealer.monitor(&context);
    dealer.connect(&door.endpoint());
    let (ours, theirs) = (greeting(3, 1, "NULL"), greeting(3, 1, "CURVE"));

    let mut server = door.accept();
    server.write(&theirs[..VERSION]);
    server.expect(&ours);
    drop(server);
    monitor.expect(&[DELAYED, CONNECTED, NO_DETAIL, DISCONNECTED, RETRIED]);

    let mut server = door.accept();
    server.write(&theirs[..VERSION]);
    server.expect(&ours[..VERSION]);
    server.write(&theirs[VERSION..]);
    assert_eq!(server.read_to_end(), ours[VERSION..]);
    monitor.expect(&[DELAYED, CONNECTED, MISMATCH, DISCONNECTED]);
    assert!(monitor.0.is_silent(Duration::from_millis(20)), "connects again");
    finish(&context, [dealer, monitor.0]);
}

/// A restart looks like a refusal.
#[test]
fn a_server_that_went_while_it_greeted_is_found_again() {
    let context = context();
    let (dealer, door) = (dealer(&context, 1), Door::tcp());
    dealer.connect(&door.endpoint());
    let dialect = Dialect::V3(1);
    for _ in 0..3 {
        let mut server = door.accept();
        server.write(&dialect.hello(DEALER, b"")[..VERSION]);
        server.expect(&dialect.answer(DEALER, b"")[..64]);
        drop(server);
        let mut server = door.accept();
        server.write(&dialect.hello(DEALER, b""));
        server.expect(&dialect.answer(DEALER, b""));
    }
    finish(&context, [dealer]);
}

#[test]
fn a_server_that_waits_for_our_mechanism_gets_it_in_the_end() {
    let context = context();
    let (dealer, door) = (dealer(&context, 1), Door::tcp());
    dealer.set(ids::HANDSHAKE_IVL, 50);
    dealer.connect(&door.endpoint());
    let ours = greeting(3, 1, "NULL");
    let mut server = door.accept();
    server.write(&ours[..VERSION]);
    server.expect(&ours);
    drop(server);
    let mut server = door.accept();
    server.write(&ours[..VERSION]);
    assert_eq!(server.read_to_end(), ours[..VERSION], "both wait");
    let mut server = door.accept();
    server.write(&ours[..VERSION]);
    server.expect(&ours);
    finish(&context, [dealer]);
}

/// Also if our answer came to a closed door.
#[test]
fn what_a_server_said_before_it_went_is_heard() {
    let context = context();
    let theirs = greeting(3, 1, "CURVE");
    for round in 0..200 {
        let (dealer, door) = (dealer(&context, -1), Door::ipc(&format!("gone-{round}")));
        let monitor = dealer.monitor(&context);
        dealer.connect(&door.endpoint());
        let mut server = door.accept();
        server.write(&theirs[..VERSION]);
        (0..round * 50).for_each(|_| std::hint::spin_loop());
        server.write(&theirs[VERSION..]);
        drop(server);
        monitor.expect(&[CONNECTED, MISMATCH, DISCONNECTED]);
        dealer.close();
        monitor.0.close();
    }
    finish(&context, []);
}
