//! What the tests here compare with: the papers' own words in plain Rust, one byte or bit at a
//! time. It has nothing in common with the code that it is to judge.

use super::{KeyBytes, Tag};

pub(super) fn hex<const N: usize>(text: &str) -> [u8; N] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}

/// `plain`, combined with the key stream from block `first` on.
pub(super) fn plain_salsa20(plain: &[u8], key: &KeyBytes, nonce: &[u8; 8], first: u64) -> Vec<u8> {
    let blocks = plain.chunks(64).enumerate();
    let combined = blocks.flat_map(|(at, part)| {
        let number = first.wrapping_add(at as u64).to_le_bytes();
        let block = salsa20_block(key, nonce, &number);
        part.iter().zip(block).map(|(byte, made)| byte ^ made).collect::<Vec<_>>()
    });
    combined.collect()
}

fn salsa20_block(key: &KeyBytes, nonce: &[u8; 8], number: &[u8; 8]) -> [u8; 64] {
    let text = b"expand 32-byte k";
    let image =
        [&text[..4], &key[..16], &text[4..8], nonce, number, &text[8..12], &key[16..], &text[12..]]
            .concat();
    let first: Vec<u32> =
        image.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect();
    let mut x = first.clone();
    for _ in 0..10 {
        // Columns, and the transposed for rows.
        for transposed in [false, true] {
            for column in 0..4 {
                let at = |row: usize| match transposed {
                    false => 4 * ((column + row) % 4) + column,
                    true => 4 * column + (column + row) % 4,
                };
                for (row, turn) in [7, 9, 13, 18].into_iter().enumerate() {
                    let sum = x[at(row)].wrapping_add(x[at((row + 3) % 4)]);
                    x[at((row + 1) % 4)] ^= sum.rotate_left(turn);
                }
            }
        }
    }
    let words = x.iter().zip(&first).map(|(made, first)| made.wrapping_add(*first));
    let bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
    bytes.try_into().unwrap()
}

pub(super) mod plain_poly1305 {
    use super::{KeyBytes, Tag};

    /// Keeps what whole blocks gave, so that growing data is not taken again and again.
    #[derive(Default)]
    pub(crate) struct Sum {
        whole: usize,
        sum: Vec<u8>,
    }

    impl Sum {
        pub(crate) fn tag(&mut self, data: &[u8], key: &KeyBytes) -> Tag {
            let mut r = key[..16].to_vec();
            for at in [3, 7, 11, 15] {
                r[at] &= 15;
            }
            for at in [4, 8, 12] {
                r[at] &= 252;
            }
            while self.whole + 16 <= data.len() {
                let block = &data[self.whole..self.whole + 16];
                self.sum = next(&self.sum, block, &r);
                self.whole += 16;
            }
            let rest = &data[self.whole..];
            let sum = if rest.is_empty() { self.sum.clone() } else { next(&self.sum, rest, &r) };
            let total = added(&sum, &key[16..]);
            std::array::from_fn(|at| total.get(at).copied().unwrap_or(0))
        }
    }

    /// (sum + block with a one behind it) * r modulo 2^130 - 5.
    fn next(sum: &[u8], block: &[u8], r: &[u8]) -> Vec<u8> {
        let sum = added(sum, &[block, &[1]].concat());
        let mut product = vec![0; 34];
        for (at, byte) in sum.iter().enumerate() {
            let part: Vec<u32> =
                r.iter().map(|other| u32::from(*byte) * u32::from(*other)).collect();
            let mut carry = 0;
            for (place, value) in part.iter().chain([0; 2].iter()).enumerate() {
                if let Some(digit) = product.get_mut(at + place) {
                    let total = u32::from(*digit) + value + carry;
                    (*digit, carry) = (total as u8, total >> 8);
                }
            }
        }
        reduced(product)
    }

    /// Five times what is above 2^130 is added to what is below, until nothing is above; and then
    /// 2^130 - 5 is taken away if the number is not less.
    fn reduced(mut number: Vec<u8>) -> Vec<u8> {
        for _ in 0..4 {
            let above: Vec<u8> =
                (16..34).map(|at| digit(&number, at) >> 2 | digit(&number, at + 1) << 6).collect();
            number.truncate(17);
            number[16] &= 3;
            for _ in 0..5 {
                number = added(&number, &above);
            }
        }
        let more = added(&number, &[5]);
        if more[16] > 3 {
            number = more;
            number[16] &= 3;
        }
        number.truncate(17);
        number
    }

    fn digit(number: &[u8], at: usize) -> u8 {
        number.get(at).copied().unwrap_or(0)
    }

    fn added(one: &[u8], other: &[u8]) -> Vec<u8> {
        let mut carry = 0;
        let digits = (0..one.len().max(other.len()).max(17) + 1).map(|at| {
            let total = u16::from(digit(one, at)) + u16::from(digit(other, at)) + carry;
            carry = total >> 8;
            total as u8
        });
        digits.collect()
    }
}
