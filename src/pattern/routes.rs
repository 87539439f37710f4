//! Who is called what: the routing ids of a socket's peers, and how they get them.
//!
//! A routing id belongs to one link at a time. Links that are not named are no destinations.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::link::{LinkId, LinkOrigin, Links};
use crate::message::Message;
use std::collections::hash_map::RandomState;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

/// The names of links.
pub(crate) struct Routes {
    links: HashMap<Arc<[u8]>, LinkId>,
    names: Vec<Option<Arc<[u8]>>>,
    /// What the next link that we connect is to be called; empty if that is not ours to say.
    alias: Vec<u8>,
    counter: u32,
}

/// Where the parts of the message that is being sent go.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Destination {
    /// The next part begins a message, and names its destination.
    #[default]
    Unknown,
    Link(LinkId),
    /// Nobody is there to get them.
    Nowhere,
}

/// A number that nobody guesses.
pub(crate) fn random() -> u32 {
    RandomState::new().build_hasher().finish() as u32
}

impl Default for Routes {
    fn default() -> Self {
        Self { links: HashMap::new(), names: Vec::new(), alias: Vec::new(), counter: random() }
    }
}

impl Routes {
    /// The link of this name.
    #[inline]
    pub(crate) fn find(&self, name: &[u8]) -> Option<LinkId> {
        self.links.get(name).copied()
    }

    /// The name of this link; empty if it has none.
    pub(crate) fn name(&self, id: LinkId) -> &[u8] {
        match self.names.get(id.0 as usize) {
            Some(Some(name)) => name,
            _ => &[],
        }
    }

    /// The links that have names.
    pub(crate) fn links(&self) -> impl Iterator<Item = LinkId> + '_ {
        self.links.values().copied()
    }

    /// Names a link. Another one of this name loses it.
    pub(crate) fn insert(&mut self, name: &[u8], id: LinkId) {
        self.remove(id);
        let name: Arc<[u8]> = name.into();
        if let Some(old) = self.links.insert(name.clone(), id) {
            self.names[old.0 as usize] = None;
        }
        let index = id.0 as usize;
        if self.names.len() <= index {
            self.names.resize(index + 1, None);
        }
        self.names[index] = Some(name);
    }

    /// Has messages of this name go to another link. What the former one has sent is still from
    /// that name.
    pub(crate) fn pass_on(&mut self, name: &[u8], to: LinkId) {
        let from = self.links.remove(name);
        let kept = from.and_then(|from| self.names.get_mut(from.0 as usize)?.take());
        self.insert(name, to);
        if let Some(from) = from {
            self.names[from.0 as usize] = kept;
        }
    }

    /// Takes a link's name away, and returns it if messages of this name went to this link.
    pub(crate) fn remove(&mut self, id: LinkId) -> Option<Arc<[u8]>> {
        let name = self.names.get_mut(id.0 as usize)?.take()?;
        if self.links.get(&name) != Some(&id) {
            return None;
        }
        self.links.remove(&name);
        Some(name)
    }

    /// Makes up a name that nobody has: a zero byte, which chosen names should not begin with, and a
    /// number.
    pub(crate) fn make_up(&mut self) -> [u8; 5] {
        loop {
            let [a, b, c, d] = self.counter.to_be_bytes();
            self.counter = self.counter.wrapping_add(1);
            let name = [0, a, b, c, d];
            if self.find(&name).is_none() {
                return name;
            }
        }
    }

    /// Says how the next link that we connect is to be called (`ZMQ_CONNECT_ROUTING_ID`).
    pub(crate) fn set_alias(&mut self, name: &[u8]) -> Result<()> {
        if name.is_empty() {
            return Err(Error::Invalid);
        }
        self.alias = name.to_vec();
        Ok(())
    }

    /// The name that was set aside for this link, if there is one. It is given once, and not at all if
    /// somebody has it already.
    pub(crate) fn take_alias(&mut self, links: &Links, id: LinkId) -> Option<Vec<u8>> {
        let connected = links.get(id).is_some_and(|link| link.origin == LinkOrigin::Connected);
        if !connected || self.alias.is_empty() {
            return None;
        }
        let alias = std::mem::take(&mut self.alias);
        self.find(&alias).is_none().then_some(alias)
    }

    /// The part that goes before a message from this link.
    pub(crate) fn label(&self, links: &Links, id: LinkId) -> Result<Message> {
        let mut label = Message::try_from_slice(self.name(id))?;
        let info = links.get(id).and_then(|link| link.info());
        label.set_metadata(info.and_then(|info| info.metadata.clone()));
        label.set_more(true);
        Ok(label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_link_and_a_link_one_name() {
        let mut routes = Routes::default();
        routes.insert(b"a", LinkId(3));
        routes.insert(b"b", LinkId(3));
        assert_eq!((routes.find(b"a"), routes.find(b"b")), (None, Some(LinkId(3))));
        routes.insert(b"b", LinkId(1));
        assert_eq!((routes.find(b"b"), routes.name(LinkId(3))), (Some(LinkId(1)), &b""[..]));
        assert!(routes.remove(LinkId(3)).is_none());
        assert_eq!(routes.remove(LinkId(1)).as_deref(), Some(&b"b"[..]));
        assert_eq!(routes.links().count(), 0);
    }

    #[test]
    fn a_name_that_is_passed_on_has_one_destination() {
        let mut routes = Routes::default();
        routes.insert(b"a", LinkId(3));
        routes.pass_on(b"a", LinkId(1));
        assert_eq!(routes.find(b"a"), Some(LinkId(1)));
        assert_eq!((routes.name(LinkId(3)), routes.name(LinkId(1))), (&b"a"[..], &b"a"[..]));
        assert!(routes.remove(LinkId(3)).is_none());
        assert_eq!((routes.find(b"a"), routes.name(LinkId(3))), (Some(LinkId(1)), &b""[..]));
        assert_eq!(routes.remove(LinkId(1)).as_deref(), Some(&b"a"[..]));
    }

    #[test]
    fn made_up_names_are_new() {
        let mut routes = Routes { counter: u32::MAX, ..Routes::default() };
        routes.insert(&[0, 0, 0, 0, 0], LinkId(0));
        assert_eq!(routes.make_up(), [0, 255, 255, 255, 255]);
        assert_eq!(routes.make_up(), [0, 0, 0, 0, 1]);
    }

    #[test]
    fn sockets_do_not_count_from_the_same_number() {
        let first: Vec<u32> = (0..4).map(|_| Routes::default().counter).collect();
        assert!(first.iter().any(|counter| *counter != first[0]));
    }
}
