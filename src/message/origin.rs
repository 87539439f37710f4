//! What a message knows of the peer that sent it, by a counted reference.
//!
//! Most messages come from the same peer as the one before and are closed by the thread that received
//! them: to count each of them up and down would cost more than to copy it. So a thread keeps the reference
//! that it gave up last, and the next message from that peer has it as it is.
#![forbid(unsafe_code)]

use super::Metadata;
use crate::sys::desk::Desks;
use std::sync::Arc;

/// The reference that a thread gave up last.
static SPARE: Desks<Arc<Metadata>> = Desks::new();

/// A reference to what is known about a peer, or none.
#[derive(Default)]
pub(crate) struct Origin(Option<Arc<Metadata>>);

impl Origin {
    pub(crate) const fn unknown() -> Self {
        Self(None)
    }

    pub(crate) fn new(metadata: Option<Arc<Metadata>>) -> Self {
        Self(metadata)
    }

    pub(crate) fn get(&self) -> Option<&Arc<Metadata>> {
        self.0.as_ref()
    }

    /// Refers to this peer from now on.
    #[inline]
    pub(crate) fn refer(&mut self, peer: Option<&Arc<Metadata>>) {
        match (&self.0, peer) {
            (None, None) => {}
            (Some(known), Some(peer)) if Arc::ptr_eq(known, peer) => {}
            _ => *self = Self(peer.map(reference)),
        }
    }
}

/// One more reference.
#[inline]
fn reference(peer: &Arc<Metadata>) -> Arc<Metadata> {
    match SPARE.take() {
        Some(spare) if Arc::ptr_eq(&spare, peer) => spare,
        _ => peer.clone(),
    }
}

impl Clone for Origin {
    fn clone(&self) -> Self {
        Self(self.0.as_ref().map(reference))
    }
}

impl Drop for Origin {
    #[inline]
    fn drop(&mut self) {
        if let Some(peer) = self.0.take() {
            drop(SPARE.put(peer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_one_reference_and_uses_it_again() {
        let one_thread = || {
            let (here, there) = (Arc::new(Metadata::new()), Arc::new(Metadata::new()));
            let mut origin = Origin::unknown();
            origin.refer(Some(&here));
            let second = origin.clone();
            assert_eq!(Arc::strong_count(&here), 3);
            drop(origin);
            assert_eq!(Arc::strong_count(&here), 3, "kept");
            drop(second);
            assert_eq!(Arc::strong_count(&here), 2, "one is enough");
            origin = Origin::new(None);
            origin.refer(Some(&here));
            assert_eq!(Arc::strong_count(&here), 2, "used again");
            origin.refer(Some(&there));
            origin.refer(Some(&there));
            assert_eq!((Arc::strong_count(&here), Arc::strong_count(&there)), (2, 2));
            origin.refer(None);
            assert_eq!((Arc::strong_count(&here), Arc::strong_count(&there)), (1, 2));
            there
        };
        let left = std::thread::spawn(one_thread).join().unwrap();
        assert_eq!(Arc::strong_count(&left), 1, "a thread that ends gives it back");
    }
}
