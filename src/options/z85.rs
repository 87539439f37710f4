//! Z85 (ZeroMQ RFC 32): four bytes as five printable characters, for keys in text.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};

const DIGITS: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// What a byte is worth as a digit; `NONE` if it is not one.
const VALUES: [u8; 256] = values();
const NONE: u8 = 255;

/// Encodes; the length must be a multiple of 4.
pub fn encode(data: &[u8]) -> Result<String> {
    if data.len() % 4 != 0 {
        return Err(Error::Invalid);
    }
    Ok(data.chunks_exact(4).flat_map(|quad| digits(bytes_to_number(quad))).collect())
}

/// Decodes; the length must be a multiple of 5, and not 0.
pub fn decode(text: &[u8]) -> Result<Vec<u8>> {
    let mut data = vec![0; text.len() / 5 * 4];
    decode_into(text, &mut data)?;
    Ok(data)
}

/// Decodes to a place of just the right size, which stays as it was if the text is wrong.
pub fn decode_into(text: &[u8], out: &mut [u8]) -> Result<()> {
    if text.is_empty() || text.len() % 5 != 0 || out.len() != text.len() / 5 * 4 {
        return Err(Error::Invalid);
    }
    for group in text.chunks_exact(5) {
        number(group)?;
    }
    for (group, quad) in text.chunks_exact(5).zip(out.chunks_exact_mut(4)) {
        quad.copy_from_slice(&number(group)?.to_be_bytes());
    }
    Ok(())
}

fn bytes_to_number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte))
}

fn digits(number: u32) -> [char; 5] {
    let mut rest = number;
    let mut text = ['0'; 5];
    for place in text.iter_mut().rev() {
        *place = DIGITS[(rest % 85) as usize].into();
        rest /= 85;
    }
    text
}

fn number(group: &[u8]) -> Result<u32> {
    group
        .iter()
        .map(|&byte| VALUES[usize::from(byte)])
        .try_fold(0u32, |number, value| match value {
            NONE => None,
            value => number.checked_mul(85)?.checked_add(value.into()),
        })
        .ok_or(Error::Invalid)
}

const fn values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut digit = 0;
    while digit < DIGITS.len() {
        values[DIGITS[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rfc_example_holds_both_ways() {
        let data = [0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B];
        assert_eq!(encode(&data).unwrap(), "HelloWorld");
        assert_eq!(decode(b"HelloWorld").unwrap(), data);
    }

    #[test]
    fn wrong_texts_are_refused() {
        let table: [&[u8]; 10] = [
            b"",
            b"1",
            b"1234",
            b"123456",
            b"#####",
            b"%nSc1",
            b"0000 ",
            b"00\x0000",
            b"0000\x7f",
            b"00\xff00",
        ];
        for text in table {
            assert_eq!(decode(text), Err(Error::Invalid), "{text:?}");
        }
        assert_eq!(encode(b"123"), Err(Error::Invalid));
    }

    #[test]
    fn limits_survive() {
        for number in [0u32, 1, 84, 85, u32::MAX - 1, u32::MAX] {
            let data = number.to_be_bytes();
            assert_eq!(decode(encode(&data).unwrap().as_bytes()).unwrap(), data);
        }
        assert_eq!(encode(&[]).unwrap(), "");
        assert_eq!(decode(b"%nSc0").unwrap(), [255; 4]);
    }

    #[test]
    fn a_wrong_text_leaves_the_place_alone() {
        let mut out = [7; 8];
        assert_eq!(decode_into(b"Hello\"orld", &mut out), Err(Error::Invalid));
        assert_eq!(out, [7; 8]);
    }
}
