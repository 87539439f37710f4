//! The bytes that lie in a message itself.
//!
//! They are not cleared before they are written: to do so would cost a small message more than all the
//! rest of its making.

use crate::sys::memory::copy;
use std::mem::MaybeUninit;

/// How many there can be.
pub(super) const CAPACITY: usize = 40;

/// Up to [`CAPACITY`] bytes. With one byte in front of it, the tag of an enum, it fills whole words, and its
/// bytes begin at one: C programs lay structs over what `zmq_msg_data` returns.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Small {
    len: u8,
    rest: [MaybeUninit<u8>; 6],
    /// The first `len` of them are written.
    bytes: [MaybeUninit<u8>; CAPACITY],
}

impl Small {
    pub(super) const fn empty() -> Self {
        Self { len: 0, rest: [MaybeUninit::uninit(); 6], bytes: [MaybeUninit::uninit(); CAPACITY] }
    }

    /// Holds a copy of `bytes` from now on; no more than [`CAPACITY`] of them.
    #[inline(always)]
    pub(super) fn set(&mut self, bytes: &[u8]) {
        let len = bytes.len().min(CAPACITY);
        // SAFETY: both sides have `len` bytes, and a message does not lie within what it is to hold.
        unsafe { copy(bytes.as_ptr(), self.as_mut_ptr(), len) };
        self.len = len as u8;
    }

    /// Holds `len` zero bytes from now on, but no more than [`CAPACITY`].
    #[inline(always)]
    pub(super) fn clear(&mut self, len: usize) {
        let len = len.min(CAPACITY);
        self.set(&[0; CAPACITY][..len]);
    }

    /// Holds all but the first `count` bytes from now on.
    pub(super) fn remove_front(&mut self, count: usize) {
        let (count, len) = (count.min(self.len()), self.len());
        self.bytes.copy_within(count..len, 0);
        self.len = (len - count) as u8;
    }

    #[inline(always)]
    pub(super) fn as_slice(&self) -> &[u8] {
        // SAFETY: that many are written.
        unsafe { std::slice::from_raw_parts(self.bytes.as_ptr().cast(), self.len()) }
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.as_mut_ptr(), self.len()) }
    }

    #[inline(always)]
    pub(super) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr().cast()
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        usize::from(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_it_is_given() {
        let mut small = Small::empty();
        assert_eq!(small.as_slice(), b"");
        small.set(b"forty");
        small.as_mut_slice()[4] = b'!';
        assert_eq!(small.as_slice(), b"fort!");
        small.clear(CAPACITY);
        assert_eq!(small.as_slice(), [0; CAPACITY]);
        small.set(&[7; CAPACITY + 1]);
        assert_eq!(small.as_slice(), [7; CAPACITY]);
    }
}
