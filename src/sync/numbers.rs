//! Numbers of which each is given to one user at a time, found without a lock and without memory.
#![forbid(unsafe_code)]

use super::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Those from zero to 64 times `WORDS`.
pub struct Numbers<const WORDS: usize> {
    /// A bit is set while its number is in use.
    used: [AtomicU64; WORDS],
    /// How many are.
    count: AtomicUsize,
}

impl<const WORDS: usize> Numbers<WORDS> {
    /// No numbers are taken.
    #[cfg(not(loom))]
    #[expect(clippy::new_without_default, reason = "they are static, and no static has a default")]
    pub const fn new() -> Self {
        Self { used: [const { AtomicU64::new(0) }; WORDS], count: AtomicUsize::new(0) }
    }

    /// With no more than so many free numbers in each word.
    #[cfg(loom)]
    pub fn with_free(free: u32) -> Self {
        let used = !0 << free;
        Self { used: std::array::from_fn(|_| AtomicU64::new(used)), count: AtomicUsize::new(0) }
    }

    /// A number that was free. What its last user did comes before.
    pub fn take(&self) -> Option<usize> {
        (0..WORDS).find_map(|word| self.take_in(word))
    }

    fn take_in(&self, word: usize) -> Option<usize> {
        let mut used = self.used[word].load(Ordering::Relaxed);
        while used != u64::MAX {
            let bit = used.trailing_ones();
            used = self.used[word].fetch_or(1 << bit, Ordering::Acquire);
            if used >> bit & 1 == 0 {
                self.count.fetch_add(1, Ordering::Relaxed);
                return Some(word * 64 + bit as usize);
            }
        }
        None
    }

    /// The caller, who had it, is done with it.
    pub fn give_back(&self, number: usize) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.used[number / 64].fetch_and(!(1 << (number % 64)), Ordering::Release);
    }

    /// How many are in use.
    #[inline]
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}
