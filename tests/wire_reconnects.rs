//! Connections that break in the middle of something: what arrives is whole messages, in order, on the
//! next connection too, whichever version of the protocol that one speaks.
#![forbid(unsafe_code)]

mod common;

use common::bytes::{Dialect, DIALECTS, PULL, PUSH};
use common::{context, finish, Door, Peer, Random, Socket};
use std::time::Duration;
use zeroxide::internal::options::ids;

/// Message number `number`: one to three parts, short and long, all told by the number.
fn message(number: u32) -> Vec<Vec<u8>> {
    let fill = |len: usize| vec![number as u8; len];
    let head = number.to_be_bytes().to_vec();
    match number % 7 {
        0 => vec![head, fill(300), Vec::new()],
        1 => vec![head, Vec::new()],
        2 => vec![head, fill(40_000), fill(20)],
        3 => vec![head, fill(100_000)],
        _ => vec![head],
    }
}

fn slices(parts: &[Vec<u8>]) -> Vec<&[u8]> {
    parts.iter().map(|part| &part[..]).collect()
}

/// Reads a message of this version.
fn read_message(peer: &mut Peer, dialect: Dialect) -> Vec<Vec<u8>> {
    if !matches!(dialect, Dialect::V1 | Dialect::V1Unversioned) {
        return peer.message();
    }
    let mut parts = Vec::new();
    loop {
        let len = match peer.read(1)[0] {
            0xFF => u64::from_be_bytes(peer.read(8).try_into().unwrap()),
            short => u64::from(short),
        };
        let flags = peer.read(1)[0];
        parts.push(peer.read(len as usize - 1));
        if flags & 1 == 0 {
            return parts;
        }
    }
}

/// The peer reads some bytes and goes. What it did not take comes again, from the start of a message.
///
/// What a connection had in the kernel when it broke is gone, so the last messages may never come.
#[test]
fn a_sender_begins_every_connection_with_a_whole_message() {
    const SENT: u32 = 4000;
    const READ: u32 = 3910;
    let mut random = Random::new(3);
    let context = context();
    // Little waits in the kernel, so that breaks come often.
    let (push, door) = (Socket::new(&context, ids::PUSH), Door::ipc("breaks"));
    push.set(ids::RECONNECT_IVL, 1);
    push.set(ids::SNDHWM, 100);
    push.set(ids::LINGER, 0);
    push.connect(&door.endpoint());
    let sender = std::thread::spawn(move || {
        for number in 0..SENT {
            push.send(&slices(&message(number)));
        }
        push
    });
    let (mut next, mut connections) = (0, 0);
    while next < READ {
        let dialect = DIALECTS[connections % DIALECTS.len()];
        connections += 1;
        let mut peer = door.accept();
        peer.write(&dialect.hello(PULL, b""));
        peer.expect(&dialect.answer(PUSH, b""));
        for _ in 0..random.below(60) {
            let found = read_message(&mut peer, dialect);
            let number = u32::from_be_bytes(found[0][..].try_into().unwrap());
            assert!(number >= next, "{number} comes again on connection {connections}");
            assert!(found == message(number), "{dialect:?}: {number} is not whole");
            next = number + 1;
            if next >= READ {
                break;
            }
        }
        if next < READ {
            // And a piece of something.
            peer.read(random.below(3));
        }
    }
    let push = sender.join().unwrap();
    assert!(connections > 20, "{connections} connections");
    finish(&context, [push]);
}

/// The peer sends whole messages and a piece of one, and goes; the piece is forgotten.
#[test]
fn a_receiver_forgets_half_messages() {
    let mut random = Random::new(4);
    let context = context();
    let (pull, door) = (Socket::new(&context, ids::PULL), Door::tcp());
    pull.set(ids::RECONNECT_IVL, 1);
    pull.connect(&door.endpoint());
    let mut next = 0;
    for connection in 0..60 {
        let dialect = DIALECTS[connection % DIALECTS.len()];
        let mut peer = door.accept();
        peer.write(&dialect.hello(PUSH, b""));
        let first = next;
        for _ in 0..random.below(8) {
            peer.write(&dialect.message(&slices(&message(next))));
            next += 1;
        }
        // Not the whole of it, but perhaps some of its parts.
        let piece = dialect.message(&slices(&message(next)));
        peer.write(&piece[..random.below(piece.len())]);
        peer.expect(&dialect.answer(PULL, b""));
        drop(peer);
        for number in first..next {
            assert!(pull.recv() == message(number), "{dialect:?}: {number}");
        }
    }
    assert!(pull.is_silent(Duration::from_millis(20)));
    finish(&context, [pull]);
}

/// Linger waits for somebody who comes late.
#[test]
fn what_a_closed_socket_left_goes_to_the_peer_that_comes_later() {
    for dialect in DIALECTS {
        let door = Door::tcp();
        let context = context();
        let push = Socket::new(&context, ids::PUSH);
        push.set(ids::LINGER, -1);
        push.set(ids::RECONNECT_IVL, 1);
        push.connect(&door.endpoint());
        for number in 0..200 {
            push.send(&slices(&message(number)));
        }
        let ending = std::thread::spawn(move || finish(&context, [push]));
        // The first one goes before it says anything.
        drop(door.accept());
        std::thread::sleep(Duration::from_millis(20));
        assert!(!ending.is_finished());
        let mut peer = door.accept();
        peer.write(&dialect.hello(PULL, b""));
        peer.expect(&dialect.answer(PUSH, b""));
        for number in 0..200 {
            assert!(read_message(&mut peer, dialect) == message(number), "{dialect:?}: {number}");
        }
        peer.hang_up();
        ending.join().unwrap();
    }
}
