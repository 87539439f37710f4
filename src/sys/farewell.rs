//! What is to be done when a thread ends, for threads that rarely leave anything to do.
//!
//! A `thread_local!` that has to be dropped takes memory when a thread first uses it, and the C
//! library ends the process where there is none; and it is gone before the thread's last functions
//! of the program run, such as those of `atexit`. So what a thread keeps needs no drop, and a
//! thread that leaves something there notes here that it is to be cleared: only for as long as that
//! is so, since the library may be unloaded later.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

/// Clears what threads keep in one place.
pub(crate) struct Farewell {
    /// The key plus one; zero before it is made.
    key: AtomicU64,
    clear: fn(),
    /// What `clear` calls may end the thread once more, which no barrier against panics may hold
    /// up.
    unwinds: bool,
}

impl Farewell {
    pub(crate) const fn new(clear: fn()) -> Self {
        Self { key: AtomicU64::new(0), clear, unwinds: false }
    }

    /// The same, where `clear` calls functions of the program, and has nothing to drop meanwhile.
    pub(crate) const fn calling(clear: fn()) -> Self {
        Self { key: AtomicU64::new(0), clear, unwinds: true }
    }

    /// If this thread ends, something is to be cleared.
    pub(crate) fn expect(&'static self) {
        self.set(ptr::from_ref(self).cast());
    }

    /// Nothing is left to clear.
    pub(crate) fn cancel(&'static self) {
        self.set(ptr::null());
    }

    fn set(&'static self, value: *const libc::c_void) {
        if let Some(key) = self.key() {
            // SAFETY: the key is never deleted. Without memory for its value this does nothing.
            unsafe { libc::pthread_setspecific(key, value) };
        }
    }

    /// `None` if there are no more keys: a thread that ends then leaves behind what it kept.
    fn key(&self) -> Option<libc::pthread_key_t> {
        match self.key.load(Ordering::Acquire) {
            0 => self.make_key(),
            made => Some((made - 1) as libc::pthread_key_t),
        }
    }

    #[cold]
    fn make_key(&self) -> Option<libc::pthread_key_t> {
        let key = new_key()?;
        let made = u64::from(key) + 1;
        match self.key.compare_exchange(0, made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Some(key),
            Err(theirs) => {
                // SAFETY: no thread has a value for this key, which nobody else knows.
                unsafe { libc::pthread_key_delete(key) };
                Some((theirs - 1) as libc::pthread_key_t)
            }
        }
    }
}

fn new_key() -> Option<libc::pthread_key_t> {
    type Plain = unsafe extern "C" fn(*mut libc::c_void);
    type Unwinding = unsafe extern "C-unwind" fn(*mut libc::c_void);
    let mut key = 0;
    // SAFETY: the two types differ only in what may leave the function. The key may be written to,
    // and `clear` takes the values that it will have.
    let error = unsafe {
        let clear = std::mem::transmute::<Unwinding, Plain>(clear);
        libc::pthread_key_create(&mut key, Some(clear))
    };
    (error == 0).then_some(key)
}

unsafe extern "C-unwind" fn clear(farewell: *mut libc::c_void) {
    // SAFETY: `expect` left the address of one that lives forever.
    let farewell = unsafe { &*farewell.cast_const().cast::<Farewell>() };
    match farewell.unwinds {
        true => (farewell.clear)(),
        // To drop what a panic throws might panic again.
        false => std::mem::forget(catch_unwind(AssertUnwindSafe(farewell.clear))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn what_a_thread_leaves_is_cleared_when_it_ends() {
        static CLEARED: AtomicU32 = AtomicU32::new(0);
        static FAREWELL: Farewell = Farewell::new(|| {
            CLEARED.fetch_add(KEPT.get(), Ordering::SeqCst);
        });
        thread_local!(static KEPT: Cell<u32> = const { Cell::new(0) });
        let thread = |keeps: u32, cancels| {
            let run = move || {
                KEPT.set(keeps);
                FAREWELL.expect();
                if cancels {
                    FAREWELL.cancel();
                }
            };
            std::thread::spawn(run).join().unwrap();
        };
        thread(3, false);
        thread(4, true);
        thread(5, false);
        assert_eq!(CLEARED.load(Ordering::SeqCst), 8);
    }
}
