//! PLAIN as an attacker meets it: every command cut short, repeated, out of order and over-long, weaker
//! mechanisms and older protocols, peers that are silent or slow, and a thousand who never finish.
//! All the while a client that knows the password is served.
#![forbid(unsafe_code)]

mod common;

use common::bytes::{command, command_frame, greeting, property, ready, Dialect, DEALER, ROUTER};
use common::process::{descriptors, memory};
use common::zap::{reply, Handler};
use common::{context, disagree, finish, Door, EventIs, Monitor, Peer, Setup, Socket};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use zeroxide::internal::options::ids;
use zeroxide::internal::options::ids::protocol_error;
use zeroxide::internal::runtime::Context;

const TCP: &str = "tcp://127.0.0.1:*";
const USER: &[u8] = b"alice";
const PASSWORD: &[u8] = b"secret";

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
        let handler = Handler::of_password(&context, PASSWORD);
        let server = Socket::new(&context, ids::ROUTER);
        server.set(ids::PLAIN_SERVER, 1);
        configure(&server);
        let endpoint = server.bind(TCP);
        let client = client(&context, USER, PASSWORD);
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
    fn attacker(&self) -> Peer {
        let mut peer = Peer::connect(&self.endpoint);
        peer.write(&plain());
        peer.expect(&plain());
        peer
    }

    /// A bare peer that was welcomed.
    fn guest(&self) -> Peer {
        let mut peer = self.attacker();
        peer.write(&hello(USER, PASSWORD));
        peer.expect(&command("WELCOME", b""));
        peer
    }

    /// The peer is thrown out for this, and told nothing but `told`; the client does not notice.
    #[track_caller]
    fn expect_end(&self, mut peer: Peer, told: &[u8], failure: EventIs, what: &str) {
        assert_eq!(peer.read_to_end(), told, "{what}");
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

fn client(context: &Context, user: &[u8], password: &[u8]) -> Socket {
    let client = Socket::new(context, ids::DEALER);
    client.set_bytes(ids::PLAIN_USERNAME, user);
    client.set_bytes(ids::PLAIN_PASSWORD, password);
    client.set(ids::RECONNECT_IVL, 1);
    client
}

fn plain() -> Vec<u8> {
    greeting(3, 1, "PLAIN")
}

fn hello_data(user: &[u8], password: &[u8]) -> Vec<u8> {
    [&[user.len() as u8], user, &[password.len() as u8], password].concat()
}

fn hello(user: &[u8], password: &[u8]) -> Vec<u8> {
    command("HELLO", &hello_data(user, password))
}

fn properties() -> Vec<u8> {
    [property("Socket-Type", b"DEALER"), property("Identity", b"me")].concat()
}

fn protocol(code: i32) -> EventIs {
    EventIs(ids::EVENT_HANDSHAKE_FAILED_PROTOCOL, Some(code))
}

const ANY_PROTOCOL: EventIs = EventIs(ids::EVENT_HANDSHAKE_FAILED_PROTOCOL, None);

fn no_detail(errno: i32) -> EventIs {
    EventIs(ids::EVENT_HANDSHAKE_FAILED_NO_DETAIL, Some(errno))
}

#[test]
fn the_handler_is_asked_and_names_the_user() {
    let context = context();
    let handler = Handler::new(&context, |_| Some(reply(b"200", b"Alice A.", b"")));
    let server = Socket::new(&context, ids::PULL);
    server.set(ids::PLAIN_SERVER, 1);
    server.set_bytes(ids::ZAP_DOMAIN, b"global");
    server.set_bytes(ids::ROUTING_ID, b"srv");
    let endpoint = server.bind(TCP);
    let push = Socket::new(&context, ids::PUSH);
    push.set_bytes(ids::PLAIN_USERNAME, USER);
    push.set_bytes(ids::PLAIN_PASSWORD, PASSWORD);
    push.connect(&endpoint);
    push.send(&[b"hello"]);
    let message = &server.recv_messages()[0];
    assert_eq!(&message[..], b"hello");
    assert_eq!(message.property("User-Id"), Some("Alice A."));
    assert_eq!(message.property("Peer-Address"), Some("127.0.0.1"));
    let expected: Vec<Vec<u8>> =
        [&b"1.0"[..], b"1", b"global", b"127.0.0.1", b"srv", b"PLAIN", USER, PASSWORD]
            .map(<[u8]>::to_vec)
            .to_vec();
    assert_eq!(handler.requests(), [expected]);
    drop(handler);
    finish(&context, [server, push]);
}

#[test]
fn empty_and_longest_credentials_arrive_whole() {
    let longest = [b'x'; 255];
    for (user, password) in [(&b""[..], &b""[..]), (&longest, &longest), (b"\0\xFF", b"")] {
        let context = context();
        let handler = Handler::always(&context, reply(b"200", b"", b""));
        let server = Socket::new(&context, ids::DEALER);
        server.set(ids::PLAIN_SERVER, 1);
        let endpoint = server.bind(TCP);
        let mut peer = Peer::connect(&endpoint);
        peer.write(&[plain(), hello(user, password)].concat());
        peer.expect(&[plain(), command("WELCOME", b"")].concat());
        assert_eq!(handler.requests()[0][6..], [user, password]);
        drop(handler);
        finish(&context, [server]);
    }
}

#[test]
fn who_is_refused_learns_it_and_does_not_come_back() {
    let scene = Scene::new(|_| {});
    for (user, password) in [(USER, &b"wrong"[..]), (b"mallory", b"x"), (USER, b"secret\0")] {
        let mallory = client(&scene.context, user, password);
        let events = mallory.monitor(&scene.context);
        mallory.connect(&scene.endpoint);
        // The answer may have come already.
        mallory.try_send(b"let me in");
        assert_eq!(events.wait_for(ids::EVENT_HANDSHAKE_FAILED_AUTH), 400);
        events.wait_for(ids::EVENT_DISCONNECTED);
        scene.monitor.expect(&[
            EventIs(ids::EVENT_ACCEPTED, None),
            EventIs(ids::EVENT_HANDSHAKE_FAILED_AUTH, Some(400)),
            EventIs(ids::EVENT_DISCONNECTED, None),
        ]);
        let asked = scene.handler.requests().len();
        assert!(mallory.is_silent(Duration::from_millis(100)));
        assert_eq!(scene.handler.requests().len(), asked);
        scene.serve();
        mallory.close();
        events.0.close();
    }
    assert_eq!(scene.server.try_recv(), None);
    scene.finish();
}

#[test]
fn hello_cut_short_is_refused_at_every_length() {
    let scene = Scene::new(|_| {});
    let data = hello_data(USER, PASSWORD);
    let body = [b"\x05HELLO", &data[..]].concat();
    for cut in 0..body.len() {
        let mut peer = scene.attacker();
        peer.write(&command_frame(&body[..cut]));
        let failure = match cut {
            0..=5 => protocol(protocol_error::ZMTP_MALFORMED_COMMAND_UNSPECIFIED),
            _ => protocol(protocol_error::ZMTP_MALFORMED_COMMAND_HELLO),
        };
        scene.expect_end(peer, b"", failure, &format!("cut at {cut}"));
    }
    assert_eq!(scene.handler.requests().len(), 1, "for the client");
    scene.finish();
}

#[test]
fn initiate_cut_short_is_refused_at_every_length() {
    let scene = Scene::new(|_| {});
    let body = [b"\x08INITIATE", &properties()[..]].concat();
    let between_properties = [9, 9 + property("Socket-Type", b"DEALER").len()];
    for cut in (0..body.len()).filter(|cut| !between_properties.contains(cut)) {
        let mut peer = scene.guest();
        peer.write(&command_frame(&body[..cut]));
        let failure = match cut {
            0..=8 => protocol(protocol_error::ZMTP_MALFORMED_COMMAND_UNSPECIFIED),
            _ => protocol(protocol_error::ZMTP_INVALID_METADATA),
        };
        scene.expect_end(peer, b"", failure, &format!("cut at {cut}"));
    }
    scene.finish();
}

#[test]
fn a_connection_that_breaks_anywhere_is_no_more_than_that() {
    let scene = Scene::new(|_| {});
    let bytes = [plain(), hello(USER, PASSWORD), command("INITIATE", &properties())].concat();
    for cut in 1..bytes.len() {
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
    let initiate = command("INITIATE", &properties());
    let first: [(&str, Vec<u8>, EventIs); 8] = [
        ("INITIATE", initiate.clone(), unexpected),
        ("READY", ready(DEALER, b"me"), unexpected),
        ("WELCOME", command("WELCOME", b""), unexpected),
        ("ERROR", command("ERROR", b"\x03400"), unexpected),
        ("hello", command("hello", &hello_data(USER, PASSWORD)), unexpected),
        ("HELL", command("HELL", b"O\x01a\x01b"), unexpected),
        ("a message", Dialect::V3(1).message(&[b"hello"]), ANY_PROTOCOL),
        ("PING", command("PING", b"\0\0"), unexpected),
    ];
    for (what, bytes, failure) in first {
        let mut peer = scene.attacker();
        peer.write(&bytes);
        scene.expect_end(peer, b"", failure, what);
    }
    let second: [(&str, Vec<u8>); 5] = [
        ("HELLO again", hello(USER, PASSWORD)),
        ("READY", ready(DEALER, b"me")),
        ("WELCOME", command("WELCOME", b"")),
        ("ERROR", command("ERROR", b"\x03400")),
        ("a message", Dialect::V3(1).message(&[b"\x07message"])),
    ];
    for (what, bytes) in second {
        let mut peer = scene.guest();
        peer.write(&bytes);
        scene.expect_end(peer, b"", ANY_PROTOCOL, &format!("{what} instead of INITIATE"));
    }
    scene.finish();
}

/// HELLO twice in one piece: the second one is there before the handler has answered the first.
#[test]
fn a_second_hello_buys_nothing() {
    let scene = Scene::new(|_| {});
    for second in [hello(USER, PASSWORD), hello(USER, b"wrong")] {
        let mut peer = scene.attacker();
        peer.write(&[hello(USER, PASSWORD), second].concat());
        let told = peer.read_to_end();
        assert!(command("WELCOME", b"").starts_with(&told), "{}", told.escape_ascii());
        scene.monitor.wait_for(ids::EVENT_HANDSHAKE_FAILED_PROTOCOL);
        scene.serve();
    }
    // A wrong guess, and the right one behind it.
    let mut peer = scene.attacker();
    peer.write(&[hello(USER, b"wrong"), hello(USER, PASSWORD)].concat());
    peer.read_to_end();
    assert_eq!(scene.monitor.wait_for(ids::EVENT_HANDSHAKE_FAILED_AUTH), 400);
    scene.serve();
    assert_eq!(scene.handler.requests().len(), 4, "one each");
    scene.finish();
}

/// After the handshake, handshake commands are commands that mean nothing.
#[test]
fn a_second_initiate_does_no_harm() {
    let scene = Scene::new(|_| {});
    let mut peer = scene.guest();
    let initiate = |id: &[u8]| {
        let identity = property("Identity", id);
        command("INITIATE", &[property("Socket-Type", b"DEALER"), identity].concat())
    };
    peer.write(&[initiate(b"me"), initiate(b"root"), hello(b"root", b"")].concat());
    peer.write(&Dialect::V3(1).message(&[b"hello"]));
    peer.expect(&ready(ROUTER, b""));
    assert_eq!(scene.server.recv(), [&b"me"[..], b"hello"]);
    scene.server.send(&[b"me", b"hello"]);
    peer.expect(&Dialect::V3(1).message(&[b"hello"]));
    scene.serve();
    scene.finish();
}

#[test]
fn commands_that_are_too_long_are_refused_before_they_are_there() {
    let scene = Scene::new(|_| {});
    for len in [64 * 1024 + 1, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, u64::MAX] {
        let header = [&[6][..], &len.to_be_bytes()].concat();
        let mut peer = scene.attacker();
        peer.write(&header);
        peer.try_write(b"\x05HELLO");
        scene.expect_end(peer, b"", ANY_PROTOCOL, &format!("HELLO of {len}"));
        let mut peer = scene.guest();
        peer.write(&header);
        peer.try_write(b"\x08INITIATE");
        scene.expect_end(peer, b"", ANY_PROTOCOL, &format!("INITIATE of {len}"));
    }
    // As long as a command may be, and longer than its contents say.
    let mut peer = scene.attacker();
    let padded = [hello_data(USER, PASSWORD), vec![0; 60_000]].concat();
    peer.write(&command("HELLO", &padded));
    let failure = protocol(protocol_error::ZMTP_MALFORMED_COMMAND_HELLO);
    scene.expect_end(peer, b"", failure, "HELLO with something behind it");
    scene.finish();
}

#[test]
fn lying_lengths_in_metadata_are_refused() {
    let scene = Scene::new(|_| {});
    let mut lies: Vec<Vec<u8>> = Vec::new();
    for len in [7u32, 100, 1 << 24, 1 << 31, u32::MAX] {
        lies.push([&b"\x0bSocket-Type"[..], &len.to_be_bytes(), b"DEALER"].concat());
    }
    lies.push([property("Socket-Type", b"DEALER"), b"\xFFIdentity".to_vec()].concat());
    lies.push([property("Socket-Type", b"DEALER"), property("Identity", &[b'x'; 256])].concat());
    lies.push(property("Socket-Type", b"PULL"));
    lies.push(property("Socket-Type", b"DEALERS"));
    for lie in lies {
        let mut peer = scene.guest();
        peer.write(&command("INITIATE", &lie));
        let failure = protocol(protocol_error::ZMTP_INVALID_METADATA);
        scene.expect_end(peer, b"", failure, &lie.escape_ascii().to_string());
    }
    scene.finish();
}

/// The names under which an application finds what we and the handler know are not for the peer.
#[test]
fn a_peer_cannot_pretend_to_be_somebody_else() {
    let scene = Scene::new(|_| {});
    let mut peer = scene.guest();
    let claims =
        [property("User-Id", b"root"), property("Peer-Address", b"10.0.0.1"), properties()];
    peer.write(&command("INITIATE", &claims.concat()));
    peer.write(&Dialect::V3(1).message(&[b"hello"]));
    let parts = scene.server.recv_messages();
    assert_eq!(parts[1].property("User-Id"), Some("alice"));
    assert_eq!(parts[1].property("Peer-Address"), Some("127.0.0.1"));
    assert_eq!(parts[1].property("Identity"), Some("me"));
    scene.finish();
}

#[test]
fn other_mechanisms_are_refused() {
    let scene = Scene::new(|_| {});
    for mechanism in ["NULL", "CURVE", "GSSAPI", "plain", "PLAINS", "PLAI", "", "PLAIN\0x"] {
        for minor in [0, 1] {
            let mut peer = Peer::connect(&scene.endpoint);
            peer.write(&greeting(3, minor, mechanism));
            peer.try_write(&ready(DEALER, b"me"));
            peer.try_write(&Dialect::V3(1).message(&[b"hello"]));
            let failure = protocol(protocol_error::ZMTP_MECHANISM_MISMATCH);
            let mut told = peer.read_to_end();
            told.truncate(64);
            assert!(plain().starts_with(&told), "{mechanism}: {}", told.escape_ascii());
            let EventIs(id, value) = failure;
            assert_eq!(Some(scene.monitor.wait_for(id)), value, "{mechanism}");
            scene.serve();
        }
    }
    assert_eq!(scene.handler.requests().len(), 1, "for the client");
    scene.finish();
}

#[test]
fn older_protocols_are_refused() {
    let scene = Scene::new(|_| {});
    for dialect in [Dialect::V1Unversioned, Dialect::V1, Dialect::V2] {
        for id in [&b""[..], b"me"] {
            let mut peer = Peer::connect(&scene.endpoint);
            peer.write(&dialect.hello(DEALER, id));
            peer.try_write(&dialect.message(&[b"hello"]));
            let told = peer.read_to_end();
            assert!(told.len() <= 64, "{dialect:?}: {}", told.escape_ascii());
            scene.monitor.wait_for(ids::EVENT_DISCONNECTED);
            scene.serve();
            assert_eq!(scene.server.try_recv(), None, "{dialect:?}");
        }
    }
    assert_eq!(scene.handler.requests().len(), 1, "for the client");
    scene.finish();
}

/// A client with a password does not say it to whoever answers.
#[test]
fn a_client_keeps_its_password_from_weaker_servers() {
    let null = [greeting(3, 1, "NULL"), ready(ROUTER, b"")].concat();
    let curve = greeting(3, 1, "CURVE");
    let v1 = Dialect::V1Unversioned.hello(ROUTER, b"");
    let (v1_0, v2) = (Dialect::V1.hello(ROUTER, b""), Dialect::V2.hello(ROUTER, b""));
    for answer in [null, curve, v1, v1_0, v2] {
        let context = context();
        let client = client(&context, USER, PASSWORD);
        let door = Door::tcp();
        client.connect(&door.endpoint());
        let mut server = door.accept();
        server.write(&answer);
        let told = server.read_to_end();
        let secret = told.windows(PASSWORD.len()).any(|window| window == PASSWORD);
        assert!(!secret, "{}", told.escape_ascii());
        finish(&context, [client]);
    }
}

#[test]
fn sockets_that_disagree_on_the_mechanism_exchange_nothing() {
    let context = context();
    let handler = Handler::always(&context, reply(b"200", b"", b""));
    let plain_client = |socket: &Socket| socket.set_bytes(ids::PLAIN_USERNAME, USER);
    let plain_server = |socket: &Socket| socket.set(ids::PLAIN_SERVER, 1);
    let null = |_: &Socket| {};
    let pairs: [[Setup<'_>; 2]; 6] = [
        [&plain_server, &null],
        [&null, &plain_server],
        [&plain_client, &null],
        [&null, &plain_client],
        [&plain_client, &plain_client],
        [&plain_server, &plain_server],
    ];
    pairs.into_iter().enumerate().for_each(|(index, pair)| disagree(&context, index, pair));
    drop(handler);
    finish(&context, []);
}

/// The connecting end may be the server, and the binding end the client.
#[test]
fn either_end_may_be_the_server() {
    let context = context();
    let handler = Handler::of_password(&context, PASSWORD);
    let server = Socket::new(&context, ids::DEALER);
    server.set(ids::PLAIN_SERVER, 1);
    let client = client(&context, USER, PASSWORD);
    server.connect(&client.bind(TCP));
    server.send(&[b"question"]);
    assert_eq!(client.recv(), [b"question"]);
    client.send(&[b"answer"]);
    assert_eq!(server.recv(), [b"answer"]);
    drop(handler);
    finish(&context, [server, client]);
}

#[test]
fn a_server_that_breaks_the_rules_is_left() {
    let welcome = command("WELCOME", b"");
    let unexpected = protocol(protocol_error::ZMTP_UNEXPECTED_COMMAND);
    let malformed_ready = protocol(protocol_error::ZMTP_INVALID_METADATA);
    let cases: [(&str, Vec<u8>, EventIs); 9] = [
        ("READY first", ready(ROUTER, b""), unexpected),
        ("HELLO", hello(b"server", b""), unexpected),
        ("a message", Dialect::V3(1).message(&[b"hello"]), ANY_PROTOCOL),
        (
            "a long WELCOME",
            command("WELCOME", b"!"),
            protocol(protocol_error::ZMTP_MALFORMED_COMMAND_WELCOME),
        ),
        ("WELCOME twice", [welcome.clone(), welcome.clone()].concat(), unexpected),
        (
            "a bad ERROR",
            command("ERROR", b"\x04400"),
            protocol(protocol_error::ZMTP_MALFORMED_COMMAND_ERROR),
        ),
        (
            "an ERROR",
            command("ERROR", b"\x03500"),
            EventIs(ids::EVENT_HANDSHAKE_FAILED_AUTH, Some(500)),
        ),
        (
            "a late ERROR",
            [welcome.clone(), command("ERROR", b"\x03400")].concat(),
            EventIs(ids::EVENT_HANDSHAKE_FAILED_AUTH, Some(400)),
        ),
        (
            "a bad READY",
            [welcome.clone(), command("READY", b"\x0bSocket-Type\0\0\0\x09ROUTER")].concat(),
            malformed_ready,
        ),
    ];
    for (what, bytes, EventIs(id, value)) in cases {
        let context = context();
        let client = client(&context, USER, PASSWORD);
        let monitor = client.monitor(&context);
        let door = Door::tcp();
        client.connect(&door.endpoint());
        let mut server = door.accept();
        server.write(&[plain(), bytes].concat());
        server.read_to_end();
        let found = monitor.wait_for(id);
        assert_eq!(found, value.unwrap_or(found), "{what}: {found:x}");
        monitor.wait_for(ids::EVENT_DISCONNECTED);
        assert_eq!(client.try_recv(), None, "{what}");
        finish(&context, [client, monitor.0]);
    }
}

#[test]
fn welcome_and_ready_cut_short_are_refused_at_every_length() {
    let mut cases = Vec::new();
    for cut in 0..8 {
        cases.push(command_frame(&b"\x07WELCOME"[..cut]));
    }
    let body = [b"\x05READY", &property("Socket-Type", b"ROUTER")[..]].concat();
    for cut in (0..body.len()).filter(|cut| *cut != 6) {
        cases.push([command("WELCOME", b""), command_frame(&body[..cut])].concat());
    }
    let context = context();
    let client = client(&context, USER, PASSWORD);
    let monitor = client.monitor(&context);
    for bytes in cases {
        let door = Door::tcp();
        client.connect(&door.endpoint());
        let mut server = door.accept();
        server.write(&[plain(), bytes.clone()].concat());
        server.read_to_end();
        monitor.wait_for(ids::EVENT_HANDSHAKE_FAILED_PROTOCOL);
        monitor.expect(&[EventIs(ids::EVENT_DISCONNECTED, None)]);
    }
    assert_eq!(client.try_recv(), None);
    finish(&context, [client, monitor.0]);
}

#[test]
fn silent_and_slow_peers_have_until_the_handshake_interval() {
    let limit = Duration::from_millis(200);
    let scene = Scene::new(|server| server.set(ids::HANDSHAKE_IVL, 200));
    let starts: [Vec<u8>; 4] = [
        Vec::new(),
        plain()[..10].to_vec(),
        plain(),
        [plain(), command_frame(b"\x05HELLO")[..3].to_vec()].concat(),
    ];
    for start in starts {
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
    // Welcomed, and silent from then on.
    scene.expect_end(scene.guest(), b"", no_detail(libc::ETIMEDOUT), "no INITIATE");
    // Whoever sends a byte now and then gains nothing by it.
    let mut peer = Peer::connect(&scene.endpoint);
    let started = Instant::now();
    for byte in [plain(), hello(USER, PASSWORD)].concat() {
        peer.try_write(&[byte]);
        std::thread::sleep(Duration::from_millis(20));
        scene.serve();
        if started.elapsed() > limit * 3 {
            break;
        }
    }
    peer.read_to_end();
    assert_eq!(scene.handler.requests().len(), 2, "for the client and the guest");
    scene.finish();
}

/// 5,000 of them, or as many as the system lets one process have, both ends counted.
#[test]
fn a_crowd_that_never_finishes_keeps_nobody_out() {
    let wanted = 5_000;
    let crowd = wanted.min(descriptors(2 * wanted + 500).saturating_sub(500) / 2);
    assert!(crowd >= 200, "too few descriptors for this test");
    let scene = Scene::new(|server| server.set(ids::BACKLOG, 2_000));
    let address = scene.endpoint.strip_prefix("tcp://").unwrap();
    let starts = [
        Vec::new(),
        plain()[..11].to_vec(),
        plain(),
        [plain(), hello(b"x", b"y")[..7].to_vec()].concat(),
    ];
    let before = memory();
    let mut crowd_streams = Vec::new();
    for index in 0..crowd {
        let stream = TcpStream::connect(address).unwrap();
        std::io::Write::write_all(&mut &stream, &starts[index % starts.len()]).unwrap();
        crowd_streams.push(stream);
    }
    for _ in 0..5 {
        let started = Instant::now();
        let late = client(&scene.context, USER, PASSWORD);
        late.connect(&scene.endpoint);
        late.send(&[b"late"]);
        let request = scene.server.recv();
        assert_eq!(request[1..], [b"late"]);
        scene.server.send(&[&request[0], b"but in"]);
        assert_eq!(late.recv(), [b"but in"]);
        let took = started.elapsed();
        assert!(took < Duration::from_secs(1), "{took:?}");
        scene.serve();
        late.close();
    }
    let each = memory().saturating_sub(before) / crowd;
    assert!(each < 64 * 1024, "{each} bytes for each who waits");
    drop(crowd_streams);
    scene.serve();
    scene.finish();
}
