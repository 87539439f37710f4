//! What a peer can do wrong on the wire, and the number that monitors report for it.
//!
//! It never says what to do about it: that is the engine's business.
#![forbid(unsafe_code)]

use crate::error::Error;

/// The `ZMQ_PROTOCOL_ERROR_*` numbers of `zmq.h`, the values of `ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL`.
pub mod code {
    pub const ZMTP_UNSPECIFIED: i32 = 0x1000_0000;
    pub const ZMTP_UNEXPECTED_COMMAND: i32 = 0x1000_0001;
    pub const ZMTP_INVALID_SEQUENCE: i32 = 0x1000_0002;
    pub const ZMTP_KEY_EXCHANGE: i32 = 0x1000_0003;
    pub const ZMTP_MALFORMED_COMMAND_UNSPECIFIED: i32 = 0x1000_0011;
    pub const ZMTP_MALFORMED_COMMAND_MESSAGE: i32 = 0x1000_0012;
    pub const ZMTP_MALFORMED_COMMAND_HELLO: i32 = 0x1000_0013;
    pub const ZMTP_MALFORMED_COMMAND_INITIATE: i32 = 0x1000_0014;
    pub const ZMTP_MALFORMED_COMMAND_ERROR: i32 = 0x1000_0015;
    pub const ZMTP_MALFORMED_COMMAND_READY: i32 = 0x1000_0016;
    pub const ZMTP_MALFORMED_COMMAND_WELCOME: i32 = 0x1000_0017;
    pub const ZMTP_INVALID_METADATA: i32 = 0x1000_0018;
    pub const ZMTP_CRYPTOGRAPHIC: i32 = 0x1100_0001;
    pub const ZMTP_MECHANISM_MISMATCH: i32 = 0x1100_0002;
    pub const ZAP_UNSPECIFIED: i32 = 0x2000_0000;
    pub const ZAP_MALFORMED_REPLY: i32 = 0x2000_0001;
    pub const ZAP_BAD_REQUEST_ID: i32 = 0x2000_0002;
    pub const ZAP_BAD_VERSION: i32 = 0x2000_0003;
    pub const ZAP_INVALID_STATUS_CODE: i32 = 0x2000_0004;
    pub const ZAP_INVALID_METADATA: i32 = 0x2000_0005;
    pub const WS_UNSPECIFIED: i32 = 0x3000_0000;
}

/// Why the bytes of a peer cannot be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WireError {
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
    pub fn code(self) -> Option<i32> {
        match self {
            WireError::FrameTooLarge | WireError::EmptyFrame => None,
            WireError::MalformedCommand => Some(code::ZMTP_MALFORMED_COMMAND_UNSPECIFIED),
            WireError::MalformedError => Some(code::ZMTP_MALFORMED_COMMAND_ERROR),
            WireError::InvalidMetadata | WireError::RoutingIdTooLong => {
                Some(code::ZMTP_INVALID_METADATA)
            }
            WireError::MechanismMismatch | WireError::VersionRefused => {
                Some(code::ZMTP_MECHANISM_MISMATCH)
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
