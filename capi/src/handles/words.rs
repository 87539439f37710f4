//! What lies at the addresses of handles: a word that belongs to nobody.
//!
//! CZMQ reads the first four bytes of whatever it is handed. It compares them with the tags of its
//! own objects, and then asks the system whether they are a descriptor: zeros are standard input.
//! [`WORD`] is neither. Nothing of ours looks at the word to learn something about a handle.
//!
//! # What it costs
//! The handles of a group of slots lie next to each other, life by life, so one page serves many
//! objects. The addresses are reserved without memory, and can only be read. A page is filled when
//! the first of its handles is given out, and falls free when no slot of the group is at a life of
//! that page: most programs have a page for each group, and none has more than one for each slot.

use super::{GROUP, SPAN};
use std::ffi::c_void;
use std::ptr;

/// No descriptor, and no tag.
const WORD: u32 = u32::MAX;

/// Which segments of a table have addresses that can be read: a bit for each.
pub struct Words(u32);

impl Words {
    pub const fn none() -> Self {
        Words(0)
    }

    /// Reserves the addresses of a segment, if nothing is there yet.
    pub fn reserve(&mut self, segment: usize, start: *mut c_void, len: usize) {
        if reserve(start, len) {
            self.0 |= 1 << segment;
        }
    }

    /// Sees to it that the word can be read at a handle that is about to be given out. `group` are
    /// the handles that matter to others: one of each slot of its group, this one among them.
    pub fn show(&self, segment: usize, handle: usize, group: impl FnOnce() -> [usize; GROUP]) {
        // SAFETY: the addresses of the segment can be read since they were reserved.
        let is_shown = || unsafe { reserved(handle).cast::<u32>().read_volatile() } == WORD;
        if self.0 & 1 << segment != 0 && !is_shown() {
            fill(handle, group());
        }
    }
}

/// Reserves addresses that can be read and have no memory yet.
#[cfg(target_pointer_width = "64")]
fn reserve(start: *mut c_void, len: usize) -> bool {
    let flags =
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: it takes no memory that is in use: the kernel refuses that.
    let got = unsafe { libc::mmap(start, len, libc::PROT_READ, flags, -1, 0) };
    if got == start {
        got.expose_provenance();
        return true;
    }
    if got != libc::MAP_FAILED {
        // SAFETY: kernels before 4.17 take the address for a wish. This is fresh, and nobody's.
        unsafe { libc::munmap(got, len) };
    }
    false
}

/// There is no room for them.
#[cfg(target_pointer_width = "32")]
fn reserve(_: *mut c_void, _: usize) -> bool {
    false
}

/// Fills the page of a handle, and gives back the pages of the group that are no longer in use.
fn fill(handle: usize, group: [usize; GROUP]) {
    // SAFETY: it asks for a number.
    let Ok(size) = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }) else { return };
    let page_of = |address: usize| address & !(size - 1);
    let page = reserved(page_of(handle));
    // SAFETY: the page lies within what was reserved, in which there are nothing but words. No other
    // thread fills it, since the caller holds the lock of the table.
    unsafe {
        if libc::mprotect(page, size, libc::PROT_READ | libc::PROT_WRITE) != 0 {
            return;
        }
        page.write_bytes(WORD as u8, size);
        libc::mprotect(page, size, libc::PROT_READ);
    }
    let mut used = group.map(page_of);
    used.sort_unstable();
    let mut from = handle & !(SPAN - 1);
    for used in used.into_iter().chain([from + SPAN]) {
        if from < used {
            // SAFETY: as above, and no handle of these pages is in use.
            unsafe { libc::madvise(reserved(from), used - from, libc::MADV_DONTNEED) };
        }
        from = used + size;
    }
}

/// An address within what was reserved.
fn reserved(address: usize) -> *mut c_void {
    ptr::with_exposed_provenance_mut(address)
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::super::KIND_SHIFT;
    use super::*;
    use crate::ctx::{zmq_ctx_new, zmq_ctx_term};
    use crate::socket::{zmq_close, zmq_socket};
    use crate::timers::{zmq_timers_destroy, zmq_timers_new};
    use std::fs::{read_to_string, File};
    use std::os::unix::fs::FileExt;
    use zeroxide::internal::options::ids;

    /// What lies there; the kernel reads, and says so if it cannot.
    fn word_at(handle: *const c_void) -> u32 {
        let (mut word, memory) = ([1u8; 4], File::open("/proc/self/mem").unwrap());
        memory.read_exact_at(&mut word, handle.addr() as u64).unwrap();
        u32::from_ne_bytes(word)
    }

    /// As CZMQ takes handles of sockets and contexts.
    #[test]
    fn every_handle_points_at_what_can_be_no_descriptor() {
        let context = zmq_ctx_new();
        let sockets: Vec<_> = (0..100).map(|_| zmq_socket(context, ids::PULL)).collect();
        let words = sockets.iter().chain([&context]).map(|&handle| word_at(handle));
        assert_eq!(words.collect::<Vec<_>>(), [WORD; 101]);
        for socket in sockets {
            assert_eq!(zmq_close(socket), 0);
        }
        assert_eq!(zmq_ctx_term(context), 0);
    }

    #[test]
    fn old_handles_keep_their_word_and_dead_ones_cost_no_memory() {
        let old = zmq_timers_new();
        for _ in 0..100_000 {
            let mut timers = zmq_timers_new();
            assert_eq!(word_at(timers), WORD);
            // SAFETY: a pointer to a handle.
            assert_eq!(unsafe { zmq_timers_destroy(&mut timers) }, 0);
            assert_eq!(word_at(old), WORD);
        }
        // Some nine groups are in use; one of them has a page for the old one, too.
        let size = resident_kilobytes(old.addr());
        assert!((4..=160).contains(&size), "{size} kB");
        // SAFETY: a pointer to a handle.
        assert_eq!(unsafe { zmq_timers_destroy(&mut { old }) }, 0);
    }

    /// How much memory there is at handles of this kind.
    fn resident_kilobytes(handle: usize) -> usize {
        let (kind, mut inside, mut sum) = (handle >> KIND_SHIFT, false, 0);
        for line in read_to_string("/proc/self/smaps").unwrap().lines() {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("Rss:"), Some(size)) if inside => sum += size.parse::<usize>().unwrap(),
                (Some(range), _) => {
                    if let Some((from, _)) = range.split_once('-') {
                        let from = usize::from_str_radix(from, 16).unwrap();
                        inside = from >> KIND_SHIFT == kind;
                    }
                }
                _ => {}
            }
        }
        sum
    }
}
