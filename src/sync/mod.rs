//! Building blocks made of atomics: the queue that links are made of, the word by which a socket is woken,
//! and the turn at a socket. Nothing here knows what a socket is.
//!
//! The atomics come from `loom` when the crate is built with `--cfg loom`, so that the models in
//! `tests/loom` explore the very code that ships.

pub mod queue;
pub mod signal;
pub mod turn;

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
        atomic::{
            fence, AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicU8, AtomicUsize, Ordering,
        },
        Arc,
    };
}

/// The allocator; the models' own finds what was never freed, or freed twice.
pub(crate) mod memory {
    #[cfg(loom)]
    pub(crate) use loom::alloc::{alloc_zeroed, dealloc};
    #[cfg(not(loom))]
    pub(crate) use std::alloc::{alloc_zeroed, dealloc};
}
