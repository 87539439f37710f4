//! Where sealed frames wait until they are whole, and are opened straight into the link's queue.
//!
//! The memory is kept from read to read, and goes back when little is read.
#![forbid(unsafe_code)]

use super::recv::LARGE;
use crate::error::{Error, Result};
use crate::link::{Parcel, COMMAND, MORE};
use crate::message::Message;
use crate::security::{HandshakeError, Open};
use crate::sync::queue::Producer;
use crate::wire::frame::{encode_header, parse_header, Header};
use crate::wire::WireError;

/// A sealed frame is longer than what is in it by no more than this, whatever the mechanism.
const MAX_OVERHEAD: u64 = 64;

/// See the module.
pub(crate) struct Sealed {
    mechanism: Box<dyn Open>,
    memory: Vec<u8>,
    start: usize,
    end: usize,
}

/// What [`Sealed::open`] came to.
pub(crate) enum Opened {
    /// So many bytes of frames were written to the producer's room.
    Frames(usize),
    /// A long frame, which goes by reference.
    Large(u8, Message),
}

/// Why a sealed frame cannot be taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    Sealed(HandshakeError),
    Frame(WireError),
    NoMemory,
}

impl Sealed {
    pub(crate) fn new(mechanism: Box<dyn Open>) -> Self {
        Self { mechanism, memory: Vec::new(), start: 0, end: 0 }
    }

    /// Takes bytes that came with the handshake.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        self.room(bytes.len())?[..bytes.len()].copy_from_slice(bytes);
        self.filled(bytes.len());
        Ok(())
    }

    /// Memory of at least `min` bytes to read into. If the frame at hand is longer there is room for as much of it as
    /// has come: what it says of its length costs nothing.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn room(&mut self, min: usize) -> Result<&mut [u8]> {
        self.tidy(min);
        let size = self.missing().unwrap_or(0).min(self.end - self.start).max(min);
        if self.memory.len() - self.end < size {
            self.memory.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            self.reach(self.end + size)?;
        }
        Ok(&mut self.memory[self.end..self.end + size])
    }

    /// Makes the memory that long, if it is not.
    fn reach(&mut self, len: usize) -> Result<()> {
        let missing = len.saturating_sub(self.memory.len());
        self.memory.try_reserve(missing).map_err(|_| Error::NoMemory)?;
        self.memory.resize(len.max(self.memory.len()), 0);
        Ok(())
    }

    /// So much was read into the room.
    pub(crate) fn filled(&mut self, read: usize) {
        self.end = (self.end + read).min(self.memory.len());
    }

    /// Opens the next frames. `None`: there is no whole one.
    pub(crate) fn open(
        &mut self,
        producer: &mut Producer<Parcel>,
        max_body: u64,
    ) -> Result<Option<Opened>, Refusal> {
        let mut written = 0;
        let mut room: &mut [u8] = &mut [];
        loop {
            let (header_len, sealed_len) = match self.whole_frame(max_body) {
                Ok(Some(frame)) => frame,
                Err(refusal) if written == 0 => return Err(refusal),
                _ => break,
            };
            let body_len = self.mechanism.opened_len(sealed_len);
            if body_len > LARGE {
                if written > 0 {
                    break;
                }
                let (flags, message) = self.open_large(header_len, sealed_len, body_len)?;
                return Ok(Some(Opened::Large(flags, message)));
            }
            if written == 0 {
                // Opened frames are shorter than sealed ones; what is left over is for the next turn.
                let pending = (self.end - self.start).min(4 * LARGE);
                let needed = pending.max(header_len + sealed_len);
                room = producer.room(needed).map_err(|_| Refusal::NoMemory)?;
            }
            let mut header = encode_header(0, body_len as u64);
            let start = written + header.as_slice().len();
            let Some(body) = room.get_mut(start..start + body_len) else { break };
            let flags = match self.open_frame(header_len, sealed_len, body) {
                Ok(flags) => flags,
                // What came before it was good, and is to be seen; then this is looked at again.
                Err(_) if written > 0 => break,
                Err(refusal) => return Err(refusal),
            };
            header = encode_header(flags, body_len as u64);
            room[written..start].copy_from_slice(header.as_slice());
            written = start + body_len;
        }
        Ok((written > 0).then_some(Opened::Frames(written)))
    }

    fn open_large(
        &mut self,
        header_len: usize,
        sealed_len: usize,
        body_len: usize,
    ) -> Result<(u8, Message), Refusal> {
        let mut message = Message::try_with_size(body_len).map_err(|_| Refusal::NoMemory)?;
        let flags = self.open_frame(header_len, sealed_len, message.as_mut_slice())?;
        Ok((flags, message))
    }

    fn open_frame(
        &mut self,
        header_len: usize,
        sealed_len: usize,
        out: &mut [u8],
    ) -> Result<u8, Refusal> {
        let body = self.start + header_len;
        let sealed = &self.memory[body..body + sealed_len];
        let flags = self.mechanism.open(sealed, out).map_err(Refusal::Sealed)?;
        self.start = body + sealed_len;
        Ok(flags & (MORE | COMMAND))
    }

    /// Header and body length of the frame at hand, if all of it is here.
    fn whole_frame(&self, max_body: u64) -> Result<Option<(usize, usize)>, Refusal> {
        let waiting = &self.memory[self.start..self.end];
        let limit = Some(max_body.saturating_add(MAX_OVERHEAD));
        match parse_header(waiting, limit).map_err(Refusal::Frame)? {
            Header::Frame { header_len, body_len, .. }
                if body_len <= (waiting.len() - header_len) as u64 =>
            {
                let sealed_len = body_len as usize;
                match self.mechanism.opened_len(sealed_len) as u64 <= max_body {
                    true => Ok(Some((header_len, sealed_len))),
                    false => Err(Refusal::Frame(WireError::FrameTooLarge)),
                }
            }
            _ => Ok(None),
        }
    }

    /// How much of the frame at hand is still to come.
    fn missing(&self) -> Option<usize> {
        let waiting = &self.memory[self.start..self.end];
        let Ok(Header::Frame { header_len, body_len, .. }) = parse_header(waiting, None) else {
            return None;
        };
        let total = usize::try_from(body_len).ok()?.checked_add(header_len)?;
        total.checked_sub(waiting.len())
    }

    /// Begins at the front where that costs nothing, and gives memory back that is not needed.
    fn tidy(&mut self, min: usize) {
        if self.start < self.end {
            return;
        }
        (self.start, self.end) = (0, 0);
        if self.memory.len() > 8 * min.max(LARGE / 8) {
            self.memory = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leaves everything as it is.
    struct Plain;

    impl Open for Plain {
        fn opened_len(&self, sealed_len: usize) -> usize {
            sealed_len
        }

        fn open(&mut self, sealed: &[u8], out: &mut [u8]) -> Result<u8, HandshakeError> {
            out.copy_from_slice(sealed);
            Ok(0)
        }
    }

    #[test]
    fn a_length_that_is_only_said_takes_no_memory() {
        let mut sealed = Sealed::new(Box::new(Plain));
        sealed.feed(encode_header(0, 60 << 20).as_slice()).unwrap();
        let mut came = 9;
        while came < 1 << 20 {
            let room = sealed.room(2048).unwrap().len();
            assert!(room <= came.max(2048));
            assert!(sealed.memory.len() <= 2 * came.max(2048) + 2048, "{}", sealed.memory.len());
            sealed.filled(room.min(5000));
            came += room.min(5000);
        }
    }
}
