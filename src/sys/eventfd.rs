//! A descriptor that becomes readable when signalled: what wakes a thread out of `poll`.
//!
//! Signals do not count: any number of them before a drain is one wake-up. Neither side ever blocks.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use super::calls::{self, Descriptor};
use super::{check, check_uninterrupted};

/// So often a signal is tried.
const ATTEMPTS: u32 = 100;

/// A wake-up: an eventfd on Linux, a pipe elsewhere. Never inherited over `exec`.
#[derive(Debug)]
pub(crate) struct EventFd {
    read: Descriptor,
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    write: Descriptor,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
impl EventFd {
    pub(crate) fn new() -> io::Result<EventFd> {
        // SAFETY: takes no pointers.
        let fd = check(unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) })?;
        // SAFETY: the descriptor was just made and nobody else knows it.
        Ok(EventFd { read: unsafe { OwnedFd::from_raw_fd(fd) }.into() })
    }

    fn writer(&self) -> RawFd {
        self.read.as_raw_fd()
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl EventFd {
    pub(crate) fn new() -> io::Result<EventFd> {
        let mut ends = [0; 2];
        // SAFETY: the array has room for the two descriptors that pipe stores.
        check(unsafe { libc::pipe(ends.as_mut_ptr()) })?;
        // SAFETY: both descriptors were just made and nobody else knows them.
        let (read, write) =
            unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) };
        for end in [&read, &write] {
            super::process::set_nonblocking(end, true)?;
            super::process::set_close_on_exec(end)?;
        }
        Ok(EventFd { read: read.into(), write: write.into() })
    }

    fn writer(&self) -> RawFd {
        self.write.as_raw_fd()
    }
}

impl EventFd {
    /// Makes the descriptor readable. A counter (or pipe) that is full is readable already; other
    /// failures are none that a caller could act upon, and may pass.
    pub(crate) fn signal(&self) {
        self.try_signal();
    }

    /// The same. Returns whether it is readable now.
    pub(crate) fn try_signal(&self) -> bool {
        let one = 1u64.to_ne_bytes();
        let fd = self.writer();
        for _ in 0..ATTEMPTS {
            let written = check_uninterrupted(|| {
                // SAFETY: the buffer is the eight bytes that an eventfd wants, alive over the call.
                unsafe { calls::write(fd, one.as_ptr().cast(), one.len()) }
            });
            match written {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {}
                _ => return true,
            }
        }
        false
    }

    /// Makes the descriptor unreadable again; says whether it was signalled.
    pub(crate) fn drain(&self) -> bool {
        let mut signalled = false;
        let mut buffer = [0u8; 64];
        let fd = self.read.as_raw_fd();
        loop {
            let read = check_uninterrupted(|| {
                // SAFETY: the buffer is valid for its length and alive over the call.
                unsafe { calls::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) }
            });
            match read {
                // An eventfd gives all it has in one read.
                Ok(8) => return true,
                Ok(count) if count as usize == buffer.len() => signalled = true,
                Ok(count) => return signalled || count > 0,
                Err(_) => return signalled,
            }
        }
    }
}

impl AsFd for EventFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}

impl AsRawFd for EventFd {
    fn as_raw_fd(&self) -> RawFd {
        self.read.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::poll::{poll, PollFd, POLLIN};
    use std::time::Duration;

    fn is_readable(event: &EventFd) -> bool {
        let mut fds = [PollFd::new(event.as_raw_fd(), POLLIN)];
        poll(&mut fds, Some(Duration::ZERO)).unwrap() == 1
    }

    #[test]
    fn is_readable_between_signal_and_drain() {
        let event = EventFd::new().unwrap();
        assert!(!is_readable(&event));
        assert!(!event.drain());
        event.signal();
        event.signal();
        assert!(is_readable(&event));
        assert!(event.drain());
        assert!(!is_readable(&event));
        assert!(!event.drain());
    }
}
