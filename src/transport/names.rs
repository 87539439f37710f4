//! What a connected or listening socket is called: in `ZMQ_LAST_ENDPOINT`, in monitor events and
//! in the metadata of messages.
#![forbid(unsafe_code)]

use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;

use socket2::{SockAddr, SockRef};

use crate::sys::net::interface_name;
use crate::sys::process::peer_credentials;

/// The endpoint of this end of a socket; empty if it has none.
pub(crate) fn local_endpoint(socket: &impl AsFd) -> String {
    SockRef::from(socket).local_addr().map_or_else(|_| String::new(), |address| endpoint(&address))
}

/// The metadata property `Peer-Address`: a numeric host without its port, or for a local socket
/// the user, group and process at the other end.
pub(crate) fn peer_address(socket: &impl AsFd, address: &SockAddr) -> String {
    if let Some(address) = address.as_socket() {
        return host(&address);
    }
    if !address.is_unix() {
        return String::new();
    }
    match peer_credentials(socket) {
        Ok(peer) => format!("localhost:{}:{}:{}", peer.uid, peer.gid, peer.pid),
        Err(_) => "localhost".to_owned(),
    }
}

pub(super) fn endpoint(address: &SockAddr) -> String {
    if let Some(address) = address.as_socket() {
        return match address {
            SocketAddr::V4(_) => format!("tcp://{}:{}", host(&address), address.port()),
            SocketAddr::V6(_) => format!("tcp://[{}]:{}", host(&address), address.port()),
        };
    }
    if let Some(name) = address.as_abstract_namespace() {
        return format!("ipc://@{}", String::from_utf8_lossy(name));
    }
    match address.as_pathname() {
        Some(path) => format!("ipc://{}", path.display()),
        None if address.is_unix() => "ipc://".to_owned(),
        None => String::new(),
    }
}

/// The numeric host, with the name of its zone where an address makes sense only there.
fn host(address: &SocketAddr) -> String {
    let ip = address.ip();
    match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => {
            let index = v6.scope_id();
            let zone = Some(index).filter(|_| is_link_local(&ip)).and_then(interface_name);
            format!("{ip}%{}", zone.unwrap_or_else(|| index.to_string()))
        }
        _ => ip.to_string(),
    }
}

fn is_link_local(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V6(ip) => {
            let [first, second, ..] = ip.octets();
            (first == 0xfe && second & 0xc0 == 0x80) || (first == 0xff && second & 0x0f == 2)
        }
        IpAddr::V4(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn endpoints_read_as_they_are_written() {
        let v4: SocketAddr = "127.0.0.1:5555".parse().unwrap();
        let v6: SocketAddr = "[::1]:5555".parse().unwrap();
        let mapped: SocketAddr = "[::ffff:127.0.0.1]:5555".parse().unwrap();
        assert_eq!(endpoint(&v4.into()), "tcp://127.0.0.1:5555");
        assert_eq!(endpoint(&v6.into()), "tcp://[::1]:5555");
        assert_eq!(endpoint(&mapped.into()), "tcp://[::ffff:127.0.0.1]:5555");
        let path = SockAddr::unix(Path::new("/tmp/feeds/0")).unwrap();
        assert_eq!(endpoint(&path), "ipc:///tmp/feeds/0");
        #[cfg(target_os = "linux")]
        {
            let name = SockAddr::unix(Path::new("\0feeds")).unwrap();
            assert_eq!(endpoint(&name), "ipc://@feeds");
            let zoned: SocketAddr = "[fe80::1%1]:5555".parse().unwrap();
            assert_eq!(endpoint(&zoned.into()), "tcp://[fe80::1%lo]:5555");
        }
    }

    #[test]
    fn a_local_peer_is_named_by_its_credentials() {
        let (a, _b) = crate::sys::io::pair().unwrap();
        let name = peer_address(&a, &SockRef::from(&a).peer_addr().unwrap());
        assert!(name.starts_with("localhost:") && name.matches(':').count() == 3, "{name}");
        assert_eq!(local_endpoint(&a), "ipc://");
    }
}
