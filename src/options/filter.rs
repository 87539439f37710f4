//! Which peers a listener lets in: networks for TCP, processes, users and groups for IPC.
//!
//! A filter judges an address it is given; it never looks one up.
#![forbid(unsafe_code)]

use std::net::{IpAddr, Ipv6Addr};

use super::Options;

/// A network in CIDR notation; its peers may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TcpFilter {
    network: IpAddr,
    prefix: u32,
}

impl TcpFilter {
    /// Reads `address` or `address/bits`; IPv6 networks only where IPv6 is enabled.
    pub(crate) fn parse(text: &str, ipv6: bool) -> Option<Self> {
        let (address, bits) = match text.rsplit_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let network = parse_address(address)?;
        if network.is_ipv6() && !ipv6 {
            return None;
        }
        let width = width(network);
        let prefix = match bits {
            Some(bits) if bits.bytes().all(|digit| digit.is_ascii_digit()) => bits.parse().ok()?,
            Some(_) => return None,
            None => width,
        };
        (prefix <= width).then_some(TcpFilter { network, prefix })
    }

    /// Whether the peer is of this network. IPv4 in IPv6 counts as IPv4, on both sides.
    pub(crate) fn matches(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        if peer.is_ipv4() != self.network.is_ipv4() {
            return false;
        }
        let difference = bits(peer) ^ bits(self.network);
        difference.checked_shr(width(peer) - self.prefix).unwrap_or(0) == 0
    }
}

impl Options {}

fn parse_address(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() {
        32
    } else {
        128
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_or_refused() {
        let table = [
            ("127.0.0.1", false, true),
            ("127.0.0.1/32", false, true),
            ("0.0.0.0/0", false, true),
            ("foo", false, false),
            ("0.0.0.0foo", false, false),
            ("0.0.0.0/foo", false, false),
            ("0.0.0.0/", true, false),
            ("0.0.0.0/-1", false, false),
            ("0.0.0.0/+1", false, false),
            ("0.0.0.0/33", false, false),
            ("0.0.0.0/99999999999", false, false),
            ("", true, false),
            ("127.0.0.1/8", true, true),
            ("::1", false, false),
            ("::1/128", true, true),
            ("[fe80::]/10", true, true),
            ("::1/129", true, false),
        ];
        for (text, ipv6, good) in table {
            assert_eq!(TcpFilter::parse(text, ipv6).is_some(), good, "{text}");
        }
    }

    #[test]
    fn filters_match_their_network_only() {
        let table = [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.255/32", "127.0.0.1", false),
            ("0.0.0.0/0", "10.1.2.3", true),
            ("0.0.0.0/0", "::1", false),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("192.168.4.0/22", "192.168.7.255", true),
            ("192.168.4.0/22", "192.168.8.0", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("::/0", "fe80::1", true),
            ("fe80::/10", "febf::1", true),
            ("fe80::/10", "fec0::1", false),
        ];
        for (text, peer, matches) in table {
            let filter = TcpFilter::parse(text, true).unwrap();
            assert_eq!(filter.matches(peer.parse().unwrap()), matches, "{text} {peer}");
        }
    }
}
