//! The receive half: from the descriptor to the link's queue.
//!
//! With the framing of ZMTP 2 and later and no cipher, the kernel writes into the queue's own memory and
//! frames become records where they lie. Large bodies are read straight into their message. Any other
//! framing is translated first.
#![forbid(unsafe_code)]

use super::sealed::{Opened, Refusal, Sealed};
use super::send::REPLIES_KEPT;
use crate::error::Result;
use crate::link::{pair, Brought, Limits, LinkEnd, Parcel, Peer, Receiver, Sender, COMMAND, MORE};
use crate::message::Filling;
use crate::message::Message;
use crate::options::ids::protocol_error;
use crate::security::Failure;
use crate::sync::queue::{Producer, Record, Stop, Verdict, MAX_HEADER};
use crate::sys::io::Stream;
use crate::wire::command::Command;
use crate::wire::frame::{encode_frame, parse_header, Header};
use crate::wire::legacy;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;

/// Reads are of this size at first, and shrink back to it.
const MIN_READ: usize = 2 * 1024;
/// Reads grow up to this size while the peer fills them.
const MAX_READ: usize = 64 * 1024;
/// Bodies from this size on are read into a message of their own.
pub(super) const LARGE: usize = 32 * 1024;
/// The missing part of a body is worth waiting for as a whole from this size on ...
const WAIT_FOR: usize = 64 * 1024;
/// ... and up to this one.
const WAIT_AT_MOST: usize = 512 * 1024;
/// No more memory than this stays with a connection whose bytes are translated, once they are.
const STAGING_KEPT: usize = 4 * MAX_READ;
/// The parts of a message may always take so much together.
const PARTS_KEPT: u64 = 16 * 1024 * 1024;
/// One turn of a connection takes no more reads than this, so that others have theirs.
const TURN: usize = 32;

/// What arrives on this connection.
pub(crate) enum RecvFraming {
    Direct,
    V1,
    /// Every read is a message.
    Raw,
    Sealed(Box<Sealed>),
}

/// How far a read came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pumped {
    /// Nothing more is there; readiness will be told.
    Idle,
    /// The socket is at its high-water mark; it will say when there is room.
    Full,
    /// There is more, but others should have their turn.
    More,
    /// The peer closed the connection.
    Closed,
    /// The connection broke, with an errno.
    Broken(i32),
    /// The peer broke the protocol, with the code that monitors are told, if there is one.
    Malformed(Option<i32>),
}

/// See the module.
pub(crate) struct RecvHalf {
    link: Option<Sender>,
    socket: Arc<dyn Peer>,
    framing: RecvFraming,
    max_body: u64,
    /// Subscriptions are for the socket.
    wants_commands: bool,
    large: Option<Large>,
    /// What the large parts of a message that has not ended take together.
    large_parts: u64,
    /// Undecoded bytes of a framing that is translated.
    staging: Vec<u8>,
    /// Where messages of a conflated link are decoded.
    scratch: Option<(Sender, Receiver)>,
    read_size: usize,
    /// The descriptor is not readable before so many bytes are there.
    threshold: usize,
    full: bool,
    /// How it ended. Whoever finds that out is not always the one who has to know.
    over: Option<Pumped>,
    replies: Vec<u8>,
    ping: Option<u16>,
}

struct Large {
    flags: u8,
    body: Filling,
}

impl RecvHalf {
    /// `first` arrived already.
    pub(crate) fn new(
        link: Sender,
        socket: Arc<dyn Peer>,
        framing: RecvFraming,
        max_body: Option<u64>,
        wants_commands: bool,
    ) -> Self {
        let mut half = Self {
            link: None,
            socket,
            framing,
            max_body: max_body.unwrap_or(u64::MAX),
            wants_commands,
            large: None,
            large_parts: 0,
            staging: Vec::new(),
            scratch: None,
            read_size: MIN_READ,
            threshold: 1,
            full: false,
            over: None,
            replies: Vec::new(),
            ping: None,
        };
        if link.is_latest() {
            match pair(Limits::Messages(0), Limits::Messages(0)) {
                Ok((LinkEnd { tx, .. }, LinkEnd { rx, .. })) => half.scratch = Some((tx, rx)),
                Err(_) => half.over = Some(NO_MEMORY),
            }
        }
        half.link = Some(link);
        half
    }

    /// Without what should have gone into the link the connection cannot go on.
    fn insist(&mut self, done: Result<()>) {
        if done.is_err() {
            self.over = Some(NO_MEMORY);
        }
    }

    /// Gives the link back; parts of an unfinished message are gone.
    pub(crate) fn take_link(&mut self) -> Option<Sender> {
        let mut link = self.link.take()?;
        link.rollback();
        Some(link)
    }

    /// Answers that are due, as bytes for the send half.
    pub(crate) fn take_replies(&mut self) -> Option<Vec<u8>> {
        (!self.replies.is_empty()).then(|| std::mem::take(&mut self.replies))
    }

    /// Is there a PING with a promise that nobody has asked for yet?
    pub(crate) fn has_ping(&self) -> bool {
        self.ping.is_some_and(|ttl| ttl > 0)
    }

    /// How long the peer's last PING promised to be heard of again, in tenths of a second. Given once.
    pub(crate) fn take_ping(&mut self) -> Option<u16> {
        self.ping.take()
    }

    /// Does it wait for room in the socket? The socket tells when there is some.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// What reads have brought of late.
    pub(crate) fn brought(&self) -> Brought {
        match &self.large {
            Some(_) => Brought::Part,
            None if self.read_size > MIN_READ => Brought::Much,
            None => Brought::Little,
        }
    }

    /// Writes something into the link that is no message.
    pub(crate) fn introduce(&mut self, parcel: Parcel) {
        let Some(link) = &mut self.link else { return };
        let done = link.write_parcel(parcel, &*self.socket);
        self.insist(done);
    }

    /// Writes a message of our own making into the link.
    pub(crate) fn deliver(&mut self, flags: u8, body: &[u8]) {
        let Some(link) = &mut self.link else { return };
        let done = link.producer().push(flags, body);
        link.commit(&*self.socket);
        self.insist(done);
    }

    /// Takes bytes that came with the handshake.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Pumped {
        if let Some(over) = self.over {
            return over;
        }
        if bytes.is_empty() {
            return Pumped::Idle;
        }
        let stopped = match &mut self.framing {
            RecvFraming::Direct => self.absorb_frames(bytes),
            RecvFraming::Sealed(sealed) => match sealed.feed(bytes) {
                Ok(()) => self.translate(),
                Err(_) => Some(NO_MEMORY),
            },
            RecvFraming::V1 | RecvFraming::Raw => match self.staging.try_reserve(bytes.len()) {
                Ok(()) => {
                    self.staging.extend_from_slice(bytes);
                    self.translate()
                }
                Err(_) => Some(NO_MEMORY),
            },
        };
        stopped.unwrap_or(Pumped::Idle)
    }

    /// Reads what is there and hands it to the socket. With `drain` until the kernel says that there is no more;
    /// otherwise a read that was not filled is taken for the last one.
    pub(crate) fn pump(&mut self, stream: &Stream, activity: &AtomicU32, drain: bool) -> Pumped {
        if let Some(over) = self.over {
            return over;
        }
        let pumped = self.read_all(stream, activity, drain);
        match pumped {
            Pumped::Idle => self.set_threshold(stream),
            Pumped::Full | Pumped::More => {}
            Pumped::Closed | Pumped::Broken(_) | Pumped::Malformed(_) => self.over = Some(pumped),
        }
        pumped
    }

    /// Has nobody woken for each piece of a large body while the peer still writes it.
    fn set_threshold(&mut self, stream: &Stream) {
        let missing = self.large.as_ref().map_or(0, |large| large.body.missing());
        let wanted = if missing < WAIT_FOR { 1 } else { missing.min(WAIT_AT_MOST) };
        if self.threshold != wanted {
            self.threshold = wanted;
            stream.set_threshold(wanted);
        }
    }

    fn read_all(&mut self, stream: &Stream, activity: &AtomicU32, drain: bool) -> Pumped {
        if self.full {
            if let Some(stopped) = self.resume() {
                return stopped;
            }
        }
        for _ in 0..TURN {
            if !self.has_room() {
                self.full = true;
                return Pumped::Full;
            }
            let (read, filled) = match self.read(stream) {
                Ok((0, _)) => return Pumped::Closed,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Pumped::Idle,
                Err(error) => return Pumped::Broken(error.raw_os_error().unwrap_or(libc::EIO)),
            };
            activity.fetch_add(1, Ordering::Relaxed);
            if let Some(stopped) = self.take(read) {
                return stopped;
            }
            if !filled && !drain {
                return Pumped::Idle;
            }
        }
        Pumped::More
    }

    /// Goes on with bytes that were read before the socket was full.
    fn resume(&mut self) -> Option<Pumped> {
        self.full = false;
        match self.framing {
            RecvFraming::Direct => self.absorb(0),
            _ => self.absorb(0).or_else(|| self.translate()),
        }
    }

    fn has_room(&mut self) -> bool {
        match &mut self.link {
            Some(link) if self.scratch.is_none() => link.has_room(),
            _ => true,
        }
    }

    /// Reads once: how much, and whether it was as much as could be.
    fn read(&mut self, stream: &Stream) -> io::Result<(usize, bool)> {
        if let Some(large) = &mut self.large {
            let room = large.body.room().map_err(no_memory)?;
            let read = large.body.fill(|rest| stream.recv_uninit(rest))?;
            return Ok((read, read == room));
        }
        let size = self.read_size;
        let (read, room) = match &mut self.framing {
            RecvFraming::Sealed(sealed) => {
                let room = sealed.room(size).map_err(no_memory)?;
                let len = room.len();
                let read = stream.recv(room)?;
                sealed.filled(read);
                (read, len)
            }
            RecvFraming::Direct => {
                let Some(producer) = self.producer() else { return Ok((0, false)) };
                let room = producer.room(size).map_err(no_memory)?;
                (stream.recv(room)?, room.len())
            }
            RecvFraming::V1 | RecvFraming::Raw => {
                let start = self.staging.len();
                self.staging.try_reserve(size).map_err(no_memory)?;
                self.staging.resize(start + size, 0);
                let read = stream.recv(&mut self.staging[start..]);
                self.staging.truncate(start + *read.as_ref().unwrap_or(&0));
                (read?, size)
            }
        };
        if read == room {
            self.read_size = (size * 2).min(MAX_READ);
        } else if read < size / 8 {
            self.read_size = (size / 2).max(MIN_READ);
        }
        Ok((read, read == room))
    }

    /// Makes records of what was read.
    fn take(&mut self, read: usize) -> Option<Pumped> {
        if let Some(large) = &mut self.large {
            return if large.body.missing() == 0 { self.finish_large() } else { None };
        }
        match self.framing {
            RecvFraming::Direct => self.absorb(read),
            _ => self.translate(),
        }
    }

    fn absorb(&mut self, mut read: usize) -> Option<Pumped> {
        loop {
            let stop = match self.absorb_once(read) {
                Ok(stop) => stop?,
                Err(stopped) => return Some(stopped),
            };
            match stop {
                Stop::Incomplete { total } if total > LARGE => return self.begin_large(),
                Stop::Incomplete { .. } => return None,
                // Asking for room makes sure that we are told of it.
                Stop::Full if self.has_room() => read = 0,
                Stop::Full => {
                    self.full = true;
                    return Some(Pumped::Full);
                }
                Stop::Malformed => {
                    return Some(Pumped::Malformed(Some(protocol_error::ZMTP_UNSPECIFIED)))
                }
                Stop::TooLong => return Some(Pumped::Malformed(None)),
                Stop::Refused => {
                    return Some(Pumped::Malformed(Some(
                        protocol_error::ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
                    )));
                }
            }
        }
    }

    /// Makes records of bytes in the room and publishes whole messages.
    fn absorb_once(&mut self, read: usize) -> Result<Option<Stop>, Pumped> {
        let Self { link, scratch, replies, ping, max_body, wants_commands, .. } = self;
        let Some(link) = link.as_mut() else { return Ok(None) };
        let producer = match scratch {
            Some((tx, _)) => tx.producer(),
            None => link.producer(),
        };
        let answers = matches!(self.framing, RecvFraming::Direct | RecvFraming::Sealed(_));
        let absorbed = producer.absorb(read, *max_body, |body| {
            on_command(body, *wants_commands, answers, ping, replies)
        });
        match self.publish() {
            None => Ok(Some(absorbed.stop)),
            Some(stopped) => Err(stopped),
        }
    }

    /// Lets the socket see the whole messages that were absorbed.
    fn publish(&mut self) -> Option<Pumped> {
        let producer = self.producer()?;
        let ended = producer.has_whole_message();
        let asleep = producer.commit_absorbed();
        if ended {
            // The large parts came before that, or it would have ended with another one.
            self.large_parts = 0;
        }
        if self.is_endless() {
            return Some(Pumped::Malformed(None));
        }
        if self.scratch.is_some() {
            return self.conflate();
        }
        if asleep {
            self.socket.readable();
        }
        None
    }

    /// Do the parts of a message that has not ended take more than messages may that have? The
    /// high-water mark counts whole messages only, and `ZMQ_MAXMSGSIZE` is for each part.
    fn is_endless(&mut self) -> bool {
        let (max_body, large) = (self.max_body, self.large_parts);
        let conflated = self.scratch.is_some();
        let Some(producer) = self.producer() else { return false };
        let unfinished = producer.unfinished();
        if unfinished == 0 {
            return false;
        }
        let most = match producer.hwm() as u64 {
            _ if conflated => max_body,
            0 => u64::MAX,
            hwm => hwm.saturating_mul(max_body),
        };
        unfinished + large > most.max(PARTS_KEPT)
    }

    fn begin_large(&mut self) -> Option<Pumped> {
        if !matches!(self.framing, RecvFraming::Direct) {
            return None;
        }
        let (max_body, max_command) = (self.max_body, self.max_command());
        let producer = self.producer()?;
        let partial = producer.partial();
        let Ok(Header::Frame { flags, header_len, body_len }) =
            parse_header(partial, Some(max_body))
        else {
            return None;
        };
        if flags & COMMAND != 0 {
            // Rare, and to be seen whole: it grows where it is, as it comes.
            return (body_len > max_command).then_some(Pumped::Malformed(None));
        }
        let Ok(mut body) = Filling::new(body_len as usize) else { return Some(NO_MEMORY) };
        body.extend(&partial[header_len..]);
        producer.drop_partial();
        self.large = Some(Large { flags: flags & MORE, body });
        None
    }

    /// The longest command that is kept until it is whole.
    fn max_command(&self) -> u64 {
        match self.wants_commands {
            true => MAX_COMMAND,
            false => MAX_OTHER_COMMAND,
        }
    }

    fn finish_large(&mut self) -> Option<Pumped> {
        let Large { flags, body } = self.large.take()?;
        let block = body.finish()?;
        let len = block.len();
        self.take_large(flags, Message::from_block(block, 0, len))
    }

    /// Makes records of what stands in `staging`, in another framing.
    fn translate(&mut self) -> Option<Pumped> {
        let mut frames = Vec::new();
        let bound = self.bound();
        let staging = &mut self.staging;
        match &self.framing {
            RecvFraming::Sealed(_) => return self.open(),
            RecvFraming::Direct => return None,
            RecvFraming::Raw if staging.is_empty() => return None,
            RecvFraming::V1 if !legacy::has_frame(staging) => {
                // It may be one that never can be whole.
                let header = legacy::parse_v1_header(staging, bound);
                return header.err().map(|error| Pumped::Malformed(error.code()));
            }
            // The frames of the one are no longer than those of the other, and a bare body gets a header.
            _ if frames.try_reserve_exact(staging.len() + MAX_HEADER).is_err() => {
                return Some(NO_MEMORY);
            }
            RecvFraming::Raw => {
                encode_frame(0, staging, &mut frames);
                staging.clear();
            }
            RecvFraming::V1 => match legacy::decode(staging, bound, &mut frames) {
                Ok(decoded) => drop(self.staging.drain(..decoded.consumed)),
                Err(error) => return Some(Pumped::Malformed(error.code())),
            },
        }
        if self.staging.capacity() > STAGING_KEPT && self.staging.len() <= MAX_READ {
            self.staging.shrink_to(MAX_READ);
        }
        // What was left behind may be a frame that never can be whole.
        self.absorb_frames(&frames).or_else(|| self.translate())
    }

    fn absorb_frames(&mut self, frames: &[u8]) -> Option<Pumped> {
        match self.producer()?.room(frames.len()) {
            Ok(room) => room[..frames.len()].copy_from_slice(frames),
            Err(_) => return Some(NO_MEMORY),
        }
        self.absorb(frames.len())
    }

    /// Opens sealed frames into the link's queue, as many as there are and fit.
    fn open(&mut self) -> Option<Pumped> {
        loop {
            if !self.has_room() {
                self.full = true;
                return Some(Pumped::Full);
            }
            let Self { framing: RecvFraming::Sealed(sealed), link, scratch, max_body, .. } = self
            else {
                return None;
            };
            let producer = match scratch {
                Some((tx, _)) => tx.producer(),
                None => link.as_mut()?.producer(),
            };
            let stopped = match sealed.open(producer, *max_body) {
                Ok(None) => return None,
                Ok(Some(Opened::Frames(written))) => self.absorb(written),
                Ok(Some(Opened::Large(flags, message))) => self.take_large(flags, message),
                Err(refusal) => Some(refused(&refusal)),
            };
            if stopped.is_some() {
                return stopped;
            }
        }
    }

    fn take_large(&mut self, flags: u8, message: Message) -> Option<Pumped> {
        if flags & COMMAND != 0 {
            // Rare, and looked at like any other.
            if message.len() as u64 > self.max_command() {
                return Some(Pumped::Malformed(None));
            }
            let mut frame = Vec::new();
            if frame.try_reserve_exact(message.len() + MAX_HEADER).is_err() {
                return Some(NO_MEMORY);
            }
            encode_frame(flags, &message, &mut frame);
            return self.absorb_frames(&frame);
        }
        self.large_parts += message.len() as u64;
        match self.producer()?.push_absorbed(flags, Parcel::Message(message)) {
            Ok(()) => self.publish(),
            Err(_) => Some(NO_MEMORY),
        }
    }

    fn bound(&self) -> Option<u64> {
        (self.max_body != u64::MAX).then_some(self.max_body)
    }

    fn producer(&mut self) -> Option<&mut Producer<Parcel>> {
        match &mut self.scratch {
            Some((tx, _)) => Some(tx.producer()),
            None => self.link.as_mut().map(Sender::producer),
        }
    }

    /// Moves what was decoded to the place of the last message.
    fn conflate(&mut self) -> Option<Pumped> {
        let (Some((_, rx)), Some(link)) = (&mut self.scratch, &mut self.link) else { return None };
        loop {
            let message = match rx.front()? {
                Record::Bytes(flags, body) if flags & COMMAND == 0 => {
                    match Message::try_from_slice(body) {
                        Ok(message) => Some(message),
                        Err(_) => return Some(NO_MEMORY),
                    }
                }
                Record::Object(_, Parcel::Message(message)) => Some(message.clone()),
                _ => None,
            };
            rx.consumer().pop();
            if let Some(message) = message {
                link.write_latest(message, &*self.socket);
            }
        }
    }
}

fn refused(refusal: &Refusal) -> Pumped {
    match refusal {
        Refusal::NoMemory => NO_MEMORY,
        Refusal::Frame(error) => Pumped::Malformed(error.code()),
        Refusal::Sealed(error) => Pumped::Malformed(match error.failure() {
            Failure::Protocol(code) => Some(code),
            _ => None,
        }),
    }
}

/// A longer subscription than this is nobody's ...
const MAX_COMMAND: u64 = 64 * 1024 * 1024;
/// ... and no other command is this long: those that mean something fit into a line.
const MAX_OTHER_COMMAND: u64 = 1024 * 1024;

/// Memory is short.
const NO_MEMORY: Pumped = Pumped::Broken(libc::ENOMEM);

fn no_memory<E>(_: E) -> io::Error {
    io::Error::from_raw_os_error(libc::ENOMEM)
}

/// What becomes of a command of the peer.
fn on_command(
    body: &[u8],
    wants_commands: bool,
    answers: bool,
    ping: &mut Option<u16>,
    replies: &mut Vec<u8>,
) -> Verdict {
    match Command::parse(body) {
        Ok(Command::Ping { ttl, context }) if answers => {
            *ping = Some(ttl);
            if replies.len() < REPLIES_KEPT {
                Command::Pong { context }.encode(replies);
            }
            Verdict::Drop
        }
        Ok(
            Command::Subscribe { .. }
            | Command::Cancel { .. }
            | Command::Join { .. }
            | Command::Leave { .. },
        ) if wants_commands => Verdict::Keep,
        // Others may come from newer peers; they mean nothing to us.
        Ok(_) => Verdict::Drop,
        Err(_) => Verdict::Refuse,
    }
}

#[cfg(test)]
mod tests;
