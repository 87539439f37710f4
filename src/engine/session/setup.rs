//! From an established stream to a connection that carries messages.
#![forbid(unsafe_code)]

use super::connecting::{errno_of, send_all};
use super::*;
use crate::engine::connection::{RecvFraming, RecvHalf, Sealed, SendFraming, SendHalf};
use crate::engine::handshake::Agreement;
use crate::error::Result;
use crate::link::{pair, Limits, LinkOrigin, Parcel, PeerInfo, COMMAND};
use crate::message::Metadata;
use crate::security::{HandshakeError, Traffic};
use crate::wire::Version;
use std::io;
use std::os::fd::AsRawFd;

impl Session {
    /// A stream to the peer stands: greet it, or begin at once where there is no protocol.
    pub(super) fn establish(&mut self, io: &mut dyn Reactor, established: Established) {
        let fd = established.stream.as_raw_fd();
        if self.target.is_some() {
            self.event(ids::EVENT_CONNECTED, fd);
        }
        self.blocked = false;
        if !io.watch_new(fd, true, false) {
            self.event(ids::EVENT_DISCONNECTED, fd);
            return self.retry(io, libc::ENOMEM);
        }
        let Established { stream, peer_address, .. } = established;
        if let Some(notify) = self.profile.raw {
            return self.begin_raw(io, stream, &peer_address, notify);
        }
        let (options, socket_type) = (&self.profile.options, self.profile.socket_type);
        let is_reserved = std::mem::take(&mut self.is_reserved);
        let handshake = Handshake::new(options, socket_type, &peer_address, is_reserved);
        if let Some(limit) =
            millis(self.profile.options.handshake_ivl).filter(|limit| !limit.is_zero())
        {
            io.set_timer(Timer::Handshake, limit);
        }
        let shaking = Shaking { stream, handshake, peer_address, inquiry: None };
        self.state = State::Handshaking(Box::new(shaking));
        // Who connected has most often begun to speak: to hear that first saves a round. Whoever accepted has not.
        let readable = self.target.is_none();
        self.shake_hands(io, Ready { readable, ended: false, writable: true });
    }

    /// Goes on with the handshake as far as the peer does. A read that is not filled is taken for the last one,
    /// unless the end is to be found.
    pub(super) fn shake_hands(&mut self, io: &mut dyn Reactor, ready: Ready) {
        match self.exchange(ready) {
            Ok(None) => self.watch_output(io),
            Ok(Some((agreement, more))) => self.begin(io, agreement, more),
            Err(Trouble::Connection(errno)) => {
                let failure = crate::security::Failure::NoDetail(errno);
                self.profile.owner.event(Event::handshake_failed(failure, self.endpoint()));
                self.lose_handshake(io);
            }
            Err(Trouble::Handshake(error)) => {
                let failure = error.failure();
                self.profile.owner.event(Event::handshake_failed(failure, self.endpoint()));
                self.refuse(io);
            }
            Err(Trouble::Refused) => self.lose_handshake(io),
        }
    }

    fn exchange(&mut self, ready: Ready) -> Result<Option<(Agreement, bool)>, Trouble> {
        let State::Handshaking(shaking) = &mut self.state else { return Ok(None) };
        let result = shaking.exchange(ready, &*self.profile.owner, &self.handle);
        if matches!(result, Err(Trouble::Handshake(_))) && shaking.handshake.is_greeting() {
            // A peer that hears of our mechanism knows why it was refused. One that is gone need not know.
            let _ = shaking.speak();
        }
        self.is_reserved = matches!(result, Err(Trouble::Connection(_)))
            && shaking.handshake.waits_for_mechanism();
        result
    }

    /// Asks to be told when what is left to say can be said.
    fn watch_output(&mut self, io: &mut dyn Reactor) {
        let State::Handshaking(shaking) = &self.state else { return };
        let (fd, blocked) = (shaking.stream.as_raw_fd(), !shaking.handshake.output.is_empty());
        self.set_blocked(io, fd, blocked);
    }

    pub(super) fn handshake_timeout(&mut self, io: &mut dyn Reactor) {
        let State::Handshaking(shaking) = &self.state else { return };
        // The monitor knows of a refusal already.
        if !shaking.handshake.has_failed() {
            let failure = crate::security::Failure::NoDetail(libc::ETIMEDOUT);
            self.profile.owner.event(Event::handshake_failed(failure, self.endpoint()));
        }
        self.lose_handshake(io);
    }

    /// The connection is gone before the handshake is over.
    fn lose_handshake(&mut self, io: &mut dyn Reactor) {
        match stops_reconnecting(&self.profile.options, ids::RECONNECT_STOP_HANDSHAKE_FAILED) {
            true => self.refuse(io),
            false => self.lose_connection(io),
        }
    }

    /// The peer broke the rules, or is to be given up for less: it is not asked again.
    fn refuse(&mut self, io: &mut dyn Reactor) {
        let fd = self.hang_up(io, false);
        if let Some(fd) = fd {
            self.event(ids::EVENT_DISCONNECTED, fd);
        }
        self.end(io);
    }

    /// The handshake is over: messages may pass.
    fn begin(&mut self, io: &mut dyn Reactor, agreement: Agreement, more: bool) {
        let Agreement { version, mechanism, peer, subscribe_to_all, rest } = agreement;
        let (send, recv) = match mechanism.split() {
            Ok(traffic) => self.framing(version, traffic),
            Err(error) => {
                self.profile.owner.event(Event::handshake_failed(error.failure(), self.endpoint()));
                return self.refuse(io);
            }
        };
        let State::Handshaking(shaking) = std::mem::replace(&mut self.state, State::Idle) else {
            return;
        };
        let Shaking { stream, handshake, peer_address: address, .. } = *shaking;
        io.cancel_timer(Timer::Handshake);
        let mut metadata = Metadata::new();
        add_address(&mut metadata, &address, stream.as_raw_fd());
        for (name, value) in &peer.properties {
            match std::str::from_utf8(name) {
                // A peer has no say about its address.
                Ok(ADDRESS) | Err(_) => {}
                Ok(name) => metadata.append(name, value),
            }
        }
        let info = PeerInfo { metadata: Some(Arc::new(metadata)), routing_id: peer.routing_id };
        self.event(ids::EVENT_HANDSHAKE_SUCCEEDED, 0);
        let heartbeats = version.has_mechanism();
        let phantom = subscribe_to_all && self.is_publisher();
        self.activate(io, stream, info, (send, recv), handshake.output, |recv| {
            if phantom {
                recv.deliver(COMMAND, b"\x09SUBSCRIBE");
            }
            recv.feed(&rest)
        });
        self.start_traffic(io, more);
        self.pinged_at = None;
        // What came with the handshake may have been the end.
        if heartbeats && matches!(self.state, State::Active(_)) {
            self.start_heartbeat(io);
        }
    }

    /// What frames become, both ways.
    fn framing(&self, version: Version, traffic: Traffic) -> (SendFraming, RecvFraming) {
        // Only subscribers send commands through the queue.
        let old_subscriptions =
            matches!(version, Version::V2 | Version::V3_0) && self.is_subscriber();
        match (version, traffic) {
            (_, Traffic::Sealed(seal, open)) => (
                SendFraming::Sealed { mechanism: seal, old_subscriptions },
                RecvFraming::Sealed(Box::new(Sealed::new(open))),
            ),
            (Version::V1Unversioned | Version::V1, Traffic::Plain) => {
                (SendFraming::V1, RecvFraming::V1)
            }
            (_, Traffic::Plain) if old_subscriptions => {
                (SendFraming::OldSubscriptions, RecvFraming::Direct)
            }
            (_, Traffic::Plain) => (SendFraming::Direct, RecvFraming::Direct),
        }
    }

    /// No handshake: whatever comes is a message.
    fn begin_raw(&mut self, io: &mut dyn Reactor, stream: Stream, address: &str, notify: bool) {
        let mut metadata = Metadata::new();
        add_address(&mut metadata, address, stream.as_raw_fd());
        let info = PeerInfo { metadata: Some(Arc::new(metadata)), routing_id: Vec::new() };
        let framing = (SendFraming::Raw, RecvFraming::Raw);
        self.activate(io, stream, info, framing, Vec::new(), |recv| {
            if notify {
                recv.deliver(0, &[]);
            }
            crate::engine::connection::Pumped::Idle
        });
        self.start_traffic(io, true);
    }

    fn activate(
        &mut self,
        io: &mut dyn Reactor,
        stream: Stream,
        info: PeerInfo,
        (send, recv): (SendFraming, RecvFraming),
        first: Vec<u8>,
        prepare: impl FnOnce(&mut RecvHalf) -> crate::engine::connection::Pumped,
    ) {
        let reconnected = std::mem::replace(&mut self.reconnected, true);
        self.interval = self.profile.options.reconnect_ivl;
        if self.link.is_none() && self.open_link().is_err() {
            let fd = stream.as_raw_fd();
            io.unwatch(fd);
            self.event(ids::EVENT_DISCONNECTED, fd);
            return self.retry(io, libc::ENOMEM);
        }
        let subscriber = self.is_subscriber();
        let wants_commands = self.is_publisher();
        let max_body = u64::try_from(self.profile.options.maxmsgsize).ok();
        let Some(link) = &mut self.link else { return self.end(io) };
        if reconnected && subscriber {
            self.profile.owner.hiccup(link.id);
        }
        let (Some(tx), Some(rx)) = (link.tx.take(), link.rx.take()) else { return self.end(io) };
        let mut send = SendHalf::new(rx, link.socket.clone(), send, first);
        let mut recv = RecvHalf::new(tx, link.socket.clone(), recv, max_body, wants_commands);
        recv.introduce(Parcel::Peer(Arc::new(info)));
        let pumped = prepare(&mut recv);
        if let Some(replies) = recv.take_replies() {
            send.queue_frames(&replies);
        }
        let connection = Arc::new(Connection::new(stream, send, recv));
        self.state = State::Active(connection.clone());
        self.handle.set_connection(Some(connection), self.blocked);
        self.received(io, pumped);
    }

    /// Reads what may have come already, and writes what has waited for the connection.
    fn start_traffic(&mut self, io: &mut dyn Reactor, more: bool) {
        if more {
            self.receive(io, true);
        }
        self.transmit(io);
    }

    /// Makes the link that so far was not there, and gives the socket its end.
    fn open_link(&mut self) -> Result<()> {
        let options = &self.profile.options;
        let (ours, theirs) =
            pair(limits(options, options.rcvhwm), limits(options, options.sndhwm))?;
        let (id, socket) = self.profile.owner.reserve_link();
        let origin = match self.target {
            Some(_) => LinkOrigin::Connected,
            None => LinkOrigin::Accepted,
        };
        let peer: Arc<dyn Peer> = self.handle.clone();
        let endpoint = self.handle.endpoint.as_str().into();
        self.link = Some(SessionLink { id, socket, tx: Some(ours.tx), rx: Some(ours.rx) });
        self.profile.owner.attach(id, Link::new(theirs, peer, origin, endpoint, None));
        Ok(())
    }
}

impl Shaking {
    /// Hears and speaks in turn, as far as the peer does. The second value says whether there may be more to read.
    fn exchange(
        &mut self,
        ready: Ready,
        owner: &dyn Owner,
        session: &Arc<SessionHandle>,
    ) -> Result<Option<(Agreement, bool)>, Trouble> {
        let mut more = ready.readable;
        loop {
            more = more && self.hear(ready.ended)?;
            self.consult(owner, session).map_err(Trouble::Handshake)?;
            self.speak()?;
            if let Some(agreement) = self.handshake.finish() {
                return Ok(Some((agreement, more)));
            }
            if !more || self.handshake.is_full() {
                return Ok(None);
            }
        }
    }

    /// Reads once, and takes note of it. With `drain` there is more unless the system says that there is not; otherwise
    /// only if the read was filled.
    fn hear(&mut self, drain: bool) -> Result<bool, Trouble> {
        if self.handshake.is_full() {
            return Ok(true);
        }
        let mut buffer = [0; 4096];
        let refused = self.handshake.has_failed();
        let read = match self.stream.recv(&mut buffer) {
            Ok(0) => return Err(self.lost(libc::EPIPE)),
            Ok(_) if refused => return Err(Trouble::Refused),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(self.lost(errno_of(error))),
        };
        self.handshake.input(&buffer[..read]).map_err(Trouble::Handshake)?;
        Ok(drain || read == buffer.len())
    }

    /// Writes what there is to say, as far as the kernel takes it.
    fn speak(&mut self) -> Result<(), Trouble> {
        match send_all(&self.stream, &mut self.handshake.output) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.hear_last_words(errno_of(error))),
        }
    }

    /// The peer hears nothing any more. It may have said why before it went.
    fn hear_last_words(&mut self, errno: i32) -> Trouble {
        while !self.handshake.is_full() {
            match self.hear(true) {
                Ok(true) => {}
                Err(trouble @ Trouble::Handshake(_)) => return trouble,
                Ok(false) | Err(_) => break,
            }
        }
        self.lost(errno)
    }

    fn lost(&self, errno: i32) -> Trouble {
        match self.handshake.has_failed() {
            true => Trouble::Refused,
            false => Trouble::Connection(errno),
        }
    }
}

/// The limits of one direction of a link to another process.
pub(crate) fn limits(options: &Options, hwm: i32) -> Limits {
    match options.conflates() {
        true => Limits::Latest,
        false => Limits::Messages(usize::try_from(hwm).unwrap_or(0)),
    }
}

/// The property that names the address of a peer.
const ADDRESS: &str = "Peer-Address";

fn add_address(metadata: &mut Metadata, address: &str, fd: i32) {
    if !address.is_empty() {
        metadata.insert(ADDRESS, address.as_bytes());
    }
    metadata.set_fd(fd);
}

enum Trouble {
    Connection(i32),
    Handshake(HandshakeError),
    /// The peer did something after we had refused it, and the monitor knows why.
    Refused,
}
