//! What a peer can do wrong on the wire, and the number that monitors report for it.
//!
//! It never says what to do about it: that is the engine's business.
#![forbid(unsafe_code)]

use crate::error::Error;
use crate::options::ids::protocol_error;

/// Why the bytes of a peer cannot be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WireError {
    /// A frame is longer than the limit, or than any machine could hold.
    FrameTooLarge,
    /// A ZMTP 1 frame claims a length of zero, which has no room even for its flags.
    EmptyFrame,
    /// A command has no whole name, or its body is too short for its name.
    MalformedCommand,
    /// An ERROR command whose reason does not fit its body.
    MalformedError,
    /// A property list with a length that lies.
    InvalidMetadata,
    /// A routing id of more than 255 bytes.
    RoutingIdTooLong,
    /// The peer proposes another security mechanism than ours.
    MechanismMismatch,
    /// The peer speaks a version that knows no security, and we insist on it.
    VersionRefused,
}

impl WireError {
    /// The number that monitors report when this ends a handshake, where `zmq.h` has one.
    pub(crate) fn code(self) -> Option<i32> {
        match self {
            WireError::FrameTooLarge | WireError::EmptyFrame => None,
            WireError::MalformedCommand => Some(protocol_error::ZMTP_MALFORMED_COMMAND_UNSPECIFIED),
            WireError::MalformedError => Some(protocol_error::ZMTP_MALFORMED_COMMAND_ERROR),
            WireError::InvalidMetadata | WireError::RoutingIdTooLong => {
                Some(protocol_error::ZMTP_INVALID_METADATA)
            }
            WireError::MechanismMismatch | WireError::VersionRefused => {
                Some(protocol_error::ZMTP_MECHANISM_MISMATCH)
            }
        }
    }
}

impl From<WireError> for Error {
    fn from(error: WireError) -> Self {
        match error {
            WireError::FrameTooLarge => Error::MessageSize,
            _ => Error::Protocol,
        }
    }
}
