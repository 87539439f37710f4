//! The receive half: bytes in any pieces bring the same messages as in one, in every framing and at any high-water
//! mark.

use crate::input::{pieces, Input};
use crate::zmq::{
    frame, pair, streams, HandshakeError, Limits, LinkEnd, LinkPeer, Open, Parcel, Pumped,
    Receiver, Record, RecvFraming, RecvHalf, Seal, Sealed, Stream,
};
use std::sync::atomic::AtomicU32;
use std::sync::Arc;

/// The other end of a link whose owner looks without being told.
pub struct Nobody;

impl LinkPeer for Nobody {
    fn readable(&self) {}
    fn writable(&self) {}
    fn closed(&self) {}
}

/// A mechanism without secrets: flags and body, as they are. What begins with FF is no good.
pub struct Marked;

impl Seal for Marked {
    fn seal(&mut self, flags: u8, body: &[u8], out: &mut Vec<u8>) -> Result<(), HandshakeError> {
        frame::encode_frame(0, &[&[flags], body].concat(), out);
        Ok(())
    }
}

impl Open for Marked {
    fn opened_len(&self, sealed_len: usize) -> usize {
        sealed_len.saturating_sub(1)
    }

    fn open(&mut self, sealed: &[u8], out: &mut [u8]) -> Result<u8, HandshakeError> {
        match sealed.split_first() {
            None | Some((0xFF, _)) => Err(HandshakeError::Protocol(0)),
            Some((flags, body)) => {
                out.copy_from_slice(body);
                Ok(*flags)
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Setting {
    framing: usize,
    hwm: usize,
    max_body: Option<u64>,
    wants_commands: bool,
    latest: bool,
    fed: usize,
}

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = input.byte();
    let setting = Setting {
        framing: usize::from(kind & 3),
        wants_commands: kind & 4 != 0,
        max_body: (kind & 8 != 0).then(|| u64::from(input.u16())),
        latest: kind & 16 != 0,
        fed: if kind & 32 != 0 { usize::from(input.byte()) } else { 0 },
        hwm: usize::from(kind >> 6),
    };
    let lengths = input.bytes();
    let bytes = input.rest();
    let whole = receive(Setting { fed: 0, hwm: 0, ..setting }, bytes, &[]);
    let cut = receive(setting, bytes, lengths);
    if setting.framing == 2 {
        let joined = |(messages, end): (Vec<(u8, Vec<u8>)>, _)| {
            (messages.into_iter().flat_map(|(_, body)| body).collect::<Vec<_>>(), end)
        };
        // How much of a stream is one message is a matter of chance.
        if setting.max_body.is_none() && !setting.latest {
            assert_eq!(joined(whole), joined(cut));
        }
        return;
    }
    assert_eq!(whole, cut);
}

fn receive(setting: Setting, bytes: &[u8], lengths: &[u8]) -> (Vec<(u8, Vec<u8>)>, Option<Pumped>) {
    let limits = if setting.latest { Limits::Latest } else { Limits::Messages(setting.hwm) };
    let (LinkEnd { tx, .. }, LinkEnd { mut rx, .. }) = pair(limits, limits).unwrap();
    let framing = match setting.framing {
        0 => RecvFraming::Direct,
        1 => RecvFraming::V1,
        2 => RecvFraming::Raw,
        _ => RecvFraming::Sealed(Box::new(Sealed::new(Box::new(Marked)))),
    };
    let mut half =
        RecvHalf::new(tx, Arc::new(Nobody), framing, setting.max_body, setting.wants_commands);
    let (stream, peer) = streams().unwrap();
    let mut came = Vec::new();
    let (fed, rest) = bytes.split_at(setting.fed.min(bytes.len()));
    let mut end = ended(half.feed(fed), &mut half, &stream, &mut rx, &mut came);
    for piece in pieces(rest, lengths) {
        if end.is_some() {
            break;
        }
        send(&peer, piece);
        let pumped = half.pump(&stream, &AtomicU32::new(0), false);
        end = ended(pumped, &mut half, &stream, &mut rx, &mut came);
    }
    drain(&mut rx, &mut came);
    if let Some(latest) = rx.take_latest() {
        came.push((0, latest.to_vec()));
    }
    let _ = half.take_replies();
    drop(half.take_link());
    drain(&mut rx, &mut came);
    (came, end)
}

/// Makes room until the half wants more bytes, and says how it ended, if it did.
fn ended(
    mut pumped: Pumped,
    half: &mut RecvHalf,
    stream: &Stream,
    rx: &mut Receiver,
    came: &mut Vec<(u8, Vec<u8>)>,
) -> Option<Pumped> {
    for _ in 0..100_000 {
        drain(rx, came);
        match pumped {
            Pumped::Idle => return None,
            Pumped::Full | Pumped::More => {
                pumped = half.pump(stream, &AtomicU32::new(0), false);
            }
            Pumped::Closed | Pumped::Broken(_) => panic!("{pumped:?}"),
            Pumped::Malformed(_) => return Some(pumped),
        }
    }
    panic!("it never comes to an end: {pumped:?}")
}

fn send(peer: &Stream, piece: &[u8]) {
    if !piece.is_empty() {
        assert_eq!(peer.send(piece).unwrap(), piece.len());
    }
}

/// Takes what the link holds.
pub fn drain(rx: &mut Receiver, came: &mut Vec<(u8, Vec<u8>)>) {
    while let Some(record) = rx.front() {
        match record {
            Record::Bytes(flags, body) => came.push((flags, body.to_vec())),
            Record::Object(flags, Parcel::Message(message)) => came.push((flags, message.to_vec())),
            Record::Object(_, Parcel::Peer(_)) => {}
        }
        rx.consumer().pop();
    }
}
