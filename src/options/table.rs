//! The socket options, one row each.
//!
//! A row knows the types, sizes and limits that the manual promises; what an option does is up to
//! those who read the field. GSSAPI and VMCI options have no row: a library built without them
//! answers `EINVAL`.
#![forbid(unsafe_code)]

use super::{ids, CurveKey, Options, SecurityMechanism, TcpFilter};
use crate::error::{Error, Result};
use std::sync::OnceLock;

/// All about one socket option.
pub(crate) struct Row {
    pub(crate) id: i32,
    /// As in `zmq.h`, without the `ZMQ_` prefix.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests name the row"))]
    pub(crate) name: &'static str,
    /// The least and the greatest value of an `int`, or length of a string.
    pub(crate) range: (i64, i64),
    /// What a number is in a new socket; strings and lists are empty then.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests compare it"))]
    pub(crate) default: i64,
    /// `None` if the option can only be set.
    pub(crate) get: Option<Get>,
    /// `None` if the option can only be read.
    pub(crate) set: Option<Set>,
    /// What a null value does, if that is allowed.
    pub(crate) clear: Option<fn(&mut Options)>,
}

/// How to read an option, and as what.
pub(crate) enum Get {
    Int(fn(&Options) -> i32),
    Int64(fn(&Options) -> i64),
    Uint64(fn(&Options) -> u64),
    Binary(fn(&Options) -> &[u8]),
    Text(fn(&Options) -> &[u8]),
    Key(fn(&Options) -> &CurveKey),
}

/// How to set an option, and from what.
pub(crate) enum Set {
    Int(fn(&mut Options, i32)),
    Int64(fn(&mut Options, i64)),
    Uint64(fn(&mut Options, u64)),
    Bytes(fn(&mut Options, &[u8]) -> Result<()>),
    Key(fn(&mut Options, CurveKey)),
}

/// The row of an option; `None` if it is not one that every socket has.
pub(crate) fn find(id: i32) -> Option<&'static Row> {
    TABLE.binary_search_by_key(&id, |row| row.id).ok().map(|index| &TABLE[index])
}

impl Row {
    /// Passes on a value, or a length, that is within the range.
    pub(super) fn check<T: TryInto<i64> + Copy>(&self, value: T) -> Result<T> {
        match value.try_into() {
            Ok(number) if (self.range.0..=self.range.1).contains(&number) => Ok(value),
            _ => Err(Error::Invalid),
        }
    }
}

const ANY: (i64, i64) = (i32::MIN as i64, i32::MAX as i64);
const FROM_MINUS_1: (i64, i64) = (-1, i32::MAX as i64);
const FROM_0: (i64, i64) = (0, i32::MAX as i64);
const FROM_1: (i64, i64) = (1, i32::MAX as i64);
const BIT: (i64, i64) = (0, 1);
/// What fits an octet's count, and is not empty.
const SHORT: (i64, i64) = (1, 255);
/// A network interface's name with its NUL.
const DEVICE: (i64, i64) = (1, 16);
const LONG: (i64, i64) = (1, i64::MAX);
/// What becomes 16 bits of deciseconds; a division by 100 takes the sign off the first ones.
const TTL: (i64, i64) = (-99, 6_553_599);

/// A row that can neither be read nor set yet.
const fn row(id: i32, name: &'static str, range: (i64, i64)) -> Row {
    Row { id, name, range, default: 0, get: None, set: None, clear: None }
}

/// An `int` that is kept as it comes.
macro_rules! int {
    ($id:ident, $range:expr, $default:expr, $field:ident) => {
        Row {
            default: $default,
            get: Some(Get::Int(|o| o.$field)),
            set: Some(Set::Int(|o, v| o.$field = v)),
            ..row(ids::$id, stringify!($id), $range)
        }
    };
}

/// An `int` that means yes or no.
macro_rules! switch {
    ($id:ident, $range:expr, $default:expr, $field:ident) => {
        Row {
            default: $default,
            get: Some(Get::Int(|o| i32::from(o.$field))),
            set: Some(Set::Int(|o, v| o.$field = v != 0)),
            ..row(ids::$id, stringify!($id), $range)
        }
    };
}

/// A string that a null value empties.
macro_rules! text {
    ($id:ident, $range:expr, $field:ident) => {
        Row {
            get: Some(Get::Text(|o| &o.$field)),
            set: Some(Set::Bytes(|o, v| assign(&mut o.$field, v))),
            clear: Some(|o| o.$field.clear()),
            ..row(ids::$id, stringify!($id), $range)
        }
    };
}

/// In the order of their ids.
pub(crate) static TABLE: &[Row] = &[
    Row {
        get: Some(Get::Uint64(|o| o.affinity)),
        set: Some(Set::Uint64(|o, v| o.affinity = v)),
        ..row(ids::AFFINITY, "AFFINITY", ANY)
    },
    Row {
        get: Some(Get::Binary(|o| &o.routing_id)),
        set: Some(Set::Bytes(|o, v| assign(&mut o.routing_id, v))),
        ..row(ids::ROUTING_ID, "ROUTING_ID", SHORT)
    },
    int!(RATE, FROM_1, 100, rate),
    int!(RECOVERY_IVL, FROM_0, 10_000, recovery_ivl),
    int!(SNDBUF, FROM_MINUS_1, -1, sndbuf),
    int!(RCVBUF, FROM_MINUS_1, -1, rcvbuf),
    Row { get: Some(Get::Int(|o| o.socket_type as i32)), ..row(ids::TYPE, "TYPE", ANY) },
    int!(LINGER, FROM_MINUS_1, -1, linger),
    int!(RECONNECT_IVL, FROM_MINUS_1, 100, reconnect_ivl),
    int!(BACKLOG, FROM_0, 100, backlog),
    int!(RECONNECT_IVL_MAX, FROM_0, 0, reconnect_ivl_max),
    Row {
        default: -1,
        get: Some(Get::Int64(|o| o.maxmsgsize)),
        set: Some(Set::Int64(|o, v| o.maxmsgsize = v)),
        ..row(ids::MAXMSGSIZE, "MAXMSGSIZE", ANY)
    },
    int!(SNDHWM, FROM_0, 1000, sndhwm),
    int!(RCVHWM, FROM_0, 1000, rcvhwm),
    int!(MULTICAST_HOPS, FROM_1, 1, multicast_hops),
    int!(RCVTIMEO, FROM_MINUS_1, -1, rcvtimeo),
    int!(SNDTIMEO, FROM_MINUS_1, -1, sndtimeo),
    Row {
        default: 1,
        get: Some(Get::Int(|o| i32::from(!o.ipv6))),
        set: Some(Set::Int(|o, v| o.ipv6 = v == 0)),
        ..row(ids::IPV4ONLY, "IPV4ONLY", BIT)
    },
    int!(TCP_KEEPALIVE, (-1, 1), -1, tcp_keepalive),
    int!(TCP_KEEPALIVE_CNT, FROM_MINUS_1, -1, tcp_keepalive_cnt),
    int!(TCP_KEEPALIVE_IDLE, FROM_MINUS_1, -1, tcp_keepalive_idle),
    int!(TCP_KEEPALIVE_INTVL, FROM_MINUS_1, -1, tcp_keepalive_intvl),
    Row {
        set: Some(Set::Bytes(add_tcp_accept_filter)),
        clear: Some(|o| o.tcp_accept_filters.clear()),
        ..row(ids::TCP_ACCEPT_FILTER, "TCP_ACCEPT_FILTER", SHORT)
    },
    switch!(IMMEDIATE, BIT, 0, immediate),
    switch!(IPV6, BIT, 0, ipv6),
    Row { get: Some(Get::Int(|o| o.mechanism as i32)), ..row(ids::MECHANISM, "MECHANISM", ANY) },
    Row {
        get: Some(Get::Int(|o| serves(o, SecurityMechanism::Plain))),
        set: Some(Set::Int(|o, v| serve(o, SecurityMechanism::Plain, v != 0))),
        ..row(ids::PLAIN_SERVER, "PLAIN_SERVER", BIT)
    },
    Row {
        get: Some(Get::Text(|o| &o.plain_username)),
        set: Some(Set::Bytes(|o, v| {
            plain_client(o);
            assign(&mut o.plain_username, v)
        })),
        clear: Some(|o| o.mechanism = SecurityMechanism::Null),
        ..row(ids::PLAIN_USERNAME, "PLAIN_USERNAME", SHORT)
    },
    Row {
        get: Some(Get::Text(|o| &o.plain_password)),
        set: Some(Set::Bytes(|o, v| {
            plain_client(o);
            assign(&mut o.plain_password, v)
        })),
        clear: Some(|o| o.mechanism = SecurityMechanism::Null),
        ..row(ids::PLAIN_PASSWORD, "PLAIN_PASSWORD", SHORT)
    },
    Row {
        get: Some(Get::Int(|o| serves(o, SecurityMechanism::Curve))),
        set: Some(Set::Int(|o, v| serve(o, SecurityMechanism::Curve, v != 0))),
        ..row(ids::CURVE_SERVER, "CURVE_SERVER", BIT)
    },
    Row {
        get: Some(Get::Key(|o| &o.curve_public_key)),
        set: Some(Set::Key(|o, key| {
            o.mechanism = SecurityMechanism::Curve;
            o.curve_public_key = key;
        })),
        ..row(ids::CURVE_PUBLICKEY, "CURVE_PUBLICKEY", ANY)
    },
    Row {
        get: Some(Get::Key(|o| &o.curve_secret_key)),
        set: Some(Set::Key(|o, key| {
            o.mechanism = SecurityMechanism::Curve;
            o.curve_secret_key = key;
            o.curve_own_key = OnceLock::new();
        })),
        ..row(ids::CURVE_SECRETKEY, "CURVE_SECRETKEY", ANY)
    },
    Row {
        get: Some(Get::Key(|o| &o.curve_server_key)),
        set: Some(Set::Key(|o, key| {
            o.mechanism = SecurityMechanism::Curve;
            o.as_server = false;
            o.curve_server_key = key;
        })),
        ..row(ids::CURVE_SERVERKEY, "CURVE_SERVERKEY", ANY)
    },
    switch!(CONFLATE, BIT, 0, conflate),
    Row { clear: None, ..text!(ZAP_DOMAIN, SHORT, zap_domain) },
    int!(TOS, FROM_0, 0, tos),
    Row {
        set: Some(Set::Int(|o, v| _ = o.ipc_pid_filters.insert(v))),
        clear: Some(|o| o.ipc_pid_filters.clear()),
        ..row(ids::IPC_FILTER_PID, "IPC_FILTER_PID", ANY)
    },
    Row {
        set: Some(Set::Int(|o, v| _ = o.ipc_uid_filters.insert(v as u32))),
        clear: Some(|o| o.ipc_uid_filters.clear()),
        ..row(ids::IPC_FILTER_UID, "IPC_FILTER_UID", ANY)
    },
    Row {
        set: Some(Set::Int(|o, v| _ = o.ipc_gid_filters.insert(v as u32))),
        clear: Some(|o| o.ipc_gid_filters.clear()),
        ..row(ids::IPC_FILTER_GID, "IPC_FILTER_GID", ANY)
    },
    int!(HANDSHAKE_IVL, FROM_0, 30_000, handshake_ivl),
    text!(SOCKS_PROXY, LONG, socks_proxy),
    switch!(INVERT_MATCHING, ANY, 0, invert_matching),
    int!(HEARTBEAT_IVL, FROM_0, 0, heartbeat_ivl),
    Row {
        get: Some(Get::Int(|o| i32::from(o.heartbeat_ttl) * 100)),
        set: Some(Set::Int(|o, v| o.heartbeat_ttl = (v / 100) as u16)),
        ..row(ids::HEARTBEAT_TTL, "HEARTBEAT_TTL", TTL)
    },
    int!(HEARTBEAT_TIMEOUT, FROM_0, -1, heartbeat_timeout),
    int!(CONNECT_TIMEOUT, FROM_0, 0, connect_timeout),
    int!(TCP_MAXRT, FROM_0, 0, tcp_maxrt),
    int!(MULTICAST_MAXTPDU, FROM_1, 1500, multicast_maxtpdu),
    int!(USE_FD, FROM_MINUS_1, -1, use_fd),
    text!(BINDTODEVICE, DEVICE, bindtodevice),
    switch!(ZAP_ENFORCE_DOMAIN, ANY, 0, zap_enforce_domain),
    switch!(LOOPBACK_FASTPATH, ANY, 0, loopback_fastpath),
    Row { set: Some(Set::Bytes(add_metadata)), ..row(ids::METADATA, "METADATA", LONG) },
    switch!(MULTICAST_LOOP, ANY, 1, multicast_loop),
    text!(SOCKS_USERNAME, (0, 255), socks_username),
    text!(SOCKS_PASSWORD, (0, 255), socks_password),
    int!(RECONNECT_STOP, ANY, 0, reconnect_stop),
];

fn assign(field: &mut Vec<u8>, value: &[u8]) -> Result<()> {
    value.clone_into(field);
    Ok(())
}

fn serves(options: &Options, mechanism: SecurityMechanism) -> i32 {
    i32::from(options.as_server && options.mechanism == mechanism)
}

fn serve(options: &mut Options, mechanism: SecurityMechanism, on: bool) {
    options.as_server = on;
    options.mechanism = if on { mechanism } else { SecurityMechanism::Null };
}

fn plain_client(options: &mut Options) {
    options.as_server = false;
    options.mechanism = SecurityMechanism::Plain;
}

fn add_tcp_accept_filter(options: &mut Options, value: &[u8]) -> Result<()> {
    let filter = super::text(value).and_then(|text| TcpFilter::parse(text, options.ipv6));
    options.tcp_accept_filters.push(filter.ok_or(Error::Invalid)?);
    Ok(())
}

/// `X-name:value`; the first value of a name stays.
fn add_metadata(options: &mut Options, value: &[u8]) -> Result<()> {
    // A value as long as an `int` is taken for one.
    let is_int = value.len() == size_of::<i32>();
    let colon = value.iter().position(|&byte| byte == b':').ok_or(Error::Invalid)?;
    let (name, content) = (&value[..colon], &value[colon + 1..]);
    if is_int || content.is_empty() || !name.starts_with(b"X-") || name.len() > 255 {
        return Err(Error::Invalid);
    }
    options.metadata.entry(name.to_vec()).or_insert_with(|| content.to_vec());
    Ok(())
}
