//! The vulnerabilities that libzmq had, one test for each: what the attacker sent is sent to us.
//! The connection ends or does no harm, memory stays within bounds, and the next peer is served.
#![forbid(unsafe_code)]

mod common;

use common::bytes::{
    command, command_frame, greeting, Dialect, COMMAND, DEALER, DIALECTS, LONG, MORE, PUB, PUSH,
    SUB,
};
use common::process::memory;
use common::{finish, Door, Peer, Socket};
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use zeroxide::internal::options::ids;
use zeroxide::internal::runtime::Context;
use zeroxide::internal::security::curve::{Client, ClientKeys, Key};
use zeroxide::internal::security::{Local, Mechanism, Traffic};
use zeroxide::SocketType;

const TCP: &str = "tcp://127.0.0.1:*";
const SERVER: [u8; 32] = [2; 32];
const CLIENT: [u8; 32] = [1; 32];
const V3_1: Dialect = Dialect::V3(1);
/// What an attack may leave behind, whatever was sent.
const BOUND: usize = 24 << 20;

/// One test at a time: what memory grows by is then due to one of them.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server, and a client that is served.
struct Scene {
    context: Context,
    server: Socket,
    client: Socket,
    endpoint: String,
}

impl Scene {
    fn new(curve: bool) -> Self {
        let context = common::context();
        let server = Socket::new(&context, ids::ROUTER);
        let client = Socket::new(&context, ids::DEALER);
        if curve {
            server.set(ids::CURVE_SERVER, 1);
            server.set_bytes(ids::CURVE_SECRETKEY, &SERVER);
            encrypt(&client);
        }
        let endpoint = server.bind(TCP);
        client.connect(&endpoint);
        let scene = Self { context, server, client, endpoint };
        scene.serve();
        scene
    }

    /// The client asks and is answered, and nobody else has said anything.
    #[track_caller]
    fn serve(&self) {
        self.client.ask(&self.server);
        assert_eq!(self.server.try_recv(), None);
    }

    fn finish(self) {
        finish(&self.context, [self.server, self.client]);
    }

    /// A bare peer with the right keys that may send INITIATE next, with this much to say of
    /// itself.
    fn guest(&self, metadata: usize) -> (Peer, Client) {
        let mut peer = Peer::connect(&self.endpoint);
        peer.write(&greeting(3, 1, "CURVE"));
        peer.expect(&greeting(3, 1, "CURVE"));
        let secret = Key::new(CLIENT);
        let keys =
            ClientKeys { public: secret.public(), secret, server: Key::new(SERVER).public() };
        let mut mechanism = Client::new(local(metadata), keys);
        peer.write(&command_frame(&mechanism.next_command().unwrap().unwrap()));
        mechanism.process(&peer.frame().1).unwrap();
        (peer, mechanism)
    }
}

fn local(metadata: usize) -> Local {
    Local {
        socket_type: SocketType::Dealer,
        routing_id: b"guest".to_vec(),
        metadata: vec![(b"X-Long".to_vec(), vec![b'x'; metadata])],
        zap_domain: Vec::new(),
        zap_enforce_domain: false,
        peer_address: Vec::new(),
    }
}

fn encrypt(client: &Socket) {
    client.set_bytes(ids::CURVE_SERVERKEY, &Key::new(SERVER).public());
    client.set_bytes(ids::CURVE_PUBLICKEY, &Key::new(CLIENT).public());
    client.set_bytes(ids::CURVE_SECRETKEY, &CLIENT);
}

fn long_header(flags: u8, len: u64) -> Vec<u8> {
    [&[flags | LONG][..], &len.to_be_bytes()].concat()
}

/// Sends as much of this as the other end takes, again and again.
fn flood(endpoint: &str, hello: &[u8], bytes: &[u8], times: usize) -> TcpStream {
    let mut stream = TcpStream::connect(endpoint.strip_prefix("tcp://").unwrap()).unwrap();
    stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    stream.write_all(hello).unwrap();
    for _ in 0..times {
        if stream.write_all(bytes).is_err() {
            break;
        }
    }
    stream
}

/// A greeting that named a weaker mechanism, or none, got around the one that the socket was to
/// have.
#[test]
fn cve_2014_7202_no_weaker_mechanism_is_agreed_on() {
    let _alone = alone();
    let scene = Scene::new(true);
    let null = Dialect::V3(1);
    let plain = [&greeting(3, 1, "PLAIN")[..], &command("HELLO", b"\x01u\x01p")].concat();
    for (name, hello) in [("NULL", null.hello(DEALER, b"evil")), ("PLAIN", plain)] {
        let mut peer = Peer::connect(&scene.endpoint);
        peer.try_write(&hello);
        peer.try_write(&null.message(&[b"in the clear"]));
        assert!(peer.is_closed(), "{name}");
        scene.serve();
    }
    scene.finish();
}

/// Nonces were not looked at, so that a message that was seen on the wire could be sent once more.
#[test]
fn cve_2014_7203_no_message_counts_twice() {
    let _alone = alone();
    let scene = Scene::new(true);
    let (mut peer, mut mechanism) = scene.guest(0);
    peer.write(&command_frame(&mechanism.next_command().unwrap().unwrap()));
    mechanism.process(&peer.frame().1).unwrap();
    let Ok(Traffic::Sealed(mut seal, _)) = Box::new(mechanism).split() else {
        panic!("not let in")
    };
    let mut frame = Vec::new();
    seal.seal(0, b"pay", &mut frame).unwrap();
    peer.write(&frame);
    assert_eq!(scene.server.recv()[1..], [b"pay"]);
    peer.write(&frame);
    peer.read_to_end();
    scene.serve();
    scene.finish();
}

/// A header of ZMTP 1 or 2, which know no mechanisms, got around CURVE, at either end.
#[test]
fn cve_2014_9721_no_older_protocol_gets_around_curve() {
    let _alone = alone();
    let scene = Scene::new(true);
    for dialect in [Dialect::V1Unversioned, Dialect::V1, Dialect::V2] {
        let mut peer = Peer::greet(&scene.endpoint, dialect, DEALER, b"evil");
        peer.try_write(&dialect.message(&[b"in the clear"]));
        assert!(peer.is_closed(), "{dialect:?}");
        scene.serve();

        let door = Door::tcp();
        let client = Socket::new(&scene.context, ids::DEALER);
        encrypt(&client);
        client.connect(&door.endpoint());
        client.send(&[b"confidential"]);
        let mut server = door.accept();
        server.write(&dialect.hello(DEALER, b""));
        let told = server.read_to_end();
        let secret = told.windows(12).any(|window| window == b"confidential");
        assert!(!secret, "{dialect:?}: {}", told.escape_ascii());
        client.close();
    }
    scene.finish();
}

/// A length close to 2^64 made the end of the body lie before its beginning, and what followed was
/// written over a function pointer.
#[test]
fn cve_2019_6250_no_length_overflows() {
    let _alone = alone();
    let scene = Scene::new(false);
    for len in [u64::MAX, u64::MAX - 8, u64::MAX - 9, u64::MAX - 8192, 1 << 63, (1 << 63) - 1] {
        for flags in [0, MORE, COMMAND] {
            let mut peer = Peer::greet(&scene.endpoint, V3_1, DEALER, b"evil");
            peer.try_write(&long_header(flags, len));
            peer.try_write(&[0x41; 4096]);
            assert!(peer.is_closed(), "{flags}, {len:x}");
            scene.serve();
        }
    }
    scene.finish();
}

/// What a client said of itself in INITIATE was decrypted into a buffer of a fixed size on the
/// stack.
#[test]
fn cve_2019_13132_no_initiate_is_too_long() {
    let _alone = alone();
    let scene = Scene::new(true);
    for len in [0, 255, 256, 257, 512, 4096, 32_768, 60_000, 65_280, 70_000, 1_000_000] {
        let (mut peer, mut mechanism) = scene.guest(len);
        let Ok(Some(initiate)) = mechanism.next_command() else { continue };
        peer.try_write(&command_frame(&initiate));
        // It is let in or not. That its keys are wrong is found out before anything is kept.
        scene.serve();
        let (mut peer, mut mechanism) = scene.guest(len);
        let mut forged = mechanism.next_command().unwrap().unwrap();
        let last = forged.len() - 1;
        forged[last] ^= 1;
        peer.try_write(&command_frame(&forged));
        assert!(peer.is_closed(), "forged, {len}");
        scene.serve();
    }
    scene.finish();
}

/// Connections without a handshake took part in the rotation of a server's peers, which then heard
/// nobody.
#[test]
fn cve_2020_15166_no_silent_connection_hides_others() {
    let _alone = alone();
    for curve in [false, true] {
        let scene = Scene::new(curve);
        let greeted = greeting(3, 1, if curve { "CURVE" } else { "NULL" });
        let silent: Vec<Peer> = (0..60)
            .map(|number| {
                let mut peer = Peer::connect(&scene.endpoint);
                peer.write(&greeted[..[0, 1, 10, 64][number % 4]]);
                peer
            })
            .collect();
        for _ in 0..20 {
            scene.serve();
        }
        let late = Socket::new(&scene.context, ids::DEALER);
        if curve {
            encrypt(&late);
        }
        late.connect(&scene.endpoint);
        late.send(&[b"late"]);
        assert_eq!(scene.server.recv()[1..], [b"late"]);
        drop(silent);
        late.close();
        scene.finish();
    }
}

/// What was read behind the greeting went beyond the end of a buffer on the heap.
#[test]
fn cve_2020_36400_no_read_goes_beyond_its_buffer() {
    let _alone = alone();
    let context = common::context();
    let (pull, endpoint) = Socket::bound(&context, ids::PULL, TCP);
    for dialect in DIALECTS {
        for size in (8192 - 70..8192 + 10).step_by(3).chain([16_384, 65_536, 300_000]) {
            let body: Vec<u8> = (0..size).map(|at| at as u8).collect();
            // Greeting, frames and the beginning of the next one come in one piece.
            let message = dialect.message(&[&body, b"end"]);
            let bytes = [&dialect.hello(PUSH, b"")[..], &message, &message, &message[..9]].concat();
            let mut peer = Peer::connect(&endpoint);
            peer.write(&bytes);
            for _ in 0..2 {
                assert!(pull.recv() == [&body[..], b"end"], "{dialect:?}, {size}");
            }
        }
    }
    finish(&context, [pull]);
}

/// Servers that hung up in the middle of a message left that message in their client's memory, each
/// time.
#[test]
fn cve_2021_20234_no_bad_server_costs_memory() {
    let _alone = alone();
    let (context, door) = (common::context(), Door::tcp());
    let client = Socket::new(&context, ids::DEALER);
    client.set(ids::RECONNECT_IVL, 1);
    client.connect(&door.endpoint());
    let mut round = |number: usize| {
        let mut server = door.accept();
        let hello = V3_1.hello(DEALER, b"");
        server.try_write(&hello[..[hello.len(), 64, 10][number % 3]]);
        // The beginning of a message, too.
        if number % 3 == 0 {
            server.try_write(&long_header(MORE, 50_000));
            server.try_write(&[0; 40_000]);
        }
    };
    (0..30).for_each(&mut round);
    let before = memory();
    (30..630).for_each(&mut round);
    let growth = memory().saturating_sub(before);
    assert!(growth < BOUND, "{growth} bytes");
    let mut server = door.accept();
    server.write(&V3_1.hello(DEALER, b""));
    server.write(&V3_1.message(&[b"good"]));
    assert_eq!(client.recv(), [b"good"]);
    finish(&context, [client]);
}

/// A decoder's buffer was told another size than it had, and a frame was written past its end.
#[test]
fn cve_2021_20235_no_frame_outgrows_its_buffer() {
    let _alone = alone();
    let scene = Scene::new(false);
    for size in [1, 8191, 8192, 8193, 100_000] {
        let body = vec![b'x'; size];
        let mut peer = Peer::greet(&scene.endpoint, V3_1, DEALER, b"evil");
        // A frame is cut everywhere near the ends of buffers; the next one announces far more than
        // comes.
        let frame = V3_1.message(&[&body]);
        let (first, rest) = frame.split_at(frame.len().min(8192 - 1));
        peer.write(first);
        std::thread::sleep(Duration::from_millis(1));
        peer.write(rest);
        assert!(scene.server.recv()[1..] == [&body[..]], "{size}");
        peer.write(&long_header(0, 1 << 40));
        peer.write(&[0; 20_000]);
        drop(peer);
        scene.serve();
    }
    scene.finish();
}

/// Subscriptions were kept in a tree that was walked by recursion: a topic of a megabyte and its
/// end took all of the stack.
#[test]
fn cve_2021_20236_no_topic_is_too_deep() {
    let _alone = alone();
    let context = common::context();
    let (publisher, endpoint) = Socket::bound(&context, ids::XPUB, TCP);
    let topic: Vec<u8> = (0..1_000_000).map(|at| at as u8).collect();
    for dialect in [Dialect::V2, Dialect::V3(0), V3_1] {
        let mut peer = Peer::greet(&endpoint, dialect, SUB, b"");
        for _ in 0..3 {
            peer.write(&dialect.subscription(true, &topic));
            peer.write(&dialect.subscription(true, &topic[..500_000]));
            peer.write(&dialect.subscription(false, &topic));
            peer.write(&dialect.subscription(false, &topic[..500_000]));
        }
        peer.write(&dialect.subscription(true, b"end"));
        while publisher.recv() != [b"\x01end"] {}
        // And once more, where the connection's end takes it off.
        peer.write(&dialect.subscription(true, &topic));
        drop(peer);
        let subscriber = Socket::new(&context, ids::SUB);
        subscriber.set_bytes(ids::SUBSCRIBE, b"news");
        subscriber.connect(&endpoint);
        while publisher.recv() != [b"\x01news"] {}
        publisher.send(&[b"news of today"]);
        assert_eq!(subscriber.recv(), [b"news of today"]);
        subscriber.close();
    }
    finish(&context, [publisher]);
}

/// A publisher kept all that its peers sent and that was no subscription.
#[test]
fn cve_2021_20237_no_message_to_a_publisher_is_kept() {
    let _alone = alone();
    for kind in [ids::PUB, ids::XPUB] {
        let context = common::context();
        let (publisher, endpoint) = Socket::bound(&context, kind, TCP);
        let before = memory();
        let message = V3_1.message(&[&[0x7F; 200]]).repeat(300);
        let streams: Vec<_> = [PUB, SUB]
            .iter()
            .map(|kind| flood(&endpoint, &V3_1.hello(*kind, b""), &message, 1000))
            .collect();
        // The publisher does what it does meanwhile.
        for _ in 0..100 {
            publisher.send(&[b"nobody wants this"]);
        }
        let growth = memory().saturating_sub(before);
        assert!(growth < BOUND, "{growth} bytes");
        drop(streams);
        let mut subscriber = Peer::greet(&endpoint, V3_1, SUB, b"");
        subscriber.write(&command("SUBSCRIBE", b"news"));
        let kind = if kind == ids::PUB { PUB } else { ("XPUB", 9, false) };
        subscriber.expect(&V3_1.answer(kind, b""));
        let heard = Arc::new(AtomicBool::new(false));
        let until = heard.clone();
        let publishing = std::thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                while publisher.try_recv_any().is_some() {}
                publisher.send(&[b"news"]);
                std::thread::sleep(Duration::from_millis(1));
            }
            publisher
        });
        assert_eq!(subscriber.message(), [b"news"]);
        heard.store(true, Ordering::Relaxed);
        finish(&context, [publishing.join().unwrap()]);
    }
}
