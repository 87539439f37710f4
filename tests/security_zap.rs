//! What we ask a ZAP handler, what we make of its answers, and what happens without one: nobody comes
//! in but by a well-formed 200, however the handler fails.
#![forbid(unsafe_code)]

mod common;

use common::bytes::{command, greeting, property, ready, Dialect, PUSH};
use common::zap::{reply, send, Frames, Handler};
use common::{context, finish, EventIs, Monitor, Peer, Socket};
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use zeroxide::internal::options::ids;
use zeroxide::internal::options::ids::protocol_error;
use zeroxide::internal::runtime::Context;

const TCP: &str = "tcp://127.0.0.1:*";
const DOMAIN: &[u8] = b"test";
const V3: Dialect = Dialect::V3(1);
const A_WHILE: Duration = Duration::from_millis(100);

/// How a server asks its handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    Plain,
}

const KINDS: [Kind; 2] = [Kind::Null, Kind::Plain];

impl Kind {
    fn configure(self, server: &Socket) {
        if self == Kind::Plain {
            server.set(ids::PLAIN_SERVER, 1);
        }
    }

    /// Everything that a peer says until the server asks the handler.
    fn knock(self) -> Vec<u8> {
        match self {
            Kind::Null => [greeting(3, 1, "NULL"), ready(PUSH, b"")].concat(),
            Kind::Plain => {
                [greeting(3, 1, "PLAIN"), command("HELLO", b"\x05alice\x06secret")].concat()
            }
        }
    }

    /// What it says once the server lets it in.
    fn enter(self, properties: &[u8]) -> Vec<u8> {
        match self {
            Kind::Null => Vec::new(),
            Kind::Plain => {
                command("INITIATE", &[&property("Socket-Type", b"PUSH"), properties].concat())
            }
        }
    }

    /// What the server says first.
    fn greeting(self) -> Vec<u8> {
        match self {
            Kind::Null => greeting(3, 1, "NULL"),
            Kind::Plain => greeting(3, 1, "PLAIN"),
        }
    }
}

/// A server of one kind that pulls, its events, and where it is.
struct Server {
    kind: Kind,
    socket: Socket,
    monitor: Monitor,
    endpoint: String,
}

impl Server {
    fn new(context: &Context, kind: Kind, configure: impl FnOnce(&Socket)) -> Self {
        let socket = Socket::new(context, ids::PULL);
        kind.configure(&socket);
        socket.set_bytes(ids::ZAP_DOMAIN, DOMAIN);
        Self::start(context, kind, socket, configure)
    }

    fn without_domain(context: &Context, kind: Kind, configure: impl FnOnce(&Socket)) -> Self {
        let socket = Socket::new(context, ids::PULL);
        kind.configure(&socket);
        Self::start(context, kind, socket, configure)
    }

    fn start(
        context: &Context,
        kind: Kind,
        socket: Socket,
        configure: impl FnOnce(&Socket),
    ) -> Self {
        configure(&socket);
        let endpoint = socket.bind(TCP);
        Self { kind, monitor: socket.monitor(context), socket, endpoint }
    }

    /// A bare peer that waits for the handler's verdict.
    fn knock(&self) -> Peer {
        let mut peer = Peer::connect(&self.endpoint);
        peer.write(&self.kind.knock());
        // The padding of the signature holds a length for old peers.
        assert_eq!(peer.read(64)[10..], self.kind.greeting()[10..]);
        peer
    }

    /// A bare peer that is turned away before the server has said anything of substance.
    #[track_caller]
    fn knock_in_vain(&self) {
        let mut peer = Peer::connect(&self.endpoint);
        peer.write(&self.kind.knock());
        peer.try_write(&self.kind.enter(b""));
        peer.try_write(&V3.message(&[b"let me in"]));
        let told = peer.read_to_end();
        assert!(self.kind.greeting().starts_with(&told), "{}", told.escape_ascii());
    }

    /// A bare peer that must be let in, and sends a message.
    fn expect_entry(&self) {
        let mut peer = self.knock();
        peer.frame();
        peer.write(&self.kind.enter(b""));
        peer.write(&V3.message(&[b"I am in"]));
        assert_eq!(self.socket.recv(), [b"I am in"], "{:?}", self.kind);
    }

    #[track_caller]
    fn expect_failure(&self, failure: EventIs, what: &str) {
        let EventIs(id, value) = failure;
        self.monitor.wait_for(ids::EVENT_ACCEPTED);
        let found = self.monitor.next();
        assert_eq!(found, (id, value.unwrap_or(found.1)), "{:?}, {what}: {found:x?}", self.kind);
    }

    fn sockets(self) -> [Socket; 2] {
        [self.socket, self.monitor.0]
    }
}

fn auth(status: i32) -> EventIs {
    EventIs(ids::EVENT_HANDSHAKE_FAILED_AUTH, Some(status))
}

fn protocol(code: i32) -> EventIs {
    EventIs(ids::EVENT_HANDSHAKE_FAILED_PROTOCOL, Some(code))
}

fn no_detail(errno: i32) -> EventIs {
    EventIs(ids::EVENT_HANDSHAKE_FAILED_NO_DETAIL, Some(errno))
}

fn welcome() -> Frames {
    reply(b"200", b"user", b"")
}

#[test]
fn requests_say_what_the_rfc_wants() {
    for kind in KINDS {
        let context = context();
        let handler = Handler::always(&context, welcome());
        let server =
            Server::new(&context, kind, |socket| socket.set_bytes(ids::ROUTING_ID, b"server"));
        server.expect_entry();
        let mechanism: &[&[u8]] = match kind {
            Kind::Null => &[b"NULL"],
            Kind::Plain => &[b"PLAIN", b"alice", b"secret"],
        };
        let expected = [&[&b"1.0"[..], b"1", DOMAIN, b"127.0.0.1", b"server"], mechanism].concat();
        assert_eq!(handler.requests(), [expected]);
        drop(handler);
        finish(&context, server.sockets());
    }
}

#[test]
fn handlers_may_be_of_any_type_that_can_answer() {
    for socket_type in [ids::REP, ids::ROUTER, ids::DEALER, ids::PAIR] {
        let context = context();
        let handler = Handler::with_socket(&context, socket_type, move |socket, request| {
            // REP keeps the delimiter to itself.
            let envelope = match socket_type {
                ids::REP => 0,
                ids::ROUTER => 2,
                _ => 1,
            };
            assert_eq!(request[envelope], b"1.0");
            send(socket, &request[..envelope], welcome());
        });
        for kind in KINDS {
            let server = Server::new(&context, kind, |_| {});
            for _ in 0..3 {
                server.expect_entry();
                if socket_type == ids::PAIR {
                    // Who speaks to one at a time only has to see the first one go.
                    std::thread::sleep(A_WHILE);
                }
            }
            server.sockets().into_iter().for_each(Socket::close);
        }
        drop(handler);
        finish(&context, []);
    }
}

#[test]
fn user_id_and_metadata_reach_the_messages() {
    for kind in KINDS {
        let context = context();
        let metadata = [property("X-Role", b"reader"), property("X-Empty", b"")].concat();
        let handler = Handler::always(&context, reply(b"200", b"alice@home", &metadata));
        let server = Server::new(&context, kind, |_| {});
        let claims = [
            property("X-Role", b"admin"),
            property("User-Id", b"root"),
            property("Peer-Address", b"10.0.0.1"),
            property("X-Own", b"mine"),
        ]
        .concat();
        let mut peer = Peer::connect(&server.endpoint);
        match kind {
            Kind::Null => {
                peer.write(&kind.greeting());
                let properties = [property("Socket-Type", b"PUSH"), claims].concat();
                peer.write(&command("READY", &properties));
            }
            Kind::Plain => {
                peer.write(&[kind.knock(), kind.enter(&claims)].concat());
            }
        }
        peer.write(&V3.message(&[b"1", b"2"]));
        for part in server.socket.recv_messages() {
            for (name, value) in [
                ("User-Id", "alice@home"),
                ("X-Role", "reader"),
                ("X-Empty", ""),
                ("X-Own", "mine"),
                ("Socket-Type", "PUSH"),
                ("Peer-Address", "127.0.0.1"),
            ] {
                assert_eq!(part.property(name), Some(value), "{kind:?}: {name}");
            }
        }
        drop(handler);
        finish(&context, server.sockets());
    }
}

#[test]
fn refusals_are_told_to_the_monitor_and_to_the_peer() {
    for kind in KINDS {
        for status in [400, 500] {
            let context = context();
            let code = status.to_string();
            let handler = Handler::always(&context, reply(code.as_bytes(), b"root", b""));
            let server = Server::new(&context, kind, |_| {});
            let mut peer = server.knock();
            peer.expect(&command("ERROR", &[b"\x03", code.as_bytes()].concat()));
            server.expect_failure(auth(status), "refused");
            // It cannot go on as if nothing had been.
            peer.try_write(&kind.enter(b""));
            peer.try_write(&V3.message(&[b"let me in"]));
            assert_eq!(peer.read_to_end(), b"");
            server.monitor.expect(&[EventIs(ids::EVENT_DISCONNECTED, None)]);
            assert_eq!(server.socket.try_recv(), None);
            drop(handler);
            finish(&context, server.sockets());
        }
    }
}

/// 300 asks for patience: the peer is told nothing, and may try again.
#[test]
fn a_temporary_refusal_is_silent() {
    for kind in KINDS {
        let context = context();
        let mut times = 0;
        let handler = Handler::new(&context, move |_| {
            times += 1;
            Some(if times == 1 { reply(b"300", b"", b"") } else { welcome() })
        });
        let server = Server::new(&context, kind, |socket| socket.set(ids::HANDSHAKE_IVL, 200));
        let mut peer = server.knock();
        server.expect_failure(auth(300), "later");
        assert_eq!(peer.read_to_end(), b"");
        server.monitor.expect(&[EventIs(ids::EVENT_DISCONNECTED, None)]);
        server.expect_entry();
        drop(handler);
        finish(&context, server.sockets());
    }
}

#[test]
fn malformed_replies_keep_the_peer_out() {
    let good = welcome();
    let with = |at: usize, frame: &[u8]| {
        let mut frames = good.clone();
        frames[at] = frame.to_vec();
        frames
    };
    let mut cases: Vec<(Frames, i32)> = vec![
        (with(0, b"1.1"), protocol_error::ZAP_BAD_VERSION),
        (with(0, b""), protocol_error::ZAP_BAD_VERSION),
        (with(1, b"2"), protocol_error::ZAP_BAD_REQUEST_ID),
        (with(1, b""), protocol_error::ZAP_BAD_REQUEST_ID),
        (with(1, b"1\0"), protocol_error::ZAP_BAD_REQUEST_ID),
    ];
    for status in [&b""[..], b"2", b"20", b"2000", b"201", b"100", b"600", b" 200", b"OK!"] {
        cases.push((with(2, status), protocol_error::ZAP_INVALID_STATUS_CODE));
    }
    for metadata in [&b"\x01"[..], b"\x03X-A\0\0\0\x02v", b"\xFFX", b"\x03X-A\xFF\xFF\xFF\xFFv"] {
        cases.push((with(5, metadata), protocol_error::ZAP_INVALID_METADATA));
    }
    for count in 0..6 {
        cases.push((good[..count].to_vec(), protocol_error::ZAP_MALFORMED_REPLY));
    }
    for more in [1, 2, 100] {
        let extra = vec![Vec::new(); more];
        cases.push(([good.clone(), extra].concat(), protocol_error::ZAP_MALFORMED_REPLY));
    }
    for kind in KINDS {
        let context = context();
        let mut answers = cases.clone().into_iter().map(|(frames, _)| frames);
        let handler = Handler::new(&context, move |_| answers.next().or_else(|| Some(welcome())));
        let server = Server::new(&context, kind, |_| {});
        for (frames, code) in &cases {
            let mut peer = server.knock();
            peer.try_write(&kind.enter(b""));
            peer.try_write(&V3.message(&[b"let me in"]));
            assert_eq!(peer.read_to_end(), b"", "{frames:?}");
            server.expect_failure(protocol(*code), &format!("{frames:?}"));
            assert_eq!(server.socket.try_recv(), None);
        }
        server.expect_entry();
        drop(handler);
        finish(&context, server.sockets());
    }
}

/// Only those that do not keep the delimiter for themselves can get this wrong.
#[test]
fn a_reply_needs_its_delimiter() {
    for kind in KINDS {
        let context = context();
        let mut first = true;
        let handler = Handler::with_socket(&context, ids::ROUTER, move |socket, request| {
            let mut envelope = request[..1].to_vec();
            if std::mem::take(&mut first) {
                envelope.push(b"not empty".to_vec());
            }
            send(socket, &envelope, welcome());
        });
        let server = Server::new(&context, kind, |_| {});
        assert_eq!(server.knock().read_to_end(), b"");
        server.expect_failure(protocol(protocol_error::ZAP_UNSPECIFIED), "another delimiter");
        assert_eq!(server.knock().read_to_end(), b"");
        server.expect_failure(protocol(protocol_error::ZAP_MALFORMED_REPLY), "no delimiter");
        drop(handler);
        finish(&context, server.sockets());
    }
}

#[test]
fn without_a_handler_only_null_lets_peers_in_and_not_if_told_otherwise() {
    let context = context();
    let lenient = Server::new(&context, Kind::Null, |_| {});
    lenient.expect_entry();
    let strict = Server::new(&context, Kind::Null, |socket| socket.set(ids::ZAP_ENFORCE_DOMAIN, 1));
    let plain = Server::new(&context, Kind::Plain, |_| {});
    let both = Server::new(&context, Kind::Plain, |socket| socket.set(ids::ZAP_ENFORCE_DOMAIN, 1));
    for server in [&strict, &plain, &both] {
        server.knock_in_vain();
        server.expect_failure(no_detail(libc::EFAULT), "no handler");
        server.monitor.expect(&[EventIs(ids::EVENT_DISCONNECTED, None)]);
        assert_eq!(server.socket.try_recv(), None);
    }
    // Whoever comes once there is a handler is asked about.
    let handler = Handler::always(&context, welcome());
    let servers = [lenient, strict, plain, both];
    for server in &servers {
        server.expect_entry();
    }
    assert_eq!(handler.requests().len(), servers.len());
    drop(handler);
    finish(&context, servers.into_iter().flat_map(Server::sockets));
}

/// A domain that is enforced has to have a name.
#[test]
fn plain_with_an_enforced_domain_needs_one() {
    let context = context();
    let handler = Handler::always(&context, welcome());
    let server = Server::without_domain(&context, Kind::Plain, |socket| {
        socket.set(ids::ZAP_ENFORCE_DOMAIN, 1);
    });
    server.knock_in_vain();
    server.expect_failure(no_detail(libc::EFAULT), "no domain");
    assert!(handler.requests().is_empty());
    drop(handler);
    finish(&context, server.sockets());
}

#[test]
fn null_without_a_domain_asks_nobody() {
    let context = context();
    let handler = Handler::always(&context, reply(b"400", b"", b""));
    let server = Server::without_domain(&context, Kind::Null, |_| {});
    server.expect_entry();
    assert!(handler.requests().is_empty());
    drop(handler);
    finish(&context, server.sockets());
}

/// A domain is a promise: peers too old to be asked about stay out.
#[test]
fn older_protocols_cannot_avoid_the_question() {
    let context = context();
    let handler = Handler::always(&context, welcome());
    let server = Server::new(&context, Kind::Null, |_| {});
    for dialect in [Dialect::V1Unversioned, Dialect::V1, Dialect::V2] {
        let mut peer = Peer::connect(&server.endpoint);
        peer.write(&dialect.hello(PUSH, b"me"));
        peer.try_write(&dialect.message(&[b"let me in"]));
        peer.read_to_end();
        server.monitor.wait_for(ids::EVENT_DISCONNECTED);
        assert_eq!(server.socket.try_recv(), None, "{dialect:?}");
    }
    assert!(handler.requests().is_empty());
    server.expect_entry();
    drop(handler);
    finish(&context, server.sockets());
}

#[test]
fn the_handler_of_another_context_is_not_ours() {
    let (context, other) = (context(), common::context());
    let handler = Handler::always(&other, welcome());
    let server = Server::new(&context, Kind::Plain, |_| {});
    server.knock_in_vain();
    server.expect_failure(no_detail(libc::EFAULT), "no handler");
    assert!(handler.requests().is_empty());
    drop(handler);
    finish(&context, server.sockets());
    finish(&other, []);
}

#[test]
fn a_silent_handler_lets_the_time_run_out() {
    for kind in KINDS {
        let context = context();
        let handler = Handler::silent(&context);
        let server = Server::new(&context, kind, |socket| socket.set(ids::HANDSHAKE_IVL, 150));
        let started = Instant::now();
        assert_eq!(server.knock().read_to_end(), b"");
        assert!(started.elapsed() >= Duration::from_millis(140));
        server.expect_failure(no_detail(libc::ETIMEDOUT), "silence");
        server.monitor.expect(&[EventIs(ids::EVENT_DISCONNECTED, None)]);
        assert_eq!(handler.requests().len(), 1);
        drop(handler);
        finish(&context, server.sockets());
    }
}

/// Also where no handler at all would have meant no objection.
#[test]
fn a_handler_that_goes_away_has_not_agreed() {
    for kind in KINDS {
        let context = context();
        let handler = Handler::silent(&context);
        let server = Server::new(&context, kind, |socket| socket.set(ids::HANDSHAKE_IVL, 300));
        let mut peer = server.knock();
        handler.wait_for(1);
        drop(handler);
        let successor = Handler::always(&context, welcome());
        server.expect_entry();
        assert_eq!(successor.requests().len(), 1, "{kind:?}: the old question is not asked again");
        assert_eq!(peer.read_to_end(), b"", "{kind:?}");
        server.monitor.wait_for(ids::EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        drop(successor);
        finish(&context, server.sockets());
    }
}

/// A reply whose last part never comes is none.
#[test]
fn half_a_reply_is_no_reply() {
    let context = context();
    let handler = Handler::with_socket(&context, ids::DEALER, |socket, _| {
        socket.begin(&[b"", b"1.0", b"1", b"200", b"OK", b"user"]);
    });
    let server = Server::new(&context, Kind::Plain, |socket| socket.set(ids::HANDSHAKE_IVL, 200));
    assert_eq!(server.knock().read_to_end(), b"");
    server.expect_failure(no_detail(libc::ETIMEDOUT), "half a reply");
    drop(handler);
    finish(&context, server.sockets());
}

/// Everybody's question has its own way there and back, whatever the order of the answers.
#[test]
fn slow_answers_find_who_they_are_for() {
    const PEERS: usize = 20;
    let context = context();
    let mut waiting: Vec<Vec<Vec<u8>>> = Vec::new();
    let handler = Handler::with_socket(&context, ids::ROUTER, move |socket, request| {
        waiting.push(request.to_vec());
        if waiting.len() < PEERS {
            return;
        }
        for request in waiting.drain(..).rev() {
            let user = request[8].clone();
            let status: &[u8] = if user.ends_with(b"3") { b"400" } else { b"200" };
            send(socket, &request[..2], reply(status, &user, b""));
        }
    });
    let server = Server::new(&context, Kind::Plain, |_| {});
    let mut peers: Vec<Peer> = (0..PEERS)
        .map(|number| {
            let mut peer = Peer::connect(&server.endpoint);
            let hello = format!("\x06user{number:02}\x01x");
            peer.write(&[Kind::Plain.greeting(), command("HELLO", hello.as_bytes())].concat());
            peer
        })
        .collect();
    let mut expected = Vec::new();
    for (number, peer) in peers.iter_mut().enumerate() {
        peer.expect(&Kind::Plain.greeting());
        if number % 10 == 3 {
            peer.expect(&command("ERROR", b"\x03400"));
            continue;
        }
        peer.expect(&command("WELCOME", b""));
        let name = format!("user{number:02}");
        peer.write(&Kind::Plain.enter(b""));
        peer.write(&V3.message(&[name.as_bytes()]));
        expected.push(name);
    }
    let mut found = Vec::new();
    for _ in 0..expected.len() {
        let message = &server.socket.recv_messages()[0];
        assert_eq!(message.property("User-Id").map(str::as_bytes), Some(&message[..]));
        found.push(String::from_utf8(message.to_vec()).unwrap());
    }
    found.sort();
    assert_eq!(found, expected);
    drop(handler);
    finish(&context, server.sockets());
}

/// While one peer's question is open, the I/O thread serves the others.
#[test]
fn a_slow_handler_keeps_nobody_else_waiting() {
    let context = context();
    let handler = Handler::silent(&context);
    let server = Server::new(&context, Kind::Plain, |_| {});
    let (pull, endpoint) = Socket::bound(&context, ids::PULL, TCP);
    let push = Socket::new(&context, ids::PUSH);
    push.connect(&endpoint);
    let _peers: Vec<Peer> = (0..50).map(|_| server.knock()).collect();
    handler.wait_for(50);
    let started = Instant::now();
    for _ in 0..100 {
        push.send(&[b"on"]);
        assert_eq!(pull.recv(), [b"on"]);
    }
    assert!(started.elapsed() < Duration::from_secs(1));
    drop(handler);
    finish(&context, server.sockets().into_iter().chain([push, pull]));
}

/// Late and double answers meet nobody, or somebody who has stopped listening.
#[test]
fn answers_that_nobody_waits_for_do_no_harm() {
    for kind in KINDS {
        let context = context();
        let handler = Handler::with_socket(&context, ids::ROUTER, |socket, request| {
            std::thread::sleep(Duration::from_millis(30));
            send(socket, &request[..2], welcome());
            send(socket, &request[..2], reply(b"400", b"", b""));
            send(socket, &request[..2], Vec::from([vec![0; 100_000]]));
        });
        let server = Server::new(&context, kind, |_| {});
        for _ in 0..5 {
            drop(server.knock());
            server.expect_entry();
        }
        drop(handler);
        finish(&context, server.sockets());
    }
}

/// What a peer sends before its time stays in the kernel, and in the peer.
#[test]
fn a_peer_cannot_fill_our_memory_while_the_handler_thinks() {
    for kind in KINDS {
        let context = context();
        let handler = Handler::silent(&context);
        let server = Server::new(&context, kind, |_| {});
        let address = server.endpoint.strip_prefix("tcp://").unwrap();
        let mut peer = TcpStream::connect(address).unwrap();
        peer.write_all(&kind.knock()).unwrap();
        handler.wait_for(1);
        peer.set_write_timeout(Some(A_WHILE)).unwrap();
        let flood = vec![b'x'; 1 << 20];
        let mut sent = 0;
        let error = loop {
            match peer.write(&flood) {
                Ok(written) => sent += written,
                Err(error) => break error,
            }
            assert!(sent < 64 << 20, "{kind:?}: it takes all that comes");
        };
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{kind:?}: {error}");
        drop(handler);
        finish(&context, server.sockets());
    }
}

/// What came ahead is not lost: it is read when the handler has let the peer in.
#[test]
fn a_peer_may_say_everything_at_once() {
    for kind in KINDS {
        let context = context();
        let handler = Handler::new(&context, |_| {
            std::thread::sleep(Duration::from_millis(50));
            Some(welcome())
        });
        let server = Server::new(&context, kind, |_| {});
        let body = vec![7; 100_000];
        let mut peer = Peer::connect(&server.endpoint);
        let all = [kind.knock(), kind.enter(b""), V3.message(&[b"first", &body])].concat();
        peer.write(&all);
        assert_eq!(server.socket.recv(), [&b"first"[..], &body]);
        drop(handler);
        finish(&context, server.sockets());
    }
}

#[test]
fn a_context_ends_with_questions_open() {
    for kind in KINDS {
        let context = context();
        let handler = Socket::new(&context, ids::REP);
        handler.bind(common::zap::ADDRESS);
        let server = Server::new(&context, kind, |_| {});
        let mut peers: Vec<Peer> = (0..10).map(|_| server.knock()).collect();
        // The connecting side may ask as well.
        let asking = Socket::new(&context, ids::PULL);
        kind.configure(&asking);
        asking.set_bytes(ids::ZAP_DOMAIN, DOMAIN);
        asking.connect(&server.endpoint);
        assert_eq!(handler.recv()[0], b"1.0");
        let started = Instant::now();
        finish(&context, server.sockets().into_iter().chain([handler, asking]));
        assert!(started.elapsed() < Duration::from_secs(2), "{kind:?}");
        for peer in &mut peers {
            assert_eq!(peer.read_to_end(), b"");
        }
    }
}

/// The handler closes while questions arrive, again and again; none is lost between two handlers.
#[test]
fn handlers_come_and_go_under_load() {
    let context = context();
    let server = Server::new(&context, Kind::Plain, |socket| {
        socket.set(ids::HANDSHAKE_IVL, 100);
    });
    let flood = std::thread::spawn({
        let endpoint = server.endpoint.clone();
        move || {
            for _ in 0..300 {
                let mut peer = Peer::connect(&endpoint);
                peer.try_write(&Kind::Plain.knock());
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    });
    while !flood.is_finished() {
        let handler = Handler::always(&context, welcome());
        std::thread::sleep(Duration::from_millis(5));
        drop(handler);
    }
    assert!(flood.join().is_ok());
    let handler = Handler::always(&context, welcome());
    server.expect_entry();
    drop(handler);
    finish(&context, server.sockets());
}

/// A property list from the handler is not read by the square of its length.
#[test]
fn many_properties_cost_little() {
    let context = context();
    let metadata: Vec<u8> =
        (0..20_000).flat_map(|number| property(&format!("X-{number}"), b"")).collect();
    let handler = Handler::always(&context, reply(b"200", b"user", &metadata));
    let server = Server::new(&context, Kind::Null, |_| {});
    let started = Instant::now();
    server.expect_entry();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    drop(handler);
    finish(&context, server.sockets());
}
