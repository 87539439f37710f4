//! The way from the first byte to the first message, bytes in and bytes out: with a peer of any
//! kind, and with a good one behind a network that cuts and changes what it carries. What is kept
//! has to do with what was sent.

use crate::fuzzing::input::{mutate, pieces, Input};
use crate::fuzzing::memory::measure;
use crate::fuzzing::zmq::curve::Key;
use crate::fuzzing::zmq::{Handshake, Options, SecurityMechanism, SocketType};

const TYPES: [(SocketType, SocketType); 3] = [
    (SocketType::Dealer, SocketType::Router),
    (SocketType::XSub, SocketType::XPub),
    (SocketType::Push, SocketType::Pull),
];

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = input.byte();
    let [client, server] = options(kind, &mut input);
    let (one, other) = TYPES[input.below(3)];
    // Only an end that connects waits for the other to name its mechanism first.
    let client = Handshake::new(&client, one, "127.0.0.1", kind & 128 != 0);
    let server = Handshake::new(&server, other, "127.0.0.1", false);
    match kind & 8 {
        0 => between(&mut input, [client, server]),
        _ if kind & 64 != 0 => alone(&mut input, client),
        _ => alone(&mut input, server),
    }
}

fn options(kind: u8, input: &mut Input<'_>) -> [Options; 2] {
    let [mut client, mut server] = [Options::default(), Options::default()];
    let mechanism = match kind & 3 {
        0 | 3 => SecurityMechanism::Null,
        1 => SecurityMechanism::Plain,
        _ => SecurityMechanism::Curve,
    };
    (client.mechanism, server.mechanism) = (mechanism, mechanism);
    server.as_server = true;
    if kind & 4 != 0 {
        server.zap_domain = b"domain".to_vec();
    }
    client.routing_id = input.bytes().to_vec();
    client.plain_username = b"user".to_vec();
    let [own, others] = [Key::new([1; 32]), Key::new([2; 32])];
    (client.curve_secret_key, client.curve_public_key) = (*own.bytes(), own.public());
    client.curve_server_key = others.public();
    server.curve_secret_key = *others.bytes();
    [client, server]
}

/// What a handshake may take whatever comes, and for each byte that came: a property of six bytes
/// is two allocations and a place in a map.
const KEPT: usize = 256 * 1024;
const A_BYTE: usize = 32;

/// Whatever a peer sends, in any pieces.
fn alone(input: &mut Input<'_>, mut end: Handshake) {
    let (lengths, bytes) = (input.bytes(), input.rest());
    let ((), most) = measure(|| {
        for piece in pieces(bytes, lengths) {
            if end.input(piece).is_err() || !go_on(&mut end) {
                return;
            }
        }
    });
    let bound = KEPT + A_BYTE * bytes.len();
    assert!(most <= bound, "{most} bytes of memory for {} bytes", bytes.len());
}

/// Answers the ZAP request. False once it is over.
fn go_on(end: &mut Handshake) -> bool {
    let _ = (end.take_failure(), end.is_full(), end.has_failed(), end.is_greeting());
    if end.take_zap_request().is_some() {
        let reply: [&[u8]; 7] = [b"", b"1.0", b"1", b"200", b"", b"user", b""];
        if end.zap_reply(Some(&reply)).is_err() {
            return false;
        }
    }
    match end.finish() {
        Some(agreement) => {
            assert!(agreement.peer.routing_id.len() <= 255);
            false
        }
        None => true,
    }
}

fn between(input: &mut Input<'_>, mut ends: [Handshake; 2]) {
    let (mut changed, mut done) = (false, [false; 2]);
    for round in 0..40 {
        let from = round % 2;
        let mut bytes = std::mem::take(&mut ends[from].output);
        let action = input.byte();
        if action & 3 == 1 {
            changed = true;
            mutate(input, &mut bytes);
        }
        let lengths = if action & 4 == 0 { &[] } else { input.bytes() };
        let to = &mut ends[1 - from];
        for piece in pieces(&bytes, lengths) {
            if done[1 - from] {
                break;
            }
            match to.input(piece) {
                Ok(()) => done[1 - from] = !go_on(to),
                Err(error) => {
                    assert!(changed, "{error:?}");
                    return;
                }
            }
        }
    }
    assert!(changed || done == [true; 2]);
}
