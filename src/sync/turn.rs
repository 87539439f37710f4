//! Something that threads use in turns, and hardly ever at once.
//!
//! Nearly always it is one thread that comes back again and again. After a few times in a row it becomes
//! the owner, and from then on takes its turn with plain loads and stores: it says that it is inside, and
//! then looks whether it is still the owner. Another thread that wants the turn ends the ownership, passes a
//! fence to all threads, and then looks whether the owner is inside: one of the two sees the other. Since
//! that is not cheap, ownership takes longer to come about each time it was ended.
//!
//! Each owner has a word of its own in which it says that it is inside. A former owner may have
//! stopped for any length of time between seeing that it is the owner and saying that it is inside;
//! when it goes on, it writes to a word that nobody else uses, sees that it is the owner no longer,
//! and takes that back. Were the word shared, it would take back what the next owner has said.
//!
//! Who finds the turn taken has most likely broken the rule that a socket belongs to one thread at a time: it
//! waits by looking again, more and more rarely.

use crate::sync::asymmetric::{heavy, is_supported, light};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sys::{self, thread};
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// So many turns in a row make an owner ...
const PATIENCE: u32 = if cfg!(loom) { 1 } else { 16 };
/// ... and so many at most.
const MOST_PATIENCE: u32 = if cfg!(loom) { 1 } else { 1 << 20 };

/// So many threads can have been owners of one turn; any further thread asks each time. A thread's
/// number is a multiple of it.
const OWNERS: usize = thread::TOKEN_ALIGN;

/// See the module.
#[derive(Default)]
// What most turns look at comes first, so that it fits into a cache line.
#[repr(C)]
pub struct Turn<T> {
    /// The number of the thread that need not ask, plus the place of its word; or zero. Changed
    /// only by the thread that has `taken`.
    owner: AtomicUsize,
    /// The thread that is, or was, the owner with this place has the turn.
    inside: [AtomicBool; OWNERS],
    /// A thread that is not the owner has.
    taken: AtomicBool,
    value: UnsafeCell<T>,
    /// For the thread that has `taken`.
    habit: UnsafeCell<Habit>,
}

/// Who comes how often.
struct Habit {
    last: usize,
    /// Turns in a row.
    times: u32,
    patience: u32,
    /// Whose words `inside` holds, or zeros.
    owners: [usize; OWNERS],
    /// The place of the last owner.
    place: usize,
}

impl Default for Habit {
    fn default() -> Self {
        Self { last: 0, times: 0, patience: PATIENCE, owners: [0; OWNERS], place: 0 }
    }
}

// SAFETY: only who has the turn reaches the value, and only who has `taken` the habit.
unsafe impl<T: Send> Sync for Turn<T> {}

/// The value, for as long as this lives. It may be shared between threads no more than `&mut T` may.
pub struct Taken<'a, T> {
    turn: &'a Turn<T>,
    /// What says so.
    held: &'a AtomicBool,
    value: PhantomData<&'a mut T>,
}

impl<T> Turn<T> {
    /// Takes the turn, if it is free.
    #[inline(always)]
    pub(crate) fn try_take(&self) -> Option<Taken<'_, T>> {
        self.try_take_as(thread::token())
    }

    /// The same for the thread of this number, which is to be the caller's, not zero, and a
    /// multiple of [`thread::TOKEN_ALIGN`].
    #[inline(always)]
    pub fn try_take_as(&self, me: usize) -> Option<Taken<'_, T>> {
        debug_assert!(me != 0 && me % OWNERS == 0);
        // The first owner, mostly the only one, has the first word: its number is the thread's.
        if self.owner.load(Ordering::Relaxed) == me {
            if let Some(taken) = self.try_take_by(&self.inside[0], me)? {
                return Some(taken);
            }
        }
        self.try_take_by_another_word(me)
    }

    #[inline(never)]
    fn try_take_by_another_word(&self, me: usize) -> Option<Taken<'_, T>> {
        let owner = self.owner.load(Ordering::Relaxed);
        // Out of reach if another thread is the owner, or none.
        if let Some(inside) = self.inside.get(owner ^ me) {
            if let Some(taken) = self.try_take_by(inside, owner)? {
                return Some(taken);
            }
        }
        self.ask(me)
    }

    /// Takes the turn for the owner, whose word this is. `None` if it is taken; nothing in it if
    /// the thread is the owner no longer.
    #[inline(always)]
    fn try_take_by<'a>(
        &'a self,
        inside: &'a AtomicBool,
        owner: usize,
    ) -> Option<Option<Taken<'a, T>>> {
        // A thread that is over may have had the same number: what it did comes before.
        if inside.load(Ordering::Acquire) {
            return None;
        }
        inside.store(true, Ordering::Relaxed);
        light();
        if self.owner.load(Ordering::Relaxed) == owner {
            return Some(Some(self.taken(inside)));
        }
        inside.store(false, Ordering::Release);
        Some(None)
    }

    fn ask(&self, me: usize) -> Option<Taken<'_, T>> {
        self.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).ok()?;
        // SAFETY: for the thread that has `taken`.
        let habit = unsafe { &mut *self.habit.get() };
        if self.owner.load(Ordering::Relaxed) != 0 {
            self.owner.store(0, Ordering::Relaxed);
            heavy();
            habit.patience = habit.patience.saturating_mul(4).min(MOST_PATIENCE);
        }
        // Also without an owner: the last one may have come in before its ownership ended. Those
        // before it were outside when it became the owner, and have found out, or will, that they
        // may not come in.
        if self.inside[habit.place].load(Ordering::Acquire) {
            self.taken.store(false, Ordering::Release);
            return None;
        }
        let place =
            if habit.makes_owner(me) && is_supported() { habit.place_for(me) } else { None };
        let Some(place) = place else { return Some(self.taken(&self.taken)) };
        habit.place = place;
        self.inside[place].store(true, Ordering::Relaxed);
        self.owner.store(me | place, Ordering::Relaxed);
        self.taken.store(false, Ordering::Release);
        Some(self.taken(&self.inside[place]))
    }

    #[inline(always)]
    fn taken<'a>(&'a self, held: &'a AtomicBool) -> Taken<'a, T> {
        Taken { turn: self, held, value: PhantomData }
    }

    /// Takes the turn, and waits for it if need be.
    #[cold]
    pub(crate) fn take(&self) -> Taken<'_, T> {
        let mut pause = Duration::from_micros(1);
        loop {
            if let Some(taken) = self.try_take() {
                return taken;
            }
            sys::calls::pause(pause);
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

    /// The place of this thread's word. It stays this thread's: nobody can tell that the thread is
    /// not just about to write to it.
    fn place_for(&mut self, me: usize) -> Option<usize> {
        let place = self.owners.iter().position(|owner| *owner == me || *owner == 0)?;
        self.owners[place] = me;
        Some(place)
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
        self.held.store(false, Ordering::Release);
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

    /// The numbers of some threads.
    fn thread(number: usize) -> usize {
        number * OWNERS
    }

    fn owner_of<T>(turn: &Turn<T>) -> usize {
        turn.owner.load(Ordering::Relaxed) / OWNERS
    }

    #[test]
    fn who_keeps_coming_becomes_the_owner_until_another_comes() {
        let turn = Turn::<u32>::default();
        let (one, two) = (thread(1), thread(2));
        (0..PATIENCE + 1).for_each(|_| *turn.try_take_as(one).unwrap() += 1);
        assert_eq!(owner_of(&turn), if is_supported() { 1 } else { 0 });
        let inside = turn.try_take_as(one).unwrap();
        assert!(turn.try_take_as(one).is_none() && turn.try_take_as(two).is_none());
        drop(inside);
        *turn.try_take_as(two).unwrap() += 1;
        assert_eq!(owner_of(&turn), 0);
        (0..PATIENCE + 1).for_each(|_| *turn.try_take_as(one).unwrap() += 1);
        assert_eq!(owner_of(&turn), 0, "not so soon again");
        (0..4 * PATIENCE).for_each(|_| *turn.try_take_as(one).unwrap() += 1);
        assert_eq!(owner_of(&turn), if is_supported() { 1 } else { 0 });
        assert_eq!(*turn.take(), 6 * PATIENCE + 3);
    }

    #[test]
    fn threads_beyond_the_number_of_owners_have_their_turns_all_the_same() {
        let turn = Turn::<u32>::default();
        let mut turns = 0;
        for number in 1..=OWNERS + 2 {
            // The turns it takes to become the owner, four times as many for each one before.
            for _ in 0..=PATIENCE << (2 * (number.min(6) - 1)) {
                *turn.try_take_as(thread(number)).unwrap() += 1;
                turns += 1;
            }
            if number < 6 && is_supported() {
                assert_eq!(owner_of(&turn), number);
            }
        }
        assert_eq!(*turn.take(), turns);
        let mut habit = Habit::default();
        (1..=OWNERS)
            .for_each(|number| assert_eq!(habit.place_for(thread(number)), Some(number - 1)));
        assert_eq!(habit.place_for(thread(OWNERS + 1)), None);
        assert_eq!(habit.place_for(thread(3)), Some(2), "it keeps its place");
    }
}
