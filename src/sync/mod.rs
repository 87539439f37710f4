//! Lock-free building blocks: the queue that links are made of, and nothing that knows about sockets.
//!
//! The atomics come from `loom` when the crate is built with `--cfg loom`, so that the models in
//! `tests/loom.rs` explore the very code that ships.

pub mod queue;

pub(crate) mod atomic {
    #[cfg(loom)]
    pub(crate) use loom::sync::{
        atomic::{
            fence, AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicU8, AtomicUsize, Ordering,
        },
        Arc,
    };
    #[cfg(not(loom))]
    pub(crate) use std::sync::{
        atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicU8, AtomicUsize, Ordering},
        Arc,
    };
}
