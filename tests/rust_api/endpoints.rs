//! Binding and connecting, and their undoing.

use crate::{bound, connected, context, couple, own, socket, LONG, SHORT, TRANSPORTS};
use std::time::Duration;
use zeroxide::{Error, EventKind, SocketType::*};

#[test]
fn wildcards_are_resolved() {
    let context = context();
    for (address, prefix) in [("tcp://127.0.0.1:*", "tcp://127.0.0.1:"), ("ipc://*", "ipc:///")] {
        let endpoint = bound(&context, Rep, address).1;
        assert!(endpoint.starts_with(prefix) && !endpoint.contains('*'), "{endpoint}");
    }
    let any = bound(&context, Rep, "tcp://*:*").1;
    assert!(any.starts_with("tcp://0.0.0.0:") && !any.ends_with(":0"), "{any}");
    assert_eq!(bound(&context, Rep, "inproc://name").1, "inproc://name");
    assert_eq!(socket(&context, Rep).last_endpoint().unwrap(), "");
}

#[test]
fn wrong_addresses_are_refused() {
    let context = context();
    let (_taken, endpoint) = bound(&context, Rep, "tcp://127.0.0.1:*");
    let _named = bound(&context, Rep, "inproc://taken");
    let socket = socket(&context, Rep);
    for (address, error) in [
        ("", Error::Invalid),
        ("tcp", Error::Invalid),
        ("tcp://", Error::Invalid),
        ("tcp://127.0.0.1", Error::Invalid),
        ("tcp://127.0.0.1:port", Error::Invalid),
        ("carrier-pigeon://roof", Error::ProtocolNotSupported),
        ("tcp://203.0.113.1:*", Error::AddressNotAvailable),
        (endpoint.as_str(), Error::AddressInUse),
        ("inproc://taken", Error::AddressInUse),
    ] {
        assert_eq!(socket.bind(address), Err(error), "bind {address}");
    }
    for (address, error) in [
        ("", Error::Invalid),
        ("tcp://127.0.0.1", Error::Invalid),
        ("tcp://127.0.0.1:*", Error::Invalid),
        ("carrier-pigeon://roof", Error::ProtocolNotSupported),
    ] {
        assert_eq!(socket.connect(address), Err(error), "connect {address}");
    }
    assert_eq!(socket.unbind("tcp://127.0.0.1:1"), Err(Error::NoEntry));
    assert_eq!(socket.disconnect("tcp://127.0.0.1:1"), Err(Error::NoEntry));
    assert_eq!(socket.disconnect("inproc://nobody"), Err(Error::NoEntry));
}

#[test]
fn who_connects_may_come_first() {
    for address in TRANSPORTS {
        let context = context();
        // A real endpoint that is free again.
        let endpoint = bound(&context, Pull, &own(address)).1;
        let push = connected(&context, Push, &endpoint);
        push.send("early").unwrap();
        std::thread::sleep(Duration::from_millis(20));
        let pull = socket(&context, Pull);
        pull.bind(&endpoint).unwrap();
        assert_eq!(pull.recv().as_deref(), Ok(&b"early"[..]), "{address}");
    }
}

#[test]
fn one_socket_has_many_endpoints() {
    let context = context();
    let pull = socket(&context, Pull);
    let makers = TRANSPORTS.map(|address| {
        pull.bind(address).unwrap();
        connected(&context, Push, &pull.last_endpoint().unwrap())
    });
    let (push, endpoint) = bound(&context, Push, "tcp://127.0.0.1:*");
    pull.connect(&endpoint).unwrap();
    for push in makers.iter().chain([&push]) {
        push.send("from one").unwrap();
        assert_eq!(pull.recv().unwrap(), "from one");
    }
}

#[test]
fn an_unbound_endpoint_takes_nobody() {
    for address in TRANSPORTS {
        let context = context();
        let (pull, push) = couple(&context, Pull, Push, address);
        let endpoint = pull.last_endpoint().unwrap();
        push.send("one").unwrap();
        assert_eq!(pull.recv().unwrap(), "one");
        pull.unbind(&endpoint).unwrap();
        assert_eq!(pull.unbind(&endpoint), Err(Error::NoEntry), "{address}");

        let late = socket(&context, Push);
        late.set_linger(Some(Duration::ZERO)).unwrap();
        late.connect(&endpoint).unwrap();
        late.send("nobody hears").unwrap();
        pull.set_recv_timeout(Some(SHORT)).unwrap();
        assert_eq!(pull.recv(), Err(Error::Again), "{address}");
        push.set_linger(Some(Duration::ZERO)).unwrap();
    }
}

#[test]
fn a_disconnected_peer_gets_no_more() {
    for address in TRANSPORTS {
        let context = context();
        let (near, near_endpoint) = bound(&context, Pull, address);
        let (far, far_endpoint) = bound(&context, Pull, "inproc://far");
        let push = connected(&context, Push, &near_endpoint);
        push.send("one").unwrap();
        assert_eq!(near.recv().unwrap(), "one");
        push.connect(&far_endpoint).unwrap();
        push.disconnect(&near_endpoint).unwrap();
        assert_eq!(push.disconnect(&near_endpoint), Err(Error::NoEntry), "{address}");
        for _ in 0..10 {
            push.send("two").unwrap();
            assert_eq!(far.recv().unwrap(), "two");
        }
        assert_eq!(near.try_recv(), Err(Error::Again), "{address}");
    }
}

#[test]
fn what_was_sent_before_a_disconnect_arrives() {
    for address in TRANSPORTS {
        let context = context();
        let (pull, push) = couple(&context, Pull, Push, address);
        for number in 0..100u8 {
            push.send([number]).unwrap();
        }
        push.disconnect(&pull.last_endpoint().unwrap()).unwrap();
        for number in 0..100u8 {
            assert_eq!(pull.recv().unwrap(), [number], "{address}");
        }
    }
}

#[test]
fn lost_connections_are_made_again() {
    for address in &TRANSPORTS[1..] {
        let context = context();
        let (mut rep, endpoint) = bound(&context, Rep, &own(address));
        let req = socket(&context, Req);
        req.set_reconnect_interval(Some(Duration::from_millis(10))).unwrap();
        let lost = req.monitor_some(&[EventKind::Disconnected]).unwrap();
        req.connect(&endpoint).unwrap();
        for round in 0..4 {
            req.send("ask").unwrap();
            assert_eq!(rep.recv().as_deref(), Ok(&b"ask"[..]), "{address} {round}");
            rep.send("answer").unwrap();
            assert_eq!(req.recv().as_deref(), Ok(&b"answer"[..]), "{address} {round}");
            drop(rep);
            // Before that, what is sent may go down with the connection.
            lost.recv_timeout(LONG).unwrap();
            rep = socket(&context, Rep);
            rep.bind(&endpoint).unwrap();
        }
    }
}

#[test]
fn a_peer_that_is_gone_frees_a_pair() {
    let context = context();
    let (pair, endpoint) = bound(&context, Pair, "inproc://endpoint");
    for _ in 0..3 {
        let peer = connected(&context, Pair, &endpoint);
        peer.send("hello").unwrap();
        assert_eq!(pair.recv().unwrap(), "hello");
        drop(peer);
        assert!(!pair.events().unwrap().is_writable());
    }
}
