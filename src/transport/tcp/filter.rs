//! `ZMQ_TCP_ACCEPT_FILTER`: which hosts may connect.
#![forbid(unsafe_code)]

use std::net::IpAddr;

use crate::error::{Error, Result};

use super::address::{self, Rules};

/// A network: an address and how many of its leading bits have to agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptFilter {
    network: IpAddr,
    prefix: u32,
}

impl AcceptFilter {
    /// Parses `127.0.0.0/8`, `::1/128` or an address alone, which means all of its bits.
    /// `ipv6` is the option `ZMQ_IPV6`, without which there are no IPv6 addresses.
    pub fn parse(text: &str, ipv6: bool) -> Result<AcceptFilter> {
        let (host, prefix) = match text.rsplit_once('/') {
            Some((host, prefix)) => (host, Some(prefix)),
            None => (text, None),
        };
        let network = address::host(host, Rules::NUMERIC, ipv6)?.ip();
        let bits = bits(&network);
        // An IPv4 address that is not written as a mapped one has an IPv4 prefix.
        let is_mapped = ipv6 && network.to_canonical().is_ipv4();
        let offset = if is_mapped && !host.contains(':') { 96 } else { 0 };
        let prefix = match prefix {
            None => bits,
            Some(prefix) => number(prefix)?.checked_add(offset).ok_or(Error::Invalid)?,
        };
        if prefix > bits {
            return Err(Error::Invalid);
        }
        Ok(AcceptFilter { network, prefix }.canonical())
    }

    /// Mapped IPv4 networks as IPv4 networks, so that one form is enough to compare.
    fn canonical(self) -> AcceptFilter {
        match self.network.to_canonical() {
            network @ IpAddr::V4(_) if self.network.is_ipv6() && self.prefix >= 96 => {
                AcceptFilter { network, prefix: self.prefix - 96 }
            }
            _ => self,
        }
    }

    pub fn matches(&self, peer: IpAddr) -> bool {
        match (self.network, peer.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(peer)) => {
                // A shift by all 32 bits leaves nothing to compare.
                let different = network.to_bits() ^ peer.to_bits();
                different.checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), canonical) => {
                let peer = match canonical {
                    IpAddr::V4(peer) => peer.to_ipv6_mapped(),
                    IpAddr::V6(peer) => peer,
                };
                let different = network.to_bits() ^ peer.to_bits();
                different.checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) => false,
        }
    }
}

fn bits(network: &IpAddr) -> u32 {
    if network.is_ipv4() {
        32
    } else {
        128
    }
}

/// Digits only: `parse` alone would take a sign.
fn number(text: &str) -> Result<u32> {
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().map_err(|_| Error::Invalid),
        false => Err(Error::Invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_take_in_their_hosts() {
        let cases = [
            ("127.0.0.1", false, "127.0.0.1", true),
            ("127.0.0.1", false, "127.0.0.2", false),
            ("127.0.0.1/32", false, "127.0.0.2", false),
            ("127.0.0.0/31", false, "127.0.0.1", true),
            ("10.0.0.0/8", false, "10.255.1.2", true),
            ("10.0.0.0/8", false, "11.0.0.0", false),
            ("0.0.0.0/0", false, "11.22.33.44", true),
            ("0.0.0.0/0", false, "::1", false),
            ("127.0.0.0/8", false, "::ffff:127.0.0.1", true),
            ("127.0.0.0/8", true, "::ffff:127.0.0.1", true),
            ("127.0.0.0/8", true, "::ffff:128.0.0.1", false),
            ("::ffff:127.0.0.0/104", true, "127.1.2.3", true),
            ("::1", true, "::1", true),
            ("::1/128", true, "::2", false),
            ("fe80::/10", true, "febf::1", true),
            ("fe80::/10", true, "fec0::1", false),
            ("::/0", true, "1234::5", true),
            ("::/0", true, "127.0.0.1", true),
        ];
        for (filter, ipv6, peer, expected) in cases {
            let parsed = AcceptFilter::parse(filter, ipv6).unwrap();
            assert_eq!(parsed.matches(peer.parse().unwrap()), expected, "{filter} {peer}");
        }
    }

    #[test]
    fn what_is_no_network_is_invalid() {
        let cases = [
            "",
            "foo",
            "0.0.0.0foo",
            "0.0.0.0/foo",
            "0.0.0.0/",
            "0.0.0.0/-1",
            "0.0.0.0/33",
            "0.0.0.0/+8",
            "0.0.0.0/4294967295",
            "/8",
            "::1",
            "localhost",
            "*",
            "lo",
        ];
        for filter in cases {
            assert_eq!(AcceptFilter::parse(filter, false), Err(Error::Invalid), "{filter}");
        }
        for filter in ["::1/129", "::/x", "127.0.0.1/33", "1.2.3.4/4294967290"] {
            assert_eq!(AcceptFilter::parse(filter, true), Err(Error::Invalid), "{filter}");
        }
    }
}
