//! The receive half: bytes in any pieces bring the same messages as in one, in every framing and at
//! any high-water mark, and what is held in memory has to do with what was sent, and not with what
//! was announced.

use crate::fuzzing::input::{pieces, Input};
use crate::fuzzing::memory::measure;
use crate::fuzzing::zmq::frame::COMMAND;
use crate::fuzzing::zmq::{
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

/// Messages that came, and so that their place is not counted it is there before.
#[derive(Debug, PartialEq)]
pub struct Came {
    heads: Vec<(u8, usize)>,
    bodies: Vec<u8>,
}

impl Came {
    /// With room for what so many bytes can bring.
    pub fn with_room(bytes: usize) -> Self {
        Came { heads: Vec::with_capacity(bytes + 8), bodies: Vec::with_capacity(bytes + 8) }
    }

    pub fn push(&mut self, flags: u8, body: &[u8]) {
        self.heads.push((flags, body.len()));
        self.bodies.extend_from_slice(body);
    }

    pub fn len(&self) -> usize {
        self.heads.len()
    }

    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// All bodies in a row.
    pub fn bodies(&self) -> &[u8] {
        &self.bodies
    }

    pub fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> {
        let mut rest = &self.bodies[..];
        self.heads.iter().map(move |(flags, len)| {
            let (body, behind) = rest.split_at(*len);
            rest = behind;
            (*flags, body)
        })
    }
}

/// What may be kept whatever comes: the beginning of one long message, and the chunks of two
/// queues.
const KEPT: usize = 2 * 1024 * 1024;
/// What a byte that came may take: a short message is a record, and two copies of it may be on
/// their way.
const A_BYTE: usize = 16;

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
        fed: if kind & 32 != 0 { usize::from(input.u16()) } else { 0 },
        hwm: usize::from(kind >> 6),
    };
    let lengths = input.bytes();
    let bytes = input.rest();
    let whole = receive(Setting { fed: 0, hwm: 0, ..setting }, bytes, &[]);
    let cut = receive(setting, bytes, lengths);
    if setting.framing == 2 {
        // How much of a stream is one message is a matter of chance.
        if setting.max_body.is_none() && !setting.latest {
            assert_eq!((whole.0.bodies(), whole.1), (cut.0.bodies(), cut.1));
        }
        return;
    }
    assert_eq!(whole, cut);
}

fn receive(setting: Setting, bytes: &[u8], lengths: &[u8]) -> (Came, Option<Pumped>) {
    let mut came = Came::with_room(bytes.len());
    let (end, most) = measure(|| receive_into(&mut came, setting, bytes, lengths));
    let bound = KEPT + A_BYTE * bytes.len();
    assert!(most <= bound, "{most} bytes of memory for {} bytes", bytes.len());
    (came, end)
}

fn receive_into(came: &mut Came, setting: Setting, bytes: &[u8], lengths: &[u8]) -> Option<Pumped> {
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
    let (fed, rest) = bytes.split_at(setting.fed.min(bytes.len()));
    let mut end = ended(half.feed(fed), &mut half, &stream, &mut rx, came);
    for piece in pieces(rest, lengths) {
        if end.is_some() {
            break;
        }
        send(&peer, piece);
        let pumped = half.pump(&stream, &AtomicU32::new(0), false);
        end = ended(pumped, &mut half, &stream, &mut rx, came);
    }
    drain(&mut rx, came);
    if let Some(latest) = rx.take_latest() {
        came.push(0, &latest);
    }
    let _ = half.take_replies();
    drop(half.take_link());
    drain(&mut rx, came);
    end
}

/// Makes room until the half wants more bytes, and says how it ended, if it did.
fn ended(
    mut pumped: Pumped,
    half: &mut RecvHalf,
    stream: &Stream,
    rx: &mut Receiver,
    came: &mut Came,
) -> Option<Pumped> {
    for _ in 0..100_000 {
        drain(rx, came);
        match pumped {
            Pumped::Idle => return None,
            Pumped::Full | Pumped::More => {
                pumped = half.pump(stream, &AtomicU32::new(0), false);
            }
            // So long a message has no place in any memory.
            Pumped::Malformed(_) | Pumped::Broken(libc::ENOMEM) => return Some(pumped),
            Pumped::Closed | Pumped::Broken(_) => panic!("{pumped:?}"),
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
pub fn drain(rx: &mut Receiver, came: &mut Came) {
    while let Some(record) = rx.front() {
        let is_peer = matches!(record, Record::Object(_, Parcel::Peer(_)));
        // In the place of commands that were dropped there may be one without a name.
        let is_filler = record.flags() & COMMAND != 0 && record.body().first() == Some(&0);
        if !is_peer && !is_filler {
            came.push(record.flags(), record.body());
        }
        rx.consumer().pop();
    }
}
