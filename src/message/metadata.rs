//! What is known about the peer behind a message: a short list of named values and a descriptor.
//!
//! One list is made for a connection and shared by all its messages. Values are kept with a NUL
//! behind them, so that the C API can hand them out as they lie.
#![forbid(unsafe_code)]

use std::ffi::CStr;

/// Named values that belong to a peer.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    fd: Option<i32>,
    properties: Vec<Property>,
}

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
        self.properties.iter().map(|property| (&*property.name, property.value()))
    }

    /// The descriptor of the connection, if it has one (`ZMQ_SRCFD`).
    pub fn fd(&self) -> Option<i32> {
        self.fd
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
        self.properties.iter().find(|property| &*property.name == name)
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
    fn the_descriptor_is_there_once_set() {
        let mut metadata = Metadata::new();
        assert_eq!(metadata.fd(), None);
        metadata.set_fd(7);
        assert_eq!(metadata.fd(), Some(7));
    }
}
