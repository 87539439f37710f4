//! Poly1305 (RFC 8439, section 2.5): a number that only the owner of the key could have made of the
//! data.
//!
//! Numbers modulo 2^130 - 5 are kept in three limbs of 44, 44 and 42 bits, which leaves room to put
//! off carries. Long data is cut into lanes, where AVX2 is; see there. What is computed never
//! decides where memory is accessed or which code runs: only the length does.

#[cfg(target_arch = "x86_64")]
mod avx2;

use super::{mask, KeyBytes, Tag, TAG_SIZE};

/// Bytes of a block.
const BLOCK: usize = 16;
/// Blocks that are taken in one step where there are so many.
const STRIDE: usize = 4;
/// From how many bytes on four blocks at once cost less, with the powers of the key that it takes.
const LONG: usize = 128;

const MASK_44: u64 = (1 << 44) - 1;
const MASK_42: u64 = (1 << 42) - 1;
/// The bit behind a whole block, in the last limb.
const WHOLE: u64 = 1 << 40;

/// Limbs, each less than 2^46: the least significant first.
type Number = [u64; 3];

pub(super) fn authenticate(data: &[u8], key: &KeyBytes) -> Tag {
    let multiplier = Multiplier::of_key(key);
    let (sum, rest) = take_lanes(data, &multiplier);
    finish(take(sum, rest, &multiplier), key)
}

/// As much of the data as is best taken in lanes.
fn take_lanes<'a>(data: &'a [u8], multiplier: &Multiplier) -> (Number, &'a [u8]) {
    #[cfg(target_arch = "x86_64")]
    if data.len() >= avx2::LONG && is_x86_feature_detected!("avx2") {
        let (lanes, rest) = data.split_at(data.len() - data.len() % avx2::STRIDE);
        // SAFETY: the processor has AVX2.
        return (unsafe { avx2::take(lanes, multiplier) }, rest);
    }
    let _ = multiplier;
    ([0; 3], data)
}

/// Takes data to its end, behind data that gave `sum`.
fn take(mut sum: Number, mut data: &[u8], multiplier: &Multiplier) -> Number {
    if data.len() >= LONG {
        let powers = powers::<STRIDE>(multiplier);
        while let Some((blocks, rest)) = data.split_first_chunk::<{ STRIDE * BLOCK }>() {
            sum = take_stride(sum, blocks, &powers);
            data = rest;
        }
    }
    while let Some((block, rest)) = data.split_first_chunk() {
        sum = multiplier.times(added(sum, number(block, WHOLE)));
        data = rest;
    }
    if data.is_empty() {
        return sum;
    }
    let mut block = [0; BLOCK];
    block[..data.len()].copy_from_slice(data);
    block[data.len()] = 1;
    multiplier.times(added(sum, number(&block, 0)))
}

/// Four blocks with one carry: the first one is multiplied by the highest power.
fn take_stride(
    sum: Number,
    blocks: &[u8; STRIDE * BLOCK],
    powers: &[Multiplier; STRIDE],
) -> Number {
    let block = |at: usize| {
        let mut block = [0; BLOCK];
        block.copy_from_slice(&blocks[at * BLOCK..(at + 1) * BLOCK]);
        number(&block, WHOLE)
    };
    let [a, b, c, d] = [
        powers[3].products(added(block(0), sum)),
        powers[2].products(block(1)),
        powers[1].products(block(2)),
        powers[0].products(block(3)),
    ];
    carried(std::array::from_fn(|limb| a[limb] + b[limb] + c[limb] + d[limb]))
}

/// The multiplier, its square and so on.
fn powers<const N: usize>(multiplier: &Multiplier) -> [Multiplier; N] {
    let mut powers = [*multiplier; N];
    for at in 1..N {
        powers[at] = Multiplier::new(multiplier.times(powers[at - 1].limbs));
    }
    powers
}

/// A number to multiply by, with 20 times its upper limbs: that is what 2^132 times them is.
#[derive(Clone, Copy)]
struct Multiplier {
    limbs: Number,
    folded: [u64; 2],
}

impl Multiplier {
    fn new(limbs: Number) -> Self {
        Multiplier { limbs, folded: [limbs[1] * 20, limbs[2] * 20] }
    }

    /// The first half of the key, without the bits that the paper takes away.
    fn of_key(key: &KeyBytes) -> Self {
        let [low, high, ..] = words(key);
        Multiplier::new([
            low & 0xffc_0fff_ffff,
            (low >> 44 | high << 20) & 0xfff_ffc0_ffff,
            high >> 24 & 0x00f_ffff_fc0f,
        ])
    }

    fn times(&self, number: Number) -> Number {
        carried(self.products(number))
    }

    /// Limbs without a carry. They are less than 2^98, so that four of them fit easily.
    #[inline(always)]
    fn products(&self, [a, b, c]: Number) -> [u128; 3] {
        let ([r, s, t], [s20, t20]) = (self.limbs, self.folded);
        [
            product(a, r) + product(b, t20) + product(c, s20),
            product(a, s) + product(b, r) + product(c, t20),
            product(a, t) + product(b, s) + product(c, r),
        ]
    }
}

#[inline(always)]
fn product(one: u64, other: u64) -> u128 {
    u128::from(one) * u128::from(other)
}

/// Limbs of 44, a bit more than 44, and 42 bits.
#[inline(always)]
fn carried([a, b, c]: [u128; 3]) -> Number {
    let b = b + (a >> 44);
    let c = c + (b >> 44);
    let a = (a as u64 & MASK_44) + (c >> 42) as u64 * 5;
    [a & MASK_44, (b as u64 & MASK_44) + (a >> 44), c as u64 & MASK_42]
}

#[inline(always)]
fn added([a, b, c]: Number, [d, e, f]: Number) -> Number {
    [a + d, b + e, c + f]
}

#[inline(always)]
fn number(block: &[u8; BLOCK], behind: u64) -> Number {
    let both = u128::from_le_bytes(*block);
    [both as u64 & MASK_44, (both >> 44) as u64 & MASK_44, (both >> 88) as u64 | behind]
}

/// The sum modulo 2^130 - 5, and the other half of the key added to it.
fn finish(sum: Number, key: &KeyBytes) -> Tag {
    let [a, b, c] = settled(settled(sum));
    // What it would be less 2^130 - 5, unless that is less than nothing.
    let d = a + 5;
    let e = b + (d >> 44);
    let f = (c + (e >> 44)).wrapping_sub(1 << 42);
    let keep = mask(f >> 63);
    let chosen = |less: u64, whole: u64| u128::from(less & !keep | whole & keep);
    let (d, e) = (d & MASK_44, e & MASK_44);
    let whole = chosen(d, a) | chosen(e, b) << 44 | chosen(f, c) << 88;
    let [_, _, low, high] = words(key);
    whole.wrapping_add(u128::from(low) | u128::from(high) << 64).to_le_bytes()
}

/// Carries once around.
fn settled([a, b, c]: Number) -> Number {
    let c = c + (b >> 44);
    let a = a + (c >> 42) * 5;
    let b = (b & MASK_44) + (a >> 44);
    [a & MASK_44, b, c & MASK_42]
}

fn words(key: &KeyBytes) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(key.chunks_exact(8)) {
        *word = u64::from_le_bytes(bytes.try_into().unwrap_or_default());
    }
    words
}

const _: () = assert!(BLOCK == TAG_SIZE);

#[cfg(test)]
mod tests;
