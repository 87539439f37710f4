use super::*;
use crate::link::{pair, Frame, Limits, LinkEnd, Sender};
use crate::security::HandshakeError;
use crate::sys::io::pair as streams;

struct Nobody;

impl Peer for Nobody {
    fn readable(&self) {}
    fn writable(&self) {}
    fn closed(&self) {}
}

/// Leaves everything as it is.
struct Open;

impl Seal for Open {
    fn seal(&mut self, _: u8, body: &[u8], out: &mut Vec<u8>) -> Result<(), HandshakeError> {
        out.extend_from_slice(body);
        Ok(())
    }
}

/// A half, and what sends by it.
fn half(framing: SendFraming) -> (SendHalf, Sender) {
    let (LinkEnd { tx, .. }, LinkEnd { rx, .. }) =
        pair(Limits::Messages(0), Limits::Messages(0)).unwrap();
    (SendHalf::new(rx, Arc::new(Nobody), framing, Vec::new()), tx)
}

/// Flushes to a peer that reads all there is each time. Returns how much came.
fn flush_all(half: &mut SendHalf, stream: &Stream, peer: &Stream) -> usize {
    let (mut buffer, mut came) = (vec![0; 1 << 20], 0);
    loop {
        let flushed = half.flush(stream).unwrap();
        while let Ok(read) = peer.recv(&mut buffer) {
            came += read;
        }
        if flushed == Flushed::Done {
            return came;
        }
    }
}

/// They ask for an answer each time, and never read one.
#[test]
fn answers_to_a_peer_that_does_not_read_are_few() {
    let sealed = SendFraming::Sealed { mechanism: Box::new(Open), old_subscriptions: false };
    for framing in [SendFraming::Direct, sealed] {
        let (mut half, mut link) = half(framing);
        let (stream, peer) = streams().unwrap();
        link.write(&mut Frame::bytes(&vec![1; 8 << 20], false), false, &Nobody).unwrap();
        assert_eq!(half.flush(&stream).unwrap(), Flushed::Blocked);
        let before = half.outbox.len();
        let pong = Command::Pong { context: &[7; 16] };
        for _ in 0..10_000 {
            half.queue_command(&pong);
        }
        let waiting = half.outbox.len() - before;
        assert!((1..REPLIES_KEPT + 100).contains(&waiting), "{waiting}");
        flush_all(&mut half, &stream, &peer);
        half.queue_command(&pong);
        assert!(flush_all(&mut half, &stream, &peer) >= 16);
    }
}

#[test]
fn memory_for_what_was_long_goes_when_it_has_left() {
    let sealed = SendFraming::Sealed { mechanism: Box::new(Open), old_subscriptions: false };
    for framing in [SendFraming::Raw, SendFraming::V1, sealed] {
        let (mut half, mut link) = half(framing);
        let (stream, peer) = streams().unwrap();
        for len in [8 << 20, 300_000, 100] {
            let body = vec![1; len];
            for _ in 0..3 {
                link.write(&mut Frame::bytes(&body, false), false, &Nobody).unwrap();
            }
            let came = flush_all(&mut half, &stream, &peer);
            assert!((3 * len..=3 * len + 30).contains(&came), "{came} of {len}");
            assert!(half.outbox.capacity() <= OUTBOX_KEPT, "{}", half.outbox.capacity());
        }
    }
}
