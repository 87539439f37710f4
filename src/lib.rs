//! ZeroMQ in Rust: sockets that carry whole messages, by patterns, over any transport.
//!
//! A [`Context`] makes [`Socket`]s. A socket has a type, which says how it talks with its peers; it is bound
//! and connected to any number of endpoints, over TCP (`tcp://`), between processes (`ipc://`) and between
//! threads (`inproc://`); and it sends and receives [`Message`]s. Connections are made and, when lost, made again in the
//! background, and messages are queued meanwhile. Peers may be programs in any language that has ZeroMQ.
//!
//! # Ask and answer
//! ```
//! use zeroxide::{Context, SocketType};
//!
//! # fn main() -> zeroxide::Result<()> {
//! let context = Context::new()?;
//!
//! let server = context.socket(SocketType::Rep)?;
//! server.bind("tcp://127.0.0.1:*")?;
//! let endpoint = server.last_endpoint()?;
//! let thread = std::thread::spawn(move || {
//!     let request = server.recv()?;
//!     assert_eq!(request, "Hello");
//!     server.send("World")
//! });
//!
//! let client = context.socket(SocketType::Req)?;
//! client.connect(&endpoint)?;
//! client.send("Hello")?;
//! assert_eq!(client.recv()?, "World");
//! # thread.join().unwrap()
//! # }
//! ```
//!
//! # Publish and subscribe
//! ```
//! use zeroxide::{Context, SocketType};
//!
//! # fn main() -> zeroxide::Result<()> {
//! let context = Context::new()?;
//! // An XPUB is a PUB that sees who subscribes.
//! let publisher = context.socket(SocketType::XPub)?;
//! publisher.bind("tcp://127.0.0.1:*")?;
//!
//! let subscriber = context.socket(SocketType::Sub)?;
//! subscriber.connect(&publisher.last_endpoint()?)?;
//! subscriber.subscribe("weather.")?;
//! assert_eq!(publisher.recv()?, "\x01weather.");
//!
//! publisher.send_multipart(["traffic.A1", "jam"])?;
//! publisher.send_multipart(["weather.here", "sunny"])?;
//! assert_eq!(subscriber.recv_multipart()?, ["weather.here", "sunny"]);
//! # Ok(())
//! # }
//! ```
//!
//! # What is where
//! | to | see |
//! | --- | --- |
//! | make sockets, and end in good order | [`Context`] |
//! | send, receive, bind, connect, set options | [`Socket`], [`SocketType`] |
//! | hold parts of messages, and whole ones | [`Message`], [`Multipart`] |
//! | wait for several sockets | [`poll()`], [`PollItem`], [`Events`] |
//! | know what happens to connections | [`Monitor`], [`Event`] |
//! | prove who you are | [`CurveKeyPair`], [`Socket::set_curve_server_key`], [`Socket::set_plain_username`] |
//! | pass messages on | [`proxy()`], [`proxy_steerable`] |
//! | know what went wrong | [`Error`] |
//!
//! # For those who change it
//! The modules of the crate are private. `internal` hands out what the C API, the benches and the
//! tests need of them; it is not part of the API. A module imports only from modules that stand
//! above it in this list.
//!
//! | module | what it is for |
//! | --- | --- |
//! | `sys`, `sync` | the only libc calls; the queue that links are made of |
//! | `error`, `options`, `message` | one error type, one option table, one message type |
//! | `wire`, `security` | ZMTP without I/O: greetings, frames, commands, mechanisms |
//! | `link`, `pattern` | what ties a socket to a peer; what each socket type does with its links |
//! | `transport` | addresses, listeners and connectors, one folder a scheme |
//! | `engine`, `runtime` | connections and sessions; contexts, I/O threads, timers |
//! | `socket` | the socket itself: send, recv, bind, connect, monitor, poll, proxy; and the Rust API |
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(missing_docs, unreachable_pub, unnameable_types)]

mod engine;
mod error;
mod link;
mod message;
mod options;
mod pattern;
mod runtime;
mod security;
mod socket;
mod sync;
mod sys;
mod transport;
mod wire;

#[doc(hidden)]
pub mod internal;

#[cfg(fuzzing)]
#[path = "../fuzz/src/mod.rs"]
pub mod fuzzing;

#[doc(inline)]
pub use error::{Error, Result};
#[doc(inline)]
pub use message::{Message, Metadata};
#[doc(inline)]
pub use options::{CurveKey, SecurityMechanism, SocketType};
#[doc(inline)]
pub use socket::api::*;
