//! How much memory the queues of a thread hold.
#![forbid(unsafe_code)]

use std::cell::Cell;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

/// The bytes of all chunks that this thread has made, without those that it has given up.
pub(crate) fn held() -> isize {
    HELD.get()
}

pub(super) fn note(bytes: isize) {
    // A thread that ends counts no more.
    let _ = HELD.try_with(|held| held.set(held.get() + bytes));
}
