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

pub mod command;
pub mod error;
pub mod frame;
pub mod greeting;
pub mod legacy;
pub mod metadata;
pub mod socket_type;
#[cfg(test)]
pub(crate) mod testing;

pub use command::Command;
pub use error::WireError;
pub use frame::{encode_header, parse_header, scan, Header, Scan, Stop};
pub use greeting::{Greeting, GreetingConfig, MechanismName, Outcome, Version};
pub use socket_type::SocketType;
