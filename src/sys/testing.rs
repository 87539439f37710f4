//! Time and chance, as a test sets them for its thread.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

thread_local! {
    static NOW: Cell<Option<Instant>> = const { Cell::new(None) };
    static CHANCE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// What keeps a child of one test from holding the descriptors of another one open.
static DESCRIPTORS: RwLock<()> = RwLock::new(());

/// While the caller keeps this, no child of another test has copies of its descriptors: what it
/// closes is closed.
pub(crate) fn without_children() -> RwLockReadGuard<'static, ()> {
    DESCRIPTORS.read().unwrap_or_else(PoisonError::into_inner)
}

/// To be kept from before a fork until the child is gone.
pub(super) fn before_fork() -> RwLockWriteGuard<'static, ()> {
    DESCRIPTORS.write().unwrap_or_else(PoisonError::into_inner)
}

/// Stops the clock at a time, or lets it go on.
pub(crate) fn set_now(now: Option<Instant>) {
    NOW.set(now);
}

/// Where the clock was stopped.
pub(super) fn now() -> Option<Instant> {
    NOW.get()
}

/// Has [`super::process::random_u32`] give the same numbers each time, or others again.
pub(crate) fn set_chance(seed: Option<u64>) {
    CHANCE.set(seed);
}

/// The next of those numbers.
pub(super) fn next_chance() -> Option<u32> {
    let next =
        CHANCE.get()?.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
    CHANCE.set(Some(next));
    Some((next >> 32) as u32)
}
