//! The way from the first byte of a connection to the first message: greeting, then mechanism.
//!
//! Bytes in, bytes out; what it knows of time and descriptors is nothing.
#![forbid(unsafe_code)]

use crate::error::Error;
use crate::options::ids::protocol_error;
use crate::options::{Options, SecurityMechanism, SocketType};
use crate::security::curve::{ClientKeys, Key, ServerKeys};
use crate::security::{
    Failure, HandshakeError, Local, Mechanism, Peer, Security, Status, ZapRequest,
};
use crate::sys::memory;
use crate::wire::frame::{parse_header, Header, RESERVED};
use crate::wire::{command, Greeting, Version, WireError};

/// No command of a handshake is longer.
const MAX_COMMAND: u64 = 64 * 1024;
/// What a peer may send ahead while the ZAP handler is asked about it.
const MAX_AHEAD: usize = 8 * 1024;

/// A step of a handshake takes no more memory than this, and so many copies of what the peer has
/// said.
const RESERVE: usize = 48 * 1024;
const COPIES: usize = 4;

/// A handshake under way.
pub(crate) struct Handshake {
    greeting: Greeting,
    security: Security,
    /// Set when the greeting is over.
    stage: Option<Stage>,
    local: Local,
    phantom_subscription: bool,
    input: Vec<u8>,
    /// What is to be sent now.
    pub(crate) output: Vec<u8>,
}

struct Stage {
    version: Version,
    mechanism: Box<dyn Mechanism>,
}

/// What a handshake came to.
pub(crate) struct Agreement {
    pub(crate) version: Version,
    pub(crate) mechanism: Box<dyn Mechanism>,
    pub(crate) peer: Peer,
    /// The peer is too old to send subscriptions.
    pub(crate) subscribe_to_all: bool,
    /// Bytes behind the handshake.
    pub(crate) rest: Vec<u8>,
}

impl Handshake {
    /// With `is_reserved`, the peer is to name its mechanism first: see [`Greeting::reserved`].
    pub(crate) fn new(
        options: &Options,
        socket_type: SocketType,
        peer_address: &str,
        is_reserved: bool,
    ) -> Self {
        let local = Local {
            socket_type,
            routing_id: options.routing_id.clone(),
            metadata: options
                .metadata
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            zap_domain: options.zap_domain.clone(),
            zap_enforce_domain: options.zap_enforce_domain,
            peer_address: peer_address.as_bytes().to_vec(),
        };
        let security = security_of(options);
        let mut output = Vec::with_capacity(64);
        let mut greeting = Greeting::new(security.greeting(&local));
        if is_reserved {
            greeting = greeting.reserved();
        }
        greeting.output(&mut output);
        Self {
            greeting,
            security,
            stage: None,
            local,
            phantom_subscription: false,
            input: Vec::new(),
            output,
        }
    }

    /// Takes bytes of the peer.
    pub(crate) fn input(&mut self, bytes: &[u8]) -> Result<(), HandshakeError> {
        let reserve = RESERVE + COPIES * (self.input.len() + bytes.len());
        memory::is_there(reserve).map_err(HandshakeError::Local)?;
        self.input.try_reserve(bytes.len()).map_err(|_| HandshakeError::Local(Error::NoMemory))?;
        self.input.extend_from_slice(bytes);
        if self.stage.is_none() {
            self.greet()?;
        }
        while self.wants_commands() {
            let Some(body) = self.next_command()? else { break };
            let result = match &mut self.stage {
                Some(stage) => stage.mechanism.process(&body),
                None => Ok(()),
            };
            result?;
            self.collect()?;
        }
        Ok(())
    }

    /// The result, once it is there.
    pub(crate) fn finish(&mut self) -> Option<Agreement> {
        let stage = self.stage.as_ref()?;
        if stage.version.has_mechanism() && stage.mechanism.status() != Status::Ready {
            return None;
        }
        let mut stage = self.stage.take()?;
        let mut peer = stage.mechanism.take_peer();
        if !stage.version.has_mechanism() {
            peer.routing_id = std::mem::take(&mut self.local.routing_id);
        }
        Some(Agreement {
            version: stage.version,
            peer,
            mechanism: stage.mechanism,
            subscribe_to_all: self.phantom_subscription,
            rest: std::mem::take(&mut self.input),
        })
    }

    /// A question for the ZAP handler, given once.
    pub(crate) fn take_zap_request(&mut self) -> Option<ZapRequest> {
        self.stage.as_mut()?.mechanism.take_zap_request()
    }

    /// The ZAP handler's answer; `None` if there is no handler.
    pub(crate) fn zap_reply(&mut self, frames: Option<&[&[u8]]>) -> Result<(), HandshakeError> {
        let Some(stage) = &mut self.stage else { return Ok(()) };
        match frames {
            Some(frames) => stage.mechanism.zap_reply(frames)?,
            None => stage.mechanism.zap_unavailable()?,
        }
        self.collect()?;
        self.input(&[])
    }

    /// Something for the monitor that does not end the connection yet, given once.
    pub(crate) fn take_failure(&mut self) -> Option<Failure> {
        self.stage.as_mut()?.mechanism.take_failure()
    }

    /// Has our side refused? Then anything more from the peer ends the connection.
    pub(crate) fn has_failed(&self) -> bool {
        self.stage.as_ref().is_some_and(|stage| stage.mechanism.status() == Status::Failed)
    }

    /// Has the peer sent more than it has any reason to before the ZAP handler's answer? Then the rest
    /// waits in the kernel.
    pub(crate) fn is_full(&self) -> bool {
        let waits = |stage: &Stage| stage.mechanism.status() == Status::WaitingZap;
        self.input.len() >= MAX_AHEAD && self.stage.as_ref().is_some_and(waits)
    }

    /// Is the greeting not over, or did it fail?
    pub(crate) fn is_greeting(&self) -> bool {
        self.stage.is_none()
    }

    /// See [`Greeting::waits_for_mechanism`].
    pub(crate) fn waits_for_mechanism(&self) -> bool {
        self.greeting.waits_for_mechanism()
    }

    fn greet(&mut self) -> Result<(), HandshakeError> {
        let greeted = self.greeting.input(&self.input);
        self.greeting.output(&mut self.output);
        let (consumed, outcome) = greeted?;
        self.input.drain(..consumed);
        let Some(outcome) = outcome else { return Ok(()) };
        let local = self.local.clone();
        self.local.routing_id = outcome.routing_id.unwrap_or_default();
        self.phantom_subscription = outcome.phantom_subscription;
        self.stage =
            Some(Stage { version: outcome.version, mechanism: self.security.start(local) });
        match outcome.version.has_mechanism() {
            true => self.collect(),
            false => Ok(()),
        }
    }

    fn wants_commands(&self) -> bool {
        self.stage.as_ref().is_some_and(|stage| {
            stage.version.has_mechanism()
                && matches!(stage.mechanism.status(), Status::Handshaking | Status::Failed)
        })
    }

    fn next_command(&mut self) -> Result<Option<Vec<u8>>, HandshakeError> {
        let Header::Frame { flags, header_len, body_len } =
            parse_header(&self.input, Some(MAX_COMMAND))?
        else {
            return Ok(None);
        };
        if flags & RESERVED != 0 {
            return Err(HandshakeError::Protocol(protocol_error::ZMTP_UNSPECIFIED));
        }
        let end = header_len + usize::try_from(body_len).map_err(|_| WireError::FrameTooLarge)?;
        if self.input.len() < end {
            return Ok(None);
        }
        let body = self.input[header_len..end].to_vec();
        self.input.drain(..end);
        Ok(Some(body))
    }

    /// Puts what the mechanism wants to say into the output.
    fn collect(&mut self) -> Result<(), HandshakeError> {
        let Some(stage) = &mut self.stage else { return Ok(()) };
        while let Some(body) = stage.mechanism.next_command()? {
            command::encode_command_frame(&body, &mut self.output);
        }
        Ok(())
    }
}

fn security_of(options: &Options) -> Security {
    match options.mechanism {
        SecurityMechanism::Plain if options.as_server => Security::PlainServer,
        SecurityMechanism::Plain => Security::PlainClient {
            username: options.plain_username.clone(),
            password: options.plain_password.clone(),
        },
        SecurityMechanism::Curve if options.as_server => {
            let secret = Key::new(options.curve_secret_key);
            let public = *options.curve_own_key.get_or_init(|| secret.public());
            Security::CurveServer(ServerKeys { public, secret })
        }
        SecurityMechanism::Curve => Security::CurveClient(ClientKeys {
            public: options.curve_public_key,
            secret: Key::new(options.curve_secret_key),
            server: options.curve_server_key,
        }),
        SecurityMechanism::Null => Security::Null,
    }
}
