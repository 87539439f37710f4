//! TCP addresses as `zmq_tcp(7)` writes them: `host:port`, or `source:port;host:port` to connect.
#![forbid(unsafe_code)]

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::error::{Error, Result};
use crate::sys::net::{interface_address, interface_index, lookup, Family};

/// What a host and a port may be.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// `*` is every interface, or any port.
    wildcards: bool,
    /// `eth0` is the address of that interface.
    interfaces: bool,
    /// The resolver may be asked.
    names: bool,
}

impl Rules {
    pub(super) const BIND: Rules = Rules { wildcards: true, interfaces: true, names: true };
    pub(super) const SOURCE: Rules = Rules { wildcards: true, interfaces: true, names: false };
    pub(super) const CONNECT: Rules = Rules { wildcards: false, interfaces: false, names: true };
    pub(super) const NUMERIC: Rules = Rules { wildcards: false, interfaces: false, names: false };
}

/// What is wrong with an address to connect to without looking anything up. Whatever passes is
/// tried, and tried again, in the background.
pub(super) fn check_connect(address: &str) -> Result<()> {
    let starts_well =
        address.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[' || c == ':');
    let reads_well = address.chars().all(|c| c.is_ascii_alphanumeric() || ".-:%;[]_*".contains(c));
    let port = address.rsplit_once(':').map(|(_, port)| port);
    let has_port = port.is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()));
    match starts_well && reads_well && has_port {
        true => Ok(()),
        false => Err(Error::Invalid),
    }
}

/// Splits `source;destination`.
pub(super) fn split_source(address: &str) -> (Option<&str>, &str) {
    match address.rsplit_once(';') {
        Some((source, destination)) => (Some(source), destination),
        None => (None, address),
    }
}

/// The address of `host:port`.
pub(super) fn resolve(address: &str, rules: Rules, ipv6: bool) -> Result<SocketAddr> {
    let (name, port) = address.rsplit_once(':').ok_or(Error::Invalid)?;
    let port = parse_port(port, rules)?;
    let mut found = host(name, rules, ipv6)?;
    found.set_port(port);
    Ok(found)
}

/// Takes leading digits and, as has always been so, no notice of what follows them.
fn parse_port(port: &str, rules: Rules) -> Result<u16> {
    match port {
        "0" => return Ok(0),
        "*" if rules.wildcards => return Ok(0),
        _ => {}
    }
    let end = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
    match port[..end].parse() {
        Ok(0) | Err(_) => Err(Error::Invalid),
        Ok(port) => Ok(port),
    }
}

/// The address of a host, with port 0.
pub(super) fn host(name: &str, rules: Rules, ipv6: bool) -> Result<SocketAddr> {
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let (name, zone) = split_zone(name)?;
    let family = if ipv6 { Family::V6 } else { Family::V4 };
    let mut found = without_zone(name, rules, family)?;
    if let (SocketAddr::V6(address), Some(zone)) = (&mut found, zone) {
        address.set_scope_id(zone);
    }
    Ok(found)
}

/// Splits the zone of RFC 4007 off: `fe80::1%eth0` or `fe80::1%2`.
fn split_zone(name: &str) -> Result<(&str, Option<u32>)> {
    let Some((name, zone)) = name.rsplit_once('%') else { return Ok((name, None)) };
    let index = match zone.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => interface_index(zone),
        false => zone.parse().ok().filter(|&index| index != 0),
    };
    index.map(|index| (name, Some(index))).ok_or(Error::Invalid)
}

fn without_zone(name: &str, rules: Rules, family: Family) -> Result<SocketAddr> {
    if rules.wildcards && name == "*" {
        return Ok(match family {
            Family::V4 => (Ipv4Addr::UNSPECIFIED, 0).into(),
            Family::V6 => (Ipv6Addr::UNSPECIFIED, 0).into(),
        });
    }
    if rules.interfaces {
        // A system that cannot tell its interfaces has none by this name.
        if let Ok(Some(found)) = interface_address(name, family) {
            return Ok(found);
        }
    }
    lookup(name, family, !rules.names).map_err(|error| match error.raw_os_error() {
        Some(libc::ENOMEM) => Error::NoMemory,
        _ if rules.wildcards => Error::NoDevice,
        _ => Error::Invalid,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_table(rules: Rules, ipv6: bool, cases: &[(&str, Result<&str>)]) {
        for (address, expected) in cases {
            let found = resolve(address, rules, ipv6).map(|address| address.to_string());
            assert_eq!(found, expected.map(str::to_owned), "{address}");
        }
    }

    #[test]
    fn addresses_to_bind_over_ipv4() {
        check_table(
            Rules::BIND,
            false,
            &[
                ("*:5555", Ok("0.0.0.0:5555")),
                ("*:*", Ok("0.0.0.0:0")),
                ("*:0", Ok("0.0.0.0:0")),
                ("0.0.0.0:1", Ok("0.0.0.0:1")),
                ("127.0.0.1:65535", Ok("127.0.0.1:65535")),
                ("[127.0.0.1]:80", Ok("127.0.0.1:80")),
                ("127.0.0.1:80bad", Ok("127.0.0.1:80")),
                ("localhost:80", Ok("127.0.0.1:80")),
                #[cfg(target_os = "linux")]
                ("lo:80", Ok("127.0.0.1:80")),
                ("127.0.0.1:65536", Err(Error::Invalid)),
                ("127.0.0.1:00", Err(Error::Invalid)),
                ("127.0.0.1:", Err(Error::Invalid)),
                ("127.0.0.1:bad", Err(Error::Invalid)),
                ("127.0.0.1:-1", Err(Error::Invalid)),
                ("127.0.0.1:+1", Err(Error::Invalid)),
                ("127.0.0.1", Err(Error::Invalid)),
                ("", Err(Error::Invalid)),
                (":80", Err(Error::NoDevice)),
                ("[127.0.0.1:80", Err(Error::NoDevice)),
                ("127.0.0.1]:80", Err(Error::NoDevice)),
                ("[::1]:80", Err(Error::NoDevice)),
                ("**:80", Err(Error::NoDevice)),
            ],
        );
    }

    #[test]
    fn addresses_to_bind_over_ipv6() {
        check_table(
            Rules::BIND,
            true,
            &[
                ("*:5555", Ok("[::]:5555")),
                ("[::1]:5555", Ok("[::1]:5555")),
                ("::1:5555", Ok("[::1]:5555")),
                ("[::]:*", Ok("[::]:0")),
                ("127.0.0.1:1", Ok("[::ffff:127.0.0.1]:1")),
                ("[fe80::1%3]:1", Ok("[fe80::1%3]:1")),
                #[cfg(target_os = "linux")]
                ("[fe80::1%lo]:1", Ok("[fe80::1%1]:1")),
                ("[fe80::1%]:1", Err(Error::Invalid)),
                ("[fe80::1%0]:1", Err(Error::Invalid)),
                ("[fe80::1%nonesuch0]:1", Err(Error::Invalid)),
                ("[::1:5555", Err(Error::NoDevice)),
                ("[::1]5555", Err(Error::NoDevice)),
            ],
        );
    }

    #[test]
    fn addresses_to_connect_to() {
        check_table(
            Rules::CONNECT,
            false,
            &[
                ("127.0.0.1:5555", Ok("127.0.0.1:5555")),
                ("127.0.0.1:0", Ok("127.0.0.1:0")),
                ("localhost:5555", Ok("127.0.0.1:5555")),
                ("*:5555", Err(Error::Invalid)),
                ("127.0.0.1:*", Err(Error::Invalid)),
                ("[::1]:5555", Err(Error::Invalid)),
            ],
        );
        check_table(Rules::NUMERIC, false, &[("localhost:5555", Err(Error::Invalid))]);
        check_table(Rules::SOURCE, false, &[("localhost:5555", Err(Error::NoDevice))]);
    }

    #[test]
    fn connecting_finds_at_once_what_can_never_work() {
        let good = [
            "localhost:1234",
            "[::1]:1234",
            "127.0.0.1:0;localhost:1234",
            "::1:80",
            "a_b-c.d:1",
            "localhost:5555;localhost:1235",
            "lo:5555;localhost:1235",
            "[fe80::1%eth0]:1",
            ":80",
            "1.2.3.4:567bad",
            "eth0:*;host:1",
        ];
        for address in good {
            assert_eq!(check_connect(address), Ok(()), "{address}");
        }
        let bad = [
            "localhost:invalid",
            "in val id:1234",
            "",
            "192.168.0.200:*",
            "*:5555",
            "localhost",
            "localhost:",
            "_x:1",
            "host/path:1",
            "h\u{f6}st:1",
            "host:1\0",
            "*;",
            "@x:1",
        ];
        for address in bad {
            assert_eq!(check_connect(address), Err(Error::Invalid), "{address}");
        }
    }

    #[test]
    fn a_source_ends_at_the_last_semicolon() {
        assert_eq!(split_source("a:1;b:2"), (Some("a:1"), "b:2"));
        assert_eq!(split_source("b:2"), (None, "b:2"));
        assert_eq!(split_source("a;b;c"), (Some("a;b"), "c"));
    }
}
