//! Memory of the application that is done with, and of which it is still to be told.
//!
//! The application's free function may do whatever it likes, such as use the socket that the message was sent by,
//! and must find no lock taken by the thread that calls it. So a thread that may drop messages under a lock
//! postpones that, and gives back what has come together when it holds none. In a program that lends no memory
//! there is nothing to postpone, and finding that out is all it costs.
#![forbid(unsafe_code)]

use super::block::Returned;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};

/// Some application has lent us memory, ever.
static LENT: AtomicBool = AtomicBool::new(false);

struct Waiting {
    /// So many [`Postponed`] there are on this thread.
    depth: Cell<usize>,
    returns: RefCell<VecDeque<Returned>>,
}

thread_local! {
    static WAITING: Waiting =
        const { Waiting { depth: Cell::new(0), returns: RefCell::new(VecDeque::new()) } };
}

/// While it lives, its thread calls no free function. What waits is given back by [`give_back`].
pub struct Postponed {
    /// It belongs to its thread.
    thread: PhantomData<*const ()>,
}

impl Postponed {
    pub fn begin() -> Self {
        // A thread that ends postpones nothing.
        let _ = WAITING.try_with(|waiting| waiting.depth.set(waiting.depth.get() + 1));
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
        let _ = WAITING.try_with(|waiting| waiting.depth.set(waiting.depth.get() - 1));
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
    let mut returned = Some(returned);
    let _ = WAITING.try_with(|waiting| {
        if waiting.depth.get() > 0 {
            waiting.returns.borrow_mut().extend(returned.take());
        }
    });
    drop(returned);
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
    let next =
        || WAITING.try_with(|waiting| waiting.returns.borrow_mut().pop_front()).ok().flatten();
    while let Some(returned) = next() {
        // What the function itself lets go of is not to wait: it may be all that is called for long.
        let depth = WAITING.try_with(|waiting| waiting.depth.replace(0)).unwrap_or(0);
        returned.give_back();
        let _ = WAITING.try_with(|waiting| waiting.depth.set(depth));
    }
}

/// Takes what this thread has postponed, for a thread that holds no lock.
pub fn take() -> Vec<Returned> {
    let taken = || WAITING.try_with(|waiting| waiting.returns.take().into()).unwrap_or_default();
    if has_lent() {
        taken()
    } else {
        Vec::new()
    }
}
