//! What a session asks of the I/O thread that it runs on.
#![forbid(unsafe_code)]

use crate::transport::{Endpoint, TransportOptions};
use std::os::fd::RawFd;
use std::time::Duration;

/// The clocks of a session; each runs once at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Timer {
    Handshake,
    /// A connection attempt takes too long.
    Connect,
    /// Time to try again.
    Reconnect,
    /// Time for a PING.
    Heartbeat,
    /// No answer to a PING.
    HeartbeatTimeout,
    /// The peer promised to be heard of by now.
    HeartbeatTtl,
    Linger,
    /// A sender in a burst may have gone quiet.
    Watch,
    /// A thread that claimed the receive half may have forgotten it.
    Claim,
}

impl Timer {
    /// All of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Handshake,
        Self::Connect,
        Self::Reconnect,
        Self::Heartbeat,
        Self::HeartbeatTimeout,
        Self::HeartbeatTtl,
        Self::Linger,
        Self::Watch,
        Self::Claim,
    ];
}

/// What is to be done with a descriptor.
#[derive(Clone, Copy)]
pub(crate) struct Ready {
    pub(crate) readable: bool,
    /// The peer sends no more, or there is an error: what is read comes to an end.
    pub(crate) ended: bool,
    pub(crate) writable: bool,
}

/// The I/O thread, as the session that it is running sees it.
pub(crate) trait Reactor {
    /// Tells from now on when `fd` becomes readable or writable, as far as asked for. Asking again tells of
    /// what is ready already. False if the system would not.
    fn watch(&mut self, fd: RawFd, readable: bool, writable: bool) -> bool;

    /// The same for a descriptor that it does not know yet.
    fn watch_new(&mut self, fd: RawFd, readable: bool, writable: bool) -> bool;

    /// Stops telling. To be called before the descriptor is closed.
    fn unwatch(&mut self, fd: RawFd);

    /// Starts a clock, or starts it anew.
    fn set_timer(&mut self, timer: Timer, after: Duration);

    fn cancel_timer(&mut self, timer: Timer);

    /// How long the thread's last turn took, from one sleep to the next.
    fn last_turn(&self) -> Duration;

    /// Calls `Session::poked` again once others had their turn.
    fn poke_later(&mut self);

    /// Looks up an endpoint on a thread that may block; ends with `Session::resolved`.
    fn resolve(&mut self, endpoint: Endpoint, options: TransportOptions);
}

/// Wakes an I/O thread for one of its sessions. Any thread may.
pub(crate) trait Waker: Send + Sync {
    /// `Session::poked` is to be called for the session of this number.
    fn poke(&self, session: usize);

    /// How long the thread has had nothing to do: no time while it is at work.
    fn idle(&self) -> Duration;

    /// Stops telling of a descriptor of that session, but for writability if `writable`.
    fn stop_reading(&self, session: usize, fd: RawFd, writable: bool);
}
