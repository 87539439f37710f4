//! Full-sized chunks that wait for use, for all queues of the process.
//!
//! Memory that was cleared once and is warm is worth keeping: a queue that a quick sender fills and a slow
//! receiver empties would otherwise have the allocator clear a chunk for every few large messages. A few of
//! them are kept, and whoever finds the place in use by another thread does without it.

use super::chunk::Chunk;
use super::producer::MAX_CHUNK;
use parking_lot::Mutex;
use std::ptr::NonNull;

/// How many are kept at most: 4 MiB.
const KEPT: usize = 32;

struct Spare(NonNull<Chunk>);

// SAFETY: a spare belongs to whoever has it, and nobody else knows where it is.
unsafe impl Send for Spare {}

static SPARES: Mutex<Vec<Spare>> = Mutex::new(Vec::new());

/// A chunk of this capacity, if one is at hand: what it says of itself is from an earlier life.
pub(super) fn take(capacity: usize) -> Option<NonNull<Chunk>> {
    if capacity != MAX_CHUNK || cfg!(loom) {
        return None;
    }
    SPARES.try_lock()?.pop().map(|spare| spare.0)
}

/// Keeps a chunk. False if it is not wanted.
///
/// # Safety
/// The caller owns the chunk, and gives it up if this is true.
pub(super) unsafe fn keep(chunk: NonNull<Chunk>) -> bool {
    // SAFETY: the caller's.
    if unsafe { chunk.as_ref() }.capacity != MAX_CHUNK || cfg!(loom) {
        return false;
    }
    let Some(mut spares) = SPARES.try_lock() else { return false };
    if spares.len() < KEPT && spares.try_reserve(1).is_ok() {
        spares.push(Spare(chunk));
        return true;
    }
    false
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn only_full_sized_chunks_are_kept_and_not_all_of_them() {
        let small = Chunk::allocate(512, 0).unwrap();
        // SAFETY: fresh chunks, each given up once; `free` keeps what it may.
        unsafe {
            assert!(!keep(small));
            Chunk::free(small);
            for chunk in [0; 2 * KEPT].map(|_| Chunk::allocate(MAX_CHUNK, 7).unwrap()) {
                Chunk::free(chunk);
            }
        }
        assert!(SPARES.lock().len() <= KEPT);
        let again = Chunk::allocate(MAX_CHUNK, 5).unwrap();
        // SAFETY: as above.
        unsafe {
            assert_eq!(again.as_ref().base(), 5);
            Chunk::free(again);
        }
    }
}
