//! Messages and the types of the `bytes` crate, which Rust's network programs hand around: neither
//! way copies a body that does not lie in the message itself.
#![forbid(unsafe_code)]

use super::part::out_of_memory;
use super::{Block, Message};
use ::bytes::{Buf, Bytes};

impl From<Bytes> for Message {
    /// Refers to the same memory, unless the bytes fit into the message.
    fn from(bytes: Bytes) -> Self {
        let len = bytes.len();
        if len <= Self::INLINE {
            return Self::from(&bytes[..]);
        }
        let block = Block::from_bytes(bytes).unwrap_or_else(|_| out_of_memory(len));
        Self::from_block(block, 0, len)
    }
}

impl From<Message> for Bytes {
    /// Refers to the same memory, unless the body lies in the message itself.
    fn from(message: Message) -> Self {
        match message.is_inline() {
            true => Bytes::copy_from_slice(&message),
            false => Bytes::from_owner(message),
        }
    }
}

/// A message is read from its front; what has been read is no part of it any more.
///
/// ```
/// use bytes::Buf;
/// use zeroxide::Message;
///
/// let mut message = Message::from(&[0, 5, b'H', b'e', b'l', b'l', b'o']);
/// assert_eq!(message.get_u16(), 5);
/// assert_eq!(message, "Hello");
/// ```
impl Buf for Message {
    fn remaining(&self) -> usize {
        self.len()
    }

    fn chunk(&self) -> &[u8] {
        self
    }

    fn advance(&mut self, count: usize) {
        assert!(count <= self.len(), "cannot advance by {count} in {} bytes", self.len());
        self.remove_front(count);
    }

    /// Does not copy, unless the bytes lie in the message itself.
    fn copy_to_bytes(&mut self, len: usize) -> Bytes {
        assert!(len <= self.len(), "cannot take {len} of {} bytes", self.len());
        let taken = match self.as_block() {
            None => Bytes::copy_from_slice(&self[..len]),
            Some((block, range)) => Message::from_block(block.clone(), range.start, len).into(),
        };
        self.remove_front(len);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &[u8] = &[7; 1000];

    #[test]
    fn long_bodies_stay_where_they_are_both_ways() {
        let bytes = Bytes::from(LONG.to_vec());
        let mut message = Message::from(bytes.clone());
        assert_eq!((message.as_ptr(), &message[..]), (bytes.as_ptr(), LONG));
        let back = Bytes::from(message.clone());
        assert_eq!((back.as_ptr(), &back[..]), (bytes.as_ptr(), LONG));
        message.as_mut_slice()[0] = 1;
        assert_eq!((bytes[0], back[0], message[0]), (7, 7, 1), "written to a copy");
    }

    #[test]
    fn bytes_keep_the_memory_of_a_message_alive() {
        let message = Message::from(LONG.to_vec());
        let at = message.as_ptr();
        let bytes = Bytes::from(message);
        let end = bytes.slice(990..);
        drop(bytes);
        assert_eq!((end.as_ptr(), &end[..]), (at.wrapping_add(990), &LONG[990..]));
    }

    #[test]
    fn short_bodies_are_copied() {
        let message = Message::from(Bytes::from_static(b"short"));
        assert!(message.is_inline());
        assert_eq!(Bytes::from(message), "short");
        assert_eq!(Bytes::from(Message::new()), "");
        assert_eq!(Message::from(Bytes::new()), "");
    }

    #[test]
    fn a_message_is_read_from_its_front() {
        for body in [&LONG[..40], LONG] {
            let mut message = Message::from(body);
            message.set_more(true);
            assert_eq!(message.get_u32(), 0x0707_0707);
            assert_eq!((message.remaining(), message.chunk()), (body.len() - 4, &body[4..]));
            assert_eq!(message.copy_to_bytes(6), body[..6]);
            message.advance(body.len() - 10);
            assert!(!message.has_remaining() && message.more());
            message.advance(0);
        }
    }

    #[test]
    fn taking_from_a_long_message_does_not_copy() {
        let mut message = Message::from(LONG);
        let at = message.as_ptr();
        let taken = message.copy_to_bytes(500);
        assert_eq!((taken.as_ptr(), message.as_ptr()), (at, at.wrapping_add(500)));
        assert!(message.is_shared());
    }

    #[test]
    #[should_panic = "cannot advance by 6 in 5 bytes"]
    fn nothing_is_read_behind_the_end() {
        Message::from("short").advance(6);
    }
}
