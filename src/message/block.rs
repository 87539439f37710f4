//! Reference-counted memory for message bodies: the one file of this module that needs `unsafe`.
//!
//! A block is one pointer to a header, which counts the references and knows how the bytes came
//! here and so how they go: in the header's own allocation, as a `Vec`'s memory, as memory of the
//! application that its own function frees, or as memory that outlives us. Whoever drops the last
//! reference, on whatever thread, frees. A block never grows, and never aborts when memory is short.
//!
//! # Who may write
//! Rust code writes only through the one reference there is ([`Block::as_mut_slice`]). A C program
//! may also write through the pointer that [`Block::as_ptr`] gives it; that it does so before it
//! hands the message to a socket, and not while a copy is in use elsewhere, is what the manual of
//! `zmq_msg_data` asks of it, and no library can check it.

use super::lent::Returned;
use super::pool::{Class, Pool};
use super::returns;
use crate::error::{Error, Result};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sys::desk::Desks;
use crate::sys::memory::copy;
use bytes::Bytes;
use std::alloc::{alloc, alloc_zeroed, dealloc, realloc, Layout};
use std::ffi::c_void;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Deref;
use std::ptr::NonNull;
use std::{process, ptr, slice};

/// How an application frees memory that it gave to a message: `ffn(data, hint)`.
pub type FreeFn = unsafe extern "C" fn(data: *mut c_void, hint: *mut c_void);

/// A reference to a piece of memory that nobody frees while there is one.
pub struct Block(NonNull<Header>);

pub(super) struct Header {
    references: AtomicUsize,
    data: *mut u8,
    len: usize,
    owner: Owner,
}

/// Whose memory the bytes are.
enum Owner {
    /// They follow the header in the same allocation.
    Header,
    /// They follow the header in a piece of memory that is used again.
    Pool { class: Class },
    /// They were a vector's.
    Vec { capacity: usize },
    /// They are shared with others that may read them: the header is that of a [`SharedHeader`].
    Shared,
    /// They are the application's, who wants to know when we are done.
    Application { free: FreeFn, hint: *mut c_void },
    /// They are the application's, and stay where they are.
    Static,
}

/// The header of a block whose bytes are those of a [`Bytes`].
#[repr(C)]
struct SharedHeader {
    header: Header,
    bytes: Bytes,
}

/// Memory of a large block that nobody uses now.
struct Spare(NonNull<u8>);

// SAFETY: nobody refers to the memory any more.
unsafe impl Send for Spare {}

static POOL: Pool<Spare> = Pool::new();

/// The small block whose memory a thread gave up last: the next one is most often as large.
static LAST: Desks<Freed> = Desks::new();

/// Memory of a small block that nobody uses now, freed when dropped.
struct Freed {
    memory: NonNull<u8>,
    layout: Layout,
}

// SAFETY: nobody refers to the memory any more.
unsafe impl Send for Freed {}

impl Drop for Freed {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout, and nobody refers to it any more.
        unsafe { dealloc(self.memory.as_ptr(), self.layout) };
    }
}

impl Freed {
    /// The one that this thread has, if it is of this layout.
    #[inline]
    fn take(layout: Layout) -> Option<NonNull<u8>> {
        let small = LAST.take()?;
        (small.layout == layout).then(|| ManuallyDrop::new(small).memory)
    }

    /// Keeps it in place of the former.
    #[inline]
    fn keep(self) {
        drop(LAST.put(self));
    }
}

/// Blocks up to this size are small, and made a little larger so that they are alike.
const SMALL: usize = 512;
const ALIKE: usize = 64;

/// So much of a block that is filled from its front is there before anything is written.
const AHEAD: usize = 1024 * 1024;
/// No process has more memory: half of what 48 bits address.
const LONGEST: u64 = 1 << 47;

/// Bodies start at this boundary, like anything that `malloc` returns.
const BODY_ALIGN: usize = 16;
/// Far more references than memory could hold: something has gone wrong by then.
const MAX_REFERENCES: usize = isize::MAX as usize;

// SAFETY: the count is atomic, the other fields of the header never change, and the bytes are
// written only while there is a single reference (see the head of this file for C programs). The
// application's free function may be called from any thread: the manual says so.
unsafe impl Send for Block {}
// SAFETY: as above; `&Block` gives no more than reading and counting.
unsafe impl Sync for Block {}

/// A block that is written from its front on, without having been filled with zeros first. What is to be long
/// grows as it is filled: that much is said of it takes no memory.
pub(crate) struct Filling {
    block: Block,
    filled: usize,
    len: usize,
}

impl Filling {
    /// For `len` bytes in the end.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn new(len: usize) -> Result<Self> {
        if len as u64 > LONGEST {
            return Err(Error::NoMemory);
        }
        // SAFETY: nobody can read the bytes before `finish`, which wants all of them written.
        let block = unsafe { Block::uninit(len.min(AHEAD))? };
        Ok(Self { block, filled: 0, len })
    }

    /// Sees to it that there is room for some more, unless nothing is missing. Returns how much there is.
    ///
    /// # Errors
    /// `NoMemory`; what is written stays.
    pub(crate) fn room(&mut self) -> Result<usize> {
        if self.filled == self.block.len() && self.filled < self.len {
            let len = self.len.min(self.filled.max(AHEAD).saturating_mul(2));
            self.block.grow(len, self.filled)?;
        }
        Ok(self.block.len() - self.filled)
    }

    /// Has `write` write to the part that is not written yet. What it returns says how much it has:
    /// a slice at the start of what it was given.
    pub(crate) fn fill<E>(
        &mut self,
        write: impl for<'a> FnOnce(&'a mut [MaybeUninit<u8>]) -> Result<&'a mut [u8], E>,
    ) -> Result<usize, E> {
        // SAFETY: the block has that many bytes behind the filled ones, and this is its only reference.
        let rest = unsafe {
            let start = self.block.as_ptr().add(self.filled).cast::<MaybeUninit<u8>>();
            slice::from_raw_parts_mut(start, self.block.len() - self.filled)
        };
        let (start, room) = (rest.as_ptr().cast::<u8>(), rest.len());
        let written = write(rest)?;
        // Any other slice says nothing about these bytes, also if it begins where a full block ends.
        let count = if ptr::eq(written.as_ptr(), start) { written.len().min(room) } else { 0 };
        self.filled += count;
        Ok(count)
    }

    /// Writes a copy of `bytes`, as far as there is room; that is so much as [`AHEAD`] at least.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        let copied = self.fill(|rest| {
            let len = bytes.len().min(rest.len());
            // SAFETY: bytes are valid values of bytes that may be uninitialised.
            let source =
                unsafe { slice::from_raw_parts(bytes.as_ptr().cast::<MaybeUninit<u8>>(), len) };
            let target = &mut rest[..len];
            target.copy_from_slice(source);
            // SAFETY: just written.
            Ok::<_, Error>(unsafe {
                slice::from_raw_parts_mut(target.as_mut_ptr().cast::<u8>(), len)
            })
        });
        debug_assert!(copied.is_ok());
    }

    /// How many bytes are still to be written.
    pub(crate) fn missing(&self) -> usize {
        self.len - self.filled
    }

    /// The block, once all of it is written.
    pub(crate) fn finish(self) -> Option<Block> {
        (self.missing() == 0).then_some(self.block)
    }
}

impl Block {
    /// A block of `len` zero bytes.
    pub(crate) fn zeroed(len: usize) -> Result<Self> {
        // SAFETY: `alloc_zeroed` fulfils what `with_body` asks of an allocator.
        unsafe { Self::with_body(len, alloc_zeroed) }
    }

    /// A block whose bytes hold nothing in particular.
    ///
    /// # Safety
    /// The caller, or the C program on whose behalf it calls, writes the bytes before anybody reads
    /// them.
    pub unsafe fn uninit(len: usize) -> Result<Self> {
        if let Some(class) = Class::of(len) {
            return Self::pooled(class, len);
        }
        // SAFETY: `allocate` fulfils what `with_body` asks of an allocator.
        unsafe { Self::with_body(len, allocate) }
    }

    /// A block in a piece of memory that others may have had before, or will have later.
    fn pooled(class: Class, len: usize) -> Result<Self> {
        let (layout, offset) = layout_with_body(class.size())?;
        let memory = match POOL.take(class) {
            Some(Spare(memory)) => memory,
            // SAFETY: the layout is not of size zero, it has room for a header.
            None => NonNull::new(unsafe { alloc(layout) }).ok_or(Error::NoMemory)?,
        };
        let header = memory.cast::<Header>();
        // SAFETY: the memory is ours, of this layout.
        unsafe {
            let data = memory.as_ptr().add(offset);
            header.write(Header::new(data, len, Owner::Pool { class }));
        }
        Ok(Block(header))
    }

    /// Makes the block, of which this is the only reference, `len` bytes long, of which the first `kept` are as they were
    /// and the others hold nothing in particular.
    ///
    /// Only for one that nobody has seen: a `Filling`'s own.
    fn grow(&mut self, len: usize, kept: usize) -> Result<()> {
        if matches!(self.header().owner, Owner::Header) {
            return self.reallocate(len);
        }
        // SAFETY: the first bytes are written on the next line, and the others by the caller.
        let longer = unsafe { Self::uninit(len)? };
        // SAFETY: both have so many bytes, and are different blocks.
        unsafe { ptr::copy_nonoverlapping(self.as_ptr(), longer.as_ptr(), kept.min(len)) };
        *self = longer;
        Ok(())
    }

    /// The same where header and bytes are one allocation. Large ones move without being copied.
    fn reallocate(&mut self, len: usize) -> Result<()> {
        let (old, _) = layout_with_body(self.len())?;
        let (new, body) = layout_with_body(len)?;
        // SAFETY: it was allocated with the old layout; the new one has the same alignment, and is no smaller than
        // a header.
        let memory = unsafe { realloc(self.0.as_ptr().cast(), old, new.size()) };
        let header = NonNull::new(memory).ok_or(Error::NoMemory)?.cast::<Header>();
        // SAFETY: `body` is an offset within the allocation, at whose start there is room for a header. The old one
        // needs no dropping.
        unsafe { header.write(Header::new(memory.add(body), len, Owner::Header)) };
        self.0 = header;
        Ok(())
    }

    /// A block with a copy of `bytes`.
    pub fn copy_of(bytes: &[u8]) -> Result<Self> {
        // SAFETY: all bytes are written on the next line.
        let block = unsafe { Self::uninit(bytes.len())? };
        // SAFETY: the block has room for `bytes.len()` bytes, is new, and so overlaps nothing.
        unsafe { copy(bytes.as_ptr(), block.as_ptr(), bytes.len()) };
        Ok(block)
    }

    /// Takes over the memory of a vector.
    pub(crate) fn from_vec(bytes: Vec<u8>) -> Result<Self> {
        let owner = Owner::Vec { capacity: bytes.capacity() };
        let mut bytes = ManuallyDrop::new(bytes);
        let made = Self::with_header(bytes.as_mut_ptr(), bytes.len(), owner);
        if made.is_err() {
            drop(ManuallyDrop::into_inner(bytes));
        }
        made
    }

    /// Refers to the same memory as `bytes`, which Rust code never writes to.
    pub(crate) fn from_bytes(bytes: Bytes) -> Result<Self> {
        let header = Header::new(bytes.as_ptr().cast_mut(), bytes.len(), Owner::Shared);
        // SAFETY: the layout is not empty.
        let memory = unsafe { alloc(Layout::new::<SharedHeader>()) };
        let place = NonNull::new(memory).ok_or(Error::NoMemory)?.cast::<SharedHeader>();
        // SAFETY: the memory is ours, and was allocated with this layout.
        unsafe { place.write(SharedHeader { header, bytes }) };
        // The header comes first.
        Ok(Block(place.cast()))
    }

    /// Refers to `len` bytes of the application at `data`. Once the last reference is gone, `free`
    /// is called with `data` and `hint`, exactly once; without `free` the memory is taken to live
    /// for ever and is never written by Rust code. Upon an error `free` is not called.
    ///
    /// # Safety
    /// `data` is valid for `len` bytes, initialised, until `free` is called (for ever without
    /// `free`), and nobody else writes there meanwhile. `free` may be called on any thread.
    pub unsafe fn from_raw_parts(
        data: *mut c_void,
        len: usize,
        free: Option<FreeFn>,
        hint: *mut c_void,
    ) -> Result<Self> {
        if data.is_null() && len != 0 {
            return Err(Error::Fault);
        }
        let owner = match free {
            Some(free) => {
                returns::note_lent();
                Owner::Application { free, hint }
            }
            None => Owner::Static,
        };
        Self::with_header(data.cast(), len, owner)
    }

    /// Where the bytes are. Writing there is the caller's responsibility.
    pub(crate) fn as_ptr(&self) -> *mut u8 {
        self.header().data
    }

    /// The bytes, to be changed, if nobody else can see them.
    pub fn as_mut_slice(&mut self) -> Option<&mut [u8]> {
        if self.is_shared() {
            return None;
        }
        if self.is_empty() {
            return Some(&mut []);
        }
        // SAFETY: the header says where its bytes are, they live as long as `self`, and this is the
        // only reference (a second one could only be made from `self`, which is borrowed).
        Some(unsafe { slice::from_raw_parts_mut(self.as_ptr(), self.len()) })
    }

    /// Whether others may see the same bytes: there are more references, or it is memory that the
    /// application did not give up.
    pub fn is_shared(&self) -> bool {
        let header = self.header();
        // Acquire: what the holders of dropped references did to the bytes comes before what the
        // caller does once this says no.
        matches!(header.owner, Owner::Static | Owner::Shared)
            || header.references.load(Ordering::Acquire) > 1
    }

    /// Whether the application waits to be told that the bytes are done with.
    pub(crate) fn is_lent(&self) -> bool {
        matches!(self.header().owner, Owner::Application { .. })
    }

    /// One allocation for the header and `len` bytes behind it.
    ///
    /// # Safety
    /// `allocate` is one of the functions of `std::alloc` that allocate.
    unsafe fn with_body(len: usize, allocate: unsafe fn(Layout) -> *mut u8) -> Result<Self> {
        let (layout, body) = layout_with_body(len)?;
        // SAFETY: the layout has the header's size at least, so is not empty.
        let memory = unsafe { allocate(layout) };
        let header = NonNull::new(memory).ok_or(Error::NoMemory)?.cast::<Header>();
        // SAFETY: `body` is an offset within the allocation.
        let data = unsafe { memory.add(body) };
        // SAFETY: the memory is ours, and large and aligned enough for a header.
        unsafe { header.write(Header::new(data, len, Owner::Header)) };
        Ok(Block(header))
    }

    fn with_header(data: *mut u8, len: usize, owner: Owner) -> Result<Self> {
        // SAFETY: a header is not empty.
        let memory = unsafe { alloc(Layout::new::<Header>()) };
        let header = NonNull::new(memory).ok_or(Error::NoMemory)?.cast::<Header>();
        // SAFETY: the memory is ours, and large and aligned enough for a header.
        unsafe { header.write(Header::new(data, len, owner)) };
        Ok(Block(header))
    }

    fn header(&self) -> &Header {
        // SAFETY: a header lives as long as there is a reference, and `self` is one.
        unsafe { self.0.as_ref() }
    }
}

impl Header {
    fn new(data: *mut u8, len: usize, owner: Owner) -> Self {
        Header { references: AtomicUsize::new(1), data, len, owner }
    }
}

/// # Safety
/// As for [`alloc`].
#[inline]
unsafe fn allocate(layout: Layout) -> *mut u8 {
    match Freed::take(layout) {
        Some(memory) => memory.as_ptr(),
        // SAFETY: as the caller promises.
        None => unsafe { alloc(layout) },
    }
}

/// The layout of a header with `len` bytes behind it, and where these begin.
#[inline]
fn layout_with_body(len: usize) -> Result<(Layout, usize)> {
    let len = if len <= SMALL { len.next_multiple_of(ALIKE) } else { len };
    let body = Layout::from_size_align(len, BODY_ALIGN).map_err(|_| Error::NoMemory)?;
    Layout::new::<Header>().extend(body).map_err(|_| Error::NoMemory)
}

impl Clone for Block {
    fn clone(&self) -> Self {
        // Relaxed: whoever clones holds a reference, so nobody frees meanwhile.
        let before = self.header().references.fetch_add(1, Ordering::Relaxed);
        if before > MAX_REFERENCES {
            // Only a program that forgets 2^63 messages comes here; an overflow would free memory
            // that is in use. `Arc` does the same.
            process::abort();
        }
        Block(self.0)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // Release and acquire: all that others did with the bytes comes before they are freed.
        // A lone reference needs no atomic write: there is nobody left who could make another.
        let references = &self.header().references;
        if references.load(Ordering::Acquire) == 1 || references.fetch_sub(1, Ordering::AcqRel) == 1
        {
            // SAFETY: that was the last reference.
            unsafe { free(self.0) };
        }
    }
}

/// Frees a header, and its bytes.
///
/// # Safety
/// There is no reference to the header any more.
unsafe fn free(at: NonNull<Header>) {
    // SAFETY: the header is initialised, and is not used after this.
    let Header { data, len, owner, .. } = unsafe { at.read() };
    if let Owner::Shared = owner {
        // SAFETY: `from_bytes` made it, by the layout that a box has.
        return drop(unsafe { Box::from_raw(at.cast::<SharedHeader>().as_ptr()) });
    }
    if let Owner::Application { free, hint } = owner {
        // SAFETY: the memory was allocated for a header, which nobody uses any more. The
        // application promised in `from_raw_parts` that it may be told, once.
        return returns::add(unsafe { Returned::new(at.cast(), free, data.cast(), hint) });
    }
    if let Owner::Pool { class } = owner {
        if POOL.put(class, Spare(at.cast())).is_none() {
            return;
        }
    }
    let layout = match owner {
        Owner::Pool { class } => layout_with_body(class.size()).map(|(layout, _)| layout),
        Owner::Header => layout_with_body(len).map(|(layout, _)| layout),
        _ => Ok(Layout::new::<Header>()),
    };
    // It was computed from the same length when the block was made, so it is always `Ok`.
    if let Ok(layout) = layout {
        if matches!(owner, Owner::Header) && len <= SMALL {
            return Freed { memory: at.cast(), layout }.keep();
        }
        // SAFETY: this is the layout that the header was allocated with.
        unsafe { dealloc(at.as_ptr().cast(), layout) };
    }
    if let Owner::Vec { capacity } = owner {
        // SAFETY: these numbers came out of a vector in `from_vec`, and nobody freed it.
        drop(unsafe { Vec::from_raw_parts(data, len, capacity) });
    }
}

impl Deref for Block {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let header = self.header();
        if header.len == 0 {
            return &[];
        }
        // SAFETY: the header says where its bytes are; they live as long as it does, and nobody
        // writes to them while there is a shared reference to a block.
        unsafe { slice::from_raw_parts(header.data, header.len) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::sync::Arc;

    /// A free function that counts in the `AtomicUsize` that `hint` points to.
    unsafe extern "C" fn count(_: *mut c_void, hint: *mut c_void) {
        // SAFETY: the tests below pass a counter that outlives the block.
        unsafe { &*hint.cast::<AtomicUsize>() }.fetch_add(1, Ordering::SeqCst);
    }

    /// A block of memory that is lent.
    pub(in crate::message) fn foreign(bytes: &'static [u8], calls: &'static AtomicUsize) -> Block {
        let hint = ptr::from_ref(calls).cast_mut().cast();
        // SAFETY: both are static, and nobody writes to the bytes.
        unsafe {
            Block::from_raw_parts(bytes.as_ptr().cast_mut().cast(), bytes.len(), Some(count), hint)
                .unwrap()
        }
    }

    #[test]
    fn new_blocks_are_zero_and_writable() {
        let mut block = Block::zeroed(100).unwrap();
        assert!(block.iter().all(|&byte| byte == 0));
        assert_eq!(block.as_ptr() as usize % BODY_ALIGN, 0);
        block.as_mut_slice().unwrap()[99] = 7;
        assert_eq!(block[99], 7);
    }

    #[test]
    fn two_references_do_not_write() {
        let mut block = Block::copy_of(b"abc").unwrap();
        let other = block.clone();
        assert!(block.as_mut_slice().is_none());
        drop(other);
        assert!(block.as_mut_slice().is_some());
    }

    #[test]
    fn a_vector_is_taken_over_where_it_lies() {
        let vector = b"not copied".to_vec();
        let address = vector.as_ptr();
        let block = Block::from_vec(vector).unwrap();
        assert_eq!(block.as_ptr().cast_const(), address);
        assert_eq!(&block[..], b"not copied");
        assert!(Block::from_vec(Vec::new()).unwrap().is_empty());
    }

    #[test]
    fn bytes_are_shared_and_never_written() {
        let bytes = Bytes::from(b"seen by others".to_vec());
        let mut block = Block::from_bytes(bytes.clone()).unwrap();
        assert_eq!(block.as_ptr().cast_const(), bytes.as_ptr());
        assert!(block.is_shared() && block.as_mut_slice().is_none());
        assert!(!bytes.is_unique());
        drop(block);
        assert!(bytes.is_unique());
    }

    #[test]
    fn more_than_there_is_fails() {
        assert_eq!(Block::zeroed(usize::MAX).err(), Some(Error::NoMemory));
        assert_eq!(Block::zeroed(isize::MAX as usize).err(), Some(Error::NoMemory));
    }

    #[test]
    fn what_is_filled_grows_with_what_comes() {
        let bytes: Vec<u8> = (0..11 * AHEAD / 2).map(|i| (i / 7) as u8).collect();
        for len in [0, 5, AHEAD, AHEAD + 1, bytes.len()] {
            let mut filling = Filling::new(len).unwrap();
            let mut rest = &bytes[..len];
            while !rest.is_empty() {
                let room = filling.room().unwrap();
                assert!(room > 0 && room <= AHEAD.max(len - rest.len()));
                let piece = rest.len().min(room).min(100_001);
                filling.extend(&rest[..piece]);
                rest = &rest[piece..];
                assert_eq!(filling.missing(), rest.len());
            }
            let block = filling.finish().unwrap();
            assert!(block[..] == bytes[..len]);
        }
        assert!(Filling::new(usize::MAX).is_err());
    }

    #[test]
    fn the_application_frees_once_after_the_last_reference() {
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        let block = foreign(&[1, 2, 3], &CALLS);
        let other = block.clone();
        assert_eq!(&block[..], [1, 2, 3]);
        drop(block);
        assert_eq!(CALLS.load(Ordering::SeqCst), 0);
        drop(other);
        assert_eq!(CALLS.load(Ordering::SeqCst), 0, "not from here");
        returns::give_back();
        assert_eq!(CALLS.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn any_thread_may_be_the_last() {
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        let block = Arc::new(foreign(&[0; 64], &CALLS));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let mine = Block::clone(&block);
                std::thread::spawn(move || {
                    let sum = mine.iter().map(|&byte| u32::from(byte)).sum::<u32>();
                    drop(mine);
                    returns::give_back();
                    sum
                })
            })
            .collect();
        drop(block);
        returns::give_back();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 0));
        assert_eq!(CALLS.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn memory_without_a_free_function_is_never_written() {
        static TEXT: &[u8] = b"constant";
        let data = TEXT.as_ptr().cast_mut().cast();
        // SAFETY: static memory lives for ever, and nobody writes there.
        let mut block =
            unsafe { Block::from_raw_parts(data, TEXT.len(), None, ptr::null_mut()) }.unwrap();
        assert!(block.is_shared());
        assert!(block.as_mut_slice().is_none());
    }

    #[test]
    fn nothing_at_null_is_a_block_and_something_is_not() {
        // SAFETY: no byte is behind the pointer, none is promised.
        let nothing = unsafe { Block::from_raw_parts(ptr::null_mut(), 0, None, ptr::null_mut()) };
        assert!(nothing.unwrap().is_empty());
        // SAFETY: the call fails before it looks there.
        let something = unsafe { Block::from_raw_parts(ptr::null_mut(), 1, None, ptr::null_mut()) };
        assert_eq!(something.err(), Some(Error::Fault));
    }
}
