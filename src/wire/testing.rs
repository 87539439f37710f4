//! What the unit tests of `wire` and `security` share: a small deterministic source of bytes.
#![forbid(unsafe_code)]

/// xorshift64*: the same numbers on every run, so that a failure can be repeated.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    pub(crate) fn bytes(&mut self, limit: usize) -> Vec<u8> {
        let len = self.below(limit);
        (0..len).map(|_| (self.next() >> 32) as u8).collect()
    }

    /// Bytes as a hostile peer would choose them: often a valid image with a few bytes changed.
    pub(crate) fn mutated(&mut self, image: &[u8]) -> Vec<u8> {
        let mut bytes = image.to_vec();
        for _ in 0..self.below(4) {
            let at = self.below(bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte = (self.next() >> 32) as u8;
            }
        }
        if self.below(3) == 0 {
            bytes.truncate(self.below(bytes.len() + 1));
        }
        if self.below(3) == 0 {
            bytes.extend(self.bytes(20));
        }
        bytes
    }
}

/// How often a random test repeats: Miri is slow.
pub(crate) const ROUNDS: u64 = if cfg!(miri) { 50 } else { 5000 };
