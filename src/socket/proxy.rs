//! Passing messages between two sockets: `zmq_proxy` and `zmq_proxy_steerable`.
//!
//! Each direction waits for one thing at a time: something to read, or, once a message is there and
//! cannot be passed on, room to write. So nothing is taken from one side before the other has room, and
//! what is always true is never waited for: an idle proxy sleeps. Bodies are never copied to be owned here:
//! small ones go from queue to queue, large ones by reference.
#![forbid(unsafe_code)]

mod control;
#[cfg(test)]
mod tests;

use super::poll::PollSource;
use super::{poll_or_nap, waiter, Core, PollItem, RawSocket, POLLIN, POLLOUT};
use crate::error::{Error, Result};
use crate::link::{Frame, Link, Sink};
use crate::message::{returns, Message};
use crate::pattern::Incoming;
use crate::sys::farewell::Farewell;
use crate::sys::nap::Nap;
use control::{Command, Statistics, Traffic};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::mem::{self, ManuallyDrop};
use std::time::Duration;

/// A direction passes on so many messages before the other one has its turn.
const BURST: usize = 1000;
/// Bodies up to this size go from queue to queue; larger ones are passed on by reference.
const COPIED: usize = 4 * 1024;
/// A socket with more links than this is not asked for each of them.
const FEW_LINKS: usize = 16;

/// As [`proxy`], and obeys `PAUSE`, `RESUME`, `TERMINATE` and `STATISTICS` from `control`. Returns `Ok` when told
/// to terminate.
pub(crate) fn proxy_steerable(
    frontend: &RawSocket,
    backend: &RawSocket,
    capture: Option<&RawSocket>,
    control: Option<&RawSocket>,
) -> Result<()> {
    let mut proxy = Proxy::new(frontend, backend, capture, control)?;
    waiter::wait(|nap| proxy.run_or_nap(nap))
}

/// The same; if it is due the caller is to take the `nap`, and to call again. The result means
/// nothing then. `sockets` are the frontend, the backend, the capture and the control socket.
pub fn proxy_or_nap(sockets: Result<[Option<&'static RawSocket>; 4]>, nap: &mut Nap) -> Result<()> {
    let left = (!nap.is_new()).then(take_left).flatten();
    let [Some(frontend), Some(backend), capture, control] = sockets? else {
        return Err(Error::Fault);
    };
    let mut proxy = match left {
        Some(proxy) => proxy,
        None => Proxy::new(frontend, backend, capture, control)?,
    };
    let ended = proxy.run_or_nap(nap);
    if nap.is_due() {
        leave(proxy);
    }
    ended
}

thread_local! {
    /// What proxies that take a nap have left behind.
    static LEFT: RefCell<ManuallyDrop<Vec<Proxy<'static>>>> =
        const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

/// Has a thread that is cancelled in a nap let go of its proxies.
static FAREWELL: Farewell = Farewell::new(|| {
    drop(LEFT.with_borrow_mut(|left| mem::take(&mut **left)));
    returns::give_back_at_the_end();
});

fn leave(proxy: Proxy<'static>) {
    FAREWELL.expect();
    LEFT.with_borrow_mut(|left| left.push(proxy));
}

fn take_left() -> Option<Proxy<'static>> {
    LEFT.with_borrow_mut(|left| {
        let proxy = left.pop();
        if left.is_empty() {
            // The room goes, too: nobody would clear it when the thread ends.
            **left = Vec::new();
            FAREWELL.cancel();
        }
        proxy
    })
}

fn is_same(one: &RawSocket, other: &RawSocket) -> bool {
    std::ptr::eq(one, other)
}

struct Proxy<'a> {
    forth: Direction<'a>,
    /// None if both sides are one socket.
    back: Option<Direction<'a>>,
    control: Option<&'a RawSocket>,
    paused: bool,
}

impl<'a> Proxy<'a> {
    fn new(
        frontend: &'a RawSocket,
        backend: &'a RawSocket,
        capture: Option<&'a RawSocket>,
        control: Option<&'a RawSocket>,
    ) -> Result<Self> {
        if capture.is_some_and(|capture| is_same(capture, frontend) || is_same(capture, backend)) {
            return Err(Error::Invalid);
        }
        Ok(Proxy {
            forth: Direction::new(frontend, backend, capture),
            back: (!is_same(frontend, backend)).then(|| Direction::new(backend, frontend, capture)),
            control,
            paused: false,
        })
    }

    fn run_or_nap(&mut self, nap: &mut Nap) -> Result<()> {
        loop {
            if returns::is_waiting() {
                // Free functions are called where the caller sleeps.
                nap.lie_down(&mut Vec::new(), Some(Duration::ZERO), None);
                return Ok(());
            }
            let told = match self.is_held_up() {
                true => false,
                false => self.wait(nap)?,
            };
            if nap.is_due() || self.act(told, nap)? || nap.is_due() {
                return Ok(());
            }
        }
    }

    /// Obeys the control socket if it was `told` something, and passes messages on. True if that
    /// was the end. If a `nap` is due afterwards, a part that cannot be sent yet is held up.
    fn act(&mut self, told: bool, nap: &mut Nap) -> Result<bool> {
        if let Some(control) = self.control.filter(|_| told) {
            match control::obey(control, &self.statistics())? {
                Some(Command::Pause) => self.paused = true,
                Some(Command::Resume) => self.paused = false,
                Some(Command::Terminate) => return Ok(true),
                Some(Command::Statistics) | None => {}
            }
        }
        if !self.paused {
            self.pass_on(nap)?;
        }
        Ok(false)
    }

    fn pass_on(&mut self, nap: &mut Nap) -> Result<()> {
        let back_first = !self.forth.is_held_up() && self.is_held_up();
        let (forth, back) = (Some(&mut self.forth), self.back.as_mut());
        let turns = if back_first { [back, forth] } else { [forth, back] };
        for direction in turns.into_iter().flatten() {
            direction.work(nap)?;
            if direction.is_held_up() {
                break;
            }
        }
        Ok(())
    }

    /// Then nothing else is passed on until that part is.
    fn is_held_up(&self) -> bool {
        self.forth.is_held_up() || self.back.as_ref().is_some_and(Direction::is_held_up)
    }

    /// Sleeps until a direction can go on, or a command is there: then it is true.
    fn wait(&mut self, nap: &mut Nap) -> Result<bool> {
        let (forth, back) = (&mut self.forth, &mut self.back);
        let active = !self.paused;
        let wanted = |side: Option<&Direction<'a>>, state, events| match side {
            Some(direction) if active && direction.state == state => events,
            _ => 0,
        };
        let frontend =
            wanted(Some(forth), State::Empty, POLLIN) | wanted(back.as_ref(), State::Full, POLLOUT);
        let backend =
            wanted(Some(forth), State::Full, POLLOUT) | wanted(back.as_ref(), State::Empty, POLLIN);
        let mut items = [
            PollItem::socket(forth.from, frontend),
            PollItem::socket(forth.to, backend),
            PollItem::socket(self.control.unwrap_or(forth.from), POLLIN),
        ];
        let is_ready = |direction: &Direction<'_>| active && direction.state == State::Ready;
        let hurry = is_ready(forth) || back.as_ref().is_some_and(is_ready);
        let used = if self.control.is_some() { 3 } else { 2 };
        match hurry {
            true => look(&mut items[..used])?,
            false => drop(poll_or_nap(&mut items[..used], None, nap)?),
        }
        let [frontend, backend, control] = items.map(|item| item.revents);
        forth.learn(frontend & POLLIN != 0, backend & POLLOUT != 0);
        if let Some(back) = back {
            back.learn(backend & POLLIN != 0, frontend & POLLOUT != 0);
        }
        Ok(self.control.is_some() && control & POLLIN != 0)
    }

    fn statistics(&self) -> Statistics {
        // One socket is frontend where it receives, and backend where it sends.
        let none = Traffic::default();
        let (sent, received) = match &self.back {
            Some(back) => (back.sent, back.received),
            None => (none, none),
        };
        Statistics {
            frontend_received: self.forth.received,
            frontend_sent: sent,
            backend_received: received,
            backend_sent: self.forth.sent,
        }
    }
}

/// As [`poll`] for sockets, but never waits, and leaves it to whoever reads from connections to do so.
fn look(items: &mut [PollItem<'_>]) -> Result<()> {
    for item in items {
        if let PollSource::Socket(socket) = item.source {
            let events = socket.with(|core| {
                core.look_around();
                core.events()
            });
            item.revents = events? & item.events;
        }
    }
    Ok(())
}

/// What a direction waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing: there may be more to pass on.
    Ready,
    /// Something to read.
    Empty,
    /// Room to write what can be read.
    Full,
}

/// One way through the proxy.
struct Direction<'a> {
    from: &'a RawSocket,
    to: &'a RawSocket,
    capture: Option<&'a RawSocket>,
    state: State,
    /// The part passed on last has successors.
    in_message: bool,
    received: Traffic,
    sent: Traffic,
    /// The parts of a message that returns to where it came from.
    parts: VecDeque<Message>,
    /// All of them are there, and are being sent.
    answers: bool,
    /// A part that was received and not yet sent.
    held: Option<Held>,
}

struct Held {
    part: Message,
    /// More parts follow.
    more: bool,
    captured: bool,
}

impl<'a> Direction<'a> {
    fn new(from: &'a RawSocket, to: &'a RawSocket, capture: Option<&'a RawSocket>) -> Self {
        Self {
            from,
            to,
            capture,
            state: State::Empty,
            in_message: false,
            received: Traffic::default(),
            sent: Traffic::default(),
            parts: VecDeque::new(),
            answers: false,
            held: None,
        }
    }

    fn is_held_up(&self) -> bool {
        self.held.is_some()
    }

    fn learn(&mut self, readable: bool, writable: bool) {
        match self.state {
            State::Empty if readable => self.state = State::Ready,
            State::Full if writable => self.state = State::Ready,
            _ => {}
        }
    }

    /// Passes on what can be passed on, if there may be anything.
    fn work(&mut self, nap: &mut Nap) -> Result<()> {
        if self.state == State::Ready {
            let (from, to) = (self.from, self.to);
            self.state = match is_same(from, to) {
                true => from.with(|socket| self.reflect(socket, nap))?,
                false => with_both(from, to, |from, to| self.forward(from, to, nap))?,
            };
        }
        Ok(())
    }

    /// From one socket to another.
    fn forward(&mut self, from: &mut Core, to: &mut Core, nap: &mut Nap) -> Result<State> {
        self.send_held(to, nap)?;
        let mut left = BURST;
        let mut plain = self.capture.is_none() && to.forgets_metadata();
        while left > 0 && !self.is_held_up() {
            if to.mailbox.is_pending() {
                to.process_commands();
                plain = self.capture.is_none() && to.forgets_metadata();
            }
            // A message that was begun is ended, room or not.
            if !self.in_message && !to.pattern.has_out(&mut to.links) {
                to.leave();
                return Ok(State::Full);
            }
            match self.forward_part(from, to, plain, nap) {
                Ok(more) => {
                    self.in_message = more;
                    left -= usize::from(!more);
                }
                Err(Stop::Empty) => return Ok(State::Empty),
                Err(Stop::Failed(error)) => return Err(error),
            }
        }
        Ok(State::Ready)
    }

    /// Passes one part on, and says whether more parts follow. `plain` if nobody but `to` is to get
    /// it, and if that needs nothing but the bytes.
    #[inline]
    fn forward_part(
        &mut self,
        from: &mut Core,
        to: &mut Core,
        plain: bool,
        nap: &mut Nap,
    ) -> Result<bool, Stop> {
        from.enter().map_err(Stop::Failed)?;
        let incoming = match from.pattern.recv(&mut from.links) {
            Ok(incoming) => incoming,
            Err(error) => {
                // The socket looks again for itself, as links may have gone meanwhile.
                from.leave();
                return Err(if error == Error::Again { Stop::Empty } else { Stop::Failed(error) });
            }
        };
        let mut message = Message::new();
        let more = match incoming {
            Incoming::Made(made) => {
                message = made;
                message.more()
            }
            Incoming::Link(id) => {
                if plain {
                    let front = from.links.front(id).filter(|front| front.body.len() <= COPIED);
                    if let Some(front) = front {
                        let (len, more) = (front.body.len(), front.more);
                        match to.try_send(&mut Frame::bytes(front.body, more)) {
                            Ok(()) => {
                                self.count(len);
                                from.links.discard(id);
                                from.more = more;
                                from.leave();
                                return Ok(more);
                            }
                            // It is held instead.
                            Err(Error::Again) => {}
                            Err(error) => return Err(Stop::Failed(error)),
                        }
                    }
                }
                from.links.take(id, &mut Sink::Message(&mut message))?.more()
            }
        };
        from.more = more;
        from.leave();
        self.pass(message, more, to, nap)?;
        Ok(more)
    }

    /// Sends a part on, and a copy of it to be captured.
    #[inline]
    fn pass(&mut self, part: Message, more: bool, to: &mut Core, nap: &mut Nap) -> Result<()> {
        self.held = Some(Held { part, more, captured: false });
        self.send_held(to, nap)
    }

    /// Sends what is held. If that has to wait, and it is the caller who sleeps, it is held on.
    #[inline]
    fn send_held(&mut self, to: &mut Core, nap: &mut Nap) -> Result<()> {
        let Some(Held { part, more, captured }) = &mut self.held else { return Ok(()) };
        if let Some(capture) = self.capture.filter(|_| !*captured) {
            let mut copy = part.clone();
            let mut frame = Frame::message(&mut copy, *more);
            let sent = capture.with(|capture| capture.send_or_nap(&mut frame, false, nap));
            if nap.is_due() {
                return Ok(());
            }
            sent?;
            *captured = true;
        }
        let len = part.len();
        let sent = to.send_or_nap(&mut Frame::message(part, *more), false, nap);
        if nap.is_due() {
            return Ok(());
        }
        self.held = None;
        sent?;
        self.count(len);
        Ok(())
    }

    fn count(&mut self, len: usize) {
        self.received.add(len);
        self.sent.add(len);
    }

    /// From a socket to itself: a REP, for one, has to read a message to its end before it answers.
    fn reflect(&mut self, socket: &mut Core, nap: &mut Nap) -> Result<State> {
        self.send_held(socket, nap)?;
        for _ in 0..BURST {
            while !self.answers {
                match socket.try_recv_message() {
                    Ok(part) => self.parts.push_back(part),
                    Err(Error::Again) => return Ok(State::Empty),
                    Err(error) => return Err(error),
                }
                self.answers = !socket.more;
            }
            while !self.is_held_up() {
                let Some(part) = self.parts.pop_front() else { break };
                let more = part.more();
                self.pass(part, more, socket, nap)?;
            }
            if self.is_held_up() {
                break;
            }
            self.answers = false;
        }
        Ok(State::Ready)
    }
}

/// Why a part was not passed on.
enum Stop {
    Empty,
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Failed(error)
    }
}

/// Borrows two sockets, always in the same order, so that two proxies can never wait for each other.
fn with_both<R>(
    first: &RawSocket,
    second: &RawSocket,
    act: impl FnOnce(&mut Core, &mut Core) -> Result<R>,
) -> Result<R> {
    if std::ptr::from_ref(first) < std::ptr::from_ref(second) {
        first.with(|first| second.with(|second| act(first, second)))
    } else {
        second.with(|second| first.with(|first| act(first, second)))
    }
}

impl Core {
    /// Do messages leave what is known of their origin behind when they are sent here? Only peers in this
    /// process are told of it.
    fn forgets_metadata(&self) -> bool {
        let is_local = |id| self.links.get(id).is_some_and(Link::is_local);
        self.links.len() <= FEW_LINKS && !self.links.ids().into_iter().any(is_local)
    }
}
