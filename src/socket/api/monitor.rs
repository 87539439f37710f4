//! What happens to a socket's connections, as values.
#![forbid(unsafe_code)]

use super::{Context, Flags, Socket};
use crate::error::{Error, Result};
use crate::message::Message;
use crate::options::{ids, SocketType};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum EventKind {
    /// A connection was made; the value is its descriptor.
    Connected = ids::EVENT_CONNECTED,
    /// A connection is being made.
    ConnectDelayed = ids::EVENT_CONNECT_DELAYED,
    /// Connecting is tried again; the value is the time until then, in milliseconds.
    ConnectRetried = ids::EVENT_CONNECT_RETRIED,
    /// An endpoint accepts connections; the value is its descriptor.
    Listening = ids::EVENT_LISTENING,
    /// An endpoint could not be bound; the value is the errno. The endpoint is told without its
    /// scheme.
    BindFailed = ids::EVENT_BIND_FAILED,
    /// A peer has connected; the value is the connection's descriptor.
    Accepted = ids::EVENT_ACCEPTED,
    /// A peer could not be accepted; the value is the errno.
    AcceptFailed = ids::EVENT_ACCEPT_FAILED,
    /// An endpoint or connection was closed; the value is its descriptor.
    Closed = ids::EVENT_CLOSED,
    /// Closing failed; the value is the errno.
    CloseFailed = ids::EVENT_CLOSE_FAILED,
    /// A connection was lost; the value was its descriptor.
    Disconnected = ids::EVENT_DISCONNECTED,
    /// There are no more events: the socket was closed or got another monitor.
    MonitorStopped = ids::EVENT_MONITOR_STOPPED,
    /// A handshake failed; the value is the errno.
    HandshakeFailedNoDetail = ids::EVENT_HANDSHAKE_FAILED_NO_DETAIL,
    /// A handshake is over, and messages can flow.
    HandshakeSucceeded = ids::EVENT_HANDSHAKE_SUCCEEDED,
    /// The peer broke the protocol; the value is one of `ZMQ_PROTOCOL_ERROR_*`.
    HandshakeFailedProtocol = ids::EVENT_HANDSHAKE_FAILED_PROTOCOL,
    /// The peer was refused; the value is the status code: 300, 400 or 500.
    HandshakeFailedAuth = ids::EVENT_HANDSHAKE_FAILED_AUTH,
}

impl EventKind {
    const ALL: [EventKind; 15] = [
        Self::Connected,
        Self::ConnectDelayed,
        Self::ConnectRetried,
        Self::Listening,
        Self::BindFailed,
        Self::Accepted,
        Self::AcceptFailed,
        Self::Closed,
        Self::CloseFailed,
        Self::Disconnected,
        Self::MonitorStopped,
        Self::HandshakeFailedNoDetail,
        Self::HandshakeSucceeded,
        Self::HandshakeFailedProtocol,
        Self::HandshakeFailedAuth,
    ];

    /// Its name in `zmq.h`, without the prefix.
    ///
    /// ```
    /// assert_eq!(zeroxide::EventKind::ConnectRetried.name(), "CONNECT_RETRIED");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Connected => "CONNECTED",
            Self::ConnectDelayed => "CONNECT_DELAYED",
            Self::ConnectRetried => "CONNECT_RETRIED",
            Self::Listening => "LISTENING",
            Self::BindFailed => "BIND_FAILED",
            Self::Accepted => "ACCEPTED",
            Self::AcceptFailed => "ACCEPT_FAILED",
            Self::Closed => "CLOSED",
            Self::CloseFailed => "CLOSE_FAILED",
            Self::Disconnected => "DISCONNECTED",
            Self::MonitorStopped => "MONITOR_STOPPED",
            Self::HandshakeFailedNoDetail => "HANDSHAKE_FAILED_NO_DETAIL",
            Self::HandshakeSucceeded => "HANDSHAKE_SUCCEEDED",
            Self::HandshakeFailedProtocol => "HANDSHAKE_FAILED_PROTOCOL",
            Self::HandshakeFailedAuth => "HANDSHAKE_FAILED_AUTH",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something that happened to an endpoint or a connection of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it was.
    pub kind: EventKind,
    /// More about it; see [`EventKind`].
    pub value: i32,
    /// Where; empty for [`EventKind::MonitorStopped`].
    pub endpoint: String,
}

impl Event {
    /// From the two parts of the message in which it came.
    fn parse(head: &Message, endpoint: &Message) -> Option<Self> {
        let (id, value) = head.split_first_chunk::<2>()?;
        let id = i32::from(u16::from_ne_bytes(*id));
        Some(Self {
            kind: EventKind::ALL.into_iter().find(|kind| *kind as i32 == id)?,
            value: i32::from_ne_bytes(value.try_into().ok()?),
            endpoint: endpoint.to_text().into_owned(),
        })
    }
}

/// Receives the events of a socket, in the order in which they happened to each connection.
///
/// As an iterator it waits for each event, and ends after [`EventKind::MonitorStopped`] or with the context.
/// Who does not keep up loses events: nothing waits for a monitor.
///
/// ```
/// use zeroxide::{Context, EventKind, SocketType};
///
/// # fn main() -> zeroxide::Result<()> {
/// let context = Context::new()?;
/// let socket = context.socket(SocketType::Rep)?;
/// let monitor = socket.monitor()?;
/// socket.bind("tcp://127.0.0.1:*")?;
/// let event = monitor.recv()?;
/// assert_eq!(event.kind, EventKind::Listening);
/// assert_eq!(event.endpoint, socket.last_endpoint()?);
/// drop(socket);
/// assert_eq!(monitor.map(|event| event.kind).last(), Some(EventKind::MonitorStopped));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Monitor {
    pair: Socket,
    stopped: bool,
}

impl Monitor {
    /// Waits for the next event.
    pub fn recv(&self) -> Result<Event> {
        self.take(Flags::NONE)
    }

    /// The next event if there is one, else [`Error::Again`].
    pub fn try_recv(&self) -> Result<Event> {
        self.take(Flags::DONT_WAIT)
    }

    /// Waits for the next event, but not longer than this: then it fails with [`Error::Again`].
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Event> {
        match self.pair.poll(super::Events::IN, Some(timeout))?.is_readable() {
            true => self.try_recv(),
            false => Err(Error::Again),
        }
    }

    /// The socket that the events come through, to be polled.
    pub fn socket(&self) -> &Socket {
        &self.pair
    }

    fn take(&self, flags: Flags) -> Result<Event> {
        let head = self.pair.recv_with(flags)?;
        let endpoint = if head.more() { self.pair.recv()? } else { Message::new() };
        Event::parse(&head, &endpoint).ok_or(Error::Protocol)
    }
}

impl Iterator for Monitor {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if self.stopped {
            return None;
        }
        let event = loop {
            match self.recv() {
                Err(Error::Interrupted) => {}
                result => break result.ok(),
            }
        };
        self.stopped = event.as_ref().is_none_or(|event| event.kind == EventKind::MonitorStopped);
        event
    }
}

impl Socket {
    /// Tells of everything that happens to this socket's connections from now on.
    ///
    /// A socket has one monitor at a time; a second one ends the first.
    pub fn monitor(&self) -> Result<Monitor> {
        self.monitor_some(&EventKind::ALL)
    }

    /// As [`Socket::monitor`], but tells of these kinds of events only.
    pub fn monitor_some(&self, kinds: &[EventKind]) -> Result<Monitor> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let address = format!("inproc://zeroxide.monitor.{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mask = kinds.iter().fold(0, |mask, kind| mask | *kind as i32);
        self.raw.with(|core| core.monitor(Some(&address), mask))?;
        let pair = connect(self.context(), &address);
        if pair.is_err() {
            let _ = self.raw.with(|core| core.monitor(None, 0));
        }
        Ok(Monitor { pair: pair?, stopped: false })
    }
}

fn connect(context: &Context, address: &str) -> Result<Socket> {
    let pair = context.socket(SocketType::Pair)?;
    pair.set_linger(Some(Duration::ZERO))?;
    pair.connect(address)?;
    Ok(pair)
}
