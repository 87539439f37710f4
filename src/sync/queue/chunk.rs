//! A block of record memory and the raw shape of the records in it.

use super::shadow::Shadow;
use super::spares;
use super::{LONG, OBJECT, OBJECT_PREFIX};
use crate::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use crate::sync::memory::{alloc_zeroed, dealloc};
use std::alloc::Layout;
use std::ptr::{self, NonNull};

/// `sealed` of a chunk that the producer still writes.
pub(super) const OPEN: usize = usize::MAX;

/// The header of a chunk; `capacity` bytes of initialised data follow it in the same allocation.
pub(super) struct Chunk {
    pub(super) next: AtomicPtr<Chunk>,
    /// How many bytes were used, once the producer has moved on.
    pub(super) sealed: AtomicUsize,
    /// Written by the producer before the chunk is linked.
    base: u64,
    /// Some of the records hold objects.
    objects: AtomicBool,
    pub(super) capacity: usize,
    pub(super) shadow: Shadow,
}

impl Chunk {
    /// A chunk for so many bytes; `None` if memory is short.
    pub(super) fn allocate(capacity: usize, base: u64) -> Option<NonNull<Chunk>> {
        if let Some(spare) = spares::take(capacity) {
            // SAFETY: taken out, and so this caller's.
            unsafe { Self::reset(spare, base) };
            #[cfg(test)]
            super::testing::note(capacity as isize);
            return Some(spare);
        }
        let layout = Self::layout(capacity)?;
        // SAFETY: the layout is never of size zero, it holds at least the header.
        let memory = unsafe { alloc_zeroed(layout) }.cast::<Chunk>();
        let chunk = NonNull::new(memory)?;
        let header = Chunk {
            next: AtomicPtr::new(ptr::null_mut()),
            sealed: AtomicUsize::new(OPEN),
            base,
            objects: AtomicBool::new(false),
            capacity,
            shadow: Shadow::new(capacity),
        };
        // SAFETY: freshly allocated with room and alignment for the header.
        unsafe { chunk.as_ptr().write(header) };
        #[cfg(test)]
        super::testing::note(capacity as isize);
        Some(chunk)
    }

    /// Makes a consumed chunk ready for another turn.
    ///
    /// # Safety
    /// The caller owns the chunk.
    pub(super) unsafe fn reset(mut chunk: NonNull<Chunk>, base: u64) {
        // SAFETY: owned by the caller.
        let chunk = unsafe { chunk.as_mut() };
        chunk.shadow.writes_all();
        chunk.next.store(ptr::null_mut(), Ordering::Relaxed);
        chunk.sealed.store(OPEN, Ordering::Relaxed);
        chunk.base = base;
        chunk.objects.store(false, Ordering::Relaxed);
    }

    /// Do any of the published records hold objects?
    pub(super) fn has_objects(&self) -> bool {
        self.objects.load(Ordering::Relaxed)
    }

    /// To be called by the producer before it publishes one.
    pub(super) fn note_object(&self) {
        self.objects.store(true, Ordering::Relaxed);
    }

    /// # Safety
    /// The caller owns the chunk, and no record in it still holds an object.
    pub(super) unsafe fn free(chunk: NonNull<Chunk>) {
        // SAFETY: owned by the caller and made by `allocate` with this very layout.
        unsafe {
            #[cfg(test)]
            super::testing::note(-((*chunk.as_ptr()).capacity as isize));
            if spares::keep(chunk) {
                return;
            }
            chunk.as_ref().shadow.writes_all();
            let layout = Self::layout((*chunk.as_ptr()).capacity);
            ptr::drop_in_place(chunk.as_ptr());
            // It was computed from the same capacity when the chunk was made, so there is one.
            if let Some(layout) = layout {
                dealloc(chunk.as_ptr().cast(), layout);
            }
        }
    }

    /// The logical position of the first byte.
    #[inline(always)]
    pub(super) fn base(&self) -> u64 {
        self.shadow.reads_header();
        self.base
    }

    /// Where the byte at `offset` lives.
    ///
    /// # Safety
    /// The chunk is alive and `offset` is at most its capacity.
    #[inline(always)]
    pub(super) unsafe fn at(chunk: NonNull<Chunk>, offset: usize) -> *mut u8 {
        // SAFETY: the data follows the header in the same allocation.
        unsafe { chunk.as_ptr().add(1).cast::<u8>().add(offset) }
    }

    fn layout(capacity: usize) -> Option<Layout> {
        let size = std::mem::size_of::<Chunk>().checked_add(capacity)?;
        Layout::from_size_align(size, std::mem::align_of::<Chunk>().max(16)).ok()
    }
}

/// The shape of one record, read from its first bytes.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) flags: u8,
    pub(super) header: usize,
    /// The length of the body; for an object record that of the object itself.
    pub(super) body: usize,
}

impl Shape {
    #[inline(always)]
    pub(super) fn is_object(self) -> bool {
        self.flags & OBJECT != 0
    }

    #[inline(always)]
    pub(super) fn total(self) -> usize {
        self.header + self.body
    }
}

/// Reads the shape of the record at `at`.
///
/// # Safety
/// A whole record, written by a producer of objects of type `T`, lies at `at`.
#[inline(always)]
pub(super) unsafe fn shape<T>(at: *const u8) -> Shape {
    // SAFETY: a whole record lies here, so do its flags and length.
    unsafe {
        let flags = *at;
        if flags & OBJECT != 0 {
            let header = object_offset::<T>(at);
            return Shape { flags, header, body: std::mem::size_of::<T>() };
        }
        if flags & LONG == 0 {
            return Shape { flags, header: 2, body: *at.add(1) as usize };
        }
        let length = u64::from_be_bytes(at.add(1).cast::<[u8; 8]>().read_unaligned());
        Shape { flags, header: 9, body: length as usize }
    }
}

/// How far behind the start of its record at `at` an object lies: behind its prefix, aligned.
#[inline(always)]
pub(super) fn object_offset<T>(at: *const u8) -> usize {
    OBJECT_PREFIX + at.wrapping_add(OBJECT_PREFIX).align_offset(std::mem::align_of::<T>())
}

/// The object in the record at `at`.
///
/// # Safety
/// A whole object record of type `T` lies at `at`, and stays there for `'a`.
#[inline(always)]
pub(super) unsafe fn object<'a, T>(at: *const u8) -> &'a T {
    // SAFETY: the caller vouches for the record; the offset is where the producer put the object.
    unsafe { &*at.add(object_offset::<T>(at)).cast::<T>() }
}

/// Moves the object out of the record at `at`.
///
/// # Safety
/// As for [`object`], and nobody looks at it again.
#[inline(always)]
pub(super) unsafe fn take_object<T>(at: *const u8) -> T {
    // SAFETY: the caller vouches for the record and gives up the original.
    unsafe { at.add(object_offset::<T>(at)).cast::<T>().read() }
}

/// The most bytes that an object record takes.
pub(super) const fn object_record<T>() -> usize {
    OBJECT_PREFIX + std::mem::align_of::<T>() + std::mem::size_of::<T>()
}
