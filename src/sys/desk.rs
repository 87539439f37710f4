//! A desk for each thread, to keep something on that it will soon want again.
//!
//! What `thread_local!` does in a shared library takes a call for each access. Here a thread has a desk in a table,
//! found by its number: once it is the thread's, nobody else touches it, and to use it takes plain loads and
//! stores. A thread that finds its desk with another does without one. Who ends clears his desk.
//!
//! In a forked child, the desks of the parent's threads are free, and what lies there is left alone: a thread may
//! have been about to put it down.

use super::{fork, thread};
use std::cell::{Cell, UnsafeCell};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many there are.
const DESKS: usize = 64;

/// The desks for one kind of thing.
pub(crate) struct Desks<T: 'static> {
    desks: [Desk<T>; DESKS],
}

/// On a cache line of its own, so that neighbours do not slow each other down.
#[repr(align(64))]
struct Desk<T> {
    /// The thread whose desk it is, or [`NOBODY`].
    owner: AtomicU64,
    item: UnsafeCell<Option<T>>,
}

// SAFETY: what lies on a desk is touched by its owner only, and passes from thread to thread by way of `owner`.
unsafe impl<T: Send> Sync for Desk<T> {}

impl<T: Send> Desks<T> {
    pub(crate) const fn new() -> Self {
        Self { desks: [const { Desk::new() }; DESKS] }
    }

    /// What the calling thread put down last.
    #[inline(always)]
    pub(crate) fn take(&'static self) -> Option<T> {
        let me = number();
        let desk = self.desk_of(me);
        if desk.owner.load(Ordering::Relaxed) != me {
            return None;
        }
        // SAFETY: it is the calling thread's desk, and the reference is gone before anything else runs.
        unsafe { (*desk.item.get()).take() }
    }

    /// Keeps something for the calling thread, in place of what it put down before. Gives back what is not kept.
    #[inline(always)]
    pub(crate) fn put(&'static self, item: T) -> Option<T> {
        let me = number();
        let desk = self.desk_of(me);
        if desk.owner.load(Ordering::Relaxed) != me && !desk.claim(me) {
            return Some(item);
        }
        // SAFETY: as in `take`.
        unsafe { (*desk.item.get()).replace(item) }
    }

    #[inline(always)]
    fn desk_of(&self, me: u64) -> &Desk<T> {
        // Numbers of threads differ by multiples of large powers of two: what tells them apart is in the middle.
        let mixed = me.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        &self.desks[(mixed >> 32) as usize % DESKS]
    }
}

/// No thread has this number.
const NOBODY: u64 = 0;
/// The part of a number that tells in which process the thread runs.
const PROCESS: u64 = 0xff;

/// The number of the calling thread.
#[inline(always)]
fn number() -> u64 {
    (thread::token() as u64) << PROCESS.count_ones() | u64::from(fork::generation()) & PROCESS
}

impl<T: Send> Desk<T> {
    const fn new() -> Self {
        Self { owner: AtomicU64::new(NOBODY), item: UnsafeCell::new(None) }
    }

    /// Makes it the desk of the calling thread, whose number is `me`. False if it is another's.
    #[cold]
    fn claim(&'static self, me: u64) -> bool {
        let former = self.owner.load(Ordering::Relaxed);
        if former != NOBODY && former & PROCESS == me & PROCESS {
            return false;
        }
        // A thread that ends has no use for a desk.
        LEAVING.try_with(|leaving| self.take_over(former, me, leaving)).unwrap_or(false)
    }

    fn take_over(&'static self, former: u64, me: u64, leaving: &Leaving) -> bool {
        let taken = self.owner.compare_exchange(former, me, Ordering::Acquire, Ordering::Relaxed);
        if taken.is_ok() {
            // SAFETY: it is the calling thread's desk. Nothing is dropped.
            unsafe { ptr::write(self.item.get(), None) };
            leaving.note(self);
        }
        taken.is_ok()
    }
}

/// A desk, whatever lies on it.
trait Clear {
    /// Clears it, if it is the calling thread's.
    fn clear(&self);
}

impl<T: Send> Clear for Desk<T> {
    fn clear(&self) {
        // It may have been the parent process's.
        if self.owner.load(Ordering::Relaxed) != number() {
            return;
        }
        // SAFETY: it is the calling thread's desk.
        let item = unsafe { (*self.item.get()).take() };
        self.owner.store(NOBODY, Ordering::Release);
        drop(item);
    }
}

thread_local! {
    static LEAVING: Leaving = const { Leaving(Cell::new(Vec::new())) };
}

/// The desks of a thread, cleared when it ends.
struct Leaving(Cell<Vec<&'static dyn Clear>>);

impl Leaving {
    fn note(&self, desk: &'static dyn Clear) {
        let mut desks = self.0.take();
        desks.push(desk);
        self.0.set(desks);
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.take().iter().for_each(|desk| desk.clear());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_thread_keeps_one_thing_until_it_ends() {
        static DESKS: Desks<Arc<u32>> = Desks::new();
        let (first, second) = (Arc::new(1), Arc::new(2));
        let in_thread = || {
            assert_eq!(DESKS.take(), None);
            assert_eq!(DESKS.put(first.clone()), None);
            assert_eq!(DESKS.put(second.clone()), Some(first.clone()));
            assert_eq!(DESKS.take(), Some(second.clone()));
            assert_eq!(DESKS.take(), None);
            assert_eq!(DESKS.put(second.clone()), None);
        };
        // One after the other they may well have the same desk.
        for _ in 0..3 {
            std::thread::scope(|scope| scope.spawn(in_thread).join().unwrap());
            assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (1, 1));
        }
    }

    #[test]
    fn nobody_gets_what_another_thread_keeps() {
        static DESKS: Desks<usize> = Desks::new();
        let start = std::sync::Barrier::new(2 * DESKS.desks.len());
        std::thread::scope(|scope| {
            for me in 0..2 * DESKS.desks.len() {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    for _ in 0..100 {
                        let kept = DESKS.put(me).is_none();
                        std::thread::yield_now();
                        assert_eq!(DESKS.take(), kept.then_some(me));
                    }
                    start.wait();
                });
            }
        });
    }
}
