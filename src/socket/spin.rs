//! Whether a moment is better waited awake.
//!
//! To sleep and be woken costs more than the answer of a quick peer takes. So a thread that has just asked
//! something may look for the answer for a moment before it sleeps: only while its last waits were over
//! within such a moment, seldom again after one was not, and not for a while when somebody else had to
//! have the processor meanwhile. Between two looks it offers the processor to whoever needs it, who may be
//! the one that answers. This module only decides; it never waits.
#![forbid(unsafe_code)]

use crate::engine::switches::{Use, BUSY_WAIT};
use std::time::{Duration, Instant};

/// How long to stay awake for an answer at most ...
pub(super) const MOMENT: Duration = Duration::from_micros(150);
/// ... and for the rest of a long message.
pub(super) const REST: Duration = Duration::from_micros(400);
/// A sleep that was over this soon would have been shorter awake.
const SHORT: Duration = Duration::from_micros(160);
/// Who finds that so much time has passed between two looks was not running.
const GAP: Duration = Duration::from_micros(300);
/// So many short waits in a row are followed by one awake ...
const FEW: u32 = 4;
/// ... or more, up to so many, where that was in vain ...
const MANY: u32 = 4096;
/// ... and no fewer than this where somebody else had to have the processor.
const SOME: u32 = 256;
/// So many that paid off make the next ones a little more frequent again.
const SLOWLY: u32 = 8;

/// What a socket knows of its waits.
pub(super) struct Spin {
    /// Something was sent since the last wait: the next one may be for the answer.
    asked: bool,
    /// Short waits in a row.
    short: u32,
    /// As many of them have to be seen before the next wait awake.
    needed: u32,
    won: u32,
}

/// One wait awake.
pub(super) struct Looks {
    last: Instant,
    end: Instant,
    displaced: bool,
}

impl Default for Spin {
    fn default() -> Self {
        Self { asked: false, short: 0, needed: FEW, won: 0 }
    }
}

impl Spin {
    /// Something was sent.
    #[inline]
    pub(super) fn ask(&mut self) {
        self.asked = true;
    }

    /// Is this a wait for an answer? Only such waits count, for here and for the others.
    pub(super) fn begin(&mut self) -> bool {
        std::mem::take(&mut self.asked)
    }

    /// Is the wait to begin awake?
    pub(super) fn pays(&self) -> bool {
        match BUSY_WAIT.get() {
            Use::Off => false,
            Use::On => self.is_promising(),
            Use::Always => true,
        }
    }

    fn is_promising(&self) -> bool {
        self.short >= self.needed
    }

    /// It began awake, and was over by that, or was not.
    pub(super) fn was_awake(&mut self, looks: &Looks, over: bool) {
        if looks.displaced || !over {
            self.short = 0;
            self.needed = (self.needed * 4).min(MANY);
        } else {
            self.won = self.won.wrapping_add(1);
            if self.needed > FEW && self.won % SLOWLY == 0 {
                self.needed -= (self.needed >> 7).max(1);
            }
        }
        if looks.displaced {
            self.needed = self.needed.max(SOME);
        }
    }

    /// It was slept through.
    pub(super) fn was_asleep(&mut self, time: Duration) {
        self.short = if time < SHORT { self.short.saturating_add(1) } else { 0 };
    }
}

impl Looks {
    pub(super) fn begin(limit: Duration) -> Self {
        let now = Instant::now();
        Self { last: now, end: now + limit, displaced: false }
    }

    /// Is there time for another look?
    pub(super) fn go_on(&mut self) -> bool {
        let now = Instant::now();
        self.displaced |= now - self.last > GAP;
        self.last = now;
        now < self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(displaced: bool) -> Looks {
        Looks { displaced, ..Looks::begin(MOMENT) }
    }

    fn sleep(spin: &mut Spin, times: u32) {
        (0..times).for_each(|_| spin.was_asleep(Duration::from_micros(30)));
    }

    #[test]
    fn a_few_short_waits_lead_to_one_awake() {
        let mut spin = Spin::default();
        assert!(!spin.begin());
        spin.ask();
        assert!(spin.begin() && !spin.begin());
        sleep(&mut spin, FEW - 1);
        spin.was_asleep(Duration::from_millis(1));
        sleep(&mut spin, FEW - 1);
        assert!(!spin.is_promising());
        sleep(&mut spin, 1);
        assert!(spin.is_promising());
        spin.was_awake(&looks(false), true);
        assert!(spin.is_promising());
    }

    #[test]
    fn waits_in_vain_become_rare() {
        let mut spin = Spin::default();
        let mut slept = 0;
        for _ in 0..10 {
            while !spin.is_promising() {
                sleep(&mut spin, 1);
                slept += 1;
            }
            spin.was_awake(&looks(false), false);
        }
        assert!(slept > 4 * MANY);
        // One that is worth while makes them more frequent again.
        sleep(&mut spin, MANY);
        (0..3 * MANY).for_each(|_| spin.was_awake(&looks(false), true));
        spin.was_awake(&looks(false), false);
        sleep(&mut spin, 4 * FEW);
        assert!(spin.is_promising());
    }

    #[test]
    fn who_was_displaced_leaves_the_processor_to_others() {
        let mut spin = Spin::default();
        sleep(&mut spin, FEW);
        spin.was_awake(&looks(true), true);
        sleep(&mut spin, SOME - 1);
        assert!(!spin.is_promising());
        sleep(&mut spin, 1);
        assert!(spin.is_promising());
        // What is won before it happens again does not make up for it.
        (0..200).for_each(|_| spin.was_awake(&looks(false), true));
        spin.was_awake(&looks(true), true);
        (0..200).for_each(|_| spin.was_awake(&looks(false), true));
        spin.was_awake(&looks(true), true);
        sleep(&mut spin, 2 * SOME);
        assert!(!spin.is_promising());
    }

    #[test]
    fn a_moment_ends() {
        let mut looks = Looks::begin(MOMENT);
        while looks.go_on() {}
        let start = Instant::now();
        assert!(!looks.displaced || start.elapsed() < MOMENT);
        looks = Looks { last: start - 2 * GAP, ..Looks::begin(MOMENT) };
        looks.go_on();
        assert!(looks.displaced);
    }
}
