//! The word by which many threads tell one that something waits for it.
//!
//! What waits is kept elsewhere, under a lock of its own. The word says that there is any, so that a busy
//! reader finds out for the price of a load, and whether a descriptor has to be written for it: only for a
//! reader that sleeps, or one whose descriptor was given away and may be slept on at any time.
//!
//! The order of the steps is what matters here. A writer first puts, then [raises](Signal::raise); the
//! reader first [clears](Signal::clear), then takes. Clearing empties the descriptor before it takes the
//! mark back: the other way round, a writer in between would have its signal swallowed and its mark left
//! standing, so that the next writer would stay silent. The note that the descriptor was written is made
//! after the writing, so that it is never cleared while the descriptor is still to become readable for good;
//! and before it as well, since a reader that is woken may take the processor from the writer at once: without
//! a note it would find the descriptor readable, and nothing else, until the writer's turn comes.

use crate::sync::atomic::{AtomicU32, Ordering};

/// Something waits.
const PENDING: u32 = 1;
/// The descriptor is to be written when it does.
const ARMED: u32 = 2;
/// The same, for good: somebody else has the descriptor.
const SHARED: u32 = 4;
/// The descriptor was written.
const SIGNALLED: u32 = 8;
/// It was to be written, and could not be: the next writer tries again.
const FAILED: u32 = 16;

/// See the module.
pub struct Signal(AtomicU32);

impl Default for Signal {
    fn default() -> Self {
        Self::new()
    }
}

impl Signal {
    /// A signal that is not raised.
    pub fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Does something wait?
    #[inline]
    pub(crate) fn is_pending(&self) -> bool {
        self.0.load(Ordering::Relaxed) & PENDING != 0
    }

    /// Says that something was put. If this is true the caller owes a [`Signal::write`], now or soon.
    #[inline]
    #[must_use]
    pub fn raise(&self) -> bool {
        let before = self.0.fetch_or(PENDING, Ordering::AcqRel);
        before & (PENDING | FAILED) != PENDING && before & (ARMED | SHARED) != 0
    }

    /// Pays what [`Signal::raise`] left owing: has `write` make the descriptor readable, unless the reader
    /// has found out by itself meanwhile. `write` says whether it could.
    pub fn write(&self, write: impl FnOnce() -> bool) {
        let now = self.0.load(Ordering::Acquire);
        if now & PENDING != 0 && now & (ARMED | SHARED) != 0 {
            self.0.fetch_or(SIGNALLED, Ordering::AcqRel);
            let note = if write() { SIGNALLED } else { FAILED };
            self.0.fetch_or(note, Ordering::AcqRel);
        }
    }

    /// Has `write` make the descriptor readable though nothing new waits, so that another thread
    /// that sleeps on it looks.
    pub fn write_in_any_case(&self, write: impl FnOnce() -> bool) {
        self.0.fetch_or(SIGNALLED, Ordering::AcqRel);
        write();
    }

    /// To be called by the reader before it takes what waits. `drain` makes the descriptor unreadable.
    #[inline]
    pub fn clear(&self, drain: impl FnOnce()) {
        if self.0.load(Ordering::Relaxed) & (SIGNALLED | ARMED | SHARED) != 0 {
            self.0.fetch_and(!SIGNALLED, Ordering::AcqRel);
            drain();
        }
        self.0.fetch_and(!(PENDING | FAILED), Ordering::AcqRel);
    }

    /// To be called before sleeping on the descriptor. False if there is no need to sleep.
    pub fn arm(&self) -> bool {
        self.0.fetch_or(ARMED, Ordering::AcqRel) & PENDING == 0
    }

    /// To be called after.
    pub fn disarm(&self) {
        self.0.fetch_and(!ARMED, Ordering::AcqRel);
    }

    /// Somebody else sleeps on the descriptor from now on.
    pub fn share(&self, write: impl FnOnce() -> bool) {
        let before = self.0.fetch_or(SHARED, Ordering::AcqRel);
        if before & PENDING != 0 && before & SHARED == 0 && !write() {
            self.0.fetch_or(FAILED, Ordering::AcqRel);
        }
    }

    /// Was the descriptor given away?
    pub(crate) fn is_shared(&self) -> bool {
        self.0.load(Ordering::Relaxed) & SHARED != 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn tell(signal: &Signal, written: &Cell<u32>) {
        if signal.raise() {
            signal.write(|| count(written));
        }
    }

    fn count(written: &Cell<u32>) -> bool {
        written.set(written.get() + 1);
        true
    }

    #[test]
    fn who_has_found_out_is_not_told_again() {
        let (signal, written) = (Signal::new(), Cell::new(0));
        assert!(signal.arm() && signal.raise() && !signal.raise());
        signal.disarm();
        signal.clear(|| unreachable!("nothing was written"));
        let write = || signal.write(|| count(&written));
        write();
        assert!(signal.arm());
        write();
        assert_eq!(written.get(), 0);
        assert!(signal.raise());
        write();
        assert_eq!(written.get(), 1);
    }

    #[test]
    fn the_descriptor_is_written_once_and_only_for_who_sleeps() {
        let (signal, written) = (Signal::new(), Cell::new(0));
        let raise = || tell(&signal, &written);
        raise();
        assert!(signal.is_pending() && !signal.arm());
        signal.disarm();
        signal.clear(|| unreachable!("nothing was written"));
        assert!(signal.arm());
        raise();
        raise();
        assert_eq!(written.get(), 1);
        signal.disarm();
        let drained = Cell::new(false);
        signal.clear(|| drained.set(true));
        assert!(drained.get() && !signal.is_pending());
    }

    /// On one processor, the writing itself may let the reader run.
    #[test]
    fn a_reader_that_displaces_the_writer_drains_the_descriptor() {
        let (signal, readable) = (Signal::new(), Cell::new(false));
        assert!(signal.arm() && signal.raise());
        signal.write(|| {
            readable.set(true);
            signal.disarm();
            signal.clear(|| readable.set(false));
            true
        });
        assert!(!readable.get() && !signal.is_pending());
    }

    #[test]
    fn what_could_not_be_written_is_written_by_the_next() {
        let (signal, written) = (Signal::new(), Cell::new(0));
        assert!(signal.arm() && signal.raise());
        signal.write(|| false);
        tell(&signal, &written);
        assert_eq!(written.get(), 1);
        signal.clear(|| {});
        tell(&signal, &written);
        assert!(!signal.raise(), "that one is over");
    }

    #[test]
    fn a_writer_in_the_middle_of_clearing_silences_nobody() {
        let (signal, written) = (Signal::new(), Cell::new(0));
        let raise = || tell(&signal, &written);
        signal.share(|| unreachable!("nothing waits"));
        signal.clear(raise);
        raise();
        assert_eq!(written.get(), 2);
    }
}
