//! ZeroMQ in Rust.
//!
//! The map of the crate; imports go one way, from the top of this list to the bottom:
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`sys`], [`sync`] | the only libc calls; the queue that links are made of |
//! | [`error`], [`options`], [`message`] | one error type, one option table, one message type |
//! | [`wire`], [`security`] | ZMTP without I/O: greetings, frames, commands, mechanisms |
//! | [`link`], [`pattern`] | what ties a socket to a peer; what each socket type does with its links |
//! | [`transport`] | addresses, listeners and connectors, one folder a scheme |
//! | [`engine`], [`runtime`] | connections and sessions; contexts, I/O threads, timers |
//! | [`socket`] | the socket itself: send, recv, bind, connect, monitor, poll, proxy |
#![deny(unsafe_op_in_unsafe_fn)]

pub mod engine;
pub mod error;
pub mod link;
pub mod message;
pub mod options;
pub mod pattern;
pub mod runtime;
pub mod security;
pub mod socket;
pub mod sync;
pub mod sys;
pub mod transport;
pub mod wire;
