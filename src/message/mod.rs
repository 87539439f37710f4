//! A message part: 64 bytes that a C program may hold as `zmq_msg_t` and move with `memcpy`.
//!
//! A body of up to [`Message::INLINE`] bytes lies in the struct; a larger one is a slice of a
//! reference-counted [`Block`]. There is no pointer into the struct itself, and no lock: to clone is
//! to count, whatever the size.

mod block;
mod bytes;
mod inline;
mod lent;
mod metadata;
mod origin;
mod part;
mod pool;
pub mod returns;

pub(crate) use block::Filling;
pub use block::{Block, FreeFn};
pub use metadata::Metadata;
pub(crate) use metadata::MAX_GROUP;
pub use part::Message;
