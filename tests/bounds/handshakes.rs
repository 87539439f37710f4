//! Handshakes: what a peer can have us keep that does not finish one, or says much in it.
#![forbid(unsafe_code)]

use crate::common::bytes::{command, command_frame, greeting, property, ready, COMMAND, PUSH};
use crate::common::zap::Handler;
use crate::common::Peer;
use crate::memory::watch;
use crate::{header, measured, Victim, KIB, MIB, V3_1};
use zeroxide::internal::options::ids;

const COUNT: usize = 100;

/// Each of them keeps what it has said, for as long as `ZMQ_HANDSHAKE_IVL`.
#[test]
fn handshakes_that_do_not_end_keep_what_was_said() {
    measured(|| {
        let said = |more: usize| {
            let begun = header(COMMAND, 64 * KIB as u64);
            [greeting(3, 1, "NULL"), begun, vec![7; more]].concat()
        };
        for more in [0, 1000, 60_000] {
            let victim = Victim::new(ids::PULL, |socket| socket.set(ids::HANDSHAKE_IVL, 1000));
            let said = said(more);
            let mut peers: Vec<Peer> = Vec::with_capacity(COUNT);
            let memory = watch();
            for _ in 0..COUNT {
                let mut peer = Peer::connect(&victim.endpoint);
                peer.write(&said);
                peers.push(peer);
            }
            let kept = memory.settled() / COUNT;
            eprintln!("handshake of {} bytes: {kept} bytes", said.len());
            assert!(kept < 4 * KIB + 2 * more, "{more}: {kept}");
            for peer in &mut peers {
                assert!(peer.is_closed());
            }
            drop(peers);
            memory.falls_to(MIB);
            victim.finish();
        }
    });
}

#[test]
fn longer_handshake_commands_end_the_connection() {
    measured(|| {
        let victim = Victim::new(ids::PULL, |_| {});
        let memory = watch();
        let mut peer = Peer::connect(&victim.endpoint);
        peer.write(&greeting(3, 1, "NULL"));
        peer.write(&header(COMMAND, 64 * KIB as u64 + 1));
        assert!(peer.is_closed());
        victim.monitor.wait_for(ids::EVENT_HANDSHAKE_FAILED_PROTOCOL);
        assert!(memory.most() < 256 * KIB, "{}", memory.most());
        victim.finish();
    });
}

/// What a peer says of itself is kept for as long as the connection.
#[test]
fn properties_take_a_multiple_of_their_bytes() {
    measured(|| {
        for len in [0, 100, 10_000] {
            let victim = Victim::new(ids::PULL, |_| {});
            let mut said = property("Socket-Type", b"PUSH");
            let mut number = 0u32;
            while said.len() + 20 + len < 64 * KIB {
                said.extend(property(&format!("{number:x}"), &vec![7; len]));
                number += 1;
            }
            let (hello, ready) = (greeting(3, 1, "NULL"), command("READY", &said));
            let memory = watch();
            let mut peer = Peer::connect(&victim.endpoint);
            peer.write(&hello);
            peer.write(&ready);
            victim.monitor.wait_for(ids::EVENT_HANDSHAKE_SUCCEEDED);
            let (kept, most) = (memory.settled(), memory.most());
            eprintln!("{number} properties: {kept} bytes, {most} at most");
            assert!(kept < MIB && most < 3 * MIB, "{len}: {kept}, {most}");
            peer.write(&V3_1.message(&[b"a message"]));
            assert_eq!(victim.socket.recv(), [b"a message"]);
            drop(peer);
            victim.is_left_alone();
            victim.socket.is_readable();
            // The last that was made is kept for the next message.
            memory.falls_to(MIB / 2);
            victim.finish();
        }
    });
}

/// While a ZAP handler thinks, its question is kept, and 12 KiB of what the peer sends ahead.
#[test]
fn questions_to_a_zap_handler_cost_little() {
    measured(|| {
        let victim = Victim::new(ids::PULL, |socket| {
            socket.set(ids::PLAIN_SERVER, 1);
            socket.set(ids::HANDSHAKE_IVL, 1500);
        });
        let handler = Handler::silent(&victim.context);
        let hello = [&[255][..], &[b'u'; 255], &[255], &[b'p'; 255]].concat();
        let ahead = command_frame(&ready(PUSH, b"")).repeat(4000);
        let mut peers: Vec<Peer> = Vec::with_capacity(COUNT);
        let memory = watch();
        for _ in 0..COUNT {
            let mut peer = Peer::connect(&victim.endpoint);
            peer.write(&greeting(3, 1, "PLAIN"));
            peer.write(&command("HELLO", &hello));
            peer.write(&ahead);
            peers.push(peer);
        }
        handler.wait_for(COUNT);
        let kept = memory.settled() / COUNT;
        eprintln!("question: {kept} bytes");
        assert!(kept < 32 * KIB, "{kept}");
        drop(peers);
        drop(handler);
        memory.falls_to(COUNT * 4 * KIB);
        victim.finish();
    });
}
