//! What this process has allocated, and how it is limited.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::common::LIMIT;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that are allocated, and the most that there were since [`watch`].
static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// Nothing as long as this, or longer, is to be had.
static TOO_LONG: AtomicUsize = AtomicUsize::new(usize::MAX);

/// The system's allocator, with every byte counted.
struct Counting;

fn add(bytes: usize) {
    MOST.fetch_max(NOW.fetch_add(bytes, Relaxed) + bytes, Relaxed);
}

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= TOO_LONG.load(Relaxed) {
            return ptr::null_mut();
        }
        add(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size >= TOO_LONG.load(Relaxed) {
            return ptr::null_mut();
        }
        add(size);
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(memory, layout, size) }
    }
}

/// What was allocated at some time.
pub struct Watch(usize);

/// Begins to watch.
pub fn watch() -> Watch {
    let now = NOW.load(Relaxed);
    MOST.store(now, Relaxed);
    Watch(now)
}

impl Watch {
    /// How many bytes more are allocated now than when the watch began.
    pub fn kept(&self) -> usize {
        NOW.load(Relaxed).saturating_sub(self.0)
    }

    /// How many there were at most.
    pub fn most(&self) -> usize {
        MOST.load(Relaxed).saturating_sub(self.0)
    }

    /// Waits until no more than this is kept.
    #[track_caller]
    pub fn falls_to(&self, bytes: usize) {
        let end = Instant::now() + LIMIT;
        while self.kept() > bytes {
            assert!(Instant::now() < end, "{} bytes are kept, not {bytes}", self.kept());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// What is kept, once that has not changed for a while.
    pub fn settled(&self) -> usize {
        let mut last = self.kept();
        loop {
            std::thread::sleep(Duration::from_millis(50));
            let now = self.kept();
            if now == last {
                return now;
            }
            last = now;
        }
    }
}

/// Has allocations of so many bytes, and longer ones, fail from now on.
pub fn refuse_from(bytes: usize) {
    TOO_LONG.store(bytes, Relaxed);
}

/// Lets the process have so many bytes of address space more than it has, and no others.
pub fn limit(more: usize) {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split_whitespace().next().unwrap().parse().unwrap();
    let limit = (pages * 4096 + more) as libc::rlim_t;
    let limits = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    // SAFETY: `limits` is a value of the type that is asked for.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limits) }, 0);
}
