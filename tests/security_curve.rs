//! CURVE as an attacker meets it: every command cut short, over-long, repeated, out of order and with
//! flipped bits, replayed cookies and messages, weaker mechanisms and older protocols, peers that are
//! silent or slow, and thousands who never finish. All the while a client with the right keys is served.
#![forbid(unsafe_code)]

mod common;

use common::bytes::{command, command_frame, greeting, ready, Dialect, DEALER};
use common::process::{descriptors, memory};
use common::zap::{reply, Handler};
use common::{context, disagree, finish, Door, EventIs, Monitor, Peer, Random, Setup, Socket};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use zeroxide::internal::options::ids;
use zeroxide::internal::options::ids::protocol_error;
use zeroxide::internal::runtime::Context;
use zeroxide::internal::security::curve::{Client, ClientKeys, Key, Server};
use zeroxide::internal::security::{Local, Mechanism, Open, Seal, Traffic};
use zeroxide::SocketType;

const TCP: &str = "tcp://127.0.0.1:*";
const SERVER: [u8; 32] = [2; 32];
const CLIENT: [u8; 32] = [1; 32];

/// A server, its handler, and a client that is served.
struct Scene {
    context: Context,
    server: Socket,
    monitor: Monitor,
    endpoint: String,
    handler: Handler,
    client: Socket,
}

impl Scene {
    fn new(configure: impl FnOnce(&Socket)) -> Self {
        let context = context();
        let known = Key::new(CLIENT).public();
        let handler = Handler::new(&context, move |request| match request {
            [.., mechanism, key] if mechanism == b"CURVE" && *key == known => {
                Some(reply(b"200", b"alice", b""))
            }
            _ => Some(reply(b"400", b"", b"")),
        });
        let server = Socket::new(&context, ids::ROUTER);
        serve_with(&server);
        configure(&server);
        let endpoint = server.bind(TCP);
        let client = client(&context, CLIENT);
        // Before there is anything to tell.
        let monitor = server.monitor(&context);
        client.connect(&endpoint);
        let scene = Self { monitor, context, server, endpoint, handler, client };
        scene.serve();
        scene.monitor.wait_for(ids::EVENT_HANDSHAKE_SUCCEEDED);
        scene
    }

    /// The client asks, and is answered.
    #[track_caller]
    fn serve(&self) {
        self.client.ask(&self.server);
    }

    /// A bare peer that has exchanged greetings.
    fn attacker(&self) -> Attacker {
        let mut peer = Peer::connect(&self.endpoint);
        peer.write(&curve());
        peer.expect(&curve());
        Attacker { peer, mechanism: Box::new(mechanism()) }
    }

    /// A bare peer that is about to send INITIATE.
    fn guest(&self) -> (Attacker, Vec<u8>) {
        let mut attacker = self.attacker();
        let hello = attacker.next();
        attacker.peer.write(&command_frame(&hello));
        attacker.hear();
        let initiate = attacker.next();
        (attacker, initiate)
    }

    /// A bare peer that was let in.
    fn insider(&self) -> Insider {
        let (mut attacker, initiate) = self.guest();
        attacker.peer.write(&command_frame(&initiate));
        attacker.hear();
        match attacker.mechanism.split() {
            Ok(Traffic::Sealed(seal, open)) => Insider { peer: attacker.peer, seal, open },
            _ => panic!("not let in"),
        }
    }

    /// The peer is thrown out for this, and told nothing; the client does not notice.
    #[track_caller]
    fn expect_end(&self, mut peer: Peer, failure: EventIs, what: &str) {
        assert_eq!(peer.read_to_end(), b"", "{what}");
        let EventIs(id, value) = failure;
        let found = (id, self.monitor.wait_for(id));
        assert_eq!(found, (id, value.unwrap_or(found.1)), "{what}: {found:x?}");
        self.monitor.wait_for(ids::EVENT_DISCONNECTED);
        self.serve();
        assert_eq!(self.server.try_recv(), None, "{what}");
    }

    fn finish(self) {
        drop(self.handler);
        finish(&self.context, [self.server, self.client, self.monitor.0]);
    }
}

/// A bare peer in the middle of a handshake.
struct Attacker {
    peer: Peer,
    mechanism: Box<dyn Mechanism>,
}

impl Attacker {
    fn next(&mut self) -> Vec<u8> {
        self.mechanism.next_command().unwrap().unwrap()
    }

    fn hear(&mut self) {
        let (_, body) = self.peer.frame();
        self.mechanism.process(&body).unwrap();
    }
}

/// A bare peer that may send messages.
struct Insider {
    peer: Peer,
    seal: Box<dyn Seal>,
    open: Box<dyn Open>,
}

impl Insider {
    fn sealed(&mut self, body: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        self.seal.seal(0, body, &mut frame).unwrap();
        frame
    }

    fn recv(&mut self) -> Vec<u8> {
        let (_, sealed) = self.peer.frame();
        let mut body = vec![0; self.open.opened_len(sealed.len())];
        self.open.open(&sealed, &mut body).unwrap();
        body
    }
}

fn local() -> Local {
    Local {
        socket_type: SocketType::Dealer,
        routing_id: b"me".to_vec(),
        metadata: Vec::new(),
        zap_domain: Vec::new(),
        zap_enforce_domain: false,
        peer_address: Vec::new(),
    }
}

fn mechanism() -> Client {
    let secret = Key::new(CLIENT);
    let server = Key::new(SERVER).public();
    Client::new(local(), ClientKeys { public: secret.public(), secret, server })
}

fn serve_with(server: &Socket) {
    server.set(ids::CURVE_SERVER, 1);
    server.set_bytes(ids::CURVE_SECRETKEY, &SERVER);
}

fn client(context: &Context, secret: [u8; 32]) -> Socket {
    let client = Socket::new(context, ids::DEALER);
    client.set_bytes(ids::CURVE_SERVERKEY, &Key::new(SERVER).public());
    client.set_bytes(ids::CURVE_PUBLICKEY, &Key::new(secret).public());
    client.set_bytes(ids::CURVE_SECRETKEY, &secret);
    client.set(ids::RECONNECT_IVL, 1);
    client
}

fn curve() -> Vec<u8> {
    greeting(3, 1, "CURVE")
}

fn protocol(code: i32) -> EventIs {
    EventIs(ids::EVENT_HANDSHAKE_FAILED_PROTOCOL, Some(code))
}

const ANY_PROTOCOL: EventIs = EventIs(ids::EVENT_HANDSHAKE_FAILED_PROTOCOL, None);

fn no_detail(errno: i32) -> EventIs {
    EventIs(ids::EVENT_HANDSHAKE_FAILED_NO_DETAIL, Some(errno))
}

#[test]
fn messages_are_sealed_and_their_sender_is_known() {
    let scene = Scene::new(|_| {});
    let mut peer = scene.insider();
    let large = vec![7; 100_000];
    for body in [&b""[..], b"hello", &large] {
        let frame = peer.sealed(body);
        peer.peer.write(&frame);
        let parts = scene.server.recv_messages();
        assert_eq!((&parts[0][..], &parts[1][..]), (&b"me"[..], body));
        assert_eq!(parts[1].property("User-Id"), Some("alice"));
        scene.server.send(&[b"me", body]);
        assert_eq!(peer.recv(), body);
    }
    assert_eq!(scene.handler.requests()[1][5..], [&b"CURVE"[..], &Key::new(CLIENT).public()]);
    scene.finish();
}

#[test]
fn frames_may_come_byte_by_byte() {
    let scene = Scene::new(|_| {});
    let mut peer = scene.insider();
    let frames = [peer.sealed(b"one"), peer.sealed(&[7; 300])].concat();
    peer.peer.write_bytewise(&frames);
    assert_eq!(scene.server.recv(), [&b"me"[..], b"one"]);
    assert_eq!(scene.server.recv(), [&b"me"[..], &[7; 300]]);
    scene.finish();
}

#[test]
fn who_is_refused_learns_it_and_does_not_come_back() {
    let scene = Scene::new(|_| {});
    let mallory = client(&scene.context, [3; 32]);
    let events = mallory.monitor(&scene.context);
    mallory.connect(&scene.endpoint);
    // The answer may have come already.
    mallory.try_send(b"let me in");
    assert_eq!(events.wait_for(ids::EVENT_HANDSHAKE_FAILED_AUTH), 400);
    assert_eq!(scene.monitor.wait_for(ids::EVENT_HANDSHAKE_FAILED_AUTH), 400);
    let asked = scene.handler.requests().len();
    assert!(mallory.is_silent(Duration::from_millis(100)));
    assert_eq!(scene.handler.requests().len(), asked);
    scene.serve();
    mallory.close();
    events.0.close();
    assert_eq!(scene.server.try_recv(), None);
    scene.finish();
}

#[test]
fn hello_is_refused_at_every_other_length() {
    let scene = Scene::new(|_| {});
    for len in (0..200).chain([201, 300, 60_000]) {
        let mut attacker = scene.attacker();
        let mut hello = attacker.next();
        hello.resize(len, 0);
        attacker.peer.write(&command_frame(&hello));
        let failure = match len {
            0..=5 => protocol_error::ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
            _ => protocol_error::ZMTP_MALFORMED_COMMAND_HELLO,
        };
        scene.expect_end(attacker.peer, protocol(failure), &format!("HELLO of {len}"));
    }
    assert_eq!(scene.handler.requests().len(), 1, "for the client");
    scene.finish();
}

#[test]
fn initiate_is_refused_at_every_other_length() {
    let scene = Scene::new(|_| {});
    let whole = scene.guest().1.len();
    for len in (0..whole).chain([whole + 1, 2 * whole, 60_000]) {
        let (mut attacker, mut initiate) = scene.guest();
        initiate.resize(len, 0);
        attacker.peer.write(&command_frame(&initiate));
        let failure = match len {
            0..=8 => protocol_error::ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
            9..=256 => protocol_error::ZMTP_MALFORMED_COMMAND_INITIATE,
            _ => protocol_error::ZMTP_CRYPTOGRAPHIC,
        };
        scene.expect_end(attacker.peer, protocol(failure), &format!("INITIATE of {len}"));
    }
    assert_eq!(scene.handler.requests().len(), 1, "for the client");
    scene.finish();
}

#[test]
fn no_bit_of_a_handshake_can_be_flipped() {
    let scene = Scene::new(|_| {});
    let mut random = Random::new(3);
    // What comes before is padding, and the highest bit of a public key does not count in X25519.
    for at in (80..200).filter(|at| *at != 111) {
        let mut attacker = scene.attacker();
        let mut hello = attacker.next();
        hello[at] ^= 1 << random.below(8);
        attacker.peer.write(&command_frame(&hello));
        let failure = protocol(protocol_error::ZMTP_CRYPTOGRAPHIC);
        scene.expect_end(attacker.peer, failure, &format!("HELLO, byte {at}"));
    }
    let whole = scene.guest().1.len();
    for at in 9..whole {
        let (mut attacker, mut initiate) = scene.guest();
        initiate[at] ^= 1 << random.below(8);
        attacker.peer.write(&command_frame(&initiate));
        let failure = protocol(protocol_error::ZMTP_CRYPTOGRAPHIC);
        scene.expect_end(attacker.peer, failure, &format!("INITIATE, byte {at}"));
    }
    assert_eq!(scene.handler.requests().len(), 1, "for the client");
    scene.finish();
}

#[test]
fn a_connection_that_breaks_anywhere_is_no_more_than_that() {
    let scene = Scene::new(|_| {});
    for cut in (1..64 + 202).step_by(3) {
        let mut mechanism = mechanism();
        let hello = mechanism.next_command().unwrap().unwrap();
        let bytes = [curve(), command_frame(&hello)].concat();
        let mut peer = Peer::connect(&scene.endpoint);
        peer.write(&bytes[..cut]);
        drop(peer);
        scene.monitor.wait_for(ids::EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        scene.monitor.expect(&[EventIs(ids::EVENT_DISCONNECTED, None)]);
    }
    scene.serve();
    scene.finish();
}

#[test]
fn commands_out_of_order_are_refused() {
    let scene = Scene::new(|_| {});
    let unexpected = protocol(protocol_error::ZMTP_UNEXPECTED_COMMAND);
    let others = || {
        [
            ("READY", ready(DEALER, b"me")),
            ("WELCOME", command("WELCOME", &[0; 160])),
            ("ERROR", command("ERROR", b"\x03400")),
            ("MESSAGE", command("MESSAGE", &[0; 100])),
            ("PING", command("PING", b"\0\0")),
        ]
    };
    let initiate = scene.guest().1;
    for (what, bytes) in others().into_iter().chain([("INITIATE", command_frame(&initiate))]) {
        let mut attacker = scene.attacker();
        attacker.peer.write(&bytes);
        scene.expect_end(attacker.peer, unexpected, what);
    }
    let hello = mechanism().next_command().unwrap().unwrap();
    for (what, bytes) in others().into_iter().chain([("HELLO again", command_frame(&hello))]) {
        let (mut attacker, _) = scene.guest();
        attacker.peer.write(&bytes);
        scene.expect_end(attacker.peer, unexpected, what);
    }
    let mut attacker = scene.attacker();
    attacker.peer.write(&Dialect::V3(1).message(&[b"hello"]));
    scene.expect_end(attacker.peer, ANY_PROTOCOL, "a message in the clear");
    scene.finish();
}

/// What was good for one connection is good for no other.
#[test]
fn handshakes_cannot_be_replayed() {
    let scene = Scene::new(|_| {});
    let (mut first, initiate) = scene.guest();
    let (mut second, other) = scene.guest();
    let spliced = [&initiate[..105], &other[105..]].concat();
    let failure = protocol(protocol_error::ZMTP_CRYPTOGRAPHIC);
    second.peer.write(&command_frame(&initiate));
    scene.expect_end(second.peer, failure, "another's INITIATE");
    let (mut third, _) = scene.guest();
    third.peer.write(&command_frame(&spliced));
    scene.expect_end(third.peer, failure, "another's cookie");
    first.peer.write(&command_frame(&initiate));
    first.hear();
    // Once more, when it was taken.
    first.peer.write(&command_frame(&initiate));
    scene.expect_end(
        first.peer,
        protocol(protocol_error::ZMTP_UNEXPECTED_COMMAND),
        "INITIATE twice",
    );
    scene.finish();
}

#[test]
fn messages_cannot_be_replayed_reordered_or_changed() {
    let scene = Scene::new(|_| {});
    let sequence = protocol(protocol_error::ZMTP_INVALID_SEQUENCE);
    for replayed in [0, 1] {
        let mut peer = scene.insider();
        let frames = [peer.sealed(b"first"), peer.sealed(b"second")];
        peer.peer.write(&frames.concat());
        assert_eq!(scene.server.recv()[1], b"first");
        assert_eq!(scene.server.recv()[1], b"second");
        peer.peer.write(&frames[replayed]);
        scene.expect_end(peer.peer, sequence, &format!("message {replayed} again"));
    }
    let mut peer = scene.insider();
    let frames = [peer.sealed(b"first"), peer.sealed(b"second")];
    peer.peer.write(&[&frames[1][..], &frames[0]].concat());
    assert_eq!(scene.server.recv()[1], b"second");
    scene.expect_end(peer.peer, sequence, "the first behind the second");

    let len = scene.insider().sealed(b"hello").len();
    for at in 2..len {
        let mut peer = scene.insider();
        let mut frame = peer.sealed(b"hello");
        frame[at] ^= 0x10;
        peer.peer.write(&frame);
        scene.expect_end(peer.peer, ANY_PROTOCOL, &format!("byte {at} changed"));
    }
    scene.finish();
}

#[test]
fn nothing_passes_in_the_clear_after_the_handshake() {
    let scene = Scene::new(|_| {});
    let frames = [
        Dialect::V3(1).message(&[b"hello"]),
        Dialect::V3(1).message(&[b""]),
        Dialect::V3(1).message(&[b"\x07MESSAGE"]),
        Dialect::V3(1).message(&[&[7; 1000]]),
        command("SUBSCRIBE", b""),
        command("PING", b"\0\0"),
        command("MESSAGE", &[0; 20]),
        command("MESSAGE", &[0; 100]),
    ];
    for frame in frames {
        let mut peer = scene.insider();
        peer.peer.write(&frame);
        scene.expect_end(peer.peer, ANY_PROTOCOL, &frame.escape_ascii().to_string());
    }
    scene.finish();
}

#[test]
fn lengths_that_are_too_long_are_refused_before_the_bytes_are_there() {
    let scene = Scene::new(|server| server.set_bytes(ids::MAXMSGSIZE, &1000i64.to_ne_bytes()));
    for len in [64 * 1024 + 1, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, u64::MAX] {
        let header = [&[6][..], &len.to_be_bytes()].concat();
        for (mut peer, name) in [
            (scene.attacker().peer, &b"\x05HELLO"[..]),
            (scene.guest().0.peer, b"\x08INITIATE"),
            (scene.insider().peer, b"\x07MESSAGE"),
        ] {
            peer.write(&header);
            peer.try_write(name);
            peer.read_to_end();
            scene.monitor.wait_for(ids::EVENT_DISCONNECTED);
            scene.serve();
        }
    }
    // As long as allowed, and one byte more.
    let mut peer = scene.insider();
    let frames = [peer.sealed(&[1; 1000]), peer.sealed(&[1; 1001])].concat();
    peer.peer.write(&frames);
    assert_eq!(scene.server.recv()[1].len(), 1000);
    peer.peer.read_to_end();
    scene.serve();
    assert_eq!(scene.server.try_recv(), None);
    scene.finish();
}

/// However long the limit: bodies above 32 KiB take another way.
#[test]
fn the_limit_of_a_message_is_that_of_its_body() {
    for limit in [100, 32_767, 32_768, 100_000] {
        let scene = Scene::new(|server| {
            server.set_bytes(ids::MAXMSGSIZE, &(limit as i64).to_ne_bytes());
        });
        for more in [1, 2, 31, 64] {
            let mut peer = scene.insider();
            let frames = [limit, limit + more].map(|len| peer.sealed(&vec![1; len])).concat();
            peer.peer.try_write(&frames);
            assert_eq!(scene.server.recv()[1].len(), limit);
            peer.peer.read_to_end();
            scene.serve();
            assert_eq!(scene.server.try_recv(), None, "{limit} and {more}");
        }
        scene.finish();
    }
}

#[test]
fn other_mechanisms_and_older_protocols_are_refused() {
    let scene = Scene::new(|_| {});
    for mechanism in ["NULL", "PLAIN", "GSSAPI", "curve", "CURVES", "CURV", "", "CURVE\0x"] {
        for minor in [0, 1] {
            let mut peer = Peer::connect(&scene.endpoint);
            peer.write(&greeting(3, minor, mechanism));
            peer.try_write(&ready(DEALER, b"me"));
            peer.try_write(&Dialect::V3(1).message(&[b"hello"]));
            let mut told = peer.read_to_end();
            told.truncate(64);
            assert!(curve().starts_with(&told), "{mechanism}: {}", told.escape_ascii());
            let found = scene.monitor.wait_for(ids::EVENT_HANDSHAKE_FAILED_PROTOCOL);
            assert_eq!(found, protocol_error::ZMTP_MECHANISM_MISMATCH, "{mechanism}");
            scene.serve();
        }
    }
    for dialect in [Dialect::V1Unversioned, Dialect::V1, Dialect::V2] {
        let mut peer = Peer::connect(&scene.endpoint);
        peer.write(&dialect.hello(DEALER, b"me"));
        peer.try_write(&dialect.message(&[b"hello"]));
        peer.read_to_end();
        scene.monitor.wait_for(ids::EVENT_DISCONNECTED);
        scene.serve();
    }
    assert_eq!(scene.server.try_recv(), None);
    assert_eq!(scene.handler.requests().len(), 1, "for the client");
    scene.finish();
}

/// What a client says to whoever answers in place of the server.
#[test]
fn a_client_talks_to_nobody_but_its_server() {
    let mut hello = mechanism();
    let hello = hello.next_command().unwrap().unwrap();
    let mut impostor = Server::new(local(), Key::new([9; 32]));
    let public = Key::new([9; 32]).public();
    let keys = ClientKeys { public, secret: Key::new([9; 32]), server: public };
    let mut accomplice = Client::new(local(), keys);
    impostor.process(&accomplice.next_command().unwrap().unwrap()).unwrap();
    let welcome = impostor.next_command().unwrap().unwrap();
    let cases = [
        ("an impostor's WELCOME", command_frame(&welcome), protocol_error::ZMTP_CRYPTOGRAPHIC),
        (
            "a short WELCOME",
            command("WELCOME", &[0; 159]),
            protocol_error::ZMTP_MALFORMED_COMMAND_WELCOME,
        ),
        ("READY", ready(DEALER, b""), protocol_error::ZMTP_UNEXPECTED_COMMAND),
        ("HELLO", command_frame(&hello), protocol_error::ZMTP_UNEXPECTED_COMMAND),
        ("a bad ERROR", command("ERROR", b"\x04400"), protocol_error::ZMTP_MALFORMED_COMMAND_ERROR),
    ];
    for (what, bytes, expected) in cases {
        let context = context();
        let client = client(&context, CLIENT);
        let monitor = client.monitor(&context);
        let door = Door::tcp();
        client.connect(&door.endpoint());
        let mut server = door.accept();
        server.write(&[curve(), bytes].concat());
        let told = server.read_to_end();
        assert!(told.len() <= 64 + 202, "{what}: more than a greeting and HELLO");
        let found = monitor.wait_for(ids::EVENT_HANDSHAKE_FAILED_PROTOCOL);
        assert_eq!(found, expected, "{what}: {found:x}");
        finish(&context, [client, monitor.0]);
    }
}

#[test]
fn sockets_that_disagree_on_keys_or_mechanism_exchange_nothing() {
    let context = context();
    let handler = Handler::always(&context, reply(b"200", b"", b""));
    let curve_server = |socket: &Socket| serve_with(socket);
    let curve_client = |socket: &Socket| {
        socket.set_bytes(ids::CURVE_SERVERKEY, &Key::new(SERVER).public());
        socket.set_bytes(ids::CURVE_PUBLICKEY, &Key::new(CLIENT).public());
        socket.set_bytes(ids::CURVE_SECRETKEY, &CLIENT);
    };
    let mistaken = |socket: &Socket| {
        curve_client(socket);
        socket.set_bytes(ids::CURVE_SERVERKEY, &Key::new([8; 32]).public());
    };
    let nobodys = |socket: &Socket| {
        curve_client(socket);
        socket.set_bytes(ids::CURVE_SERVERKEY, &[0; 32]);
    };
    let thief = |socket: &Socket| {
        curve_client(socket);
        socket.set_bytes(ids::CURVE_SECRETKEY, &[7; 32]);
    };
    let plain = |socket: &Socket| socket.set_bytes(ids::PLAIN_USERNAME, b"alice");
    let null = |_: &Socket| {};
    let pairs: [[Setup<'_>; 2]; 8] = [
        [&curve_server, &mistaken],
        [&curve_server, &nobodys],
        [&curve_server, &thief],
        [&curve_server, &plain],
        [&curve_server, &null],
        [&null, &curve_client],
        [&curve_client, &curve_client],
        [&curve_server, &curve_server],
    ];
    pairs.into_iter().enumerate().for_each(|(index, pair)| disagree(&context, index, pair));
    drop(handler);
    finish(&context, []);
}

#[test]
fn a_server_that_comes_back_with_its_key_is_found_again() {
    let context = context();
    let server = Socket::new(&context, ids::ROUTER);
    serve_with(&server);
    let endpoint = server.bind(TCP);
    let client = client(&context, CLIENT);
    client.connect(&endpoint);
    let ask = |server: &Socket| {
        client.send(&[b"question"]);
        let request = server.recv();
        server.send(&[&request[0], b"answer"]);
        assert_eq!(client.recv(), [b"answer"]);
    };
    ask(&server);
    let monitor = client.monitor(&context);
    server.close();
    monitor.wait_for(ids::EVENT_DISCONNECTED);
    let again = Socket::new(&context, ids::ROUTER);
    serve_with(&again);
    let started = Instant::now();
    while again.try_bind(&endpoint).is_err() {
        assert!(started.elapsed() < Duration::from_secs(10), "the address is not free");
        std::thread::sleep(Duration::from_millis(5));
    }
    ask(&again);
    finish(&context, [again, client, monitor.0]);
}

#[test]
fn heartbeats_and_subscriptions_are_sealed_too() {
    let context = context();
    let publisher = Socket::new(&context, ids::XPUB);
    serve_with(&publisher);
    publisher.set(ids::HEARTBEAT_IVL, 20);
    let subscriber = Socket::new(&context, ids::SUB);
    subscriber.set_bytes(ids::CURVE_SERVERKEY, &Key::new(SERVER).public());
    subscriber.set_bytes(ids::CURVE_PUBLICKEY, &Key::new(CLIENT).public());
    subscriber.set_bytes(ids::CURVE_SECRETKEY, &CLIENT);
    subscriber.set(ids::HEARTBEAT_IVL, 30);
    subscriber.set_bytes(ids::SUBSCRIBE, b"topic");
    let monitor = publisher.monitor(&context);
    subscriber.connect(&publisher.bind(TCP));
    assert_eq!(publisher.recv(), [b"\x01topic"]);
    monitor.wait_for(ids::EVENT_HANDSHAKE_SUCCEEDED);
    // Long enough for a good many PINGs to have gone unanswered.
    std::thread::sleep(Duration::from_millis(300));
    publisher.send(&[b"other"]);
    publisher.send(&[b"topic!"]);
    assert_eq!(subscriber.recv(), [b"topic!"]);
    subscriber.set_bytes(ids::UNSUBSCRIBE, b"topic");
    assert_eq!(publisher.recv(), [b"\0topic"]);
    finish(&context, [publisher, subscriber, monitor.0]);
}

#[test]
fn silent_and_slow_peers_have_until_the_handshake_interval() {
    let limit = Duration::from_millis(200);
    let scene = Scene::new(|server| server.set(ids::HANDSHAKE_IVL, 200));
    let hello = mechanism().next_command().unwrap().unwrap();
    let hello = command_frame(&hello);
    for start in [vec![], curve()[..10].to_vec(), curve(), [&curve(), &hello[..100]].concat()] {
        let mut peer = Peer::connect(&scene.endpoint);
        let started = Instant::now();
        peer.write(&start);
        peer.read_to_end();
        let lasted = started.elapsed();
        assert!(lasted >= limit - Duration::from_millis(10), "{lasted:?}");
        assert!(lasted < limit * 10, "{lasted:?}");
        let timeout = no_detail(libc::ETIMEDOUT);
        assert_eq!(Some(scene.monitor.wait_for(timeout.0)), timeout.1);
        scene.serve();
    }
    scene.expect_end(scene.guest().0.peer, no_detail(libc::ETIMEDOUT), "no INITIATE");
    // Whoever sends a byte now and then gains nothing by it.
    let mut peer = Peer::connect(&scene.endpoint);
    let started = Instant::now();
    for byte in [curve(), hello].concat() {
        peer.try_write(&[byte]);
        std::thread::sleep(Duration::from_millis(20));
        scene.serve();
        if started.elapsed() > limit * 3 {
            break;
        }
    }
    peer.read_to_end();
    assert_eq!(scene.handler.requests().len(), 1, "for the client");
    scene.finish();
}

/// 5,000 of them, a fifth of them welcomed, or as many as the system lets one process have, both ends
/// counted.
#[test]
fn a_crowd_that_never_finishes_keeps_nobody_out() {
    let wanted = 5_000;
    let crowd = wanted.min(descriptors(2 * wanted + 500).saturating_sub(500) / 2);
    assert!(crowd >= 200, "too few descriptors for this test");
    let scene = Scene::new(|server| server.set(ids::BACKLOG, 2_000));
    let address = scene.endpoint.strip_prefix("tcp://").unwrap();
    let hello = command_frame(&mechanism().next_command().unwrap().unwrap());
    let starts = [
        vec![],
        curve()[..11].to_vec(),
        curve(),
        [&curve(), &hello[..100]].concat(),
        [curve(), hello].concat(),
    ];
    let before = memory();
    let mut streams = Vec::new();
    for index in 0..crowd {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&starts[index % starts.len()]).unwrap();
        if index % starts.len() == 4 {
            stream.read_exact(&mut [0; 64 + 170]).unwrap();
        }
        streams.push(stream);
    }
    for _ in 0..5 {
        let started = Instant::now();
        let late = client(&scene.context, CLIENT);
        late.connect(&scene.endpoint);
        late.send(&[b"late"]);
        let request = scene.server.recv();
        assert_eq!(request[1..], [b"late"]);
        scene.server.send(&[&request[0], b"but in"]);
        assert_eq!(late.recv(), [b"but in"]);
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        late.close();
    }
    let grown = memory().saturating_sub(before) / crowd;
    assert!(grown < 32 * 1024, "{grown} bytes for each who does not finish");
    scene.serve();
    drop(streams);
    scene.finish();
}
