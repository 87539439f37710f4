//! Options by name, with types.

use crate::{context, socket};
use std::time::Duration;
use zeroxide::{Context, Error, SecurityMechanism, Socket, SocketType, SocketType::*};

const ALL: [SocketType; 12] =
    [Pair, Pub, Sub, Req, Rep, Dealer, Router, Pull, Push, XPub, XSub, Stream];

#[test]
fn every_type_of_socket_can_be_made_and_tells_its_type() {
    let context = context();
    for socket_type in ALL {
        let socket = Socket::new(&context, socket_type).unwrap();
        assert_eq!(socket.socket_type(), socket_type);
        let mut number = [0; 4];
        const ZMQ_TYPE: i32 = 16;
        assert_eq!(socket.option(ZMQ_TYPE, &mut number), Ok(4));
        assert_eq!(SocketType::try_from(i32::from_ne_bytes(number)), Ok(socket_type));
    }
}

#[test]
fn defaults_are_those_of_the_manual() {
    let context = Context::new().unwrap();
    let socket = context.socket(Dealer).unwrap();
    assert_eq!(socket.send_hwm(), Ok(1000));
    assert_eq!(socket.recv_hwm(), Ok(1000));
    assert_eq!(socket.linger(), Ok(None));
    assert_eq!(socket.send_timeout(), Ok(None));
    assert_eq!(socket.recv_timeout(), Ok(None));
    assert_eq!(socket.reconnect_interval(), Ok(Some(Duration::from_millis(100))));
    assert_eq!(socket.reconnect_interval_max(), Ok(Duration::ZERO));
    assert_eq!(socket.handshake_interval(), Ok(Duration::from_secs(30)));
    assert_eq!(socket.heartbeat_interval(), Ok(Duration::ZERO));
    assert_eq!(socket.backlog(), Ok(100));
    assert_eq!(socket.ipv6(), Ok(false));
    assert_eq!(socket.immediate(), Ok(false));
    assert_eq!(socket.affinity(), Ok(0));
    assert_eq!(socket.max_message_size(), Ok(None));
    assert_eq!(socket.routing_id(), Ok(Vec::new()));
    assert_eq!(socket.mechanism(), Ok(SecurityMechanism::Null));
    assert_eq!(context.socket(Sub).unwrap().linger(), Ok(Some(Duration::ZERO)));
    assert_eq!((context.io_threads(), context.max_sockets()), (Ok(1), Ok(1023)));
}

#[test]
fn what_was_set_is_read() {
    let context = context();
    let socket = socket(&context, Dealer);
    let second = Duration::from_secs(1);
    let id = vec![7; 255];
    socket.set_send_hwm(0).unwrap();
    socket.set_linger(Some(second)).unwrap();
    socket.set_recv_timeout(None).unwrap();
    socket.set_reconnect_interval(None).unwrap();
    socket.set_heartbeat_interval(second).unwrap();
    socket.set_heartbeat_ttl(second * 6).unwrap();
    socket.set_ipv6(true).unwrap();
    socket.set_affinity(u64::MAX).unwrap();
    socket.set_max_message_size(Some(1 << 40)).unwrap();
    socket.set_routing_id(&id).unwrap();
    socket.set_socks_proxy("localhost:1080").unwrap();
    socket.set_plain_username("admin").unwrap();
    assert_eq!(socket.send_hwm(), Ok(0));
    assert_eq!(socket.linger(), Ok(Some(second)));
    assert_eq!(socket.recv_timeout(), Ok(None));
    assert_eq!(socket.reconnect_interval(), Ok(None));
    assert_eq!(socket.heartbeat_interval(), Ok(second));
    assert_eq!(socket.heartbeat_ttl(), Ok(second * 6));
    assert_eq!(socket.ipv6(), Ok(true));
    assert_eq!(socket.affinity(), Ok(u64::MAX));
    assert_eq!(socket.max_message_size(), Ok(Some(1 << 40)));
    assert_eq!(socket.routing_id(), Ok(id));
    assert_eq!(socket.socks_proxy().as_deref(), Ok("localhost:1080"));
    assert_eq!(socket.plain_username().as_deref(), Ok("admin"));
    assert_eq!(socket.mechanism(), Ok(SecurityMechanism::Plain));
    socket.set_socks_proxy("").unwrap();
    socket.set_max_message_size(None).unwrap();
    assert_eq!(socket.socks_proxy().as_deref(), Ok(""));
    assert_eq!(socket.max_message_size(), Ok(None));
}

#[test]
fn long_values_are_read_whole() {
    let context = context();
    let socket = socket(&context, Dealer);
    let proxy = format!("{}:1080", "x".repeat(1000));
    socket.set_socks_proxy(&proxy).unwrap();
    assert_eq!(socket.socks_proxy(), Ok(proxy));
}

#[test]
fn wrong_values_are_refused() {
    let context = context();
    let dealer = socket(&context, Dealer);
    assert_eq!(dealer.set_send_hwm(-1), Err(Error::Invalid));
    assert_eq!(dealer.set_routing_id(""), Err(Error::Invalid));
    assert_eq!(dealer.set_routing_id([1; 256]), Err(Error::Invalid));
    assert_eq!(dealer.set_option(9999, &[0; 4]), Err(Error::Invalid));
    assert_eq!(dealer.option(9999, &mut [0; 4]), Err(Error::Invalid));
    assert_eq!(dealer.subscribe("topic"), Err(Error::Invalid));
    assert_eq!(dealer.set_xpub_verbose(true), Err(Error::Invalid));
    assert_eq!(context.set_io_threads(-1), Err(Error::Invalid));
    assert_eq!(context.option(9999), Err(Error::Invalid));
}

#[test]
fn options_of_socket_types_are_taken_by_those() {
    let context = context();
    let (router, req) = (socket(&context, Router), socket(&context, Req));
    router.set_router_mandatory(true).unwrap();
    router.set_router_handover(true).unwrap();
    router.set_connect_routing_id("peer").unwrap();
    router.set_probe_router(true).unwrap();
    req.set_req_correlate(true).unwrap();
    req.set_req_relaxed(true).unwrap();
    let publisher = socket(&context, XPub);
    publisher.set_xpub_verbose(true).unwrap();
    publisher.set_xpub_verboser(true).unwrap();
    publisher.set_xpub_nodrop(true).unwrap();
    publisher.set_xpub_manual(true).unwrap();
    socket(&context, Stream).set_stream_notify(false).unwrap();
}

#[test]
fn new_sockets_take_after_their_context() {
    let context = context();
    context.set_ipv6(true).unwrap();
    assert_eq!(context.ipv6(), Ok(true));
    assert_eq!(context.socket(Rep).unwrap().ipv6(), Ok(true));
}
