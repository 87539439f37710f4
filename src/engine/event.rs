//! What monitors are told.
#![forbid(unsafe_code)]

use crate::options::ids;
use crate::security::Failure;

/// Something that happened to an endpoint of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// One of the `ZMQ_EVENT_` bits.
    pub id: i32,
    /// A descriptor, an errno, an interval or a code, as the event has it.
    pub value: i32,
    /// The endpoint it happened to.
    pub endpoint: String,
}

impl Event {
    /// Makes an event.
    pub fn new(id: i32, value: i32, endpoint: impl Into<String>) -> Self {
        Self { id, value, endpoint: endpoint.into() }
    }

    /// The event that tells of a failed handshake.
    pub(crate) fn handshake_failed(failure: Failure, endpoint: impl Into<String>) -> Self {
        let (id, value) = match failure {
            Failure::NoDetail(errno) => (ids::EVENT_HANDSHAKE_FAILED_NO_DETAIL, errno),
            Failure::Protocol(code) => (ids::EVENT_HANDSHAKE_FAILED_PROTOCOL, code),
            Failure::Auth(status) => (ids::EVENT_HANDSHAKE_FAILED_AUTH, status),
        };
        Self::new(id, value, endpoint)
    }
}
