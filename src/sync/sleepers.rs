//! The threads that sleep until one and the same socket is told something.
//!
//! The first of them leads: it sleeps on the descriptor that tellers write. Each further thread
//! follows, and sleeps on a bell of its own, because a descriptor that one thread empties tells the
//! others nothing. Two rules see to it that nobody sleeps on while there is something to do:
//!
//! - A thread that takes something that was told rings for everybody who sleeps, since it may be
//!   for any of them.
//! - A thread that gets up, with nobody left who leads, rings for one that follows. That one gets
//!   up, too, and then leads or rings for the next.
#![forbid(unsafe_code)]

use super::atomic::{AtomicUsize, Ordering};
use super::lock::Mutex;
use std::sync::Arc;

/// What wakes a thread that follows.
pub trait Bell {
    /// Wakes it, or has it not fall asleep.
    fn ring(&self);
}

/// See the module.
pub struct Sleepers<B> {
    /// [`LEADER`] if a thread leads, plus [`FOLLOWER`] for each that follows.
    count: AtomicUsize,
    bells: Mutex<Vec<Arc<B>>>,
}

const LEADER: usize = 1;
const FOLLOWER: usize = 2;

impl<B> Default for Sleepers<B> {
    fn default() -> Self {
        Self { count: AtomicUsize::new(0), bells: Mutex::new(Vec::new()) }
    }
}

impl<B: Bell> Sleepers<B> {
    /// Is there nobody?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    /// The caller lies down to lead, unless another thread does.
    pub fn try_lead(&self) -> bool {
        self.count.fetch_or(LEADER, Ordering::AcqRel) & LEADER == 0
    }

    /// The caller lies down to follow. False if no thread leads any more: then it must get up at
    /// once.
    pub fn follow(&self, bell: Arc<B>) -> bool {
        self.bells.lock().push(bell);
        self.count.fetch_add(FOLLOWER, Ordering::AcqRel) & LEADER != 0
    }

    /// The caller, who led, gets up.
    pub fn stop_leading(&self) {
        if self.count.fetch_and(!LEADER, Ordering::AcqRel) > LEADER {
            self.ring_for_one();
        }
    }

    /// The caller, who followed, gets up.
    pub fn stop_following(&self, bell: &Arc<B>) {
        self.bells.lock().retain(|other| !Arc::ptr_eq(other, bell));
        let left = self.count.fetch_sub(FOLLOWER, Ordering::AcqRel) - FOLLOWER;
        if left & LEADER == 0 && left > 0 {
            self.ring_for_one();
        }
    }

    /// Wakes all who follow. True if somebody leads, whom the caller is to wake as well.
    #[cold]
    pub fn ring_for_all(&self) -> bool {
        self.bells.lock().iter().for_each(|bell| bell.ring());
        self.count.load(Ordering::Acquire) & LEADER != 0
    }

    #[cold]
    fn ring_for_one(&self) {
        if let Some(bell) = self.bells.lock().first() {
            bell.ring();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Bell for Count {
        fn ring(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Count {
        fn rung(&self) -> u32 {
            self.0.swap(0, Ordering::Relaxed)
        }
    }

    #[test]
    fn one_leads_and_the_others_follow() {
        let sleepers = Sleepers::default();
        let bells = [Arc::new(Count::default()), Arc::new(Count::default())];
        assert!(sleepers.is_empty() && sleepers.try_lead() && !sleepers.try_lead());
        assert!(bells.iter().all(|bell| sleepers.follow(bell.clone())));
        assert!(sleepers.ring_for_all());
        assert!(bells.iter().all(|bell| bell.rung() == 1));
        sleepers.stop_following(&bells[0]);
        assert_eq!(bells[1].rung(), 0, "somebody leads");
        sleepers.stop_leading();
        assert_eq!((bells[0].rung(), bells[1].rung()), (0, 1));
        assert!(!sleepers.follow(bells[0].clone()), "nobody leads");
        sleepers.stop_following(&bells[0]);
        assert_eq!(bells[1].rung(), 1, "whoever goes rings for the next");
        assert!(!sleepers.ring_for_all());
        sleepers.stop_following(&bells[1]);
        assert!(sleepers.is_empty() && sleepers.try_lead());
    }
}
