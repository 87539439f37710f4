//! Messages: their number, their length, and the number and length of their parts.
#![forbid(unsafe_code)]

use crate::common::bytes::{PULL, PUSH, REP};
use crate::common::{Peer, Socket};
use crate::memory::watch;
use crate::{header, measured, Victim, KIB, MIB, SPARE, V3_1};
use zeroxide::options::ids;

/// A socket with limits.
fn limited(kind: i32, hwm: i32, max_size: i64) -> Victim {
    Victim::new(kind, |socket: &Socket| {
        socket.set(ids::RCVHWM, hwm);
        socket.set_bytes(ids::MAXMSGSIZE, &max_size.to_ne_bytes());
    })
}

/// However short they are, messages take what they took on the wire.
#[test]
fn short_messages_take_their_bytes() {
    measured(|| {
        let victim = limited(ids::PULL, 0, -1);
        let (memory, mut peer) = (watch(), victim.peer(V3_1, PUSH));
        const COUNT: usize = 1_000_000;
        peer.write(&V3_1.message(&[b"x"]).repeat(COUNT));
        peer.write(&V3_1.message(&[b"the last"]));
        while memory.settled() < 3 * COUNT {}
        let kept = memory.settled();
        assert!(kept < 4 * COUNT, "{kept}");
        for _ in 0..COUNT {
            assert!(victim.socket.try_wait());
        }
        assert_eq!(victim.socket.recv(), [b"the last"]);
        memory.falls_to(SPARE);
        victim.finish();
    });
}

/// No more messages than the high-water mark says are read, and a piece of what is behind them.
#[test]
fn messages_wait_at_the_high_water_mark() {
    measured(|| {
        // Sockets that never read what a peer sends them keep no more than others.
        for (kind, peer_kind) in [(ids::PULL, PUSH), (ids::PUSH, PULL), (ids::REQ, REP)] {
            for size in [1, 1000, 60_000] {
                let victim = limited(kind, 10, -1);
                let mut peer = victim.peer(V3_1, peer_kind);
                let message = V3_1.message(&[&vec![7; size]]);
                let many = message.repeat(64 * MIB / message.len());
                let offered = many.len();
                let memory = watch();
                let taken = peer.write_until_blocked(&many);
                let kept = memory.kept();
                assert!(taken < offered / 2, "{kind}, {size}: {taken}");
                assert!(kept < 11 * size + 200 * KIB, "{kind}, {size}: {kept}");
                victim.finish();
            }
        }
    });
}

/// A length that is too long ends the connection before anything of the body is looked at.
#[test]
fn longer_messages_end_the_connection() {
    measured(|| {
        let victim = limited(ids::PULL, 10, 1000);
        let mut peer = victim.peer(V3_1, PUSH);
        let memory = watch();
        peer.write(&header(0, 1001));
        assert!(peer.is_closed());
        victim.is_left_alone();
        assert!(memory.most() < 64 * KIB, "{}", memory.most());
        victim.finish();
    });
}
