//! Salsa20 (Bernstein, 'The Salsa20 family of stream ciphers') and HSalsa20.
//!
//! One description of the rounds serves every width: one block in plain integers, and as many
//! blocks at once as the processor's vectors have lanes. A run of several blocks costs about as
//! much as two single ones, which is what [`Level::blocks_at_once`] decides by. What is computed
//! never decides where memory is accessed or which code runs.

mod lanes;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use super::{wipe, KeyBytes, BLOCK_SIZE, KEY_SIZE};
use lanes::double_rounds;
use std::mem::MaybeUninit;
use std::sync::LazyLock;

/// The most blocks that any processor makes at once.
const MOST: usize = 16;

/// What stands at the four corners of the diagonal: 'expand 32-byte k'.
const DIAGONAL: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// What a block is made of, as the 16 words of the paper. The words 8 and 9, which are the block's
/// number, are zero until a block is made.
type Words = [u32; 16];

/// HSalsa20: a key from a key and 16 bytes.
pub(super) fn derive_key(key: &KeyBytes, input: &[u8; 16]) -> KeyBytes {
    let mut words = words(key, input);
    // SAFETY: integers need no feature of the processor.
    unsafe { double_rounds(&mut words) };
    let mut derived = [0; KEY_SIZE];
    let chosen = [0, 5, 10, 15, 6, 7, 8, 9];
    for (bytes, word) in derived.chunks_exact_mut(4).zip(chosen) {
        bytes.copy_from_slice(&words[word].to_le_bytes());
    }
    derived
}

/// Combines `len` bytes with the key stream from block `block` on.
///
/// # Safety
/// `from` may be read and `to` written for `len` bytes; they are the same or do not overlap.
pub(super) unsafe fn xor(
    from: *const u8,
    to: *mut u8,
    len: usize,
    nonce: &[u8; 8],
    block: u64,
    key: &KeyBytes,
) {
    // SAFETY: as the caller promises; the processor has this level.
    unsafe { xor_with(*LEVEL, from, to, len, nonce, block, key) };
}

/// # Safety
/// As [`xor`], and the processor has `level`.
unsafe fn xor_with(
    level: Level,
    from: *const u8,
    to: *mut u8,
    len: usize,
    nonce: &[u8; 8],
    block: u64,
    key: &KeyBytes,
) {
    let mut input = [0; 16];
    input[..8].copy_from_slice(nonce);
    let mut words = words(key, &input);
    // SAFETY: as the caller promises.
    unsafe { xor_runs(level, &words, from, to, len, block) };
    wipe_words(&mut words);
}

/// # Safety
/// As [`xor_with`].
unsafe fn xor_runs(
    level: Level,
    words: &Words,
    mut from: *const u8,
    mut to: *mut u8,
    mut len: usize,
    mut block: u64,
) {
    while len > 0 {
        let blocks = level.blocks_at_once(len.div_ceil(BLOCK_SIZE));
        let run = blocks * BLOCK_SIZE;
        if len < run {
            // SAFETY: as the caller promises; the processor has this level.
            unsafe { xor_part(level, words, block, blocks, from, to, len) };
            return;
        }
        // SAFETY: there are `run` bytes, and behind them `len - run`.
        unsafe {
            level.xor_blocks(words, block, blocks, from, to);
            (from, to) = (from.add(run), to.add(run));
        }
        len -= run;
        block = block.wrapping_add(blocks as u64);
    }
}

/// The end of a run: it is combined elsewhere, where there is room for whole blocks.
///
/// # Safety
/// As [`xor_with`], for less than `blocks` blocks.
unsafe fn xor_part(
    level: Level,
    words: &Words,
    block: u64,
    blocks: usize,
    from: *const u8,
    to: *mut u8,
    len: usize,
) {
    let mut image = [const { MaybeUninit::<u8>::uninit() }; MOST * BLOCK_SIZE];
    let at = image.as_mut_ptr().cast::<u8>();
    // SAFETY: the image has room for `MOST` blocks, so for `blocks`, so for `len` bytes; all bytes
    // of the blocks are written before they are read. Nobody else knows it: it overlaps neither.
    unsafe {
        from.copy_to_nonoverlapping(at, len);
        at.add(len).write_bytes(0, blocks * BLOCK_SIZE - len);
        level.xor_blocks(words, block, blocks, at, at);
        at.copy_to_nonoverlapping(to, len);
        // The first bytes of a key stream are the key of a tag.
        wipe(std::slice::from_raw_parts_mut(at, KEY_SIZE));
    }
}

/// Overwrites words that a key, or what follows from it, is in.
#[inline(always)]
fn wipe_words(words: &mut [u32]) {
    // SAFETY: a word is four bytes, of any kind.
    wipe(unsafe { words.align_to_mut::<u8>().1 });
}

fn words(key: &KeyBytes, input: &[u8; 16]) -> Words {
    let word = |bytes: &[u8], at: usize| {
        u32::from_le_bytes([bytes[4 * at], bytes[4 * at + 1], bytes[4 * at + 2], bytes[4 * at + 3]])
    };
    let (k, n) = (|at| word(key, at), |at| word(input, at));
    let [c0, c1, c2, c3] = DIAGONAL;
    [c0, k(0), k(1), k(2), k(3), c1, n(0), n(1), n(2), n(3), c2, k(4), k(5), k(6), k(7), c3]
}

/// The code that this processor can run, from the slowest to the fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Sse2,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

static LEVEL: LazyLock<Level> = LazyLock::new(Level::best);

impl Level {
    #[cfg(not(target_arch = "x86_64"))]
    const ALL: [Level; 1] = [Level::Portable];
    #[cfg(target_arch = "x86_64")]
    const ALL: [Level; 4] = [Level::Portable, Level::Sse2, Level::Avx2, Level::Avx512];

    fn best() -> Self {
        let found = Level::ALL.into_iter().rev().find(|level| level.is_here());
        found.unwrap_or(Level::Portable)
    }

    /// Can this processor run it?
    fn is_here(self) -> bool {
        match self {
            Level::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Level::Sse2 => true,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512vl")
            }
        }
    }

    /// How many blocks are best made next, of so many that are wanted.
    fn blocks_at_once(self, wanted: usize) -> usize {
        match self {
            _ if wanted == 1 => 1,
            Level::Portable => 1,
            #[cfg(target_arch = "x86_64")]
            Level::Sse2 => 4,
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 if wanted > 8 => MOST,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::Avx512 => 8,
        }
    }

    /// Combines `blocks` whole blocks with the key stream.
    ///
    /// # Safety
    /// `from` may be read and `to` written for so many blocks; they are the same or do not overlap.
    /// The processor has this level, and `blocks` is what [`Self::blocks_at_once`] says.
    unsafe fn xor_blocks(
        self,
        words: &Words,
        block: u64,
        blocks: usize,
        from: *const u8,
        to: *mut u8,
    ) {
        // SAFETY: as the caller promises.
        unsafe {
            match (self, blocks) {
                #[cfg(target_arch = "x86_64")]
                (Level::Sse2, 4) => x86_64::xor_4(words, block, from, to),
                #[cfg(target_arch = "x86_64")]
                (Level::Avx2, 8) => x86_64::xor_8(words, block, from, to),
                #[cfg(target_arch = "x86_64")]
                (Level::Avx512, 8) => x86_64::xor_8_avx512(words, block, from, to),
                #[cfg(target_arch = "x86_64")]
                (Level::Avx512, MOST) => x86_64::xor_16_avx512(words, block, from, to),
                _ => xor_1(words, block, from, to),
            }
        }
    }
}

/// One block, on any processor. Never inlined: in a larger function the compiler keeps words of the
/// key in places of the stack that nobody clears.
///
/// # Safety
/// `from` may be read and `to` written for a block; they are the same or do not overlap.
#[inline(never)]
unsafe fn xor_1(words: &Words, block: u64, from: *const u8, to: *mut u8) {
    // What is added in the end is read where it is: a copy would have to be wiped.
    let number = [block as u32, (block >> 32) as u32];
    let mut made = *words;
    made[8..10].copy_from_slice(&number);
    // SAFETY: integers need no feature of the processor.
    unsafe { double_rounds(&mut made) };
    for (made, number) in made[8..10].iter_mut().zip(number) {
        *made = made.wrapping_add(number);
    }
    for (at, (made, first)) in made.iter().zip(words).enumerate() {
        // SAFETY: a block has 16 words.
        unsafe {
            let word = from.add(4 * at).cast::<[u8; 4]>().read();
            let mixed = u32::from_le_bytes(word) ^ made.wrapping_add(*first);
            to.add(4 * at).cast::<[u8; 4]>().write(mixed.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
