//! PAIR: one peer, both directions.
//!
//! Whoever comes while there is a peer is sent away at once.
#![forbid(unsafe_code)]

use super::{FairQueue, Incoming, LoadBalancer, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links, Sink, Taken};

/// A PAIR socket. Its two queues are of one link, and keep messages whole when that link changes.
#[derive(Default)]
pub(crate) struct Pair {
    peer: Option<LinkId>,
    inbound: FairQueue,
    outbound: LoadBalancer,
}

impl Pattern for Pair {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        if self.peer.is_some() {
            return links.terminate(id);
        }
        self.peer = Some(id);
        self.inbound.attach(id);
        self.outbound.attach(id);
    }

    fn readable(&mut self, _links: &mut Links, id: LinkId) {
        self.inbound.activated(id);
    }

    fn writable(&mut self, _links: &mut Links, id: LinkId) {
        self.outbound.activated(id);
    }

    fn detached(&mut self, _links: &mut Links, id: LinkId) {
        if self.peer == Some(id) {
            self.peer = None;
            self.inbound.detached(id);
            self.outbound.detached(id);
        }
    }

    #[inline]
    fn send(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        self.outbound.send(links, frame).map(drop)
    }

    #[inline]
    fn recv(&mut self, links: &mut Links) -> Result<Incoming> {
        self.inbound.recv(links).map(Incoming::Link).ok_or(Error::Again)
    }

    #[inline]
    fn take(&mut self, links: &mut Links, sink: &mut Sink<'_>) -> Result<Taken> {
        self.inbound.take(links, sink)
    }

    fn has_in(&mut self, links: &mut Links) -> bool {
        self.inbound.has_in(links)
    }

    fn has_out(&mut self, links: &mut Links) -> bool {
        self.outbound.has_out(links)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkOrigin::Accepted;
    use crate::pattern::testing::Peers;

    #[test]
    fn both_directions_carry_whole_messages() {
        let (mut pair, mut peers) = (Pair::default(), Peers::default());
        assert_eq!(peers.send(&mut pair, &["nobody"]), Err(Error::Again));
        assert!(!peers.has_out(&mut pair) && !peers.has_in(&mut pair));
        peers.join(&mut pair, 10, Accepted);
        peers.say(0, &["a", "b"]);
        assert!(peers.has_in(&mut pair));
        assert_eq!(peers.recv_all(&mut pair), ["a+", "b"]);
        peers.send(&mut pair, &["c", "d"]).unwrap();
        assert_eq!(peers.heard(0), ["c+", "d"]);
    }

    #[test]
    fn a_second_peer_is_sent_away_and_a_later_one_is_taken() {
        let (mut pair, mut peers) = (Pair::default(), Peers::default());
        peers.join(&mut pair, 10, Accepted);
        peers.join(&mut pair, 10, Accepted);
        assert!(peers.is_closed(1) && !peers.is_closed(0));
        peers.send(&mut pair, &["x"]).unwrap();
        assert_eq!(peers.heard(0), ["x"]);
        peers.say(0, &["last words"]);
        peers.leave(&mut pair, 0);
        assert_eq!(peers.recv_all(&mut pair), ["last words"]);
        assert_eq!(peers.send(&mut pair, &["y"]), Err(Error::Again));
        peers.join(&mut pair, 10, Accepted);
        peers.send(&mut pair, &["y"]).unwrap();
        assert_eq!(peers.heard(2), ["y"]);
    }

    #[test]
    fn the_mark_holds() {
        let (mut pair, mut peers) = (Pair::default(), Peers::default());
        peers.join(&mut pair, 2, Accepted);
        peers.send(&mut pair, &["1"]).unwrap();
        peers.send(&mut pair, &["2"]).unwrap();
        assert_eq!(peers.send(&mut pair, &["3"]), Err(Error::Again));
        assert_eq!(peers.heard(0), ["1", "2"]);
        assert_eq!(peers.send(&mut pair, &["3"]), Ok(()));
    }
}
