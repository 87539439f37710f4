use super::*;
use crate::sys::process::random_bytes;

/// The proxy's answers, and what the client sends before each of them and at the end.
struct Conversation {
    target: &'static str,
    credentials: Option<(&'static str, &'static str)>,
    answers: Vec<u8>,
    sent: Vec<u8>,
}

fn conversations() -> Vec<Conversation> {
    let reply_v4 = [5, 0, 0, 1, 127, 0, 0, 1, 0x12, 0x34];
    let mut reply_v6 = vec![5, 0, 0, 4];
    reply_v6.extend_from_slice(&[7; 18]);
    let mut reply_name = vec![5, 0, 0, 3, 9];
    reply_name.extend_from_slice(b"localhost\0\x01");
    let mut localhost_v6 = vec![5, 1, 0, 5, 1, 0, 4];
    localhost_v6.extend_from_slice(&[0; 15]);
    localhost_v6.extend_from_slice(&[1, 0x15, 0xb3]);
    vec![
        Conversation {
            target: "1.2.3.4:5555",
            credentials: None,
            answers: [&[5, 0][..], &reply_v4].concat(),
            sent: vec![5, 1, 0, 5, 1, 0, 1, 1, 2, 3, 4, 0x15, 0xb3],
        },
        Conversation {
            target: "somedomainname.org:5555",
            credentials: None,
            answers: [&[5, 0][..], &reply_name].concat(),
            sent: [&[5, 1, 0, 5, 1, 0, 3, 18][..], b"somedomainname.org\x15\xb3"].concat(),
        },
        Conversation {
            target: "127.0.0.1:0;[::1]:5555",
            credentials: None,
            answers: [&[5, 0][..], &reply_v6].concat(),
            sent: [&[5, 1, 0][..], &localhost_v6[3..]].concat().to_vec(),
        },
        Conversation {
            target: "::1:5555",
            credentials: Some(("someuser", "somepass")),
            answers: [&[5, 2, 1, 0][..], &reply_v4].concat(),
            sent: [&[5, 1, 2, 1, 8][..], b"someuser", &[8], b"somepass", &localhost_v6[3..]]
                .concat(),
        },
        Conversation {
            target: "h:1",
            credentials: Some(("user", "")),
            answers: [&[5, 0][..], &reply_v4].concat(),
            sent: [&[5, 1, 2][..], &[5, 1, 0, 3, 1, b'h', 0, 1]].concat(),
        },
    ]
}

/// Feeds the pieces one by one; gives what the client sent and what it left over.
fn converse(conversation: &Conversation, pieces: &[&[u8]]) -> (Vec<u8>, Vec<u8>) {
    let mut client = Socks5::new(conversation.target, conversation.credentials).unwrap();
    let mut sent = client.output();
    let mut rest = Vec::new();
    let mut done = false;
    for piece in pieces {
        let (consumed, now_done) = client.input(piece).unwrap();
        assert!(now_done || !done && consumed == piece.len());
        done = now_done;
        sent.extend(client.output());
        rest.extend_from_slice(&piece[consumed..]);
    }
    assert!(done);
    (sent, rest)
}

#[test]
fn conversations_end_well_however_the_bytes_arrive() {
    for conversation in conversations() {
        let mut bytes = conversation.answers.clone();
        bytes.extend_from_slice(b"peer");
        for split in 0..=bytes.len() {
            let (first, second) = bytes.split_at(split);
            let (sent, rest) = converse(&conversation, &[first, second]);
            assert_eq!(sent, conversation.sent, "{} at {split}", conversation.target);
            assert_eq!(rest, b"peer");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        let (sent, rest) = converse(&conversation, &single);
        assert_eq!((sent, rest.as_slice()), (conversation.sent, &b"peer"[..]));
    }
}

/// What the proxy answers to whom, and what that is.
type Refusal = (&'static [u8], Option<(&'static str, &'static str)>, Error);

#[test]
fn answers_that_say_no_or_make_no_sense_are_errors() {
    let eacces = Error::Os(libc::EACCES);
    let cases: &[Refusal] = &[
        (&[4], None, Error::Protocol),
        (&[5, 0xff], None, eacces),
        (&[5, 2], None, eacces),
        (&[5, 1], Some(("u", "p")), eacces),
        (&[5, 2, 5], Some(("u", "p")), Error::Protocol),
        (&[5, 2, 1, 1], Some(("u", "p")), eacces),
        (&[5, 0, 4], None, Error::Protocol),
        (&[5, 0, 5, 0, 1], None, Error::Protocol),
        (&[5, 0, 5, 0, 0, 2], None, Error::Protocol),
        (&[5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0], None, Error::ConnectionRefused),
        (&[5, 0, 5, 2, 0, 1, 0, 0, 0, 0, 0, 0], None, eacces),
        (&[5, 0, 5, 4, 0, 1, 0, 0, 0, 0, 0, 0], None, Error::HostUnreachable),
        (&[5, 0, 5, 5, 0, 1, 0, 0, 0, 0, 0, 0], None, Error::ConnectionRefused),
        (&[5, 0, 5, 8, 0, 3, 0, 0, 0], None, Error::NotSupported),
        (&[5, 0, 5, 9, 0, 1, 0, 0, 0, 0, 0, 0], None, Error::Protocol),
    ];
    for (answers, credentials, expected) in cases {
        let mut client = Socks5::new("host:1", *credentials).unwrap();
        assert_eq!(client.input(answers), Err(*expected), "{answers:?}");
        assert_eq!(client.input(&[5, 0]), Err(*expected), "a failure stays one");
    }
}

#[test]
fn targets_and_credentials_have_to_fit() {
    let long = "x".repeat(256);
    for target in ["", "host", "host:", "host:0", "host:x", ":1", "host:65536", "[]:1"] {
        assert_eq!(Socks5::new(target, None).map(drop), Err(Error::Invalid), "{target}");
    }
    assert_eq!(Socks5::new(&format!("{long}:1"), None).map(drop), Err(Error::Invalid));
    assert_eq!(Socks5::new("h:1", Some((&long, ""))).map(drop), Err(Error::Invalid));
    assert_eq!(Socks5::new("h:1", Some(("", &long))).map(drop), Err(Error::Invalid));
    assert!(Socks5::new(&format!("{}:1", &long[1..]), Some((&long[1..], &long[1..]))).is_ok());
}

#[test]
fn random_answers_never_do_more_than_fail() {
    let mut bytes = [0; 64];
    let mut finished = 0;
    for round in 0..20_000 {
        random_bytes(&mut bytes).unwrap();
        // Nearly right openings get further than noise does.
        let known: &[u8] = match round % 4 {
            0 => &[],
            1 => &[5, 2, 1, 0, 5],
            2 => &[5, 0, 5, 0, 0],
            _ => &[5, 0, 5, 0, 0, 3],
        };
        bytes[..known.len()].copy_from_slice(known);
        let mut client = Socks5::new("host:1", Some(("u", "p"))).unwrap();
        if let Ok((consumed, done)) = client.input(&bytes) {
            assert!(done || consumed == bytes.len());
            finished += usize::from(done);
        }
    }
    assert!(finished > 0, "some of them are right by chance");
}
