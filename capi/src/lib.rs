//! The C API of ZeroMQ: `libzmq.so.5`, function by function.
//!
//! A function here checks what C handed it, calls the library, and turns the answer into a return
//! value and an errno; what ZeroMQ *does* is never written here. Three rules hold everywhere:
//!
//! - no panic crosses to C: every body runs in [`util::catch`];
//! - contexts, sockets and timers are handles, looked up in tables ([`handles`]) and never
//!   followed as pointers, so that a NULL, stale or invented one gives an errno;
//! - a `zmq_msg_t` holds a `zeroxide::internal::message::Message`, known to be live by its tag.
#![allow(non_camel_case_types)]

pub mod constants;
pub mod counter;
pub mod ctx;
pub mod curve;
pub mod draft;
pub mod fork;
pub mod handles;
pub mod msg;
mod numbers;
pub mod poll;
pub mod proxy;
pub mod reserve;
pub mod schedule;
pub mod socket;
pub mod thread;
pub mod timers;
pub mod util;

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod cancel_tests;
