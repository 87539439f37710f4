//! How a call waits: it tries, sleeps without any socket's turn, and tries again.
//!
//! A call that finds that it has to sleep prepares that while it has the turn of a socket, and
//! returns with a [`Nap`] that is due. Whoever called it sleeps, and calls again. What is to be
//! undone after the sleep is kept with the thread meanwhile, as [`Waits`]: if the thread is
//! cancelled in its sleep, or never comes back for another reason, that is undone all the same.
//!
//! Several threads may wait at one socket, for different things. Whichever takes the commands that
//! the socket was told wakes the others, which then try again: see [`crate::sync::sleepers`].
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::message::returns;
use crate::runtime::WaitSlot;
use crate::sys::farewell::Farewell;
use crate::sys::nap::{Nap, Sleep};
use crate::sys::poll::PollFd;
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::time::{Duration, Instant};

/// When a call gives up.
#[derive(Clone, Copy)]
pub(super) enum Deadline {
    Now,
    At(Instant),
    Never,
}

impl Deadline {
    pub(super) fn after(timeout: Option<Duration>) -> Self {
        match timeout {
            None => Deadline::Never,
            Some(timeout) if timeout.is_zero() => Deadline::Now,
            Some(timeout) => {
                Instant::now().checked_add(timeout).map_or(Deadline::Never, Deadline::At)
            }
        }
    }

    /// The same once more, for a call that has slept.
    pub(super) fn again(slept: &Sleep) -> Self {
        slept.deadline.map_or(Deadline::Never, Deadline::At)
    }

    fn at(self) -> Option<Instant> {
        match self {
            Deadline::At(at) => Some(at),
            Deadline::Now | Deadline::Never => None,
        }
    }

    /// The time left, `None` if there is no limit.
    ///
    /// # Errors
    /// `Again` if there is none left.
    pub(super) fn left(self) -> Result<Option<Duration>> {
        match self {
            Deadline::Now => Err(Error::Again),
            Deadline::Never => Ok(None),
            Deadline::At(at) => match at.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => Ok(Some(left)),
                _ => Err(Error::Again),
            },
        }
    }
}

/// One thread's wait at one socket.
pub(super) struct SocketWait {
    /// What says so to the socket, from when the thread is about to sleep until it is awake.
    pub(super) slot: Option<WaitSlot>,
    /// Which of the caller's items it is for.
    pub(super) item: usize,
    /// Where the socket's own descriptor is among those that are slept on.
    pub(super) own: usize,
    /// Where those of the connections are that the thread reads for itself.
    pub(super) claimed: Range<usize>,
    /// Which round of claims that was.
    pub(super) claims_round: u64,
    /// Which of the socket's waits it counts as, if any: `true` for the rest of a long message,
    /// `false` for an answer.
    pub(super) spin: Option<bool>,
}

impl SocketWait {
    /// Is there something to read from a connection?
    pub(super) fn is_claimed_ready(&self, fds: &[PollFd]) -> bool {
        fds.get(self.claimed.clone()).is_some_and(|fds| fds.iter().any(PollFd::is_ready))
    }
}

/// What a thread that sleeps has left at sockets. To drop it takes all of that back.
#[derive(Default)]
pub(super) struct Waits {
    // Mostly there is one, which takes no memory.
    first: Option<SocketWait>,
    others: Vec<SocketWait>,
    began: Option<Instant>,
}

impl Waits {
    /// # Errors
    /// `NoMemory`.
    pub(super) fn add(&mut self, wait: SocketWait) -> Result<()> {
        if self.first.is_none() {
            self.first = Some(wait);
            return Ok(());
        }
        self.others.try_reserve(1).map_err(|_| Error::NoMemory)?;
        self.others.push(wait);
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &SocketWait> {
        self.first.iter().chain(&self.others)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut SocketWait> {
        self.first.iter_mut().chain(&mut self.others)
    }

    /// Has the caller sleep on these descriptors until the deadline.
    pub(super) fn sleep(
        mut self,
        fds: &mut Vec<PollFd>,
        left: Option<Duration>,
        deadline: Deadline,
        nap: &mut Nap,
    ) {
        for SocketWait { slot, own, .. } in self.iter() {
            if let (Some(slot), Some(fd)) = (slot, fds.get_mut(*own)) {
                *fd = slot.poll_fd();
            }
        }
        nap.lie_down(fds, left, deadline.at());
        self.began = Some(Instant::now());
        leave(self);
    }

    /// How long the thread has slept.
    pub(super) fn slept(&self) -> Duration {
        self.began.map_or(Duration::ZERO, |began| began.elapsed())
    }

    /// From here on nobody need wake this thread.
    pub(super) fn get_up(&mut self) {
        self.iter_mut().for_each(|wait| wait.slot = None);
    }
}

thread_local! {
    static WAITS: RefCell<ManuallyDrop<Option<Waits>>> =
        const { RefCell::new(ManuallyDrop::new(None)) };
}

/// Has a thread that is cancelled in a nap leave the sockets.
static FAREWELL: Farewell = Farewell::new(forget_nap);

/// The caller does not come back from its nap.
pub fn forget_nap() {
    drop(take_waits());
}

/// What the thread has left that comes back from a nap.
pub(super) fn take_waits() -> Option<Waits> {
    FAREWELL.cancel();
    WAITS.with_borrow_mut(|waits| waits.take())
}

fn leave(waits: Waits) {
    FAREWELL.expect();
    // What was there before is for nobody to come back to; it goes when nothing is borrowed.
    drop(WAITS.with_borrow_mut(|kept| kept.replace(waits)));
}

/// Tries until that needs no sleep, for callers that may sleep where they stand.
pub(super) fn wait<T>(mut attempt: impl FnMut(&mut Nap) -> Result<T>) -> Result<T> {
    let mut nap = Nap::New;
    loop {
        let result = attempt(&mut nap);
        if !nap.is_due() {
            return result;
        }
        if returns::is_waiting() {
            // Free functions may sleep, too.
            nap.skip();
            forget_nap();
            returns::give_back();
        } else {
            nap.sleep();
        }
    }
}
