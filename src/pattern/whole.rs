//! Socket types whose messages have one part: SCATTER, GATHER, CLIENT and CHANNEL are PUSH, PULL,
//! DEALER and PAIR without parts that belong together.
//!
//! So that several threads may use such a socket at once, a call sends or receives a whole message.
//! A peer that sends several parts all the same is not heard.
#![forbid(unsafe_code)]

use super::dealer::Dealer;
use super::pair::Pair;
use super::pull::Pull;
use super::push::Push;
use super::{Incoming, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links};

/// A pattern that passes whole messages on to `P`, and nothing else.
#[derive(Default)]
pub(crate) struct Whole<P> {
    inner: P,
    /// The link whose message is received next, if that was found out already.
    found: Option<LinkId>,
}

pub(crate) type Scatter = Whole<Push>;
pub(crate) type Gather = Whole<Pull>;
pub(crate) type Client = Whole<Dealer>;
pub(crate) type Channel = Whole<Pair>;

impl<P: Pattern> Whole<P> {
    /// Finds a message of one part, and passes over others.
    fn find(&mut self, links: &mut Links) -> Result<LinkId> {
        if let Some(id) = self.found {
            return Ok(id);
        }
        let mut in_message = false;
        loop {
            let Incoming::Link(id) = self.inner.recv(links)? else { return Err(Error::Protocol) };
            let more = links.front(id).is_some_and(|front| front.more);
            if !more && !in_message {
                self.found = Some(id);
                return Ok(id);
            }
            // The parts of a message come into sight together, and one after the other.
            in_message = more;
            links.discard(id);
        }
    }

    /// The link to take the next message from.
    pub(super) fn take_found(&mut self, links: &mut Links) -> Result<LinkId> {
        let id = self.find(links)?;
        self.found = None;
        Ok(id)
    }
}

impl<P: Pattern> Pattern for Whole<P> {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        self.inner.attach(links, id);
    }

    fn readable(&mut self, links: &mut Links, id: LinkId) {
        self.inner.readable(links, id);
    }

    fn writable(&mut self, links: &mut Links, id: LinkId) {
        self.inner.writable(links, id);
    }

    fn detached(&mut self, links: &mut Links, id: LinkId) {
        if self.found == Some(id) {
            self.found = None;
        }
        self.inner.detached(links, id);
    }

    #[inline]
    fn send(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        match frame.more {
            true => Err(Error::Invalid),
            false => self.inner.send(links, frame),
        }
    }

    fn recv(&mut self, links: &mut Links) -> Result<Incoming> {
        self.take_found(links).map(Incoming::Link)
    }

    fn has_in(&mut self, links: &mut Links) -> bool {
        self.find(links).is_ok()
    }

    fn has_out(&mut self, links: &mut Links) -> bool {
        self.inner.has_out(links)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkOrigin::Accepted;
    use crate::pattern::testing::Peers;

    #[test]
    fn messages_of_several_parts_are_neither_sent_nor_received() {
        let (mut peers, mut client) = (Peers::default(), Client::default());
        peers.join(&mut client, 10, Accepted);
        assert_eq!(peers.part(&mut client, "a", true), Err(Error::Invalid));
        peers.send(&mut client, &["whole"]).unwrap();
        assert_eq!(peers.heard(0), ["whole"]);
        peers.say(0, &["two", "parts"]);
        peers.say(0, &["one"]);
        peers.say(0, &["three", "more", "parts"]);
        peers.settle(&mut client);
        assert!(client.has_in(&mut peers.links) && client.has_in(&mut peers.links));
        assert_eq!(peers.recv(&mut client), Ok("one".into()));
        assert!(!client.has_in(&mut peers.links));
        assert_eq!(peers.recv(&mut client), Err(Error::Again));
    }

    #[test]
    fn what_was_found_goes_with_its_link() {
        let (mut peers, mut gather) = (Peers::default(), Gather::default());
        peers.join(&mut gather, 10, Accepted);
        peers.join(&mut gather, 10, Accepted);
        peers.say(0, &["first"]);
        peers.say(1, &["second"]);
        peers.settle(&mut gather);
        assert!(gather.has_in(&mut peers.links));
        gather.detached(&mut peers.links, LinkId(0));
        assert_eq!(peers.recv(&mut gather), Ok("second".into()));
    }
}
