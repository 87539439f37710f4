use super::*;
use crate::sys::io::pair as streams;

struct Nobody;

impl Peer for Nobody {
    fn readable(&self) {}
    fn writable(&self) {}
    fn closed(&self) {}
}

/// A body that is read into memory of its own.
const LARGE: usize = 200_000;
const HWM: usize = 80;

/// A half that takes no longer bodies, and what receives by it.
fn half() -> (RecvHalf, Receiver) {
    let limits = || Limits::Messages(HWM);
    let (LinkEnd { tx, .. }, LinkEnd { rx, .. }) = pair(limits(), limits()).unwrap();
    let bound = Some(LARGE as u64);
    (RecvHalf::new(tx, Arc::new(Nobody), RecvFraming::Direct, bound, false), rx)
}

/// A message with two large parts between small ones; `last` if nothing follows.
fn message(ends: bool) -> Vec<u8> {
    let mut frames = Vec::new();
    let large = vec![7; LARGE];
    for body in [b"begins".as_slice(), &large, &large] {
        encode_frame(MORE, body, &mut frames);
    }
    encode_frame(if ends { 0 } else { MORE }, b"ends", &mut frames);
    frames
}

/// Sends so many, and reads all that the half makes of them. Returns how many there were, and how
/// that ended.
fn stream(count: usize, ends: bool) -> (usize, Pumped) {
    let (mut half, mut rx) = half();
    let (near, far) = streams().unwrap();
    let activity = AtomicU32::new(0);
    let bytes = message(ends).repeat(count);
    let (mut rest, mut received, mut refused) = (&bytes[..], 0, None);
    while refused.is_none() {
        let sent = far.send(rest).unwrap_or(0);
        rest = &rest[sent..];
        match half.pump(&near, &activity, true) {
            Pumped::Idle | Pumped::Full | Pumped::More => {}
            over => refused = Some(over),
        }
        let before = received;
        while let Some(record) = rx.front() {
            received += usize::from(matches!(record, Record::Bytes(0, _)));
            rx.consumer().pop();
        }
        if rest.is_empty() && received == before && !half.is_full() {
            break;
        }
    }
    (received, refused.unwrap_or(Pumped::Idle))
}

/// What one message had does not count for the next, also where no read ends between them.
#[test]
fn parts_count_for_their_own_message() {
    let enough = PARTS_KEPT as usize / LARGE;
    assert!(matches!(stream(enough, true), (count, Pumped::Idle) if count == enough));
}

#[test]
fn a_message_that_never_ends_is_refused() {
    let enough = PARTS_KEPT as usize / LARGE;
    assert!(matches!(stream(enough, false), (0, Pumped::Malformed(None))));
}
