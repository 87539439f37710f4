//! What drives a peer over a transport: connections, handshakes, sessions.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`connection`] | an established connection: a send half and a receive half that any thread may drive |
//! | [`handshake`] | the way from the first byte to the first message |
//! | [`session`] | one endpoint's life: connect, reconnect, linger, heartbeat, end |
//! | [`policy`] | when connections are written to and read from, and by which thread |
//! | [`reactor`] | what a session asks of the I/O thread that it runs on |
//! | [`event`] | what monitors are told |
//! | [`switches`] | turning the short cuts of the data path off |
#![forbid(unsafe_code)]

pub(crate) mod connection;
pub(crate) mod event;
mod half;
pub(crate) mod handshake;
pub(crate) mod policy;
pub(crate) mod reactor;
pub(crate) mod session;
#[cfg(test)]
mod simulation;
pub(crate) mod switches;

pub use event::Event;
pub(crate) use reactor::{Reactor, Ready, Timer};
pub(crate) use session::{Owner, Session, SessionHandle};
