//! The socket options of a TCP socket.
#![forbid(unsafe_code)]

use std::io;

use socket2::{Domain, Socket};

use crate::sys::net::set_option;

use super::super::TransportOptions;

/// As much as the system holds of what it cannot send yet, if that is to be little: a few of our writes.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LITTLE: i32 = 512 * 1024;

/// What has to be set before a socket is bound or connected.
pub(super) fn before_use(
    socket: &Socket,
    domain: Domain,
    options: &TransportOptions,
) -> io::Result<()> {
    if domain == Domain::IPV6 {
        socket.set_only_v6(false)?;
    }
    marks(socket, options)?;
    bind_device(socket, &options.bound_device)?;
    // Sizes are wishes: where the system has another opinion, it stands.
    if options.sndbuf >= 0 {
        let _ = set_option(socket, libc::SOL_SOCKET, libc::SO_SNDBUF, options.sndbuf);
    }
    if options.rcvbuf >= 0 {
        let _ = set_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, options.rcvbuf);
    }
    busy_poll(socket, options.busy_poll);
    Ok(())
}

/// How routers and the kernel's queues are to treat the packets.
pub(super) fn marks(socket: &Socket, options: &TransportOptions) -> io::Result<()> {
    if options.tos != 0 {
        let v4 = set_option(socket, libc::IPPROTO_IP, libc::IP_TOS, options.tos);
        // A socket may be of either kind, or of both at once.
        let v6 = set_option(socket, libc::IPPROTO_IPV6, libc::IPV6_TCLASS, options.tos);
        v4.or(v6)?;
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if options.priority != 0 {
        set_option(socket, libc::SOL_SOCKET, libc::SO_PRIORITY, options.priority)?;
    }
    Ok(())
}

/// What every connection has, whoever began it.
pub(super) fn connection(socket: &Socket, options: &TransportOptions) -> io::Result<()> {
    // Messages are gathered before they are written; the kernel need not wait for more.
    socket.set_tcp_nodelay(true)?;
    keepalive(socket, options)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if options.little_unsent {
        // A kernel that does not know it does without.
        let _ = set_option(socket, libc::IPPROTO_TCP, libc::TCP_NOTSENT_LOWAT, LITTLE);
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if options.tcp_maxrt > 0 {
        set_option(socket, libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, options.tcp_maxrt)?;
    }
    Ok(())
}

#[cfg(any(target_os = "macos", target_os = "ios"))]
const KEEPALIVE_IDLE: libc::c_int = libc::TCP_KEEPALIVE;
#[cfg(not(any(target_os = "macos", target_os = "ios")))]
const KEEPALIVE_IDLE: libc::c_int = libc::TCP_KEEPIDLE;

fn keepalive(socket: &Socket, options: &TransportOptions) -> io::Result<()> {
    if options.tcp_keepalive == -1 {
        return Ok(());
    }
    set_option(socket, libc::SOL_SOCKET, libc::SO_KEEPALIVE, options.tcp_keepalive)?;
    let details = [
        (libc::TCP_KEEPCNT, options.tcp_keepalive_cnt),
        (KEEPALIVE_IDLE, options.tcp_keepalive_idle),
        (libc::TCP_KEEPINTVL, options.tcp_keepalive_intvl),
    ];
    for (name, value) in details {
        if value != -1 {
            set_option(socket, libc::IPPROTO_TCP, name, value)?;
        }
    }
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn bind_device(socket: &Socket, device: &str) -> io::Result<()> {
    match device.is_empty() {
        true => Ok(()),
        false => socket.bind_device(Some(device.as_bytes())),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn bind_device(_socket: &Socket, device: &str) -> io::Result<()> {
    match device.is_empty() {
        true => Ok(()),
        false => Err(io::Error::from_raw_os_error(libc::ENOTSUP)),
    }
}

/// More than the system's default is for the privileged; without the privilege it is left out.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn busy_poll(socket: &Socket, microseconds: i32) {
    if microseconds > 0 {
        let _ = set_option(socket, libc::SOL_SOCKET, libc::SO_BUSY_POLL, microseconds);
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn busy_poll(_socket: &Socket, _microseconds: i32) {}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::Type;

    #[test]
    fn options_arrive_at_the_socket() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let options = TransportOptions {
            tos: 0x28,
            sndbuf: 32768,
            rcvbuf: 16384,
            little_unsent: true,
            tcp_keepalive: 1,
            tcp_keepalive_cnt: 7,
            tcp_maxrt: 5000,
            busy_poll: 10,
            ..TransportOptions::default()
        };
        before_use(&socket, Domain::IPV4, &options).unwrap();
        connection(&socket, &options).unwrap();
        assert!(socket.tcp_nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 7);
        assert_eq!(socket.tos_v4().unwrap(), 0x28);
        assert!(socket.send_buffer_size().unwrap() >= 32768);
        assert!(socket.recv_buffer_size().unwrap() >= 16384);
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), LITTLE as u32);
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().unwrap().map(|time| time.as_secs()), Some(5));
    }

    #[test]
    fn a_device_that_is_not_there_is_an_error() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let options =
            TransportOptions { bound_device: "nonesuch0".into(), ..TransportOptions::default() };
        assert!(before_use(&socket, Domain::IPV4, &options).is_err());
    }
}
