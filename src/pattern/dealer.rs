//! DEALER: sends to its peers in turns, receives from them in turns, and minds nothing else.
#![forbid(unsafe_code)]

use super::{flag, FairQueue, Incoming, LoadBalancer, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links, Sink, Taken};
use crate::options::ids;

/// A DEALER socket.
#[derive(Default)]
pub(crate) struct Dealer {
    pub(super) inbound: FairQueue,
    pub(super) outbound: LoadBalancer,
    probe_router: bool,
}

impl Dealer {
    /// Takes a link on, with a word to the ROUTER behind it if it is to know us before we have
    /// something to say.
    fn welcome(&mut self, links: &mut Links, id: LinkId) {
        if self.probe_router {
            probe(links, id);
        }
        self.inbound.attach(id);
        self.outbound.attach(id);
    }
}

/// Sends an empty message to a peer just met.
pub(super) fn probe(links: &mut Links, id: LinkId) {
    if links.has_room_now(id) {
        // An empty part is copied, so there is nothing that can fail.
        let _ = links.write(id, &mut Frame::bytes(&[], false));
    }
}

impl Pattern for Dealer {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        self.welcome(links, id);
    }

    fn readable(&mut self, _links: &mut Links, id: LinkId) {
        self.inbound.activated(id);
    }

    fn writable(&mut self, _links: &mut Links, id: LinkId) {
        self.outbound.activated(id);
    }

    fn detached(&mut self, _links: &mut Links, id: LinkId) {
        self.inbound.detached(id);
        self.outbound.detached(id);
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

    fn set_option(&mut self, _links: &mut Links, id: i32, value: &[u8]) -> Option<Result<()>> {
        (id == ids::PROBE_ROUTER).then(|| flag(value).map(|on| self.probe_router = on))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkOrigin::Connected;
    use crate::pattern::testing::Peers;

    #[test]
    fn both_directions_take_turns() {
        let (mut dealer, mut peers) = (Dealer::default(), Peers::default());
        for _ in 0..2 {
            peers.join(&mut dealer, 10, Connected);
        }
        for text in ["0", "1", "2"] {
            peers.send(&mut dealer, &["", text]).unwrap();
        }
        assert_eq!(peers.heard(0), ["+", "0", "+", "2"]);
        assert_eq!(peers.heard(1), ["+", "1"]);
        peers.say(1, &["b"]);
        peers.say(0, &["a"]);
        peers.say(0, &["a"]);
        assert_eq!(peers.recv_all(&mut dealer), ["a", "b", "a"]);
    }

    #[test]
    fn a_probe_is_an_empty_message_to_each_new_peer() {
        let (mut dealer, mut peers) = (Dealer::default(), Peers::default());
        peers.join(&mut dealer, 10, Connected);
        let mut set = |value: &[u8]| {
            dealer
                .set_option(&mut peers.links, ids::PROBE_ROUTER, value)
                .expect("an option of ours")
        };
        assert_eq!(set(&[1]), Err(Error::Invalid));
        assert_eq!(set(&(-1i32).to_ne_bytes()), Err(Error::Invalid));
        assert_eq!(set(&1i32.to_ne_bytes()), Ok(()));
        assert!(dealer.set_option(&mut peers.links, ids::LINGER, &[0; 4]).is_none());
        peers.join(&mut dealer, 10, Connected);
        assert_eq!(peers.heard(1), [""]);
        assert!(peers.heard(0).is_empty());
    }
}
