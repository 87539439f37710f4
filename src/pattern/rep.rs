//! REP: a request, then its reply, then the next request.
//!
//! What a request carries up to its empty delimiter says which way it came. It is kept aside and put in
//! front of the reply. A request without a delimiter cannot be answered, and is dropped whole.
#![forbid(unsafe_code)]

use super::dealer::probe;
use super::{flag, FairQueue, Incoming, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links, Sink};
use crate::message::Message;
use crate::options::ids;

/// A REP socket.
#[derive(Default)]
pub(crate) struct Rep {
    inbound: FairQueue,
    state: State,
    /// Where the request came from; nowhere if that link is gone.
    client: Option<LinkId>,
    /// What goes before the reply, delimiter included.
    envelope: Vec<Message>,
    probe_router: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// The next thing to do is to receive a request.
    #[default]
    Ready,
    /// The envelope was taken, the rest of the request is to be received.
    Receiving,
    /// The request was received, and nothing was sent yet.
    Asked,
    /// The envelope of the reply and some of its parts are out.
    Sending,
    /// The reply finds nobody; its parts are dropped.
    Dropping,
}

impl Pattern for Rep {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        if self.probe_router {
            probe(links, id);
        }
        self.inbound.attach(id);
    }

    fn readable(&mut self, _links: &mut Links, id: LinkId) {
        self.inbound.activated(id);
    }

    fn writable(&mut self, _links: &mut Links, _id: LinkId) {}

    fn detached(&mut self, _links: &mut Links, id: LinkId) {
        self.inbound.detached(id);
        if self.client == Some(id) {
            self.client = None;
        }
    }

    fn send(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        match self.state {
            State::Ready | State::Receiving => return Err(Error::State),
            State::Asked => self.begin_reply(links, frame)?,
            State::Sending => self.go_on(links, frame)?,
            State::Dropping => frame.consume(),
        }
        if !frame.more {
            self.state = State::Ready;
        }
        Ok(())
    }

    fn recv(&mut self, links: &mut Links) -> Result<Incoming> {
        if self.is_replying() {
            return Err(Error::State);
        }
        self.open_request(links)?;
        let id = self.inbound.recv(links).ok_or(Error::Again)?;
        if !links.front(id).is_some_and(|front| front.more) {
            self.state = State::Asked;
        }
        Ok(Incoming::Link(id))
    }

    fn has_in(&mut self, links: &mut Links) -> bool {
        !self.is_replying() && self.open_request(links).is_ok() && self.inbound.has_in(links)
    }

    fn has_out(&mut self, _links: &mut Links) -> bool {
        self.is_replying()
    }

    /// Those of a ROUTER, which a REP is in the wire's eyes; it has no use for most of them, as it never
    /// chooses a peer.
    fn set_option(&mut self, _links: &mut Links, id: i32, value: &[u8]) -> Option<Result<()>> {
        match id {
            ids::PROBE_ROUTER => Some(flag(value).map(|on| self.probe_router = on)),
            ids::ROUTER_MANDATORY | ids::ROUTER_HANDOVER => Some(flag(value).map(drop)),
            ids::CONNECT_ROUTING_ID if value.is_empty() => Some(Err(Error::Invalid)),
            ids::CONNECT_ROUTING_ID => Some(Ok(())),
            _ => None,
        }
    }
}

impl Rep {
    fn is_replying(&self) -> bool {
        matches!(self.state, State::Asked | State::Sending | State::Dropping)
    }

    /// Takes the envelope of the next request that has one.
    fn open_request(&mut self, links: &mut Links) -> Result<()> {
        while self.state == State::Ready {
            let id = self.inbound.recv(links).ok_or(Error::Again)?;
            // Of the same link, this is the rest of an envelope that memory was too short for.
            if self.client != Some(id) {
                self.envelope.clear();
                self.client = Some(id);
            }
            self.envelope.try_reserve(1).map_err(|_| Error::NoMemory)?;
            let mut part = Message::new();
            let taken = links.take(id, &mut Sink::Message(&mut part))?;
            if !taken.more() {
                self.client = None;
                continue;
            }
            part.set_metadata(None);
            self.envelope.push(part);
            if taken.len() == 0 {
                self.state = State::Receiving;
            }
        }
        Ok(())
    }

    fn begin_reply(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        match self.client.filter(|id| links.has_room_now(*id)) {
            Some(id) => {
                if let Err(error) = self.write_reply(links, id, frame) {
                    links.rollback(id);
                    return Err(error);
                }
                self.state = State::Sending;
            }
            None => {
                frame.consume();
                self.state = State::Dropping;
            }
        }
        self.envelope.clear();
        Ok(())
    }

    fn write_reply(&mut self, links: &mut Links, id: LinkId, frame: &mut Frame<'_>) -> Result<()> {
        for part in &mut self.envelope {
            links.write_shared(id, &Frame::message(part, true))?;
        }
        links.write(id, frame)
    }

    fn go_on(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        match self.client.filter(|id| links.is_open(*id)) {
            Some(id) => links.write(id, frame),
            None => {
                frame.consume();
                self.state = State::Dropping;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkOrigin::Accepted;
    use crate::pattern::testing::Peers;

    fn with_peers(count: usize) -> (Rep, Peers) {
        let (mut rep, mut peers) = (Rep::default(), Peers::default());
        for _ in 0..count {
            peers.join(&mut rep, 10, Accepted);
        }
        (rep, peers)
    }

    #[test]
    fn requests_and_replies_alternate() {
        let (mut rep, mut peers) = with_peers(1);
        assert_eq!(peers.send(&mut rep, &["x"]), Err(Error::State));
        assert_eq!(peers.recv(&mut rep), Err(Error::Again));
        peers.say(0, &["", "a", "b"]);
        peers.say(0, &["", "c"]);
        assert!(peers.has_in(&mut rep) && !peers.has_out(&mut rep));
        assert_eq!(peers.recv(&mut rep), Ok("a+".into()));
        assert!(peers.has_in(&mut rep));
        assert_eq!(peers.send(&mut rep, &["x"]), Err(Error::State));
        assert_eq!(peers.recv(&mut rep), Ok("b".into()));
        assert_eq!(peers.recv(&mut rep), Err(Error::State));
        assert!(!peers.has_in(&mut rep) && peers.has_out(&mut rep));
        peers.send(&mut rep, &["d", "e"]).unwrap();
        assert_eq!(peers.heard(0), ["+", "d+", "e"]);
        assert_eq!(peers.recv_all(&mut rep), ["c"]);
    }

    #[test]
    fn the_envelope_goes_back_as_it_came() {
        let (mut rep, mut peers) = with_peers(2);
        peers.say(1, &["hop 2", "hop 1", "", "a", "", "b"]);
        assert_eq!(peers.recv_all(&mut rep), ["a+", "+", "b"]);
        peers.send(&mut rep, &["", "c"]).unwrap();
        assert_eq!(peers.heard(1), ["hop 2+", "hop 1+", "+", "+", "c"]);
        assert!(peers.heard(0).is_empty());
        peers.say(0, &["", "next"]);
        assert_eq!(peers.recv_all(&mut rep), ["next"]);
        peers.send(&mut rep, &["done"]).unwrap();
        assert_eq!(peers.heard(0), ["+", "done"]);
    }

    #[test]
    fn requests_that_cannot_be_answered_are_dropped() {
        let (mut rep, mut peers) = with_peers(1);
        for request in [&["body"][..], &[""], &["no", "delimiter"], &["at the end", ""]] {
            peers.say(0, request);
        }
        assert!(!peers.has_in(&mut rep));
        peers.say(0, &["", "good"]);
        assert!(peers.has_in(&mut rep));
        assert_eq!(peers.recv_all(&mut rep), ["good"]);
        peers.send(&mut rep, &["reply"]).unwrap();
        assert_eq!(peers.heard(0), ["+", "reply"]);
    }

    #[test]
    fn a_reply_to_a_dead_peer_is_dropped() {
        let (mut rep, mut peers) = with_peers(2);
        peers.say(0, &["", "a"]);
        peers.say(1, &["", "b"]);
        assert_eq!(peers.recv(&mut rep), Ok("a".into()));
        peers.leave(&mut rep, 0);
        assert!(peers.has_out(&mut rep));
        peers.send(&mut rep, &["lost", "lost"]).unwrap();
        assert_eq!(peers.recv(&mut rep), Ok("b".into()));
        peers.part(&mut rep, "half", true).unwrap();
        peers.links.peer_closed(LinkId(1));
        peers.part(&mut rep, "lost", false).unwrap();
        assert!(peers.heard(1).is_empty());
        assert_eq!(peers.recv(&mut rep), Err(Error::Again));
    }

    #[test]
    fn a_reply_to_a_peer_that_does_not_read_is_dropped() {
        let (mut rep, mut peers) = (Rep::default(), Peers::default());
        peers.join(&mut rep, 1, Accepted);
        for text in ["1", "2"] {
            peers.say(0, &["", text]);
            assert_eq!(peers.recv_all(&mut rep), [text]);
            peers.send(&mut rep, &[text]).unwrap();
        }
        assert_eq!(peers.heard(0), ["+", "1"]);
    }
}
