//! Facts about this process and its peers: random numbers, limits, credentials, groups, flags of
//! descriptors.

use std::ffi::{CStr, CString};
use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
use super::calls::getrandom;
use super::check;

/// Who is at the other end of a local socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PeerCredentials {
    pub(crate) pid: i32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The process, user and group at the other end of a local socket, as of when it connected.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn peer_credentials(socket: impl AsFd) -> io::Result<PeerCredentials> {
    // SAFETY: ucred is plain integers, for which zero is a value.
    let mut found: libc::ucred = unsafe { mem::zeroed() };
    let mut length = mem::size_of_val(&found) as libc::socklen_t;
    // SAFETY: the option is as long as `length` says, and both are valid for writes.
    check(unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            ptr::from_mut(&mut found).cast(),
            &mut length,
        )
    })?;
    Ok(PeerCredentials { pid: found.pid, uid: found.uid, gid: found.gid })
}

/// The user and group at the other end of a local socket; this platform does not tell the process.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn peer_credentials(socket: impl AsFd) -> io::Result<PeerCredentials> {
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: both numbers are valid for writes.
    check(unsafe { libc::getpeereid(socket.as_fd().as_raw_fd(), &mut uid, &mut gid) })?;
    Ok(PeerCredentials { pid: 0, uid, gid })
}

/// Whether the user is a member of the group, by name in the group database.
pub(crate) fn is_member_of(uid: u32, gid: u32) -> bool {
    let Some(user) = user_name(uid) else { return false };
    let mut member = false;
    with_group(gid, |names| member = names.contains(&user));
    member
}

fn user_name(uid: u32) -> Option<CString> {
    // SAFETY: passwd is integers and pointers, for which zero is a value.
    let mut record: libc::passwd = unsafe { mem::zeroed() };
    let mut found = ptr::null_mut();
    let mut name = None;
    with_growing_buffer(|buffer| {
        // SAFETY: record, buffer and result are valid for writes, of the lengths given.
        let error = unsafe {
            libc::getpwuid_r(uid, &mut record, buffer.as_mut_ptr(), buffer.len(), &mut found)
        };
        if error == 0 && !found.is_null() {
            // SAFETY: on success pw_name is a C string inside the buffer, which is alive here.
            name = Some(unsafe { CStr::from_ptr(record.pw_name) }.to_owned());
        }
        error
    });
    name
}

fn with_group(gid: u32, mut each: impl FnMut(&[CString])) {
    // SAFETY: group is integers and pointers, for which zero is a value.
    let mut record: libc::group = unsafe { mem::zeroed() };
    let mut found = ptr::null_mut();
    with_growing_buffer(|buffer| {
        // SAFETY: record, buffer and result are valid for writes, of the lengths given.
        let error = unsafe {
            libc::getgrgid_r(gid, &mut record, buffer.as_mut_ptr(), buffer.len(), &mut found)
        };
        if error == 0 && !found.is_null() {
            let mut names = Vec::new();
            let mut next = record.gr_mem;
            // SAFETY: on success gr_mem is an array of C strings that a null pointer ends, all
            // inside the buffer, which is alive here.
            unsafe {
                while !next.is_null() && !(*next).is_null() {
                    names.push(CStr::from_ptr(*next).to_owned());
                    next = next.add(1);
                }
            }
            each(&names);
        }
        error
    });
}

/// Calls again with a larger buffer for as long as the error is ERANGE.
fn with_growing_buffer(mut call: impl FnMut(&mut [libc::c_char]) -> libc::c_int) {
    const LARGEST: usize = 1 << 20;
    let mut size = 1024;
    while size <= LARGEST && call(&mut vec![0; size]) == libc::ERANGE {
        size *= 4;
    }
}

/// Fills the buffer with numbers that nobody can guess, or says that the system has none.
pub(crate) fn random_bytes(buffer: &mut [u8]) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    {
        let mut filled = 0;
        while filled < buffer.len() {
            let rest = &mut buffer[filled..];
            // SAFETY: the rest of the buffer is valid for writes of its length.
            match check(unsafe { getrandom(rest.as_mut_ptr().cast(), rest.len()) }) {
                Ok(count) => filled += count as usize,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return random_from_device(rest),
            }
        }
        Ok(())
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    random_from_device(buffer)
}

/// For kernels that know no `getrandom`, or sandboxes that forbid it.
fn random_from_device(buffer: &mut [u8]) -> io::Result<()> {
    use std::io::Read;
    std::fs::File::open("/dev/urandom")?.read_exact(buffer)
}

/// A number for jitter and ids; falls back to the clock where there is no randomness at all, so
/// it is not for secrets. A test may set it for its thread.
pub(crate) fn random_u32() -> u32 {
    #[cfg(test)]
    if let Some(next) = super::testing::next_chance() {
        return next;
    }
    let mut bytes = [0; 4];
    if random_bytes(&mut bytes).is_ok() {
        return u32::from_ne_bytes(bytes);
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| since.subsec_nanos()).wrapping_mul(2_654_435_761)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn set_nonblocking(fd: impl AsFd, nonblocking: bool) -> io::Result<()> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: takes no pointers.
    let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFL) })?;
    let wanted = if nonblocking { flags | libc::O_NONBLOCK } else { flags & !libc::O_NONBLOCK };
    if wanted != flags {
        // SAFETY: takes no pointers.
        check(unsafe { libc::fcntl(fd, libc::F_SETFL, wanted) })?;
    }
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn set_close_on_exec(fd: impl AsFd) -> io::Result<()> {
    // SAFETY: takes no pointers.
    check(unsafe { libc::fcntl(fd.as_fd().as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::io::pair;

    #[test]
    fn peers_of_a_pair_are_this_process() {
        let (a, _b) = pair().unwrap();
        let peer = peer_credentials(&a).unwrap();
        #[cfg(target_os = "linux")]
        assert_eq!(peer.pid as u32, std::process::id());
        // SAFETY: takes no pointers and cannot fail.
        assert_eq!((peer.uid, peer.gid), unsafe { (libc::getuid(), libc::getgid()) });
    }

    #[test]
    fn users_and_groups_that_do_not_exist_have_no_members() {
        assert!(!is_member_of(u32::MAX - 7, 0));
        assert!(!is_member_of(0, u32::MAX - 7));
        assert!(user_name(0).is_some());
    }

    #[test]
    fn random_bytes_differ() {
        let (mut a, mut b) = ([0; 600], [0; 600]);
        random_bytes(&mut a).unwrap();
        random_bytes(&mut b).unwrap();
        assert_ne!(a, b);
        assert!((0..8).any(|_| random_u32() != random_u32()));
    }
}
