//! A listening socket of any transport, and what it accepts.
//!
//! An error of `accept` concerns one connection or the moment; the listener stays in service,
//! unless its descriptor listens no longer.
#![forbid(unsafe_code)]

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd, RawFd};

use socket2::{SockAddr, Socket};

use crate::error::{Error, Result};
use crate::sys::io::{adopt, Stream};

use super::names::peer_address;

/// A connection that stands, and who the peer is.
#[derive(Debug)]
pub(crate) struct Established {
    pub(crate) stream: Stream,
    /// The peer's host, for the property `Peer-Address`.
    pub(crate) peer_address: String,
}

impl Established {
    pub(super) fn new(socket: Socket, peer: &SockAddr) -> Established {
        let stream = Stream::from(OwnedFd::from(socket));
        Established { peer_address: peer_address(&stream, peer), stream }
    }
}

/// What a transport does for its listener.
pub(super) trait Reception: Send + Sync {
    /// Lets a new connection in and prepares its socket, or says why not. Whom a filter keeps out
    /// gets [`io::ErrorKind::PermissionDenied`].
    fn admit(&self, socket: &Socket) -> io::Result<()>;

    /// Removes what the listener left outside of its descriptor.
    fn clean_up(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A socket that listens; stops, and leaves nothing behind, when closed or dropped.
pub(crate) struct Listener {
    /// `None` once closed.
    socket: Option<Socket>,
    endpoint: String,
    reception: Box<dyn Reception>,
}

impl Listener {
    pub(super) fn new(
        socket: Socket,
        endpoint: String,
        reception: Box<dyn Reception>,
    ) -> Result<Listener> {
        socket.set_nonblocking(true)?;
        Ok(Listener { socket: Some(socket), endpoint, reception })
    }

    /// The endpoint with wildcards filled in, as in `ZMQ_LAST_ENDPOINT`.
    pub(crate) fn local_endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The next connection that waits; `None` if none does. See [`is_exhaustion`] for errors
    /// after which to pause; after others, just ask again.
    pub(crate) fn accept(&self) -> io::Result<Option<Established>> {
        let Some(listener) = &self.socket else {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        };
        let (socket, peer) = loop {
            match accept_nonblocking(listener) {
                Ok(accepted) => break accepted,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
        };
        self.reception.admit(&socket)?;
        Ok(Some(Established::new(socket, &peer)))
    }

    /// Does it listen still? Somebody else who has the descriptor may have ended that, and then it
    /// accepts no more.
    pub(crate) fn listens(&self) -> bool {
        self.socket.as_ref().is_some_and(listens)
    }

    /// Stops listening at once. An error says what could not be cleaned up; the socket is closed
    /// even so.
    pub(crate) fn close(mut self) -> io::Result<()> {
        self.stop()
    }

    fn stop(&mut self) -> io::Result<()> {
        if self.socket.is_none() {
            return Ok(());
        }
        // First what others find the socket by: while the socket is open, it is surely ours.
        let cleaned = self.reception.clean_up();
        self.socket = None;
        cleaned
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Nobody is left to tell.
        let _ = self.stop();
    }
}

impl AsRawFd for Listener {
    /// The descriptor to wait on until it is readable.
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listener({}, {})", self.endpoint, self.as_raw_fd())
    }
}

/// Whether an error of `accept` means that the process or system is out of something: the
/// connection still waits, and asking again at once would only spin.
pub(crate) fn is_exhaustion(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn accept_nonblocking(listener: &Socket) -> io::Result<(Socket, SockAddr)> {
    listener.accept4(libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn accept_nonblocking(listener: &Socket) -> io::Result<(Socket, SockAddr)> {
    let (socket, peer) = listener.accept()?;
    socket.set_nonblocking(true)?;
    Ok((socket, peer))
}

/// Takes over the listening socket of `ZMQ_USE_FD`. It stays the host's if it is unfit.
pub(super) fn adopt_listener(fd: RawFd) -> Result<Socket> {
    let socket = Socket::from(adopt(fd).ok_or(Error::Os(libc::EBADF))?);
    if listens(&socket) {
        return Ok(socket);
    }
    let _ = socket.into_raw_fd();
    Err(Error::Invalid)
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn listens(socket: &Socket) -> bool {
    matches!(socket.is_listener(), Ok(true))
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn listens(socket: &Socket) -> bool {
    socket.local_addr().is_ok()
}

/// For errors of system calls where a filter keeps someone out.
pub(super) fn kept_out() -> io::Error {
    io::Error::from_raw_os_error(libc::EACCES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lack_of_something_calls_for_a_pause() {
        for (errno, expected) in [
            (libc::EMFILE, true),
            (libc::ENFILE, true),
            (libc::ENOMEM, true),
            (libc::ECONNABORTED, false),
            (libc::EACCES, false),
        ] {
            assert_eq!(is_exhaustion(&io::Error::from_raw_os_error(errno)), expected, "{errno}");
        }
    }

    #[test]
    fn a_closed_number_is_no_listener() {
        assert_eq!(adopt_listener(-2).map(drop), Err(Error::Os(libc::EBADF)));
    }
}
