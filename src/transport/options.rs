//! What a transport wants to know from the options of a socket.
#![forbid(unsafe_code)]

use std::os::fd::RawFd;

use super::AcceptFilter;

/// The options of a socket that matter to transports. Where a number has a default that the
/// system knows best, -1 leaves it to the system, as in `zmq_setsockopt`.
#[derive(Clone, Debug)]
pub(crate) struct TransportOptions {
    /// `ZMQ_IPV6`: addresses are IPv6, with IPv4 mapped into it.
    pub(crate) ipv6: bool,
    /// `ZMQ_BACKLOG`
    pub(crate) backlog: i32,
    /// `ZMQ_SNDBUF`, `ZMQ_RCVBUF`: bytes, -1 for the system's default.
    pub(crate) sndbuf: i32,
    pub(crate) rcvbuf: i32,
    /// The system is not to hold much that it cannot send yet.
    pub(crate) little_unsent: bool,
    /// `ZMQ_TOS`, `ZMQ_PRIORITY`: 0 leaves them as they are.
    pub(crate) tos: i32,
    pub(crate) priority: i32,
    /// `ZMQ_BINDTODEVICE`: empty for none.
    pub(crate) bound_device: String,
    /// `ZMQ_BUSY_POLL`: microseconds, 0 for none.
    pub(crate) busy_poll: i32,
    /// `ZMQ_TCP_KEEPALIVE`: 0 off, 1 on, -1 the system's default.
    pub(crate) tcp_keepalive: i32,
    /// Number of probes, seconds before and between them; -1 for the system's defaults.
    pub(crate) tcp_keepalive_cnt: i32,
    pub(crate) tcp_keepalive_idle: i32,
    pub(crate) tcp_keepalive_intvl: i32,
    /// `ZMQ_TCP_MAXRT`: milliseconds that data may stay unacknowledged; 0 for the system's default.
    pub(crate) tcp_maxrt: i32,
    /// `ZMQ_USE_FD`: a socket that listens already; -1 for none.
    pub(crate) use_fd: RawFd,
    /// `ZMQ_TCP_ACCEPT_FILTER`: who may connect; empty for everyone.
    pub(crate) tcp_accept_filters: Vec<AcceptFilter>,
    /// `ZMQ_IPC_FILTER_UID`, `_GID`, `_PID`: who may connect; all empty for everyone.
    pub(crate) ipc_filter_uids: Vec<u32>,
    pub(crate) ipc_filter_gids: Vec<u32>,
    pub(crate) ipc_filter_pids: Vec<i32>,
}

impl Default for TransportOptions {
    fn default() -> TransportOptions {
        TransportOptions {
            ipv6: false,
            backlog: 100,
            sndbuf: -1,
            rcvbuf: -1,
            little_unsent: false,
            tos: 0,
            priority: 0,
            bound_device: String::new(),
            busy_poll: 0,
            tcp_keepalive: -1,
            tcp_keepalive_cnt: -1,
            tcp_keepalive_idle: -1,
            tcp_keepalive_intvl: -1,
            tcp_maxrt: 0,
            use_fd: -1,
            tcp_accept_filters: Vec::new(),
            ipc_filter_uids: Vec::new(),
            ipc_filter_gids: Vec::new(),
            ipc_filter_pids: Vec::new(),
        }
    }
}
