//! The two halves of a connection.
#![forbid(unsafe_code)]

mod recv;
mod sealed;
mod send;

pub use recv::{Pumped, RecvFraming, RecvHalf};
pub use sealed::Sealed;
pub use send::{Flushed, SendFraming, SendHalf};
