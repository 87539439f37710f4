//! Waiting on a few descriptors with `ppoll`, to the nanosecond; signals end the wait with EINTR.

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use super::check;

pub const POLLIN: i16 = libc::POLLIN;
pub const POLLPRI: i16 = libc::POLLPRI;
pub const POLLOUT: i16 = libc::POLLOUT;
pub const POLLERR: i16 = libc::POLLERR;
pub const POLLHUP: i16 = libc::POLLHUP;
pub const POLLNVAL: i16 = libc::POLLNVAL;

/// One descriptor to wait for; the same memory as the platform's `struct pollfd`.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct PollFd(libc::pollfd);

impl PollFd {
    pub const fn new(fd: RawFd, events: i16) -> PollFd {
        PollFd(libc::pollfd { fd, events, revents: 0 })
    }

    /// An entry that `poll` passes over.
    pub const fn unused() -> PollFd {
        PollFd::new(-1, 0)
    }

    pub fn fd(&self) -> RawFd {
        self.0.fd
    }

    pub fn events(&self) -> i16 {
        self.0.events
    }

    pub fn set_events(&mut self, events: i16) {
        self.0.events = events;
    }

    /// What happened, as of the last `poll`.
    pub fn revents(&self) -> i16 {
        self.0.revents
    }

    /// Something happened: readiness, an error or a hang-up.
    pub fn is_ready(&self) -> bool {
        self.0.revents != 0
    }

    pub fn is_readable(&self) -> bool {
        self.0.revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL) != 0
    }

    pub fn is_writable(&self) -> bool {
        self.0.revents & (POLLOUT | POLLERR | POLLHUP | POLLNVAL) != 0
    }
}

/// Waits until something happens on one of the descriptors or the time is over, and says on how
/// many. `None` waits for ever. A signal ends the wait with [`io::ErrorKind::Interrupted`].
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub fn poll(fds: &mut [PollFd], timeout: Option<Duration>) -> io::Result<usize> {
    // Built from zero: on some targets timespec has padding fields.
    // SAFETY: timespec is plain integers, for which zero is a value.
    let mut limit: libc::timespec = unsafe { std::mem::zeroed() };
    let limit_pointer = match timeout {
        Some(timeout) => {
            limit.tv_sec = timeout.as_secs().try_into().unwrap_or(libc::time_t::MAX);
            limit.tv_nsec = timeout.subsec_nanos() as _;
            &limit as *const libc::timespec
        }
        None => std::ptr::null(),
    };
    // SAFETY: PollFd is transparent over pollfd, so the slice is the array that ppoll wants; the
    // time is alive over the call; a null signal mask leaves the thread's own in place.
    let ready = unsafe {
        libc::ppoll(fds.as_mut_ptr().cast(), fds.len() as _, limit_pointer, std::ptr::null())
    };
    check(ready).map(|ready| ready as usize)
}

/// The same in milliseconds, rounded up so that a wait is never shorter than asked for.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub fn poll(fds: &mut [PollFd], timeout: Option<Duration>) -> io::Result<usize> {
    let limit = timeout.map_or(-1, |timeout| {
        timeout.as_nanos().div_ceil(1_000_000).try_into().unwrap_or(i32::MAX)
    });
    // SAFETY: PollFd is transparent over pollfd, so the slice is the array that poll wants.
    let ready = unsafe { libc::poll(fds.as_mut_ptr().cast(), fds.len() as _, limit) };
    check(ready).map(|ready| ready as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::io::pair;
    use std::os::fd::AsRawFd;
    use std::time::Instant;

    #[test]
    fn tells_which_descriptor_is_ready() {
        let (a, b) = pair().unwrap();
        let mut fds = [
            PollFd::unused(),
            PollFd::new(a.as_raw_fd(), POLLIN),
            PollFd::new(b.as_raw_fd(), POLLOUT),
        ];
        assert_eq!(poll(&mut fds, None).unwrap(), 1);
        assert!(!fds[0].is_ready() && !fds[1].is_readable() && fds[2].is_writable());
        b.send(b"x").unwrap();
        assert_eq!(poll(&mut fds, None).unwrap(), 2);
        assert!(fds[1].is_readable());
    }

    #[test]
    fn keeps_to_times_below_a_millisecond() {
        let (a, _b) = pair().unwrap();
        let mut fds = [PollFd::new(a.as_raw_fd(), POLLIN)];
        let start = Instant::now();
        assert_eq!(poll(&mut fds, Some(Duration::from_micros(300))).unwrap(), 0);
        assert!(start.elapsed() >= Duration::from_micros(300));
        assert_eq!(poll(&mut [], Some(Duration::ZERO)).unwrap(), 0);
    }
}
