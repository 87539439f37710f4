//! System calls that no thread is cancelled in.
//!
//! The C library's functions of these names are cancellation points: a thread that is being
//! cancelled (`pthread_cancel`) would unwind from there, through frames of ours and into the
//! barrier against panics. Where the C library unwinds at all, the kernel is called without them;
//! it is none the slower. The place where a thread can be cancelled is [`super::nap`].

use std::mem::{self, ManuallyDrop};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

// ThreadSanitizer follows descriptors by the functions of the C library.
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64", not(tsan)))]
mod kernel {
    use libc::{c_int, c_long, c_void, syscall};
    use std::ptr;

    /// # Safety
    /// As for `send`.
    pub(crate) unsafe fn send(fd: c_int, data: *const c_void, len: usize, flags: c_int) -> isize {
        let (fd, flags, none) = (c_long::from(fd), c_long::from(flags), ptr::null::<c_void>());
        // SAFETY: as the caller promises; there is no address.
        unsafe { syscall(libc::SYS_sendto, fd, data, len, flags, none, 0usize) as isize }
    }

    /// # Safety
    /// As for `sendmsg`.
    pub(crate) unsafe fn sendmsg(fd: c_int, header: *const libc::msghdr, flags: c_int) -> isize {
        // SAFETY: as the caller promises; on these platforms the kernel's struct is the C
        // library's.
        unsafe {
            syscall(libc::SYS_sendmsg, c_long::from(fd), header, c_long::from(flags)) as isize
        }
    }

    /// # Safety
    /// As for `recv`.
    pub(crate) unsafe fn recv(fd: c_int, data: *mut c_void, len: usize, flags: c_int) -> isize {
        let (fd, flags, none) = (c_long::from(fd), c_long::from(flags), ptr::null::<c_void>());
        // SAFETY: as the caller promises; nobody asks for the address.
        unsafe { syscall(libc::SYS_recvfrom, fd, data, len, flags, none, none) as isize }
    }

    /// # Safety
    /// As for `read`.
    pub(crate) unsafe fn read(fd: c_int, data: *mut c_void, len: usize) -> isize {
        // SAFETY: as the caller promises.
        unsafe { syscall(libc::SYS_read, c_long::from(fd), data, len) as isize }
    }

    /// # Safety
    /// As for `write`.
    pub(crate) unsafe fn write(fd: c_int, data: *const c_void, len: usize) -> isize {
        // SAFETY: as the caller promises.
        unsafe { syscall(libc::SYS_write, c_long::from(fd), data, len) as isize }
    }

    /// # Safety
    /// As for `close`.
    pub(crate) unsafe fn close(fd: c_int) {
        // SAFETY: as the caller promises.
        unsafe { syscall(libc::SYS_close, c_long::from(fd)) };
    }

    /// # Safety
    /// As for `ppoll`, without a signal mask; the time may be changed.
    pub(crate) unsafe fn ppoll(
        fds: *mut libc::pollfd,
        count: libc::nfds_t,
        limit: *mut libc::timespec,
    ) -> c_int {
        let none = ptr::null::<c_void>();
        // SAFETY: as the caller promises.
        unsafe { syscall(libc::SYS_ppoll, fds, count, limit, none, 0usize) as c_int }
    }

    /// Does not wait.
    ///
    /// # Safety
    /// As for `epoll_wait`.
    pub(crate) unsafe fn epoll_look(fd: c_int, to: *mut libc::epoll_event, room: c_int) -> c_int {
        let (fd, room, none) = (c_long::from(fd), c_long::from(room), ptr::null::<c_void>());
        // SAFETY: as the caller promises; there is no signal mask.
        unsafe { syscall(libc::SYS_epoll_pwait, fd, to, room, 0 as c_long, none, 0usize) as c_int }
    }

    /// # Safety
    /// As for `nanosleep`.
    pub(crate) unsafe fn nanosleep(time: *const libc::timespec) {
        // SAFETY: as the caller promises; nobody asks for the rest.
        unsafe { syscall(libc::SYS_nanosleep, time, ptr::null::<c_void>()) };
    }

    /// Waits until the system has gathered enough for numbers that nobody can guess.
    ///
    /// # Safety
    /// `data` may be written to, as many bytes.
    pub(crate) unsafe fn getrandom(data: *mut c_void, len: usize) -> isize {
        // SAFETY: as the caller promises.
        unsafe { syscall(libc::SYS_getrandom, data, len, 0 as c_long) as isize }
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64", not(tsan))))]
mod kernel {
    use libc::c_int;
    pub(crate) use libc::{read, recv, send, sendmsg, write};
    use std::ptr;

    /// # Safety
    /// As for `close`.
    pub(crate) unsafe fn close(fd: c_int) {
        // SAFETY: as the caller promises.
        unsafe { libc::close(fd) };
    }

    /// # Safety
    /// As for `ppoll`, without a signal mask.
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    pub(crate) unsafe fn ppoll(
        fds: *mut libc::pollfd,
        count: libc::nfds_t,
        limit: *mut libc::timespec,
    ) -> c_int {
        // SAFETY: as the caller promises.
        unsafe { libc::ppoll(fds, count, limit, ptr::null()) }
    }

    /// Does not wait.
    ///
    /// # Safety
    /// As for `epoll_wait`.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) unsafe fn epoll_look(fd: c_int, to: *mut libc::epoll_event, room: c_int) -> c_int {
        // SAFETY: as the caller promises.
        unsafe { libc::epoll_wait(fd, to, room, 0) }
    }

    /// Waits until the system has gathered enough for numbers that nobody can guess.
    ///
    /// # Safety
    /// `data` may be written to, as many bytes.
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    pub(crate) unsafe fn getrandom(data: *mut libc::c_void, len: usize) -> isize {
        // SAFETY: as the caller promises.
        unsafe { libc::getrandom(data, len, 0) }
    }

    /// # Safety
    /// As for `nanosleep`.
    pub(crate) unsafe fn nanosleep(time: *const libc::timespec) {
        // SAFETY: as the caller promises; nobody asks for the rest.
        unsafe { libc::nanosleep(time, ptr::null_mut()) };
    }
}

pub(super) use kernel::*;

/// Sleeps for a while, or until a signal.
pub(crate) fn pause(time: Duration) {
    // SAFETY: timespec is plain integers, for which zero is a value.
    let mut limit: libc::timespec = unsafe { mem::zeroed() };
    limit.tv_sec = time.as_secs().try_into().unwrap_or(libc::time_t::MAX);
    limit.tv_nsec = time.subsec_nanos() as _;
    // SAFETY: the time is alive over the call.
    unsafe { kernel::nanosleep(&limit) };
}

/// A descriptor of ours, closed when dropped.
#[derive(Debug)]
pub(crate) struct Descriptor(ManuallyDrop<OwnedFd>);

impl Descriptor {
    pub(crate) fn into_owned(self) -> OwnedFd {
        let fd = self.as_raw_fd();
        mem::forget(self);
        // SAFETY: it was ours, and is given up.
        unsafe { OwnedFd::from_raw_fd(fd) }
    }
}

impl From<OwnedFd> for Descriptor {
    fn from(fd: OwnedFd) -> Self {
        Self(ManuallyDrop::new(fd))
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: it was ours, and nobody uses it after this.
        unsafe { kernel::close(self.as_raw_fd()) };
    }
}
