//! Real sessions in a world that is not: from one seed come the network, the time, and what the
//! sockets do.
//!
//! The sessions, their connections and their links are those that ship, and so are their
//! descriptors. Who is ready, which timer is due, what the time is and which bytes have arrived is
//! decided here, on one thread, by a number. The network splits what is written into pieces of any
//! size, delays it, loses connections, and refuses new ones; sockets send, receive, claim,
//! subscribe and stop whenever they like. Then it must be seen that
//!
//! - messages arrive in order, whole, undamaged, and none twice;
//! - what a lost connection did not take is sent by the next one;
//! - each session ends when it is told to, and leaves no timer and no descriptor;
//! - monitors hear of each connection in order;
//! - whoever waits to be told of something is told;
//! - queues give back what they took, and nothing runs for ever.
//!
//! | variable | what it does |
//! | --- | --- |
//! | `ZEROXIDE_SEED` | plays this seed alone, and tells step by step what happens if it fails |
//! | `ZEROXIDE_SEEDS` | plays so many, from that one on if both are set |
#![forbid(unsafe_code)]

mod elder;
mod monitor;
mod network;
mod plan;
mod reactor;
mod socket;
mod story;
mod traffic;
mod world;

use crate::sys::testing::without_children;
use std::panic::catch_unwind;
use std::sync::OnceLock;

/// How many seeds the ordinary test plays.
const SEEDS: u64 = 4_000;

#[test]
fn sessions_keep_their_word_whatever_the_network_does() {
    let (first, count) = match (number("ZEROXIDE_SEED"), number("ZEROXIDE_SEEDS")) {
        (Some(seed), count) => (seed, count.unwrap_or(1)),
        (None, count) => (0, count.unwrap_or(SEEDS)),
    };
    let arrived: u64 = (first..first + count).map(play).sum();
    println!("{count} seeds, {arrived} messages");
    assert!(count < 100 || arrived > count, "next to nothing was sent");
}

/// Tells what happens, if it is one seed that is looked at.
fn trace(text: impl FnOnce() -> String) {
    static TRACED: OnceLock<bool> = OnceLock::new();
    if *TRACED
        .get_or_init(|| number("ZEROXIDE_SEED").is_some() && number("ZEROXIDE_SEEDS").is_none())
    {
        println!("{}", text());
    }
}

fn number(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().expect("a number"))
}

fn play(seed: u64) -> u64 {
    let _descriptors = without_children();
    catch_unwind(|| story::play(seed)).unwrap_or_else(|_| {
        panic!("seed {seed} fails; to see it again: ZEROXIDE_SEED={seed} cargo test simulation")
    })
}
