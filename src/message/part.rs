//! The message itself, in 64 bytes.
//!
//! Never holds a pointer into itself: C programs and bindings move these structs as they like.
#![forbid(unsafe_code)]

use super::inline::{self, Small};
use super::origin::Origin;
use super::{Block, Metadata};
use crate::error::{Error, Result};
use std::ffi::CStr;
use std::mem::{align_of, offset_of, size_of};
use std::ops::{Deref, Range};
use std::sync::Arc;
use std::{fmt, ptr};

/// One part of a ZeroMQ message.
///
/// ```
/// use zeroxide::Message;
///
/// let mut part = Message::from("Hello");
/// part.as_mut_slice()[0] = b'J';
/// assert_eq!(&part[..], b"Jello");
/// assert!(!part.more());
/// ```
#[derive(Clone)]
#[repr(C)]
pub struct Message {
    origin: Origin,
    body: Body,
    tag: u32,
    flags: u8,
}

#[derive(Clone)]
#[repr(u8)]
enum Body {
    /// Nothing, without forty bytes to be cleared for it.
    Empty,
    Inline(Small),
    Slice {
        block: Block,
        offset: usize,
        len: usize,
    },
}

/// More parts of the same message follow.
const MORE: u8 = 1;

const _: () = assert!(size_of::<Message>() == 64 && align_of::<Message>() == 8);

impl Message {
    /// The largest body that is kept in the message itself.
    pub const INLINE: usize = inline::CAPACITY;
    /// Where [`Message::TAG`] lies in a live message, and any other number in a closed one.
    pub const TAG_OFFSET: usize = offset_of!(Message, tag);
    /// Marks memory that holds a live message; the C API checks for it, and clears it on close.
    pub const TAG: u32 = 0x5a4d_5131;

    /// An empty message.
    pub const fn new() -> Self {
        Self::from_body(Body::Empty)
    }

    /// Makes it a copy of `data` from a peer, in place. Upon an error it stays what it was.
    #[inline]
    pub fn refill(
        &mut self,
        data: &[u8],
        metadata: Option<&Arc<Metadata>>,
        more: bool,
    ) -> Result<()> {
        if data.len() > Self::INLINE {
            let block = Block::copy_of(data)?;
            self.body = Body::Slice { block, offset: 0, len: data.len() };
        } else {
            self.set_inline(data);
        }
        self.origin.refer(metadata);
        self.flags = if more { MORE } else { 0 };
        Ok(())
    }

    /// Where the bytes go is decided first: a whole body made elsewhere would have to be copied.
    #[inline(always)]
    fn make_inline(&mut self) -> Option<&mut Small> {
        if !matches!(self.body, Body::Inline(_)) {
            self.body = Body::Inline(Small::empty());
        }
        match &mut self.body {
            Body::Inline(small) => Some(small),
            _ => None,
        }
    }

    #[inline(always)]
    fn set_inline(&mut self, bytes: &[u8]) {
        if let Some(small) = self.make_inline() {
            small.set(bytes);
        }
    }

    /// Makes it a message of `size` zero bytes, at most [`Message::INLINE`], in place.
    #[inline]
    pub fn set_small_size(&mut self, size: usize) {
        if let Some(small) = self.make_inline() {
            small.clear(size);
        }
    }

    /// A message of `size` zero bytes. Fails only if memory is short.
    pub fn try_with_size(size: usize) -> Result<Self> {
        if size <= Self::INLINE {
            let mut message = Self::new();
            message.set_small_size(size);
            return Ok(message);
        }
        Ok(Self::from_block(Block::zeroed(size)?, 0, size))
    }

    /// As [`Message::try_with_size`], but gives up as a `Vec` would when memory is short.
    pub fn with_size(size: usize) -> Self {
        Self::try_with_size(size).unwrap_or_else(|_| out_of_memory(size))
    }

    /// A copy of `data`. Fails only if memory is short.
    pub fn try_from_slice(data: &[u8]) -> Result<Self> {
        if data.len() <= Self::INLINE {
            return Ok(Self::inline(data));
        }
        Ok(Self::from_block(Block::copy_of(data)?, 0, data.len()))
    }

    /// The bytes from `offset` on of a block, by reference, however few they are.
    ///
    /// # Panics
    /// If the range is not within the block.
    pub fn from_block(block: Block, offset: usize, len: usize) -> Self {
        assert!(offset <= block.len() && len <= block.len() - offset, "outside of the block");
        Self::from_body(Body::Slice { block, offset, len })
    }

    /// A range of a block: copied if it fits into the message, else by reference.
    ///
    /// # Panics
    /// If the range is not within the block.
    pub fn slice_of(block: &Block, range: Range<usize>) -> Self {
        match range.len() {
            len if len <= Self::INLINE => Self::inline(&block[range]),
            len => Self::from_block(block.clone(), range.start, len),
        }
    }

    /// The block that holds the body, and where in it, unless the body is inline.
    pub fn as_block(&self) -> Option<(&Block, Range<usize>)> {
        match &self.body {
            Body::Empty | Body::Inline(_) => None,
            Body::Slice { block, offset, len } => Some((block, *offset..*offset + *len)),
        }
    }

    /// Size of the body in bytes.
    #[inline]
    pub fn len(&self) -> usize {
        match &self.body {
            Body::Empty => 0,
            Body::Inline(small) => small.len(),
            Body::Slice { len, .. } => *len,
        }
    }

    /// Whether the body has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the body lies in the message itself.
    pub fn is_inline(&self) -> bool {
        !matches!(self.body, Body::Slice { .. })
    }

    /// Whether the body is memory whose owner waits to be told that it is done with.
    pub fn is_lent(&self) -> bool {
        match &self.body {
            Body::Empty | Body::Inline(_) => false,
            Body::Slice { block, .. } => block.is_lent(),
        }
    }

    /// Whether other messages may see the same memory.
    pub fn is_shared(&self) -> bool {
        match &self.body {
            Body::Empty | Body::Inline(_) => false,
            Body::Slice { block, .. } => block.is_shared(),
        }
    }

    /// Whether more parts of the same message follow.
    pub fn more(&self) -> bool {
        self.flags & MORE != 0
    }

    /// Says whether more parts of the same message follow.
    pub fn set_more(&mut self, more: bool) {
        self.flags = if more { self.flags | MORE } else { self.flags & !MORE };
    }

    /// What is known about the peer that sent this message.
    pub fn metadata(&self) -> Option<&Arc<Metadata>> {
        self.origin.get()
    }

    /// Attaches what is known about the peer, or takes it off.
    pub fn set_metadata(&mut self, metadata: Option<Arc<Metadata>>) {
        self.origin = Origin::new(metadata);
    }

    /// Says what is known about the peer, by a reference that many messages share.
    #[inline]
    pub(crate) fn refer(&mut self, metadata: Option<&Arc<Metadata>>) {
        self.origin.refer(metadata);
    }

    /// The peer of a SERVER or PEER socket that this message came from or goes to; zero if none.
    pub fn routing_id(&self) -> u32 {
        self.origin.get().map_or(0, |origin| origin.routing_id())
    }

    /// Has a SERVER or PEER socket send this message to that peer.
    ///
    /// # Errors
    /// [`Error::Invalid`] for zero, which is no routing id.
    pub fn set_routing_id(&mut self, routing_id: u32) -> Result<()> {
        if routing_id == 0 {
            return Err(Error::Invalid);
        }
        let origin = Metadata::with_routing_id(self.origin.get(), routing_id);
        self.set_metadata(Some(Arc::new(origin)));
        Ok(())
    }

    /// The group that a RADIO sends this message to, or that a DISH received it for; empty if none.
    pub fn group(&self) -> &CStr {
        self.origin.get().map_or(c"", |origin| origin.group())
    }

    /// Has a RADIO send this message to a group.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the name is longer than 255 bytes, or has a NUL.
    pub fn set_group(&mut self, group: impl AsRef<[u8]>) -> Result<()> {
        let origin = Metadata::with_group(self.origin.get(), group.as_ref())?;
        self.set_metadata(Some(Arc::new(origin)));
        Ok(())
    }

    /// A property of the peer that sent this message, if it is text.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.origin.get()?.get(name)
    }

    /// The body, to be changed. Copies it first if other messages see the same memory.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        if self.is_shared() {
            let copy = Self::try_from_slice(self).unwrap_or_else(|_| out_of_memory(self.len()));
            self.body = copy.body;
        }
        match &mut self.body {
            Body::Empty => &mut [],
            Body::Inline(small) => small.as_mut_slice(),
            Body::Slice { block, offset, len } => match block.as_mut_slice() {
                Some(bytes) => &mut bytes[*offset..*offset + *len],
                // Nobody can have taken a reference meanwhile: `self` is borrowed mutably.
                None => &mut [],
            },
        }
    }

    /// Makes the body shorter by its first `count` bytes, or empty.
    pub(super) fn remove_front(&mut self, count: usize) {
        match &mut self.body {
            Body::Empty => {}
            Body::Inline(small) => small.remove_front(count),
            Body::Slice { offset, len, .. } => {
                let count = count.min(*len);
                (*offset, *len) = (*offset + count, *len - count);
            }
        }
    }

    /// The address of the body, as C programs see it: writable, even if other messages share it.
    pub fn data_ptr(&mut self) -> *mut u8 {
        if let Body::Empty = self.body {
            self.set_inline(&[]);
        }
        match &mut self.body {
            Body::Empty => ptr::null_mut(),
            Body::Inline(small) => small.as_mut_ptr(),
            Body::Slice { block, offset, .. } => block.as_ptr().wrapping_add(*offset),
        }
    }

    fn inline(bytes: &[u8]) -> Self {
        let mut message = Self::new();
        message.set_inline(bytes);
        message
    }

    const fn from_body(body: Body) -> Self {
        Message { origin: Origin::unknown(), body, tag: Self::TAG, flags: 0 }
    }
}

/// Where even `Vec` gives up. The C API never comes here: it uses the calls that return an error.
pub(super) fn out_of_memory(size: usize) -> ! {
    match std::alloc::Layout::array::<u8>(size) {
        Ok(layout) => std::alloc::handle_alloc_error(layout),
        Err(_) => panic!("a message of {size} bytes exceeds the address space"),
    }
}

impl Default for Message {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Message {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        match &self.body {
            Body::Empty => &[],
            Body::Inline(small) => small.as_slice(),
            Body::Slice { block, offset, len } => &block[*offset..*offset + *len],
        }
    }
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<&[u8]> for Message {
    fn from(data: &[u8]) -> Self {
        Self::try_from_slice(data).unwrap_or_else(|_| out_of_memory(data.len()))
    }
}

impl<const N: usize> From<&[u8; N]> for Message {
    fn from(data: &[u8; N]) -> Self {
        Self::from(&data[..])
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl From<Vec<u8>> for Message {
    /// Takes the vector's memory over, unless the bytes fit into the message.
    fn from(data: Vec<u8>) -> Self {
        if data.len() <= Self::INLINE {
            return Self::inline(&data);
        }
        let len = data.len();
        let block = Block::from_vec(data).unwrap_or_else(|_| out_of_memory(len));
        Self::from_block(block, 0, len)
    }
}

impl PartialEq for Message {
    /// Messages are equal if their bodies are.
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl Eq for Message {}

impl PartialEq<[u8]> for Message {
    fn eq(&self, other: &[u8]) -> bool {
        self[..] == *other
    }
}

impl PartialEq<&[u8]> for Message {
    fn eq(&self, other: &&[u8]) -> bool {
        self[..] == **other
    }
}

impl<const N: usize> PartialEq<&[u8; N]> for Message {
    fn eq(&self, other: &&[u8; N]) -> bool {
        self[..] == other[..]
    }
}

impl PartialEq<&str> for Message {
    fn eq(&self, other: &&str) -> bool {
        self[..] == *other.as_bytes()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 64;
        let shown = &self[..self.len().min(SHOWN)];
        write!(f, "Message({} bytes{}: ", self.len(), if self.more() { ", more" } else { "" })?;
        write!(
            f,
            "\"{}\"{})",
            shown.escape_ascii(),
            if shown.len() < self.len() { "..." } else { "" }
        )
    }
}

#[cfg(test)]
mod tests;
