//! Frames of ZMTP 1 and 2: the codec by itself. How a connection reads them is `receive`.

use crate::fuzzing::input::{pieces, Input};
use crate::fuzzing::zmq::frame::{encode_frame, parse_header, Header};
use crate::fuzzing::zmq::{legacy, WireError};

/// Frames with their flags and bodies, and what ended them.
type Found = (Vec<(u8, Vec<u8>)>, Option<WireError>);

/// Up to this length the bytes also come one by one.
const SHORT: usize = 256;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let max = input.flag().then(|| u64::from(input.u16()));
    let (lengths, bytes) = (input.bytes(), input.rest());
    by_header(bytes, max);
    if bytes.len() <= SHORT {
        let ones = vec![1; bytes.len()];
        assert_eq!(ancient(bytes, &[], max), ancient(bytes, &ones, max));
    }
    let old = ancient(bytes, &[], max);
    assert_eq!(old, ancient(bytes, lengths, max));
    there_and_back(&old.0);
}

/// One by one.
fn by_header(mut rest: &[u8], max: Option<u64>) -> Found {
    let mut found = Vec::new();
    loop {
        match parse_header(rest, max) {
            Ok(Header::Frame { flags, header_len, body_len }) => {
                let body = &rest[header_len..];
                if body_len > body.len() as u64 {
                    return (found, None);
                }
                let (body, behind) = body.split_at(body_len as usize);
                found.push((flags, body.to_vec()));
                rest = behind;
            }
            Ok(Header::Incomplete(want)) => {
                assert!(want > rest.len());
                return (found, None);
            }
            Err(error) => return (found, Some(error)),
        }
    }
}

fn ancient(bytes: &[u8], lengths: &[u8], max: Option<u64>) -> Found {
    let (mut kept, mut out) = (Vec::new(), Vec::new());
    let mut error = None;
    for piece in pieces(bytes, lengths) {
        kept.extend_from_slice(piece);
        error = all_of(&mut kept, max, &mut out).err();
        if error.is_some() {
            break;
        }
    }
    let (frames, bad) = by_header(&out, None);
    assert_eq!(bad, None);
    (frames, error)
}

/// Translates what is whole. A frame that is no good shows when it is the first.
fn all_of(kept: &mut Vec<u8>, max: Option<u64>, out: &mut Vec<u8>) -> Result<(), WireError> {
    loop {
        let decoded = legacy::decode(kept, max, out)?;
        assert!(decoded.consumed > 0 || !legacy::has_frame(kept));
        kept.drain(..decoded.consumed);
        assert!(decoded.frame_total.is_none_or(|total| total > kept.len() as u64));
        if decoded.consumed == 0 {
            return Ok(());
        }
    }
}

fn there_and_back(frames: &[(u8, Vec<u8>)]) {
    let (mut modern, mut old, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for (flags, body) in frames {
        encode_frame(*flags, body, &mut modern);
        old.extend_from_slice(legacy::encode_header(*flags, body.len() as u64).as_slice());
        old.extend_from_slice(body);
    }
    let decoded = legacy::decode(&old, None, &mut back).unwrap();
    assert_eq!((decoded.consumed, back), (old.len(), modern));
}
