//! A connection on its way: started without blocking, finished when the descriptor is writable.
#![forbid(unsafe_code)]

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd, RawFd};

use socket2::{Domain, SockAddr, Socket, Type};

use crate::error::{Error, Result};

use super::{names, Established, Failed, Transport, TransportOptions};

/// An address that needs no more looking up.
#[derive(Clone)]
pub(crate) struct Target {
    pub(super) transport: &'static dyn Transport,
    pub(super) destination: SockAddr,
    /// Where to connect from, if it matters.
    pub(super) source: Option<SockAddr>,
}

impl Target {
    /// Starts to connect. An error is of this attempt only; see [`is_retryable`].
    pub(crate) fn connect(&self, options: &TransportOptions) -> Result<Connecting, Failed> {
        let (socket, destination) = open(&self.destination)?;
        let (socket, ()) =
            Failed::or_close(socket, |socket| self.start(socket, &destination, options))?;
        Ok(Connecting { socket: Some(socket) })
    }

    fn start(
        &self,
        socket: &Socket,
        destination: &SockAddr,
        options: &TransportOptions,
    ) -> Result<()> {
        self.transport.tune(socket, destination.domain(), options)?;
        if let Some(source) = &self.source {
            // Lets one source port be used towards several peers.
            socket.set_reuse_address(true)?;
            socket.bind(source)?;
        }
        match socket.connect(destination) {
            Ok(()) => Ok(()),
            Err(error) if is_under_way(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The canonical endpoint of the destination: `tcp://127.0.0.1:5555`.
    pub(crate) fn endpoint(&self) -> String {
        names::endpoint(&self.destination)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.endpoint())
    }
}

fn is_under_way(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR))
}

/// A stream socket for the address that never blocks, and the address to use it with: on a system without IPv6, the
/// IPv4 address that it maps, if any.
pub(super) fn open(address: &SockAddr) -> Result<(Socket, SockAddr)> {
    let unsupported = match nonblocking(address.domain()) {
        Ok(socket) => return Ok((socket, address.clone())),
        Err(error) => error,
    };
    let mapped = address.as_socket().and_then(unmap);
    match mapped {
        Some(address) if unsupported.raw_os_error() == Some(libc::EAFNOSUPPORT) => {
            Ok((nonblocking(Domain::IPV4)?, address.into()))
        }
        _ => Err(unsupported.into()),
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn nonblocking(domain: Domain) -> io::Result<Socket> {
    Socket::new(domain, Type::STREAM.nonblocking(), None)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn nonblocking(domain: Domain) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn unmap(address: SocketAddr) -> Option<SocketAddr> {
    let IpAddr::V6(ip) = address.ip() else { return None };
    let ip = match ip.is_unspecified() {
        true => Ipv4Addr::UNSPECIFIED,
        false => ip.to_ipv4_mapped()?,
    };
    Some((ip, address.port()).into())
}

/// A connection that is being made; given up when dropped.
#[derive(Debug)]
pub(crate) struct Connecting {
    /// `None` once finished.
    socket: Option<Socket>,
}

impl Connecting {
    /// Looks how it ended, once the descriptor is writable. `None` if it has not ended yet.
    pub(crate) fn finish(&mut self) -> io::Result<Option<Established>> {
        let Some(socket) = &self.socket else {
            return Err(io::Error::from_raw_os_error(libc::EALREADY));
        };
        if let Some(error) = socket.take_error()? {
            return Err(error);
        }
        let peer = match socket.peer_addr() {
            Ok(peer) => peer,
            Err(error) if error.raw_os_error() == Some(libc::ENOTCONN) => return Ok(None),
            Err(error) => return Err(error),
        };
        if is_itself(socket, &peer) {
            return Err(io::Error::from_raw_os_error(libc::ECONNREFUSED));
        }
        Ok(self.socket.take().map(|socket| Established::new(socket, &peer)))
    }
}

/// A socket that connects to a port nobody listens on may be given that very port for its own end,
/// and so reach itself.
fn is_itself(socket: &Socket, peer: &SockAddr) -> bool {
    let Some(peer) = peer.as_socket() else { return false };
    socket.local_addr().is_ok_and(|local| local.as_socket() == Some(peer))
}

impl AsRawFd for Connecting {
    /// The descriptor to wait on until it is writable.
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }
}

/// Whether it makes sense to try the same connection again later. Only errors of our own making
/// are for good: whatever the network says may change.
pub(crate) fn is_retryable(error: Error) -> bool {
    !matches!(error.errno(), libc::EBADF | libc::ENOTSOCK | libc::EFAULT | libc::ENOPROTOOPT)
}
