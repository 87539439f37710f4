//! Messages: their number, their length, and the number and length of their parts.
#![forbid(unsafe_code)]

use crate::common::bytes::{Dialect, MORE, PULL, PUSH, REP, REQ};
use crate::common::{Peer, Socket};
use crate::memory::watch;
use crate::{header, measured, Victim, KIB, MIB, SPARE, V3_1};
use zeroxide::internal::options::ids;

/// What the kernel may hold of a connection, at both of its ends.
const KERNEL: usize = 12 * MIB;

/// A socket with limits.
fn limited(kind: i32, hwm: i32, max_size: i64) -> Victim {
    Victim::new(kind, |socket: &Socket| {
        socket.set(ids::RCVHWM, hwm);
        socket.set_bytes(ids::MAXMSGSIZE, &max_size.to_ne_bytes());
    })
}

/// Writes so many bytes of this piece again and again, unless the other end closes the connection.
fn write_most(peer: &mut Peer, piece: &[u8], most: usize) -> usize {
    let pieces = piece.repeat((MIB / piece.len()).max(1));
    let mut written = 0;
    while written < most && peer.keeps(&pieces) {
        written += pieces.len();
    }
    written
}

/// The parts of a message may take as much together as all the messages that are waited for, or 16
/// MiB.
#[test]
fn parts_without_an_end_end_the_connection() {
    measured(|| {
        let cases = [0, 1000, 40_000].map(|size| (V3_1, size));
        for (dialect, size) in cases.into_iter().chain([(Dialect::V2, 1000), (Dialect::V1, 1000)]) {
            let victim = limited(ids::PULL, 10, 50_000);
            let mut peer = victim.peer(dialect, PUSH);
            let memory = watch();
            let written = write_most(&mut peer, &dialect.frame(MORE, &vec![7; size]), 64 * MIB);
            let most = memory.most();
            assert!(written < 16 * MIB + KERNEL, "{dialect:?}, {size}: {written}");
            assert!(most < 40 * MIB, "{dialect:?}, {size}: {most}");
            victim.is_left_alone();
            memory.falls_to(SPARE);
            victim.finish();
        }
    });
}

/// A message of many parts is none without an end.
#[test]
fn parts_within_the_bound_are_taken() {
    for (hwm, max_size, size, count) in
        [(10, 50_000, 40_000, 400), (10, 50_000, 0, 100_000), (1000, 50_000, 40_000, 500)]
    {
        let victim = limited(ids::PULL, hwm, max_size);
        let mut peer = victim.peer(V3_1, PUSH);
        let body = vec![7; size];
        peer.write(&V3_1.frame(MORE, &body).repeat(count));
        peer.write(&V3_1.frame(0, b"end"));
        assert_eq!(victim.socket.recv().len(), count + 1);
        victim.finish();
    }
    // Nothing is said of a limit.
    for (hwm, max_size) in [(10, -1), (0, 50_000)] {
        let victim = limited(ids::PULL, hwm, max_size);
        let mut peer = victim.peer(V3_1, PUSH);
        peer.write(&V3_1.frame(MORE, &[7; 40_000]).repeat(1000));
        peer.write(&V3_1.frame(0, b"end"));
        assert_eq!(victim.socket.recv().len(), 1001);
        victim.finish();
    }
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

/// A REP keeps the parts before the first empty one apart, until it has replied.
#[test]
fn parts_of_an_envelope_take_a_message_each() {
    measured(|| {
        const PARTS: usize = 100_000;
        let victim = limited(ids::REP, 10, -1);
        let mut peer = victim.peer(V3_1, REQ);
        let memory = watch();
        peer.write(&V3_1.frame(MORE, b"x").repeat(PARTS));
        peer.write(&V3_1.message(&[b"", b"a question"]));
        assert_eq!(victim.socket.recv(), [b"a question"]);
        let kept = memory.settled() / PARTS;
        eprintln!("envelope: {kept} bytes a part");
        assert!(kept < 160, "{kept}");
        victim.socket.send(&[b"an answer"]);
        peer.read(64);
        assert_eq!(peer.message().len(), PARTS + 2);
        memory.falls_to(SPARE + 64 * PARTS);
        victim.finish();
    });
}
