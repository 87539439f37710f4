//! Subscriptions: their number and their length.
#![forbid(unsafe_code)]

use crate::common::bytes::{command, DISH, SUB};
use crate::common::{Peer, Random};
use crate::memory::watch;
use crate::{header, measured, Victim, KIB, MIB, SPARE, V3_1};
use std::time::Duration;
use zeroxide::internal::options::ids;

/// Sends these subscriptions, and has them heard.
fn subscribe(victim: &Victim, peer: &mut Peer, topics: &[Vec<u8>]) {
    for some in topics.chunks(500) {
        let commands: Vec<u8> = some.iter().flat_map(|topic| command("SUBSCRIBE", topic)).collect();
        peer.write(&commands);
        for topic in some {
            assert_eq!(victim.socket.recv()[0][1..], *topic);
        }
    }
}

fn topics(count: usize, len: usize) -> Vec<Vec<u8>> {
    let mut random = Random::new(1);
    (0..count).map(|_| random.bytes(len)).collect()
}

/// A topic takes its length and a little more, and what it took comes back with the end of its
/// connection.
#[test]
fn topics_take_their_bytes() {
    measured(|| {
        for (count, len, most) in [(20_000, 8, 150), (20_000, 20, 200), (200, 5000, 30_000)] {
            let victim = Victim::new(ids::XPUB, |_| {});
            let mut peer = victim.peer(V3_1, SUB);
            let topics = topics(count, len);
            let memory = watch();
            subscribe(&victim, &mut peer, &topics);
            let kept = memory.settled() / count;
            eprintln!("{count} topics of {len} bytes: {kept} bytes each");
            assert!(kept < most, "{count} of {len}: {kept}");
            drop((peer, topics));
            victim.is_left_alone();
            while memory.kept() > SPARE && victim.socket.try_recv().is_some() {}
            memory.falls_to(SPARE);
            victim.finish();
        }
    });
}

/// A group takes its length and a little more, and what it took comes back with the end of its
/// connection. No group has a longer name than 255 bytes.
#[test]
fn groups_take_their_bytes() {
    measured(|| {
        for (count, len, most) in [(20_000, 8, 150), (20_000, 20, 150), (20_000, 256, 30)] {
            let victim = Victim::new(ids::RADIO, |_| {});
            let mut peer = victim.peer(V3_1, DISH);
            let memory = watch();
            for some in topics(count, len).chunks(500) {
                let joins: Vec<u8> = some.iter().flat_map(|group| command("JOIN", group)).collect();
                peer.write(&joins);
                victim.socket.can_send();
            }
            let hear_the_rest = || {
                (0..500).for_each(|_| {
                    victim.socket.can_send();
                    std::thread::sleep(Duration::from_millis(1));
                });
            };
            let (mut before, mut last) = (usize::MAX, 0);
            while before != last {
                before = last;
                hear_the_rest();
                last = memory.settled() / count;
            }
            eprintln!("{count} groups of {len} bytes: {last} bytes each");
            assert!(last < most, "{count} of {len}: {last}");
            drop(peer);
            victim.is_left_alone();
            hear_the_rest();
            memory.falls_to(SPARE);
            victim.finish();
        }
    });
}

/// A subscription is as long as 64 MiB, or `ZMQ_MAXMSGSIZE`; other commands, and those to other
/// sockets, a MiB.
#[test]
fn longer_commands_end_the_connection() {
    measured(|| {
        let limit = |size: i64| {
            move |socket: &crate::common::Socket| {
                socket.set_bytes(ids::MAXMSGSIZE, &size.to_ne_bytes());
            }
        };
        for (kind, size, len) in [
            (ids::PUB, -1, 64 * MIB + 1),
            (ids::XPUB, 1000, 1001),
            (ids::PULL, -1, MIB + 1),
            (ids::PULL, 1000, 1001),
        ] {
            let victim = Victim::new(kind, limit(size));
            let mut peer = Peer::greet(&victim.endpoint, V3_1, peer_of(kind), b"");
            victim.monitor.wait_for(ids::EVENT_HANDSHAKE_SUCCEEDED);
            let memory = watch();
            peer.write(&header(crate::common::bytes::COMMAND, len as u64));
            assert!(peer.is_closed(), "{kind}, {size}");
            victim.is_left_alone();
            assert!(memory.most() < 128 * KIB, "{kind}, {size}: {}", memory.most());
            victim.finish();
        }
    });
}

fn peer_of(kind: i32) -> crate::common::bytes::Kind {
    if kind == ids::PULL {
        crate::common::bytes::PUSH
    } else {
        SUB
    }
}

/// What an XPUB's owner has not received is 16 MiB long at most.
#[test]
fn requests_wait_for_the_owner_of_an_xpub() {
    measured(|| {
        let victim = Victim::new(ids::XPUB, |_| {});
        let mut peer = victim.peer(V3_1, SUB);
        let pair = [command("SUBSCRIBE", &[b't'; 200]), command("CANCEL", &[b't'; 200])].concat();
        let many = pair.repeat(64 * MIB / pair.len());
        let memory = watch();
        let mut written = 0;
        while written < many.len() {
            // It sends and does not receive.
            victim.socket.send(&[b"nothing"]);
            written += peer.write_some(&many[written..]);
        }
        let kept = memory.settled();
        eprintln!("requests: {kept} bytes");
        assert!(kept < 24 * MIB, "{kept}");
        victim.finish();
    });
}
