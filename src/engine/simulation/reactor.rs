//! The I/O thread of the simulation: who is ready, whose timer is due, who was poked.
//!
//! Readiness is told as `epoll` tells it at edges: once after it was asked for, and again when the
//! other end of the descriptor has done something.
#![forbid(unsafe_code)]

use crate::engine::reactor::Waker;
use crate::engine::{Reactor, Ready, Timer};
use crate::sys::poll::{poll, PollFd, POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT};
use crate::sys::testing::set_now;
use crate::transport::{Endpoint, TransportOptions};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// What the sessions have asked for.
pub(super) struct Desk {
    now: Instant,
    timers: BTreeMap<(usize, Timer), (Instant, u64)>,
    watched: BTreeMap<RawFd, Watched>,
    /// Counts timers and registrations, for an order of their own.
    count: u64,
    pub(super) later: Vec<usize>,
    pub(super) lookups: Vec<(usize, Endpoint)>,
    pub(super) pokes: Arc<Pokes>,
}

struct Watched {
    session: usize,
    /// The registration, since numbers of descriptors are used again.
    id: u64,
    readable: bool,
    writable: bool,
    /// Something has happened since it was last told.
    fresh: bool,
}

/// One end of a stream, as the network knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) fd: RawFd,
    id: u64,
}

/// What the network has done to the other end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// It has written or gone.
    In,
    /// It has read.
    Out,
}

impl Desk {
    pub(super) fn new() -> Self {
        static START: OnceLock<Instant> = OnceLock::new();
        let now = *START.get_or_init(Instant::now);
        set_now(Some(now));
        Self {
            now,
            timers: BTreeMap::new(),
            watched: BTreeMap::new(),
            count: 0,
            later: Vec::new(),
            lookups: Vec::new(),
            pokes: Arc::default(),
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.now
    }

    pub(super) fn advance(&mut self, time: Duration) {
        self.now += time;
        set_now(Some(self.now));
    }

    /// How long until the next timer.
    pub(super) fn next_timer(&self) -> Option<Duration> {
        let next = self.timers.values().min()?;
        Some(next.0.saturating_duration_since(self.now))
    }

    /// Takes a timer that is due: those of one moment in the order in which they were set.
    pub(super) fn expire(&mut self) -> Option<(usize, Timer)> {
        let (key, at) = self.timers.iter().min_by_key(|(_, at)| **at)?;
        let (key, due) = (*key, at.0 <= self.now);
        due.then(|| self.timers.remove(&key)).flatten()?;
        Some(key)
    }

    /// What was asked for, for a failure.
    pub(super) fn describe(&self) -> String {
        let timers =
            self.timers.iter().map(|(key, at)| format!("{key:?} in {:?}", at.0 - self.now));
        let watched = self.watched.iter().map(|(fd, watched)| {
            let asked = (watched.readable, watched.writable, watched.fresh);
            format!("{fd} of {}: {asked:?}", watched.session)
        });
        timers.chain(watched).collect::<Vec<_>>().join(", ")
    }

    /// What is left of a session.
    pub(super) fn traces(&self, session: usize) -> Vec<String> {
        let timers = self.timers.keys().filter(|key| key.0 == session);
        let watched = self.watched.values().filter(|watched| watched.session == session);
        timers
            .map(|key| format!("{:?}", key.1))
            .chain(watched.map(|_| "descriptor".into()))
            .collect()
    }

    /// The descriptor of a session.
    pub(super) fn seat(&self, session: usize) -> Option<Seat> {
        let (fd, watched) = self.watched.iter().find(|(_, watched)| watched.session == session)?;
        Some(Seat { fd: *fd, id: watched.id })
    }

    /// Notes that the other end of a descriptor has done something.
    pub(super) fn touch(&mut self, seat: Option<Seat>, edge: Edge) {
        let Some(seat) = seat else { return };
        let Some(watched) = self.watched.get_mut(&seat.fd) else { return };
        let asked = if edge == Edge::In { watched.readable } else { watched.writable };
        watched.fresh |= asked && watched.id == seat.id;
    }

    /// Sessions whose descriptors are ready, with the number of the registration.
    pub(super) fn take_ready(&mut self) -> Vec<(usize, Ready)> {
        let deaf = std::mem::take(&mut *self.pokes.deaf.lock());
        for (session, fd, writable) in deaf {
            if self.watched.get(&fd).is_some_and(|watched| watched.session == session) {
                self.ask(session, fd, false, writable);
            }
        }
        let fresh = self.watched.iter_mut().filter(|(_, watched)| watched.fresh);
        fresh.filter_map(|(fd, watched)| watched.look(*fd)).collect()
    }

    fn ask(&mut self, session: usize, fd: RawFd, readable: bool, writable: bool) {
        self.count += 1;
        let new = Watched { session, id: self.count, readable, writable, fresh: true };
        let watched = self.watched.entry(fd).or_insert(new);
        assert_eq!(watched.session, session, "descriptor {fd} belongs to another session");
        (watched.readable, watched.writable) = (readable, writable);
        watched.fresh = readable || writable;
    }
}

impl Watched {
    fn look(&mut self, fd: RawFd) -> Option<(usize, Ready)> {
        self.fresh = false;
        let asked = if self.readable { POLLIN | POLLRDHUP } else { 0 };
        let mut polled = [PollFd::new(fd, asked | if self.writable { POLLOUT } else { 0 })];
        poll(&mut polled, Some(Duration::ZERO)).unwrap();
        let found = polled[0].revents();
        assert!(found & POLLNVAL == 0, "a watched descriptor was closed");
        let has = |bits| found & bits != 0;
        let trouble = has(POLLERR | POLLHUP);
        let ended = trouble || has(POLLRDHUP);
        let ready =
            Ready { readable: has(POLLIN) || ended, ended, writable: has(POLLOUT) || trouble };
        (ready.readable || ready.writable).then_some((self.session, ready))
    }
}

/// The peer sends no more.
const POLLRDHUP: i16 = 0x2000;

/// The desk, as the session that is running sees it.
pub(super) struct Io<'a> {
    pub(super) desk: &'a mut Desk,
    pub(super) session: usize,
}

impl Reactor for Io<'_> {
    fn watch(&mut self, fd: RawFd, readable: bool, writable: bool) -> bool {
        self.desk.ask(self.session, fd, readable, writable);
        true
    }

    fn watch_new(&mut self, fd: RawFd, readable: bool, writable: bool) -> bool {
        assert!(!self.desk.watched.contains_key(&fd), "descriptor {fd} is not new");
        self.watch(fd, readable, writable)
    }

    fn unwatch(&mut self, fd: RawFd) {
        self.desk.watched.remove(&fd);
    }

    fn set_timer(&mut self, timer: Timer, after: Duration) {
        self.desk.count += 1;
        let at = (self.desk.now + after, self.desk.count);
        self.desk.timers.insert((self.session, timer), at);
    }

    fn cancel_timer(&mut self, timer: Timer) {
        self.desk.timers.remove(&(self.session, timer));
    }

    fn last_turn(&self) -> Duration {
        Duration::from_micros(50)
    }

    fn poke_later(&mut self) {
        self.desk.later.push(self.session);
    }

    fn resolve(&mut self, endpoint: Endpoint, _: TransportOptions) {
        self.desk.lookups.push((self.session, endpoint));
    }
}

/// What other threads have asked for.
#[derive(Default)]
pub(super) struct Pokes {
    pub(super) poked: Mutex<Vec<usize>>,
    deaf: Mutex<Vec<(usize, RawFd, bool)>>,
    /// In microseconds.
    pub(super) idle: AtomicU64,
}

impl Waker for Pokes {
    fn poke(&self, session: usize) {
        self.poked.lock().push(session);
    }

    fn idle(&self) -> Duration {
        Duration::from_micros(self.idle.load(Ordering::Relaxed))
    }

    fn stop_reading(&self, session: usize, fd: RawFd, writable: bool) {
        self.deaf.lock().push((session, fd, writable));
    }
}
