//! Poly1305 in four lanes of AVX2 (Goll and Gueron, 'Vectorization of Poly1305 message
//! authentication code'): lane `n` sums up every fourth block from block `n` on, multiplied by the
//! fourth power of the key. Two such steps are made as one, so that carries are made once for eight
//! blocks.
//!
//! Numbers are in five limbs of 26 bits here, since vectors multiply halves of 64 bits.

use super::{powers, Multiplier, Number, MASK_44};
use std::arch::x86_64::*;
use std::array::from_fn;
use std::hint::black_box;

/// How many bytes a step takes: two blocks for each lane.
pub(super) const STRIDE: usize = 128;
/// From how many bytes on it is taken. It costs less from 256 bytes on with an AMD Zen 4, and from
/// some 1,000 on with an Intel Sapphire Rapids, where 257 bytes take 175 ns by it and 118 ns
/// without (2026-12-01).
pub(super) const LONG: usize = 512;

const MASK_26: u64 = (1 << 26) - 1;

/// One limb of the numbers of all lanes.
type Vector = __m256i;
/// A number a lane, in limbs.
type Lanes = [Vector; 5];

/// Takes whole steps of data.
///
/// # Safety
/// The processor has AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn take(data: &[u8], multiplier: &Multiplier) -> Number {
    let powers = powers::<4>(multiplier);
    let eight = narrow(powers[3].times(powers[3].limbs));
    let [one, two, three, four] = powers.map(|power| narrow(power.limbs));
    // SAFETY: the processor has AVX2; a step has 128 bytes.
    unsafe {
        let (fourth, eighth) = (Factor::new([four; 4]), Factor::new([eight; 4]));
        let mut sum = [_mm256_setzero_si256(); 5];
        for step in data.chunks_exact(STRIDE) {
            // Read anew each time: of vectors that it keeps from step to step, the compiler forgets
            // that they are halves, and multiplies twice.
            let (fourth, eighth) = (black_box(&fourth), black_box(&eighth));
            let ahead = fourth.products(load(step.as_ptr()));
            let sums = added(added(eighth.products(sum), ahead), load(step.as_ptr().add(64)));
            sum = carried(sums);
        }
        // The lanes end with the last four blocks; blocks 1 and 2 have changed places.
        let last = Factor::new([four, two, three, one]);
        joined(carried(last.products(sum)))
    }
}

/// Limbs of 26 bits, of limbs of 44.
fn narrow([a, b, c]: Number) -> [u64; 5] {
    let c = c + (b >> 44);
    let b = b & MASK_44;
    [
        a & MASK_26,
        (a >> 26 | b << 18) & MASK_26,
        b >> 8 & MASK_26,
        (b >> 34 | c << 10) & MASK_26,
        c >> 16,
    ]
}

/// Limbs of 44 bits, of limbs of 26 or somewhat more.
fn widen([a, b, c, d, e]: [u64; 5]) -> Number {
    let low = a + (b << 26);
    [low & MASK_44, (low >> 44) + (c << 8) + ((d & 0x3ff) << 34), (d >> 10) + (e << 16)]
}

/// A number a lane to multiply by, and five times its upper limbs: that is what 2^130 times them
/// is.
struct Factor {
    limbs: Lanes,
    folded: [Vector; 4],
}

impl Factor {
    /// # Safety
    /// The processor has AVX2.
    #[inline(always)]
    unsafe fn new(lanes: [[u64; 5]; 4]) -> Self {
        let vector = |limb: usize, times: u64| {
            let [a, b, c, d] = lanes.map(|lane| (lane[limb] * times) as i64);
            // SAFETY: as the caller promises.
            unsafe { _mm256_set_epi64x(d, c, b, a) }
        };
        Factor {
            limbs: from_fn(|limb| vector(limb, 1)),
            folded: from_fn(|limb| vector(limb + 1, 5)),
        }
    }

    /// Limbs without a carry. Those of the numbers are less than 2^28, so these are less than 2^60.
    ///
    /// # Safety
    /// The processor has AVX2.
    #[inline(always)]
    unsafe fn products(&self, [a, b, c, d, e]: Lanes) -> Lanes {
        let ([r, s, t, u, v], [s5, t5, u5, v5]) = (self.limbs, self.folded);
        // SAFETY: as the caller promises.
        unsafe {
            [
                sum_of([(a, r), (b, v5), (c, u5), (d, t5), (e, s5)]),
                sum_of([(a, s), (b, r), (c, v5), (d, u5), (e, t5)]),
                sum_of([(a, t), (b, s), (c, r), (d, v5), (e, u5)]),
                sum_of([(a, u), (b, t), (c, s), (d, r), (e, v5)]),
                sum_of([(a, v), (b, u), (c, t), (d, s), (e, r)]),
            ]
        }
    }
}

/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn sum_of([a, b, c, d, e]: [(Vector, Vector); 5]) -> Vector {
    // SAFETY: as the caller promises.
    let times = |(one, other)| unsafe { _mm256_mul_epu32(one, other) };
    // SAFETY: as the caller promises.
    unsafe {
        let most = _mm256_add_epi64(
            _mm256_add_epi64(times(a), times(b)),
            _mm256_add_epi64(times(c), times(d)),
        );
        _mm256_add_epi64(most, times(e))
    }
}

/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn added(one: Lanes, other: Lanes) -> Lanes {
    // SAFETY: as the caller promises.
    from_fn(|limb| unsafe { _mm256_add_epi64(one[limb], other[limb]) })
}

/// Four blocks in the lanes 0, 2, 1 and 3.
///
/// # Safety
/// The processor has AVX2, and 64 bytes may be read.
#[inline(always)]
unsafe fn load(at: *const u8) -> Lanes {
    // SAFETY: as the caller promises.
    unsafe {
        let front = _mm256_loadu_si256(at.cast());
        let back = _mm256_loadu_si256(at.add(32).cast());
        let low = _mm256_unpacklo_epi64(front, back);
        let high = _mm256_unpackhi_epi64(front, back);
        let mask = _mm256_set1_epi64x(MASK_26 as i64);
        let middle = _mm256_or_si256(_mm256_srli_epi64::<52>(low), _mm256_slli_epi64::<12>(high));
        [
            _mm256_and_si256(low, mask),
            _mm256_and_si256(_mm256_srli_epi64::<26>(low), mask),
            _mm256_and_si256(middle, mask),
            _mm256_and_si256(_mm256_srli_epi64::<14>(high), mask),
            _mm256_or_si256(_mm256_srli_epi64::<40>(high), _mm256_set1_epi64x(1 << 24)),
        ]
    }
}

/// Limbs of 26 bits, and a bit more in some. Two chains run side by side: from limb 0 and from limb
/// 3.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn carried([a, b, c, d, e]: Lanes) -> Lanes {
    // SAFETY: as the caller promises.
    unsafe {
        let mask = _mm256_set1_epi64x(MASK_26 as i64);
        let above = |limb| _mm256_srli_epi64::<26>(limb);
        let below = |limb| _mm256_and_si256(limb, mask);
        let plus = |one, other| _mm256_add_epi64(one, other);
        let (b, e) = (plus(b, above(a)), plus(e, above(d)));
        let (a, d) = (below(a), below(d));
        let over = above(e);
        let (c, a) = (plus(c, above(b)), plus(a, plus(over, _mm256_slli_epi64::<2>(over))));
        let (b, e) = (below(b), below(e));
        let (d, b) = (plus(d, above(c)), plus(b, above(a)));
        let (c, a) = (below(c), below(a));
        let e = plus(e, above(d));
        [a, b, c, below(d), e]
    }
}

/// The sum of all lanes.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn joined(lanes: Lanes) -> Number {
    let limbs = lanes.map(|limb| {
        let mut lanes = [0u64; 4];
        // SAFETY: the processor has AVX2, and there are 32 bytes.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), limb) };
        lanes.iter().sum()
    });
    widen(limbs)
}
