//! The two halves of a connection.
#![forbid(unsafe_code)]

mod recv;
mod sealed;
mod send;

pub(crate) use recv::{Pumped, RecvFraming, RecvHalf};
pub(crate) use sealed::Sealed;
pub(crate) use send::{Flushed, SendFraming, SendHalf};
