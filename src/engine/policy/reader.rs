//! Who reads from a connection: the I/O thread, or a thread of the program that waits for messages.
//!
//! A thread that is about to wait claims the connection, so that what comes wakes it and nobody
//! else. It may forget the claim, or do something else for long: a claim that nobody uses lapses,
//! and the I/O thread reads again.
#![forbid(unsafe_code)]

use std::time::Duration;

/// A claim that is not used for this long lapses. 10 ms are long for a thread that reads in a loop,
/// and short for a peer that waits to be heard.
pub(crate) const CLAIM_LIFETIME: Duration = Duration::from_millis(10);
/// The same for one connection of many: each has its turn more rarely.
const BUSY_SET_CLAIM_LIFETIME: Duration = Duration::from_millis(40);

/// Who reads. `S` is where a thread waits that reads from many connections.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Reader<S> {
    /// The I/O thread.
    #[default]
    IoThread,
    /// A thread that comes here before each of its waits.
    Caller { used: bool },
    /// A thread that waits for whichever of many has something.
    BusySet { set: S, used: bool },
}

impl<S> Reader<S> {
    /// A thread that is about to wait reads from now on. True if the I/O thread did until now.
    pub(crate) fn claim(&mut self) -> bool {
        self.note_used();
        let was_free = !self.is_claimed();
        if was_free {
            *self = Reader::Caller { used: true };
        }
        was_free
    }

    /// The same for one of many.
    pub(crate) fn claim_in(&mut self, set: S) -> bool {
        let was_free = !self.is_claimed();
        *self = Reader::BusySet { set, used: true };
        was_free
    }

    /// Whoever reads has used the claim.
    pub(crate) fn note_used(&mut self) {
        if let Reader::Caller { used } | Reader::BusySet { used, .. } = self {
            *used = true;
        }
    }

    /// The I/O thread looks whether the claim is still in use. If it is not, it reads again.
    pub(crate) fn has_lapsed(&mut self) -> bool {
        match self {
            Reader::Caller { used } | Reader::BusySet { used, .. } => !std::mem::take(used),
            Reader::IoThread => true,
        }
    }

    pub(crate) fn is_claimed(&self) -> bool {
        !matches!(self, Reader::IoThread)
    }

    /// Is it a thread that comes here before each of its waits?
    pub(crate) fn is_caller(&self) -> bool {
        matches!(self, Reader::Caller { .. })
    }

    pub(crate) fn busy_set(&self) -> Option<&S> {
        match self {
            Reader::BusySet { set, .. } => Some(set),
            Reader::IoThread | Reader::Caller { .. } => None,
        }
    }

    /// How long the claim may go unused.
    pub(crate) fn lifetime(&self) -> Duration {
        match self {
            Reader::BusySet { .. } => BUSY_SET_CLAIM_LIFETIME,
            Reader::IoThread | Reader::Caller { .. } => CLAIM_LIFETIME,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_lapses_when_it_is_not_used() {
        let mut reader = Reader::<u8>::default();
        assert!(reader.has_lapsed() && !reader.is_claimed());
        reader.note_used();
        assert!(!reader.is_claimed(), "to read once is no claim");
        assert!(reader.claim() && !reader.claim());
        assert!(!reader.has_lapsed(), "it was used");
        reader.note_used();
        assert!(!reader.has_lapsed() && reader.has_lapsed());
    }

    #[test]
    fn one_of_many_is_no_callers_own() {
        let mut reader = Reader::default();
        assert!(reader.claim_in('s') && !reader.is_caller());
        assert_eq!((reader.busy_set(), reader.lifetime()), (Some(&'s'), BUSY_SET_CLAIM_LIFETIME));
        assert!(!reader.claim() && reader.busy_set().is_some(), "it stays in the set");
        reader = Reader::default();
        assert!(reader.claim() && reader.is_caller() && !reader.claim_in('s'));
        assert!(reader.is_claimed() && !reader.is_caller());
    }
}
