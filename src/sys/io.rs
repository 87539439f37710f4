//! Reads and writes on a connected stream socket.
//!
//! No call blocks, whatever the mode of the descriptor, and none raises SIGPIPE, which hosts
//! written in C leave at its deadly default.

use std::io::{self, IoSlice};
use std::mem::{self, MaybeUninit};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use super::calls::{self, Descriptor};
use super::{check, check_uninterrupted};

#[cfg(not(any(target_os = "macos", target_os = "ios")))]
const SEND_FLAGS: libc::c_int = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
// Apple's systems have SO_NOSIGPIPE on the socket instead of a flag on the call.
#[cfg(any(target_os = "macos", target_os = "ios"))]
const SEND_FLAGS: libc::c_int = libc::MSG_DONTWAIT;

/// As many slices as one `sendmsg` takes (IOV_MAX of every platform we know).
pub(crate) const MAX_SLICES: usize = 1024;

/// A connected stream socket; closed when dropped.
#[derive(Debug)]
pub(crate) struct Stream(Descriptor);

impl Stream {
    /// Writes what the kernel takes at once. `WouldBlock` when it takes nothing.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let fd = self.as_raw_fd();
        let sent = check_uninterrupted(|| {
            // SAFETY: the slice is valid for its length over the call.
            unsafe { calls::send(fd, bytes.as_ptr().cast(), bytes.len(), SEND_FLAGS) }
        })?;
        Ok(sent as usize)
    }

    /// Writes the slices in order, as far as the kernel takes them at once. Of more than
    /// [`MAX_SLICES`] only the first so many are tried.
    pub(crate) fn send_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let slices = &slices[..slices.len().min(MAX_SLICES)];
        // SAFETY: msghdr is plain integers and pointers, for which zero is a value.
        let mut header: libc::msghdr = unsafe { mem::zeroed() };
        // sendmsg does not write through this pointer; C just has no const there.
        header.msg_iov = slices.as_ptr() as *mut libc::iovec;
        header.msg_iovlen = slices.len() as _;
        let fd = self.as_raw_fd();
        let sent = check_uninterrupted(|| {
            // SAFETY: IoSlice has the layout of iovec by its documentation; header, slices and
            // what they point to are alive over the call.
            unsafe { calls::sendmsg(fd, &header, SEND_FLAGS) }
        })?;
        Ok(sent as usize)
    }

    /// Reads what there is, up to the length of the buffer. 0 is the end of the stream,
    /// `WouldBlock` that there is nothing yet.
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let fd = self.as_raw_fd();
        let received = check_uninterrupted(|| {
            // SAFETY: the buffer is valid for writes of its length over the call.
            unsafe { calls::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_DONTWAIT) }
        })?;
        Ok(received as usize)
    }

    /// The same for memory that holds nothing yet: returns the part that does now.
    pub(crate) fn recv_uninit<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
    ) -> io::Result<&'a mut [u8]> {
        let fd = self.as_raw_fd();
        let received = check_uninterrupted(|| {
            // SAFETY: the buffer is valid for writes of its length over the call.
            unsafe { calls::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_DONTWAIT) }
        })?;
        let filled = &mut buffer[..received as usize];
        // SAFETY: the kernel has written these bytes.
        Ok(unsafe { std::slice::from_raw_parts_mut(filled.as_mut_ptr().cast(), filled.len()) })
    }

    /// The descriptor is not readable before so many bytes are there, or the end of the stream. A hint:
    /// not every kind of socket takes it.
    pub(crate) fn set_threshold(&self, bytes: usize) {
        let bytes = bytes.clamp(1, i32::MAX as usize) as i32;
        let _ = super::net::set_option(self, libc::SOL_SOCKET, libc::SO_RCVLOWAT, bytes);
    }

    /// Ends one or both directions; the peer reads the end of the stream.
    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let how = match how {
            Shutdown::Read => libc::SHUT_RD,
            Shutdown::Write => libc::SHUT_WR,
            Shutdown::Both => libc::SHUT_RDWR,
        };
        // SAFETY: takes no pointers.
        check(unsafe { libc::shutdown(self.as_raw_fd(), how) }).map(drop)
    }
}

/// Two sockets that are connected to each other, non-blocking.
#[cfg(any(test, fuzzing))]
pub(crate) fn pair() -> io::Result<(Stream, Stream)> {
    let (a, b) = std::os::unix::net::UnixStream::pair()?;
    a.set_nonblocking(true)?;
    b.set_nonblocking(true)?;
    Ok((Stream::from(OwnedFd::from(a)), Stream::from(OwnedFd::from(b))))
}

impl From<OwnedFd> for Stream {
    fn from(fd: OwnedFd) -> Stream {
        Stream(fd.into())
    }
}

impl From<Stream> for OwnedFd {
    fn from(stream: Stream) -> OwnedFd {
        stream.0.into_owned()
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl IntoRawFd for Stream {
    fn into_raw_fd(self) -> RawFd {
        self.0.into_owned().into_raw_fd()
    }
}

impl Stream {}

/// Takes over a descriptor that the host made. `None` if the number is no open descriptor.
pub(crate) fn adopt(fd: RawFd) -> Option<OwnedFd> {
    // SAFETY: F_GETFD takes no pointers and does no harm to any number.
    check(unsafe { libc::fcntl(fd, libc::F_GETFD) }).ok()?;
    // SAFETY: the number is an open descriptor, and whoever passed it gave up owning it.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carries_bytes_and_slices_in_order() {
        let (a, b) = pair().unwrap();
        assert_eq!(a.send(b"one").unwrap(), 3);
        let slices = [IoSlice::new(b"two"), IoSlice::new(b""), IoSlice::new(b"three")];
        assert_eq!(a.send_vectored(&slices).unwrap(), 8);
        let mut buffer = [0; 64];
        assert_eq!(b.recv(&mut buffer).unwrap(), 11);
        assert_eq!(&buffer[..11], b"onetwothree");
        assert_eq!(b.recv(&mut buffer).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn takes_at_most_so_many_slices() {
        let (a, b) = pair().unwrap();
        let slices = vec![IoSlice::new(b"x"); MAX_SLICES + 1];
        assert_eq!(a.send_vectored(&slices).unwrap(), MAX_SLICES);
        drop(a);
        assert_eq!(b.recv(&mut [0; 2048]).unwrap(), MAX_SLICES);
    }

    #[test]
    fn never_blocks_even_on_a_blocking_descriptor() {
        let (a, b) = std::os::unix::net::UnixStream::pair().unwrap();
        let (a, b) = (Stream::from(OwnedFd::from(a)), Stream::from(OwnedFd::from(b)));
        assert_eq!(a.recv(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let block = [0u8; 65536];
        let full = (0..10_000).find_map(|_| b.send(&block).err()).unwrap();
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn a_gone_peer_is_an_end_or_an_error_and_no_signal() {
        let (a, b) = pair().unwrap();
        b.shutdown(Shutdown::Write).unwrap();
        assert_eq!(a.recv(&mut [0; 8]).unwrap(), 0);
        drop(b);
        assert_eq!(a.send(b"x").unwrap_err().raw_os_error(), Some(libc::EPIPE));
        let slices = [IoSlice::new(b"x")];
        assert_eq!(a.send_vectored(&slices).unwrap_err().raw_os_error(), Some(libc::EPIPE));
    }

    #[test]
    fn adopts_only_what_is_open() {
        assert!(adopt(-1).is_none());
        let (a, b) = pair().unwrap();
        let again = Stream::from(adopt(a.into_raw_fd()).unwrap());
        again.send(b"x").unwrap();
        assert_eq!(b.recv(&mut [0; 8]).unwrap(), 1);
    }
}
