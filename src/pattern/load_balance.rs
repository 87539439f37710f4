//! Sends to many links in turns, one whole message to each.
//!
//! A link that is full is left out until it has room again.
#![forbid(unsafe_code)]

use super::rotation::Rotation;
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links};

/// The order in which links are written to.
#[derive(Default)]
pub(crate) struct LoadBalancer {
    rotation: Rotation,
    message: Message,
}

/// What became of the parts before the next one.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Message {
    /// The next part begins a message.
    #[default]
    None,
    /// They went to the link whose turn it is, and the rest has to follow.
    Begun,
    /// They died with their link, and the rest must not go anywhere else.
    Lost,
}

impl LoadBalancer {
    /// A link to write to.
    pub(crate) fn attach(&mut self, id: LinkId) {
        self.rotation.add(id);
    }

    /// The link has room again.
    pub(crate) fn activated(&mut self, id: LinkId) {
        self.rotation.activate(id);
    }

    /// The link is gone, with what was written of an unfinished message.
    pub(crate) fn detached(&mut self, id: LinkId) {
        if self.message == Message::Begun && self.rotation.current() == Some(id) {
            self.message = Message::Lost;
        }
        self.rotation.remove(id);
    }

    /// Sends a part. Returns the link that it went to; none if it belongs to a message whose link died
    /// under it: that is as good as a message lost on the way.
    #[inline(always)]
    pub(crate) fn send(
        &mut self,
        links: &mut Links,
        frame: &mut Frame<'_>,
    ) -> Result<Option<LinkId>> {
        match self.message {
            Message::None => self.begin(links, frame),
            Message::Begun => self.go_on(links, frame),
            Message::Lost => Ok(self.lose(frame)),
        }
    }

    /// Takes back the parts of a message that was begun. The next part begins another one.
    #[cold]
    pub(crate) fn abandon(&mut self, links: &mut Links) {
        if let (Message::Begun, Some(id)) = (self.message, self.rotation.current()) {
            links.rollback(id);
        }
        self.message = Message::None;
    }

    /// Would [`LoadBalancer::send`] find a link?
    #[inline]
    pub(crate) fn has_out(&mut self, links: &mut Links) -> bool {
        self.message != Message::None || self.find(links).is_some()
    }

    #[inline(always)]
    fn begin(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<Option<LinkId>> {
        let id = self.find(links).ok_or(Error::Again)?;
        self.write(links, id, frame)
    }

    fn go_on(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<Option<LinkId>> {
        match self.rotation.current() {
            Some(id) if links.is_open(id) => self.write(links, id, frame),
            Some(id) => {
                links.rollback(id);
                Ok(self.lose(frame))
            }
            None => Ok(self.lose(frame)),
        }
    }

    #[inline(always)]
    fn write(
        &mut self,
        links: &mut Links,
        id: LinkId,
        frame: &mut Frame<'_>,
    ) -> Result<Option<LinkId>> {
        links.write(id, frame)?;
        if frame.more {
            self.message = Message::Begun;
        } else {
            self.message = Message::None;
            self.rotation.advance();
        }
        Ok(Some(id))
    }

    #[cold]
    fn lose(&mut self, frame: &mut Frame<'_>) -> Option<LinkId> {
        self.message = if frame.more { Message::Lost } else { Message::None };
        frame.consume();
        None
    }

    /// The first link in turn with room for a message.
    #[inline(always)]
    fn find(&mut self, links: &mut Links) -> Option<LinkId> {
        while let Some(id) = self.rotation.current() {
            if links.has_room(id) {
                return Some(id);
            }
            self.rotation.retire();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::testing::Peers;

    fn balancer(peers: &Peers) -> LoadBalancer {
        let mut balancer = LoadBalancer::default();
        peers.ids().for_each(|id| balancer.attach(id));
        balancer
    }

    fn send(balancer: &mut LoadBalancer, peers: &mut Peers, parts: &[&str]) -> Result<()> {
        for (index, part) in parts.iter().enumerate() {
            let more = index + 1 < parts.len();
            balancer.send(&mut peers.links, &mut Frame::bytes(part.as_bytes(), more))?;
        }
        Ok(())
    }

    fn part(balancer: &mut LoadBalancer, peers: &mut Peers, text: &str, more: bool) -> Option<u32> {
        let mut frame = Frame::bytes(text.as_bytes(), more);
        balancer.send(&mut peers.links, &mut frame).unwrap().map(|id| id.0)
    }

    #[test]
    fn links_take_turns() {
        let mut peers = Peers::new(3, 10);
        let mut balancer = balancer(&peers);
        for text in ["0", "1", "2", "3"] {
            send(&mut balancer, &mut peers, &[text, "x"]).unwrap();
        }
        assert_eq!(peers.heard(0), ["0+", "x", "3+", "x"]);
        assert_eq!(peers.heard(1), ["1+", "x"]);
        assert_eq!(peers.heard(2), ["2+", "x"]);
    }

    #[test]
    fn a_full_link_is_left_out_until_it_has_room() {
        let mut peers = Peers::new(2, 1);
        let mut balancer = balancer(&peers);
        send(&mut balancer, &mut peers, &["0"]).unwrap();
        send(&mut balancer, &mut peers, &["1"]).unwrap();
        assert!(!balancer.has_out(&mut peers.links));
        assert_eq!(send(&mut balancer, &mut peers, &["2"]), Err(Error::Again));
        assert_eq!(peers.heard(1), ["1"]);
        assert_eq!(peers.told_of_room(1), 1);
        balancer.activated(LinkId(1));
        assert!(balancer.has_out(&mut peers.links));
        send(&mut balancer, &mut peers, &["2"]).unwrap();
        assert_eq!(peers.heard(1), ["2"]);
        assert_eq!(peers.heard(0), ["0"]);
    }

    #[test]
    fn a_message_that_was_begun_is_finished_beyond_the_mark() {
        let mut peers = Peers::new(1, 1);
        let mut balancer = balancer(&peers);
        send(&mut balancer, &mut peers, &["a", "b", "c", "d"]).unwrap();
        assert_eq!(send(&mut balancer, &mut peers, &["e"]), Err(Error::Again));
        assert_eq!(peers.heard(0), ["a+", "b+", "c+", "d"]);
    }

    #[test]
    fn what_is_abandoned_was_never_sent() {
        let mut peers = Peers::new(1, 1);
        let mut balancer = balancer(&peers);
        balancer.abandon(&mut peers.links);
        assert_eq!(part(&mut balancer, &mut peers, "a", true), Some(0));
        assert_eq!(part(&mut balancer, &mut peers, "b", true), Some(0));
        balancer.abandon(&mut peers.links);
        assert_eq!(part(&mut balancer, &mut peers, "c", false), Some(0));
        assert_eq!(peers.heard(0), ["c"]);
    }

    #[test]
    fn the_rest_of_a_message_whose_link_was_detached_is_dropped() {
        let mut peers = Peers::new(2, 10);
        let mut balancer = balancer(&peers);
        assert_eq!(part(&mut balancer, &mut peers, "a", true), Some(0));
        balancer.detached(LinkId(0));
        assert!(balancer.has_out(&mut peers.links));
        assert_eq!(part(&mut balancer, &mut peers, "b", true), None);
        assert_eq!(part(&mut balancer, &mut peers, "c", false), None);
        assert_eq!(part(&mut balancer, &mut peers, "d", false), Some(1));
        assert_eq!(peers.heard(1), ["d"]);
    }

    #[test]
    fn the_rest_of_a_message_whose_peer_left_is_dropped() {
        let mut peers = Peers::new(2, 10);
        let mut balancer = balancer(&peers);
        assert_eq!(part(&mut balancer, &mut peers, "a", true), Some(0));
        peers.links.peer_closed(LinkId(0));
        assert_eq!(part(&mut balancer, &mut peers, "b", true), None);
        assert_eq!(part(&mut balancer, &mut peers, "c", false), None);
        assert_eq!(part(&mut balancer, &mut peers, "d", false), Some(1));
        assert!(peers.heard(0).is_empty());
    }
}
