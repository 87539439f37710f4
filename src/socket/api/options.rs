//! The options of a socket, by name and with types.
//!
//! One row an option; what they do is up to the layers below. What has no row can be set by number.
#![forbid(unsafe_code)]

use super::Socket;
use crate::error::{Error, Result};
use crate::options::{ids, millis, CurveKey, SecurityMechanism};
use std::time::Duration;

/// Longest value that is asked for at once.
const TEXT: usize = 256;
/// Longest value there is.
const LONG_TEXT: usize = 64 * 1024;

impl Socket {
    /// Sets any option by its number in `zmq.h`. The value is what C programs pass: numbers in native byte order, of their
    /// exact size.
    ///
    /// ```
    /// # use zeroxide::{Context, SocketType};
    /// # fn main() -> zeroxide::Result<()> {
    /// # let socket = Context::new()?.socket(SocketType::Push)?;
    /// const ZMQ_SNDHWM: i32 = 23;
    /// socket.set_option(ZMQ_SNDHWM, &10i32.to_ne_bytes())?;
    /// assert_eq!(socket.send_hwm()?, 10);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_option(&self, id: i32, value: &[u8]) -> Result<()> {
        self.raw.with(|core| core.set_option(id, value))
    }

    /// Reads any option by its number in `zmq.h`, and returns how long the value is. Numbers want a buffer of their exact size.
    pub fn option(&self, id: i32, value: &mut [u8]) -> Result<usize> {
        self.raw.with(|core| core.option(id, value))
    }

    pub(super) fn int_option(&self, id: i32) -> Result<i32> {
        let mut value = [0; 4];
        self.option(id, &mut value)?;
        Ok(i32::from_ne_bytes(value))
    }

    fn set_int_option(&self, id: i32, value: i32) -> Result<()> {
        self.set_option(id, &value.to_ne_bytes())
    }

    pub(super) fn bytes_option(&self, id: i32) -> Result<Vec<u8>> {
        let mut value = vec![0; TEXT];
        let len = self.option(id, &mut value).or_else(|_| {
            value.resize(LONG_TEXT, 0);
            self.option(id, &mut value)
        })?;
        value.truncate(len);
        Ok(value)
    }

    pub(super) fn text_option(&self, id: i32) -> Result<String> {
        let mut value = self.bytes_option(id)?;
        if value.last() == Some(&0) {
            value.pop();
        }
        String::from_utf8(value).map_err(|_| Error::Invalid)
    }

    fn set_text_option(&self, id: i32, value: &str) -> Result<()> {
        match value.is_empty() {
            true => self.raw.with(|core| core.clear_option(id)),
            false => self.set_option(id, value.as_bytes()),
        }
    }
}

/// A time as the options have it: whole milliseconds, rounded up, and at most some 24 days.
fn to_millis(time: Duration) -> i32 {
    i32::try_from(time.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
}

/// Rows of options: what kind of value, how it is read and set, its number.
macro_rules! options {
    ($($kind:ident #$doc:tt $([$get:ident])? $($set:ident)? = $id:ident;)*) => {
        impl Socket {
            $(
                $(options!(@get $kind #$doc $get $id);)?
                $(options!(@set $kind #$doc $set $id);)?
            )*
        }
    };
    (@get int #$doc:tt $name:ident $id:ident) => {
        #$doc
        pub fn $name(&self) -> Result<i32> {
            self.int_option(ids::$id)
        }
    };
    (@set int #$doc:tt $name:ident $id:ident) => {
        #$doc
        pub fn $name(&self, value: i32) -> Result<()> {
            self.set_int_option(ids::$id, value)
        }
    };
    (@get switch #$doc:tt $name:ident $id:ident) => {
        #$doc
        pub fn $name(&self) -> Result<bool> {
            self.int_option(ids::$id).map(|value| value != 0)
        }
    };
    (@set switch #$doc:tt $name:ident $id:ident) => {
        #$doc
        pub fn $name(&self, on: bool) -> Result<()> {
            self.set_int_option(ids::$id, on.into())
        }
    };
    (@get time #$doc:tt $name:ident $id:ident) => {
        #$doc
        pub fn $name(&self) -> Result<Duration> {
            self.int_option(ids::$id).map(|value| millis(value).unwrap_or_default())
        }
    };
    (@set time #$doc:tt $name:ident $id:ident) => {
        #$doc
        pub fn $name(&self, time: Duration) -> Result<()> {
            self.set_int_option(ids::$id, to_millis(time))
        }
    };
    (@get limit #$doc:tt $name:ident $id:ident) => {
        #$doc
        pub fn $name(&self) -> Result<Option<Duration>> {
            self.int_option(ids::$id).map(millis)
        }
    };
    (@set limit #$doc:tt $name:ident $id:ident) => {
        #$doc
        pub fn $name(&self, time: Option<Duration>) -> Result<()> {
            self.set_int_option(ids::$id, time.map_or(-1, to_millis))
        }
    };
    (@get text #$doc:tt $name:ident $id:ident) => {
        #$doc
        pub fn $name(&self) -> Result<String> {
            self.text_option(ids::$id)
        }
    };
    (@set text #$doc:tt $name:ident $id:ident) => {
        #$doc
        pub fn $name(&self, value: &str) -> Result<()> {
            self.set_text_option(ids::$id, value)
        }
    };
    (@get bytes #$doc:tt $name:ident $id:ident) => {
        #$doc
        pub fn $name(&self) -> Result<Vec<u8>> {
            self.bytes_option(ids::$id)
        }
    };
    (@set bytes #$doc:tt $name:ident $id:ident) => {
        #$doc
        pub fn $name(&self, value: impl AsRef<[u8]>) -> Result<()> {
            self.set_option(ids::$id, value.as_ref())
        }
    };
}

options! {
    // Limits and times of calls.
    int /// How many messages may wait to be sent to one peer (1000); 0 lifts the limit.
        [send_hwm] set_send_hwm = SNDHWM;
    int /// How many messages of one peer may wait to be received (1000); 0 lifts the limit.
        [recv_hwm] set_recv_hwm = RCVHWM;
    limit /// How long a send waits before it fails with [`Error::Again`]; `None` (the default) is for ever.
        [send_timeout] set_send_timeout = SNDTIMEO;
    limit /// How long a receive waits before it fails with [`Error::Again`]; `None` (the default) is for ever.
        [recv_timeout] set_recv_timeout = RCVTIMEO;
    limit /// How long what was sent is still delivered after the socket is closed; `None` (the default of most types) is for ever.
        [linger] set_linger = LINGER;
    switch /// Messages are queued for established connections only; else as soon as `connect` is called.
        [immediate] set_immediate = IMMEDIATE;
    switch /// Only the last message is kept. Not for multipart messages.
        [conflate] set_conflate = CONFLATE;

    // Who it is, and whom it talks to.
    bytes /// What ROUTER peers call this socket: up to 255 bytes, the first of them not zero. Set it before connecting.
        [routing_id] set_routing_id = ROUTING_ID;
    bytes /// For ROUTER and STREAM: what the peer of the next `connect` is called.
        set_connect_routing_id = CONNECT_ROUTING_ID;
    switch /// For ROUTER: to send to a peer that is not there is [`Error::HostUnreachable`]; else such messages are dropped.
        set_router_mandatory = ROUTER_MANDATORY;
    switch /// For ROUTER: who comes with the routing id of another peer takes its place; else it is turned away.
        set_router_handover = ROUTER_HANDOVER;
    switch /// For REQ, DEALER and ROUTER: greets each new peer with an empty message, so that a ROUTER knows of it.
        set_probe_router = PROBE_ROUTER;
    switch /// For REQ: a reply has to match its request.
        set_req_correlate = REQ_CORRELATE;
    switch /// For REQ: a new request may be sent before the reply to the last one came.
        set_req_relaxed = REQ_RELAXED;
    switch /// For STREAM: empty messages tell of each connection made and lost (the default).
        set_stream_notify = STREAM_NOTIFY;

    // Publishing.
    switch /// For XPUB: all subscriptions are received, not only new ones.
        set_xpub_verbose = XPUB_VERBOSE;
    switch /// For XPUB: all subscriptions and all their ends are received.
        set_xpub_verboser = XPUB_VERBOSER;
    switch /// For XPUB and PUB: to send fails with [`Error::Again`] or waits while a subscriber is full; else that one misses the message.
        set_xpub_nodrop = XPUB_NODROP;
    switch /// For XPUB: subscriptions are not obeyed by themselves.
        set_xpub_manual = XPUB_MANUAL;
    bytes /// For XPUB: the first message that each new subscriber gets.
        set_xpub_welcome_message = XPUB_WELCOME_MSG;
    switch /// For PUB, XPUB and SUB: messages match that do *not* begin with a subscribed prefix.
        [invert_matching] set_invert_matching = INVERT_MATCHING;

    // Connections.
    limit /// How long to wait before a lost connection is made again (100 ms); `None` and zero are never.
        [reconnect_interval] set_reconnect_interval = RECONNECT_IVL;
    time /// The wait doubles with each failure up to this; zero (the default) keeps it as it is.
        [reconnect_interval_max] set_reconnect_interval_max = RECONNECT_IVL_MAX;
    time /// How long connecting may take; zero (the default) leaves it to the system.
        [connect_timeout] set_connect_timeout = CONNECT_TIMEOUT;
    time /// How long a handshake may take (30 s); zero lifts the limit.
        [handshake_interval] set_handshake_interval = HANDSHAKE_IVL;
    time /// How often the peer is asked for a sign of life; zero (the default) is never.
        [heartbeat_interval] set_heartbeat_interval = HEARTBEAT_IVL;
    time /// How long to wait for it; as long as the interval, if not set.
        [heartbeat_timeout] set_heartbeat_timeout = HEARTBEAT_TIMEOUT;
    time /// When the *peer* gives this side up if it hears nothing; zero (the default) is never.
        [heartbeat_ttl] set_heartbeat_ttl = HEARTBEAT_TTL;
    int /// How many connections may wait to be accepted (100).
        [backlog] set_backlog = BACKLOG;
    switch /// Addresses may be IPv6.
        [ipv6] set_ipv6 = IPV6;
    int /// The system's buffer for what is sent, in bytes; -1 (the default) leaves it alone.
        [send_buffer] set_send_buffer = SNDBUF;
    int /// The system's buffer for what is received, in bytes; -1 (the default) leaves it alone.
        [recv_buffer] set_recv_buffer = RCVBUF;
    int /// The type of service of IP packets.
        [type_of_service] set_type_of_service = TOS;
    int /// TCP keep-alives: 1 on, 0 off, -1 (the default) as the system has it.
        [tcp_keepalive] set_tcp_keepalive = TCP_KEEPALIVE;
    int /// After how many lost keep-alives a connection is lost; -1 as the system has it.
        [tcp_keepalive_count] set_tcp_keepalive_count = TCP_KEEPALIVE_CNT;
    int /// After how many quiet seconds keep-alives are sent; -1 as the system has it.
        [tcp_keepalive_idle] set_tcp_keepalive_idle = TCP_KEEPALIVE_IDLE;
    int /// How many seconds are between keep-alives; -1 as the system has it.
        [tcp_keepalive_interval] set_tcp_keepalive_interval = TCP_KEEPALIVE_INTVL;
    time /// How long sent bytes may go without an acknowledgement; zero (the default) as the system has it.
        [tcp_max_retransmit_timeout] set_tcp_max_retransmit_timeout = TCP_MAXRT;
    text /// `host:port` of a SOCKS5 proxy to connect through; empty for none.
        [socks_proxy] set_socks_proxy = SOCKS_PROXY;
    text /// The name for that proxy.
        [socks_username] set_socks_username = SOCKS_USERNAME;
    text /// The password for that proxy.
        [socks_password] set_socks_password = SOCKS_PASSWORD;
    text /// The network interface that connections are bound to.
        [bind_to_device] set_bind_to_device = BINDTODEVICE;

    // Security.
    text /// The domain that a ZAP handler is told of.
        [zap_domain] set_zap_domain = ZAP_DOMAIN;
    switch /// This side checks names and passwords.
        [plain_server] set_plain_server = PLAIN_SERVER;
    text /// The name that is shown to a PLAIN server.
        [plain_username] set_plain_username = PLAIN_USERNAME;
    text /// The password that is shown to a PLAIN server.
        [plain_password] set_plain_password = PLAIN_PASSWORD;
    switch /// This side is the CURVE server: it has a well-known key.
        [curve_server] set_curve_server = CURVE_SERVER;
}

impl Socket {
    /// I/O threads that may serve the connections of this socket, one bit each; 0 (the default) for all.
    pub fn affinity(&self) -> Result<u64> {
        let mut value = [0; 8];
        self.option(ids::AFFINITY, &mut value)?;
        Ok(u64::from_ne_bytes(value))
    }

    /// Sets which I/O threads may serve connections made from now on.
    pub fn set_affinity(&self, threads: u64) -> Result<()> {
        self.set_option(ids::AFFINITY, &threads.to_ne_bytes())
    }

    /// How large a received message may be, in bytes; `None` (the default) is without limit.
    pub fn max_message_size(&self) -> Result<Option<u64>> {
        let mut value = [0; 8];
        self.option(ids::MAXMSGSIZE, &mut value)?;
        Ok(u64::try_from(i64::from_ne_bytes(value)).ok())
    }

    /// Sets it. Who sends a larger message is disconnected.
    pub fn set_max_message_size(&self, size: Option<u64>) -> Result<()> {
        let size = size.map_or(-1, |size| i64::try_from(size).unwrap_or(i64::MAX));
        self.set_option(ids::MAXMSGSIZE, &size.to_ne_bytes())
    }

    /// How peers prove who they are.
    pub fn mechanism(&self) -> Result<SecurityMechanism> {
        let all = [SecurityMechanism::Null, SecurityMechanism::Plain, SecurityMechanism::Curve];
        let number = self.int_option(ids::MECHANISM)?;
        all.into_iter().find(|known| *known as i32 == number).ok_or(Error::NotSupported)
    }

    /// This side's secret key for CURVE.
    pub fn set_curve_secret_key(&self, key: &CurveKey) -> Result<()> {
        self.set_option(ids::CURVE_SECRETKEY, key)
    }

    /// This side's public key for CURVE.
    pub fn set_curve_public_key(&self, key: &CurveKey) -> Result<()> {
        self.set_option(ids::CURVE_PUBLICKEY, key)
    }

    /// The public key of the CURVE server to be connected to.
    pub fn set_curve_server_key(&self, key: &CurveKey) -> Result<()> {
        self.set_option(ids::CURVE_SERVERKEY, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_up_and_never_negative() {
        let table = [
            (Duration::ZERO, 0),
            (Duration::from_nanos(1_001), 1),
            (Duration::from_millis(1), 1),
            (Duration::from_micros(1_001), 2),
            (Duration::from_secs(1), 1000),
            (Duration::MAX, i32::MAX),
        ];
        for (time, value) in table {
            assert_eq!(to_millis(time), value, "{time:?}");
        }
    }
}
