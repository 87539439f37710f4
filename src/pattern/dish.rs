//! DISH: receives the messages of the groups that it joined.
//!
//! Groups are remembered, so that a peer that comes later is told of them as well.
#![forbid(unsafe_code)]

use super::group::Membership;
use super::{FairQueue, Incoming, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links, Sink, Taken};
use crate::message::{Message, Metadata, MAX_GROUP};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A DISH socket.
#[derive(Default)]
pub(crate) struct Dish {
    groups: BTreeSet<Box<[u8]>>,
    inbound: FairQueue,
    links: BTreeSet<LinkId>,
    /// The link whose body is received next, if its group was passed over already.
    found: Option<LinkId>,
    /// What the message that was found last carries, and what was known of its peer.
    origin: Option<(Option<Arc<Metadata>>, Arc<Metadata>)>,
    /// The body of a command while it is written.
    command: Vec<u8>,
}

impl Dish {
    fn tell(&mut self, links: &mut Links, id: LinkId, membership: Membership<'_>) -> Result<()> {
        membership.encode(&mut self.command)?;
        links.write_command(id, &self.command)
    }

    /// Tells a peer of all groups; one that cannot be told has its connection made anew.
    fn introduce(&mut self, links: &mut Links, id: LinkId) {
        let groups = std::mem::take(&mut self.groups);
        for group in &groups {
            if self.tell(links, id, Membership { joins: true, group }).is_err() {
                links.give_up(id);
                break;
            }
        }
        self.groups = groups;
    }

    /// Finds a message of a group that was joined, and passes over its group.
    fn find(&mut self, links: &mut Links) -> Result<LinkId> {
        if let Some(id) = self.found {
            return Ok(id);
        }
        let (mut in_message, mut is_wanted) = (false, false);
        loop {
            let id = self.inbound.recv(links).ok_or(Error::Again)?;
            let Some((more, joined)) =
                links.front(id).map(|front| (front.more, self.groups.contains(front.body)))
            else {
                return Err(Error::Again);
            };
            if is_wanted && !more {
                self.found = Some(id);
                return Ok(id);
            }
            // A message is its group and a body. What has more parts is not heard.
            is_wanted = !in_message && more && joined && self.remember(links, id).is_ok();
            in_message = more;
            links.discard(id);
        }
    }

    /// Notes what a message of the group at the front of this link carries.
    fn remember(&mut self, links: &mut Links, id: LinkId) -> Result<()> {
        let info = links.get(id).and_then(|link| link.info());
        let known = info.and_then(|info| info.metadata.clone());
        let group = links.front(id).map_or(&[][..], |front| front.body);
        let is_current = |(of, origin): &(Option<Arc<Metadata>>, Arc<Metadata>)| {
            of.as_ref().map(Arc::as_ptr) == known.as_ref().map(Arc::as_ptr)
                && origin.group().to_bytes() == group
        };
        if !self.origin.as_ref().is_some_and(is_current) {
            let origin = Metadata::with_group(known.as_ref(), group)?;
            self.origin = Some((known, Arc::new(origin)));
        }
        Ok(())
    }
}

impl Pattern for Dish {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        self.inbound.attach(id);
        self.links.insert(id);
        self.introduce(links, id);
    }

    fn readable(&mut self, _links: &mut Links, id: LinkId) {
        self.inbound.activated(id);
    }

    fn writable(&mut self, _links: &mut Links, _id: LinkId) {}

    fn hiccuped(&mut self, links: &mut Links, id: LinkId) {
        self.introduce(links, id);
    }

    fn detached(&mut self, _links: &mut Links, id: LinkId) {
        if self.found == Some(id) {
            self.found = None;
        }
        self.inbound.detached(id);
        self.links.remove(&id);
    }

    fn send(&mut self, _links: &mut Links, _frame: &mut Frame<'_>) -> Result<()> {
        Err(Error::NotSupported)
    }

    fn recv(&mut self, links: &mut Links) -> Result<Incoming> {
        let mut message = Message::new();
        self.take(links, &mut Sink::Message(&mut message))?;
        Ok(Incoming::Made(message))
    }

    fn take(&mut self, links: &mut Links, sink: &mut Sink<'_>) -> Result<Taken> {
        let id = self.find(links)?;
        self.found = None;
        let taken = links.take(id, sink)?;
        if let Sink::Message(message) = sink {
            message.refer(self.origin.as_ref().map(|(_, origin)| origin));
        }
        Ok(taken)
    }

    fn has_in(&mut self, links: &mut Links) -> bool {
        self.find(links).is_ok()
    }

    fn has_out(&mut self, _links: &mut Links) -> bool {
        false
    }

    fn change_membership(&mut self, links: &mut Links, membership: Membership<'_>) -> Result<()> {
        let Membership { joins, group } = membership;
        if group.len() > MAX_GROUP || self.groups.contains(group) == joins {
            return Err(Error::Invalid);
        }
        match joins {
            true => drop(self.groups.insert(group.into())),
            false => drop(self.groups.remove(group)),
        }
        for id in self.links.iter().copied().collect::<Vec<_>>() {
            // A peer that could not be told is told everything again, by a new connection.
            let _ = self.tell(links, id, membership);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkOrigin::Connected;
    use crate::pattern::testing::Peers;

    fn change(dish: &mut Dish, peers: &mut Peers, joins: bool, group: &[u8]) -> Result<()> {
        dish.change_membership(&mut peers.links, Membership { joins, group })
    }

    fn receive(dish: &mut Dish, peers: &mut Peers) -> Result<(String, String)> {
        peers.settle(dish);
        let mut message = Message::new();
        dish.take(&mut peers.links, &mut Sink::Message(&mut message))?;
        let text = message.escape_ascii().to_string();
        Ok((message.group().to_str().unwrap().into(), text))
    }

    #[test]
    fn peers_are_told_of_groups_whenever_they_come() {
        let (mut dish, mut peers) = (Dish::default(), Peers::default());
        peers.hear_commands = true;
        peers.join(&mut dish, 10, Connected);
        change(&mut dish, &mut peers, true, b"news").unwrap();
        peers.join(&mut dish, 10, Connected);
        change(&mut dish, &mut peers, false, b"news").unwrap();
        change(&mut dish, &mut peers, true, b"sport").unwrap();
        let told = ["\\x04JOINnews", "\\x05LEAVEnews", "\\x04JOINsport"];
        assert_eq!(peers.heard(0), told);
        assert_eq!(peers.heard(1), told);
        dish.hiccuped(&mut peers.links, LinkId(1));
        assert_eq!(peers.heard(1), ["\\x04JOINsport"]);
    }

    #[test]
    fn groups_are_joined_and_left_once() {
        let (mut dish, mut peers) = (Dish::default(), Peers::default());
        let long = [b'g'; MAX_GROUP + 1];
        for (joins, group, expected) in [
            (false, &b"a"[..], Err(Error::Invalid)),
            (true, b"a", Ok(())),
            (true, b"a", Err(Error::Invalid)),
            (false, b"a", Ok(())),
            (true, &long, Err(Error::Invalid)),
            (true, &long[1..], Ok(())),
        ] {
            assert_eq!(change(&mut dish, &mut peers, joins, group), expected);
        }
    }

    #[test]
    fn only_messages_of_joined_groups_are_received() {
        let (mut dish, mut peers) = (Dish::default(), Peers::default());
        peers.join(&mut dish, 10, Connected);
        change(&mut dish, &mut peers, true, b"news").unwrap();
        for parts in
            [&["sport", "a"][..], &["news", "b"], &["news"], &["news", "c", "d"], &["news", "e"]]
        {
            peers.say(0, parts);
        }
        peers.settle(&mut dish);
        assert!(dish.has_in(&mut peers.links));
        assert_eq!(receive(&mut dish, &mut peers), Ok(("news".into(), "b".into())));
        assert_eq!(receive(&mut dish, &mut peers), Ok(("news".into(), "e".into())));
        assert_eq!(receive(&mut dish, &mut peers), Err(Error::Again));
        assert_eq!(peers.part(&mut dish, "x", false), Err(Error::NotSupported));
    }
}
