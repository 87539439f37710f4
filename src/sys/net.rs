//! Names and numbers of the network: host names, interfaces, and socket options that are integers.

use std::ffi::{CStr, CString};
use std::io;
use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;

use super::check;

/// The addresses that a host may have here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    /// IPv6, with IPv4 addresses mapped into it where there is no other.
    V6,
}

impl Family {
    fn number(self) -> libc::c_int {
        match self {
            Family::V4 => libc::AF_INET,
            Family::V6 => libc::AF_INET6,
        }
    }
}

/// The first address of a host, with port 0. Asks the resolver, which may block for long, unless
/// `numeric` says that the text is an address already. `NotFound` if there is no such host.
pub(crate) fn lookup(host: &str, family: Family, numeric: bool) -> io::Result<SocketAddr> {
    let host = CString::new(host).map_err(|_| not_found())?;
    // SAFETY: addrinfo is integers and pointers, for which zero is a value.
    let mut hints: libc::addrinfo = unsafe { mem::zeroed() };
    hints.ai_family = family.number();
    // One result an address instead of one a socket type.
    hints.ai_socktype = libc::SOCK_STREAM;
    if numeric {
        hints.ai_flags |= libc::AI_NUMERICHOST;
    }
    if family == Family::V6 {
        hints.ai_flags |= libc::AI_V4MAPPED;
    }
    let mut list = ptr::null_mut();
    // SAFETY: the name is a C string, hints and list are alive over the call.
    match unsafe { libc::getaddrinfo(host.as_ptr(), ptr::null(), &hints, &mut list) } {
        0 => {}
        libc::EAI_MEMORY => return Err(io::Error::from_raw_os_error(libc::ENOMEM)),
        libc::EAI_SYSTEM => return Err(io::Error::last_os_error()),
        _ => return Err(not_found()),
    }
    // SAFETY: on success the list has at least one entry, whose address has the family it says;
    // neither is used after the list is freed.
    let first = unsafe {
        let first = list.as_ref().and_then(|entry| socket_address(entry.ai_addr));
        libc::freeaddrinfo(list);
        first
    };
    first.ok_or_else(not_found)
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

/// # Safety
/// The pointer is null, or points to an address that is as long as its family needs.
unsafe fn socket_address(address: *const libc::sockaddr) -> Option<SocketAddr> {
    // SAFETY: by the contract of this function.
    match libc::c_int::from(unsafe { address.as_ref() }?.sa_family) {
        libc::AF_INET => {
            // SAFETY: the family says that this is what the pointer points to.
            let found: libc::sockaddr_in =
                unsafe { address.cast::<libc::sockaddr_in>().read_unaligned() };
            let ip = Ipv4Addr::from(u32::from_be(found.sin_addr.s_addr));
            Some(SocketAddrV4::new(ip, u16::from_be(found.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that this is what the pointer points to.
            let found: libc::sockaddr_in6 =
                unsafe { address.cast::<libc::sockaddr_in6>().read_unaligned() };
            let ip = Ipv6Addr::from(found.sin6_addr.s6_addr);
            let port = u16::from_be(found.sin6_port);
            Some(SocketAddrV6::new(ip, port, found.sin6_flowinfo, found.sin6_scope_id).into())
        }
        _ => None,
    }
}

/// The first address of the network interface with this name, with port 0.
pub(crate) fn interface_address(name: &str, family: Family) -> io::Result<Option<SocketAddr>> {
    let mut list = ptr::null_mut();
    // SAFETY: the list pointer is valid for writes.
    check(unsafe { libc::getifaddrs(&mut list) })?;
    let mut found = None;
    // SAFETY: getifaddrs made a list that a null pointer ends, in which names are C strings and
    // addresses have the family they say; nothing of it is used after it is freed.
    unsafe {
        let mut next = list;
        while let Some(entry) = next.as_ref() {
            next = entry.ifa_next;
            if CStr::from_ptr(entry.ifa_name).to_bytes() != name.as_bytes() {
                continue;
            }
            found = socket_address(entry.ifa_addr)
                .filter(|address| address.is_ipv6() == (family == Family::V6));
            if found.is_some() {
                break;
            }
        }
        libc::freeifaddrs(list);
    }
    Ok(found)
}

/// The number of a network interface, as in the zone of an IPv6 address.
pub(crate) fn interface_index(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: the name is a C string.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => None,
        index => Some(index),
    }
}

/// The name of a network interface.
pub(crate) fn interface_name(index: u32) -> Option<String> {
    let mut name = [0 as libc::c_char; libc::IF_NAMESIZE];
    // SAFETY: the buffer is as long as every name with its end may be; on success it is a C string.
    unsafe {
        let found = libc::if_indextoname(index, name.as_mut_ptr());
        (!found.is_null()).then(|| CStr::from_ptr(found).to_string_lossy().into_owned())
    }
}

/// Sets a socket option that is a C int.
pub(crate) fn set_option(
    socket: impl AsFd,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    // SAFETY: the value is alive over the call and as long as the length says.
    check(unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            name,
            ptr::from_ref(&value).cast(),
            mem::size_of_val(&value) as libc::socklen_t,
        )
    })
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_need_no_resolver() {
        let cases = [
            ("127.0.0.1", Family::V4, Some("127.0.0.1:0")),
            ("127.0.0.1", Family::V6, Some("[::ffff:127.0.0.1]:0")),
            ("::1", Family::V6, Some("[::1]:0")),
            ("::1", Family::V4, None),
            ("localhost", Family::V4, None),
            ("", Family::V4, None),
            ("127.0.0.1\0", Family::V4, None),
        ];
        for (host, family, expected) in cases {
            let found = lookup(host, family, true).ok().map(|address| address.to_string());
            assert_eq!(found.as_deref(), expected, "{host}");
        }
    }

    #[test]
    fn names_are_looked_up() {
        assert_eq!(lookup("localhost", Family::V4, false).unwrap().to_string(), "127.0.0.1:0");
        let nobody = lookup("", Family::V4, false).unwrap_err();
        assert_eq!(nobody.kind(), io::ErrorKind::NotFound);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn interfaces_have_addresses_and_numbers() {
        let address = interface_address("lo", Family::V4).unwrap().unwrap();
        assert!(address.ip().is_loopback());
        assert!(interface_address("nonesuch0", Family::V4).unwrap().is_none());
        let index = interface_index("lo").unwrap();
        assert_eq!(interface_name(index).as_deref(), Some("lo"));
        assert_eq!(interface_index("nonesuch0"), None);
        assert_eq!(interface_name(u32::MAX), None);
    }
}
