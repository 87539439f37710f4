//! Addresses of every transport, and filters. Nothing is bound, connected or asked of a resolver.

use crate::fuzzing::input::Input;
use crate::fuzzing::zmq::{Endpoint, TcpFilter, TransportOptions};
use std::net::IpAddr;

const PREFIXES: [&str; 4] = ["", "tcp://", "ipc://", "inproc://"];

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = input.byte();
    let prefix = PREFIXES[usize::from(kind & 3)];
    let options = TransportOptions { ipv6: kind & 4 != 0, ..TransportOptions::default() };
    let peer = IpAddr::from([input.byte(), input.byte(), input.byte(), input.byte()]);
    let Ok(text) = std::str::from_utf8(input.rest()) else { return };
    endpoint(&format!("{prefix}{text}"), &options);
    if let Some(filter) = TcpFilter::parse(text, options.ipv6) {
        filter.matches(peer);
        filter.matches(IpAddr::from([0xFE80, 0, 0, 0, 0, 0, 0, 1]));
    }
}

fn endpoint(text: &str, options: &TransportOptions) {
    let Ok(endpoint) = Endpoint::parse(text) else { return };
    assert_eq!(endpoint.to_string(), text);
    assert_eq!(Endpoint::parse(&endpoint.to_string()), Ok(endpoint.clone()));
    let good = endpoint.check_connect();
    // A source may name an interface, which is looked up in the system: enough of that elsewhere.
    if good.is_ok() && !endpoint.is_inproc() && !endpoint.address().contains(';') {
        let _ = endpoint.try_numeric(options);
    }
}
