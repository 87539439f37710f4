//! The socket itself: send, receive, bind, connect, close; monitor, poll, proxy.
//!
//! Threads take turns at a socket, and none of them has its turn while it sleeps (see [`waiter`]).
//! What others tell the socket comes through its mailbox, which is emptied at the start of a call.
#![forbid(unsafe_code)]

pub(crate) mod api;
mod endpoints;
mod inproc;
mod monitor;
mod options;
mod poll;
mod proxy;
mod raw;
mod spin;
mod station;
#[cfg(test)]
mod tests;
mod wait;
mod waiter;

pub(crate) use poll::poll;
pub use poll::{poll_or_nap, PollItem, POLLERR, POLLIN, POLLOUT, POLLPRI};
pub use proxy::proxy_or_nap;
pub(crate) use proxy::proxy_steerable;
pub use raw::RawSocket;
pub use waiter::forget_nap;

use crate::error::{Error, Result};
use crate::link::{Brought, Frame, LinkId, Links, Peer, Sink, Taken};
use crate::message::Message;
use crate::options::{Options, SocketType};
use crate::pattern::{self, Pattern};
use crate::runtime::{Command, Context, Mailbox};
use crate::sys::nap::Nap;
use crate::sys::poll::PollFd;
use endpoints::Endpoints;
use spin::Spin;
use station::Station;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use waiter::Deadline;

/// A socket, as one thread at a time drives it. Closed when dropped: what was sent lingers.
pub struct Core {
    socket_type: SocketType,
    options: Options,
    pattern: Box<dyn Pattern>,
    links: Links,
    mailbox: Arc<Mailbox>,
    context: Context,
    endpoints: Endpoints,
    /// The last part received has successors.
    more: bool,
    terminated: bool,
    /// Our own code failed in the middle of something.
    broken: bool,
    commands: Vec<Command>,
    /// Peers whose connections this socket may read from by itself.
    claims: Vec<Arc<dyn Peer>>,
    /// Where it waits for the busy ones if they are many.
    station: Station,
    /// That is how it waited last.
    at_station: bool,
    /// Scratch for sleeping.
    fds: Vec<PollFd>,
    /// Counts the times that claims were made or given back.
    claims_round: u64,
    /// Counts the times that the socket did what it was told.
    rounds: u64,
    /// What reading brought the last time.
    brought: Brought,
    /// Something was sent that may still wait for company.
    unsettled: bool,
    /// How waiting for answers goes.
    answers: Spin,
    /// How waiting for the rest of a long message goes.
    rests: Spin,
    /// The socket type receives messages at all.
    receives: bool,
    /// The socket type sends what its peers have asked for.
    publishes: bool,
    /// How much the threads of this process had read for themselves, and what the time was, when a
    /// publisher last looked for subscriptions.
    looked_at: (u32, u64),
    /// The events in the last round of looking, and its number.
    seen: (u64, i16),
}

impl Core {
    /// Opens a socket.
    pub(crate) fn new(context: &Context, socket_type: SocketType) -> Result<Self> {
        let pattern = pattern::create(socket_type);
        let facts = socket_type.facts();
        let options = Options::for_socket(socket_type, &context.options().lock());
        let mailbox = context.open_socket(options.linger)?;
        let mut links = Links::default();
        links.wants_commands = pattern.wants_commands();
        wait::PUBLISHERS.fetch_add(u32::from(facts.publishes), Ordering::Relaxed);
        Ok(Self {
            socket_type,
            options,
            pattern,
            links,
            mailbox,
            context: context.clone(),
            endpoints: Endpoints::default(),
            more: false,
            terminated: false,
            broken: false,
            commands: Vec::new(),
            claims: Vec::new(),
            station: Station::default(),
            at_station: false,
            fds: Vec::new(),
            claims_round: 0,
            rounds: 0,
            brought: Brought::Little,
            unsettled: false,
            answers: Spin::default(),
            rests: Spin::default(),
            receives: facts.receives,
            publishes: facts.publishes,
            looked_at: (0, 0),
            seen: (0, 0),
        })
    }

    /// Does the part received last have successors?
    pub(crate) fn more(&self) -> bool {
        self.more
    }

    /// Sends one part of a message, and never sleeps.
    ///
    /// # Errors
    /// `Again` if there is no room for it.
    pub(crate) fn try_send(&mut self, frame: &mut Frame<'_>) -> Result<()> {
        self.send_or_nap(frame, true, &mut Nap::New)
    }

    /// Sends one part of a message. If the `nap` is due after that the caller is to sleep without
    /// the socket, and to call again with the same part; the result means nothing then. With
    /// `dont_wait` it never is.
    #[inline]
    pub fn send_or_nap(
        &mut self,
        frame: &mut Frame<'_>,
        dont_wait: bool,
        nap: &mut Nap,
    ) -> Result<()> {
        if !nap.is_new() {
            return self.send_slow(frame, dont_wait, nap);
        }
        match self.send_at_once(frame) {
            Err(Error::Again) => self.send_slow(frame, dont_wait, nap),
            result => result,
        }
    }

    /// Sends one part of a message if there is room for it; if this fails with `Again`, what others
    /// have yet to tell the socket may make room.
    #[inline(always)]
    pub(crate) fn send_at_once(&mut self, frame: &mut Frame<'_>) -> Result<()> {
        if self.publishes {
            self.look_for_requests();
        }
        self.enter()?;
        let sent = self.pattern.send(&mut self.links, frame);
        match sent {
            Ok(()) => {
                self.answers.ask();
                self.unsettled = true;
                self.leave();
            }
            Err(Error::Again) => {}
            Err(_) => {
                self.leave();
            }
        }
        sent
    }

    #[cold]
    fn send_slow(&mut self, frame: &mut Frame<'_>, dont_wait: bool, nap: &mut Nap) -> Result<()> {
        let mut detached = self.leave();
        let deadline = match self.get_up(nap)? {
            Some(deadline) => {
                detached = true;
                deadline
            }
            None => self.deadline(dont_wait, self.options.sndtimeo),
        };
        loop {
            // A link that went may have changed the answer, and so may flushing.
            if !detached && (dont_wait || !self.flush()) && self.begin_nap(deadline, false, nap)? {
                return Err(Error::Again);
            }
            let sent = self.pattern.send(&mut self.links, frame);
            detached = self.leave();
            match sent {
                Err(Error::Again) => {}
                result => return result,
            }
        }
    }

    /// Writes what waits in full links, as far as the kernel takes it. True if that made room.
    fn flush(&mut self) -> bool {
        for id in self.links.iter_ids() {
            if let Some(link) = self.links.get_mut(id).filter(|link| link.is_full()) {
                link.press();
            }
        }
        let told = self.mailbox.is_pending();
        if told {
            self.process_commands();
        }
        told
    }

    /// Receives one part of a message; `nap` is as for [`Core::send_or_nap`].
    #[inline]
    pub fn recv_or_nap(
        &mut self,
        sink: &mut Sink<'_>,
        dont_wait: bool,
        nap: &mut Nap,
    ) -> Result<Taken> {
        if !nap.is_new() {
            return self.recv_slow(sink, dont_wait, false, nap);
        }
        match self.recv_first(sink) {
            (Err(Error::Again), detached) => self.recv_slow(sink, dont_wait, detached, nap),
            (result, _) => result,
        }
    }

    /// Receives one part of a message if there is one; if this fails with `Again`, what others have
    /// yet to tell the socket may bring one.
    #[inline(always)]
    pub(crate) fn recv_at_once(&mut self, sink: &mut Sink<'_>) -> Result<Taken> {
        match self.recv_first(sink) {
            (Err(Error::Again), true) => self.recv_without_detached(sink),
            (result, _) => result,
        }
    }

    #[cold]
    fn recv_without_detached(&mut self, sink: &mut Sink<'_>) -> Result<Taken> {
        loop {
            match self.try_recv(sink) {
                (Err(Error::Again), true) => {}
                (result, _) => return result,
            }
        }
    }

    /// The second value is that of [`Core::try_recv`].
    #[inline(always)]
    fn recv_first(&mut self, sink: &mut Sink<'_>) -> (Result<Taken>, bool) {
        if self.at_station && self.station.is_time_to_look() {
            self.look_around();
        }
        match self.enter() {
            Ok(()) => self.try_recv(sink),
            Err(error) => (Err(error), false),
        }
    }

    #[cold]
    fn recv_slow(
        &mut self,
        sink: &mut Sink<'_>,
        dont_wait: bool,
        mut detached: bool,
        nap: &mut Nap,
    ) -> Result<Taken> {
        let deadline = match self.get_up(nap)? {
            Some(deadline) => {
                detached = true;
                deadline
            }
            None => self.deadline(dont_wait, self.options.rcvtimeo),
        };
        loop {
            if !detached && self.begin_nap(deadline, true, nap)? {
                return Err(Error::Again);
            }
            match self.try_recv(sink) {
                (Err(Error::Again), again) => detached = again,
                (result, _) => return result,
            }
        }
    }

    /// Ends the nap that the caller comes from, if it does. Returns when the call gives up.
    fn get_up(&mut self, nap: &mut Nap) -> Result<Option<Deadline>> {
        let Some(slept) = nap.take() else { return Ok(None) };
        self.end_nap(slept)?;
        Ok(Some(Deadline::again(&slept)))
    }

    /// The second value says whether links were detached after that.
    #[inline]
    fn try_recv(&mut self, sink: &mut Sink<'_>) -> (Result<Taken>, bool) {
        let taken = self.pattern.take(&mut self.links, sink);
        if let Ok(taken) = &taken {
            self.more = taken.more();
        }
        (taken, self.leave())
    }

    /// Receives one part as a message, and never sleeps.
    ///
    /// # Errors
    /// `Again` if there is none.
    pub(crate) fn try_recv_message(&mut self) -> Result<Message> {
        let mut message = Message::new();
        self.recv_or_nap(&mut Sink::Message(&mut message), true, &mut Nap::New)?;
        Ok(message)
    }

    /// The `ZMQ_EVENTS` of this socket: [`POLLIN`] and [`POLLOUT`].
    pub fn events(&mut self) -> Result<i16> {
        self.process_commands();
        self.check()?;
        let mut events = 0;
        if self.pattern.has_out(&mut self.links) {
            events |= POLLOUT;
        }
        if self.pattern.has_in(&mut self.links) {
            events |= POLLIN;
        }
        self.leave();
        Ok(events)
    }

    /// The same for who does not wait: what has come counts, though nobody has read it yet.
    ///
    /// An event loop asks this when it begins to care, and only what comes after that would wake it.
    pub fn events_by_now(&mut self) -> Result<i16> {
        let events = self.events()?;
        if events & POLLIN != 0 || !self.receives {
            return Ok(events);
        }
        self.settle();
        match self.look_at_connections() {
            true => self.events(),
            false => Ok(events),
        }
    }

    /// The [`Core::events`] of one round of looking at several sockets. However many items a socket has there, it
    /// is looked at once: a second look could take note of a message for an item that does not care, and the one
    /// that does would sleep.
    fn events_in(&mut self, round: u64) -> Result<i16> {
        if self.seen.0 != round {
            self.seen = (round, self.events()?);
        }
        Ok(self.seen.1)
    }

    /// Is the context still there? First looks at what others have told.
    #[inline]
    fn enter(&mut self) -> Result<()> {
        if self.mailbox.is_pending() {
            self.process_commands();
        }
        self.check()
    }

    #[inline]
    fn check(&self) -> Result<()> {
        if self.terminated || !self.context.is_ours() {
            return Err(if self.broken { Error::Protocol } else { Error::Terminated });
        }
        Ok(())
    }

    /// Detaches links that are done with; true if there were any.
    #[inline]
    fn leave(&mut self) -> bool {
        self.links.needs_care() && self.take_care()
    }

    #[cold]
    fn take_care(&mut self) -> bool {
        while let Some(id) = self.links.take_roomy() {
            self.mailbox.put(Command::Writable(id));
        }
        let finished = self.links.has_finished();
        while self.links.has_finished() {
            for id in self.links.take_finished() {
                self.detach(id);
            }
        }
        finished
    }

    fn detach(&mut self, id: LinkId) {
        if self.links.get(id).is_none() {
            return;
        }
        self.pattern.detached(&mut self.links, id);
        if let Some(mut link) = self.links.remove(id) {
            link.close();
            self.endpoints.forget_link(id);
        }
        self.mailbox.release_link(id);
    }

    /// Does what others have told.
    #[cold]
    fn process_commands(&mut self) {
        let mut commands = std::mem::take(&mut self.commands);
        self.mailbox.take(&mut commands);
        self.rounds += u64::from(!commands.is_empty());
        for command in commands.drain(..) {
            self.process(command);
            self.leave();
        }
        self.commands = commands;
        self.links.note_look();
    }

    fn process(&mut self, command: Command) {
        match command {
            Command::Attach(id, link) => {
                self.links.insert(id, *link);
                self.pattern.attach(&mut self.links, id);
            }
            Command::Readable(id) if self.links.get(id).is_some() => {
                self.note_readable(id);
                self.pattern.readable(&mut self.links, id);
            }
            Command::Writable(id) if self.links.get(id).is_some() => {
                // From here on the link counts with the room that the peer has made.
                self.links.has_room_now(id);
                self.pattern.writable(&mut self.links, id);
            }
            Command::Closed(id) => self.peer_closed(id),
            Command::Hiccup(id) if self.links.get(id).is_some() => {
                self.pattern.hiccuped(&mut self.links, id);
            }
            Command::Stop => self.terminated = true,
            Command::Readable(_) | Command::Writable(_) | Command::Hiccup(_) => {}
        }
    }

    fn peer_closed(&mut self, id: LinkId) {
        // A late word about a former link of this id is no word about this one.
        if self.links.get_mut(id).is_some_and(|link| link.end().rx.is_closed()) {
            self.links.peer_closed(id);
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        wait::PUBLISHERS.fetch_sub(u32::from(self.publishes), Ordering::Relaxed);
        if !self.context.is_ours() {
            return self.abandon();
        }
        self.process_commands();
        self.context.names().lock().unbind_all(&self.mailbox);
        self.release_claims();
        for listener in self.endpoints.take_listeners() {
            listener.close();
        }
        for id in self.links.ids() {
            self.links.rollback(id);
            self.links.terminate(id);
        }
        self.take_care();
        self.mailbox.close();
        for session in self.mailbox.sessions(None) {
            session.stop();
        }
        // Links that came too late for the socket to see; any that come later yet find it closed.
        self.process_commands();
        for id in self.links.ids() {
            self.links.terminate(id);
        }
        self.take_care();
        // Threads that wait here find the socket gone.
        self.mailbox.rouse();
        self.context.close_socket();
    }
}

impl Core {
    /// In a forked child: lets go without touching what belongs to the parent.
    fn abandon(&mut self) {
        std::mem::forget(self.mailbox.clone());
        std::mem::forget(self.context.clone());
        std::mem::forget(std::mem::take(&mut self.links));
        std::mem::forget(std::mem::take(&mut self.endpoints));
    }
}
