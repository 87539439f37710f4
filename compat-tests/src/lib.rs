//! Proves our `libzmq.so.5` against upstream's own test programs.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`work`] | the work folder: where things lie, upstream's sources laid out, one builder at a time |
//! | [`compile`] | runs the compiler on what is out of date, in parallel |
//! | [`library`] | the two libraries that are compared: ours, and the reference built from upstream |
//! | [`program`] | builds one upstream program and runs it in a process of its own |
//! | [`corpus`] | seeds for upstream's fuzz programs, which ship without any |
//! | [`ledger`] | what each program is expected to do |
//! | [`setup`] | the program behind `cargo setup` |
//! | [`prefix`] | our library as it is installed, for bindings to be built against |
//! | [`python`] | Python environments with pyzmq on our library |
//! | [`pyzmq`] | pyzmq's own test-suite, run and read |
//! | [`process`], [`trouble`] | runs a program within a time limit; why a test ends early |
//! | [`trials`] | what tests with a `main` of their own share |
//! | [`skips`] | what was not run on this machine, and what would run it |
//! | [`header`] | what a `zmq.h` says, as facts that can be compared |
//!
//! Upstream's files are taken from the `zeromq-src` package and never changed.
#![forbid(unsafe_code)]

pub mod compile;
pub mod corpus;
pub mod header;
pub mod ledger;
pub mod library;
pub mod prefix;
pub mod process;
pub mod program;
pub mod python;
pub mod pyzmq;
pub mod setup;
pub mod skips;
pub mod trials;
pub mod trouble;
pub mod work;

/// What went wrong, in words: everything here ends on a terminal.
pub type Result<T> = std::result::Result<T, String>;

/// Adds what was being done to an error.
pub fn during<T, E: std::fmt::Display>(
    result: std::result::Result<T, E>,
    what: impl std::fmt::Display,
) -> Result<T> {
    result.map_err(|error| format!("{what}: {error}"))
}
