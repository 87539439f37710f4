//! When the I/O thread looks again at a connection whose sender leaves messages for a batch.
#![forbid(unsafe_code)]

use std::time::Duration;

/// How long what a sender leaves may wait for company. 60 µs are some ten times what it costs to
/// wake for it.
const FIRST_INTERVAL: Duration = Duration::from_micros(60);
/// The interval for a sender that has seen to everything so far.
const MAX_IDLE_INTERVAL: Duration = Duration::from_micros(240);
/// A batch for several peers is looked at when the thread's last turn was at most one in so many
/// parts of the time since: the more there is to do for one message, the more should come together.
const MIN_REST_SHARE: u32 = 4;
/// No batch waits longer than this for that.
const MAX_FAN_OUT_INTERVAL: Duration = Duration::from_millis(2);

/// See the module.
#[derive(Clone, Copy)]
pub(crate) struct WatchInterval(Duration);

impl WatchInterval {
    pub(crate) fn new() -> Self {
        Self(FIRST_INTERVAL)
    }

    /// The sender was at it.
    pub(crate) fn note_waited(&mut self) {
        self.0 = (self.0 * 2).min(MAX_IDLE_INTERVAL);
    }

    /// The I/O thread had something to write.
    pub(crate) fn note_flushed(&mut self) {
        self.0 = FIRST_INTERVAL;
    }

    /// How long until the next look, by a thread whose last turn took this long.
    pub(crate) fn next(&self, fans_out: bool, last_turn: Duration) -> Duration {
        let fair = match fans_out {
            true => (last_turn * MIN_REST_SHARE).min(MAX_FAN_OUT_INTERVAL),
            false => Duration::ZERO,
        };
        self.0.max(fair)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TURN: Duration = Duration::from_micros(100);

    #[test]
    fn a_sender_that_writes_for_itself_is_looked_at_more_rarely() {
        let mut interval = WatchInterval::new();
        let next = |interval: &WatchInterval| interval.next(false, TURN).as_micros();
        assert_eq!(next(&interval), 60);
        interval.note_waited();
        assert_eq!(next(&interval), 120);
        (0..5).for_each(|_| interval.note_waited());
        assert_eq!(next(&interval), 240);
        interval.note_flushed();
        assert_eq!(next(&interval), 60);
    }

    #[test]
    fn what_goes_to_several_waits_in_proportion_to_the_work_and_not_for_ever() {
        let interval = WatchInterval::new();
        assert_eq!(interval.next(true, TURN), 4 * TURN);
        assert_eq!(interval.next(true, Duration::ZERO), FIRST_INTERVAL);
        assert_eq!(interval.next(true, Duration::from_secs(1)), MAX_FAN_OUT_INTERVAL);
    }
}
