//! Memory of the application that is done with, and of which it is still to be told.
//!
//! The application's free function may do whatever it likes, such as use the socket that the
//! message was sent by, and must find no lock taken by the thread that calls it. So a thread that
//! may drop messages under a lock postpones that, and gives back what has come together when it
//! holds none. In a program that lends no memory there is nothing to postpone, and finding that out
//! is all it costs.
#![forbid(unsafe_code)]

use super::block::Returned;
use crate::sys::farewell::Farewell;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::iter;
use std::marker::PhantomData;
use std::mem::{forget, ManuallyDrop};
use std::sync::atomic::{AtomicBool, Ordering};

/// Some application has lent us memory, ever.
static LENT: AtomicBool = AtomicBool::new(false);

struct Waiting {
    /// So many [`Postponed`] there are on this thread.
    depth: Cell<usize>,
    /// What waits the longest: mostly all there is, for which no memory is needed.
    first: Cell<Option<ManuallyDrop<Returned>>>,
    rest: RefCell<ManuallyDrop<VecDeque<Returned>>>,
    /// [`FAREWELL`] is expected.
    expected: Cell<bool>,
}

thread_local! {
    static WAITING: Waiting = const {
        Waiting {
            depth: Cell::new(0),
            first: Cell::new(None),
            rest: RefCell::new(ManuallyDrop::new(VecDeque::new())),
            expected: Cell::new(false),
        }
    };
}

/// Has a thread that ends in a free function give back the rest.
static FAREWELL: Farewell = Farewell::calling(give_back);

/// While it lives, its thread calls no free function. What waits is given back by [`give_back`].
pub struct Postponed {
    /// It belongs to its thread.
    thread: PhantomData<*const ()>,
}

impl Postponed {
    /// Begins to postpone.
    pub fn begin() -> Self {
        WAITING.with(|waiting| waiting.depth.set(waiting.depth.get() + 1));
        Self { thread: PhantomData }
    }

    /// The same, unless no memory was lent so far.
    #[inline(always)]
    pub fn begin_if_lent() -> Option<Self> {
        has_lent().then(Self::begin)
    }

    /// The same as to drop it. True if something waits for the thread to hold no lock.
    pub fn end(self) -> bool {
        forget(self);
        WAITING.with(|waiting| {
            waiting.depth.set(waiting.depth.get() - 1);
            !waiting.is_empty()
        })
    }
}

impl Drop for Postponed {
    fn drop(&mut self) {
        WAITING.with(|waiting| waiting.depth.set(waiting.depth.get() - 1));
    }
}

/// From now on there is something to postpone.
pub(super) fn note_lent() {
    if !has_lent() {
        LENT.store(true, Ordering::Relaxed);
    }
}

/// Gives memory back: now, or later if this thread postpones that.
pub(super) fn add(returned: Returned) {
    WAITING.with(|waiting| match waiting.depth.get() {
        0 => drop(returned),
        _ => waiting.push(returned),
    });
}

/// The same for what another thread has let go of.
pub(crate) fn add_all(returns: Vec<Returned>) {
    returns.into_iter().for_each(add);
}

/// Was memory lent to us, ever?
#[inline(always)]
pub fn has_lent() -> bool {
    LENT.load(Ordering::Relaxed)
}

/// Gives back what this thread has postponed. To be called where it holds no lock.
#[inline(always)]
pub fn give_back() {
    if has_lent() {
        give_back_all();
    }
}

fn give_back_all() {
    WAITING.with(|waiting| {
        // One by one: the free function may come back to us, and to this place.
        while let Some(returned) = waiting.pop() {
            // What the function itself lets go of is not to wait: it may be all that is called for
            // long.
            let depth = waiting.depth.replace(0);
            returned.give_back();
            waiting.depth.set(depth);
        }
    });
}

impl Waiting {
    fn is_empty(&self) -> bool {
        let first = self.first.take();
        let empty = first.is_none();
        self.first.set(first);
        empty
    }

    fn push(&self, returned: Returned) {
        match self.is_empty() {
            true => self.first.set(Some(ManuallyDrop::new(returned))),
            false => self.rest.borrow_mut().push_back(returned),
        }
    }

    /// Takes the first one. Its function may end the thread: what is left is to be given back then.
    fn pop(&self) -> Option<Returned> {
        let first = self.first.take().map(ManuallyDrop::into_inner);
        let mut rest = self.rest.borrow_mut();
        if let Some(next) = rest.pop_front() {
            self.first.set(Some(ManuallyDrop::new(next)));
            self.expected.set(true);
            FAREWELL.expect();
            if rest.is_empty() {
                // The room goes, too: nobody would clear it when the thread ends.
                **rest = VecDeque::new();
            }
        } else if self.expected.replace(false) {
            FAREWELL.cancel();
        }
        first
    }
}

/// Does anything wait for the calling thread to hold no lock?
#[inline(always)]
pub fn is_waiting() -> bool {
    has_lent() && WAITING.with(|waiting| !waiting.is_empty())
}

/// Takes what this thread has postponed, for a thread that holds no lock.
pub(crate) fn take() -> Vec<Returned> {
    match has_lent() {
        true => WAITING.with(|waiting| iter::from_fn(|| waiting.pop()).collect()),
        false => Vec::new(),
    }
}
