//! Salsa20 in vectors of x86-64: 4 blocks at once with SSE2, 8 with AVX2, 8 or 16 with AVX-512.
//!
//! AVX-512 rotates in one step what takes the others three, which makes it half as fast again. Rust
//! has its instructions as functions from 1.89 on only; until then its rounds are assembly.

use super::lanes::{double_rounds, Lanes};
use super::Words;
use std::arch::asm;
use std::arch::x86_64::*;
use std::hint::black_box;

impl Lanes for __m128i {
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: every x86-64 has SSE2.
        unsafe { _mm_add_epi32(self, other) }
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        // SAFETY: every x86-64 has SSE2.
        unsafe { _mm_xor_si128(self, other) }
    }

    #[inline(always)]
    unsafe fn rotate<const LEFT: i32, const RIGHT: i32>(self) -> Self {
        // SAFETY: every x86-64 has SSE2.
        unsafe { _mm_or_si128(_mm_slli_epi32::<LEFT>(self), _mm_srli_epi32::<RIGHT>(self)) }
    }
}

impl Lanes for __m256i {
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the processor has AVX2, as the caller promises.
        unsafe { _mm256_add_epi32(self, other) }
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        // SAFETY: the processor has AVX2, as the caller promises.
        unsafe { _mm256_xor_si256(self, other) }
    }

    #[inline(always)]
    unsafe fn rotate<const LEFT: i32, const RIGHT: i32>(self) -> Self {
        // SAFETY: the processor has AVX2, as the caller promises.
        unsafe {
            _mm256_or_si256(_mm256_slli_epi32::<LEFT>(self), _mm256_srli_epi32::<RIGHT>(self))
        }
    }
}

/// Word `n` of all blocks, for every `n`.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Blocks<const N: usize>([[u32; N]; 16]);

impl<const N: usize> Blocks<N> {
    /// What `N` blocks are made of, from block `block` on.
    #[inline(always)]
    fn new(words: &Words, block: u64) -> Self {
        let mut blocks = Blocks(words.map(|word| [word; N]));
        for lane in 0..N {
            let block = block.wrapping_add(lane as u64);
            blocks.0[8][lane] = block as u32;
            blocks.0[9][lane] = (block >> 32) as u32;
        }
        blocks
    }

    /// Overwrites them, by vectors of one kind, also where the compiler thinks that nobody will
    /// look: the key is in them, or the key stream with what makes a tag.
    ///
    /// # Safety
    /// The processor has such vectors.
    #[inline(always)]
    unsafe fn wipe<V: Lanes>(&mut self, zero: V) {
        let at = self.0.as_mut_ptr().cast::<V>();
        for vector in 0..size_of::<Self>() / size_of::<V>() {
            // SAFETY: it is within the blocks, which are aligned for any vector.
            unsafe { at.add(vector).write_volatile(zero) };
        }
    }

    /// Eight lanes from `lane` on.
    ///
    /// # Safety
    /// The processor has AVX2, and there are so many lanes.
    #[inline(always)]
    unsafe fn eight(&self, lane: usize) -> [__m256i; 16] {
        // SAFETY: as the caller promises.
        std::array::from_fn(|word| unsafe {
            _mm256_loadu_si256(self.0[word].as_ptr().add(lane).cast())
        })
    }
}

impl Blocks<4> {
    /// # Safety
    /// None: every x86-64 has SSE2.
    #[inline(always)]
    unsafe fn four(&self) -> [__m128i; 16] {
        // SAFETY: every x86-64 has SSE2; a word of all blocks has 16 bytes.
        std::array::from_fn(|word| unsafe { _mm_loadu_si128(self.0[word].as_ptr().cast()) })
    }
}

/// # Safety
/// `from` may be read and `to` written for 4 blocks; they are the same or do not overlap.
pub(super) unsafe fn xor_4(words: &Words, block: u64, from: *const u8, to: *mut u8) {
    let mut blocks = Blocks::<4>::new(words, block);
    // SAFETY: every x86-64 has SSE2; 4 blocks have 256 bytes.
    unsafe {
        let mut made = blocks.four();
        double_rounds(&mut made);
        // Read anew: what the compiler keeps for later is not wiped.
        let first = black_box(&mut blocks).four();
        for row in 0..4 {
            let words: [__m128i; 4] =
                std::array::from_fn(|at| made[4 * row + at].add(first[4 * row + at]));
            for (block, part) in transposed_4(words).into_iter().enumerate() {
                let at = 64 * block + 16 * row;
                let mixed = _mm_loadu_si128(from.add(at).cast()).xor(part);
                _mm_storeu_si128(to.add(at).cast(), mixed);
            }
        }
        blocks.wipe(_mm_setzero_si128());
    }
}

/// Four words of each block, of four words of all blocks.
///
/// # Safety
/// None: every x86-64 has SSE2.
#[inline(always)]
unsafe fn transposed_4([a, b, c, d]: [__m128i; 4]) -> [__m128i; 4] {
    // SAFETY: every x86-64 has SSE2.
    unsafe {
        let (ab, cd) = (_mm_unpacklo_epi32(a, b), _mm_unpacklo_epi32(c, d));
        let (ab_high, cd_high) = (_mm_unpackhi_epi32(a, b), _mm_unpackhi_epi32(c, d));
        [
            _mm_unpacklo_epi64(ab, cd),
            _mm_unpackhi_epi64(ab, cd),
            _mm_unpacklo_epi64(ab_high, cd_high),
            _mm_unpackhi_epi64(ab_high, cd_high),
        ]
    }
}

/// # Safety
/// The processor has AVX2. `from` may be read and `to` written for 8 blocks; they are the same or
/// do not overlap.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn xor_8(words: &Words, block: u64, from: *const u8, to: *mut u8) {
    let mut blocks = Blocks::<8>::new(words, block);
    // SAFETY: as the caller promises; there are 8 lanes.
    unsafe {
        let mut made = blocks.eight(0);
        double_rounds(&mut made);
        // Read anew: what the compiler keeps for later is not wiped.
        let first = black_box(&mut blocks).eight(0);
        for (made, first) in made.iter_mut().zip(first) {
            *made = made.add(first);
        }
        combine(&made, from, to);
        blocks.wipe(_mm256_setzero_si256());
    }
}

/// # Safety
/// The processor has AVX2, and AVX-512 F and VL. `from` may be read and `to` written for 8 blocks;
/// they are the same or do not overlap.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn xor_8_avx512(words: &Words, block: u64, from: *const u8, to: *mut u8) {
    let mut blocks = Blocks::<8>::new(words, block);
    // SAFETY: as the caller promises; there are 8 lanes.
    unsafe {
        make_8(&mut blocks);
        combine(&blocks.eight(0), from, to);
        blocks.wipe(_mm256_setzero_si256());
    }
}

/// # Safety
/// The processor has AVX2, and AVX-512 F. `from` may be read and `to` written for 16 blocks; they
/// are the same or do not overlap.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn xor_16_avx512(words: &Words, block: u64, from: *const u8, to: *mut u8) {
    let mut blocks = Blocks::<16>::new(words, block);
    // SAFETY: as the caller promises; there are 16 lanes.
    unsafe {
        make_16(&mut blocks);
        combine(&blocks.eight(0), from, to);
        combine(&blocks.eight(8), from.add(512), to.add(512));
        blocks.wipe(_mm256_setzero_si256());
    }
}

/// Combines 8 blocks with the key stream.
///
/// # Safety
/// The processor has AVX2. `from` may be read and `to` written for 8 blocks; they are the same or
/// do not overlap.
#[inline(always)]
unsafe fn combine(made: &[__m256i; 16], from: *const u8, to: *mut u8) {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *made;
    let halves = [[a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]];
    for (half, words) in halves.into_iter().enumerate() {
        // SAFETY: half a block has 32 bytes; the caller promises the rest.
        unsafe {
            for (block, part) in transposed_8(words).into_iter().enumerate() {
                let at = 64 * block + 32 * half;
                let mixed = _mm256_loadu_si256(from.add(at).cast()).xor(part);
                _mm256_storeu_si256(to.add(at).cast(), mixed);
            }
        }
    }
}

/// Eight words of each block, of eight words of all blocks.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn transposed_8([a, b, c, d, e, f, g, h]: [__m256i; 8]) -> [__m256i; 8] {
    // SAFETY: as the caller promises.
    unsafe {
        let low = transposed_halves([a, b, c, d]);
        let high = transposed_halves([e, f, g, h]);
        let joined = |at: usize| _mm256_permute2x128_si256::<0x20>(low[at], high[at]);
        let behind = |at: usize| _mm256_permute2x128_si256::<0x31>(low[at], high[at]);
        [joined(0), joined(1), joined(2), joined(3), behind(0), behind(1), behind(2), behind(3)]
    }
}

/// As [`transposed_4`], in both halves.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn transposed_halves([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    // SAFETY: as the caller promises.
    unsafe {
        let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
        let (ab_high, cd_high) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
        [
            _mm256_unpacklo_epi64(ab, cd),
            _mm256_unpackhi_epi64(ab, cd),
            _mm256_unpacklo_epi64(ab_high, cd_high),
            _mm256_unpackhi_epi64(ab_high, cd_high),
        ]
    }
}

/// `b ^= (a + d) <<< n`, with a register of its own for what is in between.
macro_rules! step {
    ($r:literal, $by:literal, $t:literal, $a:literal, $d:literal, $b:literal) => {
        concat!(
            "vpaddd ", $r, $t, ",", $r, $a, ",", $r, $d, "\n", "vprold ", $r, $t, ",", $r, $t, ",",
            $by, "\n", "vpxord ", $r, $b, ",", $r, $b, ",", $r, $t, "\n",
        )
    };
}

/// Four quarter rounds side by side: none of them waits for another.
macro_rules! round {
    ($r:literal, $([$a:literal $b:literal $c:literal $d:literal $t:literal])*) => {
        concat!(
            $(step!($r, "7", $t, $a, $d, $b),)*
            $(step!($r, "9", $t, $b, $a, $c),)*
            $(step!($r, "13", $t, $c, $b, $d),)*
            $(step!($r, "18", $t, $d, $c, $a),)*
        )
    };
}

/// Loads word `n` of all blocks to register `n`, for all words, of `$size` bytes each.
macro_rules! load {
    ($r:literal, $size:literal, $($n:literal)*) => {
        concat!($("vmovdqu32 ", $r, $n, ",[rdi+", $n, "*", $size, "]\n",)*)
    };
}

/// Adds what was loaded, and puts it back there.
macro_rules! store {
    ($r:literal, $size:literal, $($n:literal)*) => {
        concat!($(
            "vpaddd ", $r, $n, ",", $r, $n, ",[rdi+", $n, "*", $size, "]\n",
            "vmovdqu32 [rdi+", $n, "*", $size, "],", $r, $n, "\n",
        )*)
    };
}

/// The key stream of blocks of what they are made of, in their place, with registers of one size.
macro_rules! make {
    ($name:ident, $lanes:literal, $r:literal, $size:literal) => {
        /// # Safety
        /// The processor has AVX-512 F, and VL for registers that are shorter than its own.
        #[inline(always)]
        unsafe fn $name(blocks: &mut Blocks<$lanes>) {
            // SAFETY: it reads and writes the blocks alone, and changes only registers that any
            // function may change: `clobber_abi` names all of these that the compiler itself uses.
            unsafe {
                asm!(
                    load!($r, $size, "0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15"),
                    "mov ecx, 10",
                    "2:",
                    round!(
                        $r,
                        ["0" "4" "8" "12" "16"] ["5" "9" "13" "1" "17"]
                        ["10" "14" "2" "6" "18"] ["15" "3" "7" "11" "19"]
                    ),
                    round!(
                        $r,
                        ["0" "1" "2" "3" "16"] ["5" "6" "7" "4" "17"]
                        ["10" "11" "8" "9" "18"] ["15" "12" "13" "14" "19"]
                    ),
                    "dec ecx",
                    "jnz 2b",
                    store!($r, $size, "0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15"),
                    in("rdi") blocks.0.as_mut_ptr(),
                    out("ecx") _,
                    clobber_abi("sysv64"),
                    options(nostack),
                );
            }
        }
    };
}

make!(make_8, 8, "ymm", "32");
make!(make_16, 16, "zmm", "64");
