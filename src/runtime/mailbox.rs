//! How other threads talk to a socket, and how it sleeps until they do.
//!
//! Commands go into a short list under a lock; one atomic word says that there are any, so that a busy
//! socket finds out for the price of a load. The descriptor is written only for a socket that sleeps, or
//! whose application waits on `ZMQ_FD`. This module knows nothing of patterns.
#![forbid(unsafe_code)]

use super::inproc::Names;
use super::monitor::Monitor;
use crate::engine::{Event, Owner, SessionHandle};
use crate::error::Result;
use crate::link::{wake_or_hold, Boost, Link, LinkEnd, LinkId, LinkOrigin, Peer, Sleeper};
use crate::sync::signal::Signal;
use crate::sync::sleepers::{Bell, Sleepers};
use crate::sys::eventfd::EventFd;
use crate::sys::poll::{PollFd, POLLIN};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock, Weak};

/// What a socket is told.
pub(crate) enum Command {
    Attach(LinkId, Box<Link>),
    Readable(LinkId),
    Writable(LinkId),
    Closed(LinkId),
    Hiccup(LinkId),
    /// The context is being terminated.
    Stop,
}

/// Where ZAP handlers are bound.
const ZAP_HANDLER: &str = "zeromq.zap.01";

/// See the module.
pub(crate) struct Mailbox {
    this: Weak<Mailbox>,
    signal: Signal,
    commands: Mutex<Vec<Command>>,
    descriptor: EventFd,
    /// The threads that sleep until the socket is told something.
    sleepers: Sleepers<EventFd>,
    ids: Mutex<LinkIds>,
    linger: AtomicI32,
    sessions: Mutex<HashMap<usize, Arc<SessionHandle>>>,
    /// The socket is closed: nobody looks at commands any more.
    closed: AtomicBool,
    /// Who is told of events.
    pub(crate) monitor: Monitor,
    /// The socket of whose events this one tells.
    monitored: OnceLock<Weak<Mailbox>>,
    /// The names of the context, where the ZAP handler is found.
    names: Arc<Mutex<Names>>,
    /// Counts as alive at the context for as long as anything of the socket is.
    _alive: super::context::Alive,
}

#[derive(Default)]
struct LinkIds {
    free: Vec<u32>,
    next: u32,
}

impl Mailbox {
    pub(crate) fn new(
        linger: i32,
        names: Arc<Mutex<Names>>,
        alive: super::context::Alive,
    ) -> Result<Arc<Self>> {
        let descriptor = EventFd::new()?;
        Ok(Arc::new_cyclic(|this| Self {
            this: this.clone(),
            signal: Signal::new(),
            commands: Mutex::new(Vec::new()),
            descriptor,
            sleepers: Sleepers::default(),
            ids: Mutex::new(LinkIds::default()),
            linger: AtomicI32::new(linger),
            sessions: Mutex::new(HashMap::new()),
            closed: AtomicBool::new(false),
            monitor: Monitor::default(),
            monitored: OnceLock::new(),
            names,
            _alive: alive,
        }))
    }

    /// Are there commands?
    #[inline]
    pub(crate) fn is_pending(&self) -> bool {
        self.signal.is_pending()
    }

    /// Puts a command in, and wakes the socket if it sleeps.
    pub(crate) fn put(&self, command: Command) {
        let mut commands = self.commands.lock();
        if self.closed.load(Ordering::Relaxed) {
            // Not under the lock: a link that nobody wants tells its other side so.
            drop(commands);
            return drop(command);
        }
        commands.push(command);
        drop(commands);
        if self.signal.raise() {
            wake_or_hold(self, &self.this);
        }
    }

    /// Takes all commands, and clears the descriptor.
    pub(crate) fn take(&self, into: &mut Vec<Command>) {
        self.signal.clear(|| {
            self.descriptor.drain();
        });
        std::mem::swap(&mut *self.commands.lock(), into);
        // If there is nothing they go on sleeping, or two that wait would wake each other for ever.
        if !into.is_empty() && !self.sleepers.is_empty() {
            self.rouse();
        }
    }

    /// Has the calling thread wait here, to be called while it has the socket's turn. `None` if
    /// there is something already.
    pub(crate) fn try_wait(self: &Arc<Self>) -> Result<Option<WaitSlot>> {
        let bell = match self.sleepers.try_lead() {
            true => None,
            false => Some(Arc::new(EventFd::new()?)),
        };
        let leads = bell.as_ref().is_none_or(|bell| self.sleepers.follow(bell.clone()));
        let slot = WaitSlot { mailbox: self.clone(), bell };
        Ok((leads && self.signal.arm()).then_some(slot))
    }

    /// Does a thread wait here?
    pub(crate) fn is_waited_at(&self) -> bool {
        !self.sleepers.is_empty()
    }

    /// The application has the descriptor from now on.
    pub(crate) fn share_fd(&self) -> RawFd {
        self.signal.share(|| self.descriptor.try_signal());
        self.descriptor.as_raw_fd()
    }

    /// Does the application have the descriptor?
    pub(crate) fn is_shared(&self) -> bool {
        self.signal.is_shared()
    }

    /// Wakes the threads that wait here, to look for themselves.
    #[cold]
    pub(crate) fn rouse(&self) {
        if self.sleepers.ring_for_all() {
            self.signal.write_in_any_case(|| self.descriptor.try_signal());
        }
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }

    /// The id is free again.
    pub(crate) fn release_link(&self, id: LinkId) {
        self.ids.lock().free.push(id.0);
    }

    pub(crate) fn set_linger(&self, linger: i32) {
        self.linger.store(linger, Ordering::Relaxed);
    }

    pub(crate) fn add_session(&self, handle: Arc<SessionHandle>) {
        let mut sessions = self.sessions.lock();
        if self.closed.load(Ordering::Relaxed) {
            handle.stop();
        }
        sessions.insert(key(&handle), handle);
    }

    /// The socket goes: from now on links and sessions that come too late go as well.
    pub(crate) fn close(&self) {
        let _commands = self.commands.lock();
        self.closed.store(true, Ordering::Relaxed);
    }

    /// The sessions of an endpoint, or all.
    pub(crate) fn sessions(&self, endpoint: Option<&str>) -> Vec<Arc<SessionHandle>> {
        let sessions = self.sessions.lock();
        let chosen = sessions
            .values()
            .filter(|handle| endpoint.is_none_or(|endpoint| handle.endpoint == endpoint));
        chosen.cloned().collect()
    }

    /// This socket tells of the events of that one, which is to know when somebody comes to listen.
    pub(crate) fn tell_of(&self, monitored: &Arc<Mailbox>) {
        // A socket tells of one other, all its life.
        let _ = self.monitored.set(Arc::downgrade(monitored));
    }

    /// Stands for one link of this socket at its other end.
    pub(crate) fn peer(&self, id: LinkId) -> Arc<dyn Peer> {
        Arc::new(SocketPeer { mailbox: self.this.clone(), id })
    }
}

/// A thread's place at a socket that it waits at; dropped when it waits no more.
pub(crate) struct WaitSlot {
    mailbox: Arc<Mailbox>,
    /// What wakes it; `None` for the socket's own descriptor.
    bell: Option<Arc<EventFd>>,
}

impl WaitSlot {
    /// What is to be slept on.
    pub(crate) fn poll_fd(&self) -> PollFd {
        let fd = self.bell.as_deref().map_or(self.mailbox.fd(), EventFd::as_raw_fd);
        PollFd::new(fd, POLLIN)
    }
}

impl Drop for WaitSlot {
    fn drop(&mut self) {
        match &self.bell {
            None => {
                self.mailbox.signal.disarm();
                self.mailbox.sleepers.stop_leading();
            }
            Some(bell) => self.mailbox.sleepers.stop_following(bell),
        }
    }
}

impl Bell for EventFd {
    fn ring(&self) {
        self.signal();
    }
}

impl Sleeper for Mailbox {
    fn wake(&self) {
        self.signal.write(|| self.descriptor.try_signal());
    }
}

impl Owner for Mailbox {
    fn reserve_link(&self) -> (LinkId, Arc<dyn Peer>) {
        let mut ids = self.ids.lock();
        let id = ids.free.pop().unwrap_or_else(|| {
            ids.next += 1;
            ids.next - 1
        });
        (LinkId(id), self.peer(LinkId(id)))
    }

    fn attach(&self, id: LinkId, link: Link) {
        self.put(Command::Attach(id, Box::new(link)));
        if let Some(monitored) = self.monitored.get().and_then(Weak::upgrade) {
            monitored.monitor.listener_came();
        }
    }

    fn hiccup(&self, id: LinkId) {
        self.put(Command::Hiccup(id));
    }

    fn event(&self, event: Event) {
        self.monitor.tell(&event);
    }

    fn linger(&self) -> i32 {
        self.linger.load(Ordering::Relaxed)
    }

    fn ask_zap(&self, far: LinkEnd, asker: Arc<dyn Peer>) -> Option<Arc<dyn Peer>> {
        let names = self.names.lock();
        let handler = names.find(ZAP_HANDLER)?.mailbox.upgrade()?;
        let (id, socket) = handler.reserve_link();
        let endpoint = format!("inproc://{ZAP_HANDLER}").into();
        let unlimited = Some(Boost { send: 0, recv: 0 });
        // Under the lock: a socket that closes gives up its names first, and then looks for late links.
        handler.attach(id, Link::new(far, asker, LinkOrigin::Accepted, endpoint, unlimited));
        drop(names);
        Some(socket)
    }

    fn session_ended(&self, handle: &Arc<SessionHandle>) {
        self.sessions.lock().remove(&key(handle));
    }
}

/// Tells sessions apart: where their handle is.
fn key(handle: &Arc<SessionHandle>) -> usize {
    Arc::as_ptr(handle) as usize
}

/// The socket's side of a link, as the other side sees it. Holds the socket loosely: links do not keep a
/// socket alive.
struct SocketPeer {
    mailbox: Weak<Mailbox>,
    id: LinkId,
}

impl SocketPeer {
    fn tell(&self, command: Command) {
        if let Some(mailbox) = self.mailbox.upgrade() {
            mailbox.put(command);
        }
    }
}

impl Peer for SocketPeer {
    fn readable(&self) {
        self.tell(Command::Readable(self.id));
    }

    fn writable(&self) {
        self.tell(Command::Writable(self.id));
    }

    fn closed(&self) {
        self.tell(Command::Closed(self.id));
    }
}
