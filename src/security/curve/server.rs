//! The server's end of a CURVE handshake.
#![forbid(unsafe_code)]

use super::message::server_traffic;
use super::{
    cut, open, open_random, seal, seal_randomly, Counter, Key, PublicKey, COOKIE_SIZE,
    CRYPTOGRAPHIC, HELLO_PADDING, INITIATE_FIXED, VERSION, VOUCH_SIZE,
};
use crate::options::ids::protocol_error;
use crate::security::zap::Gate;
use crate::security::{
    Failure, HandshakeError, Local, Mechanism, Peer, Status, Traffic, ZapRequest,
};
use crate::sys::crypto;
use crate::wire::command::split;

const HELLO_SIZE: usize = VERSION.len() + HELLO_PADDING + 32 + 8 + super::cipher::OVERHEAD + 64;
const INITIATE_MIN: usize = COOKIE_SIZE + 8 + super::cipher::OVERHEAD + INITIATE_FIXED;

/// Who a server is.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerKeys {
    /// `S`.
    pub(crate) public: PublicKey,
    /// `s`.
    pub(crate) secret: Key,
}

impl From<Key> for ServerKeys {
    fn from(secret: Key) -> Self {
        ServerKeys { public: secret.public(), secret }
    }
}

/// The end that has the key that clients know.
pub struct Server {
    local: Local,
    peer: Peer,
    keys: ServerKeys,
    zap: Gate,
    state: State,
}

enum State {
    AwaitHello,
    SendWelcome {
        body: Vec<u8>,
        cookie_key: Key,
    },
    /// Nothing is kept but the key of the cookie, which is good for this connection only.
    AwaitInitiate {
        cookie_key: Key,
    },
    /// The ZAP handler is asked, or has answered and the peer has not been told.
    Decide {
        /// What C' and s' have in common.
        shared: Key,
        received: u64,
    },
    Ready {
        shared: Key,
        sent: Counter,
        received: u64,
    },
    Refused,
    Broken,
}

impl Server {
    /// A server that says this of itself, with these keys.
    pub fn new(local: Local, keys: impl Into<ServerKeys>) -> Self {
        let (peer, keys) = (Peer::default(), keys.into());
        Server { local, peer, keys, zap: Gate::Idle, state: State::AwaitHello }
    }

    fn hello(&mut self, command_body: &[u8]) -> Result<State, HandshakeError> {
        let (b"HELLO", data) = split(command_body)? else {
            return Err(HandshakeError::UNEXPECTED);
        };
        let (client, nonce, signature) = hello_parts(data)
            .ok_or(HandshakeError::Protocol(protocol_error::ZMTP_MALFORMED_COMMAND_HELLO))?;
        let shared = self.keys.secret.shared_with(client).ok_or(CRYPTOGRAPHIC)?;
        open(&shared, b"CurveZMQHELLO---", nonce, signature)?;
        self.welcome(client, &shared)
    }

    fn welcome(&self, client: &PublicKey, shared: &Key) -> Result<State, HandshakeError> {
        let secret = Key::generate().map_err(HandshakeError::Local)?;
        let cookie_key = Key::generate().map_err(HandshakeError::Local)?;
        let mut secrets = [0; 64];
        secrets[..32].copy_from_slice(client);
        secrets[32..].copy_from_slice(secret.bytes());
        let cookie = seal_randomly(&cookie_key, b"COOKIE--", &secrets);
        crypto::wipe(&mut secrets);
        let plain = [&secret.public()[..], &cookie?].concat();
        let body = [b"\x07WELCOME", &seal_randomly(shared, b"WELCOME-", &plain)?[..]].concat();
        Ok(State::SendWelcome { body, cookie_key })
    }

    fn initiate(&mut self, command_body: &[u8], cookie_key: &Key) -> Result<State, HandshakeError> {
        let (b"INITIATE", mut data) = split(command_body)? else {
            return Err(HandshakeError::UNEXPECTED);
        };
        let malformed = HandshakeError::Protocol(protocol_error::ZMTP_MALFORMED_COMMAND_INITIATE);
        if data.len() < INITIATE_MIN {
            return Err(malformed);
        }
        let cookie = cut::<COOKIE_SIZE>(&mut data).ok_or(CRYPTOGRAPHIC)?;
        let nonce = cut(&mut data).ok_or(CRYPTOGRAPHIC)?;
        let (short_client, secret) = open_cookie(cookie_key, cookie)?;
        let shared = secret.shared_with(&short_client).ok_or(CRYPTOGRAPHIC)?;
        let plain = open(&shared, b"CurveZMQINITIATE", nonce, data)?;
        let mut rest = &plain[..];
        let client = cut(&mut rest).ok_or(CRYPTOGRAPHIC)?;
        let vouch = cut::<VOUCH_SIZE>(&mut rest).ok_or(CRYPTOGRAPHIC)?;
        self.check_vouch(vouch, client, &short_client, &secret)?;
        self.peer.read(rest, self.local.socket_type)?;
        self.ask(client);
        Ok(State::Decide { shared, received: u64::from_be_bytes(*nonce) })
    }

    /// The owner of C has to say that C' is its own, and that it wants to talk to us.
    fn check_vouch(
        &self,
        vouch: &[u8; VOUCH_SIZE],
        client: &PublicKey,
        short_client: &PublicKey,
        secret: &Key,
    ) -> Result<(), HandshakeError> {
        let vouching = secret.shared_with(client).ok_or(CRYPTOGRAPHIC)?;
        let claim = open_random(&vouching, b"VOUCH---", vouch)?;
        let mut rest = &claim[..];
        match (cut(&mut rest), cut(&mut rest)) {
            (Some(key), Some(server))
                if crypto::are_equal(key, short_client)
                    && crypto::are_equal(server, &self.keys.public) =>
            {
                Ok(())
            }
            _ => Err(HandshakeError::Protocol(protocol_error::ZMTP_KEY_EXCHANGE)),
        }
    }

    /// Who insists on a domain and has none wants encryption for everybody.
    fn ask(&mut self, client: &PublicKey) {
        if self.local.zap_domain.is_empty() && self.local.zap_enforce_domain {
            self.zap = Gate::Passed;
            return;
        }
        self.zap = Gate::Due(ZapRequest {
            domain: self.local.zap_domain.clone(),
            address: self.local.peer_address.clone(),
            routing_id: self.local.routing_id.clone(),
            mechanism: "CURVE",
            credentials: vec![client.to_vec()],
        });
    }

    /// What follows from the ZAP handler's answer, when there is one.
    fn decide(
        &mut self,
        shared: Key,
        received: u64,
    ) -> Result<(State, Option<Vec<u8>>), HandshakeError> {
        match self.zap {
            Gate::Passed => {
                let mut sent = Counter::default();
                let body = self.ready(&shared, &mut sent)?;
                Ok((State::Ready { shared, sent, received }, Some(body)))
            }
            Gate::Denied { .. } => Ok((State::Refused, self.zap.error_command())),
            _ => Ok((State::Decide { shared, received }, None)),
        }
    }

    fn ready(&self, shared: &Key, sent: &mut Counter) -> Result<Vec<u8>, HandshakeError> {
        let mut metadata = Vec::new();
        self.local.properties(&mut metadata)?;
        let nonce = sent.next()?;
        let sealed = seal(shared, b"CurveZMQREADY---", &nonce, &metadata);
        Ok([b"\x05READY", &nonce[..], &sealed].concat())
    }
}

/// C', the number and the signature in the data of HELLO.
fn hello_parts(mut data: &[u8]) -> Option<(&PublicKey, &[u8; 8], &[u8])> {
    if data.len() != HELLO_SIZE || *cut(&mut data)? != VERSION {
        return None;
    }
    cut::<HELLO_PADDING>(&mut data)?;
    Some((cut(&mut data)?, cut(&mut data)?, data))
}

/// C' and s', which nobody but us can have put there, and only on this connection.
fn open_cookie(
    cookie_key: &Key,
    cookie: &[u8; COOKIE_SIZE],
) -> Result<(PublicKey, Key), HandshakeError> {
    let mut secrets = open_random(cookie_key, b"COOKIE--", cookie)?;
    let mut rest = &secrets[..];
    let parts = match (cut(&mut rest), cut(&mut rest)) {
        (Some(client), Some(secret)) => Ok((*client, Key::new(*secret))),
        _ => Err(CRYPTOGRAPHIC),
    };
    crypto::wipe(&mut secrets);
    parts
}

impl Mechanism for Server {
    fn next_command(&mut self) -> Result<Option<Vec<u8>>, HandshakeError> {
        let (state, command) = match std::mem::replace(&mut self.state, State::Broken) {
            State::SendWelcome { body, cookie_key } => {
                (State::AwaitInitiate { cookie_key }, Some(body))
            }
            State::Decide { shared, received } => self.decide(shared, received)?,
            state => (state, None),
        };
        self.state = state;
        Ok(command)
    }

    fn process(&mut self, command_body: &[u8]) -> Result<(), HandshakeError> {
        self.state = match std::mem::replace(&mut self.state, State::Broken) {
            State::AwaitHello => self.hello(command_body)?,
            State::AwaitInitiate { cookie_key } => self.initiate(command_body, &cookie_key)?,
            _ => return Err(HandshakeError::Protocol(protocol_error::ZMTP_UNSPECIFIED)),
        };
        Ok(())
    }

    fn status(&self) -> Status {
        match self.state {
            State::Ready { .. } => Status::Ready,
            State::Decide { .. } if self.zap.is_open() => Status::WaitingZap,
            _ if self.zap.denied().is_some() => Status::Failed,
            _ => Status::Handshaking,
        }
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn take_peer(&mut self) -> Peer {
        std::mem::take(&mut self.peer)
    }

    fn take_zap_request(&mut self) -> Option<ZapRequest> {
        self.zap.take_request()
    }

    fn zap_reply(&mut self, frames: &[&[u8]]) -> Result<(), HandshakeError> {
        self.zap.reply(frames, &mut self.peer)
    }

    fn zap_unavailable(&mut self) -> Result<(), HandshakeError> {
        self.zap.unavailable(self.local.zap_enforce_domain)
    }

    fn take_failure(&mut self) -> Option<Failure> {
        self.zap.take_failure()
    }

    fn split(self: Box<Self>) -> Result<Traffic, HandshakeError> {
        let Server { state: State::Ready { shared, sent, received }, .. } = *self else {
            return Err(HandshakeError::UNEXPECTED);
        };
        let (seal, open) = server_traffic(&shared, sent, received);
        Ok(Traffic::Sealed(Box::new(seal), Box::new(open)))
    }
}
