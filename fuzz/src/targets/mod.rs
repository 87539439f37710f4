//! One module a target.

pub mod commands;
pub mod curve;
pub mod endpoints;
pub mod frames;
pub mod greeting;
pub mod halves;
pub mod handshake;
pub mod mechanism;
pub mod null;
pub mod options;
pub mod plain;
pub mod receive;
pub mod socket;
pub mod socks;
pub mod subscriptions;
pub mod z85;
