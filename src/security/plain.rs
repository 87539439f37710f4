//! The PLAIN mechanism (RFC 24): HELLO with user name and password, WELCOME, INITIATE, READY.
//!
//! The server believes nobody by itself: the ZAP handler decides, and without a handler the peer
//! stays out. Frames travel in the clear.
#![forbid(unsafe_code)]

use super::handshake::{Failure, HandshakeError, Local, Peer};
use super::zap::{Gate, ZapRequest};
use super::{Mechanism, Status};
use crate::error::Error;
use crate::options::ids::protocol_error;
use crate::wire::command::split;
use crate::wire::Command;

/// The end that has a user name and a password.
pub(crate) struct Client {
    local: Local,
    peer: Peer,
    username: Vec<u8>,
    password: Vec<u8>,
    state: ClientState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientState {
    SendHello,
    AwaitWelcome,
    SendInitiate,
    AwaitReady,
    Ready,
}

impl Client {
    pub(crate) fn new(local: Local, username: Vec<u8>, password: Vec<u8>) -> Self {
        let state = ClientState::SendHello;
        Client { local, peer: Peer::default(), username, password, state }
    }

    fn hello(&self) -> Result<Vec<u8>, HandshakeError> {
        let mut body = b"\x05HELLO".to_vec();
        for text in [&self.username, &self.password] {
            let len =
                u8::try_from(text.len()).map_err(|_| HandshakeError::Local(Error::Invalid))?;
            body.push(len);
            body.extend_from_slice(text);
        }
        Ok(body)
    }

    fn welcome(&mut self, data: &[u8]) -> Result<(), HandshakeError> {
        if !data.is_empty() {
            return Err(HandshakeError::Protocol(protocol_error::ZMTP_MALFORMED_COMMAND_WELCOME));
        }
        self.state = ClientState::SendInitiate;
        Ok(())
    }

    fn ready(&mut self, metadata: &[u8]) -> Result<(), HandshakeError> {
        self.peer.read(metadata, self.local.socket_type)?;
        self.state = ClientState::Ready;
        Ok(())
    }
}

impl Mechanism for Client {
    fn next_command(&mut self) -> Result<Option<Vec<u8>>, HandshakeError> {
        match self.state {
            ClientState::SendHello => {
                self.state = ClientState::AwaitWelcome;
                self.hello().map(Some)
            }
            ClientState::SendInitiate => {
                self.state = ClientState::AwaitReady;
                self.local.command(b"INITIATE").map(Some)
            }
            _ => Ok(None),
        }
    }

    fn process(&mut self, command_body: &[u8]) -> Result<(), HandshakeError> {
        match (self.state, Command::parse(command_body)?) {
            (ClientState::AwaitWelcome, Command::Unknown { name: b"WELCOME", data }) => {
                self.welcome(data)
            }
            (ClientState::AwaitReady, Command::Ready { metadata }) => self.ready(metadata),
            (ClientState::AwaitWelcome | ClientState::AwaitReady, Command::Error { reason }) => {
                Err(HandshakeError::Refused { reason: reason.to_vec() })
            }
            _ => Err(HandshakeError::UNEXPECTED),
        }
    }

    fn status(&self) -> Status {
        match self.state {
            ClientState::Ready => Status::Ready,
            _ => Status::Handshaking,
        }
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn take_peer(&mut self) -> Peer {
        std::mem::take(&mut self.peer)
    }
}

/// The end that has its ZAP handler look at user names and passwords.
#[derive(Debug)]
pub(crate) struct Server {
    local: Local,
    peer: Peer,
    zap: Gate,
    state: ServerState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ServerState {
    AwaitHello,
    /// The ZAP handler is asked, or has answered and the peer has not been told.
    Decide,
    AwaitInitiate,
    SendReady,
    Ready,
    Refused,
}

impl Server {
    pub(crate) fn new(local: Local) -> Self {
        let (zap, state) = (Gate::Idle, ServerState::AwaitHello);
        Server { local, peer: Peer::default(), zap, state }
    }

    fn hello(&mut self, command_body: &[u8]) -> Result<(), HandshakeError> {
        let (b"HELLO", data) = split(command_body)? else {
            return Err(HandshakeError::UNEXPECTED);
        };
        let malformed = HandshakeError::Protocol(protocol_error::ZMTP_MALFORMED_COMMAND_HELLO);
        let (username, password) = credentials(data).ok_or(malformed)?;
        if self.local.zap_enforce_domain && self.local.zap_domain.is_empty() {
            return Err(HandshakeError::Local(Error::Fault));
        }
        self.zap = Gate::Due(ZapRequest {
            domain: self.local.zap_domain.clone(),
            address: self.local.peer_address.clone(),
            routing_id: self.local.routing_id.clone(),
            mechanism: "PLAIN",
            credentials: vec![username.to_vec(), password.to_vec()],
        });
        self.state = ServerState::Decide;
        Ok(())
    }

    fn initiate(&mut self, command_body: &[u8]) -> Result<(), HandshakeError> {
        let (b"INITIATE", metadata) = split(command_body)? else {
            return Err(HandshakeError::UNEXPECTED);
        };
        self.peer.read(metadata, self.local.socket_type)?;
        self.state = ServerState::SendReady;
        Ok(())
    }

    /// What follows from the ZAP handler's answer, when there is one.
    fn decision(&mut self) -> Option<Vec<u8>> {
        match self.zap {
            Gate::Passed => {
                self.state = ServerState::AwaitInitiate;
                Some(b"\x07WELCOME".to_vec())
            }
            Gate::Denied { .. } => {
                self.state = ServerState::Refused;
                self.zap.error_command()
            }
            _ => None,
        }
    }
}

/// User name and password in the data of HELLO; nothing may follow them.
fn credentials(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = data.split_first()?;
    let (username, rest) = rest.split_at_checked(usize::from(*len))?;
    let (len, password) = rest.split_first()?;
    (password.len() == usize::from(*len)).then_some((username, password))
}

impl Mechanism for Server {
    fn next_command(&mut self) -> Result<Option<Vec<u8>>, HandshakeError> {
        match self.state {
            ServerState::Decide => Ok(self.decision()),
            ServerState::SendReady => {
                self.state = ServerState::Ready;
                self.local.command(b"READY").map(Some)
            }
            _ => Ok(None),
        }
    }

    fn process(&mut self, command_body: &[u8]) -> Result<(), HandshakeError> {
        match self.state {
            ServerState::AwaitHello => self.hello(command_body),
            ServerState::AwaitInitiate => self.initiate(command_body),
            _ => Err(HandshakeError::Protocol(protocol_error::ZMTP_UNSPECIFIED)),
        }
    }

    fn status(&self) -> Status {
        match self.state {
            ServerState::Ready => Status::Ready,
            ServerState::Decide if self.zap.is_open() => Status::WaitingZap,
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
        self.zap.unavailable(true)
    }

    fn take_failure(&mut self) -> Option<Failure> {
        self.zap.take_failure()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::SocketType;
    use crate::security::testing::{local, shake_hands, zap_frames};
    use crate::security::Traffic;
    use crate::wire::testing::{Random, ROUNDS};

    const HELLO: &[u8] = b"\x05HELLO\x05admin\x08password";

    fn client() -> Client {
        Client::new(local(SocketType::Dealer), b"admin".to_vec(), b"password".to_vec())
    }

    fn server() -> Server {
        let zap_domain = b"test".to_vec();
        Server::new(Local { zap_domain, ..local(SocketType::Dealer) })
    }

    /// A server that has heard `HELLO`, and whose handler has answered with `status`.
    fn decided(status: &[u8]) -> Server {
        let mut server = server();
        server.process(HELLO).unwrap();
        server.take_zap_request().unwrap();
        server.zap_reply(&zap_frames(status, b"alice", b"")).unwrap();
        server
    }

    fn code_of(result: Result<(), HandshakeError>) -> i32 {
        match result {
            Err(HandshakeError::Protocol(code)) => code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn two_ends_agree() {
        let mut ends: [Box<dyn Mechanism>; 2] = [Box::new(client()), Box::new(server())];
        shake_hands(&mut ends).unwrap();
        assert_eq!(ends[1].peer().user_id, b"user");
        assert_eq!(ends[1].peer().routing_id, b"me");
        assert_eq!(ends[0].peer().socket_type, Some(SocketType::Dealer));
        assert!(ends.into_iter().all(|end| matches!(end.split(), Ok(Traffic::Plain))));
    }

    #[test]
    fn the_handler_gets_the_credentials() {
        let mut client = client();
        let hello = client.next_command().unwrap().unwrap();
        assert_eq!(hello, HELLO);
        let mut server = server();
        assert_eq!(server.process(&hello), Ok(()));
        assert_eq!((server.status(), server.next_command()), (Status::WaitingZap, Ok(None)));
        let frames = server.take_zap_request().unwrap().into_frames();
        assert_eq!(frames[6..], [&b"PLAIN"[..], b"admin", b"password"]);
        assert_eq!(server.status(), Status::WaitingZap);
        assert_eq!(code_of(server.process(&hello)), protocol_error::ZMTP_UNSPECIFIED);
    }

    #[test]
    fn refused_clients_are_told_except_of_temporary_refusals() {
        let mut server = decided(b"400");
        assert_eq!(server.take_failure(), Some(Failure::Auth(400)));
        assert_eq!(server.status(), Status::Failed);
        let error = server.next_command().unwrap().unwrap();
        assert_eq!((server.next_command(), server.status()), (Ok(None), Status::Failed));
        let mut client = client();
        assert!(client.next_command().is_ok());
        assert_eq!(client.process(&error).unwrap_err().failure(), Failure::Auth(400));

        let mut server = decided(b"300");
        assert_eq!((server.next_command(), server.status()), (Ok(None), Status::Failed));
        assert_eq!(server.take_failure(), Some(Failure::Auth(300)));
        assert!(server.process(HELLO).is_err());
    }

    #[test]
    fn without_a_handler_nobody_comes_in() {
        let mut server = server();
        server.process(HELLO).unwrap();
        let failure = server.zap_unavailable().unwrap_err().failure();
        assert_eq!(failure, Failure::NoDetail(Error::Fault.errno()));
        let mut enforcing =
            Server::new(Local { zap_enforce_domain: true, ..local(SocketType::Dealer) });
        assert!(enforcing.process(HELLO).is_err());
    }

    #[test]
    fn every_truncation_of_hello_is_refused() {
        for cut in 0..HELLO.len() {
            let expected = match cut {
                0..=5 => protocol_error::ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
                _ => protocol_error::ZMTP_MALFORMED_COMMAND_HELLO,
            };
            assert_eq!(code_of(server().process(&HELLO[..cut])), expected, "cut at {cut}");
        }
        let longer = [HELLO, b"x"].concat();
        assert_eq!(
            code_of(server().process(&longer)),
            protocol_error::ZMTP_MALFORMED_COMMAND_HELLO
        );
        assert_eq!(server().process(b"\x05READY"), Err(HandshakeError::UNEXPECTED));
    }

    #[test]
    fn every_truncation_of_initiate_is_refused_or_ends_between_properties() {
        let initiate = local(SocketType::Dealer).command(b"INITIATE").unwrap();
        for cut in 0..initiate.len() {
            let mut server = decided(b"200");
            assert_eq!(server.next_command(), Ok(Some(b"\x07WELCOME".to_vec())));
            let result = server.process(&initiate[..cut]);
            assert_eq!(result.is_ok(), [9, 31].contains(&cut), "cut at {cut}");
        }
    }

    #[test]
    fn clients_take_commands_only_in_their_order() {
        let mut early = client();
        assert_eq!(early.process(b"\x07WELCOME"), Err(HandshakeError::UNEXPECTED));
        let mut end = client();
        assert!(end.next_command().is_ok());
        assert_eq!(end.process(b"\x05READY"), Err(HandshakeError::UNEXPECTED));
        let extra = code_of(end.process(b"\x07WELCOMEx"));
        assert_eq!(extra, protocol_error::ZMTP_MALFORMED_COMMAND_WELCOME);
        assert_eq!(end.process(b"\x07WELCOME"), Ok(()));
        assert_eq!(end.process(b"\x07WELCOME"), Err(HandshakeError::UNEXPECTED));
    }

    #[test]
    fn credentials_over_255_bytes_are_not_sent() {
        let mut end = Client::new(local(SocketType::Req), vec![b'u'; 256], Vec::new());
        assert_eq!(end.next_command(), Err(HandshakeError::Local(Error::Invalid)));
    }

    #[test]
    fn random_commands_let_nobody_in() {
        let mut random = Random::new(8);
        let images = [HELLO, b"\x07WELCOME", b"\x08INITIATE", b"\x05READY", b"\x05ERROR\x03400"];
        for _ in 0..ROUNDS {
            let mut ends: [Box<dyn Mechanism>; 2] = [Box::new(client()), Box::new(server())];
            for end in &mut ends {
                for _ in 0..6 {
                    let image = images[random.below(images.len())];
                    let body = random.mutated(image);
                    let _ = end.next_command();
                    let _ = end.process(&body);
                }
            }
            assert_ne!(ends[1].status(), Status::Ready);
        }
    }
}
