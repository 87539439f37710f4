//! Wake-ups that are given together.
//!
//! Who tells many others something first tells all of them, and then wakes: a thread that is woken may take
//! the processor at once, and should find all there is instead of coming back for every piece. While a
//! [`Hold`] lives, the wake-ups that its thread owes are kept; they are given when it is dropped, at the
//! latest. Nobody may wait for another thread meanwhile.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Somebody to be woken.
pub(crate) trait Sleeper: Send + Sync {
    /// Wakes it, if that is still needed.
    fn wake(&self);
}

/// Keeps the wake-ups of this thread for as long as it lives. One within another does nothing.
pub(crate) struct Hold {
    outermost: bool,
    /// It belongs to its thread.
    thread: PhantomData<*const ()>,
}

#[derive(Default)]
struct Held {
    active: bool,
    /// When the first of them was owed.
    since: Option<Instant>,
    sleepers: Vec<Arc<dyn Sleeper>>,
}

thread_local! {
    static HELD: RefCell<Held> = RefCell::default();
}

/// Wakes a sleeper, whose own handle is `this`, or has it done when all that this thread holds is woken.
pub(crate) fn wake_or_hold<S: Sleeper + 'static>(sleeper: &S, this: &Weak<S>) {
    // A thread that ends holds nothing.
    let held = HELD.try_with(|held| held.borrow_mut().keep(this)).unwrap_or(false);
    if !held {
        sleeper.wake();
    }
}

impl Held {
    /// False if nothing is held at present.
    fn keep<S: Sleeper + 'static>(&mut self, sleeper: &Weak<S>) -> bool {
        let Some(sleeper) = self.active.then(|| sleeper.upgrade()).flatten() else { return false };
        self.since.get_or_insert_with(Instant::now);
        self.sleepers.push(sleeper);
        true
    }
}

impl Hold {
    pub(crate) fn begin() -> Self {
        let outermost = HELD
            .try_with(|held| !std::mem::replace(&mut held.borrow_mut().active, true))
            .unwrap_or(false);
        Self { outermost, thread: PhantomData }
    }

    /// Wakes whom it has kept so far.
    pub(crate) fn release(&self) {
        if self.outermost {
            wake_all();
        }
    }

    /// The same, if any of them has waited for so long.
    pub(crate) fn release_after(&self, time: Duration) {
        // A thread that ends holds nothing.
        let since = HELD.try_with(|held| held.borrow().since).ok().flatten();
        if since.is_some_and(|since| since.elapsed() >= time) {
            self.release();
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.outermost {
            HELD.with(|held| held.borrow_mut().active = false);
            wake_all();
        }
    }
}

fn wake_all() {
    let mut sleepers = HELD.with(|held| {
        let mut held = held.borrow_mut();
        held.since = None;
        std::mem::take(&mut held.sleepers)
    });
    for sleeper in sleepers.drain(..) {
        sleeper.wake();
    }
    // The room is kept for the next time.
    HELD.with(|held| {
        let mut held = held.borrow_mut();
        if held.sleepers.is_empty() {
            held.sleepers = sleepers;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[derive(Default)]
    struct Counter(AtomicU32);

    impl Sleeper for Counter {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn wake(counter: &Arc<Counter>) {
        wake_or_hold(&**counter, &Arc::downgrade(counter));
    }

    #[test]
    fn wakes_are_given_at_the_end_of_the_outermost_hold() {
        let counter = Arc::new(Counter::default());
        let woken = || counter.0.load(Ordering::Relaxed);
        wake(&counter);
        assert_eq!(woken(), 1);
        {
            let outer = Hold::begin();
            wake(&counter);
            {
                let inner = Hold::begin();
                wake(&counter);
                inner.release();
            }
            assert_eq!(woken(), 1);
            outer.release_after(Duration::from_secs(3600));
            assert_eq!(woken(), 1);
            outer.release_after(Duration::ZERO);
            assert_eq!(woken(), 3);
            wake(&counter);
        }
        assert_eq!(woken(), 4);
        wake(&counter);
        assert_eq!(woken(), 5);
    }

    #[test]
    fn a_panic_wakes_too() {
        let counter = Arc::new(Counter::default());
        let panicked = std::panic::catch_unwind(|| {
            let _hold = Hold::begin();
            wake(&counter);
            panic!("on purpose");
        });
        assert!(panicked.is_err());
        assert_eq!(counter.0.load(Ordering::Relaxed), 1);
    }
}
