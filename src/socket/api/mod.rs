//! The Rust API: what the crate root re-exports.
//!
//! A thin, safe layer over the socket core: types for numbers, durations for milliseconds, and
//! lifetimes for handles. It adds no behaviour of its own, but for two things: the last handle of a context that goes
//! lets it end in the background, and a monitor finds its own address.
#![forbid(unsafe_code)]

mod context;
mod curve;
mod message;
mod monitor;
mod options;
mod poll;
mod socket;
mod types;

pub use context::Context;
pub use curve::{curve_key, curve_key_text, CurveKeyPair};
pub use message::Multipart;
pub use monitor::{Event, EventKind, Monitor};
pub use poll::{poll, PollItem};
pub use socket::{proxy, proxy_steerable, Received, Socket};
pub use types::{Events, Flags};
