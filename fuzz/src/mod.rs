//! What the fuzz targets are made of, and the only place where they import the library's modules.
//!
//! A target is a function of bytes in [`targets`]; `fuzz_targets/` hands them to libFuzzer, whose
//! panic hook aborts: a panic that the library catches at the top of one of its threads is a
//! finding as well.

#![allow(missing_docs, unreachable_pub, dead_code)]

pub mod input;
pub mod memory;
pub mod random;
pub mod seeds;
pub mod targets;

/// Runs a target with an input. All that an input leads to is the same each time.
pub fn run(target: fn(&[u8]), data: &[u8]) {
    random::restart();
    target(data);
}

/// What the targets use of the library.
pub(crate) mod zmq {
    pub(crate) use crate::engine::connection::{
        Pumped, RecvFraming, RecvHalf, Sealed, SendFraming, SendHalf,
    };
    pub(crate) use crate::engine::handshake::Handshake;
    pub(crate) use crate::link::{
        pair, Frame, Limits, LinkEnd, Parcel, Peer as LinkPeer, Receiver, Sender,
    };
    pub(crate) use crate::options::SocketType;
    pub(crate) use crate::options::{
        find, ids, table::TABLE, z85, ContextOptions, Get, Options, SecurityMechanism, TcpFilter,
    };
    pub(crate) use crate::pattern::trie::{MultiTrie, Removed, Trie};
    pub(crate) use crate::security::{
        curve, zap::ZapReply, HandshakeError, Local, Mechanism, Open, Seal, Security, Status,
        Traffic,
    };
    pub(crate) use crate::sync::queue::Record;
    pub(crate) use crate::sys::io::{pair as streams, Stream};
    pub(crate) use crate::transport::{socks::Socks5, Endpoint, TransportOptions};
    pub(crate) use crate::wire::greeting::{GreetingConfig, MechanismName};
    pub(crate) use crate::wire::{command, frame, greeting, legacy, metadata};
    pub(crate) use crate::wire::{Command, Greeting, WireError};
}
