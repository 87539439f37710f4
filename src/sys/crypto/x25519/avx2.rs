//! The ladder of X25519 in four lanes of AVX2: both numbers of both fractions are worked on at
//! once. A step is three products of four numbers each.
//!
//! Numbers are in ten limbs of 26 and 25 bits in turn here, since vectors multiply halves of 64
//! bits.

use super::{Number, A24};
use std::arch::x86_64::*;
use std::array::from_fn;
use std::hint::black_box;

/// One limb of four numbers.
type Vector = __m256i;

/// Four numbers in limbs. After a product limbs have 26 or 25 bits and a bit; a sum or a difference
/// of two such is less than three times that, which is what products need.
#[derive(Clone, Copy)]
struct Four([Vector; 10]);

/// A multiple of a clamped secret of the point whose coordinate is `first`: the number over the
/// line and the one under it.
///
/// # Safety
/// The processor has AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn ladder(secret: &[u8; 32], first: Number) -> (Number, Number) {
    let small = |number: u64| Number([number, 0, 0, 0, 0]);
    let (zero, one) = (small(0), small(1));
    // SAFETY: the processor has AVX2.
    unsafe {
        let constant = Four::new([zero, small(A24), zero, zero]);
        let multipliers = Four::new([one, zero, one, first]);
        let mut both = Four::new([one, zero, first, one]);
        let mut swapped = 0;
        for at in (0..255).rev() {
            // The compiler is not to know that there are only two places for a number.
            let bit = black_box(i32::from(secret[at / 8] >> (at % 8) & 1));
            both = step(both.swapped(bit ^ swapped), &constant, &multipliers);
            swapped = bit;
        }
        let [over, under, ..] = both.swapped(swapped).numbers();
        (over, under)
    }
}

/// Doubles the first fraction, and adds it to the second one.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn step(both: Four, constant: &Four, multipliers: &Four) -> Four {
    // SAFETY: as the caller promises.
    unsafe {
        // a, b, c, d of the RFC; then AA, BB, CB, DA.
        let sums = both.sums_and_differences(&both.turned());
        let squares = sums.times(&sums.first_pair_mirrored());
        let turned = squares.turned();
        // The second of these is E.
        let sums = squares.sums_and_differences(&turned);
        // AA * BB, E * a24, (DA + CB)^2, (DA - CB)^2.
        let f = sums.with::<FIRST>(&squares);
        let g = sums.with::<FIRST>(&turned).with::<SECOND>(constant);
        let products = f.times(&g);
        // The second becomes E * (AA + E * a24), the fourth is multiplied by the coordinate.
        let f = products.with::<SECOND>(&products.plus(&turned));
        f.times(&multipliers.with::<SECOND>(&sums))
    }
}

/// Lanes, as a blend of halves has them.
const FIRST: i32 = 0b11;
const SECOND: i32 = 0b1100;
const SECOND_AND_FOURTH: i32 = 0b1100_1100;

impl Four {
    /// # Safety
    /// Like all here: the processor has AVX2.
    #[inline(always)]
    unsafe fn new(numbers: [Number; 4]) -> Self {
        let limb = |number: Number, at: usize| {
            let limb = number.0[at / 2];
            (if at % 2 == 0 { limb & MASK_26 } else { limb >> 26 }) as i64
        };
        let [a, b, c, d] = numbers.map(Number::settled);
        // SAFETY: as the caller promises.
        Four(from_fn(|at| unsafe {
            _mm256_set_epi64x(limb(d, at), limb(c, at), limb(b, at), limb(a, at))
        }))
    }

    /// # Safety
    /// See [`Four::new`].
    #[inline(always)]
    unsafe fn numbers(&self) -> [Number; 4] {
        let limbs = self.0.map(|limb| {
            let mut lanes = [0u64; 4];
            // SAFETY: as the caller promises; there are 32 bytes.
            unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), limb) };
            lanes
        });
        from_fn(|lane| Number(from_fn(|at| limbs[2 * at][lane] + (limbs[2 * at + 1][lane] << 26))))
    }

    /// Has the fractions change places if `bit` is one.
    ///
    /// # Safety
    /// See [`Four::new`].
    #[inline(always)]
    unsafe fn swapped(&self, bit: i32) -> Self {
        // SAFETY: as the caller promises.
        unsafe {
            let places = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
            let places = _mm256_xor_si256(places, _mm256_set1_epi32(bit << 2));
            Four(self.0.map(|limb| _mm256_permutevar8x32_epi32(limb, places)))
        }
    }

    /// The numbers of each fraction in each other's place.
    ///
    /// # Safety
    /// See [`Four::new`].
    #[inline(always)]
    unsafe fn turned(&self) -> Self {
        // SAFETY: as the caller promises.
        Four(self.0.map(|limb| unsafe { _mm256_shuffle_epi32::<0b01_00_11_10>(limb) }))
    }

    /// The first pair, and behind it the first pair the other way round.
    ///
    /// # Safety
    /// See [`Four::new`].
    #[inline(always)]
    unsafe fn first_pair_mirrored(&self) -> Self {
        // SAFETY: as the caller promises.
        Four(self.0.map(|limb| unsafe { _mm256_permute4x64_epi64::<0b00_01_01_00>(limb) }))
    }

    /// The numbers of `other` in some places.
    ///
    /// # Safety
    /// See [`Four::new`].
    #[inline(always)]
    unsafe fn with<const PLACES: i32>(&self, other: &Self) -> Self {
        // SAFETY: as the caller promises.
        Four(from_fn(|at| unsafe { _mm256_blend_epi32::<PLACES>(self.0[at], other.0[at]) }))
    }

    /// # Safety
    /// See [`Four::new`].
    #[inline(always)]
    unsafe fn plus(&self, other: &Self) -> Self {
        // SAFETY: as the caller promises.
        Four(from_fn(|at| unsafe { _mm256_add_epi64(self.0[at], other.0[at]) }))
    }

    /// Of each pair the sum, and what the first is more than the second.
    ///
    /// # Safety
    /// See [`Four::new`]. `turned` is what [`Four::turned`] makes of these, which are products.
    #[inline(always)]
    unsafe fn sums_and_differences(&self, turned: &Self) -> Self {
        // SAFETY: as the caller promises.
        unsafe {
            let negative = Four(from_fn(|at| {
                _mm256_sub_epi64(_mm256_set1_epi64x(TWICE_MODULUS[at]), self.0[at])
            }));
            self.with::<SECOND_AND_FOURTH>(&negative).plus(turned)
        }
    }

    /// # Safety
    /// See [`Four::new`].
    #[inline(always)]
    unsafe fn times(&self, other: &Self) -> Self {
        let (f, g) = (self.0, other.0);
        // SAFETY: as the caller promises.
        unsafe {
            let twice: [Vector; 5] = from_fn(|at| _mm256_slli_epi64::<1>(f[2 * at + 1]));
            let nineteen = _mm256_set1_epi64x(19);
            let folded: [Vector; 9] = from_fn(|at| _mm256_mul_epu32(g[at + 1], nineteen));
            Four(carried([
                sum_of([
                    (f[0], g[0]),
                    (twice[0], folded[8]),
                    (f[2], folded[7]),
                    (twice[1], folded[6]),
                    (f[4], folded[5]),
                    (twice[2], folded[4]),
                    (f[6], folded[3]),
                    (twice[3], folded[2]),
                    (f[8], folded[1]),
                    (twice[4], folded[0]),
                ]),
                sum_of([
                    (f[0], g[1]),
                    (f[1], g[0]),
                    (f[2], folded[8]),
                    (f[3], folded[7]),
                    (f[4], folded[6]),
                    (f[5], folded[5]),
                    (f[6], folded[4]),
                    (f[7], folded[3]),
                    (f[8], folded[2]),
                    (f[9], folded[1]),
                ]),
                sum_of([
                    (f[0], g[2]),
                    (twice[0], g[1]),
                    (f[2], g[0]),
                    (twice[1], folded[8]),
                    (f[4], folded[7]),
                    (twice[2], folded[6]),
                    (f[6], folded[5]),
                    (twice[3], folded[4]),
                    (f[8], folded[3]),
                    (twice[4], folded[2]),
                ]),
                sum_of([
                    (f[0], g[3]),
                    (f[1], g[2]),
                    (f[2], g[1]),
                    (f[3], g[0]),
                    (f[4], folded[8]),
                    (f[5], folded[7]),
                    (f[6], folded[6]),
                    (f[7], folded[5]),
                    (f[8], folded[4]),
                    (f[9], folded[3]),
                ]),
                sum_of([
                    (f[0], g[4]),
                    (twice[0], g[3]),
                    (f[2], g[2]),
                    (twice[1], g[1]),
                    (f[4], g[0]),
                    (twice[2], folded[8]),
                    (f[6], folded[7]),
                    (twice[3], folded[6]),
                    (f[8], folded[5]),
                    (twice[4], folded[4]),
                ]),
                sum_of([
                    (f[0], g[5]),
                    (f[1], g[4]),
                    (f[2], g[3]),
                    (f[3], g[2]),
                    (f[4], g[1]),
                    (f[5], g[0]),
                    (f[6], folded[8]),
                    (f[7], folded[7]),
                    (f[8], folded[6]),
                    (f[9], folded[5]),
                ]),
                sum_of([
                    (f[0], g[6]),
                    (twice[0], g[5]),
                    (f[2], g[4]),
                    (twice[1], g[3]),
                    (f[4], g[2]),
                    (twice[2], g[1]),
                    (f[6], g[0]),
                    (twice[3], folded[8]),
                    (f[8], folded[7]),
                    (twice[4], folded[6]),
                ]),
                sum_of([
                    (f[0], g[7]),
                    (f[1], g[6]),
                    (f[2], g[5]),
                    (f[3], g[4]),
                    (f[4], g[3]),
                    (f[5], g[2]),
                    (f[6], g[1]),
                    (f[7], g[0]),
                    (f[8], folded[8]),
                    (f[9], folded[7]),
                ]),
                sum_of([
                    (f[0], g[8]),
                    (twice[0], g[7]),
                    (f[2], g[6]),
                    (twice[1], g[5]),
                    (f[4], g[4]),
                    (twice[2], g[3]),
                    (f[6], g[2]),
                    (twice[3], g[1]),
                    (f[8], g[0]),
                    (twice[4], folded[8]),
                ]),
                sum_of([
                    (f[0], g[9]),
                    (f[1], g[8]),
                    (f[2], g[7]),
                    (f[3], g[6]),
                    (f[4], g[5]),
                    (f[5], g[4]),
                    (f[6], g[3]),
                    (f[7], g[2]),
                    (f[8], g[1]),
                    (f[9], g[0]),
                ]),
            ]))
        }
    }
}

/// Less than 2^63, of limbs that are less than three times 2^26 and 2^25.
///
/// # Safety
/// See [`Four::new`].
#[inline(always)]
unsafe fn sum_of(pairs: [(Vector, Vector); 10]) -> Vector {
    let [a, b, c, d, e, f, g, h, i, j] = pairs;
    // SAFETY: as the caller promises.
    let times = |(one, other): (Vector, Vector)| unsafe { _mm256_mul_epu32(one, other) };
    // SAFETY: as the caller promises.
    let plus = |one: Vector, other: Vector| unsafe { _mm256_add_epi64(one, other) };
    let front = plus(plus(times(a), times(b)), plus(times(c), times(d)));
    let back = plus(plus(times(e), times(f)), plus(times(g), times(h)));
    plus(plus(front, back), plus(times(i), times(j)))
}

/// Carries in two chains side by side: from limb 0 and from limb 4.
///
/// # Safety
/// See [`Four::new`].
#[inline(always)]
unsafe fn carried(mut limbs: [Vector; 10]) -> [Vector; 10] {
    // SAFETY: as the caller promises.
    unsafe {
        for at in 0..4 {
            carry(&mut limbs, at);
            carry(&mut limbs, at + 4);
        }
        carry(&mut limbs, 4);
        carry(&mut limbs, 8);
        let over = _mm256_srli_epi64::<25>(limbs[9]);
        limbs[9] = _mm256_and_si256(limbs[9], _mm256_set1_epi64x(MASK_25));
        let three = _mm256_add_epi64(over, _mm256_slli_epi64::<1>(over));
        let nineteen = _mm256_add_epi64(three, _mm256_slli_epi64::<4>(over));
        limbs[0] = _mm256_add_epi64(limbs[0], nineteen);
        carry(&mut limbs, 0);
    }
    limbs
}

/// # Safety
/// See [`Four::new`].
#[inline(always)]
unsafe fn carry(limbs: &mut [Vector; 10], at: usize) {
    // SAFETY: as the caller promises.
    unsafe {
        let (over, mask) = match at % 2 {
            0 => (_mm256_srli_epi64::<26>(limbs[at]), MASK_26 as i64),
            _ => (_mm256_srli_epi64::<25>(limbs[at]), MASK_25),
        };
        limbs[at] = _mm256_and_si256(limbs[at], _mm256_set1_epi64x(mask));
        limbs[at + 1] = _mm256_add_epi64(limbs[at + 1], over);
    }
}

const MASK_26: u64 = (1 << 26) - 1;
const MASK_25: i64 = (1 << 25) - 1;

/// Twice 2^255 - 19 in limbs: with it no limb of a difference is less than nothing.
const TWICE_MODULUS: [i64; 10] = {
    let (even, odd) = ((1 << 27) - 2, (1 << 26) - 2);
    [even - 36, odd, even, odd, even, odd, even, odd, even, odd]
};
