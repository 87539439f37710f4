//! Listeners and connectors over the real loopback and file system.

use std::io;
use std::os::fd::{AsRawFd, IntoRawFd};
use std::path::Path;
use std::time::Duration;

use super::names::local_endpoint;
use super::*;
use crate::sys::poll::{poll, PollFd, POLLIN, POLLOUT};
use crate::sys::process::{peer_credentials, random_bytes, random_u32};

fn endpoint(text: &str) -> Endpoint {
    Endpoint::parse(text).unwrap()
}

fn options() -> TransportOptions {
    TransportOptions::default()
}

fn failure<T>(result: Result<T, Failed>) -> Error {
    result.map(drop).unwrap_err().error
}

fn start_connect(endpoint: &Endpoint, options: &TransportOptions) -> Result<Connecting, Failed> {
    endpoint.resolve(options)?.connect(options)
}

fn wait(socket: &impl AsRawFd, events: i16) {
    let mut fds = [PollFd::new(socket.as_raw_fd(), events)];
    assert_eq!(poll(&mut fds, Some(Duration::from_secs(5))).unwrap(), 1, "nothing happened");
}

fn accept(listener: &Listener) -> io::Result<Established> {
    wait(listener, POLLIN);
    listener.accept().map(|accepted| accepted.expect("readable, so somebody waits"))
}

fn finish(mut connecting: Connecting) -> io::Result<Established> {
    wait(&connecting, POLLOUT);
    connecting.finish().map(|established| established.expect("writable, so it has ended"))
}

/// Connects to the listener; gives the listener's end and the connector's.
fn meet(listener: &Listener) -> (Established, Established) {
    let connecting = start_connect(&endpoint(listener.local_endpoint()), &options()).unwrap();
    let accepted = accept(listener).unwrap();
    (accepted, finish(connecting).unwrap())
}

fn assert_talks(a: &Established, b: &Established) {
    a.stream.send(b"hello").unwrap();
    wait(&b.stream, POLLIN);
    let mut buffer = [0; 16];
    assert_eq!(b.stream.recv(&mut buffer).unwrap(), 5);
    assert_eq!(&buffer[..5], b"hello");
}

#[test]
fn endpoints_have_a_known_scheme_and_an_address() {
    let cases = [
        ("tcp://127.0.0.1:5555", Ok(("tcp", "127.0.0.1:5555"))),
        ("ipc:///tmp/x", Ok(("ipc", "/tmp/x"))),
        ("inproc://a://b", Ok(("inproc", "a://b"))),
        ("tcp://", Err(Error::Invalid)),
        ("://x", Err(Error::Invalid)),
        ("tcp:/x", Err(Error::Invalid)),
        ("", Err(Error::Invalid)),
        ("invalid://localhost:1234", Err(Error::ProtocolNotSupported)),
        ("TCP://localhost:1234", Err(Error::ProtocolNotSupported)),
        ("udp://127.0.0.1:1", Err(Error::IncompatibleProtocol)),
    ];
    for (text, expected) in cases {
        let found = Endpoint::parse(text);
        match &found {
            Ok(endpoint) => assert_eq!(endpoint.to_string(), text),
            Err(error) => assert_eq!(Err(*error), expected, "{text}"),
        }
        let found = found.map(|endpoint| (endpoint.scheme(), endpoint.address().to_owned()));
        assert_eq!(found, expected.map(|(scheme, address)| (scheme, address.to_owned())));
    }
}

#[test]
fn random_endpoints_never_do_more_than_fail() {
    let alphabet: Vec<char> = "0159:;*[]%@/.-_lo\0\u{e9}a".chars().collect();
    let mut bytes = [0; 12];
    for _ in 0..5_000 {
        random_bytes(&mut bytes).unwrap();
        let address: String =
            bytes[1..].iter().map(|&byte| alphabet[usize::from(byte) % alphabet.len()]).collect();
        let scheme = ["tcp", "ipc", "inproc"][usize::from(bytes[0]) % 3];
        let endpoint = endpoint(&format!("{scheme}://{address}"));
        let ipv6 = bytes[0] & 0x80 != 0;
        let options = TransportOptions { ipv6, ..options() };
        let checked = endpoint.check_connect();
        let numeric = endpoint.try_numeric(&options);
        if let (Ok(()), "ipc") = (checked, scheme) {
            assert!(matches!(numeric, Ok(Some(_))), "{endpoint}");
        }
    }
}

fn remote_endpoint(established: &Established) -> String {
    names::endpoint(&socket2::SockRef::from(&established.stream).peer_addr().unwrap())
}

#[test]
fn tcp_ends_meet_and_know_their_names() {
    let listener = endpoint("tcp://127.0.0.1:*").bind(&options()).unwrap();
    assert!(listener.local_endpoint().starts_with("tcp://127.0.0.1:"));
    assert!(!listener.local_endpoint().ends_with(":0"));
    assert!(listener.accept().unwrap().is_none());
    let (accepted, connected) = meet(&listener);
    assert_eq!(local_endpoint(&accepted.stream), listener.local_endpoint());
    assert_eq!(remote_endpoint(&connected), listener.local_endpoint());
    assert_eq!(remote_endpoint(&accepted), local_endpoint(&connected.stream));
    assert_eq!(accepted.peer_address, "127.0.0.1");
    assert_talks(&accepted, &connected);
    assert_talks(&connected, &accepted);
}

#[test]
fn tcp_meets_over_ipv6_where_there_is_any() {
    let ipv6 = TransportOptions { ipv6: true, ..options() };
    let wildcard = endpoint("tcp://*:*").bind(&ipv6).unwrap();
    let port = wildcard.local_endpoint().rsplit_once(':').unwrap().1.to_owned();
    let over_ipv4 = endpoint(&format!("tcp://127.0.0.1:{port}"));
    let connecting = start_connect(&over_ipv4, &ipv6).unwrap();
    let accepted = accept(&wildcard).unwrap();
    assert_talks(&finish(connecting).unwrap(), &accepted);

    match endpoint("tcp://[::1]:*").bind(&ipv6) {
        Ok(listener) => {
            assert!(listener.local_endpoint().starts_with("tcp://[::1]:"));
            let connecting = start_connect(&endpoint(listener.local_endpoint()), &ipv6).unwrap();
            let accepted = accept(&listener).unwrap();
            assert_eq!(accepted.peer_address, "::1");
            assert_talks(&finish(connecting).unwrap(), &accepted);
        }
        // A machine without IPv6 says so.
        Err(error) => assert!(matches!(error.error, Error::AddressNotAvailable | Error::Os(_))),
    }
    let without = endpoint("tcp://[::1]:*").bind(&options());
    assert_eq!(failure(without), Error::NoDevice);
}

#[test]
fn a_port_is_taken_once_and_free_after_close() {
    let listener = endpoint("tcp://127.0.0.1:*").bind(&options()).unwrap();
    let same = endpoint(listener.local_endpoint());
    assert_eq!(failure(same.bind(&options())), Error::AddressInUse);
    let (accepted, connected) = meet(&listener);
    listener.close().unwrap();
    let again = same.bind(&options()).unwrap();
    assert_talks(&accepted, &connected);
    assert_eq!(again.local_endpoint(), same.to_string());
}

#[test]
fn nobody_there_is_refused_and_worth_another_try() {
    let listener = endpoint("tcp://127.0.0.1:*").bind(&options()).unwrap();
    let gone = endpoint(listener.local_endpoint());
    drop(listener);
    let refused = match start_connect(&gone, &options()) {
        Ok(connecting) => finish(connecting).map(drop).map_err(Error::from),
        Err(failed) => Err(failed.error),
    };
    assert_eq!(refused, Err(Error::ConnectionRefused));
    assert!(is_retryable(Error::ConnectionRefused) && is_retryable(Error::Invalid));
    assert!(!is_retryable(Error::Os(libc::EBADF)));
}

#[test]
fn a_source_address_is_where_connections_come_from() {
    let listener = endpoint("tcp://127.0.0.1:*").bind(&options()).unwrap();
    let target = listener.local_endpoint().replace("tcp://", "tcp://127.0.0.2:0;");
    let connecting = start_connect(&endpoint(&target), &options()).unwrap();
    let accepted = accept(&listener).unwrap();
    assert_eq!(accepted.peer_address, "127.0.0.2");
    finish(connecting).unwrap();
}

#[test]
fn names_need_the_resolver_and_numbers_do_not() {
    let numeric = endpoint("tcp://127.0.0.1:5555").try_numeric(&options()).unwrap().unwrap();
    assert_eq!(numeric.endpoint(), "tcp://127.0.0.1:5555");
    let name = endpoint("tcp://localhost:5555");
    assert!(name.try_numeric(&options()).unwrap().is_none());
    assert_eq!(name.resolve(&options()).unwrap().endpoint(), "tcp://127.0.0.1:5555");
    let source = endpoint("tcp://nonesuch0:1;127.0.0.1:1");
    assert_eq!(source.try_numeric(&options()).map(drop), Err(Error::NoDevice));
}

#[test]
fn a_tcp_filter_keeps_others_out() {
    for (filter, admitted) in [("127.0.0.0/8", true), ("10.0.0.0/8", false)] {
        let filters = vec![AcceptFilter::parse(filter, false).unwrap()];
        let options = TransportOptions { tcp_accept_filters: filters, ..options() };
        let listener = endpoint("tcp://127.0.0.1:*").bind(&options).unwrap();
        let _connecting = start_connect(&endpoint(listener.local_endpoint()), &options).unwrap();
        match accept(&listener) {
            Ok(_) => assert!(admitted, "{filter}"),
            Err(error) => {
                assert!(!admitted, "{filter}");
                assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
                assert!(!is_exhaustion(&error));
            }
        }
    }
}

#[test]
fn ipc_ends_meet_at_a_path() {
    let listener = endpoint("ipc://*").bind(&options()).unwrap();
    let path = listener.local_endpoint().strip_prefix("ipc://").unwrap().to_owned();
    assert!(Path::new(&path).exists());
    let (accepted, connected) = meet(&listener);
    assert_eq!(local_endpoint(&accepted.stream), listener.local_endpoint());
    assert_eq!(remote_endpoint(&connected), listener.local_endpoint());
    let peer = peer_credentials(&accepted.stream).unwrap();
    assert_eq!(accepted.peer_address, format!("localhost:{}:{}:{}", peer.uid, peer.gid, peer.pid));
    assert_talks(&accepted, &connected);
    listener.close().unwrap();
    assert!(!Path::new(&path).parent().unwrap().exists());
}

#[test]
fn ipc_takes_over_a_path_and_leaves_it_to_the_next() {
    let shelter = endpoint("ipc://*").bind(&options()).unwrap();
    let same = endpoint(&format!("{}-next", shelter.local_endpoint()));
    let first = same.bind(&options()).unwrap();
    let second = same.bind(&options()).unwrap();
    let connecting = start_connect(&same, &options()).unwrap();
    let accepted = accept(&second).unwrap();
    assert_talks(&finish(connecting).unwrap(), &accepted);
    first.close().unwrap();
    assert!(Path::new(same.address()).exists(), "the path is the second's");
    second.close().unwrap();
    assert!(!Path::new(same.address()).exists());
}

#[test]
fn ipc_addresses_that_cannot_be() {
    let long = format!("ipc:///tmp/{}", "x".repeat(200));
    assert_eq!(endpoint(&long).check_connect(), Err(Error::NameTooLong));
    assert_eq!(failure(endpoint(&long).bind(&options())), Error::NameTooLong);
    assert_eq!(failure(endpoint("ipc://@").bind(&options())), Error::Invalid);
    let nowhere = endpoint("ipc:///nonesuch/directory/socket");
    assert_eq!(failure(nowhere.bind(&options())), Error::NoEntry);
    assert_eq!(failure(start_connect(&nowhere, &options())), Error::NoEntry);
}

#[cfg(target_os = "linux")]
#[test]
fn ipc_ends_meet_under_an_abstract_name() {
    let name = format!("ipc://@zeroxide-{:08x}", random_u32());
    let listener = endpoint(&name).bind(&options()).unwrap();
    assert_eq!(listener.local_endpoint(), name);
    assert_eq!(failure(endpoint(&name).bind(&options())), Error::AddressInUse);
    let (accepted, connected) = meet(&listener);
    assert_eq!(local_endpoint(&accepted.stream), name);
    assert_talks(&accepted, &connected);
}

#[cfg(target_os = "linux")]
#[test]
fn ipc_filters_look_at_credentials() {
    let own_pid = std::process::id() as i32;
    for (pid, admitted) in [(own_pid, true), (own_pid + 1, false)] {
        let options = TransportOptions { ipc_filter_pids: vec![pid], ..options() };
        let listener = endpoint("ipc://*").bind(&options).unwrap();
        let _connecting = start_connect(&endpoint(listener.local_endpoint()), &options).unwrap();
        match accept(&listener) {
            Ok(_) => assert!(admitted),
            Err(error) => {
                assert_eq!((error.kind(), admitted), (io::ErrorKind::PermissionDenied, false));
            }
        }
    }
}

#[test]
fn a_listener_that_the_host_made_is_used_as_it_is() {
    let made = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let expected = format!("tcp://{}", made.local_addr().unwrap());
    let use_fd = TransportOptions { use_fd: made.into_raw_fd(), ..options() };
    let listener = endpoint("tcp://127.0.0.1:1").bind(&use_fd).unwrap();
    assert_eq!(listener.local_endpoint(), expected);
    let (accepted, connected) = meet(&listener);
    assert_talks(&accepted, &connected);

    let (unfit, _other) = crate::sys::io::pair().unwrap();
    let use_fd = TransportOptions { use_fd: unfit.as_raw_fd(), ..options() };
    assert!(endpoint("tcp://127.0.0.1:1").bind(&use_fd).is_err());
    unfit.send(b"still the host's").unwrap();
}
