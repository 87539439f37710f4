//! A session that is on its way to its I/O thread while others want something of it.
//!
//! `SessionHandle` is played: what is wanted is a word, and the session has a number once it is
//! there.

use super::bell::Bell;
use super::check_deep;
use loom::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use loom::sync::Arc;
use loom::thread;

const NOWHERE: usize = usize::MAX;

struct Handle {
    number: AtomicUsize,
    wanted: AtomicU32,
    poked: Bell,
}

impl Handle {
    fn wake(&self, what: u32) {
        if self.wanted.fetch_or(what, Ordering::SeqCst) == 0
            && self.number.load(Ordering::SeqCst) != NOWHERE
        {
            self.poked.ring();
        }
    }

    fn settle(&self, number: usize) {
        self.number.store(number, Ordering::SeqCst);
    }

    fn take_wanted(&self) -> u32 {
        self.wanted.swap(0, Ordering::SeqCst)
    }
}

/// `Session::start` settles and then looks; after that it looks when it is poked.
#[test]
fn what_is_wanted_of_a_session_that_comes_is_done() {
    check_deep(5, || {
        let handle = Arc::new(Handle {
            number: AtomicUsize::new(NOWHERE),
            wanted: AtomicU32::new(0),
            poked: Bell::new(),
        });
        let wakers = [1, 2].map(|what| {
            let handle = handle.clone();
            thread::spawn(move || handle.wake(what))
        });
        handle.settle(0);
        let mut done = handle.take_wanted();
        while done != 3 {
            handle.poked.wait();
            done |= handle.take_wanted();
        }
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
    });
}
