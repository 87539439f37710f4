//! What decides when a connection is written to and read from, apart from what does it.
//!
//! Each policy is a small struct that is fed with what happens and with the time. It knows no
//! descriptor, no lock and no thread, and has its tuned constants beside it, each with the reason
//! for its value.
//!
//! | policy | what it decides |
//! | --- | --- |
//! | [`send`] | whether a sender writes a message itself or leaves it for a batch |
//! | [`watch`] | when the I/O thread looks at a batch again |
//! | [`reader`] | who reads from the connection, and until when |
#![forbid(unsafe_code)]

pub(crate) mod reader;
pub(crate) mod send;
pub(crate) mod watch;
