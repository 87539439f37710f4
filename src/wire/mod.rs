//! ZMTP, the wire protocol, as bytes in and bytes out.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`greeting`] | the first bytes of a connection: which version and mechanism the peer speaks |
//! | [`frame`] | frame headers of ZMTP 2 and 3, and the scan of a received block |
//! | [`legacy`] | ZMTP 1 frames, translated to and from the version 2 layout |
//! | [`command`], [`metadata`] | command bodies, and the property lists inside them |
//! | [`socket_type`] | names of the socket types, and who may talk to whom |
//! | [`error`] | what a peer can do wrong, and the number that monitors report for it |
//!
//! Nothing here touches a descriptor, a clock or a thread, and nothing here panics, whatever bytes
//! a peer sends.
#![forbid(unsafe_code)]

pub(crate) mod command;
pub(crate) mod error;
pub(crate) mod frame;
pub(crate) mod greeting;
pub(crate) mod legacy;
pub(crate) mod metadata;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use command::Command;
pub(crate) use error::WireError;
pub(crate) use greeting::{Greeting, Version};
