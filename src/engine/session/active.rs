//! A connection that carries messages, until it is lost.
#![forbid(unsafe_code)]

use super::*;
use crate::engine::connection::{Flushed, Pumped};
use crate::engine::policy::send::Look;
use crate::wire::command::Command;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

impl Session {
    /// Reads what is there.
    pub(super) fn receive(&mut self, io: &mut dyn Reactor, drain: bool) {
        let State::Active(connection) = &self.state else { return };
        let pumped = connection.clone().pump(drain);
        self.received(io, pumped);
    }

    pub(super) fn received(&mut self, io: &mut dyn Reactor, pumped: Pumped) {
        self.note_ping(io);
        match pumped {
            Pumped::Idle | Pumped::Full => self.send_replies(io),
            Pumped::More => {
                self.send_replies(io);
                self.handle.note(wake::RECEIVE);
                io.poke_later();
            }
            Pumped::Closed | Pumped::Broken(_) => self.lose_connection(io),
            Pumped::Malformed(code) => {
                if let Some(code) = code {
                    let failure = crate::security::Failure::Protocol(code);
                    self.profile.owner.event(Event::handshake_failed(failure, self.endpoint()));
                }
                self.lose_connection(io);
            }
        }
    }

    /// Writes what waits.
    pub(super) fn transmit(&mut self, io: &mut dyn Reactor) {
        let State::Active(connection) = &self.state else { return };
        let connection = connection.clone();
        // A sender that is at it goes on until there is nothing left, or says so. What it would not see to
        // is the end of a session.
        let flushed = match self.is_closing() {
            true => connection.flush(),
            false => match connection.flush_or_leave() {
                Some(flushed) => flushed,
                None => return,
            },
        };
        match flushed {
            Ok(Flushed::Done) if self.is_closing() && connection.send.lock().is_finished() => {
                self.end(io)
            }
            Ok(Flushed::Done) => self.set_blocked(io, connection.fd(), false),
            Ok(Flushed::Blocked) => self.set_blocked(io, connection.fd(), true),
            Ok(Flushed::More) => {
                self.handle.note(wake::SEND);
                io.poke_later();
            }
            Err(_) => self.hear_last_messages(io, &connection),
        }
    }

    /// The peer takes no more, and most likely is gone. What it sent before still counts: if the
    /// socket has no room for all of it, the end is found behind it later.
    fn hear_last_messages(&mut self, io: &mut dyn Reactor, connection: &Connection) {
        let mut pumped = Pumped::More;
        while pumped == Pumped::More {
            pumped = connection.pump(true);
        }
        if pumped != Pumped::Full || self.is_closing() {
            self.lose_connection(io);
        }
    }

    /// Asks to be told when the descriptor takes more, or no more so.
    pub(super) fn set_blocked(&mut self, io: &mut dyn Reactor, fd: RawFd, blocked: bool) {
        if std::mem::replace(&mut self.blocked, blocked) != blocked {
            let claimed = self.handle.set_blocked(blocked);
            if !io.watch(fd, !claimed, blocked) {
                self.lose_connection(io);
            }
        }
    }

    pub(super) fn watch_burst(&mut self, io: &mut dyn Reactor) {
        match self.handle.watch() {
            Look::Over => return,
            Look::Wait => self.watch.note_waited(),
            Look::Flush { gone } => {
                self.watch.note_flushed();
                self.transmit(io);
                if self.handle.end_watch(gone) {
                    return;
                }
            }
        }
        self.set_watch(io);
    }

    pub(super) fn set_watch(&self, io: &mut dyn Reactor) {
        let next = self.watch.next(self.handle.is_one_of_many(), io.last_turn());
        io.set_timer(Timer::Watch, next);
    }

    /// A claim is over: the I/O thread reads again, in its turn. What came on other connections before is
    /// to be heard before: a subscription, for one, that what is here may have been sent after.
    pub(super) fn watch_again(&mut self, io: &mut dyn Reactor) {
        let State::Active(connection) = &self.state else { return };
        let watched = io.watch(connection.fd(), true, self.blocked);
        // Whoever had the claim may have been told of room, and not have come back.
        if !watched || connection.recv.lock().is_full() {
            self.receive(io, true);
        }
    }

    fn send_replies(&mut self, io: &mut dyn Reactor) {
        let State::Active(connection) = &self.state else { return };
        if connection.send.lock().has_outbox() {
            self.transmit(io);
        }
    }

    /// The connection is gone. Whoever connected tries again.
    pub(super) fn lose_connection(&mut self, io: &mut dyn Reactor) {
        let was_active = matches!(self.state, State::Active(_));
        if let Some(fd) = self.hang_up(io, false) {
            self.event(ids::EVENT_DISCONNECTED, fd);
        }
        if self.target.is_none() || self.needs_no_connection() {
            return self.end(io);
        }
        if was_active && self.profile.options.immediate {
            self.close_link();
        }
        self.retry(io, 0);
    }

    /// Closes the descriptor, if there is one, and takes the link back. Returns what it was.
    pub(super) fn hang_up(&mut self, io: &mut dyn Reactor, politely: bool) -> Option<i32> {
        for timer in
            [Timer::Handshake, Timer::Heartbeat, Timer::HeartbeatTimeout, Timer::HeartbeatTtl]
        {
            io.cancel_timer(timer);
        }
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Active(connection) => {
                self.handle.set_connection(None, false);
                let fd = connection.fd();
                io.unwatch(fd);
                let (mut send, mut recv) = (connection.send.lock(), connection.recv.lock());
                if self.profile.raw == Some(true) {
                    recv.deliver(0, &[]);
                }
                if let Some(link) = &mut self.link {
                    link.rx = send.take_link();
                    link.tx = recv.take_link();
                }
                drop((send, recv));
                match politely {
                    true => connection.shut_down(),
                    false => connection.cut(),
                }
                Some(fd)
            }
            State::Handshaking(shaking) => {
                let fd = shaking.stream.as_raw_fd();
                io.unwatch(fd);
                Some(fd)
            }
            State::Proxying(proxying) => {
                io.unwatch(proxying.0.stream.as_raw_fd());
                None
            }
            State::Connecting(connecting) => {
                io.unwatch(connecting.as_raw_fd());
                None
            }
            State::Over => {
                self.state = State::Over;
                None
            }
            _ => None,
        }
    }

    pub(super) fn start_heartbeat(&mut self, io: &mut dyn Reactor) {
        if let Some(interval) = self.heartbeat_interval() {
            io.set_timer(Timer::Heartbeat, interval);
        }
    }

    fn heartbeat_interval(&self) -> Option<Duration> {
        millis(self.profile.options.heartbeat_ivl).filter(|interval| !interval.is_zero())
    }

    pub(super) fn heartbeat(&mut self, io: &mut dyn Reactor, timer: Timer) {
        let State::Active(connection) = &self.state else { return };
        let connection = connection.clone();
        let activity = connection.activity();
        match timer {
            Timer::Heartbeat => {
                let options = &self.profile.options;
                let ttl = options.heartbeat_ttl;
                let limit = if options.heartbeat_timeout < 0 {
                    options.heartbeat_ivl
                } else {
                    options.heartbeat_timeout
                };
                connection.send.lock().queue_command(&Command::Ping { ttl, context: &[] });
                // A peer that has not answered the last one gets no more time for this one.
                if self.pinged_at.replace(activity) != Some(activity) {
                    if let Some(limit) = millis(limit).filter(|limit| !limit.is_zero()) {
                        io.set_timer(Timer::HeartbeatTimeout, limit);
                    }
                }
                self.start_heartbeat(io);
                self.transmit(io);
            }
            Timer::HeartbeatTimeout if self.pinged_at == Some(activity) => self.lose_connection(io),
            Timer::HeartbeatTtl if activity == self.ttl_at => self.lose_connection(io),
            _ => {}
        }
    }

    /// A PING may have said how long the peer can be silent.
    pub(super) fn note_ping(&mut self, io: &mut dyn Reactor) {
        let State::Active(connection) = &self.state else { return };
        let ping = connection.recv.lock().take_ping();
        if let Some(ttl) = ping.filter(|ttl| *ttl > 0) {
            self.ttl_at = connection.activity();
            io.set_timer(Timer::HeartbeatTtl, Duration::from_millis(u64::from(ttl) * 100));
        }
    }
}
