//! SERVER: receives messages that name their peer by a number, and sends each to the peer of its
//! number. PEER is the same, between equals.
//!
//! The number travels with the message, not in a part of its own: a message has one part, so that
//! several threads may use the socket at once.
#![forbid(unsafe_code)]

use super::routes::random;
use super::whole::Gather;
use super::{Incoming, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links, Sink, Taken};
use crate::message::{Message, Metadata};
use std::collections::HashMap;
use std::sync::Arc;

/// A SERVER or PEER socket.
pub(crate) struct Server {
    inbound: Gather,
    links: HashMap<u32, LinkId>,
    /// By the number of the link.
    peers: Vec<Option<Peer>>,
    last: u32,
}

/// Whom a link leads to.
struct Peer {
    routing_id: u32,
    /// What its messages carry, and what was known of it when that was made.
    origin: Option<(Option<Arc<Metadata>>, Arc<Metadata>)>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            inbound: Gather::default(),
            links: HashMap::new(),
            peers: Vec::new(),
            last: random(),
        }
    }
}

impl Server {
    /// A number that no peer has; never zero.
    fn make_up(&mut self) -> u32 {
        loop {
            self.last = self.last.wrapping_add(1);
            if self.last != 0 && !self.links.contains_key(&self.last) {
                return self.last;
            }
        }
    }

    /// What a message from this link carries: made once, as long as no more is known of the peer.
    fn origin(&mut self, links: &Links, id: LinkId) -> Option<&Arc<Metadata>> {
        let peer = self.peers.get_mut(id.0 as usize)?.as_mut()?;
        let known =
            links.get(id).and_then(|link| link.info()).and_then(|info| info.metadata.as_ref());
        let is_current = |(of, _): &(Option<Arc<Metadata>>, _)| match (of, known) {
            (None, None) => true,
            (Some(of), Some(known)) => Arc::ptr_eq(of, known),
            _ => false,
        };
        if !peer.origin.as_ref().is_some_and(is_current) {
            let origin = Metadata::with_routing_id(known, peer.routing_id);
            peer.origin = Some((known.cloned(), Arc::new(origin)));
        }
        peer.origin.as_ref().map(|(_, origin)| origin)
    }
}

impl Pattern for Server {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        let routing_id = self.make_up();
        let index = id.0 as usize;
        if self.peers.len() <= index {
            self.peers.resize_with(index + 1, || None);
        }
        self.peers[index] = Some(Peer { routing_id, origin: None });
        self.links.insert(routing_id, id);
        self.inbound.attach(links, id);
    }

    fn readable(&mut self, links: &mut Links, id: LinkId) {
        self.inbound.readable(links, id);
    }

    fn writable(&mut self, _links: &mut Links, _id: LinkId) {}

    fn detached(&mut self, links: &mut Links, id: LinkId) {
        self.inbound.detached(links, id);
        if let Some(peer) = self.peers.get_mut(id.0 as usize).and_then(Option::take) {
            self.links.remove(&peer.routing_id);
        }
    }

    fn send(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        if frame.more {
            return Err(Error::Invalid);
        }
        let id = *self.links.get(&frame.routing_id()).ok_or(Error::HostUnreachable)?;
        if !links.is_open(id) {
            return Err(Error::HostUnreachable);
        }
        if !links.has_room(id) {
            return Err(Error::Again);
        }
        let origin = frame.take_origin();
        links.write(id, frame).inspect_err(|_| frame.set_origin(origin))
    }

    fn recv(&mut self, links: &mut Links) -> Result<Incoming> {
        let mut message = Message::new();
        self.take(links, &mut Sink::Message(&mut message))?;
        Ok(Incoming::Made(message))
    }

    fn take(&mut self, links: &mut Links, sink: &mut Sink<'_>) -> Result<Taken> {
        let id = self.inbound.take_found(links)?;
        let taken = links.take(id, sink)?;
        if let Sink::Message(message) = sink {
            message.refer(self.origin(links, id));
        }
        Ok(taken)
    }

    fn has_in(&mut self, links: &mut Links) -> bool {
        self.inbound.has_in(links)
    }

    /// Where a message goes is not known before it is sent.
    fn has_out(&mut self, _links: &mut Links) -> bool {
        true
    }

    fn routing_id(&self, id: LinkId) -> Option<u32> {
        self.peers.get(id.0 as usize)?.as_ref().map(|peer| peer.routing_id)
    }

    fn link_of(&self, routing_id: u32) -> Option<LinkId> {
        self.links.get(&routing_id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkOrigin::Accepted;
    use crate::pattern::testing::Peers;

    fn receive(server: &mut Server, peers: &mut Peers) -> Result<Message> {
        peers.settle(server);
        let mut message = Message::new();
        server.take(&mut peers.links, &mut Sink::Message(&mut message)).map(|_| message)
    }

    fn send(server: &mut Server, peers: &mut Peers, mut message: Message) -> Result<()> {
        let sent = server.send(&mut peers.links, &mut Frame::message(&mut message, false));
        peers.settle(server);
        sent
    }

    #[test]
    fn an_answer_goes_to_the_peer_whose_number_it_has() {
        let (mut server, mut peers) = (Server::default(), Peers::default());
        for _ in 0..3 {
            peers.join(&mut server, 10, Accepted);
        }
        peers.say(1, &["question"]);
        peers.say(0, &["in", "parts"]);
        assert!(server.has_in(&mut peers.links));
        let question = receive(&mut server, &mut peers).unwrap();
        assert_eq!(&question[..], b"question");
        assert_ne!(question.routing_id(), 0);
        assert_eq!(receive(&mut server, &mut peers), Err(Error::Again));
        let mut answer = Message::from("answer");
        answer.set_routing_id(question.routing_id()).unwrap();
        send(&mut server, &mut peers, answer.clone()).unwrap();
        assert_eq!(peers.heard(1), ["answer"]);
        assert!(peers.heard(0).is_empty() && peers.heard(2).is_empty());
        peers.leave(&mut server, 1);
        assert_eq!(send(&mut server, &mut peers, answer), Err(Error::HostUnreachable));
    }

    #[test]
    fn nobody_is_sent_what_has_no_number_or_several_parts() {
        let (mut server, mut peers) = (Server::default(), Peers::default());
        peers.join(&mut server, 1, Accepted);
        assert_eq!(send(&mut server, &mut peers, "x".into()), Err(Error::HostUnreachable));
        let mut message = Message::from("x");
        message.set_routing_id(server.routing_id(LinkId(0)).unwrap()).unwrap();
        let frame = &mut Frame::message(&mut message, true);
        assert_eq!(server.send(&mut peers.links, frame), Err(Error::Invalid));
        send(&mut server, &mut peers, message.clone()).unwrap();
        assert_eq!(send(&mut server, &mut peers, message), Err(Error::Again), "it is full");
    }

    #[test]
    fn what_messages_of_a_peer_carry_is_made_once() {
        let (mut server, mut peers) = (Server::default(), Peers::default());
        peers.join(&mut server, 10, Accepted);
        peers.say(0, &["a"]);
        peers.say(0, &["b"]);
        let (a, b) = (receive(&mut server, &mut peers), receive(&mut server, &mut peers));
        let origins = [a.unwrap(), b.unwrap()].map(|message| message.metadata().cloned().unwrap());
        assert!(Arc::ptr_eq(&origins[0], &origins[1]));
    }
}
