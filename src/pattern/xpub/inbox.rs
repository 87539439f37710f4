//! What the user of an XPUB has not received yet: requests of peers, and messages.
//!
//! It is full at some point, and then peers are not heard until some of it was received. A user
//! that has never received anything most likely never will, and its peers are heard all the same:
//! the oldest of what waits goes.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::link::LinkId;
use crate::message::Message;
use std::collections::VecDeque;

/// So many bytes of memory wait at most, and a message.
const FULL: usize = 16 * 1024 * 1024;

/// Room for so many stays when they are gone.
const KEPT: usize = 1024;

/// See the module.
#[derive(Default)]
pub(super) struct Inbox {
    pending: VecDeque<Pending>,
    /// What they take.
    bytes: usize,
    /// The user has received something.
    in_use: bool,
}

pub(super) struct Pending {
    pub(super) message: Message,
    pub(super) from: Source,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Source {
    /// The request of a peer.
    Peer(LinkId),
    /// The request of a peer that has gone, or that went without saying.
    Gone,
    /// Just a message.
    User,
}

impl Pending {
    fn bytes(&self) -> usize {
        size_of::<Self>() + if self.message.is_inline() { 0 } else { self.message.len() }
    }
}

impl Inbox {
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Is there so much that no more should come before the user has received some?
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= FULL && self.in_use
    }

    /// Has room for one more.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(super) fn make_room(&mut self) -> Result<()> {
        while self.bytes >= FULL && !self.in_use {
            self.drop_oldest();
        }
        self.pending.try_reserve(1).map_err(|_| Error::NoMemory)
    }

    /// Adds one, full or not.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(super) fn push(&mut self, message: Message, from: Source) -> Result<()> {
        self.make_room()?;
        let pending = Pending { message, from };
        self.bytes += pending.bytes();
        self.pending.push_back(pending);
        Ok(())
    }

    /// The next for the user.
    pub(super) fn pop(&mut self) -> Option<Pending> {
        self.in_use = true;
        self.take_first()
    }

    /// The requests of this link are those of one that has gone.
    pub(super) fn forget(&mut self, id: LinkId) {
        for pending in self.pending.iter_mut().filter(|pending| pending.from == Source::Peer(id)) {
            pending.from = Source::Gone;
        }
    }

    /// All parts of a message go together.
    fn drop_oldest(&mut self) {
        while self.take_first().is_some_and(|pending| pending.message.more()) {}
    }

    fn take_first(&mut self) -> Option<Pending> {
        let pending = self.pending.pop_front()?;
        self.bytes -= pending.bytes();
        if self.pending.is_empty() && self.pending.capacity() > KEPT {
            self.pending = VecDeque::new();
        }
        Some(pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fills it with something of a thousand bytes each.
    fn fill(inbox: &mut Inbox, count: usize) {
        for _ in 0..count {
            inbox.push(Message::from(vec![0; 1000]), Source::User).unwrap();
        }
    }

    #[test]
    fn it_is_full_for_a_user_who_receives() {
        let mut inbox = Inbox::default();
        assert!(inbox.pop().is_none());
        fill(&mut inbox, FULL / 1000);
        assert!(inbox.is_full());
        while inbox.pop().is_some() {}
        assert_eq!((inbox.bytes, inbox.is_full()), (0, false));
    }

    #[test]
    fn it_keeps_the_last_for_one_who_does_not() {
        let mut inbox = Inbox::default();
        fill(&mut inbox, FULL / 500);
        assert!(!inbox.is_full());
        assert!((FULL..FULL + 2000).contains(&inbox.bytes));
        inbox.pop();
        assert!(!inbox.is_full());
    }
}
