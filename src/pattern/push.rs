//! PUSH: hands each message to the next peer that has room.
//!
//! Never receives. What a peer sends all the same is thrown away, so that it is in nobody's way when
//! that peer goes.
#![forbid(unsafe_code)]

use super::{Incoming, LoadBalancer, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links};

/// A PUSH socket.
#[derive(Default)]
pub(crate) struct Push {
    outbound: LoadBalancer,
}

impl Pattern for Push {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        self.outbound.attach(id);
        self.readable(links, id);
    }

    fn readable(&mut self, links: &mut Links, id: LinkId) {
        while links.front(id).is_some() {
            links.discard(id);
        }
    }

    fn writable(&mut self, _links: &mut Links, id: LinkId) {
        self.outbound.activated(id);
    }

    fn detached(&mut self, _links: &mut Links, id: LinkId) {
        self.outbound.detached(id);
    }

    #[inline]
    fn send(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        self.outbound.send(links, frame).map(drop)
    }

    fn recv(&mut self, _links: &mut Links) -> Result<Incoming> {
        Err(Error::NotSupported)
    }

    fn has_in(&mut self, _links: &mut Links) -> bool {
        false
    }

    fn has_out(&mut self, links: &mut Links) -> bool {
        self.outbound.has_out(links)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkOrigin::Connected;
    use crate::pattern::testing::Peers;

    #[test]
    fn messages_go_round() {
        let (mut push, mut peers) = (Push::default(), Peers::default());
        assert_eq!(peers.send(&mut push, &["nobody"]), Err(Error::Again));
        for _ in 0..3 {
            peers.join(&mut push, 10, Connected);
        }
        for text in ["0", "1", "2", "3"] {
            peers.send(&mut push, &[text]).unwrap();
        }
        assert_eq!(peers.heard(0), ["0", "3"]);
        assert_eq!(peers.heard(2), ["2"]);
        assert!(matches!(push.recv(&mut peers.links), Err(Error::NotSupported)));
    }

    #[test]
    fn the_rest_of_a_message_dies_with_its_link() {
        let (mut push, mut peers) = (Push::default(), Peers::default());
        peers.join(&mut push, 10, Connected);
        peers.part(&mut push, "1", true).unwrap();
        peers.leave(&mut push, 0);
        peers.join(&mut push, 10, Connected);
        peers.part(&mut push, "2", true).unwrap();
        peers.part(&mut push, "3", false).unwrap();
        peers.send(&mut push, &["4", "5"]).unwrap();
        assert_eq!(peers.heard(1), ["4+", "5"]);
    }

    #[test]
    fn a_peer_that_talks_can_still_leave() {
        let (mut push, mut peers) = (Push::default(), Peers::default());
        peers.join(&mut push, 10, Connected);
        peers.say(0, &["noise"]);
        peers.leave(&mut push, 0);
        assert!(peers.links.len() == 0);
        assert!(!peers.has_out(&mut push));
    }
}
