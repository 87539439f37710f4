//! What monitors tell.

use crate::{bound, connected, context, couple, socket, LONG, SHORT};
use std::time::Duration;
use zeroxide::{Error, EventKind, EventKind::*, Monitor, SocketType::*};

/// The next events, of which there are to be so many.
fn kinds(monitor: &Monitor, count: usize) -> Vec<EventKind> {
    let mut seen = Vec::new();
    while seen.len() < count {
        match monitor.recv_timeout(LONG) {
            Ok(event) => seen.push(event.kind),
            Err(error) => panic!("{error} after {seen:?}"),
        }
    }
    seen
}

#[test]
fn a_server_hears_of_its_clients() {
    for address in ["tcp://127.0.0.1:*", "ipc://*"] {
        let context = context();
        let rep = socket(&context, Rep);
        let monitor = rep.monitor().unwrap();
        rep.bind(address).unwrap();
        let endpoint = rep.last_endpoint().unwrap();
        let listening = monitor.recv_timeout(LONG).unwrap();
        assert_eq!((listening.kind, &listening.endpoint), (Listening, &endpoint));
        assert!(listening.value > 0);

        let req = connected(&context, Req, &endpoint);
        assert_eq!(kinds(&monitor, 2), [Accepted, HandshakeSucceeded], "{address}");
        drop(req);
        assert_eq!(kinds(&monitor, 1), [Disconnected], "{address}");
        assert_eq!(monitor.try_recv(), Err(Error::Again));
        drop(rep);
        let rest: Vec<EventKind> = monitor.map(|event| event.kind).collect();
        assert_eq!(rest, [Closed, MonitorStopped], "{address}");
    }
}

#[test]
fn a_client_hears_of_its_server() {
    for address in ["tcp://127.0.0.1:*", "ipc://*"] {
        let context = context();
        let (rep, endpoint) = bound(&context, Rep, address);
        let req = socket(&context, Req);
        let monitor = req.monitor().unwrap();
        req.connect(&endpoint).unwrap();
        let mut seen = kinds(&monitor, 2);
        if address.starts_with("tcp") {
            assert_eq!(seen.remove(0), ConnectDelayed, "{address}");
            seen.extend(kinds(&monitor, 1));
        }
        assert_eq!(seen, [Connected, HandshakeSucceeded], "{address}");
        drop(rep);
        assert_eq!(kinds(&monitor, 2), [Disconnected, ConnectRetried], "{address}");
    }
}

#[test]
fn a_failure_to_bind_is_told_with_its_errno() {
    let context = context();
    let (_taken, tcp) = bound(&context, Rep, "tcp://127.0.0.1:*");
    let abstract_name = format!("ipc://@zeroxide-{}-taken", std::process::id());
    let (_taken, ipc) = bound(&context, Rep, &abstract_name);
    // Where a TCP socket could not be bound is no endpoint of it, and there is no scheme.
    for (endpoint, closed) in [(&tcp, ""), (&ipc, ipc.as_str())] {
        let rep = socket(&context, Rep);
        let monitor = rep.monitor().unwrap();
        assert_eq!(rep.bind(endpoint), Err(Error::AddressInUse));
        let event = monitor.recv_timeout(LONG).unwrap();
        assert_eq!((event.kind, event.endpoint.as_str()), (Closed, closed));
        assert!(event.value > 2, "{event:?}");
        let event = monitor.recv_timeout(LONG).unwrap();
        assert_eq!((event.kind, event.value), (BindFailed, Error::AddressInUse.errno()));
        assert_eq!(Some(event.endpoint.as_str()), endpoint.get(6..));
        assert_eq!(monitor.try_recv(), Err(Error::Again));
    }
}

#[test]
fn where_no_descriptor_was_opened_none_is_closed() {
    let context = context();
    let rep = socket(&context, Rep);
    let monitor = rep.monitor().unwrap();
    assert_eq!(rep.bind("tcp://127.0.0.1"), Err(Error::Invalid));
    let event = monitor.recv_timeout(LONG).unwrap();
    assert_eq!((event.kind, event.value), (BindFailed, Error::Invalid.errno()));
    assert_eq!(event.endpoint, "127.0.0.1");
}

#[test]
fn every_attempt_to_connect_that_fails_is_told() {
    let context = context();
    let req = socket(&context, Req);
    let monitor = req.monitor().unwrap();
    req.connect(&format!("ipc://@zeroxide-{}-nobody", std::process::id())).unwrap();
    assert_eq!(kinds(&monitor, 4), [Closed, ConnectRetried, Closed, ConnectRetried]);
}

#[test]
fn only_what_is_wanted_is_told() {
    let context = context();
    let rep = socket(&context, Rep);
    let monitor = rep.monitor_some(&[Accepted]).unwrap();
    rep.bind("tcp://127.0.0.1:*").unwrap();
    let _req = connected(&context, Req, &rep.last_endpoint().unwrap());
    let accepted = monitor.recv_timeout(LONG).unwrap();
    assert_eq!(accepted.kind, Accepted);
    assert_eq!(monitor.recv_timeout(SHORT), Err(Error::Again));
}

#[test]
fn a_second_monitor_ends_the_first() {
    let context = context();
    let rep = socket(&context, Rep);
    let first = rep.monitor().unwrap();
    let second = rep.monitor().unwrap();
    assert_eq!(kinds(&first, 1), [MonitorStopped]);
    rep.bind("tcp://127.0.0.1:*").unwrap();
    assert_eq!(kinds(&second, 1), [Listening]);
}

#[test]
fn a_monitor_that_is_gone_or_asleep_holds_nothing_up() {
    let context = context();
    let (rep, endpoint) = bound(&context, Rep, "tcp://127.0.0.1:*");
    drop(rep.monitor().unwrap());
    let _asleep = rep.monitor().unwrap();
    for _ in 0..20 {
        let req = connected(&context, Req, &endpoint);
        req.send("ask").unwrap();
        assert_eq!(rep.recv().unwrap(), "ask");
        rep.send("answer").unwrap();
        assert_eq!(req.recv().unwrap(), "answer");
    }
}

#[test]
fn the_end_of_the_context_ends_a_monitor() {
    let context = context();
    let (_rep, req) = couple(&context, Rep, Req, "tcp://127.0.0.1:*");
    let monitor = req.monitor().unwrap();
    let watcher = std::thread::spawn(move || monitor.count());
    std::thread::sleep(Duration::from_millis(50));
    context.shutdown();
    watcher.join().unwrap();
}
