//! Something that threads use in turns, and hardly ever at once.
//!
//! Nearly always it is one thread that comes back again and again. After a few times in a row it becomes
//! the owner, and from then on takes its turn with plain loads and stores: it says that it is inside, and
//! then looks whether it is still the owner. Another thread that wants the turn ends the ownership, passes a
//! fence to all threads, and then looks whether the owner is inside: one of the two sees the other. Since
//! that is not cheap, ownership takes longer to come about each time it was ended.
//!
//! Who finds the turn taken has most likely broken the rule that a socket belongs to one thread at a time: it
//! waits by looking again, more and more rarely.

use crate::sync::asymmetric::{heavy, is_supported, light};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sys::thread;
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// So many turns in a row make an owner ...
const PATIENCE: u32 = if cfg!(loom) { 1 } else { 16 };
/// ... and so many at most.
const MOST_PATIENCE: u32 = 1 << 20;

/// See the module.
#[derive(Default)]
pub struct Turn<T> {
    /// The thread that need not ask, or zero. Changed only by who has `taken`.
    owner: AtomicUsize,
    /// The owner has the turn.
    inside: AtomicBool,
    /// Somebody else has.
    taken: AtomicBool,
    /// For who has `taken`.
    habit: UnsafeCell<Habit>,
    value: UnsafeCell<T>,
}

/// Who comes how often.
struct Habit {
    last: usize,
    /// Turns in a row.
    times: u32,
    patience: u32,
}

impl Default for Habit {
    fn default() -> Self {
        Self { last: 0, times: 0, patience: PATIENCE }
    }
}

// SAFETY: only who has the turn reaches the value, and only who has `taken` the habit.
unsafe impl<T: Send> Sync for Turn<T> {}

/// The value, for as long as this lives. It may be shared between threads no more than `&mut T` may.
pub struct Taken<'a, T> {
    turn: &'a Turn<T>,
    owned: bool,
    value: PhantomData<&'a mut T>,
}

impl<T> Turn<T> {
    /// Takes the turn, if it is free.
    #[inline]
    pub fn try_take(&self) -> Option<Taken<'_, T>> {
        self.try_take_as(thread::token())
    }

    /// The same for the thread of this number, which is to be the caller's and not zero.
    #[inline]
    pub fn try_take_as(&self, me: usize) -> Option<Taken<'_, T>> {
        if self.owner.load(Ordering::Relaxed) == me {
            // A thread that is over may have had the same number: what it did comes before.
            if self.inside.load(Ordering::Acquire) {
                return None;
            }
            self.inside.store(true, Ordering::Relaxed);
            light();
            if self.owner.load(Ordering::Relaxed) == me {
                return Some(self.taken(true));
            }
            self.inside.store(false, Ordering::Release);
        }
        self.ask(me)
    }

    fn ask(&self, me: usize) -> Option<Taken<'_, T>> {
        self.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).ok()?;
        // SAFETY: for who has `taken`.
        let habit = unsafe { &mut *self.habit.get() };
        if self.owner.load(Ordering::Relaxed) != 0 {
            self.owner.store(0, Ordering::Relaxed);
            heavy();
            habit.patience = (habit.patience * 4).min(MOST_PATIENCE);
        }
        // Also without an owner: the former one may have come in before that.
        if self.inside.load(Ordering::Acquire) {
            self.taken.store(false, Ordering::Release);
            return None;
        }
        if !habit.makes_owner(me) || !is_supported() {
            return Some(self.taken(false));
        }
        self.inside.store(true, Ordering::Relaxed);
        self.owner.store(me, Ordering::Relaxed);
        self.taken.store(false, Ordering::Release);
        Some(self.taken(true))
    }

    #[inline(always)]
    fn taken(&self, owned: bool) -> Taken<'_, T> {
        Taken { turn: self, owned, value: PhantomData }
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

impl Habit {
    fn makes_owner(&mut self, me: usize) -> bool {
        self.times = if self.last == me { self.times.saturating_add(1) } else { 0 };
        self.last = me;
        self.times >= self.patience
    }
}

impl<T> Deref for Taken<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the turn is this guard's until it is dropped.
        unsafe { &*self.turn.value.get() }
    }
}

impl<T> DerefMut for Taken<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed mutably.
        unsafe { &mut *self.turn.value.get() }
    }
}

impl<T> Drop for Taken<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let held = if self.owned { &self.turn.inside } else { &self.turn.taken };
        held.store(false, Ordering::Release);
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
                scope.spawn(|| (0..1000).for_each(|_| *turn.take() += 1));
            }
        });
        assert_eq!(*turn.take(), 4001);
    }

    #[test]
    fn who_keeps_coming_becomes_the_owner_until_another_comes() {
        let turn = Turn::<u32>::default();
        (0..PATIENCE + 1).for_each(|_| *turn.try_take_as(1).unwrap() += 1);
        assert_eq!(turn.owner.load(Ordering::Relaxed), if is_supported() { 1 } else { 0 });
        let inside = turn.try_take_as(1).unwrap();
        assert!(turn.try_take_as(1).is_none() && turn.try_take_as(2).is_none());
        drop(inside);
        *turn.try_take_as(2).unwrap() += 1;
        assert_eq!(turn.owner.load(Ordering::Relaxed), 0);
        (0..PATIENCE + 1).for_each(|_| *turn.try_take_as(1).unwrap() += 1);
        assert_eq!(turn.owner.load(Ordering::Relaxed), 0, "not so soon again");
        (0..4 * PATIENCE).for_each(|_| *turn.try_take_as(1).unwrap() += 1);
        assert_eq!(turn.owner.load(Ordering::Relaxed), if is_supported() { 1 } else { 0 });
        assert_eq!(*turn.take(), 6 * PATIENCE + 3);
    }
}
