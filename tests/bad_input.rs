//! Peers that break the rules. Whatever they send, their connection closes, the monitor says why, a
//! peer that keeps to the rules goes on working, and no thread of ours panics.
#![forbid(unsafe_code)]

mod common;

use common::bytes::{
    command, command_frame, greeting, property, ready, Dialect, COMMAND, DEALER, DIALECTS, LONG,
    MORE, PUSH, ROUTER,
};
use common::{context, finish, Door, EventIs, Monitor, Peer, Random, Socket};
use std::time::Duration;
use zeroxide::internal::options::ids;
use zeroxide::internal::options::ids::protocol_error;
use zeroxide::internal::runtime::Context;

const TCP: &str = "tcp://127.0.0.1:*";
const V3_1: Dialect = Dialect::V3(1);

const ACCEPTED: EventIs = EventIs(ids::EVENT_ACCEPTED, None);
const SUCCEEDED: EventIs = EventIs(ids::EVENT_HANDSHAKE_SUCCEEDED, None);
const DISCONNECTED: EventIs = EventIs(ids::EVENT_DISCONNECTED, None);
const NO_DETAIL: EventIs = EventIs(ids::EVENT_HANDSHAKE_FAILED_NO_DETAIL, None);

/// The handshake fails with this code.
const fn broken(code: i32) -> EventIs {
    EventIs(ids::EVENT_HANDSHAKE_FAILED_PROTOCOL, Some(code))
}

/// A ROUTER that is attacked while it has a good client.
struct Victim {
    contexts: [Context; 2],
    router: Socket,
    client: Socket,
    monitor: Monitor,
    endpoint: String,
    rounds: std::cell::Cell<u64>,
}

impl Victim {
    fn new(configure: impl Fn(&Socket)) -> Self {
        let contexts = [context(), context()];
        let router = Socket::new(&contexts[0], ids::ROUTER);
        configure(&router);
        let endpoint = router.bind(TCP);
        let client = Socket::new(&contexts[1], ids::DEALER);
        client.set_bytes(ids::ROUTING_ID, b"client");
        client.connect(&endpoint);
        client.send(&[b"here I am"]);
        assert_eq!(router.recv(), [&b"client"[..], b"here I am"]);
        let monitor = router.monitor(&contexts[0]);
        Self { contexts, router, client, monitor, endpoint, rounds: 0.into() }
    }

    /// Does the good client still get its answers? What others sent is passed over.
    #[track_caller]
    fn serves(&self) {
        self.rounds.set(self.rounds.get() + 1);
        let question = self.rounds.get().to_be_bytes();
        self.client.send(&[&question]);
        while self.router.recv() != [&b"client"[..], &question] {}
        self.router.send(&[b"client", &question]);
        assert_eq!(self.client.recv(), [question]);
    }

    /// Says these bytes to the victim: the connection has to end as the events tell.
    fn attack(&self, name: &str, bytes: &[u8], events: &[EventIs]) {
        let mut peer = Peer::connect(&self.endpoint);
        peer.try_write(bytes);
        assert!(peer.is_closed(), "{name}: the connection is still there");
        let found: Vec<_> = events.iter().map(|_| self.monitor.next()).collect();
        let matches = |(event, (id, value)): (&EventIs, &(i32, i32))| {
            event.0 == *id && event.1.is_none_or(|expected| expected == *value)
        };
        assert!(events.iter().zip(&found).all(matches), "{name}: {found:x?}, not {events:x?}");
        self.serves();
    }

    /// The same, where the bytes come after a handshake.
    fn attack_established(&self, name: &str, bytes: &[u8], events: &[EventIs]) {
        let bytes = [&V3_1.hello(DEALER, b"me"), bytes].concat();
        self.attack(name, &bytes, &[&[ACCEPTED, SUCCEEDED], events].concat());
    }

    fn finish(self) {
        let Self { contexts: [a, b], router, client, monitor, .. } = self;
        finish(&b, [client]);
        finish(&a, [router, monitor.0]);
    }
}

/// A frame header of ZMTP 2 and later with a length that no body follows.
fn header(flags: u8, len: u64) -> Vec<u8> {
    [&[flags | LONG][..], &len.to_be_bytes()].concat()
}

fn v3(rest: &[u8]) -> Vec<u8> {
    [&greeting(3, 1, "NULL"), rest].concat()
}

#[test]
fn malformed_greetings() {
    let victim = Victim::new(|_| {});
    let signature = b"\xFF\0\0\0\0\0\0\0\x01\x7F";
    let after = |rest: &[u8]| [&signature[..], rest].concat();
    let old_id = |len: u64| [&[0xFF][..], &len.to_be_bytes(), &[0]].concat();
    for (name, bytes, why) in [
        ("an empty v1 frame", b"\0\0".to_vec(), protocol_error::ZMTP_UNSPECIFIED),
        ("a v1 length of 0", old_id(0), protocol_error::ZMTP_UNSPECIFIED),
        ("a v1 routing id too long", old_id(257), protocol_error::ZMTP_INVALID_METADATA),
        ("a v1 length of 2^63", old_id(1 << 63), protocol_error::ZMTP_INVALID_METADATA),
        ("a v1 length of 2^64-2", old_id(u64::MAX - 1), protocol_error::ZMTP_UNSPECIFIED),
        ("revision 0, an empty frame", after(b"\0\x05\0\0"), protocol_error::ZMTP_UNSPECIFIED),
        (
            "revision 0, a routing id too long",
            after(&[&[0, 5][..], &old_id(257)].concat()),
            protocol_error::ZMTP_INVALID_METADATA,
        ),
        (
            "revision 1, a routing id too long",
            after(&[&[1, 5][..], &header(0, 256)].concat()),
            protocol_error::ZMTP_INVALID_METADATA,
        ),
        (
            "revision 1, a length of 2^64-1",
            after(&[&[1, 5][..], &header(0, u64::MAX)].concat()),
            protocol_error::ZMTP_UNSPECIFIED,
        ),
        ("an unknown mechanism", greeting(3, 0, "NOSUCH"), protocol_error::ZMTP_MECHANISM_MISMATCH),
        ("no mechanism", greeting(3, 1, ""), protocol_error::ZMTP_MECHANISM_MISMATCH),
        (
            "a longer mechanism",
            greeting(3, 1, "NULLNULLNULLNULLNULL"),
            protocol_error::ZMTP_MECHANISM_MISMATCH,
        ),
        ("another mechanism", greeting(3, 1, "PLAIN"), protocol_error::ZMTP_MECHANISM_MISMATCH),
        (
            "a mechanism in small letters",
            greeting(3, 1, "null"),
            protocol_error::ZMTP_MECHANISM_MISMATCH,
        ),
    ] {
        victim.attack(name, &bytes, &[ACCEPTED, broken(why), DISCONNECTED]);
    }
    victim.finish();
}

#[test]
fn malformed_handshakes() {
    let victim = Victim::new(|_| {});
    let router = |name: &str| command("READY", &property("Socket-Type", name.as_bytes()));
    let with = |list: &[u8]| {
        command("READY", &[property("Socket-Type", b"DEALER"), list.to_vec()].concat())
    };
    let unexpected = broken(protocol_error::ZMTP_UNEXPECTED_COMMAND);
    let malformed = broken(protocol_error::ZMTP_MALFORMED_COMMAND_UNSPECIFIED);
    let metadata = broken(protocol_error::ZMTP_INVALID_METADATA);
    let unspecified = broken(protocol_error::ZMTP_UNSPECIFIED);
    let malformed_error = broken(protocol_error::ZMTP_MALFORMED_COMMAND_ERROR);
    let refused = |status| EventIs(ids::EVENT_HANDSHAKE_FAILED_AUTH, Some(status));
    for (name, bytes, why) in [
        ("an unknown command", command("HELLO", b"x"), unexpected),
        ("a PING before READY", command("PING", b"\0\0"), unexpected),
        ("a SUBSCRIBE before READY", command("SUBSCRIBE", b""), unexpected),
        ("READY in small letters", command("ready", b""), unexpected),
        ("a command without a name", command_frame(b""), malformed),
        ("a name longer than the command", command_frame(b"\x06READY"), malformed),
        ("a name of 255 bytes and no byte", command_frame(b"\xFF"), malformed),
        ("ERROR without a reason", command("ERROR", b""), malformed_error),
        ("ERROR with half a reason", command("ERROR", b"\x03no"), malformed_error),
        ("ERROR 300", command("ERROR", b"\x03300"), refused(300)),
        ("ERROR 400", command("ERROR", b"\x03400"), refused(400)),
        ("ERROR 500", command("ERROR", b"\x03500"), refused(500)),
        ("a command of 2^64-1", header(COMMAND, u64::MAX), unspecified),
        ("a command of 2^63", header(COMMAND, 1 << 63), unspecified),
        ("a command of 2^63-1", header(COMMAND, (1 << 63) - 1), unspecified),
        ("a command of a megabyte", header(COMMAND, 1 << 20), unspecified),
        ("a name that is longer than the list", with(b"\xFFX"), metadata),
        ("a value of 2^32-1", with(b"\x01X\xFF\xFF\xFF\xFF"), metadata),
        ("a value of 2^31", with(b"\x01X\x80\0\0\0value"), metadata),
        ("a value one too long", with(b"\x01X\0\0\0\x06value"), metadata),
        ("half a length", with(b"\x01X\0\0"), metadata),
        ("a name and nothing", with(b"\x01X"), metadata),
        ("a routing id too long", with(&property("Identity", &[1; 256])), metadata),
        ("no socket type", router(""), metadata),
        ("an unknown socket type", router("NOSUCH"), metadata),
        ("a socket type in small letters", router("dealer"), metadata),
        ("a PUB", router("PUB"), metadata),
        ("a SUB", router("SUB"), metadata),
        ("a XPUB", router("XPUB"), metadata),
        ("a XSUB", router("XSUB"), metadata),
        ("a PUSH", router("PUSH"), metadata),
        ("a PULL", router("PULL"), metadata),
        ("a PAIR", router("PAIR"), metadata),
        ("a REP", router("REP"), metadata),
        ("a STREAM", router("STREAM"), metadata),
    ] {
        victim.attack(name, &v3(&bytes), &[ACCEPTED, why, DISCONNECTED]);
    }
    victim.finish();
}

/// Cut off within, the command is whole again on the wire: only its inside is wrong.
#[test]
fn a_ready_that_is_too_short_inside() {
    let victim = Victim::new(|_| {});
    let whole = ready(DEALER, b"me");
    let body = &whole[2..];
    for len in 0..body.len() {
        // Between two properties a list may end.
        if [6, 28].contains(&len) {
            continue;
        }
        let why = match len {
            0..6 => protocol_error::ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
            _ => protocol_error::ZMTP_INVALID_METADATA,
        };
        let bytes = v3(&command_frame(&body[..len]));
        victim.attack(&format!("{len} bytes"), &bytes, &[ACCEPTED, broken(why), DISCONNECTED]);
    }
    victim.finish();
}

/// They must be zero: nobody knows what they will mean.
#[test]
fn frames_with_reserved_flags_end_the_connection() {
    let victim = Victim::new(|_| {});
    let why = broken(protocol_error::ZMTP_UNSPECIFIED);
    for bit in 3..8 {
        let flag = 1 << bit;
        let hello = V3_1.hello(DEALER, b"");
        let [mut shaking, mut short, mut long] =
            [hello[64..].to_vec(), V3_1.message(&[b"a"]), V3_1.message(&[&[b'a'; 300]])];
        let mut command = command("PING", b"\0\0");
        for frame in [&mut shaking, &mut short, &mut long, &mut command] {
            frame[0] |= flag;
        }
        victim.attack(&format!("bit {bit}, READY"), &v3(&shaking), &[ACCEPTED, why, DISCONNECTED]);
        for (name, frame) in [("short", short), ("long", long), ("command", command)] {
            victim.attack_established(&format!("bit {bit}, {name}"), &frame, &[why, DISCONNECTED]);
        }
    }
    victim.finish();
}

#[test]
fn malformed_frames() {
    let victim = Victim::new(|_| {});
    let unspecified = &[broken(protocol_error::ZMTP_UNSPECIFIED), DISCONNECTED][..];
    let command = &[broken(protocol_error::ZMTP_MALFORMED_COMMAND_UNSPECIFIED), DISCONNECTED][..];
    for (name, bytes, why) in [
        ("reserved flags", b"\x08\x01a".to_vec(), unspecified),
        ("all flags", b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF".to_vec(), unspecified),
        ("a reserved flag on the last part", b"\x01\x01a\x80\x01b".to_vec(), unspecified),
        ("2^64-1 bytes", header(0, u64::MAX), &[DISCONNECTED]),
        ("2^64-9 bytes", header(0, u64::MAX - 8), &[DISCONNECTED]),
        ("2^63 bytes", header(MORE, 1 << 63), &[DISCONNECTED]),
        ("2^63-1 bytes", header(0, (1 << 63) - 1), &[DISCONNECTED]),
        ("2^63-9 bytes", header(0, (1 << 63) - 9), &[DISCONNECTED]),
        ("2^62 bytes", header(MORE, 1 << 62), &[DISCONNECTED]),
        ("a command of 2^64-1 bytes", header(COMMAND, u64::MAX), &[DISCONNECTED]),
        ("a command of 2^63-1 bytes", header(COMMAND, (1 << 63) - 1), &[DISCONNECTED]),
        ("a command of 2^40 bytes", header(COMMAND, 1 << 40), &[DISCONNECTED]),
        ("a command without a name", command_frame(b""), command),
        ("a name longer than its command", command_frame(b"\x05PING"), command),
        ("a PING without a time to live", command_frame(b"\x04PING\0"), command),
    ] {
        victim.attack_established(name, &bytes, why);
        let good = V3_1.message(&[b"a", b"b"]);
        victim.attack_established(&format!("{name}, later"), &[good, bytes].concat(), why);
    }
    victim.finish();
}

#[test]
fn malformed_frames_of_old_peers() {
    let victim = Victim::new(|_| {});
    for (dialect, frames) in [
        (Dialect::V1, [&b"\0"[..], b"\xFF\0\0\0\0\0\0\0\0\0", &[0xFF; 10]]),
        (Dialect::V1Unversioned, [&b"\0"[..], b"\xFF\0\0\0\0\0\0\0\0\0", &[0xFF; 10]]),
        (Dialect::V2, [&[2, 255, 255, 255, 255, 255, 255, 255, 255][..], b"\x08\0", b"\x80\x01a"]),
    ] {
        for frame in frames {
            let bytes = [&dialect.hello(DEALER, b"me"), frame].concat();
            let mut peer = Peer::connect(&victim.endpoint);
            peer.try_write(&bytes);
            peer.read_to_end();
            victim.monitor.expect(&[ACCEPTED, SUCCEEDED]);
            victim.monitor.wait_for(ids::EVENT_DISCONNECTED);
            victim.serves();
        }
    }
    victim.finish();
}

#[test]
fn what_came_before_a_bad_frame_is_received() {
    for dialect in DIALECTS {
        let context = context();
        let (pull, endpoint) = Socket::bound(&context, ids::PULL, TCP);
        let mut peer = Peer::greet(&endpoint, dialect, PUSH, b"");
        // The flags of version 2 and later, and a length of version 1, that no frame has.
        let bad = match dialect {
            Dialect::V1Unversioned | Dialect::V1 => [0, 0],
            Dialect::V2 | Dialect::V3(_) => [0xFF, 0],
        };
        peer.try_write(&[&dialect.message(&[b"good"])[..], &bad].concat());
        assert!(peer.is_closed(), "{dialect:?}");
        assert_eq!(pull.recv(), [b"good"], "{dialect:?}");
        finish(&context, [pull]);
    }
}

#[test]
fn messages_over_the_limit() {
    let victim = Victim::new(|router| {
        let limit = 1000i64.to_ne_bytes();
        router.set_bytes(ids::MAXMSGSIZE, &limit);
    });
    for dialect in common::bytes::DIALECTS {
        let hello = dialect.hello(DEALER, b"me");
        let fits = dialect.message(&[&[1; 1000], &[2; 1000]]);
        for too_long in [1001, 40_000, 1 << 20] {
            let bytes = [&hello[..], &fits, &dialect.frame(0, &vec![3; too_long])].concat();
            victim.attack(
                &format!("{dialect:?}, {too_long}"),
                &bytes,
                &[ACCEPTED, SUCCEEDED, DISCONNECTED],
            );
        }
        // What fits has gone through each time, before the good client's question.
    }
    for too_long in [1001, u64::MAX] {
        let bytes = header(COMMAND, too_long);
        victim.attack_established(&format!("a command of {too_long}"), &bytes, &[DISCONNECTED]);
    }
    let mut peer = Peer::greet(&victim.endpoint, V3_1, DEALER, b"good");
    peer.write(&V3_1.message(&[&[1; 1000], b""]));
    assert_eq!(victim.router.recv(), [&b"good"[..], &[1; 1000], b""]);
    drop(peer);
    victim.finish();
}

/// Half a message is no message, not even its whole parts.
#[test]
fn a_peer_that_leaves_at_any_byte() {
    let victim = Victim::new(|_| {});
    let hello = V3_1.hello(DEALER, b"me");
    let message = V3_1.message(&[b"one", &[2; 300], b""]);
    let bytes = [&hello[..], &message].concat();
    for len in 0..bytes.len() {
        let mut peer = Peer::connect(&victim.endpoint);
        peer.try_write(&bytes[..len]);
        if len < hello.len() {
            drop(peer);
            victim.monitor.expect(&[ACCEPTED, NO_DETAIL, DISCONNECTED]);
        } else {
            peer.expect(&V3_1.answer(ROUTER, b""));
            drop(peer);
            victim.monitor.expect(&[ACCEPTED, SUCCEEDED, DISCONNECTED]);
        }
    }
    victim.serves();
    assert_eq!(victim.router.try_recv(), None);
    victim.finish();
}

/// At every byte of the handshake somebody stops, all at the same time.
#[test]
fn peers_that_stop_in_the_handshake() {
    let victim = Victim::new(|router| router.set(ids::HANDSHAKE_IVL, 200));
    let hello = V3_1.hello(DEALER, b"me");
    let mut peers: Vec<_> = (0..hello.len())
        .map(|len| {
            let mut peer = Peer::connect(&victim.endpoint);
            peer.write(&hello[..len]);
            peer
        })
        .collect();
    victim.serves();
    peers.iter_mut().for_each(|peer| drop(peer.read_to_end()));
    let (mut timeouts, mut disconnects) = (0, 0);
    while disconnects < peers.len() {
        match victim.monitor.next() {
            (ids::EVENT_HANDSHAKE_FAILED_NO_DETAIL, libc::ETIMEDOUT) => timeouts += 1,
            (ids::EVENT_DISCONNECTED, _) => disconnects += 1,
            (id, _) => assert_eq!(id, ids::EVENT_ACCEPTED),
        }
    }
    assert_eq!(timeouts, peers.len());
    victim.serves();
    victim.finish();
}

/// There is no limit on how long a message may take, unless heartbeats set one.
#[test]
fn a_peer_that_stops_within_a_message() {
    let victim = Victim::new(|router| {
        router.set(ids::HEARTBEAT_IVL, 50);
        router.set(ids::HEARTBEAT_TIMEOUT, 100);
    });
    for stop in
        [&b"\x01"[..], b"\x01\x05abc", b"\x01\x03abc", &header(0, 1 << 20), b"\x04\x05\x04P"]
    {
        victim.attack_established("a peer that stops", stop, &[DISCONNECTED]);
    }
    victim.finish();
}

/// Who announces much and sends little costs little.
#[test]
fn announced_lengths_take_no_memory() {
    let victim = Victim::new(|_| {});
    let hello = V3_1.hello(DEALER, b"");
    let before = resident_memory();
    let peers: Vec<_> = (0..60u64)
        .map(|number| {
            let announced = match number % 3 {
                0 => header(0, 1 << 30),
                1 => header(MORE, 1 << 34),
                _ => header(COMMAND, 60 << 20),
            };
            let mut peer = Peer::connect(&victim.endpoint);
            peer.try_write(&[&hello, &announced, &[0; 100][..]].concat());
            peer
        })
        .collect();
    victim.serves();
    let growth = resident_memory().saturating_sub(before);
    assert!(growth < 64 << 20, "{growth} bytes for nothing");
    drop(peers);
    victim.finish();
}

fn resident_memory() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn noise_at_every_stage() {
    let victim = Victim::new(|_| {});
    let mut random = Random::new(20);
    let starts = [
        Vec::new(),
        b"\xFF\0\0\0\0\0\0\0\x01\x7F".to_vec(),
        greeting(3, 1, "NULL"),
        v3(b"\x04\x26\x05READY"),
        V3_1.hello(DEALER, b""),
        Dialect::V3(0).hello(DEALER, b""),
        Dialect::V2.hello(DEALER, b""),
        Dialect::V1.hello(DEALER, b""),
        Dialect::V1Unversioned.hello(DEALER, b""),
    ];
    for round in 0..40 {
        for start in &starts {
            let len = random.below(if round % 8 == 0 { 20_000 } else { 300 });
            let noise = random.bytes(len);
            let mut peer = Peer::connect(&victim.endpoint);
            peer.try_write(&[start, &noise[..]].concat());
            victim.serves();
        }
    }
    victim.finish();
}

/// Sockets of every type hold out, and serve somebody afterwards.
#[test]
fn noise_for_every_socket_type() {
    let peers = [
        (ids::PAIR, ("PAIR", 0, false)),
        (ids::PUB, ("SUB", 2, false)),
        (ids::SUB, ("PUB", 1, false)),
        (ids::REQ, ("REP", 4, false)),
        (ids::REP, ("REQ", 3, true)),
        (ids::DEALER, ("DEALER", 5, true)),
        (ids::ROUTER, ("DEALER", 5, true)),
        (ids::PULL, ("PUSH", 8, false)),
        (ids::PUSH, ("PULL", 7, false)),
        (ids::XPUB, ("SUB", 2, false)),
        (ids::XSUB, ("PUB", 1, false)),
    ];
    let mut random = Random::new(11);
    for (socket_type, kind) in peers {
        let context = context();
        let (socket, endpoint) = Socket::bound(&context, socket_type, TCP);
        let monitor = socket.monitor(&context);
        for round in 0..30 {
            let dialect = common::bytes::DIALECTS[round % 5];
            let mut peer = Peer::greet(&endpoint, dialect, kind, b"");
            let len = random.below(600);
            peer.try_write(&random.bytes(len));
            // Plausible frames with noise inside go deeper.
            for flags in [MORE, 0, COMMAND] {
                let len = random.below(40);
                peer.try_write(&dialect.frame(flags, &random.bytes(len)));
            }
            if ![ids::PUB, ids::PUSH].contains(&socket_type) {
                while socket.try_recv_any().is_some() {}
            }
            // A PAIR that still has the one before sends this one away without a word.
            peer.hang_up();
        }
        let mut peer = Peer::greet(&endpoint, V3_1, kind, b"");
        let greeting = peer.read(64);
        assert_eq!(greeting[..11], *b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03", "{socket_type}");
        monitor.wait_for(ids::EVENT_HANDSHAKE_SUCCEEDED);
        drop(peer);
        finish(&context, [socket, monitor.0]);
    }
}

/// Whoever connects meets bad servers as well; its other connections go on.
#[test]
fn servers_that_break_the_rules() {
    let context = context();
    let good = Door::tcp();
    for (name, bytes, why) in [
        ("an empty v1 frame", b"\0\0".to_vec(), protocol_error::ZMTP_UNSPECIFIED),
        ("another mechanism", greeting(3, 1, "CURVE"), protocol_error::ZMTP_MECHANISM_MISMATCH),
        ("no READY", v3(&command("HELLO", b"")), protocol_error::ZMTP_UNEXPECTED_COMMAND),
        ("bad READY", v3(&command("READY", b"\xFF")), protocol_error::ZMTP_INVALID_METADATA),
        (
            "a wrong type",
            v3(&command("READY", &property("Socket-Type", b"SUB"))),
            protocol_error::ZMTP_INVALID_METADATA,
        ),
    ] {
        let dealer = Socket::new(&context, ids::DEALER);
        dealer.set(ids::RECONNECT_IVL, 1);
        dealer.connect(&good.endpoint());
        let mut friend = good.accept();
        friend.write(&V3_1.hello(DEALER, b""));
        friend.expect(&V3_1.answer(DEALER, b""));
        let monitor = dealer.monitor(&context);
        let door = Door::tcp();
        dealer.connect(&door.endpoint());
        let mut peer = door.accept();
        peer.try_write(&bytes);
        peer.read_to_end();
        loop {
            match monitor.next() {
                (ids::EVENT_HANDSHAKE_FAILED_PROTOCOL, found) => {
                    assert_eq!(found, why, "{name}");
                    break;
                }
                (id, _) => assert!(
                    [
                        ids::EVENT_HANDSHAKE_SUCCEEDED,
                        ids::EVENT_CONNECT_DELAYED,
                        ids::EVENT_CONNECTED
                    ]
                    .contains(&id),
                    "{name}: {id:x}"
                ),
            }
        }
        monitor.expect(&[DISCONNECTED]);
        // It will not become better by asking again.
        assert!(monitor.0.is_silent(Duration::from_millis(20)), "{name}: connects again");
        friend.write(&V3_1.message(&[b"still here"]));
        assert_eq!(dealer.recv(), [b"still here"]);
        dealer.send(&[b"so am I"]);
        assert_eq!(friend.message(), [b"so am I"]);
        dealer.close();
        monitor.0.close();
    }
    finish(&context, []);
}

#[test]
fn a_thread_that_waits_for_messages_meets_nonsense() {
    let context = context();
    let (pull, endpoint) = Socket::bound(&context, ids::PULL, TCP);
    let monitor = pull.monitor(&context);
    let good = |body: &[u8]| {
        let mut peer = Peer::greet(&endpoint, V3_1, PUSH, b"");
        peer.write(&V3_1.message(&[body]));
        peer
    };
    let reader = std::thread::spawn(move || {
        // Until it is told to, it comes back to waiting at once, and reads for itself.
        while pull.recv() != [b"enough"] {}
        pull
    });
    for nonsense in [&b"\x08\x01a"[..], b"\x04\x03\x05PI", &[0xFF; 10]] {
        let mut bad = good(b"one of us");
        monitor.wait_for(ids::EVENT_HANDSHAKE_SUCCEEDED);
        std::thread::sleep(Duration::from_millis(30));
        bad.write(nonsense);
        bad.read_to_end();
        monitor.wait_for(ids::EVENT_DISCONNECTED);
    }
    let _last = good(b"enough");
    finish(&context, [reader.join().unwrap(), monitor.0]);
}
