//! ZAP 1.0 (RFC 27): what a mechanism asks the application about a peer, and what it may hear.
//!
//! Frames in, frames out: carrying them to `inproc://zeromq.zap.01` and back is the engine's part.
//! Whatever is not a well-formed 200 keeps the peer out.
#![forbid(unsafe_code)]

use std::fmt;

use super::handshake::{Failure, HandshakeError, Peer};
use crate::error::Error;
use crate::options::ids::protocol_error;
use crate::wire::metadata::Properties;

const VERSION: &[u8] = b"1.0";
/// There is only ever one request on the way on a ZAP connection.
const REQUEST_ID: &[u8] = b"1";

/// A question for the ZAP handler.
#[derive(Clone, PartialEq, Eq)]
pub struct ZapRequest {
    /// `ZMQ_ZAP_DOMAIN`.
    pub(crate) domain: Vec<u8>,
    /// The IP address of the peer, if it has one.
    pub(crate) address: Vec<u8>,
    /// The routing id of our own socket.
    pub(crate) routing_id: Vec<u8>,
    /// The name of the mechanism.
    pub(crate) mechanism: &'static str,
    /// Nothing for NULL, user name and password for PLAIN, the public key for CURVE.
    pub(crate) credentials: Vec<Vec<u8>>,
}

impl ZapRequest {
    /// The frames of the request, with the empty delimiter first.
    pub(crate) fn into_frames(self) -> Vec<Vec<u8>> {
        let mut frames = vec![
            Vec::new(),
            VERSION.to_vec(),
            REQUEST_ID.to_vec(),
            self.domain,
            self.address,
            self.routing_id,
            self.mechanism.as_bytes().to_vec(),
        ];
        frames.extend(self.credentials);
        frames
    }
}

impl fmt::Debug for ZapRequest {
    /// Leaves the credentials out: they do not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ZapRequest({} from {})", self.mechanism, self.address.escape_ascii())
    }
}

/// A well-formed reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ZapReply<'a> {
    /// 200, 300, 400 or 500.
    pub(crate) status: u16,
    pub(crate) user_id: &'a [u8],
    pub(crate) properties: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> ZapReply<'a> {
    /// Reads the frames of a reply, with the empty delimiter first.
    pub(crate) fn parse(frames: &[&'a [u8]]) -> Result<Self, HandshakeError> {
        let malformed = |code| Err(HandshakeError::Protocol(code));
        let &[delimiter, version, request_id, status, _text, user_id, metadata] = frames else {
            return malformed(protocol_error::ZAP_MALFORMED_REPLY);
        };
        if !delimiter.is_empty() {
            return malformed(protocol_error::ZAP_UNSPECIFIED);
        }
        if version != VERSION {
            return malformed(protocol_error::ZAP_BAD_VERSION);
        }
        if request_id != REQUEST_ID {
            return malformed(protocol_error::ZAP_BAD_REQUEST_ID);
        }
        let status = match *status {
            [digit @ b'2'..=b'5', b'0', b'0'] => u16::from(digit - b'0') * 100,
            _ => return malformed(protocol_error::ZAP_INVALID_STATUS_CODE),
        };
        match Properties::new(metadata).collect() {
            Ok(properties) => Ok(ZapReply { status, user_id, properties }),
            Err(_) => malformed(protocol_error::ZAP_INVALID_METADATA),
        }
    }
}

/// Where a mechanism stands with its one question to the ZAP handler.
#[derive(Debug, Default)]
pub(crate) enum Gate {
    /// Nothing has to be asked (yet).
    #[default]
    Idle,
    /// The request waits for the engine to take it.
    Due(ZapRequest),
    /// The request is on its way.
    Waiting,
    /// The handler let the peer in.
    Passed,
    /// The handler refused; the monitor may not know it yet.
    Denied { status: u16, reported: bool },
}

impl Gate {
    pub(crate) fn take_request(&mut self) -> Option<ZapRequest> {
        match std::mem::replace(self, Gate::Waiting) {
            Gate::Due(request) => Some(request),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Takes a reply; what it says of the peer goes to `peer`.
    pub(crate) fn reply(
        &mut self,
        frames: &[&[u8]],
        peer: &mut Peer,
    ) -> Result<(), HandshakeError> {
        if !matches!(self, Gate::Waiting) {
            return Err(HandshakeError::Protocol(protocol_error::ZAP_UNSPECIFIED));
        }
        let reply = ZapReply::parse(frames)?;
        if reply.status == 200 {
            peer.add_zap(reply.user_id, &reply.properties);
            *self = Gate::Passed;
        } else {
            *self = Gate::Denied { status: reply.status, reported: false };
        }
        Ok(())
    }

    /// There is nobody to ask. Where an answer is `required`, that keeps the peer out.
    pub(crate) fn unavailable(&mut self, required: bool) -> Result<(), HandshakeError> {
        if required {
            return Err(HandshakeError::Local(Error::Fault));
        }
        if self.is_open() {
            *self = Gate::Passed;
        }
        Ok(())
    }

    /// Whether a question is open.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Gate::Due(_) | Gate::Waiting)
    }

    /// The status with which the handler refused the peer.
    pub(crate) fn denied(&self) -> Option<u16> {
        match self {
            Gate::Denied { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The refusal, once, for the monitor.
    pub(crate) fn take_failure(&mut self) -> Option<Failure> {
        match self {
            Gate::Denied { status, reported } if !*reported => {
                *reported = true;
                Some(Failure::Auth(i32::from(*status)))
            }
            _ => None,
        }
    }

    /// The ERROR command that tells the peer of a refusal. A temporary one (300) is kept silent,
    /// so that the peer tries again.
    pub(crate) fn error_command(&self) -> Option<Vec<u8>> {
        let status = self.denied().filter(|status| *status != 300)?;
        let reason = status.to_string();
        let mut body = Vec::new();
        crate::wire::Command::Error { reason: reason.as_bytes() }.encode_body(&mut body);
        Some(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::testing::zap_frames;
    use crate::wire::testing::{Random, ROUNDS};

    fn code_of(frames: &[&[u8]]) -> i32 {
        match ZapReply::parse(frames) {
            Err(HandshakeError::Protocol(code)) => code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn good_replies_are_read() {
        let frames = zap_frames(b"200", b"alice", b"\x03X-A\0\0\0\x01v");
        let reply = ZapReply::parse(&frames).unwrap();
        assert_eq!((reply.status, reply.user_id), (200, &b"alice"[..]));
        assert_eq!(reply.properties, [(&b"X-A"[..], &b"v"[..])]);
    }

    #[test]
    fn bad_replies_have_their_codes() {
        let good = zap_frames(b"200", b"", b"");
        let with = |at: usize, frame: &'static [u8]| {
            let mut frames = good;
            frames[at] = frame;
            code_of(&frames)
        };
        assert_eq!(with(0, b"x"), protocol_error::ZAP_UNSPECIFIED);
        assert_eq!(with(1, b"1.1"), protocol_error::ZAP_BAD_VERSION);
        assert_eq!(with(2, b"2"), protocol_error::ZAP_BAD_REQUEST_ID);
        for status in [&b"100"[..], b"201", b"600", b"20", b"2000", b""] {
            assert_eq!(
                code_of(&zap_frames(status, b"", b"")),
                protocol_error::ZAP_INVALID_STATUS_CODE
            );
        }
        assert_eq!(with(6, b"\x01"), protocol_error::ZAP_INVALID_METADATA);
        assert_eq!(code_of(&good[..6]), protocol_error::ZAP_MALFORMED_REPLY);
        assert_eq!(
            code_of(&[&good[..], &[&b""[..]]].concat()),
            protocol_error::ZAP_MALFORMED_REPLY
        );
        assert_eq!(code_of(&[]), protocol_error::ZAP_MALFORMED_REPLY);
    }

    #[test]
    fn random_replies_do_no_harm() {
        let mut random = Random::new(6);
        for _ in 0..ROUNDS {
            let images =
                zap_frames(b"200", b"me", b"\x01a\0\0\0\x01b").map(|frame| random.mutated(frame));
            let frames: Vec<&[u8]> = images.iter().map(|frame| &frame[..]).collect();
            let mut gate = Gate::Waiting;
            let mut peer = Peer::default();
            let passed = gate.reply(&frames, &mut peer).is_ok() && gate.denied().is_none();
            assert!(!passed || images[3] == b"200");
        }
    }

    #[test]
    fn a_reply_that_was_not_asked_for_is_refused() {
        let frames = zap_frames(b"200", b"", b"");
        for mut gate in [Gate::Idle, Gate::Passed] {
            assert!(gate.reply(&frames, &mut Peer::default()).is_err());
        }
    }
}
