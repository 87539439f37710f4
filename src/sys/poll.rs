//! Waiting on a few descriptors with `ppoll`, to the nanosecond; signals end the wait with EINTR.

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use super::check;

pub(crate) const POLLIN: i16 = libc::POLLIN;
#[cfg(test)]
pub(crate) const POLLOUT: i16 = libc::POLLOUT;
#[cfg(test)]
pub(crate) const POLLERR: i16 = libc::POLLERR;
#[cfg(test)]
pub(crate) const POLLHUP: i16 = libc::POLLHUP;
#[cfg(test)]
pub(crate) const POLLNVAL: i16 = libc::POLLNVAL;

/// One descriptor to wait for; the same memory as the platform's `struct pollfd`.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct PollFd(libc::pollfd);

impl PollFd {
    pub(crate) const fn new(fd: RawFd, events: i16) -> PollFd {
        PollFd(libc::pollfd { fd, events, revents: 0 })
    }

    /// What happened, as of the last `poll`.
    pub(crate) fn revents(&self) -> i16 {
        self.0.revents
    }

    /// Something happened: readiness, an error or a hang-up.
    pub(crate) fn is_ready(&self) -> bool {
        self.0.revents != 0
    }

    #[cfg(test)]
    pub(crate) fn is_readable(&self) -> bool {
        self.0.revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL) != 0
    }

    #[cfg(test)]
    pub(crate) fn is_writable(&self) -> bool {
        self.0.revents & (POLLOUT | POLLERR | POLLHUP | POLLNVAL) != 0
    }
}

/// As [`poll`], for [`super::nap`]: a thread that is cancelled unwinds from here. Meanwhile just
/// these `signals` are blocked, unless that is null. Returns zero or an errno.
///
/// # Safety
/// There are `count` entries at `fds`; `signals` is null or a set of them. The caller, and those
/// that called it up to the program, have nothing to drop.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub(crate) unsafe fn sleep(
    fds: *mut PollFd,
    count: usize,
    timeout: Option<Duration>,
    signals: *const libc::sigset_t,
) -> i32 {
    extern "C-unwind" {
        fn ppoll(
            fds: *mut libc::pollfd,
            count: libc::nfds_t,
            timeout: *const libc::timespec,
            signals: *const libc::sigset_t,
        ) -> libc::c_int;
    }
    let limit = timeout.map(limit);
    let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: as the caller promises, and as in `poll`.
    match unsafe { ppoll(fds.cast(), count as _, limit, signals) } {
        -1 => io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL),
        _ => 0,
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn limit(timeout: Duration) -> libc::timespec {
    // Built from zero: on some targets timespec has padding fields.
    // SAFETY: timespec is plain integers, for which zero is a value.
    let mut limit: libc::timespec = unsafe { std::mem::zeroed() };
    limit.tv_sec = timeout.as_secs().try_into().unwrap_or(libc::time_t::MAX);
    limit.tv_nsec = timeout.subsec_nanos() as _;
    limit
}

/// Waits until something happens on one of the descriptors or the time is over, and says on how
/// many. `None` waits for ever. A signal ends the wait with [`io::ErrorKind::Interrupted`].
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub(crate) fn poll(fds: &mut [PollFd], timeout: Option<Duration>) -> io::Result<usize> {
    let mut limit = timeout.map(limit);
    let limit_pointer = limit.as_mut().map_or(std::ptr::null_mut(), std::ptr::from_mut);
    // SAFETY: PollFd is transparent over pollfd, so the slice is the array that ppoll wants; the
    // time is alive over the call; a null signal mask leaves the thread's own in place.
    let ready =
        unsafe { super::calls::ppoll(fds.as_mut_ptr().cast(), fds.len() as _, limit_pointer) };
    check(ready).map(|ready| ready as usize)
}

/// The same in milliseconds, rounded up so that a wait is never shorter than asked for.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub(crate) fn poll(fds: &mut [PollFd], timeout: Option<Duration>) -> io::Result<usize> {
    let limit = timeout.map_or(-1, |timeout| {
        timeout.as_nanos().div_ceil(1_000_000).try_into().unwrap_or(i32::MAX)
    });
    // SAFETY: PollFd is transparent over pollfd, so the slice is the array that poll wants.
    let ready = unsafe { libc::poll(fds.as_mut_ptr().cast(), fds.len() as _, limit) };
    check(ready).map(|ready| ready as usize)
}

/// The same, where a signal may come between the change of what is blocked and the sleep.
///
/// # Safety
/// There are `count` entries at `fds`; `signals` is null or a set of them.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub(crate) unsafe fn sleep(
    fds: *mut PollFd,
    count: usize,
    timeout: Option<Duration>,
    signals: *const libc::sigset_t,
) -> i32 {
    let mut before = std::mem::MaybeUninit::uninit();
    if !signals.is_null() {
        // SAFETY: the caller promises a set; the other one may be written to.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, signals, before.as_mut_ptr()) };
    }
    // SAFETY: the caller promises so many entries.
    let fds = unsafe { std::slice::from_raw_parts_mut(fds, count) };
    let slept =
        poll(fds, timeout).map_or_else(|error| error.raw_os_error().unwrap_or(libc::EINVAL), |_| 0);
    if !signals.is_null() {
        // SAFETY: the set was written above.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut());
        }
    }
    slept
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
            PollFd::new(-1, 0),
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
