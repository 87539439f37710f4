//! Where sessions run: contexts, I/O threads, timers, wake-ups, listeners.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`context`] | what the sockets of a process share, from the first of them to `zmq_ctx_term` |
//! | [`io_thread`] | a thread that drives sessions and listeners by readiness and time |
//! | [`listener`] | a bound endpoint: accepts, and makes sessions |
//! | [`mailbox`] | how other threads talk to a socket, and how it sleeps until they do |
//! | [`inproc`] | the endpoints of a context that need no transport |
//! | [`timers`] | deadlines in order |
#![forbid(unsafe_code)]

pub mod context;
pub mod inproc;
pub mod io_thread;
pub mod listener;
pub mod mailbox;
pub mod monitor;
pub mod timers;

pub use context::Context;
pub use mailbox::{Command, Mailbox};
