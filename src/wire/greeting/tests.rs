//! Every kind of peer, split at every byte.
#![forbid(unsafe_code)]

use super::*;
use crate::wire::testing::{Random, ROUNDS};

const SIGNATURE: &[u8] = b"\xFF\0\0\0\0\0\0\0\x01\x7F";

fn config() -> GreetingConfig {
    GreetingConfig {
        mechanism: MechanismName::NULL,
        as_server: false,
        require_v3: false,
        routing_id: b"me".to_vec(),
        socket_type: SocketType::Dealer,
    }
}

fn v3(revision: u8, minor: u8, mechanism: &str, as_server: u8) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.extend_from_slice(&[revision, minor]);
    bytes.extend_from_slice(&MechanismName::new(mechanism).0);
    bytes.push(as_server);
    bytes.extend_from_slice(&[0; 31]);
    bytes
}

fn our_v3(routing_id: usize) -> Vec<u8> {
    let mut bytes = v3(3, 1, "NULL", 0);
    bytes[8] = routing_id as u8 + 1;
    bytes
}

fn drain(greeting: &mut Greeting) -> Vec<u8> {
    let mut out = Vec::new();
    greeting.output(&mut out);
    out
}

/// Feeds `peer` in two pieces at every cut, and byte by byte, with `after` behind it; the outcome
/// and what we send must always be the same, and `after` must not be taken.
fn converse(config: &GreetingConfig, peer: &[u8]) -> (Result<Outcome, WireError>, Vec<u8>) {
    let whole = run(config, peer, peer.len());
    for cut in 0..=peer.len() {
        assert_eq!(run(config, peer, cut), whole, "cut at {cut}");
    }
    let mut greeting = Greeting::new(config.clone());
    let mut result = None;
    for byte in peer {
        match greeting.input(&[*byte]) {
            Ok((1, None)) => {}
            Ok((1, Some(outcome))) => result = Some(Ok(outcome)),
            Ok((taken, _)) => panic!("took {taken} bytes"),
            Err(error) => {
                result = Some(Err(error));
                break;
            }
        }
    }
    assert_eq!((result.unwrap(), drain(&mut greeting)), whole);
    whole
}

fn run(config: &GreetingConfig, peer: &[u8], cut: usize) -> (Result<Outcome, WireError>, Vec<u8>) {
    let mut greeting = Greeting::new(config.clone());
    let mut sent = drain(&mut greeting);
    let (first, second) = peer.split_at(cut);
    let mut second = second.to_vec();
    second.extend_from_slice(b"after");
    let result = match greeting.input(first) {
        Err(error) => Err(error),
        Ok((taken, Some(outcome))) => {
            assert_eq!(taken, first.len());
            Ok(outcome)
        }
        Ok((taken, None)) => {
            assert_eq!(taken, first.len());
            sent.append(&mut drain(&mut greeting));
            greeting.input(&second).map(|(taken, outcome)| {
                assert_eq!(taken, second.len() - 5);
                outcome.unwrap()
            })
        }
    };
    sent.append(&mut drain(&mut greeting));
    (result, sent)
}

fn outcome(version: Version) -> Outcome {
    Outcome {
        version,
        mechanism: MechanismName::new(if version.has_mechanism() { "NULL" } else { "" }),
        as_server: false,
        socket_type: None,
        routing_id: None,
        phantom_subscription: false,
    }
}

#[test]
fn version_3_peers() {
    let cases = [
        (v3(3, 0, "NULL", 0), Version::V3_0),
        (v3(3, 1, "NULL", 0), Version::V3_1),
        (v3(3, 9, "NULL", 0), Version::V3_1),
        (v3(4, 0, "NULL", 0), Version::V3_1),
    ];
    for (peer, version) in cases {
        assert_eq!(converse(&config(), &peer), (Ok(outcome(version)), our_v3(2)));
    }
    let server = v3(3, 1, "NULL", 1);
    assert!(converse(&config(), &server).0.unwrap().as_server);
}

#[test]
fn we_say_no_more_than_the_peer_has_shown_to_understand() {
    let mut greeting = Greeting::new(config());
    assert_eq!(drain(&mut greeting), our_v3(2)[..10]);
    let peer = v3(3, 1, "NULL", 0);
    assert!(greeting.input(&peer[..9]).is_ok());
    assert_eq!(drain(&mut greeting), b"");
    assert!(greeting.input(&peer[9..10]).is_ok());
    assert_eq!(drain(&mut greeting), b"\x03");
    assert!(greeting.input(&peer[10..11]).is_ok());
    assert_eq!(drain(&mut greeting), our_v3(2)[11..]);
}

#[test]
fn who_is_reserved_names_its_mechanism_last() {
    for (mechanism, matches) in [("NULL", true), ("CURVE", false)] {
        let peer = v3(3, 1, mechanism, 0);
        let mut greeting = Greeting::new(config()).reserved();
        let our = our_v3(2);
        for (index, byte) in peer.iter().enumerate() {
            let result = greeting.input(&[*byte]);
            assert_eq!(result.is_ok(), matches || index < 63);
            let mut said = our.clone();
            said.truncate(if index < 63 {
                if index < 9 {
                    10
                } else {
                    11
                }
            } else {
                64
            });
            assert_eq!(greeting.pending, said, "after {index}");
        }
    }
}

#[test]
fn another_mechanism_is_a_mismatch() {
    for name in ["PLAIN", "CURVE", "NUL", "NULLX", ""] {
        let (result, sent) = converse(&config(), &v3(3, 1, name, 0));
        assert_eq!(result, Err(WireError::MechanismMismatch));
        assert_eq!(sent.len(), 64);
    }
}

#[test]
fn version_2_peers() {
    for revision in [1, 2] {
        let mut peer = SIGNATURE.to_vec();
        peer.extend_from_slice(&[revision, 6, 0, 4]);
        peer.extend_from_slice(b"peer");
        let expected = Outcome {
            socket_type: Some(6),
            routing_id: Some(b"peer".to_vec()),
            ..outcome(Version::V2)
        };
        let sent = b"\xFF\0\0\0\0\0\0\0\x03\x7F\x03\x05\0\x02me".to_vec();
        assert_eq!(converse(&config(), &peer), (Ok(expected), sent));
    }
}

#[test]
fn version_1_peers_with_a_revision() {
    let mut peer = SIGNATURE.to_vec();
    peer.extend_from_slice(&[0, 2, 1, 0]);
    let expected =
        Outcome { socket_type: Some(2), routing_id: Some(Vec::new()), ..outcome(Version::V1) };
    let sent = b"\xFF\0\0\0\0\0\0\0\x03\x7F\x03\x05\x03\0me".to_vec();
    assert_eq!(converse(&config(), &peer), (Ok(expected), sent));
}

#[test]
fn unversioned_peers() {
    let mut long = b"\xFF\0\0\0\0\0\0\x01\0\0".to_vec();
    long.extend_from_slice(&[b'r'; 255]);
    let cases: [(&[u8], &[u8]); 4] = [
        (b"\x01\0", b""),
        (b"\x05\0peer", b"peer"),
        (b"\xFF\0\0\0\0\0\0\0\x05\0peer", b"peer"),
        (&long, &[b'r'; 255]),
    ];
    for (peer, routing_id) in cases {
        let expected =
            Outcome { routing_id: Some(routing_id.to_vec()), ..outcome(Version::V1Unversioned) };
        let sent = b"\xFF\0\0\0\0\0\0\0\x03\x7Fme".to_vec();
        assert_eq!(converse(&config(), peer), (Ok(expected), sent));
    }
}

#[test]
fn only_publishers_need_a_phantom_subscription() {
    for (socket_type, phantom) in
        [(SocketType::Pub, true), (SocketType::XPub, true), (SocketType::Push, false)]
    {
        let config = GreetingConfig { socket_type, ..config() };
        assert_eq!(converse(&config, b"\x01\0").0.unwrap().phantom_subscription, phantom);
    }
}

#[test]
fn broken_routing_ids_are_refused() {
    assert_eq!(converse(&config(), b"\0").0, Err(WireError::EmptyFrame));
    let zero = b"\xFF\0\0\0\0\0\0\0\0\0";
    assert_eq!(converse(&config(), zero).0, Err(WireError::EmptyFrame));
    let long = b"\xFF\0\0\0\0\0\0\x01\x01\0";
    assert_eq!(converse(&config(), long).0, Err(WireError::RoutingIdTooLong));
    let huge = b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0";
    assert_eq!(converse(&config(), huge).0, Err(WireError::FrameTooLarge));
    let mut modern = SIGNATURE.to_vec();
    modern.extend_from_slice(b"\x01\x05\x02\0\0\0\0\0\0\x01\0");
    assert_eq!(converse(&config(), &modern).0, Err(WireError::RoutingIdTooLong));
}

#[test]
fn security_refuses_peers_that_know_none() {
    let secured = [
        GreetingConfig { mechanism: MechanismName::CURVE, ..config() },
        GreetingConfig { require_v3: true, ..config() },
    ];
    for config in secured {
        for peer in [&b"\x01"[..], b"\xFF\0\0\0\0\0\0\0\x01\0"] {
            let (result, sent) = converse(&config, peer);
            assert_eq!((result, sent.len()), (Err(WireError::VersionRefused), 10));
        }
        for revision in 0..3 {
            let mut peer = SIGNATURE.to_vec();
            peer.push(revision);
            let (result, sent) = converse(&config, &peer);
            assert_eq!((result, sent.len()), (Err(WireError::VersionRefused), 11));
        }
    }
}

#[test]
fn two_of_us_agree() {
    let mut ends = [Greeting::new(config()), Greeting::new(config())];
    let mut outcomes = [None, None];
    for round in 0..8 {
        let from = round % 2;
        let bytes = drain(&mut ends[from]);
        if let (taken, Some(outcome)) = ends[1 - from].input(&bytes).unwrap() {
            assert_eq!(taken, bytes.len());
            outcomes[1 - from] = Some(outcome);
        }
    }
    assert_eq!(outcomes, [Some(outcome(Version::V3_1)), Some(outcome(Version::V3_1))]);
}

#[test]
fn random_peers_do_no_harm() {
    let mut random = Random::new(5);
    let images =
        [v3(3, 1, "NULL", 0), b"\x05\0peer".to_vec(), [SIGNATURE, b"\x01\x05\0\0"].concat()];
    for _ in 0..ROUNDS {
        let peer = match random.below(4) {
            3 => random.bytes(100),
            index => random.mutated(&images[index]),
        };
        let mut greeting = Greeting::new(config());
        let mut rest = &peer[..];
        while !rest.is_empty() {
            let piece = &rest[..1 + random.below(rest.len())];
            match greeting.input(piece) {
                Ok((taken, None)) => {
                    assert_eq!(taken, piece.len());
                    rest = &rest[taken..];
                }
                Ok((taken, Some(_))) => {
                    assert!(taken <= piece.len());
                    assert_eq!(greeting.input(b"x"), Ok((0, None)));
                    break;
                }
                Err(error) => {
                    assert_eq!(greeting.input(b"x"), Err(error));
                    break;
                }
            }
        }
    }
}
