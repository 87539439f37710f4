//! Looking for the few descriptors out of many that are ready, where the platform can tell them.

use std::io;
use std::os::fd::{AsRawFd, RawFd};

#[cfg(any(target_os = "linux", target_os = "android"))]
use std::os::fd::{FromRawFd, OwnedFd};

/// A set of descriptors. It has one of its own, which is readable while any of them is.
#[derive(Debug)]
pub struct Epoll {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fd: super::calls::Descriptor,
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    nowhere: std::convert::Infallible,
}

/// So many are told at once.
pub(crate) const BATCH: usize = 64;

#[cfg(any(target_os = "linux", target_os = "android"))]
impl Epoll {
    /// A set with nothing in it.
    pub fn new() -> io::Result<Self> {
        // SAFETY: takes no pointers.
        let fd = super::check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: the descriptor was just made and nobody else knows it.
        Ok(Self { fd: unsafe { OwnedFd::from_raw_fd(fd) }.into() })
    }

    /// Has `key` told while `fd` can be read from. False if the system would not.
    pub fn add(&self, fd: RawFd, key: u32) -> bool {
        let events = (libc::EPOLLIN | libc::EPOLLRDHUP) as u32;
        let mut event = libc::epoll_event { events, u64: u64::from(key) };
        // SAFETY: the event is alive over the call.
        unsafe { libc::epoll_ctl(self.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &mut event) == 0 }
    }

    /// Tells no more of `fd`. One that was closed is out already.
    pub fn remove(&self, fd: RawFd) {
        let nothing = std::ptr::null_mut();
        // SAFETY: to remove one, no event is needed.
        unsafe { libc::epoll_ctl(self.as_raw_fd(), libc::EPOLL_CTL_DEL, fd, nothing) };
    }

    /// Its own descriptor.
    pub fn fd(&self) -> RawFd {
        self.as_raw_fd()
    }

    /// Puts the keys of descriptors that can be read from into `keys`, but not of very many. Does not wait.
    pub(crate) fn ready(&self, keys: &mut Vec<u32>) {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; BATCH];
        // SAFETY: there is room for that many.
        let found = unsafe {
            super::calls::epoll_look(self.as_raw_fd(), events.as_mut_ptr(), BATCH as libc::c_int)
        };
        let found = usize::try_from(found).unwrap_or(0);
        keys.clear();
        keys.extend(events[..found].iter().map(|event| event.u64 as u32));
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
impl AsRawFd for Epoll {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

/// Elsewhere there is none, and who asks for one does without.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Epoll {
    pub fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn add(&self, _fd: RawFd, _key: u32) -> bool {
        match self.nowhere {}
    }

    pub fn remove(&self, _fd: RawFd) {
        match self.nowhere {}
    }

    pub(crate) fn ready(&self, _keys: &mut Vec<u32>) {
        match self.nowhere {}
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl AsRawFd for Epoll {
    fn as_raw_fd(&self) -> RawFd {
        match self.nowhere {}
    }
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use super::*;
    use crate::sys::io::pair;

    #[test]
    fn tells_those_that_are_ready_until_they_are_taken_out() {
        let epoll = Epoll::new().unwrap();
        let pairs: Vec<_> = (0..100).map(|_| pair().unwrap()).collect();
        for (key, (near, _)) in pairs.iter().enumerate() {
            assert!(epoll.add(near.as_raw_fd(), key as u32));
        }
        let mut keys = vec![7];
        epoll.ready(&mut keys);
        assert!(keys.is_empty());
        pairs[3].1.send(b"x").unwrap();
        pairs[99].1.send(b"x").unwrap();
        for _ in 0..2 {
            epoll.ready(&mut keys);
            keys.sort_unstable();
            assert_eq!(keys, [3, 99]);
        }
        epoll.remove(pairs[3].0.as_raw_fd());
        epoll.ready(&mut keys);
        assert_eq!(keys, [99]);
        assert!(!epoll.add(-1, 0));
    }
}
