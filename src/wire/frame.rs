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
pub const MORE: u8 = 1;
/// Flag: the length has eight bytes.
pub const LONG: u8 = 2;
/// Flag: the body is a command.
pub const COMMAND: u8 = 4;

/// Flags without a meaning: see the module.
pub const RESERVED: u8 = !(MORE | LONG | COMMAND);

/// The length of the longest header.
pub const MAX_HEADER: usize = 9;
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
    pub fn as_slice(&self) -> &[u8] {
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
pub enum Header {
    /// The header itself is not whole: at least this many bytes of the frame are needed.
    Incomplete(usize),
    /// A whole header; the body may still be on its way.
    Frame { flags: u8, header_len: usize, body_len: u64 },
}

/// Reads a header. `max_size` is `ZMQ_MAXMSGSIZE`: the longest body that is accepted.
#[inline]
pub fn parse_header(buf: &[u8], max_size: Option<u64>) -> Result<Header, WireError> {
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

/// What a received block begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Bytes up to the end of the last whole message.
    pub complete: usize,
    /// Bytes up to the end of the last whole frame (at least `complete`).
    pub frames_end: usize,
    /// How many messages end within `complete`: frames without `MORE`.
    pub messages: usize,
    /// Why the scan ended at `frames_end`.
    pub stop: Stop,
}

/// Why a scan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The next frame is not whole. Its length with the header, if that much is known.
    NeedMore { frame_total: Option<u64> },
    /// The next frame is a whole command, and begins at `at` (which is `frames_end`).
    Command { at: usize, header_len: usize, body_len: usize },
    /// The next frame cannot be accepted.
    Error(WireError),
}

/// Walks the whole message frames at the start of `buf`, up to a command, an error or the end.
///
/// A frame that is not whole is not counted: show its beginning again with what follows. A block
/// may begin in the middle of a message; its last part counts as a message.
#[inline]
pub fn scan(buf: &[u8], max_size: Option<u64>) -> Scan {
    let short_limit = max_size.unwrap_or(u64::MAX).min(255) as usize;
    let mut scan = Scan {
        complete: 0,
        frames_end: 0,
        messages: 0,
        stop: Stop::NeedMore { frame_total: None },
    };
    let mut rest = buf;
    loop {
        // Short message frames stay in this loop; everything else is looked at below.
        while let [flags, len, tail @ ..] = rest {
            let len = usize::from(*len);
            if flags & (LONG | COMMAND) != 0 || len > short_limit || len > tail.len() {
                break;
            }
            rest = &tail[len..];
            if flags & MORE == 0 {
                scan.messages += 1;
                scan.complete = buf.len() - rest.len();
            }
        }
        scan.frames_end = buf.len() - rest.len();
        match step(rest, scan.frames_end, max_size) {
            Step::Message { flags, total } => {
                rest = &rest[total..];
                if flags & MORE == 0 {
                    scan.messages += 1;
                    scan.complete = buf.len() - rest.len();
                }
            }
            Step::Stop(stop) => {
                scan.stop = stop;
                return scan;
            }
        }
    }
}

enum Step {
    Message { flags: u8, total: usize },
    Stop(Stop),
}

/// Looks at one frame of any kind. A `Message` is whole: `total <= rest.len()`.
fn step(rest: &[u8], at: usize, max_size: Option<u64>) -> Step {
    let (flags, header_len, body_len) = match parse_header(rest, max_size) {
        Ok(Header::Frame { flags, header_len, body_len }) => (flags, header_len, body_len),
        Ok(Header::Incomplete(_)) => return Step::Stop(Stop::NeedMore { frame_total: None }),
        Err(error) => return Step::Stop(Stop::Error(error)),
    };
    let available = rest.len() - header_len;
    match usize::try_from(body_len) {
        Ok(body_len) if body_len <= available => {
            if flags & COMMAND != 0 {
                return Step::Stop(Stop::Command { at, header_len, body_len });
            }
            Step::Message { flags, total: header_len + body_len }
        }
        _ => {
            let frame_total = Some(body_len.saturating_add(header_len as u64));
            Step::Stop(Stop::NeedMore { frame_total })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::{Random, ROUNDS};

    const SIZES: [usize; 9] = [0, 1, 32, 254, 255, 256, 257, 300, 8192];

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
        assert_eq!(scan(&[0, 1, b'a', 0, 6], Some(5)).stop, Stop::Error(WireError::FrameTooLarge));
        assert_eq!(scan(&[0, 1, b'a', 0, 6], Some(5)).frames_end, 3);
        assert_eq!(scan(&huge, None).stop, Stop::Error(WireError::FrameTooLarge));
    }

    #[test]
    fn reserved_flags_do_not_change_where_a_frame_ends() {
        let scan = scan(&[RESERVED, 1, b'a'], None);
        assert_eq!((RESERVED, scan.messages, scan.complete), (0xF8, 1, 3));
    }

    #[test]
    fn every_cut_of_a_block_is_scanned_alike() {
        let mut block = Vec::new();
        let mut ends = vec![(0, 0, 0)];
        for (index, size) in SIZES.iter().enumerate() {
            let flags = if index % 3 == 1 { MORE } else { 0 };
            encode_frame(flags, &vec![7; *size], &mut block);
            let (_, complete, messages) = ends[ends.len() - 1];
            ends.push(match flags {
                MORE => (block.len(), complete, messages),
                _ => (block.len(), block.len(), messages + 1),
            });
        }
        let step = if cfg!(miri) { 97 } else { 1 };
        for cut in (0..=block.len()).step_by(step) {
            let found = scan(&block[..cut], None);
            let (frames_end, complete, messages) =
                ends.iter().copied().rfind(|end| end.0 <= cut).unwrap_or_default();
            assert_eq!(
                (found.frames_end, found.complete, found.messages),
                (frames_end, complete, messages),
                "cut at {cut}"
            );
            if let Stop::NeedMore { frame_total: Some(total) } = found.stop {
                assert!(ends.iter().any(|end| end.0 as u64 == frames_end as u64 + total));
            }
        }
    }

    #[test]
    fn a_command_stops_the_scan_when_it_is_whole() {
        let mut block = Vec::new();
        encode_frame(MORE, b"ab", &mut block);
        encode_frame(COMMAND, b"\x04PONG", &mut block);
        encode_frame(0, b"cd", &mut block);
        let found = scan(&block, None);
        assert_eq!((found.complete, found.frames_end, found.messages), (0, 4, 0));
        assert_eq!(found.stop, Stop::Command { at: 4, header_len: 2, body_len: 5 });
        assert_eq!(scan(&block[..10], None).stop, Stop::NeedMore { frame_total: Some(7) });
        let after = scan(&block[11..], None);
        assert_eq!((after.complete, after.messages), (4, 1));
    }

    #[test]
    fn random_blocks_are_bounded() {
        let mut random = Random::new(1);
        for _ in 0..ROUNDS {
            let block = random.bytes(400);
            let limit = [None, Some(0), Some(100), Some(u64::MAX)][random.below(4)];
            let found = scan(&block, limit);
            assert!(found.complete <= found.frames_end && found.frames_end <= block.len());
            if let Stop::Command { at, header_len, body_len } = found.stop {
                assert!(at == found.frames_end && at + header_len + body_len <= block.len());
            }
        }
    }
}
