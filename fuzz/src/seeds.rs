//! Writes what the fuzzer begins with: `fuzz/seeds/`, a folder for each target. Much of it is what
//! real sockets said to each other, overheard.

use crate::fuzzing::targets::receive::Marked;
use crate::fuzzing::zmq::frame::{parse_header, Header, COMMAND};
use crate::fuzzing::zmq::{legacy, z85, Seal, TABLE};
use crate::{Context, CurveKeyPair, Socket, SocketType};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::ops::Range;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// The bytes of an input, as [`crate::fuzzing::input::Input`] reads them.
#[derive(Clone, Default)]
struct Seed(Vec<u8>);

impl Seed {
    fn of(bytes: &[u8]) -> Self {
        Seed(bytes.to_vec())
    }

    fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    /// Bytes with their number before them.
    fn bytes(self, bytes: &[u8]) -> Self {
        self.byte(bytes.len().try_into().unwrap()).rest(bytes)
    }

    fn rest(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn write(&self, target: &str, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), &self.0).unwrap();
    }
}

/// What one end of a connection said.
struct Said {
    name: String,
    socket_type: SocketType,
    bytes: Vec<u8>,
}

const GREETING: usize = 64;

impl Said {
    /// Greeting, commands of the handshake, and what came then.
    fn parts(&self) -> (&[u8], &[u8], &[u8]) {
        let (greeting, rest) = self.bytes.split_at(GREETING.min(self.bytes.len()));
        let mut end = 0;
        for (flags, body) in frames(rest) {
            if flags & COMMAND == 0 || rest[body.clone()].starts_with(b"\x09SUBSCRIBE") {
                break;
            }
            end = body.end;
        }
        (greeting, &rest[..end], &rest[end..])
    }
}

/// The flags of each frame, and where its body is.
fn frames(bytes: &[u8]) -> Vec<(u8, Range<usize>)> {
    let (mut at, mut found) = (0, Vec::new());
    while let Ok(Header::Frame { flags, header_len, body_len }) = parse_header(&bytes[at..], None) {
        let end = at + header_len + body_len as usize;
        if end > bytes.len() {
            break;
        }
        found.push((flags, at + header_len..end));
        at = end;
    }
    found
}

/// Writes them.
pub fn write() {
    for said in &sessions() {
        of_session(said);
    }
    mechanisms();
    halves();
    subscriptions();
    texts();
    options();
}

fn of_session(said: &Said) {
    let (greeting, handshake, traffic) = said.parts();
    let name = &said.name;
    Seed::of(&[5, 0, 0, 0, 0, 0, 0]).rest(greeting).write("greeting", name);
    for end in [0, 64] {
        for mechanism in 0..3 {
            let name = &format!("{name}-{mechanism}-{end}");
            Seed::of(&[mechanism | 8 | end, 0, 0, 0]).rest(&said.bytes).write("handshake", name);
        }
    }
    for (at, (_, body)) in frames(handshake).into_iter().enumerate() {
        Seed::of(&handshake[body]).write("commands", &format!("{name}-{at}"));
    }
    Seed::of(&[0, 0]).rest(traffic).write("frames", name);
    let mut old = Vec::new();
    for (flags, body) in frames(traffic) {
        old.extend_from_slice(legacy::encode_header(flags, body.len() as u64).as_slice());
        old.extend_from_slice(&traffic[body]);
    }
    Seed::of(&[0, 0]).rest(&old).write("frames", &format!("{name}-old"));
    Seed::of(&[1, 0]).rest(&old).write("receive", &format!("{name}-old"));
    let mut sealed = Vec::new();
    for (flags, body) in frames(traffic) {
        Marked.seal(flags, &traffic[body], &mut sealed).unwrap();
    }
    Seed::of(&[3, 0]).rest(&sealed).write("receive", &format!("{name}-sealed"));
    for kind in [0, 4, 16, 64] {
        Seed::of(&[kind, 0]).rest(traffic).write("receive", &format!("{name}-{kind}"));
    }
    for index in attacked(said.socket_type) {
        Seed::of(&[*index, 0]).rest(&said.bytes).write("socket", &format!("{name}-{index}"));
        Seed::of(&[*index, 13]).rest(traffic).write("socket", &format!("{name}-{index}-closes"));
    }
}

/// Which rigs of the target `socket` expect such a peer.
fn attacked(peer: SocketType) -> &'static [u8] {
    match peer {
        SocketType::Pair => &[0],
        SocketType::Sub => &[1, 9, 14],
        SocketType::Pub => &[2, 10],
        SocketType::Rep => &[3],
        SocketType::Req => &[4],
        SocketType::Dealer => &[5, 6, 12],
        SocketType::Push => &[7, 13],
        SocketType::Pull => &[8],
        _ => &[11],
    }
}

/// Handshakes that succeed, and with each of their steps changed.
fn mechanisms() {
    let honest: Vec<u8> = (0..32).map(|at| at & 1).collect();
    for types in 0..4 {
        // Nothing of their own, a ZAP domain and a property, and a routing id.
        for (kind, about) in [(0, &[][..]), (5, &[1, b'a', 1, b'b']), (8, &[2, b'i', b'd'])] {
            let locals = Seed::of(&[types, kind]).rest(about).byte(0);
            let name = format!("{types}-{kind}");
            locals.clone().rest(&honest).write("null", &name);
            locals.clone().bytes(b"user").bytes(b"password").rest(&honest).write("plain", &name);
            let talk: Vec<u8> = (0..40).flat_map(|at| [at & 11, 3, 1, 2, 3]).collect();
            for ready in 6..10 {
                let curve = locals.clone().rest(&honest[..ready]).rest(&talk);
                curve.write("curve", &format!("{name}-{ready}"));
            }
        }
    }
    for mechanism in 0..3 {
        for zap in [0, 4] {
            Seed::of(&[mechanism | zap, 0, 0])
                .rest(&[0; 40])
                .write("handshake", &format!("between-{mechanism}-{zap}"));
        }
    }
}

/// Messages of many sizes, in every framing.
fn halves() {
    for kind in 0..8 {
        for hwm in [0, 2] {
            let mut seed = Seed::of(&[kind, hwm]);
            for size in 0..6 {
                seed = seed.rest(&[0, 0, 8 | size]).bytes(b"some bytes");
                seed = seed.rest(&[4, 1, size]).bytes(b"topic").rest(&[7, 16]).bytes(b"through");
                seed = seed.rest(&[14, 1]).bytes(b"ping");
                seed = seed.rest(&[5, 10, 255, 255, 11, 8, 200, 11, 13, 14]);
            }
            seed.clone().write("halves", &format!("{kind}-{hwm}"));
            seed.rest(&[15, 0, 0, 0, 0, 5, 10, 255, 255, 11])
                .write("halves", &format!("{kind}-{hwm}-again"));
        }
    }
}

fn subscriptions() {
    let topics = ["", "a", "ab", "abc", "abd", "b", "weather.here", "weather.there"];
    for counted in 0..2 {
        let mut seed = Seed::of(&[counted]);
        for round in 0..6 {
            for (at, topic) in topics.iter().enumerate() {
                seed = seed.byte(round);
                if counted == 0 {
                    seed = seed.byte(at as u8);
                }
                seed = seed.bytes(topic.as_bytes());
            }
        }
        seed.write("subscriptions", &format!("{counted}"));
    }
}

fn texts() {
    let addresses = [
        "127.0.0.1:5555",
        "*:*",
        "[::1]:80",
        "lo:1",
        "eth0;10.0.0.1:5",
        "host.example:65535",
        "@name",
        "/tmp/a",
        "192.168.0.0/16",
        "fe80::/10",
        "tipc://{1,0,10}",
        "udp://239.0.0.1:5",
        "pgm://a;b:1",
        "ws://a/b",
    ];
    for (at, address) in addresses.iter().enumerate() {
        for prefix in 0..4 {
            Seed::of(&[prefix, 127, 0, 0, 1])
                .rest(address.as_bytes())
                .write("endpoints", &format!("{prefix}-{at}"));
        }
    }
    let replies: [&[u8]; 4] = [
        b"\x05\x00\x05\x00\x00\x01\x7F\0\0\x01\x12\x34more",
        b"\x05\x02\x01\x00\x05\x00\x00\x03\x04host\x12\x34",
        b"\x05\x00\x05\x00\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x50",
        b"\x05\xFF",
    ];
    for (at, reply) in replies.iter().enumerate() {
        let seed = Seed::of(&[at as u8]).bytes(b"host.example:80").byte(0).rest(reply);
        seed.write("socks", &at.to_string());
    }
    for len in [4, 32, 64] {
        let text = z85::encode(&vec![len; usize::from(len)]).unwrap();
        Seed::of(text.as_bytes()).write("z85", &len.to_string());
    }
}

fn options() {
    for (at, row) in TABLE.iter().enumerate() {
        let at = at as u8;
        let seed = Seed::of(&[3, 0, 0, 0, 1, at, 5, 1, at, 4, 0, 0, 0, 0, 0, 0, 0, 9, at, 7, at]);
        let seed = seed.bytes(b"127.0.0.1:80").rest(&[2, at, 40, 1, at]);
        seed.write("options", &row.id.to_string());
    }
}

/// Pairs of sockets that talk, and what each of them said.
fn sessions() -> Vec<Said> {
    use SocketType::*;
    let mut all = Vec::new();
    let pairs = [
        (Pair, Pair),
        (Pub, Sub),
        (Sub, XPub),
        (Rep, Req),
        (Router, Dealer),
        (Pull, Push),
        (Router, Req),
        (XPub, XSub),
        (Dealer, Rep),
    ];
    for (server, client) in pairs {
        for guard in 0..3 {
            all.extend(session(server, client, guard));
        }
    }
    all
}

fn session(server: SocketType, client: SocketType, guard: usize) -> [Said; 2] {
    let context = Context::new().unwrap();
    let ends = [server, client].map(|socket_type| context.socket(socket_type).unwrap());
    protect(&ends, guard);
    let name = |what: &str| {
        format!("zeroxide-seeds-{}-{server}-{client}-{guard}-{what}", std::process::id())
    };
    let address = |name: &str| SocketAddr::from_abstract_name(name).unwrap();
    let listener = UnixListener::bind_addr(&address(&name("front"))).unwrap();
    ends[0].bind(&format!("ipc://@{}", name("back"))).unwrap();
    ends[1].connect(&format!("ipc://@{}", name("front"))).unwrap();
    let (front, _) = listener.accept().unwrap();
    let back = UnixStream::connect_addr(&address(&name("back"))).unwrap();
    let ways = [(&back, &front), (&front, &back)];
    let ways = ways.map(|(from, to)| (from.try_clone().unwrap(), to.try_clone().unwrap()));
    let threads = ways.map(|(from, to)| thread::spawn(move || carry(from, to)));
    talk(&ends);
    drop(ends);
    context.terminate().unwrap();
    let [from_server, from_client] = threads.map(|thread| thread.join().unwrap());
    let said = |socket_type, bytes| Said {
        name: format!("{server}-{client}-{guard}-{socket_type}").to_lowercase(),
        socket_type,
        bytes,
    };
    [said(server, from_server), said(client, from_client)]
}

/// NULL, PLAIN or CURVE. Without a ZAP handler PLAIN ends with a refusal, which is worth seeing as
/// well.
fn protect([server, client]: &[Socket; 2], guard: usize) {
    for end in [server, client] {
        end.set_linger(Some(Duration::from_millis(100))).unwrap();
        end.set_recv_timeout(Some(Duration::from_millis(100))).unwrap();
        let _ = end.set_routing_id("me");
        let _ = end.subscribe("");
    }
    if guard == 1 {
        client.set_plain_username("user").unwrap();
        client.set_plain_password("password").unwrap();
        server.set_plain_server(true).unwrap();
    }
    if guard == 2 {
        let [own, other] = [(); 2].map(|()| CurveKeyPair::new().unwrap());
        server.set_curve_server(true).unwrap();
        server.set_curve_secret_key(own.secret()).unwrap();
        client.set_curve_server_key(&own.public()).unwrap();
        client.set_curve_public_key(&other.public()).unwrap();
        client.set_curve_secret_key(other.secret()).unwrap();
    }
}

/// Each end that may send sends a short and a long message.
fn talk(ends: &[Socket; 2]) {
    for size in [0, 5, 300, 2000] {
        for (from, to) in [(&ends[1], &ends[0]), (&ends[0], &ends[1])] {
            // Some types may not, or not yet.
            let _ = from.try_send_multipart([vec![b'a'; 3], vec![b'm'; size]]);
            let _ = to.recv_multipart();
            let _ = from.try_send(vec![b's'; size]);
            if let Ok(parts) = to.recv_multipart() {
                let _ = to.try_send_multipart(parts.iter().map(|part| part.to_vec()));
                let _ = from.recv_multipart();
            }
        }
    }
}

fn carry(mut from: UnixStream, mut to: UnixStream) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        all.extend_from_slice(&buffer[..read]);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    // It may be gone already.
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
    all
}
