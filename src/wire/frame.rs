//! Frames of ZMTP 2 and 3: a flags byte, a length of one or eight bytes, a body.
//!
//! [`scan`] is the receive hot path: it walks the frames of a received block without looking into
//! them. It never copies and never remembers: what is incomplete, the caller shows again.
//!
//! Reserved flag bits MUST be zero (RFC 23 and 37), and a frame with one of them ends its
//! connection: what it means was never agreed on, and some later version may say that its body is
//! no message. libzmq looks the other way. What is here only measures frames; [`RESERVED`] is for
//! those who take them in.
#![forbid(unsafe_code)]

use super::error::WireError;

/// Flag: more frames of the same message follow.
pub(crate) const MORE: u8 = 1;
/// Flag: the length has eight bytes.
pub(crate) const LONG: u8 = 2;
/// Flag: the body is a command.
pub(crate) const COMMAND: u8 = 4;

/// Flags without a meaning: see the module.
pub(crate) const RESERVED: u8 = !(MORE | LONG | COMMAND);

/// The length of the longest header.
pub(crate) const MAX_HEADER: usize = 9;
/// No body can be longer than this: the specification's limit, and no sum with it overflows.
const MAX_BODY: u64 = i64::MAX as u64;

/// The bytes of one header, without an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderBytes {
    pub(super) bytes: [u8; 10],
    pub(super) len: u8,
}

impl HeaderBytes {
    /// The header as it goes on the wire.
    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len).min(10)]
    }
}

impl AsRef<[u8]> for HeaderBytes {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

/// The header of a frame with these flags (`MORE`, `COMMAND`) and this body length.
#[inline]
pub fn encode_header(flags: u8, body_len: u64) -> HeaderBytes {
    let mut bytes = [0; 10];
    let len = match u8::try_from(body_len) {
        Ok(short) => {
            bytes[0] = flags & !LONG;
            bytes[1] = short;
            2
        }
        Err(_) => {
            bytes[0] = flags | LONG;
            bytes[1..9].copy_from_slice(&body_len.to_be_bytes());
            9
        }
    };
    HeaderBytes { bytes, len }
}

/// Appends a whole frame.
#[inline]
pub fn encode_frame(flags: u8, body: &[u8], out: &mut Vec<u8>) {
    let header = encode_header(flags, body.len() as u64);
    out.reserve(MAX_HEADER + body.len());
    out.extend_from_slice(header.as_slice());
    out.extend_from_slice(body);
}

/// What the first bytes of a frame say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// The header itself is not whole: at least this many bytes of the frame are needed.
    Incomplete(usize),
    /// A whole header; the body may still be on its way.
    Frame { flags: u8, header_len: usize, body_len: u64 },
}

/// Reads a header. `max_size` is `ZMQ_MAXMSGSIZE`: the longest body that is accepted.
#[inline]
pub(crate) fn parse_header(buf: &[u8], max_size: Option<u64>) -> Result<Header, WireError> {
    let (flags, header_len, body_len) = match *buf {
        [] | [_] => return Ok(Header::Incomplete(2)),
        [flags, len, ..] if flags & LONG == 0 => (flags, 2, u64::from(len)),
        [flags, ref rest @ ..] => match rest.first_chunk::<8>() {
            Some(len) => (flags, MAX_HEADER, u64::from_be_bytes(*len)),
            None => return Ok(Header::Incomplete(MAX_HEADER)),
        },
    };
    check_size(body_len, max_size)?;
    Ok(Header::Frame { flags, header_len, body_len })
}

/// Whether a body of this length is acceptable, and can be held in memory at all.
#[inline]
pub(super) fn check_size(body_len: u64, max_size: Option<u64>) -> Result<(), WireError> {
    let limit = max_size.unwrap_or(MAX_BODY).min(MAX_BODY).min(isize::MAX as u64);
    if body_len > limit {
        return Err(WireError::FrameTooLarge);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_survive_the_round_trip() {
        for flags in [0, MORE, COMMAND] {
            for size in [0u64, 1, 255, 256, 65_536, i64::MAX as u64] {
                let header = encode_header(flags, size);
                let long = if size > 255 { LONG } else { 0 };
                let header_len = header.as_slice().len();
                assert_eq!(header_len, if size > 255 { 9 } else { 2 });
                assert_eq!(
                    parse_header(header.as_slice(), None),
                    Ok(Header::Frame { flags: flags | long, header_len, body_len: size })
                );
                for cut in 0..header_len {
                    match parse_header(&header.as_slice()[..cut], None) {
                        Ok(Header::Incomplete(need)) => assert!(need > cut && need <= header_len),
                        other => panic!("cut at {cut}: {other:?}"),
                    }
                }
            }
        }
    }

    #[test]
    fn lengths_over_the_limit_are_refused() {
        let huge = [LONG, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        assert_eq!(parse_header(&huge, None), Err(WireError::FrameTooLarge));
        assert_eq!(parse_header(&huge, Some(u64::MAX)), Err(WireError::FrameTooLarge));
        assert_eq!(parse_header(&[0, 6], Some(5)), Err(WireError::FrameTooLarge));
        assert!(parse_header(&[0, 5], Some(5)).is_ok());
    }

    #[test]
    fn reserved_flags_do_not_change_where_a_frame_ends() {
        let frame = Header::Frame { flags: RESERVED, header_len: 2, body_len: 1 };
        assert_eq!((RESERVED, parse_header(&[RESERVED, 1, b'a'], None)), (0xF8, Ok(frame)));
    }
}
