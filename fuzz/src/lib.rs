//! What the fuzz targets are made of, and the only place where they import the library's modules.
//!
//! A target is a function of bytes in [`targets`]; `fuzz_targets/` hands them to libFuzzer, whose
//! panic hook aborts: a panic that the library catches at the top of one of its threads is a
//! finding as well.

pub mod input;
pub mod memory;
pub mod random;
pub mod targets;

/// Runs a target with an input. All that an input leads to is the same each time.
pub fn run(target: fn(&[u8]), data: &[u8]) {
    random::restart();
    target(data);
}

/// What the targets use of the library.
pub mod zmq {
    pub use zeroxide::engine::connection::{
        Flushed, Pumped, RecvFraming, RecvHalf, Sealed, SendFraming, SendHalf,
    };
    pub use zeroxide::engine::handshake::Handshake;
    pub use zeroxide::link::{
        pair, Frame, Limits, LinkEnd, Parcel, Peer as LinkPeer, Receiver, Sender,
    };
    pub use zeroxide::options::{
        find, ids, z85, ContextOptions, Get, Options, SecurityMechanism, TcpFilter, TABLE,
    };
    pub use zeroxide::pattern::trie::{MultiTrie, Removed, Trie};
    pub use zeroxide::security::{
        curve, zap::ZapReply, HandshakeError, Local, Mechanism, Open, Seal, Security, Status,
        Traffic,
    };
    pub use zeroxide::sync::queue::Record;
    pub use zeroxide::sys::io::{pair as streams, Stream};
    pub use zeroxide::transport::{socks::Socks5, Endpoint, TransportOptions};
    pub use zeroxide::wire::{command, frame, greeting, legacy, metadata};
    pub use zeroxide::wire::{
        Command, Greeting, GreetingConfig, MechanismName, SocketType, WireError,
    };
}
