//! Socket and context options: what can be set, to what, and what it is until then.
//!
//! One row of [`table::TABLE`] says all about one socket option; [`Options`] holds the values of one
//! socket and [`ContextOptions`] those of one context. Nothing here acts on a value: sockets,
//! transports and engines read the fields they need. Options that only a socket type or the socket
//! itself can answer (`ZMQ_SUBSCRIBE`, `ZMQ_EVENTS`, ...) have no row; [`find`] tells them apart.
#![forbid(unsafe_code)]

mod context;
mod filter;
pub mod ids;
mod socket_type;
#[cfg(not(fuzzing))]
mod table;
#[cfg(fuzzing)]
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub mod z85;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::time::Duration;

use crate::error::{Error, Result};

pub use context::ContextOptions;
pub(crate) use filter::TcpFilter;
pub use socket_type::SocketType;
pub(crate) use table::{find, Get, Set};

/// A CURVE key in binary.
pub type CurveKey = [u8; CURVE_KEY_SIZE];

/// How long a CURVE key is in binary.
pub const CURVE_KEY_SIZE: usize = 32;
/// How long a CURVE key is as Z85 text, without the NUL.
pub(crate) const CURVE_KEY_TEXT_SIZE: usize = 40;

/// How the peers of a socket prove who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
#[non_exhaustive]
pub enum SecurityMechanism {
    /// No security.
    #[default]
    Null = ids::NULL,
    /// A user name and a password, in plain text.
    Plain = ids::PLAIN,
    /// Keys, and encryption.
    Curve = ids::CURVE,
}

/// The option values of one socket. Times are in milliseconds, as in the manual; see [`millis`].
///
/// There is no `Debug`, so that passwords and secret keys do not find their way into a log.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) sndhwm: i32,
    pub(crate) rcvhwm: i32,
    pub(crate) affinity: u64,
    /// Empty unless the application chose one.
    pub(crate) routing_id: Vec<u8>,
    pub(crate) rate: i32,
    pub(crate) recovery_ivl: i32,
    pub(crate) sndbuf: i32,
    pub(crate) rcvbuf: i32,
    pub(crate) tos: i32,
    pub(crate) socket_type: SocketType,
    pub(crate) linger: i32,
    pub(crate) connect_timeout: i32,
    pub(crate) tcp_maxrt: i32,
    pub(crate) reconnect_stop: i32,
    pub(crate) reconnect_ivl: i32,
    pub(crate) reconnect_ivl_max: i32,
    pub(crate) backlog: i32,
    pub(crate) maxmsgsize: i64,
    pub(crate) multicast_hops: i32,
    pub(crate) multicast_maxtpdu: i32,
    pub(crate) multicast_loop: bool,
    pub(crate) rcvtimeo: i32,
    pub(crate) sndtimeo: i32,
    pub(crate) ipv6: bool,
    pub(crate) immediate: bool,
    pub(crate) invert_matching: bool,
    pub(crate) conflate: bool,
    pub(crate) tcp_keepalive: i32,
    pub(crate) tcp_keepalive_cnt: i32,
    pub(crate) tcp_keepalive_idle: i32,
    pub(crate) tcp_keepalive_intvl: i32,
    pub(crate) tcp_accept_filters: Vec<TcpFilter>,
    pub(crate) ipc_pid_filters: BTreeSet<i32>,
    pub(crate) ipc_uid_filters: BTreeSet<u32>,
    pub(crate) ipc_gid_filters: BTreeSet<u32>,
    pub(crate) socks_proxy: Vec<u8>,
    pub(crate) socks_username: Vec<u8>,
    pub(crate) socks_password: Vec<u8>,
    pub(crate) handshake_ivl: i32,
    pub(crate) heartbeat_ivl: i32,
    /// In tenths of a second, as it travels in a PING.
    pub(crate) heartbeat_ttl: u16,
    /// Negative: as long as [`Options::heartbeat_ivl`].
    pub(crate) heartbeat_timeout: i32,
    pub(crate) mechanism: SecurityMechanism,
    /// The server side of PLAIN or CURVE.
    pub(crate) as_server: bool,
    pub(crate) plain_username: Vec<u8>,
    pub(crate) plain_password: Vec<u8>,
    pub(crate) curve_public_key: CurveKey,
    pub(crate) curve_secret_key: CurveKey,
    /// The public key that belongs to the secret one, once a server has worked it out: the same for
    /// all of its connections.
    pub(crate) curve_own_key: OnceLock<CurveKey>,
    pub(crate) curve_server_key: CurveKey,
    pub(crate) zap_domain: Vec<u8>,
    pub(crate) zap_enforce_domain: bool,
    pub(crate) use_fd: i32,
    pub(crate) bindtodevice: Vec<u8>,
    pub(crate) loopback_fastpath: bool,
    /// The application's own `X-` properties of the handshake.
    pub(crate) metadata: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            sndhwm: 1000,
            rcvhwm: 1000,
            affinity: 0,
            routing_id: Vec::new(),
            rate: 100,
            recovery_ivl: 10_000,
            sndbuf: -1,
            rcvbuf: -1,
            tos: 0,
            socket_type: SocketType::Pair,
            linger: -1,
            connect_timeout: 0,
            tcp_maxrt: 0,
            reconnect_stop: 0,
            reconnect_ivl: 100,
            reconnect_ivl_max: 0,
            backlog: 100,
            maxmsgsize: -1,
            multicast_hops: 1,
            multicast_maxtpdu: 1500,
            multicast_loop: true,
            rcvtimeo: -1,
            sndtimeo: -1,
            ipv6: false,
            immediate: false,
            invert_matching: false,
            conflate: false,
            tcp_keepalive: -1,
            tcp_keepalive_cnt: -1,
            tcp_keepalive_idle: -1,
            tcp_keepalive_intvl: -1,
            tcp_accept_filters: Vec::new(),
            ipc_pid_filters: BTreeSet::new(),
            ipc_uid_filters: BTreeSet::new(),
            ipc_gid_filters: BTreeSet::new(),
            socks_proxy: Vec::new(),
            socks_username: Vec::new(),
            socks_password: Vec::new(),
            handshake_ivl: 30_000,
            heartbeat_ivl: 0,
            heartbeat_ttl: 0,
            heartbeat_timeout: -1,
            mechanism: SecurityMechanism::Null,
            as_server: false,
            plain_username: Vec::new(),
            plain_password: Vec::new(),
            curve_public_key: [0; CURVE_KEY_SIZE],
            curve_secret_key: [0; CURVE_KEY_SIZE],
            curve_own_key: OnceLock::new(),
            curve_server_key: [0; CURVE_KEY_SIZE],
            zap_domain: Vec::new(),
            zap_enforce_domain: false,
            use_fd: -1,
            bindtodevice: Vec::new(),
            loopback_fastpath: false,
            metadata: BTreeMap::new(),
        }
    }
}

impl Options {
    /// The options of a new socket: what the context says, then what the socket type says.
    pub(crate) fn for_socket(socket_type: SocketType, context: &ContextOptions) -> Self {
        let lingers = context.blocky && socket_type.facts().lingers;
        Options {
            socket_type,
            linger: if lingers { -1 } else { 0 },
            ipv6: context.ipv6,
            ..Options::default()
        }
    }

    /// `zmq_setsockopt` with a value.
    ///
    /// An option without a row (see [`find`]), a wrong size and a value out of range are all
    /// [`Error::Invalid`]; the old value stays.
    pub(crate) fn set(&mut self, id: i32, value: &[u8]) -> Result<()> {
        let row = find(id).ok_or(Error::Invalid)?;
        match row.set.as_ref().ok_or(Error::Invalid)? {
            Set::Int(set) => set(self, row.check(i32::from_ne_bytes(exact(value)?))?),
            Set::Int64(set) => set(self, i64::from_ne_bytes(exact(value)?)),
            Set::Uint64(set) => set(self, u64::from_ne_bytes(exact(value)?)),
            Set::Key(set) => set(self, curve_key(value)?),
            Set::Bytes(set) => {
                row.check(value.len())?;
                set(self, value)?;
            }
        }
        Ok(())
    }

    /// `zmq_setsockopt` with a null pointer of length 0, which empties some options.
    pub(crate) fn set_null(&mut self, id: i32) -> Result<()> {
        let clear = find(id).and_then(|row| row.clear).ok_or(Error::Invalid)?;
        clear(self);
        Ok(())
    }

    /// `zmq_getsockopt`: writes the value to `out`, zeroes what is left of it, returns the length.
    ///
    /// Numbers want a buffer of exactly their size, CURVE keys one of 32 (binary) or 41 (Z85 and
    /// NUL), everything else one that is large enough; strings end with a NUL that counts.
    pub(crate) fn get(&self, id: i32, out: &mut [u8]) -> Result<usize> {
        let row = find(id).ok_or(Error::Invalid)?;
        match row.get.as_ref().ok_or(Error::Invalid)? {
            Get::Int(get) => put_exact(out, &get(self).to_ne_bytes()),
            Get::Int64(get) => put_exact(out, &get(self).to_ne_bytes()),
            Get::Uint64(get) => put_exact(out, &get(self).to_ne_bytes()),
            Get::Binary(get) => put(out, get(self)),
            Get::Text(get) => put_text(out, get(self)),
            Get::Key(get) => put_key(out, get(self)),
        }
    }

    /// Whether only the newest message is kept; the option has a meaning for some types only.
    pub(crate) fn conflates(&self) -> bool {
        self.conflate && self.socket_type.facts().conflates
    }
}

/// Milliseconds of an option as a duration; `None` for the negative values that mean 'no limit'.
pub(crate) fn millis(value: i32) -> Option<Duration> {
    u64::try_from(value).ok().map(Duration::from_millis)
}

/// The text of a string option up to the NUL that some callers count in; `None` if it is not UTF-8.
pub(crate) fn text(value: &[u8]) -> Option<&str> {
    let end = value.iter().position(|&byte| byte == 0).unwrap_or(value.len());
    std::str::from_utf8(&value[..end]).ok()
}

/// Writes a value of any length, as `zmq_getsockopt` does it, also for options without a row.
pub(crate) fn put(out: &mut [u8], value: &[u8]) -> Result<usize> {
    let (head, tail) = out.split_at_mut_checked(value.len()).ok_or(Error::Invalid)?;
    head.copy_from_slice(value);
    tail.fill(0);
    Ok(value.len())
}

/// Writes a string and its NUL, as `zmq_getsockopt` does it, also for options without a row.
pub(crate) fn put_text(out: &mut [u8], value: &[u8]) -> Result<usize> {
    if out.len() <= value.len() {
        return Err(Error::Invalid);
    }
    put(out, value).map(|length| length + 1)
}

fn put_exact(out: &mut [u8], value: &[u8]) -> Result<usize> {
    if out.len() != value.len() {
        return Err(Error::Invalid);
    }
    put(out, value)
}

fn put_key(out: &mut [u8], key: &CurveKey) -> Result<usize> {
    if out.len() == CURVE_KEY_TEXT_SIZE + 1 {
        return put_text(out, z85::encode(key)?.as_bytes());
    }
    put_exact(out, key)
}

fn exact<const N: usize>(value: &[u8]) -> Result<[u8; N]> {
    value.try_into().map_err(|_| Error::Invalid)
}

/// A key as an application may hand it in: 32 bytes, or 40 characters of Z85 with or without a NUL.
fn curve_key(value: &[u8]) -> Result<CurveKey> {
    let digits = match value {
        [digits @ .., 0] if digits.len() == CURVE_KEY_TEXT_SIZE => digits,
        digits if digits.len() == CURVE_KEY_TEXT_SIZE => digits,
        key => return exact(key),
    };
    let mut key = [0; CURVE_KEY_SIZE];
    z85::decode_into(digits, &mut key)?;
    Ok(key)
}
