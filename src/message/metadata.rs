//! What is known about the peer behind a message: a short list of named values and a descriptor.
//!
//! One list is made for a connection and shared by all its messages. Values are kept with a NUL
//! behind them, so that the C API can hand them out as they lie. The routing id and the group of a
//! message stand here as well: most messages have neither, and carry nothing for them.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use std::ffi::{CStr, CString};
use std::sync::Arc;

/// Named values that belong to a peer.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    fd: Option<i32>,
    properties: Vec<Property>,
    /// What is known besides.
    base: Option<Arc<Metadata>>,
    /// Zero if there is none.
    routing_id: u32,
    group: Option<Box<CStr>>,
}

/// The longest name of a group.
pub(crate) const MAX_GROUP: usize = 255;

#[derive(Clone, Debug)]
struct Property {
    name: Box<str>,
    value_and_nul: Box<[u8]>,
}

/// The name that ZMTP has for a routing id, and that old programs still ask for.
const IDENTITY: &str = "Identity";
/// The name that the manual has for a routing id.
const ROUTING_ID: &str = "Routing-Id";

impl Metadata {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same as `origin`, with this routing id.
    pub(crate) fn with_routing_id(origin: Option<&Arc<Self>>, routing_id: u32) -> Self {
        let group = origin.and_then(|origin| origin.group.clone());
        Self { base: bare(origin), routing_id, group, ..Self::default() }
    }

    /// The same as `origin`, with this group; an empty one is none.
    ///
    /// # Errors
    /// `Invalid` if the name is too long, or has a NUL.
    pub(crate) fn with_group(origin: Option<&Arc<Self>>, group: &[u8]) -> Result<Self> {
        if group.len() > MAX_GROUP {
            return Err(Error::Invalid);
        }
        let name = CString::new(group).map_err(|_| Error::Invalid)?;
        let group = (!group.is_empty()).then(|| name.into_boxed_c_str());
        let routing_id = origin.map_or(0, |origin| origin.routing_id);
        Ok(Self { base: bare(origin), routing_id, group, ..Self::default() })
    }

    /// The routing id of the message, or zero.
    pub(crate) fn routing_id(&self) -> u32 {
        self.routing_id
    }

    /// The group of the message; empty if it has none.
    pub(crate) fn group(&self) -> &CStr {
        self.group.as_deref().unwrap_or_default()
    }

    /// Adds a property. A name that is there keeps its value, so that what we know ourselves (put
    /// in first) cannot be overridden by what a peer claims.
    pub fn insert(&mut self, name: &str, value: &[u8]) {
        if self.find(name).is_none() {
            self.append(name, value);
        }
    }

    /// Adds a property whose name the caller knows to be new, without looking for it.
    pub fn append(&mut self, name: &str, value: &[u8]) {
        let value_and_nul = [value, &[0]].concat().into_boxed_slice();
        self.properties.push(Property { name: name.into(), value_and_nul });
    }

    /// The value of a property, if it is there and is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get_bytes(name)?).ok()
    }

    /// The value of a property. `Routing-Id` and `Identity` are two names of one thing.
    pub fn get_bytes(&self, name: &str) -> Option<&[u8]> {
        Some(self.lookup(name)?.value())
    }

    /// The value of a property as C reads it: up to its first NUL.
    pub fn get_c(&self, name: &str) -> Option<&CStr> {
        CStr::from_bytes_until_nul(&self.lookup(name)?.value_and_nul).ok()
    }

    /// All names and values, in the order in which they were put in.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let base = self.base.iter().flat_map(|base| &base.properties);
        self.properties.iter().chain(base).map(|property| (&*property.name, property.value()))
    }

    /// The descriptor of the connection, if it has one (`ZMQ_SRCFD`).
    pub fn fd(&self) -> Option<i32> {
        self.fd.or_else(|| self.base.as_ref()?.fd())
    }

    /// Notes the descriptor of the connection.
    pub fn set_fd(&mut self, fd: i32) {
        self.fd = Some(fd);
    }

    fn lookup(&self, name: &str) -> Option<&Property> {
        self.find(name).or_else(|| match name {
            IDENTITY => self.find(ROUTING_ID),
            ROUTING_ID => self.find(IDENTITY),
            _ => None,
        })
    }

    fn find(&self, name: &str) -> Option<&Property> {
        let own = self.properties.iter().find(|property| &*property.name == name);
        own.or_else(|| self.base.as_ref()?.find(name))
    }
}

/// What there was before a routing id or a group: these do not pile up.
fn bare(origin: Option<&Arc<Metadata>>) -> Option<Arc<Metadata>> {
    match origin {
        Some(origin) if origin.routing_id != 0 || origin.group.is_some() => origin.base.clone(),
        origin => origin.cloned(),
    }
}

impl Property {
    fn value(&self) -> &[u8] {
        &self.value_and_nul[..self.value_and_nul.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_of_a_name_stays() {
        let mut metadata = Metadata::new();
        metadata.insert("User-Id", b"admin");
        metadata.insert("User-Id", b"mallory");
        assert_eq!(metadata.get("User-Id"), Some("admin"));
        assert_eq!(metadata.iter().count(), 1);
    }

    #[test]
    fn routing_id_and_identity_are_aliases() {
        let mut by_peer = Metadata::new();
        by_peer.insert("Identity", b"me");
        assert_eq!(by_peer.get("Routing-Id"), Some("me"));
        let mut by_us = Metadata::new();
        by_us.insert("Routing-Id", b"me");
        assert_eq!(by_us.get("Identity"), Some("me"));
        assert_eq!(by_us.get("identity"), None);
    }

    #[test]
    fn values_may_hold_any_bytes() {
        let mut metadata = Metadata::new();
        metadata.insert("X-Raw", &[0xff, 0, 1]);
        metadata.insert("X-Empty", b"");
        assert_eq!(metadata.get("X-Raw"), None);
        assert_eq!(metadata.get_bytes("X-Raw"), Some(&[0xff, 0, 1][..]));
        assert_eq!(metadata.get_c("X-Raw").map(CStr::to_bytes), Some(&[0xff][..]));
        assert_eq!(metadata.get("X-Empty"), Some(""));
    }

    #[test]
    fn a_routing_id_and_a_group_leave_the_rest_as_it_is() {
        let mut peer = Metadata::new();
        peer.insert("User-Id", b"admin");
        peer.set_fd(7);
        let named = Arc::new(Metadata::with_routing_id(Some(&Arc::new(peer)), 5));
        let both = Arc::new(Metadata::with_group(Some(&named), b"news").unwrap());
        let both = Metadata::with_routing_id(Some(&both), 6);
        assert_eq!((both.routing_id(), both.group()), (6, c"news"));
        assert_eq!((both.get("User-Id"), both.fd()), (Some("admin"), Some(7)));
        let (none, long) = (Metadata::with_group(None, b"").unwrap(), [b'g'; MAX_GROUP + 1]);
        assert_eq!((none.routing_id(), none.group()), (0, c""));
        assert!(Metadata::with_group(None, &long[1..]).is_ok());
        assert_eq!(Metadata::with_group(None, &long).err(), Some(Error::Invalid));
        assert_eq!(Metadata::with_group(None, b"a\0b").err(), Some(Error::Invalid));
    }

    #[test]
    fn the_descriptor_is_there_once_set() {
        let mut metadata = Metadata::new();
        assert_eq!(metadata.fd(), None);
        metadata.set_fd(7);
        assert_eq!(metadata.fd(), Some(7));
    }
}
