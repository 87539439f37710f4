//! Binding, connecting, and their undoing.
#![forbid(unsafe_code)]

use super::Core;
use crate::engine::session::{limits, Profile};
use crate::engine::{Event, Owner, Session, SessionHandle};
use crate::error::{Error, Result};
use crate::link::{pair, Link, LinkId, LinkOrigin, Peer};
use crate::options::{ids, text, Options, SocketType};
use crate::pattern::{Membership, Pattern};
use crate::runtime::io_thread::{IoHandle, Task};
use crate::runtime::listener::{Accepting, Bound};
use crate::transport::{Endpoint, Failed, TransportOptions};
use std::sync::Arc;

/// What a socket is bound and connected to.
#[derive(Default)]
pub(super) struct Endpoints {
    listeners: Vec<Arc<Accepting>>,
    /// Connections to and bindings of names of this process: the endpoint, and the link if it is one.
    local: Vec<(String, Option<LinkId>)>,
    /// What `ZMQ_LAST_ENDPOINT` gives.
    pub(super) last: String,
}

impl Endpoints {
    pub(super) fn take_listeners(&mut self) -> Vec<Arc<Accepting>> {
        std::mem::take(&mut self.listeners)
    }

    pub(super) fn forget_link(&mut self, id: LinkId) {
        self.local.retain(|(_, link)| *link != Some(id));
    }

    pub(super) fn add_local(&mut self, endpoint: &str, link: Option<LinkId>) {
        self.local.push((endpoint.to_owned(), link));
    }
}

impl Core {
    /// `zmq_bind`.
    pub fn bind(&mut self, address: &str) -> Result<()> {
        self.process_commands();
        self.check()?;
        let endpoint = Endpoint::parse(address)?;
        if endpoint.is_inproc() {
            self.bind_inproc(endpoint.address(), address)?;
            self.endpoints.last = address.to_owned();
            return Ok(());
        }
        let io = self.io_thread()?;
        let transport = transport_options(&self.options, &*self.pattern);
        let listener =
            endpoint.bind(&transport).map_err(|failed| self.bind_failed(&endpoint, failed))?;
        let bound = Bound {
            context: self.context.clone(),
            mailbox: self.mailbox.clone(),
            options: Arc::new(self.options.clone()),
            transport,
            socket_type: self.socket_type,
            raw: self.pattern.raw(),
        };
        let accepting = Accepting::start(listener, io, bound);
        self.endpoints.last = accepting.endpoint.clone();
        self.endpoints.listeners.push(accepting);
        Ok(())
    }

    /// Tells the monitor, in the words of libzmq: a scheme is not part of where the socket could
    /// not be bound, and a TCP descriptor that never was has no endpoint.
    fn bind_failed(&self, endpoint: &Endpoint, failed: Failed) -> Error {
        if let Some(fd) = failed.closed {
            let name = if endpoint.is_tcp() { String::new() } else { endpoint.to_string() };
            self.mailbox.event(Event::new(ids::EVENT_CLOSED, fd, name));
        }
        let errno = failed.error.errno();
        self.mailbox.event(Event::new(ids::EVENT_BIND_FAILED, errno, endpoint.address()));
        failed.error
    }

    /// `zmq_connect`.
    pub fn connect(&mut self, address: &str) -> Result<()> {
        self.connect_link(address).map(drop)
    }

    /// `zmq_connect_peer`: returns the number by which messages name the new peer.
    ///
    /// # Errors
    /// As [`Core::connect`]. `NotSupported` for other socket types than PEER, and `Fault` if peers
    /// are to be known only once there is a connection (`ZMQ_IMMEDIATE`).
    pub fn connect_peer(&mut self, address: &str) -> Result<u32> {
        self.process_commands();
        self.check()?;
        if self.socket_type != SocketType::Peer {
            return Err(Error::NotSupported);
        }
        if self.options.immediate {
            return Err(Error::Fault);
        }
        let link = self.connect_link(address)?;
        link.and_then(|id| self.pattern.routing_id(id)).ok_or(Error::Fault)
    }

    /// `zmq_disconnect_peer`: parts with the peer that messages name by this number.
    ///
    /// # Errors
    /// `HostUnreachable` if there is none.
    pub fn disconnect_peer(&mut self, routing_id: u32) -> Result<()> {
        self.process_commands();
        self.check()?;
        if !matches!(self.socket_type, SocketType::Peer | SocketType::Server) {
            return Err(Error::NotSupported);
        }
        let id = self.pattern.link_of(routing_id).ok_or(Error::HostUnreachable)?;
        self.links.terminate(id);
        self.leave();
        Ok(())
    }

    /// `zmq_join` and `zmq_leave`.
    ///
    /// # Errors
    /// `NotSupported` for other socket types than DISH. `Invalid` if it is as it is to be already,
    /// or no group can have that name.
    pub fn change_membership(&mut self, group: &[u8], joins: bool) -> Result<()> {
        self.process_commands();
        self.check()?;
        let membership = Membership { joins, group };
        let changed = self.pattern.change_membership(&mut self.links, membership);
        self.leave();
        changed
    }

    /// Connects, and returns the link that messages can be sent by already, if there is one.
    fn connect_link(&mut self, address: &str) -> Result<Option<LinkId>> {
        self.process_commands();
        self.check()?;
        let endpoint = Endpoint::parse(address)?;
        if endpoint.is_inproc() {
            let id = self.connect_inproc(endpoint.address(), address)?;
            self.leave();
            self.endpoints.last = address.to_owned();
            return Ok(Some(id));
        }
        if self.socket_type.facts().connects_once
            && !self.mailbox.sessions(Some(address)).is_empty()
        {
            // Connecting such a socket twice to one endpoint is connecting it once.
            return Ok(None);
        }
        endpoint.check_connect()?;
        let io = self.io_thread()?;
        let handle = SessionHandle::new(io.clone(), address.to_owned());
        let profile = Profile {
            owner: self.mailbox.clone(),
            options: Arc::new(self.options.clone()),
            transport: transport_options(&self.options, &*self.pattern),
            socket_type: self.socket_type,
            raw: self.pattern.raw(),
        };
        let link = match self.options.immediate {
            true => None,
            false => Some(self.open_link(&handle, address)?),
        };
        let id = link.as_ref().map(|(id, ..)| *id);
        self.mailbox.add_session(handle.clone());
        self.mailbox.monitor.keep();
        io.send(Task::Session(Box::new(Session::connecter(handle, profile, endpoint, link))));
        self.leave();
        self.endpoints.last = address.to_owned();
        Ok(id)
    }

    /// Makes a link for a session; messages can be sent before there is a connection.
    fn open_link(
        &mut self,
        handle: &Arc<SessionHandle>,
        address: &str,
    ) -> Result<(LinkId, Arc<dyn Peer>, crate::link::LinkEnd)> {
        let options = &self.options;
        let (ours, theirs) =
            pair(limits(options, options.sndhwm), limits(options, options.rcvhwm))?;
        let (id, socket) = self.mailbox.reserve_link();
        let peer: Arc<dyn Peer> = handle.clone();
        self.links.insert(id, Link::new(ours, peer, LinkOrigin::Connected, address.into(), None));
        self.pattern.attach(&mut self.links, id);
        Ok((id, socket, theirs))
    }

    /// `zmq_unbind` and `zmq_disconnect`: `bound` says which of the two.
    pub fn end_endpoint(&mut self, address: &str) -> Result<()> {
        self.process_commands();
        self.check()?;
        let endpoint = Endpoint::parse(address)?;
        let found = match endpoint.is_inproc() {
            true => self.end_local(endpoint.address(), address),
            false => self.end_listener(address) | self.end_sessions(&endpoint, address),
        };
        self.leave();
        if found {
            Ok(())
        } else {
            Err(Error::NoEntry)
        }
    }

    fn end_local(&mut self, name: &str, address: &str) -> bool {
        let bound = self.context.names().lock().unbind(name, &self.mailbox).is_ok();
        let local = std::mem::take(&mut self.endpoints.local);
        let (gone, stay): (Vec<_>, Vec<_>) =
            local.into_iter().partition(|(endpoint, _)| endpoint == address);
        self.endpoints.local = stay;
        for id in gone.iter().filter_map(|(_, link)| *link) {
            self.links.terminate(id);
        }
        bound || !gone.is_empty()
    }

    fn end_listener(&mut self, address: &str) -> bool {
        let listeners = &mut self.endpoints.listeners;
        let Some(index) = listeners.iter().position(|listener| listener.endpoint == address) else {
            return false;
        };
        listeners.remove(index).close();
        // Who was accepted there goes as well.
        self.end_links(address);
        true
    }

    fn end_sessions(&mut self, endpoint: &Endpoint, address: &str) -> bool {
        let mut sessions = self.mailbox.sessions(Some(address));
        if sessions.is_empty() {
            // The endpoint may be given as it was resolved.
            let all = self.mailbox.sessions(None);
            sessions =
                all.into_iter().filter(|session| is_same(&session.endpoint, endpoint)).collect();
        }
        let connected = sessions.into_iter().collect::<Vec<_>>();
        for session in &connected {
            self.end_links(&session.endpoint.clone());
            session.disconnect();
            // It may take its time, but it cannot be ended twice.
            self.mailbox.session_ended(session);
        }
        !connected.is_empty()
    }

    fn end_links(&mut self, endpoint: &str) {
        for id in self.links.ids() {
            if self.links.get(id).is_some_and(|link| &*link.endpoint == endpoint) {
                self.links.terminate(id);
            }
        }
    }

    fn io_thread(&self) -> Result<Arc<IoHandle>> {
        self.context.choose_io(self.options.affinity).ok_or(Error::NoIoThread)
    }
}

/// Do both name the same place, once resolved?
fn is_same(known: &str, wanted: &Endpoint) -> bool {
    let resolve = |endpoint: &Endpoint| {
        let target = endpoint.try_numeric(&TransportOptions::default()).ok().flatten()?;
        Some(target.endpoint())
    };
    let Ok(known) = Endpoint::parse(known) else { return false };
    matches!((resolve(&known), resolve(wanted)), (Some(known), Some(wanted)) if known == wanted)
}

/// What the transports want to know.
fn transport_options(options: &Options, pattern: &dyn Pattern) -> TransportOptions {
    TransportOptions {
        ipv6: options.ipv6,
        backlog: options.backlog,
        sndbuf: options.sndbuf,
        rcvbuf: options.rcvbuf,
        // Who waits for the slowest of many peers gains nothing by megabytes on the way to each of the others, and
        // loses the caches. Where messages are dropped, all that can be held counts.
        little_unsent: pattern.waits_for_slowest() && options.sndbuf < 0,
        tos: options.tos,
        priority: 0,
        bound_device: text(&options.bindtodevice).unwrap_or_default().to_owned(),
        busy_poll: 0,
        tcp_keepalive: options.tcp_keepalive,
        tcp_keepalive_cnt: options.tcp_keepalive_cnt,
        tcp_keepalive_idle: options.tcp_keepalive_idle,
        tcp_keepalive_intvl: options.tcp_keepalive_intvl,
        tcp_maxrt: options.tcp_maxrt,
        use_fd: options.use_fd,
        tcp_accept_filters: options.tcp_accept_filters.clone(),
        ipc_filter_uids: options.ipc_uid_filters.iter().copied().collect(),
        ipc_filter_gids: options.ipc_gid_filters.iter().copied().collect(),
        ipc_filter_pids: options.ipc_pid_filters.iter().copied().collect(),
    }
}
