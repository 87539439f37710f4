//! Copies of short pieces of memory, and whether there is any.
//!
//! Most bodies are short, and for these to call somebody costs as much as the copy.

use crate::error::{Error, Result};
use std::ptr;

/// Is there so much memory? Asked before something that takes a little of it in many pieces, each
/// of which would end the process if it could not be had.
///
/// # Errors
/// `NoMemory`.
pub(crate) fn is_there(bytes: usize) -> Result<()> {
    let mut reserve = Vec::<u8>::new();
    reserve.try_reserve_exact(bytes).map_err(|_| Error::NoMemory)?;
    // Or the compiler would see that nobody uses it.
    std::hint::black_box(&mut reserve);
    Ok(())
}

/// Copies as much as fits.
#[inline(always)]
pub(crate) fn copy_slice(from: &[u8], to: &mut [u8]) {
    // SAFETY: both have that many bytes; one is borrowed mutably, so they do not overlap.
    unsafe { copy(from.as_ptr(), to.as_mut_ptr(), from.len().min(to.len())) };
}

/// Copies `len` bytes. Short ones go in a few pieces, which overlap where they have to.
///
/// # Safety
/// As for [`ptr::copy_nonoverlapping`].
#[inline(always)]
pub(crate) unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: each piece begins and ends within the `len` bytes.
    unsafe {
        match len {
            0 => {}
            1 => *to = *from,
            2..=3 => copy_ends::<2>(from, to, len),
            4..=7 => copy_ends::<4>(from, to, len),
            8..=15 => copy_ends::<8>(from, to, len),
            16..=32 => copy_ends::<16>(from, to, len),
            33..=64 => copy_ends::<32>(from, to, len),
            65..=128 => copy_ends::<64>(from, to, len),
            _ => ptr::copy_nonoverlapping(from, to, len),
        }
    }
}

/// Copies the first and the last `PIECE` bytes.
///
/// # Safety
/// As for [`copy`], and `len` is between `PIECE` and twice that.
#[inline(always)]
unsafe fn copy_ends<const PIECE: usize>(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: as the caller promises.
    unsafe {
        let first = from.cast::<[u8; PIECE]>().read_unaligned();
        let last = from.add(len - PIECE).cast::<[u8; PIECE]>().read_unaligned();
        to.cast::<[u8; PIECE]>().write_unaligned(first);
        to.add(len - PIECE).cast::<[u8; PIECE]>().write_unaligned(last);
    }
}

#[cfg(test)]
mod tests {
    use super::copy_slice;

    #[test]
    fn every_length_is_copied_whole_and_nothing_besides() {
        let from: Vec<u8> = (0..300).map(|i| i as u8 | 1).collect();
        for len in 0..from.len() {
            let mut to = vec![0; len + 2];
            copy_slice(&from[..len], &mut to[1..len + 1]);
            assert_eq!(to[1..len + 1], from[..len]);
            assert_eq!((to[0], to[len + 1]), (0, 0), "{len}");
        }
        let mut short = [0; 5];
        copy_slice(&from, &mut short);
        assert_eq!(short, from[..5]);
    }
}
