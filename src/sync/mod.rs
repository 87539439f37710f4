//! Building blocks made of atomics: the queue that links are made of, the word by which a socket is
//! woken, the turn at a socket, the errands of an I/O thread and the numbers that are free. Nothing
//! here knows what a socket is.
//!
//! The atomics come from `loom` when the crate is built with `--cfg loom`, so that the models in
//! `tests/loom` explore the very code that ships.

pub mod errands;
pub mod numbers;
pub mod queue;
pub mod signal;
pub mod sleepers;
pub mod turn;

pub(crate) mod atomic {
    #[cfg(loom)]
    pub(crate) use loom::sync::{
        atomic::{
            fence, AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicU8, AtomicUsize,
            Ordering,
        },
        Arc,
    };
    #[cfg(not(loom))]
    pub(crate) use std::sync::{
        atomic::{
            fence, AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicU8, AtomicUsize,
            Ordering,
        },
        Arc,
    };

    /// Lets a moment pass; there is no time in a model.
    #[inline]
    pub(crate) fn pause() {
        #[cfg(not(loom))]
        std::hint::spin_loop();
    }
}

/// Locks; the models have their own, which say what comes before what.
pub(crate) mod lock {
    #[cfg(not(loom))]
    pub(crate) use parking_lot::Mutex;

    #[cfg(loom)]
    #[derive(Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    #[cfg(loom)]
    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
        }
    }
}

/// Fences of which one side is nearly free; the models have full ones on both sides, which say the same.
pub(crate) mod asymmetric {
    #[cfg(not(loom))]
    pub(crate) use crate::sys::fence::{heavy, is_supported, light};

    #[cfg(loom)]
    pub(crate) fn light() {
        loom::sync::atomic::fence(loom::sync::atomic::Ordering::SeqCst);
    }

    #[cfg(loom)]
    pub(crate) fn heavy() {
        light();
    }

    #[cfg(loom)]
    pub(crate) fn is_supported() -> bool {
        true
    }
}

/// The allocator; the models' own finds what was never freed, or freed twice.
pub(crate) mod memory {
    #[cfg(loom)]
    pub(crate) use loom::alloc::{alloc_zeroed, dealloc};
    #[cfg(not(loom))]
    pub(crate) use std::alloc::{alloc_zeroed, dealloc};
}
