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
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::sync::atomic::{AtomicBool, Ordering};

/// Some application has lent us memory, ever.
static LENT: AtomicBool = AtomicBool::new(false);

struct Waiting {
    /// So many [`Postponed`] there are on this thread.
    depth: Cell<usize>,
    returns: RefCell<ManuallyDrop<VecDeque<Returned>>>,
}

thread_local! {
    static WAITING: Waiting = const {
        Waiting {
            depth: Cell::new(0),
            returns: RefCell::new(ManuallyDrop::new(VecDeque::new())),
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
    pub fn begin() -> Self {
        WAITING.with(|waiting| waiting.depth.set(waiting.depth.get() + 1));
        Self { thread: PhantomData }
    }

    /// The same, unless no memory was lent so far.
    #[inline(always)]
    pub fn begin_if_lent() -> Option<Self> {
        has_lent().then(Self::begin)
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
        _ => {
            waiting.returns.borrow_mut().push_back(returned);
            FAREWELL.expect();
        }
    });
}

/// The same for what another thread has let go of.
pub fn add_all(returns: Vec<Returned>) {
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

#[cold]
fn give_back_all() {
    // One by one: the free function may come back to us, and to this place.
    while let Some(returned) = next() {
        // What the function itself lets go of is not to wait: it may be all that is called for
        // long.
        let depth = WAITING.with(|waiting| waiting.depth.replace(0));
        returned.give_back();
        WAITING.with(|waiting| waiting.depth.set(depth));
    }
}

/// The next one to give back.
fn next() -> Option<Returned> {
    WAITING.with(|waiting| {
        let mut returns = waiting.returns.borrow_mut();
        let next = returns.pop_front();
        match returns.is_empty() {
            // The function that is called next may end the thread.
            false => FAREWELL.expect(),
            true if next.is_some() => {
                // The room goes, too: nobody would clear it when the thread ends.
                **returns = VecDeque::new();
                FAREWELL.cancel();
            }
            true => {}
        }
        next
    })
}

/// Does anything wait for the calling thread to hold no lock?
#[inline(always)]
pub fn is_waiting() -> bool {
    has_lent() && WAITING.with(|waiting| !waiting.returns.borrow().is_empty())
}

/// Takes what this thread has postponed, for a thread that holds no lock.
pub fn take() -> Vec<Returned> {
    if !has_lent() {
        return Vec::new();
    }
    FAREWELL.cancel();
    WAITING.with(|waiting| mem::take(&mut **waiting.returns.borrow_mut())).into()
}
