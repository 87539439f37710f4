//! The NULL mechanism: both ends send READY, and that is all.
//!
//! With a ZAP domain, READY waits for the handler's word on the peer's address.
#![forbid(unsafe_code)]

use super::handshake::{Failure, HandshakeError, Local, Peer};
use super::zap::{Gate, ZapRequest};
use super::{Mechanism, Status};
use crate::wire::Command;

/// One end of a NULL handshake.
#[derive(Debug)]
pub(crate) struct Null {
    local: Local,
    peer: Peer,
    zap: Gate,
    /// READY or ERROR has been sent: either way nothing follows it.
    sent: bool,
    ready_received: bool,
}

impl Null {
    pub(crate) fn new(local: Local) -> Self {
        let zap = if local.zap_domain.is_empty() { Gate::Passed } else { Gate::Due(ask(&local)) };
        Null { local, peer: Peer::default(), zap, sent: false, ready_received: false }
    }
}

fn ask(local: &Local) -> ZapRequest {
    ZapRequest {
        domain: local.zap_domain.clone(),
        address: local.peer_address.clone(),
        routing_id: local.routing_id.clone(),
        mechanism: "NULL",
        credentials: Vec::new(),
    }
}

impl Mechanism for Null {
    fn next_command(&mut self) -> Result<Option<Vec<u8>>, HandshakeError> {
        if self.sent || self.zap.is_open() {
            return Ok(None);
        }
        self.sent = true;
        if self.zap.denied().is_some() {
            return Ok(self.zap.error_command());
        }
        self.local.command(b"READY").map(Some)
    }

    fn process(&mut self, command_body: &[u8]) -> Result<(), HandshakeError> {
        if self.ready_received {
            return Err(HandshakeError::UNEXPECTED);
        }
        match Command::parse(command_body)? {
            Command::Ready { metadata } => {
                self.ready_received = true;
                self.peer.read(metadata, self.local.socket_type)
            }
            Command::Error { reason } => Err(HandshakeError::Refused { reason: reason.to_vec() }),
            _ => Err(HandshakeError::UNEXPECTED),
        }
    }

    fn status(&self) -> Status {
        if self.zap.denied().is_some() {
            return Status::Failed;
        }
        match (self.zap.is_open(), self.sent && self.ready_received) {
            (true, _) => Status::WaitingZap,
            (false, true) => Status::Ready,
            (false, false) => Status::Handshaking,
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::options::ids::protocol_error;
    use crate::options::SocketType;
    use crate::security::testing::{local, shake_hands, zap_frames};
    use crate::wire::testing::{Random, ROUNDS};

    #[test]
    fn two_ends_tell_each_other_who_they_are() {
        let mut dealer = local(SocketType::Dealer);
        dealer.metadata.push((b"X-Hello".to_vec(), b"World".to_vec()));
        let mut ends: [Box<dyn Mechanism>; 2] =
            [Box::new(Null::new(dealer)), Box::new(Null::new(local(SocketType::Rep)))];
        shake_hands(&mut ends).unwrap();
        let [dealer, rep] = ends.each_ref().map(|end| end.peer());
        assert_eq!(rep.socket_type, Some(SocketType::Dealer));
        assert_eq!((&rep.routing_id[..], &rep.user_id[..]), (&b"me"[..], &b""[..]));
        assert_eq!(rep.property(b"X-Hello"), Some(&b"World"[..]));
        assert_eq!(rep.property(b"Identity"), Some(&b"me"[..]));
        assert_eq!(dealer.socket_type, Some(SocketType::Rep));
        assert_eq!(dealer.property(b"Identity"), None);
    }

    #[test]
    fn ready_has_the_bytes_of_the_wire() {
        let mut end = Null::new(local(SocketType::Sub));
        let ready = end.next_command().unwrap().unwrap();
        assert_eq!(ready, b"\x05READY\x0bSocket-Type\0\0\0\x03SUB");
        assert_eq!(end.next_command(), Ok(None));
    }

    #[test]
    fn peers_of_the_wrong_type_are_refused() {
        let mut end = Null::new(local(SocketType::Push));
        let ready = Null::new(local(SocketType::Push)).next_command().unwrap().unwrap();
        let invalid = HandshakeError::Protocol(protocol_error::ZMTP_INVALID_METADATA);
        assert_eq!(end.process(&ready), Err(invalid));
    }

    #[test]
    fn a_peer_may_keep_its_type_to_itself() {
        let mut end = Null::new(local(SocketType::Push));
        assert!(end.next_command().is_ok());
        assert_eq!(end.process(b"\x05READY"), Ok(()));
        assert_eq!(end.status(), Status::Ready);
        assert_eq!(end.process(b"\x05READY"), Err(HandshakeError::UNEXPECTED));
    }

    #[test]
    fn errors_of_the_peer_are_reported() {
        let process = |body: &[u8]| Null::new(local(SocketType::Pair)).process(body).unwrap_err();
        assert_eq!(process(b"\x05ERROR\x03400").failure(), Failure::Auth(400));
        let malformed = Failure::Protocol(protocol_error::ZMTP_MALFORMED_COMMAND_ERROR);
        assert_eq!(process(b"\x05ERROR\x0440").failure(), malformed);
        assert_eq!(process(b"\x05HELLO"), HandshakeError::UNEXPECTED);
        assert_eq!(
            process(b"").failure(),
            Failure::Protocol(protocol_error::ZMTP_MALFORMED_COMMAND_UNSPECIFIED)
        );
    }

    #[test]
    fn every_truncation_of_ready_is_refused_or_ends_between_properties() {
        let ready = Null::new(local(SocketType::Dealer)).next_command().unwrap().unwrap();
        for cut in 0..ready.len() {
            let result = Null::new(local(SocketType::Dealer)).process(&ready[..cut]);
            assert_eq!(result.is_ok(), [6, 28].contains(&cut), "cut at {cut}");
        }
    }

    #[test]
    fn ready_waits_for_the_zap_handler() {
        let mut end = Null::new(with_domain());
        assert_eq!((end.next_command(), end.status()), (Ok(None), Status::WaitingZap));
        let frames = end.take_zap_request().unwrap().into_frames();
        let expected: [&[u8]; 7] = [b"", b"1.0", b"1", b"test", b"127.0.0.1", b"me", b"NULL"];
        assert_eq!(frames, expected);
        assert_eq!(end.take_zap_request(), None);
        assert_eq!(end.process(b"\x05READY"), Ok(()));
        assert_eq!((end.next_command(), end.status()), (Ok(None), Status::WaitingZap));
        assert_eq!(end.zap_reply(&zap_frames(b"200", b"alice", b"")), Ok(()));
        assert!(end.next_command().unwrap().is_some());
        assert_eq!(end.status(), Status::Ready);
        assert_eq!(end.take_failure(), None);
        assert_eq!(end.take_peer().user_id, b"alice");
    }

    #[test]
    fn a_refusal_of_the_zap_handler_is_passed_on_except_temporary_ones() {
        for (status, error) in [
            (b"300", None),
            (b"400", Some(b"\x05ERROR\x03400".to_vec())),
            (b"500", Some(b"\x05ERROR\x03500".to_vec())),
        ] {
            let mut end = Null::new(with_domain());
            assert!(end.take_zap_request().is_some());
            assert_eq!(end.zap_reply(&zap_frames(status, b"", b"")), Ok(()));
            assert_eq!(end.take_failure(), Some(Failure::Auth(i32::from(status[0] - b'0') * 100)));
            assert_eq!(end.take_failure(), None);
            assert_eq!(end.next_command(), Ok(error));
            assert_eq!(end.next_command(), Ok(None));
            assert_eq!(end.process(b"\x05READY"), Ok(()));
            assert_eq!(end.status(), Status::Failed);
        }
    }

    #[test]
    fn a_missing_zap_handler_counts_when_the_domain_is_enforced() {
        let mut end = Null::new(with_domain());
        assert!(end.take_zap_request().is_some());
        assert_eq!(end.zap_unavailable(), Ok(()));
        assert!(end.next_command().unwrap().is_some());

        let mut end = Null::new(Local { zap_enforce_domain: true, ..with_domain() });
        assert!(end.take_zap_request().is_some());
        let failure = end.zap_unavailable().unwrap_err().failure();
        assert_eq!(failure, Failure::NoDetail(Error::Fault.errno()));
        assert_eq!(end.next_command(), Ok(None));
    }

    #[test]
    fn random_commands_do_no_harm() {
        let mut random = Random::new(7);
        let ready = Null::new(local(SocketType::Dealer)).next_command().unwrap().unwrap();
        for _ in 0..ROUNDS {
            let mut end = Null::new(local(SocketType::Dealer));
            let _ = end.next_command();
            let body = random.mutated(&ready);
            assert_eq!(end.process(&body).is_ok(), end.status() == Status::Ready && read(&body));
        }
    }

    /// Whether the peer's property list is a good one.
    fn read(body: &[u8]) -> bool {
        Peer::default().read(body.get(6..).unwrap_or_default(), SocketType::Dealer).is_ok()
    }

    fn with_domain() -> Local {
        Local { zap_domain: b"test".to_vec(), ..local(SocketType::Dealer) }
    }
}
