//! Connections: what one costs that says nothing, says little, does not read, or comes and goes.
#![forbid(unsafe_code)]

use crate::common::bytes::{command_frame, greeting, DEALER, PULL, PUSH, SUB};
use crate::common::Peer;
use crate::memory::{watch, Watch};
use crate::{measured, Victim, KIB, MIB, SPARE, V3_1};
use std::time::Duration;
use zeroxide::internal::options::ids;
use zeroxide::internal::security::curve::{Client, ClientKeys, Key};
use zeroxide::internal::security::{Local, Mechanism};
use zeroxide::SocketType;

const COUNT: usize = 200;
const SERVER: [u8; 32] = [2; 32];
const CLIENT: [u8; 32] = [1; 32];

/// What each of so many connections costs.
fn each(memory: &Watch) -> usize {
    memory.settled() / COUNT
}

/// Waits for an event of each of them.
fn accepted(victim: &Victim, id: i32) {
    for _ in 0..COUNT {
        victim.monitor.wait_for(id);
    }
}

/// Nearly all memory comes back when the peers have left.
#[track_caller]
fn all_leave(victim: Victim, peers: Vec<Peer>, memory: &Watch) {
    drop(peers);
    accepted(&victim, ids::EVENT_DISCONNECTED);
    victim.socket.is_readable();
    memory.falls_to(COUNT * KIB);
    victim.finish();
}

/// Of peers that say nothing, and of those that have shaken hands.
#[test]
fn an_idle_connection_costs_little() {
    measured(|| {
        let victim = Victim::new(ids::PULL, |_| {});
        let mut peers: Vec<Peer> = Vec::with_capacity(COUNT);
        let memory = watch();
        peers.extend((0..COUNT).map(|_| Peer::connect(&victim.endpoint)));
        accepted(&victim, ids::EVENT_ACCEPTED);
        let silent = each(&memory);
        peers.iter_mut().for_each(|peer| peer.write(&V3_1.hello(PUSH, b"")));
        accepted(&victim, ids::EVENT_HANDSHAKE_SUCCEEDED);
        let idle = each(&memory);
        victim.socket.is_readable();
        let known = each(&memory);
        eprintln!("NULL: silent {silent}, idle {idle}, known {known} bytes");
        assert!(silent < 4 * KIB && idle < 8 * KIB && known < 8 * KIB, "{silent}, {idle}, {known}");
        all_leave(victim, peers, &memory);
    });
}

#[test]
fn an_idle_connection_with_curve_costs_little_more() {
    measured(|| {
        let victim = Victim::new(ids::PULL, |socket| {
            socket.set(ids::CURVE_SERVER, 1);
            socket.set_bytes(ids::CURVE_SECRETKEY, &SERVER);
        });
        let memory = watch();
        let peers: Vec<_> = (0..COUNT).map(|_| curve(&victim.endpoint)).collect();
        accepted(&victim, ids::EVENT_HANDSHAKE_SUCCEEDED);
        victim.socket.is_readable();
        let known = each(&memory);
        eprintln!("CURVE: {known} bytes");
        assert!(known < 8 * KIB, "{known}");
        drop(peers);
        victim.finish();
    });
}

/// A peer that was let in.
fn curve(endpoint: &str) -> Peer {
    let local = Local {
        socket_type: SocketType::Push,
        routing_id: Vec::new(),
        metadata: Vec::new(),
        zap_domain: Vec::new(),
        zap_enforce_domain: false,
        peer_address: Vec::new(),
    };
    let (secret, server) = (Key::new(CLIENT), Key::new(SERVER).public());
    let mut client = Client::new(local, ClientKeys { public: secret.public(), secret, server });
    let mut peer = Peer::connect(endpoint);
    peer.write(&greeting(3, 1, "CURVE"));
    peer.expect(&greeting(3, 1, "CURVE"));
    for _ in ["HELLO", "INITIATE"] {
        let command = client.next_command().unwrap().unwrap();
        peer.write(&command_frame(&command));
        client.process(&peer.frame().1).unwrap();
    }
    peer
}

/// A routing id is as long as 255 bytes; those that two peers ask for, too.
#[test]
fn routing_ids_cost_their_bytes() {
    measured(|| {
        let victim = Victim::new(ids::ROUTER, |_| {});
        let mut peers: Vec<Peer> = Vec::with_capacity(COUNT);
        let memory = watch();
        for number in 0..COUNT {
            let mut name = [b'n'; 255];
            name[0] = 1 + (number / 2) as u8;
            peers.push(Peer::greet(&victim.endpoint, V3_1, DEALER, &name));
        }
        accepted(&victim, ids::EVENT_HANDSHAKE_SUCCEEDED);
        victim.socket.is_readable();
        let known = each(&memory);
        eprintln!("ROUTER: {known} bytes");
        assert!(known < 10 * KIB, "{known}");
        all_leave(victim, peers, &memory);
    });
}

/// Nobody looks at the socket, or at its monitor, while peers come and go.
#[test]
fn connections_that_come_and_go_cost_little() {
    measured(|| {
        let victim = Victim::new(ids::PULL, |_| {});
        const MANY: usize = 2000;
        let memory = watch();
        for _ in 0..MANY {
            let mut peer = Peer::greet(&victim.endpoint, V3_1, PUSH, b"");
            // The greeting, and READY.
            peer.read(64 + 28);
            peer.hang_up();
        }
        let kept = memory.settled();
        eprintln!("gone: {} bytes each", kept / MANY);
        assert!(kept < MANY * 6 * KIB, "{kept}");
        victim.socket.is_readable();
        memory.falls_to(MIB);
        victim.finish();
    });
}

/// What peers said before they went is kept until it is read, in memory that fits: 512 bytes at
/// first.
#[test]
fn messages_of_peers_that_have_gone_take_their_bytes() {
    measured(|| {
        let victim = Victim::new(ids::PULL, |_| {});
        let memory = watch();
        for _ in 0..COUNT {
            let mut peer = victim.peer(V3_1, PUSH);
            peer.write(&V3_1.message(&[b"a message"]));
            peer.end();
            victim.is_left_alone();
        }
        let kept = each(&memory);
        eprintln!("gone with a message: {kept} bytes");
        assert!(kept < 10 * KIB, "{kept}");
        for _ in 0..COUNT {
            assert_eq!(victim.socket.recv(), [b"a message"]);
        }
        assert!(victim.socket.try_recv().is_none());
        memory.falls_to(MIB / 4);
        victim.finish();
    });
}

/// Sockets that never read what peers send keep none of it when these have gone.
#[test]
fn what_nobody_reads_goes_with_its_peer() {
    measured(|| {
        for (kind, peer_kind) in [(ids::PUSH, PULL), (ids::PUB, SUB)] {
            let victim = Victim::new(kind, |_| {});
            let memory = watch();
            for _ in 0..COUNT {
                let mut peer = victim.peer(V3_1, peer_kind);
                peer.write(&V3_1.message(&[&[7; 5000]]));
                peer.end();
                victim.is_left_alone();
                victim.socket.can_send();
            }
            memory.falls_to(MIB / 4);
            victim.finish();
        }
    });
}

/// A peer that never reads is sent up to the high-water mark, and what the kernel takes.
#[test]
fn a_peer_that_does_not_read_is_sent_no_more_than_the_mark() {
    measured(|| {
        for size in [1, 1000, 100_000] {
            let victim = Victim::new(ids::DEALER, |socket| socket.set(ids::SNDHWM, 10));
            let peer = victim.peer(V3_1, DEALER);
            let memory = watch();
            let body = vec![7; size];
            let before = memory.kept();
            while victim.socket.try_send(&body) {}
            std::thread::sleep(Duration::from_millis(100));
            while victim.socket.try_send(&body) {}
            let kept = memory.kept() - before;
            assert!(kept < 12 * size + 200 * KIB, "{size}: {kept}");
            drop(peer);
            victim.finish();
        }
    });
}

/// Every read of bare bytes is a message, and the mark counts them.
#[test]
fn bare_bytes_wait_at_the_high_water_mark() {
    measured(|| {
        let victim = Victim::new(ids::STREAM, |socket| socket.set(ids::RCVHWM, 10));
        let mut peer = Peer::connect(&victim.endpoint);
        victim.monitor.wait_for(ids::EVENT_ACCEPTED);
        let memory = watch();
        let many = vec![7; 64 * MIB];
        let before = memory.kept();
        let taken = peer.write_until_blocked(&many);
        let kept = memory.kept() - before;
        assert!(taken < 32 * MIB && kept < 2 * MIB, "{taken}, {kept}");
        victim.finish();
    });
}

/// The monitor has a mark, too.
#[test]
fn events_that_nobody_reads_go() {
    measured(|| {
        let victim = Victim::new(ids::PULL, |_| {});
        let memory = watch();
        for _ in 0..3000 {
            let mut peer = Peer::connect(&victim.endpoint);
            peer.try_write(&greeting(3, 1, "NONE"));
            assert!(peer.is_closed());
        }
        let kept = memory.settled();
        assert!(kept < SPARE, "{kept}");
        let mut events = 0;
        while victim.monitor.0.try_recv().is_some() {
            events += 1;
        }
        eprintln!("events: {events}, {kept} bytes");
        assert!(events <= 2000, "{events}");
        victim.finish();
    });
}
