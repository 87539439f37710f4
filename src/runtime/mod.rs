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

pub(crate) mod context;
pub(crate) mod inproc;
pub(crate) mod io_thread;
pub(crate) mod listener;
pub(crate) mod mailbox;
pub(crate) mod monitor;
pub(crate) mod timers;

pub use context::Context;
pub(crate) use mailbox::{Command, Mailbox, WaitSlot};
