//! The greeting: bytes in any pieces come to the same as in one, and it takes no byte that is not
//! its own.

use crate::fuzzing::input::{pieces, Input};
use crate::fuzzing::zmq::greeting::Outcome;
use crate::fuzzing::zmq::{Greeting, GreetingConfig, MechanismName, SocketType, WireError};

const MECHANISMS: [MechanismName; 3] =
    [MechanismName::NULL, MechanismName::PLAIN, MechanismName::CURVE];

type End = (Result<(usize, Option<Outcome>), WireError>, Vec<u8>);

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let choice = input.below(12);
    let config = GreetingConfig {
        mechanism: MECHANISMS[input.below(3)],
        as_server: input.flag(),
        require_v3: input.flag(),
        routing_id: input.bytes().to_vec(),
        socket_type: SocketType::try_from(choice as i32).unwrap(),
    };
    let (reserved, lengths) = (input.flag(), input.bytes());
    let bytes = input.rest();
    let begin = || match reserved {
        true => Greeting::new(config.clone()).reserved(),
        false => Greeting::new(config.clone()),
    };
    let whole = greet(begin(), bytes, &[]);
    assert_eq!(whole, greet(begin(), bytes, lengths));
    assert_eq!(whole, greet(begin(), bytes, &vec![1; bytes.len()]));
    if let (Ok((taken, Some(outcome))), _) = whole {
        assert!(taken <= bytes.len() && taken <= 64 + 256 + 9);
        assert!(outcome.version.has_mechanism() || config.mechanism == MechanismName::NULL);
        assert!(outcome.version.has_mechanism() || !config.require_v3);
    }
}

fn greet(mut greeting: Greeting, bytes: &[u8], lengths: &[u8]) -> End {
    let (mut out, mut taken) = (Vec::new(), 0);
    greeting.output(&mut out);
    for piece in pieces(bytes, lengths) {
        let came = greeting.input(piece);
        greeting.output(&mut out);
        match came {
            Ok((more, outcome @ Some(_))) => return (Ok((taken + more, outcome)), out),
            Ok((more, None)) => {
                assert_eq!(more, piece.len());
                taken += more;
            }
            Err(error) => {
                assert_eq!(greeting.input(b"more"), Err(error));
                return (Err(error), out);
            }
        }
    }
    (Ok((taken, None)), out)
}
