//! What the mechanisms share: what we tell of ourselves, what the peer told of itself, and how a
//! handshake can fail.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use crate::error::Error;
use crate::options::ids::protocol_error;
use crate::options::SocketType;
use crate::wire::error::WireError;
use crate::wire::metadata::{self, Properties};
use crate::wire::Command;

const MAX_ROUTING_ID: usize = 255;
/// The property under which messages show the user id that the ZAP handler gave.
pub(crate) const USER_ID: &[u8] = b"User-Id";

/// How a handshake fails. All of these close the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandshakeError {
    /// The peer or the ZAP handler broke the protocol: a `ZMQ_PROTOCOL_ERROR_*` number.
    Protocol(i32),
    /// The peer sent an ERROR command, with this reason.
    Refused {
        /// As the peer put it.
        reason: Vec<u8>,
    },
    /// Something of ours is missing.
    Local(Error),
}

/// What a monitor is told of a failed handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// `ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL`, with an errno.
    NoDetail(i32),
    /// `ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL`, with a `ZMQ_PROTOCOL_ERROR_*` number.
    Protocol(i32),
    /// `ZMQ_EVENT_HANDSHAKE_FAILED_AUTH`, with a ZAP status: 300, 400 or 500.
    Auth(i32),
}

impl HandshakeError {
    pub(crate) const UNEXPECTED: Self =
        HandshakeError::Protocol(protocol_error::ZMTP_UNEXPECTED_COMMAND);

    /// What the monitor is told.
    pub(crate) fn failure(&self) -> Failure {
        match self {
            HandshakeError::Protocol(code) => Failure::Protocol(*code),
            HandshakeError::Refused { reason } => match reason[..] {
                [digit @ b'3'..=b'5', b'0', b'0'] => Failure::Auth(i32::from(digit - b'0') * 100),
                _ => Failure::Protocol(protocol_error::ZMTP_UNSPECIFIED),
            },
            HandshakeError::Local(error) => Failure::NoDetail(error.errno()),
        }
    }
}

impl From<WireError> for HandshakeError {
    fn from(error: WireError) -> Self {
        HandshakeError::Protocol(error.code().unwrap_or(protocol_error::ZMTP_UNSPECIFIED))
    }
}

/// What we tell of ourselves, and where to ask about the peer.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its socket type.
    pub socket_type: SocketType,
    /// Its routing id; empty if it has none.
    pub routing_id: Vec<u8>,
    /// Application metadata (`ZMQ_METADATA`): names that begin with `X-`, and their values.
    pub metadata: Vec<(Vec<u8>, Vec<u8>)>,
    /// Empty: the NULL mechanism asks no ZAP handler.
    pub zap_domain: Vec<u8>,
    /// A missing ZAP handler is a failure for NULL too.
    pub zap_enforce_domain: bool,
    /// The address that the ZAP handler is told.
    pub peer_address: Vec<u8>,
}

impl Local {
    /// A command body: the name, then the properties that every mechanism sends.
    pub(crate) fn command(&self, name: &[u8]) -> Result<Vec<u8>, HandshakeError> {
        let mut properties = Vec::new();
        self.properties(&mut properties)?;
        let mut body = Vec::with_capacity(1 + name.len() + properties.len());
        Command::Unknown { name, data: &properties }.encode_body(&mut body);
        Ok(body)
    }

    /// Appends socket type, routing id (where the type sends one) and application metadata.
    pub(crate) fn properties(&self, out: &mut Vec<u8>) -> Result<(), WireError> {
        metadata::put(out, metadata::SOCKET_TYPE, self.socket_type.name().as_bytes())?;
        if self.socket_type.facts().tells_routing_id {
            metadata::put(out, metadata::IDENTITY, &self.routing_id)?;
        }
        for (name, value) in &self.metadata {
            metadata::put(out, name, value)?;
        }
        Ok(())
    }
}

/// A property list as kept: a map, so that a list with a million names costs no quadratic time.
pub(crate) type PropertyMap = BTreeMap<Vec<u8>, Vec<u8>>;

/// What the peer, and the ZAP handler, said of the peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// Not every peer names it, and libzmq does not insist.
    pub(crate) socket_type: Option<SocketType>,
    /// Empty when the peer has none.
    pub(crate) routing_id: Vec<u8>,
    /// What the ZAP handler called the peer.
    pub(crate) user_id: Vec<u8>,
    /// What messages show: the ZAP handler's properties (with `User-Id`), and the peer's own,
    /// `Socket-Type` and `Identity` included. The handler's word outweighs the peer's; otherwise
    /// the first of a name wins.
    pub(crate) properties: PropertyMap,
}

impl Peer {
    /// Takes the peer's own property list.
    pub(crate) fn read(&mut self, list: &[u8], local: SocketType) -> Result<(), HandshakeError> {
        for item in Properties::new(list) {
            let (name, value) = item?;
            match name {
                metadata::SOCKET_TYPE => self.set_socket_type(value, local)?,
                metadata::IDENTITY if value.len() > MAX_ROUTING_ID => {
                    return Err(WireError::RoutingIdTooLong.into());
                }
                metadata::IDENTITY => self.routing_id = value.to_vec(),
                _ => {}
            }
            self.add_property(name, value);
        }
        Ok(())
    }

    fn set_socket_type(&mut self, name: &[u8], local: SocketType) -> Result<(), WireError> {
        match SocketType::from_wire_name(name) {
            Some(peer) if local.accepts(peer) => {
                self.socket_type = Some(peer);
                Ok(())
            }
            _ => Err(WireError::InvalidMetadata),
        }
    }

    /// The value of a property.
    #[cfg(test)]
    pub(crate) fn property(&self, name: &[u8]) -> Option<&[u8]> {
        self.properties.get(name).map(Vec::as_slice)
    }

    /// Adds a property, unless the name is taken.
    pub(crate) fn add_property(&mut self, name: &[u8], value: &[u8]) {
        self.properties.entry(name.to_vec()).or_insert_with(|| value.to_vec());
    }

    /// Takes what the ZAP handler said: it replaces what the peer said of itself.
    pub(crate) fn add_zap(&mut self, user_id: &[u8], properties: &[(&[u8], &[u8])]) {
        let own = std::mem::take(&mut self.properties);
        self.user_id = user_id.to_vec();
        self.add_property(USER_ID, user_id);
        for (name, value) in properties {
            self.add_property(name, value);
        }
        for (name, value) in own {
            self.properties.entry(name).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zap_statuses_are_authentication_failures() {
        let failure = |reason: &[u8]| HandshakeError::Refused { reason: reason.to_vec() }.failure();
        assert_eq!(failure(b"300"), Failure::Auth(300));
        assert_eq!(failure(b"500"), Failure::Auth(500));
        for reason in [&b"200"[..], b"600", b"401", b"4000", b""] {
            assert_eq!(failure(reason), Failure::Protocol(protocol_error::ZMTP_UNSPECIFIED));
        }
    }

    #[test]
    fn the_zap_handler_has_the_first_word() {
        let mut peer = Peer::default();
        peer.add_property(b"X-A", b"peer");
        peer.add_property(b"User-Id", b"forged");
        peer.add_zap(b"alice", &[(b"X-A", b"handler"), (b"X-A", b"again")]);
        peer.add_property(b"X-A", b"late");
        assert_eq!(peer.property(b"User-Id"), Some(&b"alice"[..]));
        assert_eq!(peer.property(b"X-A"), Some(&b"handler"[..]));
        assert_eq!(peer.properties.len(), 2);
    }
}
