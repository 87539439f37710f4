//! What becomes of the connections of a socket: a peer that turns this end away, or that is none, is an error that is
//! told at once, and not a message that never comes.
#![forbid(unsafe_code)]

use crate::cli::SocketArgs;
use crate::failure::{say, Failure, Outcome};
use crate::stop::Stop;
use std::cell::Cell;
use std::time::{Duration, Instant};
use zeroxide::{Error, Event, EventKind, Events, Monitor, Socket};

/// Peers of old versions shake no hands: who is connected for so long is one.
const HANDSHAKE: Duration = Duration::from_secs(1);
const BROKEN: &str =
    "closes connections at once: it may want other security, or another type of socket";

/// The status of RFC 27 for who cannot decide now.
const TEMPORARY: i32 = 300;
/// `ZMQ_PROTOCOL_ERROR_ZMTP_...` of `zmq.h`.
const CRYPTOGRAPHIC: i32 = 0x1100_0001;
const MECHANISM_MISMATCH: i32 = 0x1100_0002;

pub struct Peers {
    monitor: Monitor,
    verbose: bool,
    /// This end only connects: to be turned away ends it.
    strict: bool,
    /// It will not wait for ever.
    limited: bool,
    /// A peer was found good.
    met: Cell<bool>,
    connected: Cell<Option<Instant>>,
    /// Connections that were closed before their handshake was over.
    broken: Cell<u32>,
}

impl Peers {
    /// Of a socket that has no endpoints yet. None where there is nothing to be told.
    pub fn of(socket: &Socket, args: &SocketArgs) -> Result<Option<Self>, Failure> {
        let strict = args.endpoints.bind.is_empty();
        if !strict && !args.verbose {
            return Ok(None);
        }
        let monitor = socket.monitor();
        let monitor = monitor.map_err(|error| Failure::of(error, "cannot watch the socket"))?;
        Ok(Some(Self {
            monitor,
            verbose: args.verbose,
            strict,
            limited: args.timeout.is_some(),
            met: Cell::new(false),
            connected: Cell::new(None),
            broken: Cell::new(0),
        }))
    }

    /// To be waited for: then there is something to be looked at.
    pub fn socket(&self) -> &Socket {
        self.monitor.socket()
    }

    /// Fails if a peer has turned this end away.
    pub fn look(&self) -> Outcome {
        loop {
            match self.monitor.try_recv() {
                Ok(event) => self.learn(&event)?,
                Err(Error::Interrupted) => {}
                Err(_) => return Ok(()),
            }
        }
    }

    /// Why nothing came or went.
    pub fn hint(&self) -> String {
        let state = (self.strict, self.met.get(), self.broken.get(), self.connected.get());
        let why = match state {
            (false, ..) | (_, true, ..) => return String::new(),
            (.., 0, None) => "is not there",
            (.., 0, Some(_)) => "says nothing, and may be no ZeroMQ peer",
            _ => BROKEN,
        };
        format!("; the other end {why}")
    }

    /// Waits until there was a peer, for an end that only connects.
    pub fn meet(&self, stop: &Stop, limit: Option<Duration>) -> Outcome {
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        loop {
            self.look()?;
            let now = Instant::now();
            let old = self.connected.get().is_some_and(|since| now - since > HANDSHAKE);
            if self.met.get() || old || !self.strict || deadline.is_some_and(|end| now >= end) {
                return Ok(());
            }
            let left = deadline.map_or(HANDSHAKE, |end| (end - now).min(HANDSHAKE));
            stop.wait_for(self.socket(), Events::IN, Some(left))?;
        }
    }

    fn learn(&self, event: &Event) -> Outcome {
        use EventKind::*;
        let Event { kind, value, endpoint } = event;
        match kind {
            Connected => self.connected.set(Some(Instant::now())),
            Disconnected | Closed => self.connected.set(None),
            HandshakeSucceeded => self.met.set(true),
            HandshakeFailedNoDetail => {
                self.broken.set(self.broken.get().saturating_add(1));
                // Once may be chance. With a limit, it is told when that is reached.
                if self.strict && !self.limited && self.broken.get() == 2 {
                    say(&format!("{endpoint} {BROKEN}"));
                }
            }
            _ => {}
        }
        let trouble = match kind {
            // It is tried again.
            HandshakeFailedAuth if *value == TEMPORARY => {
                say(&format!("{endpoint} does not accept anybody for now (status {value})"));
                return Ok(());
            }
            HandshakeFailedAuth => format!("{endpoint} does not accept this end (status {value})"),
            HandshakeFailedProtocol if *value == MECHANISM_MISMATCH => {
                format!("{endpoint} does not use the same security")
            }
            HandshakeFailedProtocol if *value == CRYPTOGRAPHIC => {
                format!("{endpoint} has another key than the one given")
            }
            HandshakeFailedProtocol => {
                format!("{endpoint} is no peer for this socket (protocol error {value:#x})")
            }
            _ if self.verbose => {
                self.tell(event);
                return Ok(());
            }
            _ => return Ok(()),
        };
        match self.strict {
            true => Err(Failure::Error(trouble)),
            false => {
                say(&trouble);
                Ok(())
            }
        }
    }

    fn tell(&self, event: &Event) {
        use EventKind::*;
        let what = match event.kind {
            Connected => "is connected",
            Accepted => "has a connection",
            HandshakeSucceeded => "has a peer",
            Disconnected => "has lost a connection",
            HandshakeFailedNoDetail => "has lost a connection before it was one",
            ConnectRetried => "is tried again",
            _ => return,
        };
        say(&format!("{} {what}", event.endpoint));
    }
}
