//! What peers of every version and we say to each other after the handshake: messages of all sizes,
//! routing ids, metadata and signs of life. The bytes of both ends are compared.
#![forbid(unsafe_code)]

mod common;

use common::bytes::{
    command, property, Dialect, COMMAND, DEALER, DIALECTS, PAIR, PULL, PUSH, ROUTER,
};
use common::{context, finish, Door, Peer, Socket};
use std::time::{Duration, Instant};
use zeroxide::internal::options::ids;

const TCP: &str = "tcp://127.0.0.1:*";
const V3_1: Dialect = Dialect::V3(1);
/// The sizes where a frame or the way it is stored changes its form, and some in between.
const SIZES: [usize; 16] =
    [0, 1, 32, 33, 34, 252, 253, 254, 255, 256, 257, 4096, 8192, 32768, 65536, 1 << 20];

fn body(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at % 251) as u8 ^ size as u8).collect()
}

#[test]
fn messages_of_every_size_arrive_whole() {
    for dialect in DIALECTS {
        let context = context();
        let (pull, endpoint) = Socket::bound(&context, ids::PULL, TCP);
        let mut peer = Peer::greet(&endpoint, dialect, PUSH, b"");
        let writer = std::thread::spawn(move || {
            for size in SIZES {
                peer.write(&dialect.message(&[&body(size)]));
            }
            let all = SIZES.map(body);
            peer.write(&dialect.message(&all.each_ref().map(|part| &part[..])));
            peer
        });
        for size in SIZES {
            assert!(pull.recv() == [body(size)], "{dialect:?}: {size} bytes");
        }
        assert!(pull.recv() == SIZES.map(body), "{dialect:?}: all in one message");
        drop(writer.join().unwrap());
        finish(&context, [pull]);
    }
}

#[test]
fn messages_of_every_size_leave_as_the_version_frames_them() {
    for dialect in DIALECTS {
        let context = context();
        let (push, endpoint) = Socket::bound(&context, ids::PUSH, TCP);
        let mut peer = Peer::greet(&endpoint, dialect, PULL, b"");
        peer.expect(&dialect.answer(PUSH, b""));
        let reader = std::thread::spawn(move || {
            for size in SIZES {
                peer.expect(&dialect.message(&[&body(size)]));
            }
            let all = SIZES.map(body);
            peer.expect(&dialect.message(&all.each_ref().map(|part| &part[..])));
            peer
        });
        for size in SIZES {
            push.send(&[&body(size)]);
        }
        let all = SIZES.map(body);
        push.send(&all.each_ref().map(|part| &part[..]));
        drop(reader.join().unwrap());
        finish(&context, [push]);
    }
}

/// A header that reads well in one piece may come in two, anywhere.
#[test]
fn frames_arrive_whole_wherever_they_are_cut() {
    for dialect in DIALECTS {
        let context = context();
        let (pull, endpoint) = Socket::bound(&context, ids::PULL, TCP);
        let mut peer = Peer::greet(&endpoint, dialect, PUSH, b"");
        let parts: [&[u8]; 4] = [b"", b"short", &body(300), b"end"];
        let message = dialect.message(&parts);
        for cut in 1..message.len() {
            peer.write_split(&message, cut);
            assert_eq!(pull.recv(), parts, "{dialect:?}, cut at {cut}");
        }
        finish(&context, [pull]);
    }
}

/// No sender needs to choose the shorter form of a length.
#[test]
fn a_short_body_may_have_a_long_length() {
    let context = context();
    let (pull, endpoint) = Socket::bound(&context, ids::PULL, TCP);
    let mut peer = Peer::greet(&endpoint, V3_1, PUSH, b"");
    peer.write(b"\x03\0\0\0\0\0\0\0\x01a\x02\0\0\0\0\0\0\0\0\0\x01b");
    assert_eq!(pull.recv(), [&b"a"[..], b""]);
    assert_eq!(pull.recv(), [b"b"]);
    let mut old = Peer::greet(&endpoint, Dialect::V1, PUSH, b"");
    old.write(b"\xFF\0\0\0\0\0\0\0\x02\x01a\xFF\0\0\0\0\0\0\0\x01\0\x02\0b");
    assert_eq!(pull.recv(), [&b"a"[..], b""]);
    assert_eq!(pull.recv(), [b"b"]);
    finish(&context, [pull]);
}

/// Event loops ask for `ZMQ_EVENTS` when they begin to care, and would not be told again of what came before.
#[test]
fn what_has_come_is_told_though_nobody_has_read_it() {
    let context = context();
    let (pull, endpoint) = Socket::bound(&context, ids::PULL, TCP);
    let mut peer = Peer::greet(&endpoint, V3_1, PUSH, b"");
    for number in 0..1000u32 {
        let body = number.to_ne_bytes();
        // The first makes sure that the connection is there.
        peer.write(&V3_1.message(&[&body]));
        assert_eq!(pull.recv(), [body]);
        assert!(!pull.is_readable());
        peer.write(&V3_1.message(&[&body]));
        assert!(pull.is_readable(), "after {number}");
        assert_eq!(pull.try_recv(), Some(vec![body.to_vec()]));
    }
    finish(&context, [pull]);
}

#[test]
fn routing_ids_are_exchanged() {
    let longest = [b'x'; 255];
    for dialect in DIALECTS {
        for id in [&b"me"[..], b"a", &longest] {
            let context = context();
            let (router, endpoint) = Socket::bound(&context, ids::ROUTER, TCP);
            let mut peer = Peer::greet(&endpoint, dialect, DEALER, id);
            peer.write(&dialect.message(&[b"hello"]));
            assert_eq!(router.recv(), [id, b"hello"], "{dialect:?}");
            finish(&context, [router]);

            let context = common::context();
            let dealer = Socket::new(&context, ids::DEALER);
            dealer.set_bytes(ids::ROUTING_ID, id);
            let door = Door::tcp();
            dealer.connect(&door.endpoint());
            let mut peer = door.accept();
            peer.write(&dialect.hello(ROUTER, b""));
            peer.expect(&dialect.answer(DEALER, id));
            finish(&context, [dealer]);
        }
    }
}

#[test]
fn who_has_no_routing_id_gets_one() {
    for dialect in DIALECTS {
        let context = context();
        let (router, endpoint) = Socket::bound(&context, ids::ROUTER, TCP);
        let mut peers = [(); 2].map(|()| Peer::greet(&endpoint, dialect, DEALER, b""));
        for (index, peer) in peers.iter_mut().enumerate() {
            peer.write(&dialect.message(&[&[index as u8]]));
            let received = router.recv();
            let id = &received[0];
            assert_eq!((id.len(), id[0]), (5, 0), "{dialect:?}");
            router.send(&[id, b"to you"]);
            peer.expect(&dialect.answer(ROUTER, b""));
            peer.expect(&dialect.message(&[b"to you"]));
        }
        finish(&context, [router]);
    }
}

#[test]
fn messages_carry_what_the_peer_told_of_itself() {
    let context = context();
    let (pull, endpoint) = Socket::bound(&context, ids::PULL, TCP);
    let mut peer = Peer::connect(&endpoint);
    peer.write(&common::bytes::greeting(3, 1, "NULL"));
    let properties = [
        property("Socket-Type", b"PUSH"),
        property("Identity", b"me"),
        property("X-Colour", b"blue"),
        property("X-Empty", b""),
    ];
    peer.write(&command("READY", &properties.concat()));
    peer.write(&V3_1.message(&[b"1", b"2"]));
    for part in pull.recv_messages() {
        for (name, value) in [
            ("Socket-Type", "PUSH"),
            ("Identity", "me"),
            ("Routing-Id", "me"),
            ("X-Colour", "blue"),
            ("X-Empty", ""),
            ("Peer-Address", "127.0.0.1"),
        ] {
            assert_eq!(part.property(name), Some(value), "{name}");
        }
        assert_eq!(part.property("X-Nothing"), None);
    }
    finish(&context, [pull]);
}

#[test]
fn our_metadata_reach_the_peer() {
    let context = context();
    let push = Socket::new(&context, ids::PUSH);
    push.set_bytes(ids::METADATA, b"X-Colour:blue");
    let endpoint = push.bind(TCP);
    let mut peer = Peer::greet(&endpoint, V3_1, PULL, b"");
    peer.read(64);
    let (flags, body) = peer.frame();
    let expected = [property("Socket-Type", b"PUSH"), property("X-Colour", b"blue")].concat();
    assert_eq!((flags, &body[..6], &body[6..]), (COMMAND, &b"\x05READY"[..], &expected[..]));
    finish(&context, [push]);
}

#[test]
fn a_ping_gets_its_pong() {
    let context = context();
    let (dealer, endpoint) = Socket::bound(&context, ids::DEALER, TCP);
    let mut peer = Peer::greet(&endpoint, V3_1, DEALER, b"");
    peer.expect(&V3_1.answer(DEALER, b""));
    for context in [&b""[..], b"x", b"sixteen letters.", b"\0\xFF"] {
        peer.write(&command("PING", &[b"\0\0", context].concat()));
        peer.expect(&command("PONG", context));
    }
    // A longer context than the specification allows is cut off.
    peer.write(&command("PING", b"\0\0sixteen letters. and more"));
    peer.expect(&command("PONG", b"sixteen letters."));
    // Commands come between the parts of a message without being one, and many may come at once.
    let mut bytes = V3_1.frame(common::bytes::MORE, b"a");
    bytes.extend(command("PING", b"\0\0between"));
    bytes.extend(V3_1.frame(0, b"b"));
    bytes.extend(command("PONG", b"for nothing"));
    bytes.extend(command("PING", b"\0\0after"));
    peer.write(&bytes);
    peer.expect(&[command("PONG", b"between"), command("PONG", b"after")].concat());
    assert_eq!(dealer.recv(), [b"a", b"b"]);
    dealer.send(&[b"still here"]);
    peer.expect(&V3_1.message(&[b"still here"]));
    finish(&context, [dealer]);
}

/// A PONG must not land in the middle of a message that is being written.
#[test]
fn pongs_go_out_between_frames_when_the_peer_reads_slowly() {
    let context = context();
    let (push, endpoint) = Socket::bound(&context, ids::PUSH, TCP);
    let mut peer = Peer::greet(&endpoint, V3_1, PULL, b"");
    peer.expect(&V3_1.answer(PUSH, b""));
    let big = body(8 << 20);
    for _ in 0..3 {
        push.send(&[b"head", &big, b"tail"]);
    }
    for number in 0..50u8 {
        peer.write(&command("PING", &[0, 0, number]));
    }
    let (mut pongs, mut parts) = (0, Vec::new());
    while pongs < 50 || parts.len() < 9 {
        let (flags, body) = peer.frame();
        if flags & COMMAND == 0 {
            parts.push(body);
        } else {
            assert_eq!(body, [&b"\x04PONG"[..], &[pongs]].concat());
            pongs += 1;
        }
    }
    for message in parts.chunks(3) {
        assert!(message == [&b"head"[..], &big, b"tail"]);
    }
    finish(&context, [push]);
}

#[test]
fn who_promised_a_sign_of_life_and_gives_none_is_cut_off() {
    let context = context();
    let (dealer, endpoint) = Socket::bound(&context, ids::DEALER, TCP);
    let mut silent = Peer::greet(&endpoint, V3_1, DEALER, b"");
    silent.write(&command("PING", b"\0\x02"));
    let mut alive = Peer::greet(&endpoint, V3_1, DEALER, b"");
    alive.write(&command("PING", b"\0\x02"));
    let started = Instant::now();
    let kept_alive = std::thread::spawn(move || {
        for _ in 0..8 {
            std::thread::sleep(Duration::from_millis(50));
            alive.write(&command("PING", b"\0\x02"));
        }
        alive.write(&V3_1.message(&[b"alive"]));
        alive
    });
    silent.read_to_end();
    let time = started.elapsed();
    assert!((Duration::from_millis(195)..Duration::from_secs(3)).contains(&time), "{time:?}");
    assert_eq!(dealer.recv(), [b"alive"]);
    drop(kept_alive.join().unwrap());
    finish(&context, [dealer]);
}

/// The promise counts also if it is read by a thread that waits for messages.
#[test]
fn who_promised_it_to_a_thread_that_waits_is_cut_off() {
    let context = context();
    let (dealer, endpoint) = Socket::bound(&context, ids::DEALER, TCP);
    let mut silent = Peer::greet(&endpoint, V3_1, DEALER, b"");
    silent.expect(&V3_1.answer(DEALER, b""));
    silent.write(&V3_1.message(&[b"first"]));
    let (going_on, goes_on) = std::sync::mpsc::channel();
    let receiver = std::thread::spawn(move || {
        let first = dealer.recv();
        going_on.send(()).unwrap();
        ([first, dealer.recv()], dealer)
    });
    goes_on.recv().unwrap();
    // It waits by then, and has not waited for long.
    std::thread::sleep(Duration::from_millis(1));
    silent.write(&command("PING", b"\0\x02"));
    silent.expect(&command("PONG", b""));
    let started = Instant::now();
    silent.read_to_end();
    assert!(started.elapsed() < Duration::from_secs(3));
    let mut other = Peer::greet(&endpoint, V3_1, DEALER, b"");
    other.write(&V3_1.message(&[b"second"]));
    let (received, dealer) = receiver.join().unwrap();
    assert_eq!(received, [[b"first".to_vec()], [b"second".to_vec()]]);
    finish(&context, [dealer]);
}

#[test]
fn we_ping_and_go_when_nobody_answers() {
    let context = context();
    let dealer = Socket::new(&context, ids::DEALER);
    dealer.set(ids::HEARTBEAT_IVL, 50);
    dealer.set(ids::HEARTBEAT_TIMEOUT, 100);
    dealer.set(ids::HEARTBEAT_TTL, 700);
    let endpoint = dealer.bind(TCP);
    let mut peer = Peer::greet(&endpoint, V3_1, DEALER, b"");
    peer.expect(&V3_1.answer(DEALER, b""));
    // As long as there are answers the connection stays.
    for _ in 0..8 {
        peer.expect(&command("PING", b"\0\x07"));
        peer.write(&command("PONG", b""));
    }
    peer.write(&V3_1.message(&[b"alive"]));
    assert_eq!(dealer.recv(), [b"alive"]);
    let started = Instant::now();
    let rest = peer.read_to_end();
    assert!(started.elapsed() < Duration::from_secs(3));
    let ping = command("PING", b"\0\x07");
    assert_eq!(rest.len() % ping.len(), 0, "{}", rest.escape_ascii());
    assert!(rest.chunks(ping.len()).all(|chunk| chunk == ping));
    finish(&context, [dealer]);
}

/// A thread that waits in `recv` sleeps on the connection's descriptor, and so keeps it open in the
/// kernel. It is not told of the loss: another connection takes the place of this one.
#[test]
fn a_lost_connection_is_closed_while_its_owner_waits_on_it() {
    let context = context();
    let pull = Socket::new(&context, ids::PULL);
    pull.set(ids::HEARTBEAT_IVL, 50);
    pull.set(ids::HEARTBEAT_TIMEOUT, 100);
    pull.set(ids::RCVTIMEO, 2500);
    pull.set(ids::RECONNECT_IVL, 10_000);
    let door = Door::tcp();
    pull.connect(&door.endpoint());
    let mut peer = door.accept();
    peer.write(&V3_1.hello(PUSH, b""));
    peer.expect(&V3_1.answer(PULL, b""));
    let owner = std::thread::spawn(move || (pull.try_wait(), pull));
    let started = Instant::now();
    peer.read_to_end();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let (received, pull) = owner.join().unwrap();
    assert!(!received);
    finish(&context, [pull]);
}

/// Peers before ZMTP 3 know no commands, and would take a PING for a message.
#[test]
fn old_peers_are_not_pinged() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let context = context();
        let pair = Socket::new(&context, ids::PAIR);
        pair.set(ids::HEARTBEAT_IVL, 10);
        let endpoint = pair.bind(TCP);
        let mut peer = Peer::greet(&endpoint, dialect, PAIR, b"");
        peer.expect(&dialect.answer(PAIR, b""));
        std::thread::sleep(Duration::from_millis(50));
        pair.send(&[b"hello"]);
        peer.expect(&dialect.message(&[b"hello"]));
        finish(&context, [pair]);
    }
}

/// Commands that we do not know may come from newer peers.
#[test]
fn unknown_commands_are_passed_over() {
    let context = context();
    let (pull, endpoint) = Socket::bound(&context, ids::PULL, TCP);
    let mut peer = Peer::greet(&endpoint, V3_1, PUSH, b"");
    let big = body(100_000);
    let unknown: [Vec<u8>; 6] = [
        command("FUTURE", b"data"),
        command("", b""),
        command("FUTURE", &big),
        command("READY", b""),
        command("SUBSCRIBE", b"to a PULL"),
        command("CANCEL", b""),
    ];
    for bytes in unknown {
        peer.write(&[bytes, V3_1.message(&[b"a message"])].concat());
        assert_eq!(pull.recv(), [b"a message"]);
    }
    finish(&context, [pull]);
}

/// Bytes that come with the end of the handshake are answered like any others.
#[test]
fn a_ping_right_behind_the_handshake_is_answered() {
    let context = context();
    let (pull, endpoint) = Socket::bound(&context, ids::PULL, TCP);
    let mut peer = Peer::connect(&endpoint);
    peer.write(&[V3_1.hello(PUSH, b""), command("PING", b"\0\0hello")].concat());
    peer.expect(&V3_1.answer(("PULL", 7, false), b""));
    peer.expect(&command("PONG", b"hello"));
    finish(&context, [pull]);
}
