//! Where memory is short the connection that asks for more ends, and nothing else.
#![forbid(unsafe_code)]

use crate::common::bytes::{command, Dialect, COMMAND, PUSH, SUB};
use crate::common::{context, finish, Peer, Socket};
use crate::{
    header, measured, memory, pull_survives, with_memory, write_until_closed, Victim, KIB, MIB,
    TCP, V3_1,
};
use zeroxide::internal::error::Error;
use zeroxide::internal::options::ids;

#[test]
fn a_length_that_is_only_said_takes_no_memory() {
    with_memory(256 * MIB, || {
        for flags in [COMMAND, 0] {
            pull_survives(|_, _, endpoint| {
                let attack = |_| {
                    let mut peer = Peer::greet(endpoint, V3_1, PUSH, b"");
                    peer.try_write(&header(flags, 60 << 20));
                    peer.try_write(b"\x04PI");
                    peer
                };
                (0..60).map(attack).collect()
            });
        }
    });
}

#[test]
fn a_subscription_that_is_only_begun_takes_no_memory() {
    with_memory(256 * MIB, || {
        let context = context();
        let (xpub, endpoint) = Socket::bound(&context, ids::XPUB, TCP);
        let attack = |_| {
            let mut peer = Peer::greet(&endpoint, V3_1, SUB, b"");
            peer.write(&header(COMMAND, 60 << 20));
            peer.write(b"\x09SUBSCRIBE");
            peer
        };
        let attackers: Vec<_> = (0..60).map(attack).collect();
        let mut good = Peer::greet(&endpoint, V3_1, SUB, b"");
        good.write(&command("SUBSCRIBE", b"A"));
        assert_eq!(xpub.recv(), [b"\x01A"]);
        drop(attackers);
        finish(&context, [xpub]);
    });
}

/// Each connection is in lists, which double when they are full.
#[test]
fn no_connection_begins_where_there_is_no_memory_for_lists_of_them() {
    measured(|| {
        let victim = Victim::new(ids::PULL, |_| {});
        // The list of links would be longer from three hundred on.
        memory::refuse_from(128 * KIB);
        let mut peers = Vec::new();
        while is_let_in(&victim, &mut peers) {
            assert!(peers.len() < 400, "all of them were let in");
        }
        memory::refuse_from(usize::MAX);
        let mut good = victim.peer(V3_1, PUSH);
        good.write(&V3_1.message(&[b"served"]));
        assert_eq!(victim.socket.recv(), [b"served"]);
        victim.finish();
    });
}

fn is_let_in(victim: &Victim, peers: &mut Vec<Peer>) -> bool {
    let mut peer = Peer::connect(&victim.endpoint);
    peer.try_write(&V3_1.hello(PUSH, b""));
    peers.push(peer);
    loop {
        // The owner of a socket learns of its connections when it calls.
        victim.socket.try_recv_any();
        match victim.monitor.next() {
            (ids::EVENT_HANDSHAKE_SUCCEEDED, _) => return true,
            (ids::EVENT_ACCEPT_FAILED, errno) => {
                assert_eq!(errno, libc::ENOMEM);
                return false;
            }
            _ => {}
        }
    }
}

/// More than there is, in a message or a command of any protocol.
#[test]
fn a_peer_that_sends_more_than_there_is_loses_its_connection() {
    with_memory(256 * MIB, || {
        let v1 = [&[0xFF][..], &(1u64 << 40).to_be_bytes(), &[0]].concat();
        for (dialect, begin) in
            [(Dialect::V1, v1), (Dialect::V2, header(0, 1 << 40)), (V3_1, header(0, 1 << 40))]
        {
            pull_survives(|context, pull, endpoint| {
                let monitor = pull.monitor(context);
                let mut peer = Peer::greet(endpoint, dialect, PUSH, b"");
                peer.write(&begin);
                assert!(write_until_closed(&mut peer, 512 * MIB) < 512 * MIB, "{dialect:?}");
                monitor.wait_for(ids::EVENT_DISCONNECTED);
                monitor.0.close();
                Vec::new()
            });
        }
    });
}

#[test]
fn a_send_that_memory_is_too_short_for_fails_and_can_be_made_again() {
    with_memory(16 * MIB, || {
        let context = context();
        let [push, pull] = [ids::PUSH, ids::PULL].map(|kind| Socket::new(&context, kind));
        push.set(ids::SNDHWM, 0);
        pull.set(ids::RCVHWM, 0);
        pull.bind("inproc://bounds");
        push.connect("inproc://bounds");
        let message = [&b"begin"[..], &[1; 20_000], &[2; 3000], b"end"];
        for len in [1, 2, 4] {
            let message = &message[message.len() - len..];
            let (mut sent, mut part) = (0, 0);
            // For this test, when there is nothing left.
            let reserve = vec![1; MIB];
            let error = loop {
                match push.send_part(message[part], part + 1 < len) {
                    Ok(()) => part += 1,
                    Err(error) => break error,
                }
                if part == len {
                    (sent, part) = (sent + 1, 0);
                }
            };
            drop(reserve);
            assert_eq!(error, Error::NoMemory);
            assert!(sent > 100, "{sent}");
            for _ in 0..sent {
                assert_eq!(pull.recv(), message);
            }
            for (index, body) in message.iter().enumerate().skip(part) {
                push.send_part(body, index + 1 < len).unwrap();
            }
            assert_eq!(pull.recv(), message);
        }
        finish(&context, [push, pull]);
    });
}

/// Whoever asks for answers all the time and never reads them is not given any more at some point.
#[test]
fn pings_of_a_peer_that_never_reads_take_no_memory() {
    with_memory(32 * MIB, || {
        pull_survives(|_, _, endpoint| {
            let mut peer = Peer::greet(endpoint, V3_1, PUSH, b"");
            let pings = command("PING", b"\0\0sixteen letters.").repeat(10_000);
            for _ in 0..200 {
                peer.write(&pings);
            }
            vec![peer]
        });
    });
}

/// A publisher whose owner does something else learns of the first subscriptions, and the peer has
/// to wait with the others until they are looked at.
#[test]
fn subscriptions_wait_for_the_owner_of_a_publisher() {
    with_memory(64 * MIB, || {
        subscriptions_wait(ids::PUB, V3_1);
        subscriptions_wait(ids::XPUB, V3_1);
        subscriptions_wait(ids::XPUB, Dialect::V2);
    });
}

fn subscriptions_wait(kind: i32, dialect: Dialect) {
    let context = context();
    let (publisher, endpoint) = Socket::bound(&context, kind, TCP);
    let mut peer = Peer::greet(&endpoint, dialect, SUB, b"");
    let name = if kind == ids::PUB { ("PUB", 1, false) } else { ("XPUB", 9, false) };
    peer.expect(&dialect.answer(name, b""));
    peer.write(&dialect.subscription(true, b"first"));
    // They come and go, so that what is looked at takes no memory either.
    let pair = [true, false].map(|on| dialect.subscription(on, &[b't'; 200])).concat();
    let many = pair.repeat(32 * MIB / pair.len());
    let mut written = peer.write_until_blocked(&many);
    assert!(written < many.len() / 2, "{written} bytes were taken");
    let enough = written + MIB;
    while written < enough {
        publisher.send(&[b"first"]);
        if kind == ids::XPUB {
            while publisher.try_recv().is_some() {}
        }
        written += peer.write_some(&many[written..]);
    }
    peer.expect(&dialect.message(&[b"first"]));
    finish(&context, [publisher]);
}

#[test]
fn topics_beyond_all_memory_end_the_connection() {
    with_memory(32 * MIB, || {
        for kind in [ids::PUB, ids::XPUB] {
            let context = context();
            let (publisher, endpoint) = Socket::bound(&context, kind, TCP);
            let monitor = publisher.monitor(&context);
            let mut peer = Peer::greet(&endpoint, V3_1, SUB, b"");
            let mut number = 0u64;
            while peer
                .keeps(&command("SUBSCRIBE", &[&number.to_be_bytes()[..], &[7; 4000]].concat()))
            {
                publisher.send(&[b"a message"]);
                number += 1;
            }
            // More or less of the memory goes to what waits to be heard, as the machine is busy.
            assert!(number > 500, "{number}");
            monitor.wait_for(ids::EVENT_DISCONNECTED);
            let good = Socket::new(&context, ids::SUB);
            good.set_bytes(ids::SUBSCRIBE, b"a");
            good.connect(&endpoint);
            while good.try_recv().is_none() {
                publisher.send(&[b"a message"]);
            }
            finish(&context, [publisher, monitor.0, good]);
        }
    });
}

/// Connections need a little memory each, and where there is none they do not come about.
#[test]
fn connections_wait_for_memory() {
    with_memory(16 * MIB, || {
        let context = context();
        let (pull, endpoint) = Socket::bound(&context, ids::PULL, TCP);
        let monitor = pull.monitor(&context);
        let mut hog: Vec<Vec<u8>> = Vec::with_capacity(1024);
        loop {
            let mut piece = Vec::new();
            if piece.try_reserve_exact(60 * 1024).is_err() {
                break;
            }
            hog.push(piece);
        }
        for _ in 0..20 {
            assert!(Peer::connect(&endpoint).is_closed());
            assert_eq!(monitor.wait_for(ids::EVENT_ACCEPT_FAILED), libc::ENOMEM);
        }
        drop(hog);
        let mut good = Peer::greet(&endpoint, V3_1, PUSH, b"");
        good.write(&V3_1.message(&[b"a message"]));
        assert_eq!(pull.recv(), [b"a message"]);
        finish(&context, [pull, monitor.0]);
    });
}

/// A thread that waits for the message sleeps all the while.
#[test]
fn bytes_one_at_a_time_take_no_memory() {
    with_memory(16 * MIB, || {
        pull_survives(|_, pull, endpoint| {
            let mut peer = Peer::greet(endpoint, V3_1, PUSH, b"");
            let body = vec![7; 8000];
            let frame = V3_1.message(&[&body]);
            let writer = std::thread::spawn(move || {
                peer.write_bytewise(&frame);
                peer
            });
            assert!(pull.recv() == [body]);
            vec![writer.join().unwrap()]
        });
    });
}
