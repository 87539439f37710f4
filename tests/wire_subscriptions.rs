//! Subscriptions on the wire: as messages up to ZMTP 3.0, as commands from 3.1 on.
#![forbid(unsafe_code)]

mod common;

use common::bytes::{Dialect, DIALECTS, PUB, SUB};
use common::{context, finish, Door, Peer, Socket};
use std::time::Duration;
use zeroxide::internal::options::ids;

const TCP: &str = "tcp://127.0.0.1:*";
/// Topics whose frames have every form.
const TOPICS: [&[u8]; 4] = [b"a", b"", b"\x01\0", &[b't'; 300]];

#[test]
fn a_subscriber_speaks_the_publishers_version() {
    for dialect in DIALECTS {
        let context = context();
        let (sub, door) = (Socket::new(&context, ids::SUB), Door::tcp());
        for topic in TOPICS {
            sub.set_bytes(ids::SUBSCRIBE, topic);
        }
        // What was asked for before comes in no order that matters.
        sub.connect(&door.endpoint());
        let mut peer = door.accept();
        peer.write(&dialect.hello(PUB, b""));
        peer.expect(&dialect.answer(SUB, b""));
        let mut expected = TOPICS.map(|topic| dialect.subscription(true, topic)).to_vec();
        while !expected.is_empty() {
            let found = peer.read(expected.iter().map(Vec::len).min().unwrap());
            let index = expected.iter().position(|bytes| bytes.starts_with(&found));
            let bytes = expected.swap_remove(index.unwrap_or_else(|| panic!("{found:x?}")));
            peer.expect(&bytes[found.len()..]);
        }
        sub.set_bytes(ids::SUBSCRIBE, b"later");
        peer.expect(&dialect.subscription(true, b"later"));
        for topic in TOPICS {
            sub.set_bytes(ids::UNSUBSCRIBE, topic);
            peer.expect(&dialect.subscription(false, topic));
        }
        peer.write(&dialect.message(&[b"nobody wants this"]));
        peer.write(&dialect.message(&[b"later", b"and more"]));
        assert_eq!(sub.recv(), [&b"later"[..], b"and more"], "{dialect:?}");
        finish(&context, [sub]);
    }
}

#[test]
fn a_publisher_understands_every_version() {
    for dialect in DIALECTS {
        let context = context();
        let (xpub, endpoint) = Socket::bound(&context, ids::XPUB, TCP);
        let mut peer = Peer::greet(&endpoint, dialect, SUB, b"");
        peer.expect(&dialect.answer(common::bytes::Kind::from(("XPUB", 9, false)), b""));
        let told = |subscribe: bool, topic: &[u8]| {
            assert_eq!(xpub.recv(), [[&[u8::from(subscribe)], topic].concat()], "{dialect:?}");
        };
        if dialect == Dialect::V1Unversioned {
            // Such a peer may be too old to subscribe: it is taken to want everything.
            told(true, b"");
            xpub.send(&[b"everything"]);
            peer.expect(&dialect.message(&[b"everything"]));
            finish(&context, [xpub]);
            continue;
        }
        for topic in TOPICS {
            peer.write(&dialect.subscription(true, topic));
            told(true, topic);
        }
        for topic in TOPICS {
            peer.write(&dialect.subscription(false, topic));
            told(false, topic);
        }
        peer.write(&dialect.subscription(true, b"wanted"));
        told(true, b"wanted");
        xpub.send(&[b"unwanted"]);
        xpub.send(&[b"wanted", b"part"]);
        peer.expect(&dialect.message(&[b"wanted", b"part"]));
        finish(&context, [xpub]);
    }
}

/// libzmq's publishers take either form from anybody.
#[test]
fn either_form_is_understood_in_every_version() {
    for (theirs, form) in [(Dialect::V3(0), Dialect::V3(1)), (Dialect::V3(1), Dialect::V3(0))] {
        let context = context();
        let (xpub, endpoint) = Socket::bound(&context, ids::XPUB, TCP);
        let mut peer = Peer::greet(&endpoint, theirs, SUB, b"");
        peer.write(&form.subscription(true, b"x"));
        assert_eq!(xpub.recv(), [b"\x01x"], "{theirs:?}");
        peer.write(&form.subscription(false, b"x"));
        assert_eq!(xpub.recv(), [b"\0x"], "{theirs:?}");
        finish(&context, [xpub]);
    }
}

#[test]
fn subscriptions_are_sent_again_after_a_reconnect() {
    for dialect in DIALECTS {
        let context = context();
        let sub = Socket::new(&context, ids::SUB);
        sub.set(ids::RECONNECT_IVL, 1);
        sub.set_bytes(ids::SUBSCRIBE, b"topic");
        let door = Door::tcp();
        sub.connect(&door.endpoint());
        let publisher = std::thread::spawn(move || {
            for round in 0..5 {
                let mut peer = door.accept();
                peer.write(&dialect.hello(PUB, b""));
                peer.expect(&dialect.answer(SUB, b""));
                peer.expect(&dialect.subscription(true, b"topic"));
                peer.write(&dialect.message(&[format!("topic {round}").as_bytes()]));
            }
            door.accept();
        });
        // It is the subscriber's own thread that subscribes again, in whatever call it is.
        for round in 0..5 {
            assert_eq!(sub.recv(), [format!("topic {round}").as_bytes()], "{dialect:?}");
        }
        publisher.join().unwrap();
        finish(&context, [sub]);
    }
}

/// A publisher drops what a subscriber took while it was gone, and its subscriptions with it.
#[test]
fn the_subscriptions_of_who_left_are_gone() {
    for dialect in [Dialect::V2, Dialect::V3(0), Dialect::V3(1)] {
        let context = context();
        let (xpub, endpoint) = Socket::bound(&context, ids::XPUB, TCP);
        let mut peer = Peer::greet(&endpoint, dialect, SUB, b"");
        for topic in [&b"a"[..], b"b"] {
            peer.write(&dialect.subscription(true, topic));
            assert_eq!(xpub.recv(), [[&[1], topic].concat()]);
        }
        drop(peer);
        let mut gone = [xpub.recv(), xpub.recv()];
        gone.sort();
        assert_eq!(gone, [[b"\0a"], [b"\0b"]], "{dialect:?}");
        finish(&context, [xpub]);
    }
}

#[test]
fn a_megabyte_of_topic_is_a_topic() {
    let topic = vec![b'x'; 1 << 20];
    for dialect in [Dialect::V1, Dialect::V2, Dialect::V3(0), Dialect::V3(1)] {
        let context = context();
        let (xpub, endpoint) = Socket::bound(&context, ids::XPUB, TCP);
        let mut other = Peer::greet(&endpoint, Dialect::V3(1), SUB, b"");
        other.expect(&Dialect::V3(1).answer(("XPUB", 9, false), b""));
        other.write(&Dialect::V3(1).subscription(true, b"x"));
        assert_eq!(xpub.recv(), [b"\x01x"]);
        let mut peer = Peer::greet(&endpoint, dialect, SUB, b"");
        peer.write(&dialect.subscription(true, &topic));
        assert!(xpub.recv() == [[&[1], &topic[..]].concat()], "{dialect:?}");
        xpub.send(&[b"x, for the other one"]);
        assert_eq!(other.message(), [b"x, for the other one"]);
        peer.expect(&dialect.answer(("XPUB", 9, false), b""));
        let message = [&topic[..], b" and more"].concat();
        let sent = message.clone();
        let reader = std::thread::spawn(move || peer.expect(&dialect.message(&[&sent])));
        xpub.send(&[&message]);
        assert!(other.message() == [message]);
        reader.join().unwrap();
        assert!(xpub.recv() == [[&[0], &topic[..]].concat()], "{dialect:?}: it left");
        finish(&context, [xpub]);
    }
}

#[test]
fn subscriptions_are_not_counted_by_the_publisher() {
    let context = context();
    let (publisher, endpoint) = Socket::bound(&context, ids::PUB, TCP);
    for dialect in [Dialect::V2, Dialect::V3(0), Dialect::V3(1)] {
        let mut peer = Peer::greet(&endpoint, dialect, SUB, b"");
        peer.expect(&dialect.answer(PUB, b""));
        peer.write(&dialect.subscription(false, b"never asked for"));
        // Twice is once: counting is the subscriber's business.
        peer.write(&dialect.subscription(true, b"a"));
        peer.write(&dialect.subscription(true, b"a"));
        peer.write(&dialect.subscription(false, b"a"));
        peer.write(&dialect.subscription(true, b"b"));
        // A publisher does not tell when it has heard this.
        std::thread::sleep(Duration::from_millis(50));
        publisher.send(&[b"a"]);
        publisher.send(&[b"b"]);
        peer.expect(&dialect.message(&[b"b"]));
    }
    finish(&context, [publisher]);
}
