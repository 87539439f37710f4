//! Receives from many links in turns, one whole message from each.
//!
//! A link that has nothing costs nothing until it has something again.
#![forbid(unsafe_code)]

use super::rotation::Rotation;
use crate::error::{Error, Result};
use crate::link::{LinkId, Links, Sink, Taken};

/// The order in which links are read.
#[derive(Default)]
pub(crate) struct FairQueue {
    rotation: Rotation,
    /// The link whose turn it is has begun a message that it must end.
    more: bool,
}

impl FairQueue {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A link to read from.
    pub(crate) fn attach(&mut self, id: LinkId) {
        self.rotation.add(id);
    }

    /// The link has something to read again.
    pub(crate) fn activated(&mut self, id: LinkId) {
        self.rotation.activate(id);
    }

    /// The link is gone, and so is what it did not finish.
    pub(crate) fn detached(&mut self, id: LinkId) {
        if self.rotation.current() == Some(id) {
            self.more = false;
        }
        self.rotation.remove(id);
    }

    /// Is the next part the rest of a message?
    pub(crate) fn is_in_message(&self) -> bool {
        self.more
    }

    /// The link to take the next part from. It is to be taken, or discarded, before the next call.
    #[inline]
    pub(crate) fn recv(&mut self, links: &mut Links) -> Option<LinkId> {
        let (id, more) = self.find(links)?;
        self.more = more;
        if !more {
            self.rotation.advance();
        }
        Some(id)
    }

    /// Takes the next part.
    #[inline(always)]
    pub(crate) fn take(&mut self, links: &mut Links, sink: &mut Sink<'_>) -> Result<Taken> {
        while let Some(id) = self.rotation.current() {
            match links.take(id, sink) {
                Ok(taken) => {
                    self.more = taken.more();
                    if !taken.more() {
                        self.rotation.advance();
                    }
                    return Ok(taken);
                }
                Err(Error::Again) => {
                    self.more = false;
                    self.rotation.retire();
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::Again)
    }

    /// Takes the next part if it is at hand and `wanted`, and says where from.
    #[inline(always)]
    pub(crate) fn take_if(
        &mut self,
        links: &mut Links,
        sink: &mut Sink<'_>,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Option<(LinkId, Taken)> {
        let id = self.rotation.current()?;
        let taken = links.take_if(id, sink, wanted)?;
        self.more = taken.more();
        if !taken.more() {
            self.rotation.advance();
        }
        Some((id, taken))
    }

    /// Is there a part to take? [`FairQueue::recv`] will then name the same link that was found here.
    #[inline]
    pub(crate) fn has_in(&mut self, links: &mut Links) -> bool {
        self.more || self.find(links).is_some()
    }

    /// The first link in turn with a part to take, and whether more parts follow that one.
    #[inline]
    fn find(&mut self, links: &mut Links) -> Option<(LinkId, bool)> {
        while let Some(id) = self.rotation.current() {
            match links.front(id) {
                Some(front) => return Some((id, front.more)),
                None => {
                    self.more = false;
                    self.rotation.retire();
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::testing::{receive, Peers};

    fn queue(peers: &Peers) -> FairQueue {
        let mut queue = FairQueue::new();
        peers.ids().for_each(|id| queue.attach(id));
        queue
    }

    fn drain(queue: &mut FairQueue, peers: &mut Peers) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(id) = queue.recv(&mut peers.links) {
            all.push(receive(&mut peers.links, id));
        }
        all
    }

    #[test]
    fn links_take_turns() {
        let mut peers = Peers::new(3, 10);
        let mut queue = queue(&peers);
        for (peer, text) in [(0, "a"), (0, "a"), (0, "a"), (1, "b"), (2, "c"), (2, "c")] {
            peers.say(peer, &[text]);
        }
        assert_eq!(drain(&mut queue, &mut peers), ["a", "b", "c", "a", "c", "a"]);
    }

    #[test]
    fn a_message_is_not_interrupted() {
        let mut peers = Peers::new(2, 10);
        let mut queue = queue(&peers);
        peers.say(0, &["a1", "a2", "a3"]);
        peers.say(1, &["b1", "b2"]);
        peers.say(0, &["a4"]);
        assert_eq!(drain(&mut queue, &mut peers), ["a1+", "a2+", "a3", "b1+", "b2", "a4"]);
    }

    #[test]
    fn an_empty_link_is_asked_again_once_it_has_something() {
        let mut peers = Peers::new(2, 10);
        let mut queue = queue(&peers);
        assert!(queue.recv(&mut peers.links).is_none());
        peers.say(1, &["b"]);
        assert!(queue.recv(&mut peers.links).is_none());
        queue.activated(LinkId(1));
        assert_eq!(drain(&mut queue, &mut peers), ["b"]);
    }

    #[test]
    fn looking_does_not_cost_the_turn() {
        let mut peers = Peers::new(2, 10);
        let mut queue = queue(&peers);
        peers.say(0, &["a1", "a2"]);
        peers.say(1, &["b"]);
        assert!(queue.has_in(&mut peers.links) && queue.has_in(&mut peers.links));
        let id = queue.recv(&mut peers.links).unwrap();
        assert_eq!(receive(&mut peers.links, id), "a1+");
        assert!(queue.has_in(&mut peers.links));
        assert_eq!(drain(&mut queue, &mut peers), ["a2", "b"]);
        assert!(!queue.has_in(&mut peers.links));
    }

    #[test]
    fn a_link_that_dies_in_mid_message_does_not_hold_up_the_others() {
        let mut peers = Peers::new(2, 10);
        let mut queue = queue(&peers);
        peers.say(0, &["a1", "a2"]);
        peers.say(1, &["b"]);
        let id = queue.recv(&mut peers.links).unwrap();
        peers.links.discard(id);
        queue.detached(id);
        assert_eq!(drain(&mut queue, &mut peers), ["b"]);
    }

    #[test]
    fn commands_are_passed_over() {
        let mut peers = Peers::new(1, 10);
        let mut queue = queue(&peers);
        peers.command(0, b"\x09SUBSCRIBEx");
        peers.say(0, &["a"]);
        peers.command(0, b"\x09SUBSCRIBEx");
        assert_eq!(drain(&mut queue, &mut peers), ["a"]);
    }
}
