//! Memory for hard times: small allocations that find none are met from a reserve.
//!
//! Rust ends the process when an allocation fails that its code does not expect to fail: that of an
//! `Arc`, a boxed closure, a short list. All that can be long asks first, and fails with ENOMEM.
//! For the others, which are short and of which there is a bounded number for each socket, endpoint
//! and connection, this keeps a part of the library's own zeroed data: it costs nothing until it is
//! written to, and is there even when the process may not have another page of address space. Calls
//! that make something new fail with ENOMEM once half of it is in use and the system still has
//! none, so that there is enough for what exists to go on and to be closed.
//!
//! Why in the allocator: what fails there is noticed nowhere else, other than by an abort.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr;
use zeroxide::internal::error::{Error, Result};
use zeroxide::internal::sync::numbers::Numbers;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator { reserve: Reserve::new() };

/// Fails with ENOMEM when so little is left that nothing new should be begun, unless the system has
/// memory again.
#[inline]
pub fn check() -> Result<()> {
    match ALLOCATOR.reserve.is_low() && is_short() {
        true => Err(Error::NoMemory),
        false => Ok(()),
    }
}

#[cold]
fn is_short() -> bool {
    let layout = Layout::new::<[u8; 4096]>();
    // SAFETY: the layout is not empty.
    let memory = unsafe { System.alloc(layout) };
    if !memory.is_null() {
        // SAFETY: it was just allocated so.
        unsafe { System.dealloc(memory, layout) };
    }
    memory.is_null()
}

/// The system's, and the reserve behind it.
struct Allocator {
    reserve: Reserve,
}

// SAFETY: memory is the system's or a slot of the reserve, which nobody else has until it is given
// back, and which is as large and as aligned as was asked for.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        let memory = unsafe { System.alloc(layout) };
        match memory.is_null() {
            true => self.reserve.take(layout),
            false => memory,
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        let memory = unsafe { System.alloc_zeroed(layout) };
        if !memory.is_null() {
            return memory;
        }
        let slot = self.reserve.take(layout);
        if !slot.is_null() {
            // SAFETY: the slot has that many bytes, and is nobody else's.
            unsafe { slot.write_bytes(0, layout.size()) };
        }
        slot
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        match self.reserve.has(memory) {
            true => self.reserve.give_back(memory),
            // SAFETY: what is not in the reserve came from the system.
            false => unsafe { System.dealloc(memory, layout) },
        }
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !self.reserve.has(memory) {
            // SAFETY: what is not in the reserve came from the system.
            let moved = unsafe { System.realloc(memory, layout, size) };
            if !moved.is_null() {
                return moved;
            }
        }
        // SAFETY: as the caller promises.
        unsafe { self.relocate(memory, layout, size) }
    }
}

impl Allocator {
    /// Moves something out of the reserve, or into it.
    #[cold]
    unsafe fn relocate(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the new size, rounded up, is none too large for a
        // layout.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: as the caller promises.
        let to = unsafe { self.alloc(wanted) };
        if !to.is_null() {
            // SAFETY: both have that many bytes, and one was just allocated.
            unsafe { ptr::copy_nonoverlapping(memory, to, layout.size().min(size)) };
            // SAFETY: the caller gave it to this allocator.
            unsafe { self.dealloc(memory, layout) };
        }
        to
    }
}

/// Slots of two sizes.
struct Reserve {
    small: Slots<256, 16>,
    large: Slots<4096, 1>,
}

impl Reserve {
    const fn new() -> Self {
        Self { small: Slots::new(), large: Slots::new() }
    }

    /// A slot for that; null if there is none, or it is too much.
    #[cold]
    fn take(&self, layout: Layout) -> *mut u8 {
        let small = self.small.take(layout);
        match small.is_null() {
            true => self.large.take(layout),
            false => small,
        }
    }

    #[inline]
    fn has(&self, memory: *mut u8) -> bool {
        memory.addr().wrapping_sub(ptr::from_ref(self).addr()) < size_of::<Self>()
    }

    #[cold]
    fn give_back(&self, memory: *mut u8) {
        match self.small.has(memory) {
            true => self.small.give_back(memory),
            false => self.large.give_back(memory),
        }
    }

    #[inline]
    fn is_low(&self) -> bool {
        self.small.is_low() || self.large.is_low()
    }
}

/// As many slots of one size as there are numbers.
#[repr(C, align(4096))]
struct Slots<const SIZE: usize, const WORDS: usize> {
    memory: UnsafeCell<[[[u8; SIZE]; 64]; WORDS]>,
    numbers: Numbers<WORDS>,
}

// SAFETY: the bytes of a slot belong to the caller that was given its number, until it gives that back.
unsafe impl<const SIZE: usize, const WORDS: usize> Sync for Slots<SIZE, WORDS> {}

impl<const SIZE: usize, const WORDS: usize> Slots<SIZE, WORDS> {
    const fn new() -> Self {
        // The first slot is as aligned as the whole, and the others by their size.
        assert!(SIZE.is_power_of_two() && SIZE <= 4096);
        Self { memory: UnsafeCell::new([[[0; SIZE]; 64]; WORDS]), numbers: Numbers::new() }
    }

    fn take(&self, layout: Layout) -> *mut u8 {
        if layout.size() > SIZE || layout.align() > SIZE {
            return ptr::null_mut();
        }
        match self.numbers.take() {
            Some(slot) => self.memory.get().cast::<u8>().wrapping_add(slot * SIZE),
            None => ptr::null_mut(),
        }
    }

    fn has(&self, memory: *mut u8) -> bool {
        memory.addr().wrapping_sub(self.memory.get().addr()) < SIZE * WORDS * 64
    }

    fn give_back(&self, memory: *mut u8) {
        self.numbers.give_back((memory.addr() - self.memory.get().addr()) / SIZE);
    }

    #[inline]
    fn is_low(&self) -> bool {
        self.numbers.count() > WORDS * 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).unwrap()
    }

    #[test]
    fn slots_are_taken_once_and_come_back() {
        static RESERVE: Reserve = Reserve::new();
        let take = |size| RESERVE.take(layout(size));
        let mut taken: Vec<_> = (0..1024).map(|_| take(256)).collect();
        assert!(RESERVE.is_low() && taken.iter().all(|slot| RESERVE.has(*slot)));
        // What is small may have a large one, and not the other way round.
        taken.extend((0..64).map(|index| take(if index % 2 == 0 { 1 } else { 4096 })));
        assert!(take(1).is_null());
        taken.sort_unstable();
        taken.dedup();
        assert_eq!(taken.len(), 1024 + 64);
        taken.iter().for_each(|slot| RESERVE.give_back(*slot));
        assert!(!RESERVE.is_low() && take(4097).is_null());
        let page = RESERVE.take(Layout::from_size_align(1, 4096).unwrap());
        assert!(page.addr() % 4096 == 0 && !page.is_null());
    }

    #[test]
    fn memory_moves_between_the_reserve_and_the_system() {
        static ALLOCATOR: Allocator = Allocator { reserve: Reserve::new() };
        let slot = ALLOCATOR.reserve.take(layout(100));
        // SAFETY: it has a hundred bytes, and grows and shrinks as its layout says.
        unsafe {
            slot.write_bytes(7, 100);
            let grown = ALLOCATOR.realloc(slot, layout(100), 10_000);
            assert!(!ALLOCATOR.reserve.has(grown) && ALLOCATOR.reserve.has(slot));
            assert!((0..100).all(|at| *grown.add(at) == 7));
            let shrunk = ALLOCATOR.relocate(grown, layout(10_000), 50);
            assert!((0..50).all(|at| *shrunk.add(at) == 7));
            ALLOCATOR.dealloc(shrunk, layout(50));
        }
        assert_eq!(ALLOCATOR.reserve.small.numbers.count(), 0);
    }
}
