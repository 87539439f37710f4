//! Security mechanisms: what happens between the greeting and the first message, and what becomes
//! of each frame afterwards.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`null`], [`plain`], [`curve`] | one mechanism each |
//! | [`handshake`] | what mechanisms share: what we tell of ourselves, what the peer told |
//! | [`zap`] | the questions that a mechanism asks the application's ZAP handler |
//!
//! A mechanism sees command bodies and frames, never a connection. It asks its questions by being
//! asked: the engine carries a [`ZapRequest`] to the handler and its reply back.
#![forbid(unsafe_code)]

pub mod curve;
pub(crate) mod handshake;
pub(crate) mod null;
pub(crate) mod plain;
pub(crate) mod zap;

use std::fmt;

pub use handshake::{Failure, HandshakeError, Local, Peer};
pub use zap::ZapRequest;

use crate::wire::greeting::{GreetingConfig, MechanismName};

/// How far a handshake has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Commands go back and forth.
    Handshaking,
    /// Nothing is sent before the ZAP handler has answered.
    WaitingZap,
    /// Messages may pass.
    Ready,
    /// The handshake has failed on our side. After what [`Mechanism::next_command`] still gives,
    /// nothing more is sent, and the next thing that the peer does ends the connection. Closing at
    /// once could overtake the ERROR command that tells the peer why.
    Failed,
}

/// Seals what is sent.
pub trait Seal: Send {
    /// Appends a whole frame for a message part or command (`flags`: `MORE`, `COMMAND`).
    fn seal(&mut self, flags: u8, body: &[u8], out: &mut Vec<u8>) -> Result<(), HandshakeError>;
}

/// Opens what is received.
pub trait Open: Send {
    /// How long what is sealed in the body of a frame of this length is.
    fn opened_len(&self, sealed_len: usize) -> usize;

    /// Opens the body of a received frame into a place of [`opened_len`](Self::opened_len) bytes, and
    /// gives `MORE` and `COMMAND` as the peer's application meant them. An error ends the connection.
    fn open(&mut self, sealed: &[u8], out: &mut [u8]) -> Result<u8, HandshakeError>;
}

/// What becomes of frames after a handshake.
pub enum Traffic {
    /// They pass as they are.
    Plain,
    /// Each direction has its own state, so that two threads may drive them.
    Sealed(Box<dyn Seal>, Box<dyn Open>),
}

/// One end of a security handshake, and the treatment of frames after it.
///
/// The engine's loop: send every [`next_command`](Self::next_command); carry a
/// [`take_zap_request`](Self::take_zap_request) to the handler; pass each received command to
/// [`process`](Self::process); after each step report [`take_failure`](Self::take_failure) and look
/// at [`status`](Self::status). Any `Err` closes the connection, and its
/// failure goes to the monitor.
pub trait Mechanism: Send {
    /// The body of the command that is to be sent now, if there is one.
    fn next_command(&mut self) -> Result<Option<Vec<u8>>, HandshakeError>;

    /// Takes the body of a command of the peer.
    fn process(&mut self, command_body: &[u8]) -> Result<(), HandshakeError>;

    /// How far the handshake is.
    fn status(&self) -> Status;

    /// What is known of the peer: whole when the status is [`Status::Ready`].
    fn peer(&self) -> &Peer;

    /// The peer's properties and user id, by value: for when the handshake is over.
    fn take_peer(&mut self) -> Peer;

    /// A question for the ZAP handler: given once, when it is due.
    fn take_zap_request(&mut self) -> Option<ZapRequest> {
        None
    }

    /// The frames of the ZAP handler's reply, with the empty delimiter first.
    fn zap_reply(&mut self, _frames: &[&[u8]]) -> Result<(), HandshakeError> {
        Err(HandshakeError::Protocol(crate::options::ids::protocol_error::ZAP_UNSPECIFIED))
    }

    /// There is no ZAP handler to carry the request to.
    fn zap_unavailable(&mut self) -> Result<(), HandshakeError> {
        Ok(())
    }

    /// Something that the monitor is to know although the connection goes on for now (a refusal by
    /// the ZAP handler): given once.
    fn take_failure(&mut self) -> Option<Failure> {
        None
    }

    /// The treatment of frames from now on: for when the status is [`Status::Ready`].
    fn split(self: Box<Self>) -> Result<Traffic, HandshakeError> {
        Ok(Traffic::Plain)
    }
}

/// Which mechanism a socket uses, and its secrets. Adding a mechanism is one module, and one
/// variant here.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) enum Security {
    #[default]
    Null,
    PlainClient {
        username: Vec<u8>,
        password: Vec<u8>,
    },
    PlainServer,
    CurveClient(curve::ClientKeys),
    CurveServer(curve::ServerKeys),
}

impl fmt::Debug for Security {
    /// Only the name: secrets do not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name().fmt(f)
    }
}

impl Security {
    /// The name that the greeting carries.
    pub(crate) fn name(&self) -> MechanismName {
        match self {
            Security::Null => MechanismName::NULL,
            Security::PlainClient { .. } | Security::PlainServer => MechanismName::PLAIN,
            Security::CurveClient(_) | Security::CurveServer(_) => MechanismName::CURVE,
        }
    }

    /// What the greeting is to say for a socket with this security.
    pub(crate) fn greeting(&self, local: &Local) -> GreetingConfig {
        GreetingConfig {
            mechanism: self.name(),
            as_server: false,
            require_v3: *self != Security::Null || !local.zap_domain.is_empty(),
            routing_id: local.routing_id.clone(),
            socket_type: local.socket_type,
        }
    }

    /// Our end of a new handshake.
    pub(crate) fn start(&self, local: Local) -> Box<dyn Mechanism> {
        match self {
            Security::Null => Box::new(null::Null::new(local)),
            Security::PlainClient { username, password } => {
                Box::new(plain::Client::new(local, username.clone(), password.clone()))
            }
            Security::PlainServer => Box::new(plain::Server::new(local)),
            Security::CurveClient(keys) => Box::new(curve::Client::new(local, keys.clone())),
            Security::CurveServer(keys) => Box::new(curve::Server::new(local, keys.clone())),
        }
    }
}

#[cfg(test)]
pub(crate) mod testing;
