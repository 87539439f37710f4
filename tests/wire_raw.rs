//! STREAM, and ROUTER in raw mode: no protocol at all, bytes as they are.
#![forbid(unsafe_code)]

mod common;

use common::{context, finish, Door, Peer, Socket};
use zeroxide::internal::options::ids;

const TCP: &str = "tcp://127.0.0.1:*";

/// Takes the notice of a new connection; its routing id.
#[track_caller]
fn notice(socket: &Socket) -> Vec<u8> {
    let mut parts = socket.recv();
    assert_eq!((parts.len(), parts[0].len(), parts[1].len()), (2, 5, 0));
    parts.swap_remove(0)
}

/// Takes bytes of one connection, in as many messages as they come.
#[track_caller]
fn recv_bytes(socket: &Socket, id: &[u8], len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < len {
        let parts = socket.recv();
        assert_eq!((parts.len(), &parts[0][..]), (2, id));
        assert!(!parts[1].is_empty(), "the connection ended after {} bytes", bytes.len());
        bytes.extend(&parts[1]);
    }
    bytes
}

fn talk(stream: &Socket, mut peer: Peer) {
    let id = notice(stream);
    // The library says nothing by itself, and takes a greeting for bytes like others.
    for len in [1, 64, 4096, 1 << 20] {
        let mut body = vec![len as u8; len];
        body[0] = 0xFF;
        stream.send(&[&id, &body]);
        peer.expect(&body);
        let sent = body.clone();
        let writer = std::thread::spawn(move || {
            peer.write(&sent);
            peer
        });
        assert!(recv_bytes(stream, &id, len) == body, "{len} bytes");
        peer = writer.join().unwrap();
    }
    peer.write(b"last words");
    drop(peer);
    assert_eq!(recv_bytes(stream, &id, 10), b"last words");
    assert_eq!(stream.recv(), [&id[..], b""]);
}

#[test]
fn a_stream_that_is_connected_to() {
    let context = context();
    let (stream, endpoint) = Socket::bound(&context, ids::STREAM, TCP);
    for _ in 0..3 {
        talk(&stream, Peer::connect(&endpoint));
    }
    finish(&context, [stream]);
}

#[test]
fn a_stream_that_connects() {
    let context = context();
    let (stream, door) = (Socket::new(&context, ids::STREAM), Door::tcp());
    stream.set(ids::RECONNECT_IVL, 1);
    stream.connect(&door.endpoint());
    for _ in 0..3 {
        talk(&stream, door.accept());
    }
    finish(&context, [stream]);
}

#[test]
fn nothing_sent_closes_the_connection_behind_what_was_sent() {
    let context = context();
    let (stream, endpoint) = Socket::bound(&context, ids::STREAM, TCP);
    // Without linger, what no thread has written yet would go.
    stream.set(ids::LINGER, -1);
    let big = vec![7; 3 << 20];
    let mut peers = [Peer::connect(&endpoint), Peer::connect(&endpoint)];
    let ids = [notice(&stream), notice(&stream)];
    for (number, id) in ids.iter().enumerate() {
        stream.send(&[id, &[number as u8]]);
    }
    // Who of the two is who, their bytes tell.
    let order = [peers[0].read(1)[0], peers[1].read(1)[0]].map(usize::from);
    assert_ne!(order[0], order[1]);
    stream.send(&[&ids[order[0]], &big]);
    stream.send(&[&ids[order[0]], b""]);
    let told = peers[0].read_to_end();
    assert!(told == big, "{} bytes", told.len());
    stream.send(&[&ids[order[1]], b"still here"]);
    peers[1].expect(b"still here");
    finish(&context, [stream]);
}

#[test]
fn a_raw_router_speaks_to_a_stream_socket_of_the_system() {
    let context = context();
    let router = Socket::new(&context, ids::ROUTER);
    router.set(ids::ROUTER_RAW, 1);
    let endpoint = router.bind(TCP);
    let mut peer = Peer::connect(&endpoint);
    peer.write(b"GET / HTTP/1.0\r\n\r\n");
    let mut parts = router.recv();
    if parts[1].is_empty() {
        parts = router.recv();
    }
    assert_eq!(parts[1], b"GET / HTTP/1.0\r\n\r\n");
    router.send(&[&parts[0], b"HTTP/1.0 200 OK\r\n\r\n"]);
    peer.expect(b"HTTP/1.0 200 OK\r\n\r\n");
    finish(&context, [router]);
}
