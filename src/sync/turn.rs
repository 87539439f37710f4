//! Something that threads use in turns, and hardly ever at once.
//!
//! Taking it is one atomic exchange and leaving it one store. Who finds it taken has most likely broken
//! the rule that a socket belongs to one thread at a time: it waits by looking again, more and more rarely.

use crate::sync::atomic::{AtomicBool, Ordering};
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// See the module.
#[derive(Default)]
pub struct Turn<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: only who has the turn reaches the value.
unsafe impl<T: Send> Sync for Turn<T> {}

/// The value, for as long as this lives. It may be shared between threads no more than `&mut T` may.
pub struct Taken<'a, T>(&'a Turn<T>, PhantomData<&'a mut T>);

impl<T> Turn<T> {
    /// Takes the turn, if it is free.
    #[inline]
    pub fn try_take(&self) -> Option<Taken<'_, T>> {
        self.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).ok()?;
        Some(Taken(self, PhantomData))
    }

    /// Takes the turn, and waits for it if need be.
    #[cold]
    pub fn take(&self) -> Taken<'_, T> {
        let mut pause = Duration::from_micros(1);
        loop {
            if let Some(taken) = self.try_take() {
                return taken;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(2));
        }
    }
}

impl<T> Deref for Taken<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the turn is this guard's until it is dropped.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Taken<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed mutably.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Taken<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_has_it() {
        let turn = Turn::<u32>::default();
        {
            let mut first = turn.try_take().unwrap();
            assert!(turn.try_take().is_none());
            *first = 1;
        }
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| *turn.take() += 1));
            }
        });
        assert_eq!(*turn.take(), 401);
    }
}
