//! X25519 (RFC 7748): a point on a curve, times a secret number.
//!
//! Numbers modulo 2^255 - 19 are kept in five limbs of 51 bits, which leaves room to add twice
//! before a carry. Where AVX2 is, the ladder is climbed in its lanes; see there. Every number takes
//! the same steps: bits of the secret decide by masks alone.

#[cfg(target_arch = "x86_64")]
mod avx2;

use super::{mask, wipe, KeyBytes, KEY_SIZE};

/// The point that everybody begins with.
const BASE: KeyBytes = {
    let mut base = [0; KEY_SIZE];
    base[0] = 9;
    base
};

/// A quarter of the curve's constant, less a half.
const A24: u64 = 121_665;

/// The base point, times a secret.
pub(super) fn public_key(secret: &KeyBytes) -> KeyBytes {
    multiply(secret, &BASE)
}

/// A point, times a secret: Montgomery's ladder, as section 5 of the RFC has it.
pub(super) fn multiply(secret: &KeyBytes, point: &KeyBytes) -> KeyBytes {
    let mut secret = clamped(secret);
    let (over, under) = ladder(&secret, Number::from_bytes(point));
    wipe(&mut secret);
    over.times(&under.inverse()).to_bytes()
}

fn ladder(secret: &KeyBytes, first: Number) -> (Number, Number) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { avx2::ladder(secret, first) };
    }
    portable_ladder(secret, first)
}

/// The number over the line and the one under it.
fn portable_ladder(secret: &KeyBytes, first: Number) -> (Number, Number) {
    let mut low = Fraction { over: ONE, under: ZERO };
    let mut high = Fraction { over: first, under: ONE };
    let mut swapped = 0;
    for at in (0..255).rev() {
        let bit = u64::from((secret[at / 8] >> (at % 8)) & 1);
        swap(&mut low, &mut high, bit ^ swapped);
        swapped = bit;
        (low, high) = step(&low, &high, &first);
    }
    swap(&mut low, &mut high, swapped);
    (low.over, low.under)
}

fn clamped(secret: &KeyBytes) -> KeyBytes {
    let mut secret = *secret;
    secret[0] &= 248;
    secret[31] = secret[31] & 127 | 64;
    secret
}

/// A coordinate: one number divided by another.
#[derive(Clone, Copy)]
struct Fraction {
    over: Number,
    under: Number,
}

/// Doubles `low`, and adds it to `high`: they are always `first` apart.
#[inline(always)]
fn step(low: &Fraction, high: &Fraction, first: &Number) -> (Fraction, Fraction) {
    let (a, b) = (low.over.plus(&low.under), low.over.minus(&low.under));
    let (c, d) = (high.over.plus(&high.under), high.over.minus(&high.under));
    let (da, cb) = (d.times(&a), c.times(&b));
    let (aa, bb) = (a.squared(), b.squared());
    let e = aa.minus(&bb);
    let doubled = Fraction { over: aa.times(&bb), under: e.times(&aa.plus(&e.times_small(A24))) };
    let sum =
        Fraction { over: da.plus(&cb).squared(), under: first.times(&da.minus(&cb).squared()) };
    (doubled, sum)
}

/// Has two fractions change places if `bit` is one.
#[inline(always)]
fn swap(one: &mut Fraction, other: &mut Fraction, bit: u64) {
    let mask = mask(bit);
    let pairs = [(&mut one.over, &mut other.over), (&mut one.under, &mut other.under)];
    for (one, other) in pairs {
        for (one, other) in one.0.iter_mut().zip(&mut other.0) {
            let change = mask & (*one ^ *other);
            *one ^= change;
            *other ^= change;
        }
    }
}

/// A number modulo 2^255 - 19. After a product its limbs are less than 2^51 and a bit, after a sum
/// or a difference of products less than 2^54, which is what products need.
#[derive(Clone, Copy)]
struct Number([u64; 5]);

const ZERO: Number = Number([0; 5]);
const ONE: Number = Number([1, 0, 0, 0, 0]);
const MASK: u64 = (1 << 51) - 1;
/// Four times 2^255 - 19 in limbs: with it no limb of a difference is less than nothing.
const FOUR_TIMES: [u64; 5] = [4 * (MASK - 18), 4 * MASK, 4 * MASK, 4 * MASK, 4 * MASK];

impl Number {
    /// The highest bit does not count.
    fn from_bytes(bytes: &KeyBytes) -> Self {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(word)
        };
        let limbs = [word(0), word(6) >> 3, word(12) >> 6, word(19) >> 1, word(24) >> 12];
        Number(limbs.map(|limb| limb & MASK))
    }

    /// The one form of a number that is less than 2^255 - 19.
    fn to_bytes(self) -> KeyBytes {
        let [a, b, c, d, e] = self.settled().settled().reduced().0;
        let words = [a | b << 51, b >> 13 | c << 38, c >> 26 | d << 25, d >> 39 | e << 12];
        let mut bytes = [0; KEY_SIZE];
        for (bytes, word) in bytes.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Carries once around.
    fn settled(mut self) -> Self {
        for at in 0..4 {
            self.0[at + 1] += self.0[at] >> 51;
            self.0[at] &= MASK;
        }
        self.0[0] += 19 * (self.0[4] >> 51);
        self.0[4] &= MASK;
        self
    }

    /// Takes 2^255 - 19 away if the number is not less.
    fn reduced(mut self) -> Self {
        let over = self.0.iter().fold(19, |carry, limb| (limb + carry) >> 51);
        self.0[0] += 19 * over;
        self.settled_below_top()
    }

    /// Carries, and forgets what is above 2^255.
    fn settled_below_top(mut self) -> Self {
        for at in 0..4 {
            self.0[at + 1] += self.0[at] >> 51;
            self.0[at] &= MASK;
        }
        self.0[4] &= MASK;
        self
    }

    #[inline(always)]
    fn plus(&self, other: &Self) -> Self {
        Number(std::array::from_fn(|at| self.0[at] + other.0[at]))
    }

    #[inline(always)]
    fn minus(&self, other: &Self) -> Self {
        Number(std::array::from_fn(|at| self.0[at] + FOUR_TIMES[at] - other.0[at]))
    }

    #[inline(always)]
    fn times(&self, other: &Self) -> Self {
        let ([a, b, c, d, e], [f, g, h, i, j]) = (self.0, other.0);
        let [g19, h19, i19, j19] = [g, h, i, j].map(|limb| limb * 19);
        carried([
            product(a, f) + product(b, j19) + product(c, i19) + product(d, h19) + product(e, g19),
            product(a, g) + product(b, f) + product(c, j19) + product(d, i19) + product(e, h19),
            product(a, h) + product(b, g) + product(c, f) + product(d, j19) + product(e, i19),
            product(a, i) + product(b, h) + product(c, g) + product(d, f) + product(e, j19),
            product(a, j) + product(b, i) + product(c, h) + product(d, g) + product(e, f),
        ])
    }

    #[inline(always)]
    fn squared(&self) -> Self {
        let [a, b, c, d, e] = self.0;
        let (a2, b2, c38, d19, e19, e38) = (a * 2, b * 2, c * 38, d * 19, e * 19, e * 38);
        carried([
            product(a, a) + product(b, e38) + product(c38, d),
            product(a2, b) + product(c, e38) + product(d, d19),
            product(a2, c) + product(b, b) + product(d, e38),
            product(a2, d) + product(b2, c) + product(e, e19),
            product(a2, e) + product(b2, d) + product(c, c),
        ])
    }

    #[inline(always)]
    fn times_small(&self, factor: u64) -> Self {
        carried(self.0.map(|limb| product(limb, factor)))
    }

    fn squared_times(&self, times: usize) -> Self {
        (0..times).fold(*self, |number, _| number.squared())
    }

    /// The number to the power of 2^255 - 21. The inverse of nothing is nothing.
    fn inverse(&self) -> Self {
        let second = self.squared();
        let ninth = second.squared_times(2).times(self);
        let eleventh = ninth.times(&second);
        // `ones_n` is the power of 2^n - 1, a number with n bits of one.
        let ones_5 = eleventh.squared().times(&ninth);
        let ones_10 = ones_5.squared_times(5).times(&ones_5);
        let ones_20 = ones_10.squared_times(10).times(&ones_10);
        let ones_40 = ones_20.squared_times(20).times(&ones_20);
        let ones_50 = ones_40.squared_times(10).times(&ones_10);
        let ones_100 = ones_50.squared_times(50).times(&ones_50);
        let ones_200 = ones_100.squared_times(100).times(&ones_100);
        let ones_250 = ones_200.squared_times(50).times(&ones_50);
        ones_250.squared_times(5).times(&eleventh)
    }
}

#[inline(always)]
fn product(one: u64, other: u64) -> u128 {
    u128::from(one) * u128::from(other)
}

/// Limbs without a carry, of products of limbs less than 2^54, are less than 2^116.
#[inline(always)]
fn carried([a, b, c, d, e]: [u128; 5]) -> Number {
    let b = b + (a >> 51);
    let c = c + (b >> 51);
    let d = d + (c >> 51);
    let e = e + (d >> 51);
    let low = |limb: u128| limb as u64 & MASK;
    let a = low(a) + (e >> 51) as u64 * 19;
    Number([a & MASK, low(b) + (a >> 51), low(c), low(d), low(e)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::crypto::testing::hex;

    /// RFC 7748, section 5.2.
    #[test]
    fn points_are_those_of_the_rfc() {
        let cases = [
            (
                "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
            ),
            (
                "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
                "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
            ),
        ];
        for (secret, point, wanted) in cases {
            assert_eq!(multiply(&hex(secret), &hex(point)), hex(wanted));
        }
    }

    /// As above: what comes out is the next secret, and the last secret the next point.
    #[test]
    fn a_thousand_points_in_turn_are_those_of_the_rfc() {
        let (mut secret, mut point) = (BASE, BASE);
        for count in 1..=1000 {
            (secret, point) = (multiply(&secret, &point), secret);
            if count == 1 {
                let once = "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079";
                assert_eq!(secret, hex(once));
            }
        }
        let thousandth = "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51";
        assert_eq!(secret, hex(thousandth));
    }

    /// Also where a limb is all zeros or all ones, which makes the longest carries.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn lanes_give_what_plain_integers_give() {
        if !is_x86_feature_detected!("avx2") {
            return; // Its code cannot run here.
        }
        let edges = [[0; KEY_SIZE], [0xff; KEY_SIZE], [0x0f; KEY_SIZE], BASE];
        let mut point = BASE;
        for count in 0..200 {
            let secret = clamped(edges.get(count % 8).unwrap_or(&point));
            let number = Number::from_bytes(edges.get(count / 8).unwrap_or(&point));
            // SAFETY: the processor has AVX2.
            let lanes = unsafe { avx2::ladder(&secret, number) };
            let [lanes, plain] = [lanes, portable_ladder(&secret, number)]
                .map(|(over, under)| over.times(&under.inverse()).to_bytes());
            assert_eq!(lanes, plain);
            point[count % KEY_SIZE] ^= 0x5b;
            point = multiply(&secret, &point);
        }
    }

    /// Neither the secret number nor what comes out, on the way to a key.
    #[test]
    #[ignore = "needs Valgrind"]
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    fn no_secret_decides_what_runs() {
        use crate::sys::crypto::valgrind::{check, secret};
        let number = secret([0x5a; KEY_SIZE]);
        check("X25519", || multiply(&number, &BASE));
        check("X25519 without vectors", || {
            let (over, under) = portable_ladder(&clamped(&number), Number::from_bytes(&BASE));
            over.times(&under.inverse()).to_bytes()
        });
    }

    #[test]
    fn points_of_no_order_give_nothing() {
        let weak = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ];
        for point in weak {
            let mut point = hex(point);
            for _ in 0..2 {
                assert_eq!(multiply(&[0x5a; KEY_SIZE], &point), [0; KEY_SIZE]);
                point[31] |= 128;
            }
        }
    }
}
