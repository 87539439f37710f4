//! Frames of ZMTP 1: a length that counts the flags byte, the flags, a body.
//!
//! Inside this library a frame has the ZMTP 2 layout; what is here translates at the edge. These
//! peers are rare: it copies, and it does not try to be fast.
#![forbid(unsafe_code)]

use super::error::WireError;
use super::frame::{check_size, encode_frame, Header, HeaderBytes, MORE};

/// This first byte announces a length of eight bytes.
const ESCAPE: u8 = 0xFF;
const LONG_HEADER: usize = 10;

/// The ZMTP 1 header of a frame with these flags (only `MORE` exists) and this body length.
pub(crate) fn encode_header(flags: u8, body_len: u64) -> HeaderBytes {
    let mut bytes = [0; 10];
    let counted = body_len.saturating_add(1);
    let len = match u8::try_from(counted) {
        Ok(short) if short < ESCAPE => {
            bytes[0] = short;
            bytes[1] = flags & MORE;
            2
        }
        _ => {
            bytes[0] = ESCAPE;
            bytes[1..9].copy_from_slice(&counted.to_be_bytes());
            bytes[9] = flags & MORE;
            10
        }
    };
    HeaderBytes { bytes, len }
}

/// Reads a ZMTP 1 header. The flags that come out are those of ZMTP 2: `MORE`, or nothing.
pub(crate) fn parse_v1_header(buf: &[u8], max_size: Option<u64>) -> Result<Header, WireError> {
    let (counted, header_len) = match *buf {
        [] => return Ok(Header::Incomplete(2)),
        [ESCAPE, ref rest @ ..] => match rest.first_chunk::<8>() {
            Some(len) => (u64::from_be_bytes(*len), LONG_HEADER),
            None => return Ok(Header::Incomplete(LONG_HEADER)),
        },
        [len, ..] => (u64::from(len), 2),
    };
    let body_len = counted.checked_sub(1).ok_or(WireError::EmptyFrame)?;
    check_size(body_len, max_size)?;
    match buf.get(header_len - 1) {
        Some(flags) => Ok(Header::Frame { flags: flags & MORE, header_len, body_len }),
        None => Ok(Header::Incomplete(header_len)),
    }
}

/// Is the first frame whole?
pub(crate) fn has_frame(input: &[u8]) -> bool {
    let Ok(Header::Frame { header_len, body_len, .. }) = parse_v1_header(input, None) else {
        return false;
    };
    body_len <= (input.len() - header_len) as u64
}

/// What [`decode`] took from its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// Bytes of the input that were translated: whole frames.
    pub(crate) consumed: usize,
    /// The length of the next frame with its header, if it is known and the frame is not whole.
    pub(crate) frame_total: Option<u64>,
}

/// Translates the whole ZMTP 1 frames at the start of `input`, and appends them as ZMTP 2 frames.
///
/// # Errors
/// What is wrong with the first frame. A later one that is wrong ends the translation before it.
pub(crate) fn decode(
    input: &[u8],
    max_size: Option<u64>,
    out: &mut Vec<u8>,
) -> Result<Decoded, WireError> {
    let mut consumed = 0;
    loop {
        let rest = &input[consumed..];
        let (flags, header_len, body_len) = match parse_v1_header(rest, max_size) {
            Ok(Header::Frame { flags, header_len, body_len }) => (flags, header_len, body_len),
            Err(error) if consumed == 0 => return Err(error),
            Ok(Header::Incomplete(_)) | Err(_) => {
                return Ok(Decoded { consumed, frame_total: None });
            }
        };
        let total = body_len.saturating_add(header_len as u64);
        match usize::try_from(total).ok().and_then(|total| rest.get(..total)) {
            Some(frame) => {
                encode_frame(flags, &frame[header_len..], out);
                consumed += frame.len();
            }
            None => return Ok(Decoded { consumed, frame_total: Some(total) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::{Random, ROUNDS};

    #[test]
    fn lengths_of_254_and_more_take_the_long_form() {
        assert_eq!(encode_header(MORE, 253).as_slice(), [254, 1]);
        assert_eq!(encode_header(0, 254).as_slice(), [255, 0, 0, 0, 0, 0, 0, 0, 255, 0]);
        assert_eq!(encode_header(0, 0).as_slice(), [1, 0]);
    }

    #[test]
    fn frames_survive_the_way_there_and_back_at_every_cut() {
        let (mut modern, mut old) = (Vec::new(), Vec::new());
        for (index, size) in [0, 1, 252, 253, 254, 255, 256, 300].into_iter().enumerate() {
            let (flags, body) = ((index % 2) as u8, vec![b'x'; size]);
            encode_frame(flags, &body, &mut modern);
            old.extend_from_slice(encode_header(flags, size as u64).as_slice());
            old.extend_from_slice(&body);
        }
        for cut in (0..=old.len()).step_by(if cfg!(miri) { 61 } else { 1 }) {
            let mut back = Vec::new();
            let first = decode(&old[..cut], None, &mut back).unwrap();
            let second = decode(&old[first.consumed..], None, &mut back).unwrap();
            assert_eq!(first.consumed + second.consumed, old.len());
            assert_eq!(back, modern);
        }
    }

    #[test]
    fn lying_lengths_are_refused() {
        let mut out = Vec::new();
        assert_eq!(decode(&[0], None, &mut out), Err(WireError::EmptyFrame));
        let zero = [255, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(decode(&zero, None, &mut out), Err(WireError::EmptyFrame));
        assert_eq!(decode(&[255; 10], None, &mut out), Err(WireError::FrameTooLarge));
        assert_eq!(decode(&[7, 0], Some(5), &mut out), Err(WireError::FrameTooLarge));
        assert!(out.is_empty());
    }

    #[test]
    fn what_comes_before_a_lying_length_is_translated() {
        let mut out = Vec::new();
        let decoded = decode(&[2, 1, b'x', 0], None, &mut out).unwrap();
        assert_eq!((decoded.consumed, &out[..]), (3, &[1, 1, b'x'][..]));
    }

    #[test]
    fn random_bytes_are_bounded() {
        let mut random = Random::new(2);
        for _ in 0..ROUNDS {
            let input = random.bytes(300);
            let mut out = Vec::new();
            if let Ok(decoded) = decode(&input, Some(1000), &mut out) {
                assert!(decoded.consumed <= input.len());
            }
        }
    }
}
