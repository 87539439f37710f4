//! Which timer is due when. Knows no clock and calls nobody: time comes in, due timers go out.
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};
use zeroxide::internal::error::{Error, Result};

/// Timers that repeat, each with what is to be done (`A`) when it is due. Times are milliseconds.
pub struct Schedule<A> {
    last_id: i32,
    timers: BTreeMap<i32, Timer<A>>,
    /// The timers' due times and ids, the earliest first.
    queue: BTreeSet<(u64, i32)>,
}

struct Timer<A> {
    due: u64,
    interval: u64,
    action: A,
}

impl<A> Default for Schedule<A> {
    fn default() -> Self {
        Schedule { last_id: 0, timers: BTreeMap::new(), queue: BTreeSet::new() }
    }
}

impl<A: Copy> Schedule<A> {
    /// Adds a timer, first due an interval from now, and returns its id.
    pub fn add(&mut self, now: u64, interval: u64, action: A) -> Result<i32> {
        let id = self.last_id.checked_add(1).ok_or(Error::NoMemory)?;
        let due = now.saturating_add(interval);
        self.timers.insert(id, Timer { due, interval, action });
        self.queue.insert((due, id));
        self.last_id = id;
        Ok(id)
    }

    /// Removes a timer.
    pub fn cancel(&mut self, id: i32) -> Result<()> {
        let timer = self.timers.remove(&id).ok_or(Error::Invalid)?;
        self.queue.remove(&(timer.due, id));
        Ok(())
    }

    /// Changes a timer's interval, and lets it begin now.
    pub fn set_interval(&mut self, now: u64, id: i32, interval: u64) -> Result<()> {
        self.timers.get_mut(&id).ok_or(Error::Invalid)?.interval = interval;
        self.reset(now, id)
    }

    /// Lets a timer's interval begin now.
    pub fn reset(&mut self, now: u64, id: i32) -> Result<()> {
        let timer = self.timers.get_mut(&id).ok_or(Error::Invalid)?;
        self.queue.remove(&(timer.due, id));
        timer.due = now.saturating_add(timer.interval);
        self.queue.insert((timer.due, id));
        Ok(())
    }

    /// How long until the next timer is due, if there is one.
    pub fn timeout(&self, now: u64) -> Option<u64> {
        self.queue.first().map(|(due, _)| due.saturating_sub(now))
    }

    /// The timers that are due, the longest overdue first.
    pub fn due(&self, now: u64) -> Vec<i32> {
        self.queue.iter().take_while(|(due, _)| *due <= now).map(|(_, id)| *id).collect()
    }

    /// What to do for a timer of [`Schedule::due`], unless it was cancelled or postponed since. Its
    /// next interval begins.
    pub fn fire(&mut self, now: u64, id: i32) -> Option<A> {
        let Timer { action, .. } = *self.timers.get(&id).filter(|timer| timer.due <= now)?;
        self.reset(now, id).ok()?;
        Some(action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_are_due_in_order_and_again() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.timeout(0), None);
        let slow = schedule.add(0, 100, 's').unwrap();
        let quick = schedule.add(0, 40, 'q').unwrap();
        assert_eq!((schedule.timeout(0), schedule.timeout(50)), (Some(40), Some(0)));
        assert!(schedule.due(39).is_empty());
        assert_eq!(schedule.due(100), [quick, slow]);
        assert_eq!(schedule.fire(100, quick), Some('q'));
        assert_eq!(schedule.due(100), [slow]);
        assert_eq!(schedule.fire(100, slow), Some('s'));
        assert_eq!(schedule.timeout(100), Some(40));
    }

    #[test]
    fn a_cancelled_timer_is_gone() {
        let mut schedule = Schedule::default();
        let id = schedule.add(0, 1, ()).unwrap();
        assert_eq!(schedule.cancel(id), Ok(()));
        assert_eq!(schedule.cancel(id), Err(Error::Invalid));
        assert_eq!(schedule.reset(0, id), Err(Error::Invalid));
        assert_eq!(schedule.set_interval(0, id, 5), Err(Error::Invalid));
        assert_eq!(schedule.timeout(9), None);
        assert_ne!(schedule.add(0, 1, ()), Ok(id));
    }

    #[test]
    fn resets_begin_anew() {
        let mut schedule = Schedule::default();
        let id = schedule.add(0, 100, ()).unwrap();
        schedule.reset(60, id).unwrap();
        assert_eq!(schedule.timeout(60), Some(100));
        schedule.set_interval(70, id, 10).unwrap();
        assert_eq!(schedule.timeout(70), Some(10));
    }

    #[test]
    fn what_one_timer_does_to_another_counts_at_once() {
        let mut schedule = Schedule::default();
        let first = schedule.add(0, 10, 1).unwrap();
        let second = schedule.add(0, 10, 2).unwrap();
        let third = schedule.add(0, 10, 3).unwrap();
        assert_eq!(schedule.due(10), [first, second, third]);
        assert_eq!(schedule.fire(10, first), Some(1));
        schedule.cancel(second).unwrap();
        schedule.reset(10, third).unwrap();
        assert_eq!(schedule.fire(10, second), None);
        assert_eq!(schedule.fire(10, third), None);
    }

    #[test]
    fn the_longest_interval_never_ends() {
        let mut schedule = Schedule::default();
        schedule.add(5, u64::MAX, ()).unwrap();
        assert!(schedule.due(1 << 60).is_empty());
    }
}
