//! PULL: takes messages from all its peers in turns. Never sends.
#![forbid(unsafe_code)]

use super::{FairQueue, Incoming, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links, Sink, Taken};

/// A PULL socket.
#[derive(Default)]
pub(crate) struct Pull {
    inbound: FairQueue,
}

impl Pattern for Pull {
    fn attach(&mut self, _links: &mut Links, id: LinkId) {
        self.inbound.attach(id);
    }

    fn readable(&mut self, _links: &mut Links, id: LinkId) {
        self.inbound.activated(id);
    }

    fn writable(&mut self, _links: &mut Links, _id: LinkId) {}

    fn detached(&mut self, _links: &mut Links, id: LinkId) {
        self.inbound.detached(id);
    }

    fn send(&mut self, _links: &mut Links, _frame: &mut Frame<'_>) -> Result<()> {
        Err(Error::NotSupported)
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

    fn has_out(&mut self, _links: &mut Links) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkOrigin::Accepted;
    use crate::pattern::testing::Peers;

    #[test]
    fn peers_are_heard_in_turns_and_to_the_end() {
        let (mut pull, mut peers) = (Pull::default(), Peers::default());
        for _ in 0..3 {
            peers.join(&mut pull, 10, Accepted);
        }
        for (peer, text) in [(0, "a"), (0, "a"), (2, "c"), (1, "b"), (2, "c")] {
            peers.say(peer, &[text, "."]);
        }
        peers.leave(&mut pull, 2);
        let all = peers.recv_all(&mut pull);
        assert_eq!(all, ["a+", ".", "b+", ".", "c+", ".", "a+", ".", "c+", "."]);
        assert_eq!(peers.links.len(), 2);
        assert_eq!(peers.send(&mut pull, &["x"]), Err(Error::NotSupported));
    }

    #[test]
    fn a_message_half_read_outlives_its_link() {
        let (mut pull, mut peers) = (Pull::default(), Peers::default());
        for _ in 0..2 {
            peers.join(&mut pull, 10, Accepted);
        }
        peers.say(0, &["a", "b"]);
        peers.say(0, &["never"]);
        peers.say(1, &["c"]);
        assert_eq!(peers.recv(&mut pull), Ok("a+".into()));
        peers.links.terminate(LinkId(0));
        assert_eq!(peers.recv_all(&mut pull), ["b", "c"]);
        assert_eq!(peers.links.len(), 1);
    }
}
