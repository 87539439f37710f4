//! The client's end of a CURVE handshake.
#![forbid(unsafe_code)]

use super::message::client_traffic;
use super::{
    cut, open, open_random, seal, seal_randomly, Counter, Key, PublicKey, COOKIE_SIZE,
    CRYPTOGRAPHIC, HELLO_PADDING, VERSION, WELCOME_SIZE,
};
use crate::options::ids::protocol_error;
use crate::security::{HandshakeError, Local, Mechanism, Peer, Status, Traffic};
use crate::wire::Command;

/// Who a client is, and whom it wants to talk to.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientKeys {
    /// `C`.
    pub public: PublicKey,
    /// `c`.
    pub secret: Key,
    /// `S`.
    pub server: PublicKey,
}

/// The end that knows the server's public key.
pub struct Client {
    local: Local,
    peer: Peer,
    keys: ClientKeys,
    sent: Counter,
    state: State,
}

enum State {
    SendHello,
    AwaitWelcome {
        /// `C'`.
        public: PublicKey,
        /// `c'`.
        secret: Key,
        /// What c' and S have in common.
        shared: Key,
    },
    SendInitiate {
        /// `C'`.
        public: PublicKey,
        /// `S'`.
        server: PublicKey,
        cookie: [u8; COOKIE_SIZE],
        /// What c' and S' have in common.
        shared: Key,
    },
    AwaitReady {
        shared: Key,
    },
    Ready {
        shared: Key,
        received: u64,
    },
    Broken,
}

impl Client {
    /// A client that says this of itself, with these keys.
    pub fn new(local: Local, keys: ClientKeys) -> Self {
        let (peer, sent) = (Peer::default(), Counter::default());
        Client { local, peer, keys, sent, state: State::SendHello }
    }

    fn hello(&mut self) -> Result<Vec<u8>, HandshakeError> {
        let secret = Key::generate().map_err(HandshakeError::Local)?;
        let shared = secret.shared_with(&self.keys.server).ok_or(CRYPTOGRAPHIC)?;
        let public = secret.public();
        let nonce = self.sent.next()?;
        let signature = seal(&shared, b"CurveZMQHELLO---", &nonce, &[0; 64]);
        let body =
            [b"\x05HELLO", &VERSION[..], &[0; HELLO_PADDING], &public, &nonce, &signature].concat();
        self.state = State::AwaitWelcome { public, secret, shared };
        Ok(body)
    }

    fn welcome(
        &mut self,
        data: &[u8],
        public: PublicKey,
        secret: &Key,
        shared: &Key,
    ) -> Result<State, HandshakeError> {
        if data.len() != WELCOME_SIZE {
            return Err(HandshakeError::Protocol(protocol_error::ZMTP_MALFORMED_COMMAND_WELCOME));
        }
        let plain = open_random(shared, b"WELCOME-", data)?;
        let mut rest = &plain[..];
        let (Some(server), Some(cookie)) = (cut(&mut rest), cut(&mut rest)) else {
            return Err(CRYPTOGRAPHIC);
        };
        let shared = secret.shared_with(server).ok_or(CRYPTOGRAPHIC)?;
        Ok(State::SendInitiate { public, server: *server, cookie: *cookie, shared })
    }

    fn initiate(
        &mut self,
        public: &PublicKey,
        server: &PublicKey,
        cookie: &[u8; COOKIE_SIZE],
        shared: &Key,
    ) -> Result<Vec<u8>, HandshakeError> {
        let vouching = self.keys.secret.shared_with(server).ok_or(CRYPTOGRAPHIC)?;
        let claim = [&public[..], &self.keys.server].concat();
        let mut plain = self.keys.public.to_vec();
        plain.extend_from_slice(&seal_randomly(&vouching, b"VOUCH---", &claim)?);
        self.local.properties(&mut plain)?;
        let nonce = self.sent.next()?;
        let sealed = seal(shared, b"CurveZMQINITIATE", &nonce, &plain);
        Ok([b"\x08INITIATE", &cookie[..], &nonce, &sealed].concat())
    }

    fn ready(&mut self, mut data: &[u8], shared: Key) -> Result<State, HandshakeError> {
        let malformed = HandshakeError::Protocol(protocol_error::ZMTP_MALFORMED_COMMAND_READY);
        let nonce = match cut(&mut data) {
            Some(nonce) if data.len() >= super::cipher::OVERHEAD => nonce,
            _ => return Err(malformed),
        };
        let metadata = open(&shared, b"CurveZMQREADY---", nonce, data)?;
        self.peer.read(&metadata, self.local.socket_type)?;
        Ok(State::Ready { shared, received: u64::from_be_bytes(*nonce) })
    }
}

impl Mechanism for Client {
    fn next_command(&mut self) -> Result<Option<Vec<u8>>, HandshakeError> {
        match std::mem::replace(&mut self.state, State::Broken) {
            State::SendHello => self.hello().map(Some),
            State::SendInitiate { public, server, cookie, shared } => {
                let body = self.initiate(&public, &server, &cookie, &shared)?;
                self.state = State::AwaitReady { shared };
                Ok(Some(body))
            }
            state => {
                self.state = state;
                Ok(None)
            }
        }
    }

    fn process(&mut self, command_body: &[u8]) -> Result<(), HandshakeError> {
        let state = std::mem::replace(&mut self.state, State::Broken);
        self.state = match (state, Command::parse(command_body)?) {
            (
                State::AwaitWelcome { public, secret, shared },
                Command::Unknown { name: b"WELCOME", data },
            ) => self.welcome(data, public, &secret, &shared)?,
            (State::AwaitReady { shared }, Command::Ready { metadata }) => {
                self.ready(metadata, shared)?
            }
            (State::AwaitWelcome { .. } | State::AwaitReady { .. }, Command::Error { reason }) => {
                return Err(HandshakeError::Refused { reason: reason.to_vec() });
            }
            _ => return Err(HandshakeError::UNEXPECTED),
        };
        Ok(())
    }

    fn status(&self) -> Status {
        match self.state {
            State::Ready { .. } => Status::Ready,
            _ => Status::Handshaking,
        }
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn take_peer(&mut self) -> Peer {
        std::mem::take(&mut self.peer)
    }

    fn split(self: Box<Self>) -> Result<Traffic, HandshakeError> {
        let Client { state: State::Ready { shared, received }, sent, .. } = *self else {
            return Err(HandshakeError::UNEXPECTED);
        };
        let (seal, open) = client_traffic(&shared, sent, received);
        Ok(Traffic::Sealed(Box::new(seal), Box::new(open)))
    }
}
