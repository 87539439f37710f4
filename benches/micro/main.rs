//! Micro-benchmarks of what every message passes: `cargo bench -p zeroxide-bench`.
//!
//! | module | what it measures |
//! | --- | --- |
//! | [`codec`] | the headers of frames |
//! | [`curve`] | sealing and opening, which no connection with CURVE can be faster than |
//! | [`queue`] | frames through the queue, one by one and as a connection moves them |
//! | [`trie`] | subscriptions: matching, adding and taking back |
//! | [`message`] | making, copying and dropping messages |
#![forbid(unsafe_code)]

mod codec;
mod curve;
mod message;
mod queue;
mod trie;

use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};

fn configuration() -> Criterion {
    let criterion = Criterion::default().configure_from_args();
    criterion
        .sample_size(30)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
}

criterion_group! {
    name = parts;
    config = configuration();
    targets = codec::all, curve::all, queue::all, trie::all, message::all
}
criterion_main!(parts);
