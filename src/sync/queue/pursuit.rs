//! How a consumer follows a producer that runs beside it on another processor.
//!
//! There, what costs is memory that both touch. A consumer at the producer's heels has each message cost both of
//! them a look at what the other has just written: it is worth while to let the producer get ahead. And a producer
//! that publishes by a swap, to learn whether the consumer sleeps, waits each time for all that it wrote before:
//! a consumer that always finds something may promise not to sleep. Who would sleep for less time than it takes to
//! be woken, and catch up at once, is better off if it waits for a moment: it does where that pays.
#![forbid(unsafe_code)]

/// Who finds fewer bytes than this ...
const CLOSE: u64 = 600;
/// ... so often in a row is at the producer's heels ...
const CLOSELY: u32 = 4;
/// ... and after it let the producer get ahead in vain, which does not run then, so often at most.
const MOST_CLOSELY: u32 = 1024;

/// Who finds something so often in a row promises not to sleep ...
const PATIENCE: u32 = if cfg!(loom) { 1 } else { 64 };
/// ... and after promises that had to be taken back, which is not cheap, so often at most.
const MOST_PATIENCE: u32 = 16 * 1024;
/// A promise that was good for so many looks has paid off.
const LASTING: u32 = 1024;

/// After a wait in vain, so many losses at most pass without one.
const LONGEST_REST: u32 = 1024;

/// So many pauses are a few microseconds: what it takes to let the producer get ahead, and what a consumer waits for
/// it.
pub(super) const PAUSES: u32 = if cfg!(loom) { 1 } else { 128 };

/// What has become of the last looks.
pub(super) struct Pursuit {
    /// To wait without sleeping is allowed.
    may_wait: bool,
    /// So often in a row there was no more than a little.
    closely: u32,
    /// So often makes it worth while to hang back.
    too_closely: u32,
    /// So often in a row there was something.
    found: u32,
    patience: u32,
    /// How many losses pass before it is worth while to wait again.
    rest: u32,
    /// How many did so the last time; none if the last wait was not in vain.
    last_rest: u32,
}

/// What to do when something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    GoOn,
    /// Let the producer get ahead.
    HangBack,
    /// Promise not to sleep.
    Promise,
}

impl Pursuit {
    pub(super) fn new(may_wait: bool) -> Self {
        Self {
            may_wait,
            closely: 0,
            too_closely: CLOSELY,
            found: 0,
            patience: PATIENCE,
            rest: 0,
            last_rest: 0,
        }
    }

    /// A look found so many bytes.
    pub(super) fn found(&mut self, bytes: u64) -> Advice {
        self.found = self.found.saturating_add(1);
        self.closely = if bytes < CLOSE { self.closely + 1 } else { 0 };
        if self.found == self.patience {
            return Advice::Promise;
        }
        if self.closely < self.too_closely {
            return Advice::GoOn;
        }
        self.closely = 0;
        Advice::HangBack
    }

    /// The consumer hung back. Did the producer get ahead?
    pub(super) fn hung_back(&mut self, gained: bool) {
        self.too_closely = match gained {
            true => CLOSELY,
            false => (self.too_closely * 2).min(MOST_CLOSELY),
        };
    }

    /// A look found nothing. Is it worth while to wait a moment, rather than to sleep? It is for who would have to
    /// take back a promise.
    pub(super) fn waits(&mut self, promised: bool) -> bool {
        let rested = self.rest == 0;
        self.rest = self.rest.saturating_sub(1);
        self.may_wait && (rested || promised)
    }

    /// It was: there is something.
    pub(super) fn waited(&mut self) {
        self.last_rest = 0;
    }

    /// It was not.
    pub(super) fn waited_in_vain(&mut self) {
        self.last_rest = (2 * self.last_rest).clamp(1, LONGEST_REST);
        self.rest = self.last_rest;
    }

    /// There is nothing, and who promised not to sleep does.
    pub(super) fn broke_promise(&mut self) {
        let held = self.found.saturating_sub(self.patience);
        self.patience = match held {
            LASTING.. => PATIENCE,
            _ => (self.patience * 4).min(MOST_PATIENCE),
        };
    }

    /// There is nothing, and the consumer may sleep.
    pub(super) fn lost(&mut self) {
        (self.closely, self.found) = (0, 0);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn looks(pursuit: &mut Pursuit, bytes: u64, times: u32) -> Vec<Advice> {
        (0..times).map(|_| pursuit.found(bytes)).filter(|advice| *advice != Advice::GoOn).collect()
    }

    #[test]
    fn who_comes_too_close_hangs_back() {
        let mut pursuit = Pursuit::new(true);
        assert_eq!(looks(&mut pursuit, CLOSE - 1, 2 * CLOSELY), [Advice::HangBack; 2]);
        pursuit.found(1);
        pursuit.found(CLOSE);
        assert_eq!(looks(&mut pursuit, 1, CLOSELY - 1), []);
        pursuit.lost();
        assert_eq!(looks(&mut pursuit, 1, CLOSELY - 1), []);
    }

    #[test]
    fn who_hangs_back_in_vain_does_so_more_rarely() {
        let mut pursuit = Pursuit::new(true);
        let mut hangs_back = |gained: bool| {
            let mut times = 0;
            for _ in 0..10 * MOST_CLOSELY {
                if pursuit.found(1) == Advice::HangBack {
                    times += 1;
                    pursuit.hung_back(gained);
                }
            }
            times
        };
        assert!(hangs_back(true) > 10 * MOST_CLOSELY / CLOSELY - 10);
        assert!((10..30).contains(&hangs_back(false)));
        assert!(hangs_back(true) > 9 * MOST_CLOSELY / CLOSELY - 10, "once it pays again");
    }

    #[test]
    fn who_always_finds_something_promises_and_less_readily_after_it_did_not_hold() {
        let mut pursuit = Pursuit::new(true);
        looks(&mut pursuit, CLOSE, PATIENCE - 1);
        pursuit.lost();
        let gives_up = |pursuit: &mut Pursuit| {
            pursuit.broke_promise();
            pursuit.lost();
        };
        assert_eq!(looks(&mut pursuit, CLOSE, 3 * PATIENCE), [Advice::Promise]);
        gives_up(&mut pursuit);
        assert_eq!(looks(&mut pursuit, CLOSE, 4 * PATIENCE - 1), []);
        assert_eq!(looks(&mut pursuit, CLOSE, 1), [Advice::Promise]);
        (0..9).for_each(|_| gives_up(&mut pursuit));
        assert_eq!(looks(&mut pursuit, CLOSE, MOST_PATIENCE + LASTING), [Advice::Promise]);
        gives_up(&mut pursuit);
        assert_eq!(looks(&mut pursuit, CLOSE, PATIENCE), [Advice::Promise], "it was of use");
    }

    #[test]
    fn who_may_not_wait_does_not() {
        let mut pursuit = Pursuit::new(false);
        assert!(!pursuit.waits(false) && !pursuit.waits(true));
    }

    #[test]
    fn who_waits_in_vain_waits_more_rarely() {
        let mut pursuit = Pursuit::new(true);
        let mut waits = |losses: u32, pays: bool| -> u32 {
            let mut wait = || {
                let waits = pursuit.waits(false);
                match pays {
                    _ if !waits => {}
                    true => pursuit.waited(),
                    false => pursuit.waited_in_vain(),
                }
                u32::from(waits)
            };
            (0..losses).map(|_| wait()).sum()
        };
        assert_eq!(waits(100, true), 100);
        assert!((10..20).contains(&waits(10 * LONGEST_REST, false)));
        assert!(
            waits(2 * LONGEST_REST, true) > LONGEST_REST / 2,
            "once it pays again, it is done again"
        );
    }
}
