//! How a C function sleeps so that its thread can be cancelled (`pthread_cancel`) meanwhile.
//!
//! Where a thread is cancelled it unwinds, and nothing can stop that: least of all the barrier
//! against panics that is around all code of ours. So a function that has to sleep first leaves: it
//! notes in a [`Nap`] what it waits for, and returns to the outermost frame, where no value is left
//! that would have to be dropped. There it sleeps on descriptors that the thread itself keeps. Then
//! the function is entered anew, and goes on. A thread that is cancelled gives up what it kept when
//! it ends.

use super::farewell::Farewell;
use super::poll::PollFd;
use std::cell::UnsafeCell;
use std::io;
use std::mem::ManuallyDrop;
use std::ptr;
use std::time::{Duration, Instant};

thread_local! {
    /// What the thread sleeps on. Borrowed only within the functions of this module, none of which
    /// calls another that borrows it. Never dropped, so that a thread may sleep to its very end.
    static FDS: UnsafeCell<ManuallyDrop<Vec<PollFd>>> =
        const { UnsafeCell::new(ManuallyDrop::new(Vec::new())) };
}

/// Has a thread that is cancelled give up what it slept on.
static FAREWELL: Farewell = Farewell::new(|| swap(&mut Vec::new()));

/// See the module. Plain data: there is nothing to drop.
#[derive(Clone, Copy)]
pub enum Nap {
    /// The call has just begun.
    New,
    /// The same, and what can be done at once was tried in vain.
    Tried,
    /// The caller is to sleep, and to come back.
    Due(Sleep),
    /// It has slept.
    Over(Sleep),
}

/// What is known of a sleep.
#[derive(Clone, Copy)]
pub struct Sleep {
    /// When the call gives up; `None` is never.
    pub(crate) deadline: Option<Instant>,
    left: Option<Duration>,
    /// Zero or an errno.
    failed: i32,
}

impl Nap {
    /// The call has just begun.
    #[inline(always)]
    pub(crate) fn is_new(&self) -> bool {
        matches!(self, Nap::New)
    }

    /// The caller is to sleep.
    #[inline(always)]
    pub fn is_due(&self) -> bool {
        matches!(self, Nap::Due(_))
    }

    /// The caller has slept, and has not said that it comes back.
    #[inline(always)]
    pub fn is_over(&self) -> bool {
        matches!(self, Nap::Over(_))
    }

    /// Has the caller come back at once.
    pub fn skip(&mut self) {
        if let Nap::Due(sleep) = *self {
            *self = Nap::Over(sleep);
        }
    }

    /// What was slept, if the caller comes back from that.
    pub(crate) fn take(&mut self) -> Option<Sleep> {
        match std::mem::replace(self, Nap::New) {
            Nap::Over(sleep) => Some(sleep),
            Nap::New | Nap::Tried | Nap::Due(_) => None,
        }
    }

    /// Has the caller sleep on these descriptors for as long as is `left`.
    pub(crate) fn lie_down(
        &mut self,
        fds: &mut Vec<PollFd>,
        left: Option<Duration>,
        deadline: Option<Instant>,
    ) {
        swap(fds);
        FAREWELL.expect();
        *self = Nap::Due(Sleep { deadline, left, failed: 0 });
    }

    /// Sleeps. A thread that is cancelled unwinds from here.
    pub fn sleep(&mut self) {
        // SAFETY: null is allowed.
        unsafe { self.sleep_blocking(ptr::null()) };
    }

    /// The same, while just these signals are blocked, unless that is null.
    ///
    /// # Safety
    /// `signals` is null or a set of signals.
    pub unsafe fn sleep_blocking(&mut self, signals: *const libc::sigset_t) {
        if let Nap::Due(sleep) = *self {
            let kept = FDS.with(UnsafeCell::get);
            // SAFETY: nobody borrows the thread's vector: that is done for the time of a `swap`
            // only.
            let (fds, count) = unsafe { ((*kept).as_mut_ptr(), (*kept).len()) };
            // SAFETY: so many entries are there, and stay while the thread sleeps. No value lives
            // here that unwinding would have to drop. The set is as the caller promises.
            let failed = unsafe { super::poll::sleep(fds, count, sleep.left, signals) };
            *self = Nap::Over(Sleep { failed, ..sleep });
        }
    }
}

impl Sleep {
    /// Gives the descriptors back, with what was found.
    pub(crate) fn end(&self, fds: &mut Vec<PollFd>) -> io::Result<()> {
        swap(fds);
        FAREWELL.cancel();
        match self.failed {
            0 => Ok(()),
            errno => Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

fn swap(fds: &mut Vec<PollFd>) {
    // SAFETY: the thread's own, and nobody borrows it during this.
    FDS.with(|kept| std::mem::swap(unsafe { &mut **kept.get() }, fds));
}
