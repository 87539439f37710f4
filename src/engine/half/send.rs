//! The send half: from the link's queue to the descriptor.
//!
//! With the framing of ZMTP 2 and later and no cipher, the queue is the wire image, and the kernel reads
//! it from there. Any other framing is made in the outbox, batch by batch. Either way a message is given up only
//! when its last byte has left: what a dying connection did not take is sent again by the next one.
#![forbid(unsafe_code)]

use crate::error::Result;
use crate::link::{Peer, Receiver, COMMAND, MORE};
use crate::message::Message;
use crate::security::Seal;
use crate::sync::queue::{write_header, Cursor, MAX_HEADER};
use crate::sys::io::Stream;
use crate::wire::command::Command;
use crate::wire::frame::{encode_frame, parse_header, Header};
use crate::wire::legacy;
use std::collections::{TryReserveError, VecDeque};
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;

/// How much one write may take.
const WRITE_SIZE: usize = 256 * 1024;
/// How much is translated before it is written.
const OUTBOX_SIZE: usize = 64 * 1024;
/// So many bytes of answers to what a peer sends wait for it to read, and hardly more: some eighty
/// PONGs.
pub(super) const REPLIES_KEPT: usize = 2048;
/// So much memory stays with an outbox that has nothing to hold ...
const OUTBOX_KEPT: usize = 4 * OUTBOX_SIZE;
/// ... and so much for the next message, if there is one.
const OUTBOX_IN_USE: usize = 16 * OUTBOX_SIZE;
/// So many ends are remembered without asking for memory.
const ENDS_KEPT: usize = 4096;
/// What a mechanism or a framing makes of a body wants no more room than this besides.
const SEAL_ROOM: usize = 2048;
/// One turn of a connection writes no more than this, so that others have theirs.
const TURN: usize = 4 * 1024 * 1024;
const SLICES: usize = 64;
/// A body from this size on, sent after a pause ...
const LONG: usize = 128 * 1024;
/// ... is announced by its first piece: while the rest is copied to the kernel, the peer wakes up.
const HERALD: usize = 8 * 1024;
/// A body up to this size may go from the memory of the caller. The kernel has no room for the whole of a
/// longer one, which would have to be copied all the same.
const THROUGH: usize = 256 * 1024;

/// What frames become on this connection.
pub(crate) enum SendFraming {
    /// As they stand in the queue.
    Direct,
    /// ZMTP 2 frames, but subscriptions are messages: 2.0 and 3.0.
    OldSubscriptions,
    /// ZMTP 1 frames.
    V1,
    /// Bare bodies.
    Raw,
    /// Through the mechanism, perhaps for a peer to whom subscriptions are messages: 3.0.
    Sealed { mechanism: Box<dyn Seal>, old_subscriptions: bool },
}

/// How far a flush came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// Everything is out; the next commit wakes somebody.
    Done,
    /// The kernel takes no more now.
    Blocked,
    /// There is more, but others should have their turn.
    More,
}

/// See the module.
pub(crate) struct SendHalf {
    link: Option<Receiver>,
    socket: Option<Arc<dyn Peer>>,
    framing: SendFraming,
    cursor: Option<Cursor>,
    outbox: Vec<u8>,
    sent: usize,
    /// Bytes of our own commands in the outbox.
    own: usize,
    /// The kernel took less than it was given the last time.
    blocked: bool,
    /// Where in the outbox messages end, and the place in the queue behind them.
    ends: VecDeque<(usize, Cursor)>,
}

impl SendHalf {
    /// `first` goes out before anything of the link.
    pub(crate) fn new(
        mut link: Receiver,
        socket: Arc<dyn Peer>,
        framing: SendFraming,
        first: Vec<u8>,
    ) -> Self {
        let cursor = Some(link.consumer().cursor());
        let framing = match (framing, &link) {
            (SendFraming::Direct, Receiver::Latest { .. }) => SendFraming::OldSubscriptions,
            (framing, _) => framing,
        };
        Self {
            link: Some(link),
            socket: Some(socket),
            framing,
            cursor,
            outbox: first,
            sent: 0,
            own: 0,
            blocked: false,
            ends: VecDeque::new(),
        }
    }

    /// The link is looked at again by a timer: see [`Consumer::attend`](crate::sync::queue::Consumer::attend).
    pub(crate) fn attend(&mut self) {
        if let Some(link) = &mut self.link {
            link.consumer().attend();
        }
    }

    /// Is there nothing to do, and will the next commit tell? Then nobody need look any more.
    pub(crate) fn is_done(&mut self) -> bool {
        if !self.is_idle() {
            return false;
        }
        if let Some(link) = &mut self.link {
            link.consumer().rely();
        }
        let idle = self.is_idle();
        if !idle {
            self.attend();
        }
        idle
    }

    /// How many messages of the link have gone out whole.
    pub(crate) fn messages(&mut self) -> u64 {
        self.link.as_mut().map_or(0, |link| link.consumer().messages())
    }

    /// Gives the link back, at the first message that has not gone out whole.
    pub(crate) fn take_link(&mut self) -> Option<Receiver> {
        self.cursor = None;
        self.socket = None;
        let mut link = self.link.take()?;
        link.consumer().rely();
        Some(link)
    }

    /// Is the link's other end gone and everything out?
    pub(crate) fn is_finished(&mut self) -> bool {
        let Some(link) = &mut self.link else { return true };
        self.sent == self.outbox.len()
            && link.is_closed()
            && link.consumer().is_empty()
            && !link.has_latest()
    }

    /// Has the socket closed its end?
    pub(crate) fn is_link_closed(&self) -> bool {
        self.link.as_ref().is_some_and(Receiver::is_closed)
    }

    /// Do bytes of our own wait?
    pub(crate) fn has_outbox(&self) -> bool {
        self.sent < self.outbox.len()
    }

    /// Queues commands of our own, such as a PONG, as frames. A peer that does not read what we
    /// have for it gets no more of them.
    pub(crate) fn queue_frames(&mut self, frames: &[u8]) {
        if self.own >= REPLIES_KEPT {
            return;
        }
        self.own += frames.len();
        let SendFraming::Sealed { mechanism, .. } = &mut self.framing else {
            return self.outbox.extend_from_slice(frames);
        };
        let mut rest = frames;
        while let Ok(Header::Frame { flags, header_len, body_len }) = parse_header(rest, None) {
            let end = header_len.saturating_add(usize::try_from(body_len).unwrap_or(usize::MAX));
            let Some((frame, behind)) = rest.split_at_checked(end) else { return };
            // A mechanism that cannot seal will say so at the next message, and end the connection.
            let _ = mechanism.seal(flags & COMMAND, &frame[header_len..], &mut self.outbox);
            rest = behind;
        }
    }

    /// Queues a command.
    pub(crate) fn queue_command(&mut self, command: &Command<'_>) {
        let mut frame = Vec::new();
        command.encode(&mut frame);
        self.queue_frames(&frame);
    }

    /// Writes what waits, as far as the kernel takes it.
    pub(crate) fn flush(&mut self, stream: &Stream) -> io::Result<Flushed> {
        let mut written = 0;
        let blocked = std::mem::take(&mut self.blocked);
        while written < TURN {
            let step = if self.sent < self.outbox.len() && !self.is_inside_frame() {
                self.flush_outbox(stream)
            } else if matches!(self.framing, SendFraming::Direct) {
                self.flush_queue(stream, written == 0 && !blocked)
            } else if self.translate()? {
                continue;
            } else {
                Ok(Step::Nothing)
            };
            match step {
                Ok(Step::Wrote(bytes)) => written += bytes,
                Ok(Step::Partly) => return Ok(self.block()),
                Ok(Step::Nothing) if self.is_idle() => return Ok(Flushed::Done),
                Ok(Step::Nothing) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(self.block()),
                Err(error) => return Err(error),
            }
        }
        Ok(Flushed::More)
    }

    /// Sends a message from the caller's memory, if nothing is to be sent before it; `None` if it was left
    /// alone. A message that does not go out whole is put into the queue by `queue`, and goes on from there.
    pub(crate) fn send_through(
        &mut self,
        stream: &Stream,
        body: &[u8],
        queue: &mut dyn FnMut() -> Result<()>,
    ) -> Option<Result<Flushed>> {
        let direct = matches!(self.framing, SendFraming::Direct) && body.len() <= THROUGH;
        if !direct || !self.is_idle() {
            return None;
        }
        let mut header = [0; MAX_HEADER];
        let header_len = write_header(&mut header, 0, body.len());
        let first = if body.len() >= LONG && !self.blocked { HERALD } else { body.len() };
        let slices = [IoSlice::new(&header[..header_len]), IoSlice::new(&body[..first])];
        // The queue meets with the same error, if it is one.
        let mut sent = stream.send_vectored(&slices).ok()?;
        if sent == header_len + first && first < body.len() {
            sent += stream.send(&body[first..]).unwrap_or(0);
        }
        if sent == header_len + body.len() {
            return Some(Ok(Flushed::Done));
        }
        if let Err(error) = queue() {
            // The peer would take whatever comes next for the rest.
            let _ = stream.shutdown(Shutdown::Both);
            return Some(Err(error));
        }
        let link = self.link.as_mut()?;
        self.cursor = Some(link.consumer().cursor_inside(sent));
        Some(Ok(self.block()))
    }

    fn block(&mut self) -> Flushed {
        self.blocked = true;
        Flushed::Blocked
    }

    fn is_inside_frame(&self) -> bool {
        self.cursor.is_some_and(|cursor| cursor.is_inside_record())
    }

    /// Nothing to do, and the next commit tells.
    pub(crate) fn is_idle(&mut self) -> bool {
        match (&mut self.link, &self.cursor) {
            _ if self.sent < self.outbox.len() => false,
            (Some(link), Some(cursor)) => link.consumer().is_empty_at(cursor) && !link.has_latest(),
            _ => true,
        }
    }

    fn flush_outbox(&mut self, stream: &Stream) -> io::Result<Step> {
        let pending = &self.outbox[self.sent..];
        let bytes = stream.send(pending)?;
        let whole = bytes == pending.len();
        self.sent += bytes;
        self.release();
        if whole {
            self.outbox.clear();
            (self.sent, self.own) = (0, 0);
            self.keep_outbox(OUTBOX_IN_USE);
        }
        Ok(if whole { Step::Wrote(bytes) } else { Step::Partly })
    }

    /// Gives up the messages whose translation has left.
    fn release(&mut self) {
        let mut last = None;
        while self.ends.front().is_some_and(|(end, _)| *end <= self.sent) {
            last = self.ends.pop_front();
        }
        let (Some((_, cursor)), Some(link)) = (last, &mut self.link) else { return };
        if link.consumer().release_to(cursor) {
            self.tell_writable();
        }
    }

    fn flush_queue(&mut self, stream: &Stream, first: bool) -> io::Result<Step> {
        let inside = self.is_inside_frame();
        let (Some(link), Some(cursor)) = (&mut self.link, &mut self.cursor) else {
            return Ok(Step::Nothing);
        };
        let queue = link.consumer();
        let max = if inside && self.sent < self.outbox.len() { 1 } else { WRITE_SIZE };
        let (total, bytes) = {
            let long;
            let mut slices = [IoSlice::new(&[]); SLICES];
            let (count, mut total) = queue.gather(cursor, &mut slices, max);
            if let Some(last) =
                slices[..count].last_mut().filter(|last| first && last.len() >= LONG)
            {
                long = *last;
                total -= long.len() - HERALD;
                *last = IoSlice::new(&long[..HERALD]);
            }
            match count {
                0 => return Ok(Step::Nothing),
                1 => (total, stream.send(&slices[0])?),
                _ => (total, stream.send_vectored(&slices[..count])?),
            }
        };
        if queue.advance(cursor, bytes) {
            self.tell_writable();
        }
        Ok(if bytes == total { Step::Wrote(bytes) } else { Step::Partly })
    }

    /// Makes the next batch in the outbox. False if there is nothing.
    fn translate(&mut self) -> io::Result<bool> {
        let Self { link: Some(link), cursor: Some(cursor), framing, outbox, ends, .. } = self
        else {
            return Ok(false);
        };
        let before = outbox.len();
        while outbox.len() < OUTBOX_SIZE {
            let Some(record) = link.consumer().read_at(cursor) else { break };
            let flags = record.flags();
            encode(framing, flags, record.body(), outbox)?;
            if flags & MORE == 0 {
                ends.try_reserve(1).map_err(no_memory)?;
                ends.push_back((outbox.len(), *cursor));
            }
        }
        if let Some(message) = take_latest(link, outbox.len() == before) {
            encode(framing, 0, &message, outbox)?;
        }
        let any = outbox.len() > before;
        if !any {
            self.release();
            self.keep_outbox(OUTBOX_KEPT);
            if self.ends.is_empty() && self.ends.capacity() > ENDS_KEPT {
                self.ends = VecDeque::new();
            }
        }
        Ok(any)
    }

    /// Gives the memory of an empty outbox back, if it is more than `most`: a long message is not
    /// paid for by its connection ever after.
    fn keep_outbox(&mut self, most: usize) {
        if self.outbox.is_empty() && self.outbox.capacity() > most {
            self.outbox = Vec::new();
        }
    }

    fn tell_writable(&self) {
        if let Some(socket) = &self.socket {
            socket.writable();
        }
    }
}

/// A conflated message waits in its slot until the one before has left.
fn take_latest(link: &mut Receiver, idle: bool) -> Option<Message> {
    if idle {
        link.take_latest()
    } else {
        None
    }
}

fn no_memory(_: TryReserveError) -> io::Error {
    io::Error::from_raw_os_error(libc::ENOMEM)
}

enum Step {
    Nothing,
    Wrote(usize),
    /// The kernel took less than it was given.
    Partly,
}

fn encode(framing: &mut SendFraming, flags: u8, body: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let as_messages = match framing {
        SendFraming::V1 | SendFraming::OldSubscriptions => true,
        SendFraming::Sealed { old_subscriptions, .. } => *old_subscriptions,
        SendFraming::Direct | SendFraming::Raw => false,
    };
    if as_messages && flags & COMMAND != 0 {
        let (first, topic) = match Command::parse(body) {
            Ok(Command::Subscribe { topic }) => (1, topic),
            Ok(Command::Cancel { topic }) => (0, topic),
            _ => return Ok(()),
        };
        let mut message = Vec::new();
        message.try_reserve_exact(1 + topic.len()).map_err(no_memory)?;
        message.push(first);
        message.extend_from_slice(topic);
        return encode(framing, 0, &message, out);
    }
    out.try_reserve(body.len().saturating_add(SEAL_ROOM)).map_err(no_memory)?;
    match framing {
        SendFraming::Raw => out.extend_from_slice(body),
        SendFraming::Sealed { mechanism, .. } => mechanism
            .seal(flags, body, out)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?,
        SendFraming::V1 => {
            out.extend_from_slice(legacy::encode_header(flags, body.len() as u64).as_slice());
            out.extend_from_slice(body);
        }
        SendFraming::Direct | SendFraming::OldSubscriptions => encode_frame(flags, body, out),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
