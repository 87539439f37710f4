//! Models of everything that works without a lock, run by loom through all the ways in which threads can
//! be interleaved and memory can be seen:
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --release --test loom
//! ```
//!
//! What is in `src/sync`, a monitor's mask, a conflated link and the references to a message are
//! the code that ships; descriptors, the kernel, sessions and I/O threads are played. A lock of
//! which some thread asks only whether it is free has to be that of `lock`. What loom finds by
//! itself: a sleep that nobody ends, plain memory that two threads touch with no order between
//! them, memory freed twice or never. `LOOM_MAX_PREEMPTIONS` goes deeper than the models' own
//! bounds.
#![cfg(loom)]
#![forbid(unsafe_code)]

mod bell;
mod block;
mod claim;
mod errands;
mod half;
mod hwm;
mod latest;
mod lock;
mod monitor;
mod numbers;
mod queue;
mod settle;
mod signal;
mod sleepers;
mod turn;

use std::sync::Arc;
use zeroxide::internal::sync::queue::Payload;

/// Runs a model that has too many ways for more than two preemptions.
fn check(model: impl Fn() + Sync + Send + 'static) {
    check_deep(2, model);
}

/// Runs a model with as many preemptions as finish in seconds.
fn check_deep(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.max_branches = 10_000;
    builder.check(model);
}

/// What travels by reference: its body, and a count of how many there are.
struct Parcel(Vec<u8>, #[allow(dead_code)] Arc<()>);

impl Payload for Parcel {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}
