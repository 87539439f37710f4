//! `ipc`: between processes of one host, over sockets that have a path in the file system, or on
//! Linux a name in the abstract namespace.
#![forbid(unsafe_code)]

use std::io;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::error::{Error, Result};
use crate::sys::process::{is_member_of, peer_credentials, PeerCredentials};

use super::listener::{adopt_listener, kept_out, Reception};
use super::{names, Failed, Listener, Lookup, Target, Transport, TransportOptions};

mod place;

use place::Place;

pub(super) struct Ipc;

impl Transport for Ipc {
    fn name(&self) -> &'static str {
        "ipc"
    }

    fn check_connect(&self, address: &str) -> Result<()> {
        socket_address(address).map(drop)
    }

    fn bind(&self, address: &str, options: &TransportOptions) -> Result<Listener, Failed> {
        if options.use_fd != -1 {
            let endpoint = names::endpoint(&socket_address(address)?);
            let socket = adopt_listener(options.use_fd)?;
            let reception = IpcReception::new(options, None);
            return Ok(Listener::new(socket, endpoint, Box::new(reception))?);
        }
        let mut place = Place::choose(address)?;
        let address = socket_address(place.address())?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        place.make_way();
        let (socket, ()) = Failed::or_close(socket, |socket| {
            socket.bind(&address)?;
            place.taken();
            Ok(socket.listen(options.backlog)?)
        })?;
        let reception = IpcReception::new(options, Some(place));
        Ok(Listener::new(socket, names::endpoint(&address), Box::new(reception))?)
    }

    fn target(
        &self,
        address: &str,
        _options: &TransportOptions,
        _lookup: Lookup,
    ) -> Result<Option<Target>> {
        let destination = socket_address(address)?;
        Ok(Some(Target { transport: &Ipc, destination, source: None }))
    }
}

/// The most bytes that an address may have, so that one more is left for the end of a path.
const MAX_ADDRESS: usize = std::mem::size_of::<libc::sockaddr_un>()
    - std::mem::offset_of!(libc::sockaddr_un, sun_path)
    - 1;

/// A path, or `@` and a name in the abstract namespace.
fn socket_address(address: &str) -> Result<SockAddr> {
    if address.len() > MAX_ADDRESS {
        return Err(Error::NameTooLong);
    }
    if address == "@" || address.contains('\0') {
        return Err(Error::Invalid);
    }
    let found = match address.strip_prefix('@') {
        Some(name) => SockAddr::unix(format!("\0{name}")),
        None => SockAddr::unix(address),
    };
    found.map_err(|_| Error::Invalid)
}

struct IpcReception {
    uids: Vec<u32>,
    gids: Vec<u32>,
    pids: Vec<i32>,
    /// Cleaned up when dropped, too.
    place: Option<Place>,
}

impl IpcReception {
    fn new(options: &TransportOptions, place: Option<Place>) -> IpcReception {
        IpcReception {
            uids: options.ipc_filter_uids.clone(),
            gids: options.ipc_filter_gids.clone(),
            pids: options.ipc_filter_pids.clone(),
            place,
        }
    }

    /// One matching filter of any kind is enough.
    fn admits(&self, peer: &PeerCredentials) -> bool {
        self.uids.contains(&peer.uid)
            || self.gids.contains(&peer.gid)
            || self.pids.contains(&peer.pid)
            || self.gids.iter().any(|&gid| is_member_of(peer.uid, gid))
    }

    fn lets_everyone_in(&self) -> bool {
        self.uids.is_empty() && self.gids.is_empty() && self.pids.is_empty()
    }
}

impl Reception for IpcReception {
    fn admit(&self, socket: &Socket) -> io::Result<()> {
        let admitted = self.lets_everyone_in()
            || peer_credentials(socket).is_ok_and(|peer| self.admits(&peer));
        admitted.then_some(()).ok_or_else(kept_out)
    }

    fn clean_up(&mut self) -> io::Result<()> {
        self.place.take().map_or(Ok(()), Place::leave)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_paths_or_names() {
        let longest = "x".repeat(MAX_ADDRESS);
        let cases = [
            ("/tmp/feeds/0", Ok("ipc:///tmp/feeds/0")),
            ("relative", Ok("ipc://relative")),
            #[cfg(target_os = "linux")]
            ("@name", Ok("ipc://@name")),
            ("@", Err(Error::Invalid)),
            ("a\0b", Err(Error::Invalid)),
            (longest.as_str(), Ok("longest")),
        ];
        for (address, expected) in cases {
            let found = socket_address(address).map(|address| names::endpoint(&address));
            match expected {
                Ok("longest") => assert_eq!(found, Ok(format!("ipc://{longest}"))),
                expected => assert_eq!(found, expected.map(str::to_owned), "{address}"),
            }
        }
        for too_long in ["x".repeat(MAX_ADDRESS + 1), format!("@{longest}")] {
            assert_eq!(socket_address(&too_long).map(drop), Err(Error::NameTooLong));
        }
        #[cfg(target_os = "linux")]
        assert_eq!(MAX_ADDRESS, 107);
    }

    #[test]
    fn filters_admit_whom_any_of_them_names() {
        let peer = PeerCredentials { pid: 7, uid: 0, gid: 9 };
        let admits = |uids: &[u32], gids: &[u32], pids: &[i32]| {
            IpcReception { uids: uids.into(), gids: gids.into(), pids: pids.into(), place: None }
                .admits(&peer)
        };
        assert!(admits(&[0], &[1], &[1]));
        assert!(admits(&[1], &[9], &[1]));
        assert!(admits(&[1], &[], &[7]));
        assert!(!admits(&[1], &[u32::MAX - 7], &[8]));
        assert!(!admits(&[], &[], &[8]));
    }
}
