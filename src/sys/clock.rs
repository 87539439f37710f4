//! The time: one that is exact, and one that costs next to nothing to look at.

use std::mem;
use std::time::Instant;

/// The time. A test may set it for its thread.
#[inline]
pub(crate) fn now() -> Instant {
    #[cfg(test)]
    if let Some(now) = super::testing::now() {
        return now;
    }
    Instant::now()
}

/// A count that changes every few milliseconds, as often as the system's own tick does.
#[inline]
pub(crate) fn tick() -> u64 {
    // Built from zero: on some targets timespec has padding fields.
    // SAFETY: timespec is plain integers, for which zero is a value.
    let mut time: libc::timespec = unsafe { mem::zeroed() };
    // SAFETY: the time is written to memory that is there. Should it fail, it stays zero.
    unsafe { libc::clock_gettime(CLOCK, &mut time) };
    (time.tv_sec as u64).wrapping_mul(1000) + time.tv_nsec as u64 / 1_000_000
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC_COARSE;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;

#[cfg(test)]
mod tests {
    use super::tick;
    use std::time::Duration;

    #[test]
    fn goes_on() {
        let start = tick();
        std::thread::sleep(Duration::from_millis(30));
        assert!((10..10_000).contains(&(tick() - start)));
    }
}
