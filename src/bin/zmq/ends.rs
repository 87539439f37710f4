//! A socket as the options describe it: opened, used with a limit to every wait, and ended so that nothing that was sent is
//! lost.
#![forbid(unsafe_code)]

use crate::cli::{EndpointArgs, SocketArgs};
use crate::failure::{say, Failure, Outcome};
use crate::peers::Peers;
use crate::stop::Stop;
use crate::zap;
use std::cell::Cell;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};
use zeroxide::{Context, Error, Events, Multipart, PollItem, Socket, SocketType};

/// What is undelivered after an error or a signal has this long.
const GRACE: Duration = Duration::from_millis(500);
/// What cannot be waited for is looked at so often.
const LOOK: Duration = Duration::from_millis(2);
/// After this, a person is told what takes so long.
const PATIENCE: Duration = Duration::from_secs(1);

pub struct Ends {
    pub context: Context,
    pub socket: Socket,
    pub stop: Stop,
    timeout: Option<Duration>,
    linger: Option<Duration>,
    peers: Option<Peers>,
    /// Something was sent to a peer that may not be there yet.
    sent: Cell<bool>,
}

impl Ends {
    /// Makes the socket, lets `configure` set what is special about it, and binds and connects it.
    pub fn open(
        args: &SocketArgs,
        socket_type: SocketType,
        configure: impl FnOnce(&Socket) -> zeroxide::Result<()>,
    ) -> Result<Self, Failure> {
        let mut ends = Self::unattached(args, socket_type, configure)?;
        ends.peers = Peers::of(&ends.socket, args)?;
        ends.attach(args)?;
        Ok(ends)
    }

    /// The same without endpoints: see [`Ends::attach`].
    pub fn unattached(
        args: &SocketArgs,
        socket_type: SocketType,
        configure: impl FnOnce(&Socket) -> zeroxide::Result<()>,
    ) -> Result<Self, Failure> {
        let stop = Stop::new()?;
        let (context, socket) = make(socket_type)?;
        set(&socket, args).and_then(|()| configure(&socket)).map_err(|error| {
            Failure::of(error, format!("cannot set the options of the {socket_type} socket"))
        })?;
        zap::secure(&socket, &args.security)?;
        let linger = args.linger.or(args.timeout);
        Ok(Self {
            context,
            socket,
            stop,
            timeout: args.timeout,
            linger,
            peers: None,
            sent: Cell::new(false),
        })
    }

    pub fn attach(&self, args: &SocketArgs) -> Outcome {
        attach(&self.socket, &args.endpoints, args.verbose)
    }

    /// Sends all parts of a message, as soon as somebody can take it.
    pub fn send(&self, message: &Multipart) -> Outcome {
        let deadline = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut again = false;
        loop {
            match self.socket.try_send_multipart(message) {
                Ok(()) => {
                    // Without subscribers, what is published is gone.
                    self.sent.set(self.socket.socket_type() != SocketType::XPub);
                    return Ok(());
                }
                // A socket may be writable for some peers, and refuse for the others.
                Err(Error::Again) if !again => {}
                Err(Error::Again | Error::HostUnreachable) => self.stop.pause(LOOK)?,
                Err(Error::Interrupted) => continue,
                Err(error) => return Err(Failure::of(error, "cannot send")),
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if !self.wait(Events::OUT, left)? || left == Some(Duration::ZERO) {
                return Err(self.too_late("nobody could take a message"));
            }
            again = true;
        }
    }

    /// Receives a message. `idle` is called before it is waited for.
    pub fn recv(&self, mut idle: impl FnMut() -> Outcome) -> Result<Multipart, Failure> {
        loop {
            match self.socket.try_recv_multipart() {
                Ok(message) => return Ok(message),
                Err(Error::Again) => {}
                Err(Error::Interrupted) => continue,
                Err(error) => return Err(Failure::of(error, "cannot receive")),
            }
            idle()?;
            if !self.wait(Events::IN, self.timeout)? {
                return Err(self.too_late("no message came"));
            }
        }
    }

    /// Waits for the socket. False if the time is over.
    fn wait(&self, events: Events, limit: Option<Duration>) -> Result<bool, Failure> {
        let Some(peers) = &self.peers else {
            return self.stop.wait_for(&self.socket, events, limit);
        };
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        loop {
            peers.look()?;
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let items = [self.socket.poll_item(events), peers.socket().poll_item(Events::IN)];
            match self.stop.wait(items, left)? {
                [true, _] => return Ok(true),
                [false, true] => {}
                [false, false] => return Ok(false),
            }
        }
    }

    pub fn too_late(&self, what: &str) -> Failure {
        let hint = self.peers.as_ref().map(Peers::hint).unwrap_or_default();
        Failure::Timeout(format!("{what} within {:?}{hint}", self.timeout.unwrap_or_default()))
    }

    /// Closes the socket and waits until what was sent is delivered: not as long if the work did not go well.
    pub fn finish(self, result: Outcome) -> Outcome {
        let limit = match &result {
            Ok(()) => self.linger,
            Err(_) if self.socket.socket_type() == SocketType::Req => Some(Duration::ZERO),
            Err(_) => Some(self.linger.map_or(GRACE, |linger| linger.min(GRACE))),
        };
        self.stop.forget();
        let started = Instant::now();
        // A peer that turns this end away takes nothing, which nobody would hear of later.
        let result = match (result, &self.peers) {
            (Ok(()), Some(peers)) if self.sent.get() => peers.meet(&self.stop, limit),
            (result, _) => result,
        };
        let left = limit.map(|limit| limit.saturating_sub(started.elapsed()));
        let hint = self.peers.as_ref().map(Peers::hint).unwrap_or_default();
        drop(self.peers);
        drop(self.socket);
        let delivered = end(self.context, &self.stop, left);
        result?;
        match delivered? {
            true => Ok(()),
            false => {
                let limit = limit.unwrap_or_default();
                Err(Failure::Timeout(format!("not all was delivered within {limit:?}{hint}")))
            }
        }
    }
}

/// Waits until a context without sockets has delivered what they sent. False if the time is over.
pub fn end(context: Context, stop: &Stop, limit: Option<Duration>) -> Result<bool, Failure> {
    let failed = |error| Failure::of_io(&error, "cannot wait for the end");
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    let wait = move || {
        while context.terminate() == Err(Error::Interrupted) {}
        drop(theirs);
    };
    thread::Builder::new().spawn(wait).map_err(failed)?;
    let over = |limit| -> Result<bool, Failure> {
        let item = PollItem::of_descriptor(ours.as_fd(), Events::IN);
        stop.wait([item], limit).map(|[over]| over)
    };
    let first = limit.map_or(PATIENCE, |limit| limit.min(PATIENCE));
    if over(Some(first))? {
        return Ok(true);
    }
    if limit.is_none() && std::io::stderr().is_terminal() {
        say("waiting until everything is delivered; Ctrl-C gives up");
    }
    match limit.map(|limit| limit.saturating_sub(first)) {
        Some(Duration::ZERO) => Ok(false),
        rest => over(rest),
    }
}

/// A context with a socket that keeps what it sent for as long as somebody waits for [`end`].
pub fn make(socket_type: SocketType) -> Result<(Context, Socket), Failure> {
    let failed = |error| Failure::of(error, "cannot make a socket");
    let context = Context::new().map_err(failed)?;
    let socket = context.socket(socket_type).map_err(failed)?;
    socket.set_linger(None).map_err(failed)?;
    Ok((context, socket))
}

fn set(socket: &Socket, args: &SocketArgs) -> zeroxide::Result<()> {
    if let Some(hwm) = args.hwm {
        socket.set_send_hwm(hwm)?;
        socket.set_recv_hwm(hwm)?;
    }
    if let Some(name) = &args.routing_id {
        socket.set_routing_id(name)?;
    }
    socket.set_ipv6(args.ipv6)
}

fn attach(socket: &Socket, endpoints: &EndpointArgs, verbose: bool) -> Outcome {
    bind(socket, &endpoints.bind, verbose)?;
    connect(socket, &endpoints.connect, verbose)
}

pub fn bind(socket: &Socket, endpoints: &[String], verbose: bool) -> Outcome {
    for endpoint in endpoints {
        let bound = socket.bind(endpoint).and_then(|()| socket.last_endpoint());
        let bound = bound.map_err(|error| wrong_endpoint(error, "cannot bind to", endpoint))?;
        if verbose {
            say(&format!("{} is bound to {bound}", socket.socket_type()));
        }
    }
    Ok(())
}

pub fn connect(socket: &Socket, endpoints: &[String], verbose: bool) -> Outcome {
    for endpoint in endpoints {
        let connected = socket.connect(endpoint);
        connected.map_err(|error| wrong_endpoint(error, "cannot connect to", endpoint))?;
        if verbose {
            say(&format!("{} connects to {endpoint}", socket.socket_type()));
        }
    }
    Ok(())
}

fn wrong_endpoint(error: Error, doing: &str, endpoint: &str) -> Failure {
    match error {
        Error::Invalid => Failure::Usage(format!("{doing} {endpoint}: this is no such address")),
        error => Failure::of(error, format!("{doing} {endpoint}")),
    }
}
