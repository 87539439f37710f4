//! Randomness that is the same each time, so that an input that fails once fails always.
//!
//! The library asks the system for random bytes; in these programs the function that it calls is
//! the one below.

use std::sync::atomic::{AtomicU64, Ordering};

const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

static STATE: AtomicU64 = AtomicU64::new(SEED);

/// Begins anew.
pub fn restart() {
    STATE.store(SEED, Ordering::Relaxed);
}

/// SplitMix64.
fn next() -> u64 {
    let mut word = STATE.fetch_add(SEED, Ordering::Relaxed);
    word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ word >> 31
}

/// Takes the place of the system's function of that name.
///
/// # Safety
/// As for the system's: `buffer` has `len` bytes that may be written to.
#[no_mangle]
pub unsafe extern "C" fn getrandom(buffer: *mut u8, len: usize, _flags: u32) -> isize {
    // SAFETY: as the caller promises.
    let buffer = unsafe { std::slice::from_raw_parts_mut(buffer, len) };
    for piece in buffer.chunks_mut(8) {
        piece.copy_from_slice(&next().to_le_bytes()[..piece.len()]);
    }
    len as isize
}
