//! How a socket sleeps until something can be done.
#![forbid(unsafe_code)]

use super::Core;
use crate::error::{Error, Result};
use crate::options::millis;
use crate::sys::poll::{poll, PollFd, POLLIN};
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

    /// The time left, `None` if there is no limit; `Again` if there is none left.
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

impl Core {
    pub(super) fn deadline(&self, dont_wait: bool, timeout: i32) -> Deadline {
        match dont_wait {
            true => Deadline::Now,
            false => Deadline::after(millis(timeout)),
        }
    }

    /// Sleeps until somebody tells the socket something, and does what it was told.
    pub(super) fn wait(&mut self, deadline: Deadline) -> Result<()> {
        let left = deadline.left()?;
        if self.mailbox.arm() {
            let mut fds = [PollFd::new(self.mailbox.fd(), POLLIN)];
            if let Err(error) = poll(&mut fds, left) {
                self.mailbox.disarm();
                return Err(error.into());
            }
        }
        self.process_commands();
        self.mailbox.disarm();
        self.check()
    }
}
