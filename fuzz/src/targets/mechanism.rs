//! What the targets of the mechanisms share: both ends of a handshake, with a hostile network and a
//! hostile ZAP handler between them.

use crate::fuzzing::input::{mutate, Input};
use crate::fuzzing::zmq::{frame, Local, Mechanism, SocketType, Status, Traffic, ZapReply};

const TYPES: [(SocketType, SocketType); 4] = [
    (SocketType::Dealer, SocketType::Router),
    (SocketType::Sub, SocketType::Pub),
    (SocketType::Req, SocketType::Pull),
    (SocketType::Pair, SocketType::Pair),
];

/// What two ends say of themselves.
pub fn locals(input: &mut Input<'_>) -> [Local; 2] {
    let (one, other) = TYPES[input.below(4)];
    [one, other].map(|socket_type| {
        let kind = input.byte();
        let metadata = if kind & 4 == 0 { Vec::new() } else { metadata(input) };
        Local {
            socket_type,
            routing_id: if kind & 8 == 0 { Vec::new() } else { input.bytes().to_vec() },
            metadata,
            zap_domain: if kind & 1 == 0 { Vec::new() } else { b"domain".to_vec() },
            zap_enforce_domain: kind & 2 != 0,
            peer_address: b"127.0.0.1".to_vec(),
        }
    })
}

fn metadata(input: &mut Input<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    vec![([b"X-", input.bytes()].concat(), input.bytes().to_vec())]
}

/// Plays the rest of the input. Gives the ends, if both are ready.
pub fn play(
    input: &mut Input<'_>,
    mut ends: [Box<dyn Mechanism>; 2],
) -> Option<[Box<dyn Mechanism>; 2]> {
    let mut over = [false; 2];
    for _ in 0..64 {
        if ends.iter().all(|end| end.status() == Status::Ready) {
            return Some(ends);
        }
        let action = input.byte();
        let at = usize::from(action & 1);
        let ok = match action >> 1 & 7 {
            // Most of the time something genuine, so that the later steps are reached as well.
            0..=3 => deliver(&mut ends, at, None),
            4 => deliver(&mut ends, at, Some(input)),
            5 => ends[1 - at].process(input.bytes()).is_ok(),
            _ => ask(&mut ends[at], input),
        };
        let _ = ends.iter_mut().map(|end| (end.take_failure(), end.peer().clone())).count();
        over[at] |= !ok;
        // A real connection ends here; an end must stand it all the same.
        if over[at] && input.is_empty() {
            return None;
        }
    }
    None
}

/// Passes what one end has to say to the other one, changed or not.
fn deliver(
    ends: &mut [Box<dyn Mechanism>; 2],
    from: usize,
    change: Option<&mut Input<'_>>,
) -> bool {
    match ends[from].next_command() {
        Ok(Some(mut body)) => {
            if let Some(input) = change {
                mutate(input, &mut body);
            }
            ends[1 - from].process(&body).is_ok()
        }
        // The handler's word is what it waits for, and a genuine one lets the handshake go on.
        Ok(None) if ends[from].take_zap_request().is_some() => {
            ends[from].zap_reply(&[b"", b"1.0", b"1", b"200", b"", b"user", b""]).is_ok()
        }
        Ok(None) => true,
        Err(_) => false,
    }
}

fn ask(end: &mut Box<dyn Mechanism>, input: &mut Input<'_>) -> bool {
    let asked = end.take_zap_request();
    if let Some(request) = asked {
        assert!(request.into_frames().len() >= 7);
    }
    let kind = input.byte();
    if kind & 7 == 0 {
        return end.zap_unavailable().is_ok();
    }
    let status = match kind >> 3 & 7 {
        0 => input.bytes(),
        1 => b"300",
        2 => b"400",
        3 => b"500",
        _ => b"200",
    };
    let mut frames: Vec<&[u8]> = vec![b"", b"1.0", b"1", status, b"", b"user", b""];
    match kind & 7 {
        1 => frames[6] = input.bytes(),
        2 => frames[5] = input.bytes(),
        3 => frames[input.below(7)] = input.bytes(),
        4 => frames.truncate(input.below(7)),
        5 => frames.push(b""),
        _ => {}
    }
    let _ = ZapReply::parse(&frames);
    end.zap_reply(&frames).is_ok()
}

/// Sends messages both ways: what was not changed comes out as it went in, and what was is refused.
pub fn talk(input: &mut Input<'_>, ends: [Box<dyn Mechanism>; 2]) {
    let [one, other] = ends.map(|end| end.split().expect("both ends are ready"));
    let (Traffic::Sealed(one_out, one_in), Traffic::Sealed(other_out, other_in)) = (one, other)
    else {
        return;
    };
    let mut ways = [(one_out, other_in), (other_out, one_in)];
    while !input.is_empty() {
        let action = input.byte();
        let (seal, open) = &mut ways[usize::from(action & 1)];
        let flags = action >> 1 & (frame::MORE | frame::COMMAND);
        let body = input.bytes().repeat(1 + usize::from(action >> 4));
        let mut sealed = Vec::new();
        seal.seal(flags, &body, &mut sealed).expect("numbers do not run out");
        let Ok(frame::Header::Frame { header_len, body_len, .. }) =
            frame::parse_header(&sealed, None)
        else {
            panic!("what is sealed is a frame")
        };
        assert_eq!((header_len as u64) + body_len, sealed.len() as u64);
        let mut sealed = sealed.split_off(header_len);
        let genuine = sealed.clone();
        if action & 4 != 0 {
            mutate(input, &mut sealed);
        }
        let mut opened = vec![0; open.opened_len(sealed.len())];
        match open.open(&sealed, &mut opened) {
            Ok(found) => {
                assert_eq!(sealed, genuine);
                assert_eq!((found, opened), (flags, body));
            }
            Err(_) => {
                assert_ne!(sealed, genuine);
                return;
            }
        }
    }
}
