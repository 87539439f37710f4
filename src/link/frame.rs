//! What goes into a link and what comes out.
#![forbid(unsafe_code)]

use crate::error::Result;
use crate::message::{Message, Metadata};
use crate::sync::queue::Payload;
use crate::sys::memory::copy_slice;
use std::sync::Arc;

/// Bodies of messages up to this size are copied into the queue; larger ones go by reference.
const COPY_MESSAGE: usize = 4 * 1024;
/// The same for bytes that belong to the caller, which have to be copied anyway.
const COPY_BYTES: usize = 24 * 1024;

/// What is known of the peer once its handshake is over.
#[derive(Debug, Default)]
pub struct PeerInfo {
    /// The properties that messages from this peer carry.
    pub(crate) metadata: Option<Arc<Metadata>>,
    /// The routing id that it announced; empty if none.
    pub(crate) routing_id: Vec<u8>,
}

/// What travels through a queue by reference.
pub enum Parcel {
    /// A message part.
    Message(Message),
    /// From here on, messages come from this peer.
    Peer(Arc<PeerInfo>),
}

impl Payload for Parcel {
    fn bytes(&self) -> &[u8] {
        match self {
            Parcel::Message(message) => message,
            Parcel::Peer(_) => &[],
        }
    }
}

/// A message part on its way out.
pub struct Frame<'a> {
    body: Body<'a>,
    /// More parts of the same message follow.
    pub(crate) more: bool,
}

enum Body<'a> {
    Bytes(&'a [u8]),
    Borrowed(&'a mut Message),
    Owned(Message),
}

impl<'a> Frame<'a> {
    /// A part that the caller keeps.
    pub fn bytes(bytes: &'a [u8], more: bool) -> Self {
        Self { body: Body::Bytes(bytes), more }
    }

    /// A part whose message may be taken; what remains of it is empty.
    pub fn message(message: &'a mut Message, more: bool) -> Self {
        Self { body: Body::Borrowed(message), more }
    }

    /// A part that belongs to the frame.
    pub fn owned(message: Message, more: bool) -> Self {
        Self { body: Body::Owned(message), more }
    }

    /// The body.
    #[inline(always)]
    pub(crate) fn body(&self) -> &[u8] {
        match &self.body {
            Body::Bytes(bytes) => bytes,
            Body::Borrowed(message) => message,
            Body::Owned(message) => message,
        }
    }

    /// The message, if it is one.
    fn as_message(&self) -> Option<&Message> {
        match &self.body {
            Body::Bytes(_) => None,
            Body::Borrowed(message) => Some(message),
            Body::Owned(message) => Some(message),
        }
    }

    fn as_message_mut(&mut self) -> Option<&mut Message> {
        match &mut self.body {
            Body::Bytes(_) => None,
            Body::Borrowed(message) => Some(message),
            Body::Owned(message) => Some(message),
        }
    }

    /// The peer that the message names, or zero.
    pub(crate) fn routing_id(&self) -> u32 {
        self.as_message().map_or(0, Message::routing_id)
    }

    /// The group of the message, or nothing.
    pub(crate) fn group(&self) -> &[u8] {
        self.as_message().map_or(&[], |message| message.group().to_bytes())
    }

    /// Takes from the message what the receiver is to learn by itself.
    pub(crate) fn take_origin(&mut self) -> Option<Arc<Metadata>> {
        let message = self.as_message_mut()?;
        let origin = message.metadata().cloned();
        message.set_metadata(None);
        origin
    }

    /// Gives it back to a message that was not sent.
    pub(crate) fn set_origin(&mut self, origin: Option<Arc<Metadata>>) {
        if let Some(message) = self.as_message_mut() {
            message.set_metadata(origin);
        }
    }

    /// Should it be copied into the queue, rather than referenced?
    #[inline(always)]
    pub(super) fn is_copied(&self, keeps_metadata: bool) -> bool {
        let message = match &self.body {
            Body::Bytes(bytes) => return bytes.len() <= COPY_BYTES,
            Body::Borrowed(message) => &**message,
            Body::Owned(message) => message,
        };
        // The free function of lent memory tells the application that the message was sent: a copy
        // would say so while the message still waits.
        message.len() <= COPY_MESSAGE
            && !message.is_lent()
            && !(keeps_metadata && message.metadata().is_some())
    }

    /// The bytes, if they are the caller's and so many that to send them from where they are saves a copy that
    /// counts.
    pub(super) fn long_bytes(&self) -> Option<&'a [u8]> {
        match self.body {
            Body::Bytes(bytes) if bytes.len() > COPY_BYTES && !self.more => Some(bytes),
            _ => None,
        }
    }

    /// Makes a message of the caller's bytes.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(super) fn make_message(&mut self) -> Result<()> {
        if let Body::Bytes(bytes) = self.body {
            self.body = Body::Owned(Message::try_from_slice(bytes)?);
        }
        Ok(())
    }

    /// Takes the message out; an empty one if there are only the caller's bytes. It is no `Result`,
    /// which would be moved in pieces that overlap those it was written in: that stalls processors.
    #[inline(always)]
    pub(super) fn take_message(&mut self) -> Message {
        match &mut self.body {
            Body::Bytes(_) => Message::new(),
            Body::Borrowed(message) => std::mem::take(*message),
            Body::Owned(message) => std::mem::take(message),
        }
    }

    /// Takes the message out, or makes one of the bytes.
    pub(crate) fn take(&mut self) -> Result<Message> {
        self.make_message()?;
        Ok(self.take_message())
    }

    /// Makes what is too large to be copied many times a message that can be shared.
    pub(crate) fn share(&mut self) -> Result<()> {
        match self.body {
            Body::Bytes(bytes) if bytes.len() > COPY_MESSAGE => self.make_message(),
            _ => Ok(()),
        }
    }

    /// Another reference to the same message, for fan-out.
    pub(super) fn duplicate(&self) -> Result<Message> {
        match &self.body {
            Body::Bytes(bytes) => Message::try_from_slice(bytes),
            Body::Borrowed(message) => Ok((**message).clone()),
            Body::Owned(message) => Ok(message.clone()),
        }
    }

    /// Empties the caller's message once the part was sent by copying.
    #[inline(always)]
    pub(crate) fn consume(&mut self) {
        if let Body::Borrowed(message) = &mut self.body {
            **message = Message::new();
        }
    }
}

/// Where a received part goes.
pub enum Sink<'a> {
    /// Into the caller's memory, cut off at its end.
    Buffer(&'a mut [u8]),
    /// Into a message, with metadata.
    Message(&'a mut Message),
}

/// What was put into a [`Sink`]. One word, so that a result with it is returned in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken(u64);

impl Taken {
    /// No length has this bit.
    const MORE: u64 = 1 << 63;

    /// A part of so many bytes; `more` if more parts follow.
    #[inline(always)]
    pub(crate) fn new(len: usize, more: bool) -> Self {
        Self(len as u64 | if more { Self::MORE } else { 0 })
    }

    /// The whole length of the part, which a buffer may not have held.
    #[inline(always)]
    #[expect(clippy::len_without_is_empty, reason = "it is no collection")]
    pub fn len(&self) -> usize {
        (self.0 & !Self::MORE) as usize
    }

    /// Do more parts of the same message follow?
    #[inline(always)]
    pub fn more(&self) -> bool {
        self.0 & Self::MORE != 0
    }
}

impl Sink<'_> {
    /// Puts a copy of `body` in.
    #[inline(always)]
    pub(super) fn put_bytes(
        &mut self,
        body: &[u8],
        metadata: Option<&Arc<Metadata>>,
        more: bool,
    ) -> Result<()> {
        match self {
            Sink::Buffer(buffer) => copy_slice(body, buffer),
            Sink::Message(message) => message.refill(body, metadata, more)?,
        }
        Ok(())
    }

    /// Puts a message in; it keeps its own metadata if it has any.
    pub(crate) fn put(&mut self, mut part: Message, metadata: Option<&Arc<Metadata>>, more: bool) {
        match self {
            Sink::Buffer(buffer) => copy_slice(&part, buffer),
            Sink::Message(message) => {
                if part.metadata().is_none() {
                    part.set_metadata(metadata.cloned());
                }
                part.set_more(more);
                **message = part;
            }
        }
    }
}
