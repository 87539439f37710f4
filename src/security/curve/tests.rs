//! Both ends against each other, in memory, and against everything that a hostile peer can send.

use super::*;
use crate::options::SocketType;
use crate::security::testing::{local, shake_hands, zap_frames};
use crate::security::{Failure, Local, Mechanism, Open, Seal, Status, Traffic};
use crate::wire::frame::{parse_header, Header, COMMAND, MORE};
use crate::wire::testing::Random;

const CLIENT: [u8; 32] = [1; 32];
const SERVER: [u8; 32] = [2; 32];

fn client_of(server: PublicKey) -> Client {
    let secret = Key::new(CLIENT);
    Client::new(local(SocketType::Dealer), ClientKeys { public: secret.public(), secret, server })
}

fn client() -> Client {
    client_of(Key::new(SERVER).public())
}

fn server() -> Server {
    Server::new(local(SocketType::Dealer), Key::new(SERVER))
}

fn say(end: &mut dyn Mechanism) -> Vec<u8> {
    end.next_command().unwrap().unwrap()
}

fn code_of(result: Result<(), HandshakeError>) -> i32 {
    match result {
        Err(HandshakeError::Protocol(code)) => code,
        other => panic!("{other:?}"),
    }
}

/// Ends that are about to hear the command of this index: HELLO, WELCOME, INITIATE, READY.
fn before(step: usize) -> (Client, Server, Vec<u8>) {
    let (mut client, mut server) = (client(), server());
    let mut command = say(&mut client);
    for step in 1..=step {
        if step % 2 == 1 {
            server.process(&command).unwrap();
            if server.take_zap_request().is_some() {
                server.zap_unavailable().unwrap();
            }
            command = say(&mut server);
        } else {
            client.process(&command).unwrap();
            command = say(&mut client);
        }
    }
    (client, server, command)
}

/// What the end that is to hear the command of this index says to `command`.
fn hear(step: usize, command: &[u8]) -> Result<(), HandshakeError> {
    let (mut client, mut server, _) = before(step);
    match step % 2 {
        0 => server.process(command),
        _ => client.process(command),
    }
}

type Halves = (Box<dyn Seal>, Box<dyn Open>);

fn halves(end: Box<dyn Mechanism>) -> Halves {
    match end.split().unwrap() {
        Traffic::Sealed(seal, open) => (seal, open),
        Traffic::Plain => panic!("frames would pass in the clear"),
    }
}

fn connected() -> (Halves, Halves) {
    let (mut client, server, ready) = before(3);
    client.process(&ready).unwrap();
    (halves(Box::new(client)), halves(Box::new(server)))
}

/// The body of the one frame in `bytes`, which has no flags of its own.
fn body_of(bytes: &[u8]) -> &[u8] {
    let Ok(Header::Frame { flags, header_len, body_len }) = parse_header(bytes, None) else {
        panic!("no frame");
    };
    assert_eq!(flags & (MORE | COMMAND), 0);
    assert_eq!(bytes.len(), header_len + body_len as usize);
    &bytes[header_len..]
}

fn sealed(seal: &mut dyn Seal, flags: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    seal.seal(flags, body, &mut out).unwrap();
    body_of(&out).to_vec()
}

fn opened(open: &mut dyn Open, sealed: &[u8]) -> Result<(u8, Vec<u8>), HandshakeError> {
    let mut body = vec![0; open.opened_len(sealed.len())];
    let flags = open.open(sealed, &mut body)?;
    Ok((flags, body))
}

#[test]
fn two_ends_agree_and_know_each_other() {
    let mut ends: [Box<dyn Mechanism>; 2] = [Box::new(client()), Box::new(server())];
    shake_hands(&mut ends).unwrap();
    assert_eq!(ends[1].peer().user_id, b"user");
    assert_eq!(ends[1].peer().routing_id, b"me");
    assert_eq!(ends[0].peer().socket_type, Some(SocketType::Dealer));
}

#[test]
fn commands_have_the_form_of_the_wire() {
    let (_, _, hello) = before(0);
    assert_eq!((hello.len(), &hello[..8]), (200, &b"\x05HELLO\x01\x00"[..]));
    assert_eq!((&hello[8..80], &hello[112..120]), (&[0; 72][..], &[0, 0, 0, 0, 0, 0, 0, 1][..]));
    let (_, _, welcome) = before(1);
    assert_eq!((welcome.len(), &welcome[..8]), (168, &b"\x07WELCOME"[..]));
    let (_, _, initiate) = before(2);
    let metadata = b"\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\x02me".len();
    assert_eq!((initiate.len(), &initiate[..9]), (257 + metadata, &b"\x08INITIATE"[..]));
    assert_eq!(initiate[105..113], [0, 0, 0, 0, 0, 0, 0, 2]);
    let (_, _, ready) = before(3);
    assert_eq!((ready.len(), &ready[..6]), (30 + metadata, &b"\x05READY"[..]));
    assert_eq!(ready[6..14], [0, 0, 0, 0, 0, 0, 0, 1]);
}

/// What the commands and frames of a whole connection show in the clear.
#[test]
fn nothing_that_is_secret_travels_in_the_clear() {
    let mut seen = (0..4).flat_map(|step| before(step).2).collect::<Vec<u8>>();
    let ((mut seal, _), _) = connected();
    seen.extend(sealed(&mut *seal, 0, b"a secret message"));
    let client_public = Key::new(CLIENT).public();
    for secret in [&b"DEALER"[..], b"secret", &CLIENT, &SERVER, &client_public] {
        assert!(!seen.windows(secret.len()).any(|bytes| bytes == secret));
    }
}

#[test]
fn the_server_keeps_no_keys_of_a_client_that_has_not_shown_its_own() {
    let (mut client, mut server, hello) = before(0);
    server.process(&hello).unwrap();
    let welcome = say(&mut server);
    client.process(&welcome).unwrap();
    let initiate = say(&mut client);
    // Another HELLO of the same connection is out of order; the cookie is all that counts.
    assert_eq!(server.status(), Status::Handshaking);
    server.process(&initiate).unwrap();
    assert_eq!(server.status(), Status::WaitingZap);
}

#[test]
fn messages_of_every_size_arrive_both_ways() {
    let ((mut client_seal, mut client_open), (mut server_seal, mut server_open)) = connected();
    let image: Vec<u8> = (0..1u32 << 20).map(|at| ((at * 7) >> 2) as u8).collect();
    for len in (0..600).chain([1023, 1024, 4096, 65_535, 65_536, 1 << 20]) {
        for flags in [0, MORE, COMMAND, MORE | COMMAND] {
            let body = &image[..len];
            let there = sealed(&mut *client_seal, flags, body);
            assert_eq!((there.len(), &there[..8]), (33 + len, &b"\x07MESSAGE"[..]));
            assert_eq!(opened(&mut *server_open, &there).unwrap(), (flags, body.to_vec()));
            let back = sealed(&mut *server_seal, flags, body);
            assert_eq!(opened(&mut *client_open, &back).unwrap(), (flags, body.to_vec()));
            // What we sent ourselves is not taken for the peer's.
            assert!(opened(&mut *server_open, &back).is_err());
            if len > 600 {
                break;
            }
        }
    }
}

#[test]
fn frames_follow_each_other_in_one_buffer() {
    let ((mut seal, _), (_, mut open)) = connected();
    let mut out = b"before".to_vec();
    for body in [&b"one"[..], &[7; 300]] {
        seal.seal(0, body, &mut out).unwrap();
    }
    let (first, second) = out[6..].split_at(2 + 33 + 3);
    assert_eq!(opened(&mut *open, body_of(first)).unwrap().1, b"one");
    assert_eq!(opened(&mut *open, body_of(second)).unwrap().1, [7; 300]);
}

#[test]
fn numbers_of_messages_only_grow() {
    let ((mut seal, _), (_, mut open)) = connected();
    let messages: Vec<_> = (0..4).map(|index| sealed(&mut *seal, 0, &[index])).collect();
    assert_eq!(messages[0][8..16], [0, 0, 0, 0, 0, 0, 0, 3]);
    let code = |result: Result<(u8, Vec<u8>), HandshakeError>| code_of(result.map(drop));
    assert!(opened(&mut *open, &messages[1]).is_ok());
    for old in [0, 1] {
        assert_eq!(code(opened(&mut *open, &messages[old])), protocol_error::ZMTP_INVALID_SEQUENCE);
    }
    let mut forged = messages[2].clone();
    forged[8..16].fill(0xFF);
    assert_eq!(code(opened(&mut *open, &forged)), protocol_error::ZMTP_CRYPTOGRAPHIC);
    // One that was lost is not missed; that is the transport's business.
    assert!(opened(&mut *open, &messages[3]).is_ok());
}

#[test]
fn numbers_run_out_before_they_repeat() {
    let mut counter = Counter(u64::MAX - 1);
    assert_eq!(counter.next(), Ok([0xFF; 8]));
    for _ in 0..2 {
        assert_eq!(counter.next(), Err(HandshakeError::Local(Error::State)));
    }
}

#[test]
fn changed_messages_are_refused() {
    let ((mut seal, _), (_, mut open)) = connected();
    let message = sealed(&mut *seal, MORE, b"hello");
    for at in 0..message.len() {
        let code = code_of(opened(&mut *open, &message[..at]).map(drop));
        let expected = match at {
            0..=7 => protocol_error::ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
            8..=32 => protocol_error::ZMTP_MALFORMED_COMMAND_MESSAGE,
            _ => protocol_error::ZMTP_CRYPTOGRAPHIC,
        };
        assert_eq!(code, expected, "{at} bytes");
        for bit in 0..8 {
            let mut wrong = message.clone();
            wrong[at] ^= 1 << bit;
            assert!(opened(&mut *open, &wrong).is_err());
        }
    }
    let other = [b"\x07MASSAGE", &message[8..]].concat();
    assert_eq!(
        code_of(opened(&mut *open, &other).map(drop)),
        protocol_error::ZMTP_UNEXPECTED_COMMAND
    );
    assert!(opened(&mut *open, &[&message[..], b"x"].concat()).is_err());
    assert_eq!(opened(&mut *open, &message).unwrap(), (MORE, b"hello".to_vec()));
}

#[test]
fn random_messages_do_no_harm() {
    let ((mut seal, _), (_, mut open)) = connected();
    let mut random = Random::new(21);
    for _ in 0..2000 {
        let body = random.bytes(700);
        let message = sealed(&mut *seal, 0, &body);
        let received = random.mutated(&message);
        if let Ok((flags, received)) = opened(&mut *open, &received) {
            assert_eq!((flags, received), (0, body));
        }
        let mut short = vec![0; random.below(40)];
        let _ = open.open(&message, &mut short);
    }
}

#[test]
fn truncated_commands_are_malformed() {
    let malformed = [
        protocol_error::ZMTP_MALFORMED_COMMAND_HELLO,
        protocol_error::ZMTP_MALFORMED_COMMAND_WELCOME,
        protocol_error::ZMTP_MALFORMED_COMMAND_INITIATE,
        protocol_error::ZMTP_MALFORMED_COMMAND_READY,
    ];
    for (step, malformed) in malformed.into_iter().enumerate() {
        let (_, _, command) = before(step);
        let name_end = 1 + usize::from(command[0]);
        let (minimum, longest) =
            [(200, 200), (168, 168), (257, usize::MAX), (30, usize::MAX)][step];
        for len in (0..command.len()).chain([command.len() + 1, command.len() + 1000]) {
            let mut wrong = command.clone();
            wrong.resize(len, 0);
            let expected = match len {
                _ if len < name_end => protocol_error::ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
                _ if len < minimum || len > longest => malformed,
                _ => protocol_error::ZMTP_CRYPTOGRAPHIC,
            };
            assert_eq!(code_of(hear(step, &wrong)), expected, "step {step}, {len} bytes");
        }
    }
}

#[test]
fn no_bit_of_a_command_can_be_flipped() {
    for step in 0..4 {
        let (_, _, command) = before(step);
        let mut random = Random::new(step as u64);
        for at in 0..command.len() {
            // Padding is neither sealed nor looked at, in libzmq as here.
            if step == 0 && (8..80).contains(&at) {
                continue;
            }
            let (mut client, mut server, mut command) = before(step);
            command[at] ^= 1 << random.below(8);
            let (end, result): (&mut dyn Mechanism, _) = match step % 2 {
                0 => {
                    let result = server.process(&command);
                    (&mut server, result)
                }
                _ => {
                    let result = client.process(&command);
                    (&mut client, result)
                }
            };
            // The highest bit of a public key does not count in X25519.
            if step == 0 && at == 80 + 31 && result.is_ok() {
                continue;
            }
            assert!(result.is_err(), "step {step}, byte {at}");
            assert_ne!(end.status(), Status::Ready);
        }
    }
}

#[test]
fn random_commands_do_no_harm() {
    let mut random = Random::new(31);
    for round in 0..300 {
        let step = round % 4;
        let (mut client, mut server, command) = before(step);
        let image = random.mutated(&command);
        // Nobody looks at the padding of HELLO.
        let counts = |image: &[u8]| match step {
            0 => [&image[..8], &image[80..]].concat(),
            _ => image.to_vec(),
        };
        for end in [&mut client as &mut dyn Mechanism, &mut server] {
            let accepted = end.process(&image).is_ok();
            assert!(!accepted || counts(&image) == counts(&command));
        }
    }
}

#[test]
fn commands_out_of_order_are_refused() {
    let commands: Vec<_> = (0..4).map(|step| before(step).2).collect();
    let others = [b"\x04PING\0\0".to_vec(), b"\x07MESSAGE".to_vec(), b"\x05OTHER".to_vec()];
    for step in 0..4 {
        for (index, command) in commands.iter().chain(&others).enumerate() {
            if index != step {
                let code = code_of(hear(step, command));
                assert_eq!(
                    code,
                    protocol_error::ZMTP_UNEXPECTED_COMMAND,
                    "step {step} hears {index}"
                );
            }
        }
    }
}

#[test]
fn no_command_is_heard_twice() {
    for step in 0..4 {
        let (mut client, mut server, command) = before(step);
        let end: &mut dyn Mechanism = match step % 2 {
            0 => &mut server,
            _ => &mut client,
        };
        end.process(&command).unwrap();
        assert!(end.process(&command).is_err(), "step {step}");
        assert!(end.next_command().is_ok_and(|command| command.is_none()));
        assert_ne!(end.status(), Status::Ready);
    }
}

#[test]
fn a_cookie_is_good_for_its_connection_only() {
    let (_, _, stolen) = before(2);
    let (_, mut server, initiate) = before(2);
    let spliced = [&stolen[..105], &initiate[105..]].concat();
    for replayed in [stolen, spliced] {
        assert_eq!(code_of(hear(2, &replayed)), protocol_error::ZMTP_CRYPTOGRAPHIC);
    }
    server.process(&initiate).unwrap();
}

#[test]
fn other_versions_are_refused() {
    for version in [[0, 0], [1, 1], [2, 0]] {
        let (_, mut server, mut hello) = before(0);
        hello[6..8].copy_from_slice(&version);
        assert_eq!(code_of(server.process(&hello)), protocol_error::ZMTP_MALFORMED_COMMAND_HELLO);
    }
}

#[test]
fn who_does_not_know_the_server_stays_out() {
    let hello = say(&mut client_of(Key::new(CLIENT).public()));
    assert_eq!(code_of(server().process(&hello)), protocol_error::ZMTP_CRYPTOGRAPHIC);
    let nobody = client_of([0; 32]).next_command();
    assert_eq!(nobody, Err(HandshakeError::Protocol(protocol_error::ZMTP_CRYPTOGRAPHIC)));
}

#[test]
fn a_server_cannot_pass_itself_off_as_another() {
    let (mut client, _, hello) = before(0);
    let mut impostor = Server::new(local(SocketType::Dealer), Key::new([3; 32]));
    assert!(impostor.process(&hello).is_err());
    let (_, _, foreign_welcome) = before(1);
    assert_eq!(code_of(client.process(&foreign_welcome)), protocol_error::ZMTP_CRYPTOGRAPHIC);
}

/// Somebody who knows another client's public key, but not its secret one.
#[test]
fn who_claims_another_key_stays_out() {
    let keys = ClientKeys {
        public: Key::new([9; 32]).public(),
        secret: Key::new(CLIENT),
        server: Key::new(SERVER).public(),
    };
    let (mut client, mut server) = (Client::new(local(SocketType::Dealer), keys), server());
    server.process(&say(&mut client)).unwrap();
    client.process(&say(&mut server)).unwrap();
    assert_eq!(code_of(server.process(&say(&mut client))), protocol_error::ZMTP_CRYPTOGRAPHIC);
    assert_eq!(server.take_zap_request(), None);
}

/// An INITIATE that is sealed as it should be, with this vouch and metadata.
fn initiate_with(vouched: [PublicKey; 2], metadata: &[u8]) -> (Server, Vec<u8>) {
    let mut server = server();
    let (short, public) = (Key::new([5; 32]), Key::new(SERVER).public());
    let shared = short.shared_with(&public).unwrap();
    let mut sent = Counter::default();
    let nonce = sent.next().unwrap();
    let signature = seal(&shared, b"CurveZMQHELLO---", &nonce, &[0; 64]);
    let hello = [b"\x05HELLO\x01\0", &[0; 72][..], &short.public(), &nonce, &signature].concat();
    server.process(&hello).unwrap();
    let welcome = open_random(&shared, b"WELCOME-", &say(&mut server)[8..]).unwrap();
    let mut rest = &welcome[..];
    let short_server = *cut(&mut rest).unwrap();
    let vouching = Key::new(CLIENT).shared_with(&short_server).unwrap();
    let mut plain = Key::new(CLIENT).public().to_vec();
    plain.extend(seal_randomly(&vouching, b"VOUCH---", &vouched.concat()).unwrap());
    plain.extend_from_slice(metadata);
    let nonce = sent.next().unwrap();
    let shared = short.shared_with(&short_server).unwrap();
    let sealed = seal(&shared, b"CurveZMQINITIATE", &nonce, &plain);
    (server, [b"\x08INITIATE", rest, &nonce, &sealed].concat())
}

#[test]
fn the_vouch_is_for_this_connection_and_this_server() {
    let [short, public, other] = [[5; 32], SERVER, [6; 32]].map(|key| Key::new(key).public());
    let result = |vouched| {
        let (mut server, initiate) = initiate_with(vouched, b"");
        server.process(&initiate)
    };
    assert_eq!(result([short, public]), Ok(()));
    assert_eq!(code_of(result([other, public])), protocol_error::ZMTP_KEY_EXCHANGE);
    assert_eq!(code_of(result([short, other])), protocol_error::ZMTP_KEY_EXCHANGE);
}

#[test]
fn metadata_that_lies_is_refused_before_anybody_is_asked() {
    let [short, public] = [[5; 32], SERVER].map(|key| Key::new(key).public());
    let lists: [&[u8]; 5] = [
        b"\x01",
        b"\x01a\0\0\0\x02b",
        b"\xffa",
        b"\x01a\xff\xff\xff\xff",
        b"\x0bSocket-Type\0\0\0\x03SUB",
    ];
    for list in lists {
        let (mut server, initiate) = initiate_with([short, public], list);
        assert_eq!(code_of(server.process(&initiate)), protocol_error::ZMTP_INVALID_METADATA);
        assert_eq!((server.take_zap_request(), server.next_command()), (None, Ok(None)));
    }
}

/// A server that has heard INITIATE.
fn asking(local: Local) -> (Client, Server) {
    let mut client = client();
    let mut server = Server::new(local, Key::new(SERVER));
    server.process(&say(&mut client)).unwrap();
    client.process(&say(&mut server)).unwrap();
    server.process(&say(&mut client)).unwrap();
    (client, server)
}

#[test]
fn the_handler_is_asked_about_the_long_term_key() {
    let zap_domain = b"test".to_vec();
    let (mut client, mut server) = asking(Local { zap_domain, ..local(SocketType::Dealer) });
    assert_eq!((server.status(), server.next_command()), (Status::WaitingZap, Ok(None)));
    let request = server.take_zap_request().unwrap();
    assert_eq!((request.mechanism, &request.domain[..]), ("CURVE", &b"test"[..]));
    assert_eq!(request.credentials, [Key::new(CLIENT).public().to_vec()]);
    assert_eq!(server.take_zap_request(), None);
    server.zap_reply(&zap_frames(b"200", b"alice", b"\x03X-A\0\0\0\x01v")).unwrap();
    client.process(&say(&mut server)).unwrap();
    assert_eq!([client.status(), server.status()], [Status::Ready; 2]);
    assert_eq!(server.peer().user_id, b"alice");
    assert_eq!(server.peer().property(b"X-A"), Some(&b"v"[..]));
    assert_eq!(server.take_peer().property(b"Identity"), Some(&b"me"[..]));
}

#[test]
fn refused_clients_are_told_why() {
    for (status, code) in [(&b"400"[..], 400), (b"500", 500)] {
        let (mut client, mut server) = asking(local(SocketType::Dealer));
        server.take_zap_request().unwrap();
        server.zap_reply(&zap_frames(status, b"", b"")).unwrap();
        let error = say(&mut server);
        assert_eq!(error, [b"\x05ERROR\x03", status].concat());
        assert_eq!(
            (server.status(), server.take_failure()),
            (Status::Failed, Some(Failure::Auth(code)))
        );
        assert_eq!(client.process(&error).unwrap_err().failure(), Failure::Auth(code));
        assert!(Box::new(server).split().is_err());
    }
}

#[test]
fn a_refusal_for_now_is_silent() {
    let (_, mut server) = asking(local(SocketType::Dealer));
    server.take_zap_request().unwrap();
    server.zap_reply(&zap_frames(b"300", b"", b"")).unwrap();
    assert_eq!((server.next_command(), server.status()), (Ok(None), Status::Failed));
}

#[test]
fn malformed_answers_keep_the_client_out() {
    let good = zap_frames(b"200", b"", b"");
    for frames in
        [&good[..6], &zap_frames(b"201", b"", b""), &zap_frames(b"200", b"", b"\x01"), &[]]
    {
        let (_, mut server) = asking(local(SocketType::Dealer));
        server.take_zap_request().unwrap();
        assert!(server.zap_reply(frames).is_err());
        assert_eq!(server.next_command(), Ok(None));
        assert!(Box::new(server).split().is_err());
    }
}

#[test]
fn without_a_handler_the_domain_decides() {
    let with = |domain: &[u8], zap_enforce_domain| Local {
        zap_domain: domain.to_vec(),
        zap_enforce_domain,
        ..local(SocketType::Dealer)
    };
    for domain in [&b""[..], b"test"] {
        let (_, mut server) = asking(with(domain, false));
        server.take_zap_request().unwrap();
        server.zap_unavailable().unwrap();
        assert!(say(&mut server).starts_with(b"\x05READY"));
    }
    let (_, mut server) = asking(with(b"", true));
    assert_eq!(server.take_zap_request(), None);
    assert!(say(&mut server).starts_with(b"\x05READY"));

    let (_, mut server) = asking(with(b"test", true));
    server.take_zap_request().unwrap();
    assert_eq!(server.zap_unavailable(), Err(HandshakeError::Local(Error::Fault)));
    assert_eq!(server.next_command(), Ok(None));
}

#[test]
fn errors_of_the_server_have_their_form() {
    for (error, expected) in [
        (&b"\x05ERROR"[..], protocol_error::ZMTP_MALFORMED_COMMAND_ERROR),
        (b"\x05ERROR\x04400", protocol_error::ZMTP_MALFORMED_COMMAND_ERROR),
    ] {
        assert_eq!(code_of(hear(1, error)), expected);
        assert_eq!(code_of(hear(3, error)), expected);
    }
    assert!(matches!(hear(1, b"\x05ERROR\x03500"), Err(HandshakeError::Refused { .. })));
}

#[test]
fn nothing_is_split_before_the_handshake_is_over() {
    for step in 0..4 {
        let (client, server, _) = before(step);
        assert!(Box::new(client).split().is_err());
        assert_eq!(Box::new(server).split().is_err(), step < 3);
    }
}

#[test]
fn secrets_are_not_shown() {
    let text = format!("{:?}", crate::security::Security::CurveServer(Key::new(SERVER).into()));
    assert_eq!(text, format!("{:?}", crate::wire::greeting::MechanismName::CURVE));
}
