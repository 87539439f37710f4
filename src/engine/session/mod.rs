//! One peer's life: connect, handshake, carry messages, reconnect, linger, end.
//!
//! A session runs on one I/O thread and is only ever touched by it; the socket holds its
//! [`SessionHandle`]. It owns one end of the link while there is no connection, and lends it to the
//! connection's halves while there is one.
#![forbid(unsafe_code)]

mod active;
mod connecting;
mod handle;
mod setup;
mod zap;

pub(crate) use handle::SessionHandle;
pub(crate) use setup::limits;

use super::connection::Connection;
use super::handshake::Handshake;
use super::policy::watch::WatchInterval;
use super::reactor::{Reactor, Ready, Timer};
use super::Event;
use crate::link::{Link, LinkEnd, LinkId, Peer, Receiver, Sender};
use crate::options::{ids, millis, Options, SocketType};
use crate::sys::io::Stream;
use crate::transport::socks::Socks5;
use crate::transport::{Connecting, Endpoint, Established, TransportOptions};
use handle::wake;
use std::sync::Arc;

/// The socket, as its sessions see it. Calls come from any thread.
pub(crate) trait Owner: Send + Sync {
    /// Makes a place for a link.
    fn reserve_link(&self) -> (LinkId, Arc<dyn Peer>);

    /// Puts a link in its place.
    fn attach(&self, id: LinkId, link: Link);

    /// The connection behind a link was replaced.
    fn hiccup(&self, id: LinkId);

    fn event(&self, event: Event);

    /// `ZMQ_LINGER`, as it is now.
    fn linger(&self) -> i32;

    /// Gives the far end of a link to the ZAP handler of the context, and returns the handler's socket;
    /// `None` if there is no handler. `asker` is told of the reply.
    fn ask_zap(&self, far: LinkEnd, asker: Arc<dyn Peer>) -> Option<Arc<dyn Peer>>;

    /// A session is over; its handle can be forgotten.
    fn session_ended(&self, handle: &Arc<SessionHandle>);
}

/// What a session needs to know of its socket.
pub(crate) struct Profile {
    pub(crate) owner: Arc<dyn Owner>,
    pub(crate) options: Arc<Options>,
    pub(crate) transport: TransportOptions,
    pub(crate) socket_type: SocketType,
    /// See `Pattern::raw`.
    pub(crate) raw: Option<bool>,
}

/// See the module.
pub(crate) struct Session {
    handle: Arc<SessionHandle>,
    profile: Profile,
    /// Where to connect to; `None` for a connection that was accepted.
    target: Option<Endpoint>,
    link: Option<SessionLink>,
    state: State,
    /// The interval before the next attempt, in milliseconds.
    interval: i32,
    /// The peer went before it named its mechanism: it may have refused ours. Next time it is to go first.
    is_reserved: bool,
    /// There was a connection before: subscriptions have to be sent again.
    reconnected: bool,
    ending: Ending,
    /// The count of reads when an unanswered PING went out.
    pinged_at: Option<u32>,
    ttl_at: u32,
    /// The I/O thread is told when the descriptor takes more.
    blocked: bool,
    /// When to look next at the burst that goes on.
    watch: WatchInterval,
}

/// Whether the socket wants the session to end; what is queued may still go out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    No,
    /// A connection that is lost is made again for what is queued.
    Lingering,
    /// See `ZMQ_RECONNECT_STOP_AFTER_DISCONNECT`.
    WithConnection,
}

struct SessionLink {
    id: LinkId,
    socket: Arc<dyn Peer>,
    /// `None` while the connection's halves have them.
    tx: Option<Sender>,
    rx: Option<Receiver>,
}

enum State {
    /// Accepted, not started yet.
    Accepted(Established),
    /// Waits for a timer, or for nothing any more.
    Idle,
    Resolving,
    Connecting(Connecting),
    Proxying(Box<(Established, Socks5, Vec<u8>)>),
    Handshaking(Box<Shaking>),
    Active(Arc<Connection>),
    Over,
}

/// A handshake, and what it is about.
struct Shaking {
    stream: Stream,
    handshake: Handshake,
    peer_address: String,
    /// The ZAP handler is being asked.
    inquiry: Option<zap::Inquiry>,
}

impl Session {
    /// A session that connects. `link` is there from the start unless `ZMQ_IMMEDIATE` wants it later.
    pub(crate) fn connecter(
        handle: Arc<SessionHandle>,
        profile: Profile,
        target: Endpoint,
        link: Option<(LinkId, Arc<dyn Peer>, LinkEnd)>,
    ) -> Self {
        let link = link.map(|(id, socket, end)| SessionLink {
            id,
            socket,
            tx: Some(end.tx),
            rx: Some(end.rx),
        });
        Self::new(handle, profile, Some(target), link, State::Idle)
    }

    /// A session for a connection that a listener accepted.
    pub(crate) fn accepted(
        handle: Arc<SessionHandle>,
        profile: Profile,
        established: Established,
    ) -> Self {
        Self::new(handle, profile, None, None, State::Accepted(established))
    }

    fn new(
        handle: Arc<SessionHandle>,
        profile: Profile,
        target: Option<Endpoint>,
        link: Option<SessionLink>,
        state: State,
    ) -> Self {
        let interval = profile.options.reconnect_ivl;
        Self {
            handle,
            profile,
            target,
            link,
            state,
            interval,
            is_reserved: false,
            reconnected: false,
            ending: Ending::No,
            pinged_at: None,
            ttl_at: 0,
            blocked: false,
            watch: WatchInterval::new(),
        }
    }

    /// The session is on its I/O thread now, under this number.
    pub(crate) fn start(&mut self, io: &mut dyn Reactor, number: usize) {
        self.handle.settle(number);
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Accepted(established) => self.establish(io, established),
            _ => self.connect(io),
        }
        self.poked(io);
    }

    /// Is there nothing left to do? Then it can be dropped.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Its descriptor is ready.
    pub(crate) fn ready(&mut self, io: &mut dyn Reactor, ready: Ready) {
        match &self.state {
            State::Connecting(_) if ready.writable => self.connected(io),
            State::Proxying(_) => self.proxy(io),
            State::Handshaking(_) => self.shake_hands(io, ready),
            State::Active(_) => {
                if ready.readable {
                    // Readiness is told again when more comes than was there: a read that was not filled is
                    // the last one, unless the end is to be found.
                    self.receive(io, ready.ended);
                }
                if ready.writable {
                    self.transmit(io);
                }
            }
            _ => {}
        }
    }

    /// Somebody woke it.
    pub(crate) fn poked(&mut self, io: &mut dyn Reactor) {
        let wanted = self.handle.take_wanted();
        if wanted & wake::REPEAT != 0 {
            self.start_over();
        }
        if wanted & (wake::RECEIVE | wake::BROKEN) != 0 {
            self.receive(io, true);
        }
        if self.is_over() {
            return;
        }
        if wanted & wake::PING != 0 {
            self.note_ping(io);
        }
        if wanted & wake::ZAP != 0 {
            // What came while it was asked waits in the kernel, and the end may be behind it.
            self.shake_hands(io, Ready { readable: true, ended: true, writable: false });
        }
        if wanted & wake::CLAIMED != 0 {
            io.set_timer(Timer::Claim, self.handle.claim_time());
        }
        if wanted & wake::WATCH != 0 {
            self.watch = WatchInterval::new();
            self.set_watch(io);
        }
        if wanted & wake::RELEASED != 0 {
            self.watch_again(io);
        }
        if wanted & wake::DISCONNECT != 0 {
            self.disconnect(io);
        }
        if wanted & wake::STOP != 0 || (wanted & wake::CLOSED != 0 && self.is_link_closed()) {
            self.begin_closing(io);
        }
        if wanted & (wake::SEND | wake::BROKEN) != 0 {
            self.transmit(io);
        }
    }

    /// The peer does not know all that it should. The connection may have been made since that was
    /// found out.
    fn start_over(&mut self) {
        self.reconnected = true;
        if let State::Active(connection) = &self.state {
            connection.cut();
        }
    }

    pub(crate) fn timer(&mut self, io: &mut dyn Reactor, timer: Timer) {
        match timer {
            Timer::Handshake => self.handshake_timeout(io),
            Timer::Connect => self.connect_failed(io, libc::ETIMEDOUT),
            Timer::Reconnect => self.connect(io),
            Timer::Heartbeat | Timer::HeartbeatTimeout | Timer::HeartbeatTtl => {
                self.heartbeat(io, timer)
            }
            Timer::Linger => self.end(io),
            Timer::Watch => self.watch_burst(io),
            Timer::Claim if self.handle.renew_claim() => {
                io.set_timer(Timer::Claim, self.handle.claim_time());
            }
            Timer::Claim => self.watch_again(io),
        }
    }

    /// The socket is done with this peer. Ends at once if nothing is queued, or within the linger time.
    fn begin_closing(&mut self, io: &mut dyn Reactor) {
        if self.is_over() {
            return;
        }
        // It may be told to stop before the socket has closed its end of the link, and then again.
        let known = self.is_closing();
        self.ending = self.ending.max(Ending::Lingering);
        let linger = self.profile.owner.linger();
        if linger == 0 || self.nothing_left() {
            return self.end(io);
        }
        if let Some(linger) = millis(linger).filter(|_| !known) {
            io.set_timer(Timer::Linger, linger);
        }
        self.transmit(io);
    }

    /// `zmq_disconnect` was called, and with it goes the reason to make new connections, if the socket says so.
    fn disconnect(&mut self, io: &mut dyn Reactor) {
        self.begin_closing(io);
        if stops_reconnecting(&self.profile.options, ids::RECONNECT_STOP_AFTER_DISCONNECT) {
            self.ending = Ending::WithConnection;
            if matches!(self.state, State::Idle | State::Resolving) {
                self.end(io);
            }
        }
    }

    fn is_closing(&self) -> bool {
        self.ending != Ending::No
    }

    /// Is there no reason to make another connection?
    fn needs_no_connection(&mut self) -> bool {
        match self.ending {
            Ending::No => false,
            Ending::Lingering => self.nothing_left(),
            Ending::WithConnection => true,
        }
    }

    /// Has the socket closed the present link? Word may come late about one that is gone already.
    fn is_link_closed(&self) -> bool {
        match (&self.state, &self.link) {
            (State::Active(connection), _) => connection.send.lock().is_link_closed(),
            (_, Some(SessionLink { rx: Some(rx), .. })) => rx.is_closed(),
            _ => false,
        }
    }

    fn nothing_left(&mut self) -> bool {
        match (&self.state, &mut self.link) {
            (State::Active(connection), _) => connection.send.lock().is_finished(),
            (_, Some(SessionLink { rx: Some(rx), .. })) => {
                rx.consumer().is_empty() && !rx.has_latest()
            }
            _ => true,
        }
    }

    /// Ends: the connection is closed, the link given up.
    fn end(&mut self, io: &mut dyn Reactor) {
        if self.is_over() {
            return;
        }
        self.hang_up(io, true);
        self.close_link();
        Timer::ALL.into_iter().for_each(|timer| io.cancel_timer(timer));
        self.state = State::Over;
        self.profile.owner.session_ended(&self.handle);
    }

    fn close_link(&mut self) {
        if let Some(mut link) = self.link.take() {
            link.tx.iter_mut().for_each(|tx| tx.close());
            link.rx.iter_mut().for_each(|rx| {
                rx.consumer().close();
            });
            link.socket.closed();
        }
    }

    /// The endpoint that events name.
    fn endpoint(&self) -> &str {
        &self.handle.endpoint
    }

    fn event(&self, id: i32, value: i32) {
        self.profile.owner.event(Event::new(id, value, self.endpoint()));
    }

    fn is_subscriber(&self) -> bool {
        self.profile.socket_type.facts().subscribes
    }

    fn is_publisher(&self) -> bool {
        self.profile.socket_type.facts().publishes
    }
}

impl Drop for Session {
    /// An I/O thread that ends takes its sessions with it.
    fn drop(&mut self) {
        self.handle.set_connection(None, false);
        if !self.is_over() {
            self.close_link();
            self.profile.owner.session_ended(&self.handle);
        }
    }
}

/// The bits of `ZMQ_RECONNECT_STOP`.
fn stops_reconnecting(options: &Options, why: i32) -> bool {
    options.reconnect_stop & why != 0
}
