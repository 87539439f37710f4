//! RADIO: sends each message to the peers that joined its group.
//!
//! On the wire a message has two parts, the group and the body; to the user it has one. A peer at
//! its high-water mark misses messages; only with `ZMQ_XPUB_NODROP` does the sender wait for it.
#![forbid(unsafe_code)]

use super::distribution::Distribution;
use super::group::Membership;
use super::{strict_flag, Incoming, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links};
use crate::options::ids;
use std::collections::HashMap;

/// A RADIO socket.
#[derive(Default)]
pub(crate) struct Radio {
    distribution: Distribution,
    groups: HashMap<Box<[u8]>, Vec<LinkId>>,
    no_drop: bool,
}

impl Radio {
    /// Reads all that a peer has sent: only what it joins and leaves means something.
    fn hear_all(&mut self, links: &mut Links, id: LinkId) {
        while let Some(front) = links.front(id) {
            let membership =
                if front.command { Membership::from_command(front.body) } else { None };
            let heard = match membership {
                Some(Membership { joins: true, group }) => self.join(group, id),
                Some(Membership { joins: false, group }) => {
                    self.leave(group, id);
                    Ok(())
                }
                None => Ok(()),
            };
            links.discard(id);
            if heard.is_err() {
                links.give_up(id);
            }
        }
    }

    fn join(&mut self, group: &[u8], id: LinkId) -> Result<()> {
        if let Some(members) = self.groups.get_mut(group) {
            if !members.contains(&id) {
                members.try_reserve(1).map_err(|_| Error::NoMemory)?;
                members.push(id);
            }
            return Ok(());
        }
        let mut name = Vec::new();
        name.try_reserve_exact(group.len()).map_err(|_| Error::NoMemory)?;
        name.extend_from_slice(group);
        self.groups.try_reserve(1).map_err(|_| Error::NoMemory)?;
        self.groups.insert(name.into_boxed_slice(), vec![id]);
        Ok(())
    }

    fn leave(&mut self, group: &[u8], id: LinkId) {
        let Some(members) = self.groups.get_mut(group) else { return };
        members.retain(|member| *member != id);
        if members.is_empty() {
            self.groups.remove(group);
        }
    }
}

impl Pattern for Radio {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        self.distribution.attach(id);
        self.hear_all(links, id);
    }

    fn readable(&mut self, links: &mut Links, id: LinkId) {
        self.hear_all(links, id);
    }

    /// Room is looked for when a message begins.
    fn writable(&mut self, _links: &mut Links, _id: LinkId) {}

    fn detached(&mut self, _links: &mut Links, id: LinkId) {
        self.distribution.detached(id);
        self.groups.retain(|_, members| {
            members.retain(|member| *member != id);
            !members.is_empty()
        });
    }

    fn send(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        if frame.more {
            return Err(Error::Invalid);
        }
        let Self { distribution, groups, no_drop } = self;
        let group = frame.group();
        distribution.begin();
        groups.get(group).into_iter().flatten().for_each(|id| distribution.choose(*id));
        match no_drop {
            true => distribution.refuse_full(links)?,
            false => distribution.drop_full(links),
        }
        let sent = distribution.send(links, &mut Frame::bytes(group, true));
        let sent = sent.and_then(|()| {
            let origin = frame.take_origin();
            distribution.send(links, frame).inspect_err(|_| frame.set_origin(origin))
        });
        sent.inspect_err(|_| distribution.abandon(links))
    }

    fn recv(&mut self, _links: &mut Links) -> Result<Incoming> {
        Err(Error::NotSupported)
    }

    fn has_in(&mut self, _links: &mut Links) -> bool {
        false
    }

    fn has_out(&mut self, _links: &mut Links) -> bool {
        true
    }

    fn wants_commands(&self) -> bool {
        true
    }

    fn waits_for_slowest(&self) -> bool {
        self.no_drop
    }

    fn set_option(&mut self, _links: &mut Links, id: i32, value: &[u8]) -> Option<Result<()>> {
        (id == ids::XPUB_NODROP).then(|| strict_flag(value).map(|on| self.no_drop = on))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkOrigin::Accepted;
    use crate::message::Message;
    use crate::pattern::testing::Peers;

    fn radio(peers: usize, hwm: usize) -> (Radio, Peers) {
        let (mut radio, mut all) = (Radio::default(), Peers::default());
        all.links.wants_commands = true;
        for _ in 0..peers {
            all.join(&mut radio, hwm, Accepted);
        }
        (radio, all)
    }

    fn send(radio: &mut Radio, peers: &mut Peers, group: &str, text: &str) -> Result<()> {
        let mut message = Message::from(text);
        message.set_group(group).unwrap();
        peers.settle(radio);
        radio.send(&mut peers.links, &mut Frame::message(&mut message, false))
    }

    #[test]
    fn peers_hear_the_groups_that_they_joined() {
        let (mut radio, mut peers) = radio(3, 10);
        for (peer, command) in
            [(0, "\x04JOINnews"), (1, "\x04JOINnews"), (1, "\x04JOINsport"), (1, "\x04JOINnews")]
        {
            peers.command(peer, command.as_bytes());
        }
        send(&mut radio, &mut peers, "news", "a").unwrap();
        send(&mut radio, &mut peers, "sport", "b").unwrap();
        send(&mut radio, &mut peers, "nobody", "c").unwrap();
        peers.command(1, b"\x05LEAVEnews");
        send(&mut radio, &mut peers, "news", "d").unwrap();
        assert_eq!(peers.heard(0), ["news+", "a", "news+", "d"]);
        assert_eq!(peers.heard(1), ["news+", "a", "sport+", "b"]);
        assert!(peers.heard(2).is_empty());
        peers.leave(&mut radio, 0);
        peers.leave(&mut radio, 1);
        assert!(radio.groups.is_empty());
    }

    #[test]
    fn a_full_peer_misses_messages_or_holds_up_the_sender() {
        let (mut radio, mut peers) = radio(1, 1);
        peers.command(0, b"\x04JOINg");
        send(&mut radio, &mut peers, "g", "a").unwrap();
        send(&mut radio, &mut peers, "g", "b").unwrap();
        assert_eq!(peers.heard(0), ["g+", "a"]);
        let one = 1i32.to_ne_bytes();
        assert_eq!(radio.set_option(&mut peers.links, ids::XPUB_NODROP, &one), Some(Ok(())));
        send(&mut radio, &mut peers, "g", "c").unwrap();
        assert_eq!(send(&mut radio, &mut peers, "g", "d"), Err(Error::Again));
    }

    #[test]
    fn it_sends_single_parts_and_receives_nothing() {
        let (mut radio, mut peers) = radio(1, 10);
        peers.say(0, &["not", "heard"]);
        assert_eq!(peers.part(&mut radio, "x", true), Err(Error::Invalid));
        assert_eq!(peers.recv(&mut radio), Err(Error::NotSupported));
        assert!(!peers.has_in(&mut radio));
    }
}
