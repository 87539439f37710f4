//! The send half: from the link's queue to the descriptor.
//!
//! With the framing of ZMTP 2 and later and no cipher, the queue is the wire image, and the kernel reads
//! it from there. Any other framing is made in the outbox, batch by batch. Either way a message is given up only
//! when its last byte has left: what a dying connection did not take is sent again by the next one.
#![forbid(unsafe_code)]

use crate::link::{Peer, Receiver, COMMAND};
use crate::message::Message;
use crate::security::Mechanism;
use crate::sync::queue::Cursor;
use crate::sys::io::Stream;
use crate::wire::command::Command;
use crate::wire::frame::encode_frame;
use crate::wire::legacy;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;

/// How much one write may take.
const WRITE_SIZE: usize = 256 * 1024;
/// How much is translated before it is written.
const OUTBOX_SIZE: usize = 64 * 1024;
/// One turn of a connection writes no more than this, so that others have theirs.
const TURN: usize = 4 * 1024 * 1024;
const SLICES: usize = 64;

/// What frames become on this connection.
pub enum SendFraming {
    /// As they stand in the queue.
    Direct,
    /// ZMTP 2 frames, but subscriptions are messages: 2.0 and 3.0.
    OldSubscriptions,
    /// ZMTP 1 frames.
    V1,
    /// Bare bodies.
    Raw,
    /// Through the mechanism.
    Sealed(Arc<Mutex<Box<dyn Mechanism>>>),
}

/// How far a flush came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    /// Everything is out; the next commit wakes somebody.
    Done,
    /// The kernel takes no more now.
    Blocked,
    /// There is more, but others should have their turn.
    More,
}

/// See the module.
pub struct SendHalf {
    link: Option<Receiver>,
    socket: Option<Arc<dyn Peer>>,
    framing: SendFraming,
    cursor: Option<Cursor>,
    outbox: Vec<u8>,
    sent: usize,
    /// Where in the outbox messages end, and the place in the queue behind them.
    ends: VecDeque<(usize, Cursor)>,
}

impl SendHalf {
    /// `first` goes out before anything of the link.
    pub fn new(
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
            ends: VecDeque::new(),
        }
    }

    /// Gives the link back, at the first message that has not gone out whole.
    pub fn take_link(&mut self) -> Option<Receiver> {
        self.cursor = None;
        self.socket = None;
        self.link.take()
    }

    /// Is the link's other end gone and everything out?
    pub fn is_finished(&mut self) -> bool {
        let Some(link) = &mut self.link else { return true };
        self.sent == self.outbox.len()
            && link.is_closed()
            && link.consumer().is_empty()
            && !link.has_latest()
    }

    /// Has the socket closed its end?
    pub fn is_link_closed(&self) -> bool {
        self.link.as_ref().is_some_and(Receiver::is_closed)
    }

    /// Do bytes of our own wait?
    pub fn has_outbox(&self) -> bool {
        self.sent < self.outbox.len()
    }

    /// Queues bytes of our own, such as a PONG, between two frames.
    pub fn queue_bytes(&mut self, bytes: &[u8]) {
        self.outbox.extend_from_slice(bytes);
    }

    /// Queues a command.
    pub fn queue_command(&mut self, command: &Command<'_>) {
        if let SendFraming::Sealed(mechanism) = &self.framing {
            let mut body = Vec::new();
            command.encode_body(&mut body);
            // A mechanism that cannot seal has ended the connection already.
            let _ = mechanism.lock().encode(COMMAND, &body, &mut self.outbox);
            return;
        }
        command.encode(&mut self.outbox);
    }

    /// Writes what waits, as far as the kernel takes it.
    pub fn flush(&mut self, stream: &Stream) -> io::Result<Flushed> {
        let mut written = 0;
        while written < TURN {
            let step = if self.sent < self.outbox.len() && !self.is_inside_frame() {
                self.flush_outbox(stream)
            } else if matches!(self.framing, SendFraming::Direct) {
                self.flush_queue(stream)
            } else if self.translate()? {
                continue;
            } else {
                Ok(Step::Nothing)
            };
            match step {
                Ok(Step::Wrote(bytes)) => written += bytes,
                Ok(Step::Partly) => return Ok(Flushed::Blocked),
                Ok(Step::Nothing) if self.is_idle() => return Ok(Flushed::Done),
                Ok(Step::Nothing) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Flushed::Blocked)
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Flushed::More)
    }

    fn is_inside_frame(&self) -> bool {
        self.cursor.is_some_and(|cursor| cursor.is_inside_record())
    }

    /// Nothing to do, and the next commit tells.
    pub fn is_idle(&mut self) -> bool {
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
            self.sent = 0;
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

    fn flush_queue(&mut self, stream: &Stream) -> io::Result<Step> {
        let inside = self.is_inside_frame();
        let (Some(link), Some(cursor)) = (&mut self.link, &mut self.cursor) else {
            return Ok(Step::Nothing);
        };
        let queue = link.consumer();
        let max = if inside && self.sent < self.outbox.len() { 1 } else { WRITE_SIZE };
        let (total, bytes) = {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let (count, total) = queue.gather(cursor, &mut slices, max);
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
        let Self { link: Some(link), cursor: Some(cursor), .. } = self else { return Ok(false) };
        let before = self.outbox.len();
        while self.outbox.len() < OUTBOX_SIZE {
            let Some(record) = link.consumer().read_at(cursor) else { break };
            let flags = record.flags();
            encode(&self.framing, flags, record.body(), &mut self.outbox)?;
            if flags & crate::link::MORE == 0 {
                self.ends.push_back((self.outbox.len(), *cursor));
            }
        }
        if let Some(message) = take_latest(link, self.outbox.len() == before) {
            encode(&self.framing, 0, &message, &mut self.outbox)?;
        }
        if self.outbox.len() == before {
            self.release();
        }
        Ok(self.outbox.len() > before)
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

enum Step {
    Nothing,
    Wrote(usize),
    /// The kernel took less than it was given.
    Partly,
}

fn encode(framing: &SendFraming, flags: u8, body: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    match framing {
        SendFraming::Raw => out.extend_from_slice(body),
        SendFraming::Sealed(mechanism) => mechanism
            .lock()
            .encode(flags, body, out)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?,
        SendFraming::Direct => encode_frame(flags, body, out),
        SendFraming::V1 | SendFraming::OldSubscriptions if flags & COMMAND != 0 => {
            let message = match Command::parse(body) {
                Ok(Command::Subscribe { topic }) => [&[1], topic].concat(),
                Ok(Command::Cancel { topic }) => [&[0], topic].concat(),
                _ => return Ok(()),
            };
            encode(framing, 0, &message, out)?;
        }
        SendFraming::V1 => {
            out.extend_from_slice(legacy::encode_header(flags, body.len() as u64).as_slice());
            out.extend_from_slice(body);
        }
        SendFraming::OldSubscriptions => encode_frame(flags, body, out),
    }
    Ok(())
}
