//! Memory of the application that is done with, and of which it is still to be told.
//!
//! The application's free function may do whatever it likes, such as use the socket that the
//! message was sent by, and must find no lock taken by the thread that calls it. So whoever drops a
//! message never calls it: what was let go of waits with the thread, which gives it back when it
//! holds no lock. In a program that lends no memory nothing waits, and finding that out is all it
//! costs.
#![forbid(unsafe_code)]

use super::lent::{List, Returned};
use crate::sys::farewell::Farewell;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};

/// Some application has lent us memory, ever.
static LENT: AtomicBool = AtomicBool::new(false);

struct Waiting {
    /// Borrowed only within the functions of this module, none of which calls another that borrows
    /// it.
    list: RefCell<ManuallyDrop<List>>,
    /// [`FAREWELL`] is expected.
    expected: Cell<bool>,
}

thread_local! {
    static WAITING: Waiting = const {
        Waiting {
            list: RefCell::new(ManuallyDrop::new(List::new())),
            expected: Cell::new(false),
        }
    };
}

/// Has a thread that ends in a free function give back the rest.
static FAREWELL: Farewell = Farewell::calling(give_back);

/// From now on something may wait.
pub(super) fn note_lent() {
    if !has_lent() {
        LENT.store(true, Ordering::Relaxed);
    }
}

#[inline(always)]
fn has_lent() -> bool {
    LENT.load(Ordering::Relaxed)
}

/// Has a piece of memory wait.
pub(super) fn add(returned: Returned) {
    WAITING.with(|waiting| waiting.list.borrow_mut().push(returned));
}

/// Does anything wait for the calling thread to hold no lock?
#[inline(always)]
pub fn is_waiting() -> bool {
    has_lent() && WAITING.with(|waiting| !waiting.list.borrow().is_empty())
}

/// Gives back what waits with this thread. To be called where it holds no lock.
#[inline(always)]
pub fn give_back() {
    if has_lent() {
        give_back_all();
    }
}

/// The same for a thread that is about to end: where that is over, so that a free function may use
/// sockets, and end the thread once more.
pub(crate) fn give_back_at_the_end() {
    if is_waiting() {
        FAREWELL.expect();
    }
}

fn give_back_all() {
    // One by one: the free function may come back to us, and to this place.
    while let Some(returned) = WAITING.with(Waiting::pop) {
        returned.give_back();
    }
}

impl Waiting {
    /// Takes the first one. Its function may end the thread: what is left is to be given back then.
    fn pop(&self) -> Option<Returned> {
        let mut list = self.list.borrow_mut();
        let first = list.pop();
        if !list.is_empty() {
            self.expected.set(true);
            FAREWELL.expect();
        } else if self.expected.replace(false) {
            FAREWELL.cancel();
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::block::tests::foreign;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn what_is_let_go_of_waits_with_its_thread() {
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        let calls = || CALLS.load(Ordering::SeqCst);
        (0..3).for_each(|_| drop(foreign(b"lent", &CALLS)));
        std::thread::spawn(give_back).join().unwrap();
        assert!(is_waiting() && calls() == 0);
        give_back();
        assert!(!is_waiting() && calls() == 3);
    }

    #[test]
    fn a_thread_gives_back_at_its_end() {
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        let thread = || {
            (0..3).for_each(|_| drop(foreign(b"lent", &CALLS)));
            give_back_at_the_end();
        };
        std::thread::spawn(thread).join().unwrap();
        assert_eq!(CALLS.load(Ordering::SeqCst), 3);
    }
}
