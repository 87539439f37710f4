//! The greeting: the first bytes of a connection, from which both ends learn what the other speaks.
//!
//! We begin with a signature of ten bytes that a ZMTP 1 peer takes for the header of our routing
//! id, and say more only when the peer's answer shows that it will understand:
//!
//! | the peer's bytes | it speaks | we answer |
//! | --- | --- | --- |
//! | first not FF, or tenth even | ZMTP 1, unversioned | the body of our routing id |
//! | eleventh 0 | ZMTP 1 with a revision | 3, socket type, routing id as a v1 frame |
//! | eleventh 1 or 2 | ZMTP 2 | 3, socket type, routing id as a v2 frame |
//! | eleventh 3 or more | ZMTP 3 | 3, 1, mechanism, as-server, filler |
//!
//! libzmq closes the connection when it hears of another mechanism, even before it has named its own. An end that
//! wants to know may therefore be [`reserved`](Greeting::reserved), and say its own after the peer's.
//!
//! Peers before ZMTP 3 send their routing id as their first frame; the greeting reads that too, so
//! that nothing has to be replayed. It never takes a byte that is not its own.
#![forbid(unsafe_code)]

use super::error::WireError;
use super::frame::{encode_frame, parse_header, Header};
use super::legacy::{self, parse_v1_header};
use crate::options::SocketType;

const SIGNATURE_LEN: usize = 10;
const REVISION_AT: usize = 10;
const LEGACY_LEN: usize = 12;
const V3_LEN: usize = 64;
/// The version that we speak: 3.1.
const OUR_VERSION: [u8; 2] = [3, 1];
const MAX_ROUTING_ID: u64 = 255;

/// The protocol of a connection, as the older end of it decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Version {
    /// ZMTP 1.0 of libzmq 2, which knows no greeting.
    V1Unversioned,
    /// ZMTP 1.0 framing after a greeting with revision 0.
    V1,
    /// ZMTP 2.0.
    V2,
    /// ZMTP 3.0: subscriptions are messages.
    V3_0,
    /// ZMTP 3.1: subscriptions are commands.
    V3_1,
}

impl Version {
    /// Whether frames have the ZMTP 1 layout (see [`legacy`]).
    pub(crate) fn is_v1(self) -> bool {
        self < Version::V2
    }

    /// Whether a security mechanism, NULL included, follows the greeting.
    pub(crate) fn has_mechanism(self) -> bool {
        self >= Version::V3_0
    }
}

/// The name of a security mechanism, padded with zeros as in the greeting.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct MechanismName(pub(crate) [u8; 20]);

impl MechanismName {
    pub(crate) const NULL: Self = Self::new("NULL");
    pub(crate) const PLAIN: Self = Self::new("PLAIN");
    pub(crate) const CURVE: Self = Self::new("CURVE");

    /// The first twenty bytes of `name`, padded with zeros.
    pub(crate) const fn new(name: &str) -> Self {
        let mut field = [0; 20];
        let mut at = 0;
        while at < name.len() && at < field.len() {
            field[at] = name.as_bytes()[at];
            at += 1;
        }
        MechanismName(field)
    }
}

impl std::fmt::Debug for MechanismName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        write!(f, "{}", self.0[..end].escape_ascii())
    }
}

/// What we have to say of ourselves.
#[derive(Clone, Debug)]
pub(crate) struct GreetingConfig {
    pub(crate) mechanism: MechanismName,
    /// The as-server byte. libzmq leaves it 0 on both sides, and so should who wants its bytes.
    pub(crate) as_server: bool,
    /// Refuse peers before ZMTP 3 even with NULL, as a ZAP domain demands. Any mechanism other
    /// than NULL refuses them anyway.
    pub(crate) require_v3: bool,
    pub(crate) routing_id: Vec<u8>,
    pub(crate) socket_type: SocketType,
}

/// What we know of the peer when the greeting is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) version: Version,
    /// The peer's mechanism, which is also ours; zeros before ZMTP 3.
    pub(crate) mechanism: MechanismName,
    /// The peer's as-server byte.
    pub(crate) as_server: bool,
    /// The socket type that a ZMTP 1 or 2 greeting names; libzmq does not check it.
    pub(crate) socket_type: Option<u8>,
    /// The routing id of a peer before ZMTP 3 (it may be empty); later ones send it as metadata.
    pub(crate) routing_id: Option<Vec<u8>>,
    /// The peer may be too old to send subscriptions: a PUB or XPUB acts as if it had subscribed
    /// to everything.
    pub(crate) phantom_subscription: bool,
}

/// One end of the exchange. Feed it with [`input`](Self::input), and after each call (and once
/// before the first) send what [`output`](Self::output) gives.
#[derive(Debug)]
pub(crate) struct Greeting {
    config: GreetingConfig,
    pending: Vec<u8>,
    received: Vec<u8>,
    phase: Phase,
    /// `received` must have this length before the phase can end.
    want: usize,
    peer_socket_type: Option<u8>,
    is_reserved: bool,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    FirstByte,
    Signature,
    Revision,
    /// The socket type of a ZMTP 1 or 2 greeting.
    SocketType(Version),
    V3,
    /// The first frame of a peer before ZMTP 3.
    RoutingId(Version),
    Done,
    Failed(WireError),
}

impl Greeting {
    pub(crate) fn new(config: GreetingConfig) -> Self {
        let mut pending = vec![0xFF];
        let counted = (config.routing_id.len() as u64).saturating_add(1);
        pending.extend_from_slice(&counted.to_be_bytes());
        pending.push(0x7F);
        Greeting {
            config,
            pending,
            received: Vec::with_capacity(V3_LEN),
            phase: Phase::FirstByte,
            want: 1,
            peer_socket_type: None,
            is_reserved: false,
        }
    }

    /// Says which mechanism it speaks only after a peer with ZMTP 3 has said so.
    pub(crate) fn reserved(self) -> Self {
        Greeting { is_reserved: true, ..self }
    }

    /// Does a peer with ZMTP 3 know our mechanism, while it has not named its own? If it goes now, it may
    /// have refused ours.
    pub(crate) fn waits_for_mechanism(&self) -> bool {
        matches!(self.phase, Phase::V3) && !self.is_reserved
    }

    /// Appends what is to be sent now.
    pub(crate) fn output(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.pending);
    }

    /// Takes bytes of the peer: how many were taken, and the outcome once the greeting is over.
    /// Bytes that were not taken belong to the next layer.
    pub(crate) fn input(&mut self, bytes: &[u8]) -> Result<(usize, Option<Outcome>), WireError> {
        let mut rest = bytes;
        loop {
            match self.phase {
                Phase::Done => return Ok((bytes.len() - rest.len(), None)),
                Phase::Failed(error) => return Err(error),
                _ => {}
            }
            let missing = self.want.saturating_sub(self.received.len());
            let (taken, left) = rest.split_at(missing.min(rest.len()));
            self.received.extend_from_slice(taken);
            rest = left;
            if taken.len() < missing {
                return Ok((bytes.len() - rest.len(), None));
            }
            match self.advance() {
                Ok(None) => {}
                Ok(Some(outcome)) => {
                    self.phase = Phase::Done;
                    return Ok((bytes.len() - rest.len(), Some(outcome)));
                }
                Err(error) => {
                    self.phase = Phase::Failed(error);
                    return Err(error);
                }
            }
        }
    }

    /// Ends the present phase: `received` has the `want`ed length.
    fn advance(&mut self) -> Result<Option<Outcome>, WireError> {
        match self.phase {
            Phase::FirstByte if self.received_at(0) == 0xFF => {
                self.enter(Phase::Signature, SIGNATURE_LEN);
            }
            Phase::FirstByte => self.unversioned()?,
            Phase::Signature if self.received_at(SIGNATURE_LEN - 1) & 1 == 1 => {
                self.pending.push(OUR_VERSION[0]);
                self.enter(Phase::Revision, SIGNATURE_LEN + 1);
            }
            Phase::Signature => self.unversioned()?,
            Phase::Revision => self.revision()?,
            Phase::SocketType(version) => self.socket_type(version),
            Phase::V3 => {
                if self.is_reserved {
                    self.offer_v3();
                }
                return self.v3_outcome().map(Some);
            }
            Phase::RoutingId(version) => return self.routing_id(version),
            Phase::Done | Phase::Failed(_) => {}
        }
        Ok(None)
    }

    fn enter(&mut self, phase: Phase, want: usize) {
        self.phase = phase;
        self.want = want;
    }

    fn received_at(&self, at: usize) -> u8 {
        self.received.get(at).copied().unwrap_or(0)
    }

    /// What has come so far is the beginning of the peer's routing id frame, and our signature was
    /// the header of ours.
    fn unversioned(&mut self) -> Result<(), WireError> {
        self.check_version(Version::V1Unversioned)?;
        self.pending.extend_from_slice(&self.config.routing_id);
        self.enter(Phase::RoutingId(Version::V1Unversioned), self.received.len());
        Ok(())
    }

    fn revision(&mut self) -> Result<(), WireError> {
        let version = match self.received_at(REVISION_AT) {
            0 => Version::V1,
            1 | 2 => Version::V2,
            _ => {
                self.enter(Phase::V3, V3_LEN);
                if !self.is_reserved {
                    self.offer_v3();
                }
                return Ok(());
            }
        };
        self.check_version(version)?;
        self.pending.push(self.config.socket_type.wire_number());
        self.enter(Phase::SocketType(version), LEGACY_LEN);
        Ok(())
    }

    fn offer_v3(&mut self) {
        self.pending.push(OUR_VERSION[1]);
        self.pending.extend_from_slice(&self.config.mechanism.0);
        self.pending.push(u8::from(self.config.as_server));
        self.pending.extend_from_slice(&[0; 31]);
    }

    fn socket_type(&mut self, version: Version) {
        self.peer_socket_type = self.received.last().copied();
        self.received.clear();
        let routing_id = &self.config.routing_id;
        if version.is_v1() {
            let header = legacy::encode_header(0, routing_id.len() as u64);
            self.pending.extend_from_slice(header.as_slice());
            self.pending.extend_from_slice(routing_id);
        } else {
            encode_frame(0, routing_id, &mut self.pending);
        }
        self.enter(Phase::RoutingId(version), 2);
    }

    /// Reads the peer's routing id frame, which takes a few rounds: header, long header, body.
    fn routing_id(&mut self, version: Version) -> Result<Option<Outcome>, WireError> {
        let header = match version.is_v1() {
            true => parse_v1_header(&self.received, None)?,
            false => parse_header(&self.received, None)?,
        };
        let (header_len, body_len) = match header {
            Header::Incomplete(want) => {
                self.want = want;
                return Ok(None);
            }
            Header::Frame { header_len, body_len, .. } => (header_len, body_len),
        };
        if body_len > MAX_ROUTING_ID {
            return Err(WireError::RoutingIdTooLong);
        }
        let total = header_len + body_len as usize;
        match self.received.get(header_len..total) {
            Some(body) => Ok(Some(self.legacy_outcome(version, body.to_vec()))),
            None => {
                self.want = total;
                Ok(None)
            }
        }
    }

    fn legacy_outcome(&self, version: Version, routing_id: Vec<u8>) -> Outcome {
        let publishes = self.config.socket_type.facts().publishes;
        Outcome {
            version,
            mechanism: MechanismName::new(""),
            as_server: false,
            socket_type: self.peer_socket_type,
            routing_id: Some(routing_id),
            phantom_subscription: publishes && version == Version::V1Unversioned,
        }
    }

    fn v3_outcome(&self) -> Result<Outcome, WireError> {
        let mut mechanism = [0; 20];
        if let Some(field) = self.received.get(12..32) {
            mechanism.copy_from_slice(field);
        }
        let mechanism = MechanismName(mechanism);
        if mechanism != self.config.mechanism {
            return Err(WireError::MechanismMismatch);
        }
        // A later major version has to speak ours, so its minor number says nothing.
        let first_minor = self.received_at(REVISION_AT) == 3 && self.received_at(11) == 0;
        Ok(Outcome {
            version: if first_minor { Version::V3_0 } else { Version::V3_1 },
            mechanism,
            as_server: self.received_at(32) == 1,
            socket_type: None,
            routing_id: None,
            phantom_subscription: false,
        })
    }

    fn check_version(&self, version: Version) -> Result<(), WireError> {
        let secured = self.config.require_v3 || self.config.mechanism != MechanismName::NULL;
        if secured && !version.has_mechanism() {
            return Err(WireError::VersionRefused);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
