//! What the peers do. Each attack ends when the victim has read it all: it has answered, or has
//! hung up.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::victim::{Result, Victim};
use compat_tests::during;
use zeroxide::internal::security::curve::{Client, ClientKeys, Key};
use zeroxide::internal::security::{Local, Mechanism};
use zeroxide::SocketType;

pub const PEERS: u64 = 300;
pub const CURVE_PEERS: u64 = 150;
pub const MESSAGES: u64 = 300_000;
pub const PROPERTIES: u64 = 7000;
pub const TOPICS: u64 = 20_000;
/// Of a long topic.
pub const LENGTH: u64 = 1 << 20;

const COMMAND: u8 = 4;
const MORE: u8 = 1;
/// What is sent last, and what comes back for it.
const PING: &[u8] = b"\x04\x0b\x04PING\0\0last";
const PONG: &[u8] = b"\x04PONGlast";

type Peers = Result<Vec<TcpStream>>;

/// They connect, and say nothing.
pub fn silent(victim: &mut Victim) -> Peers {
    crowd(PEERS, || {
        let mut peer = connect(victim)?;
        read(&mut peer, 10)?;
        Ok(peer)
    })
}

/// They shake hands, and say nothing.
pub fn idle(victim: &mut Victim) -> Peers {
    let peers = crowd(PEERS, || greet(victim, "PUSH"))?;
    victim.look()?;
    Ok(peers)
}

/// They shake hands, and go.
pub fn gone(victim: &mut Victim) -> Peers {
    for _ in 0..PEERS {
        end(greet(victim, "PUSH")?)?;
    }
    Ok(Vec::new())
}

/// With CURVE, they shake hands, and say nothing.
pub fn curve(victim: &mut Victim) -> Peers {
    let peers = crowd(CURVE_PEERS, || {
        let mut peer = connect(victim)?;
        let mut client = client();
        write(&mut peer, &greeting("CURVE"))?;
        read(&mut peer, 64)?;
        for _ in ["HELLO", "INITIATE"] {
            let command = client.next_command().map_err(|error| format!("{error:?}"))?;
            write(&mut peer, &frame(COMMAND, &command.unwrap_or_default()))?;
            let (_, answer) = read_frame(&mut peer)?;
            client.process(&answer).map_err(|error| format!("{error:?}"))?;
        }
        Ok(peer)
    })?;
    victim.look()?;
    Ok(peers)
}

/// With CURVE, they say HELLO, but do not know the server's key.
pub fn hellos(victim: &mut Victim) -> Peers {
    let padding = [&b"\x05HELLO\x01\0"[..], &[0; 72]].concat();
    for number in 0..PEERS {
        let mut peer = connect(victim)?;
        let noise: Vec<u8> = (0..32 + 8 + 80).map(|at| (at + number) as u8).collect();
        write(&mut peer, &greeting("CURVE"))?;
        write(&mut peer, &frame(COMMAND, &[&padding[..], &noise].concat()))?;
        end(peer)?;
    }
    Ok(Vec::new())
}

/// One says as much of itself as can be.
pub fn properties(victim: &mut Victim) -> Peers {
    let mut said = b"\x05READY\x0bSocket-Type\0\0\0\x04PUSH".to_vec();
    for number in 0..PROPERTIES {
        // A name without a value.
        let name = format!("{number:x}");
        said.push(name.len() as u8);
        said.extend(name.as_bytes());
        said.extend([0; 4]);
    }
    let mut peer = connect(victim)?;
    write(&mut peer, &greeting("NULL"))?;
    write(&mut peer, &frame(COMMAND, &said))?;
    read(&mut peer, 64)?;
    read_frame(&mut peer)?;
    settle(&mut peer)?;
    victim.look()?;
    Ok(vec![peer])
}

/// One sends messages of one byte.
pub fn messages(victim: &mut Victim) -> Peers {
    flood(victim, "PUSH", &b"\0\x01x".repeat(MESSAGES as usize))
}

/// One sends the parts of a message that does not end.
pub fn parts(victim: &mut Victim) -> Peers {
    flood(victim, "PUSH", &[MORE, 0].repeat(MESSAGES as usize))
}

/// One subscribes to much.
pub fn topics(victim: &mut Victim) -> Peers {
    let mut state = 1u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    let mut all = Vec::new();
    for _ in 0..TOPICS {
        let topic: Vec<u8> = (0..20).map(|_| random()).collect();
        all.extend(subscribe(&topic));
    }
    flood(victim, "SUB", &all)
}

/// One subscribes to something long.
pub fn long_topic(victim: &mut Victim) -> Peers {
    flood(victim, "SUB", &subscribe(&vec![b't'; LENGTH as usize]))
}

fn subscribe(topic: &[u8]) -> Vec<u8> {
    frame(COMMAND, &[b"\x09SUBSCRIBE", topic].concat())
}

/// Shakes hands, sends all that, and waits until it was read and the socket has looked at it.
fn flood(victim: &mut Victim, kind: &str, bytes: &[u8]) -> Peers {
    let mut peer = greet(victim, kind)?;
    write(&mut peer, bytes)?;
    settle(&mut peer)?;
    victim.look()?;
    Ok(vec![peer])
}

fn settle(peer: &mut TcpStream) -> Result<()> {
    write(peer, PING)?;
    loop {
        if read_frame(peer)? == (COMMAND, PONG.to_vec()) {
            return Ok(());
        }
    }
}

fn crowd(count: u64, make: impl FnMut() -> Result<TcpStream>) -> Peers {
    std::iter::repeat_with(make).take(count as usize).collect()
}

fn connect(victim: &Victim) -> Result<TcpStream> {
    let peer = during(TcpStream::connect(&victim.address), "connect")?;
    let limit = Some(Duration::from_secs(20));
    during(peer.set_read_timeout(limit).and(peer.set_nodelay(true)), "connect")?;
    Ok(peer)
}

fn greet(victim: &Victim, kind: &str) -> Result<TcpStream> {
    let mut peer = connect(victim)?;
    let ready =
        [b"\x05READY\x0bSocket-Type\0\0\0", &[kind.len() as u8][..], kind.as_bytes()].concat();
    write(&mut peer, &greeting("NULL"))?;
    write(&mut peer, &frame(COMMAND, &ready))?;
    read(&mut peer, 64)?;
    read_frame(&mut peer)?;
    Ok(peer)
}

/// Says that nothing more comes, and waits until the victim hangs up.
fn end(mut peer: TcpStream) -> Result<()> {
    // The victim may have been quicker.
    let _ = peer.shutdown(Shutdown::Write);
    let _ = peer.read_to_end(&mut Vec::new());
    Ok(())
}

fn client() -> Client {
    let local = Local {
        socket_type: SocketType::Push,
        routing_id: Vec::new(),
        metadata: Vec::new(),
        zap_domain: Vec::new(),
        zap_enforce_domain: false,
        peer_address: Vec::new(),
    };
    let (secret, server) = (Key::new([1; 32]), Key::new([2; 32]).public());
    Client::new(local, ClientKeys { public: secret.public(), secret, server })
}

fn greeting(mechanism: &str) -> Vec<u8> {
    let mut bytes = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01".to_vec();
    bytes.extend(mechanism.as_bytes());
    bytes.resize(64, 0);
    bytes
}

fn frame(flags: u8, body: &[u8]) -> Vec<u8> {
    match u8::try_from(body.len()) {
        Ok(short) => [&[flags, short][..], body].concat(),
        Err(_) => [&[flags | 2][..], &(body.len() as u64).to_be_bytes(), body].concat(),
    }
}

fn write(peer: &mut TcpStream, bytes: &[u8]) -> Result<()> {
    during(peer.write_all(bytes), "write")
}

#[track_caller]
fn read(peer: &mut TcpStream, len: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let at = std::panic::Location::caller().line();
    during(peer.read_exact(&mut bytes), format!("read of {len} in line {at}"))?;
    Ok(bytes)
}

/// Flags and body.
#[track_caller]
fn read_frame(peer: &mut TcpStream) -> Result<(u8, Vec<u8>)> {
    let head = read(peer, 2)?;
    if head[0] & 2 == 0 {
        return Ok((head[0], read(peer, head[1].into())?));
    }
    let rest = read(peer, 7)?;
    let len = rest.iter().fold(u64::from(head[1]), |len, byte| len << 8 | u64::from(*byte));
    Ok((head[0] & !2, read(peer, len as usize)?))
}
