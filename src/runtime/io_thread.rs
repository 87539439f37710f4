//! A thread that drives sessions and listeners by readiness and time.
//!
//! It sleeps until a descriptor is ready, a timer is due or somebody pokes it, and never otherwise
//! wakes. A panic in one session ends that session only.
#![forbid(unsafe_code)]

use super::context::ThreadSettings;
use super::listener::Accepting;
use super::timers::Timers;
use crate::engine::reactor::Waker as SessionWaker;
use crate::engine::{Reactor, Ready, Session, Timer};
use crate::error::{Error, Result};
use crate::link::{wake_or_hold, Hold, Sleeper};
use crate::message::returns;
use crate::sync::errands::Errands;
use crate::sys::eventfd::EventFd;
use crate::sys::poll::{poll, PollFd, POLLIN};
use crate::sys::thread;
use crate::transport::{is_exhaustion, Endpoint, Target, TransportOptions};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use std::os::fd::{AsRawFd, RawFd};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// What other threads ask of an I/O thread.
pub(crate) enum Task {
    Session(Box<Session>),
    Listener(Arc<Accepting>),
    /// Call `poked` of this session.
    Poke(usize),
    Resolved(usize, u64, Box<Result<Target>>),
    /// Forget a listener that was closed.
    Forget(Arc<Accepting>),
    End,
}

/// The end of an I/O thread that others hold.
pub(crate) struct IoHandle {
    this: Weak<IoHandle>,
    tasks: Errands<Task>,
    waker: EventFd,
    registry: Registry,
    /// The number of the thread, once it runs.
    token: AtomicUsize,
    load: AtomicUsize,
    began: Instant,
    /// Since when it has had nothing to do, in nanoseconds from when it began; [`AT_WORK`] while it has.
    idle_since: AtomicU64,
}

impl IoHandle {
    fn new(poll: &Poll) -> Result<Arc<Self>> {
        let registry = poll.registry().try_clone()?;
        let waker = EventFd::new()?;
        registry.register(&mut SourceFd(&waker.as_raw_fd()), WAKE, Interest::READABLE)?;
        Ok(Arc::new_cyclic(|this| Self {
            this: this.clone(),
            tasks: Errands::default(),
            waker,
            registry,
            token: AtomicUsize::new(0),
            load: AtomicUsize::new(0),
            began: Instant::now(),
            idle_since: AtomicU64::new(AT_WORK),
        }))
    }

    pub(crate) fn send(&self, task: Task) {
        match self.tasks.put(task) {
            // Not under a lock: a session that is dropped tells its socket so.
            Err(task) => drop(task),
            Ok(true) => wake_or_hold(self, &self.this),
            Ok(false) => {}
        }
    }

    /// Nobody runs this thread's sessions any more. What was asked of it ends, and so does what
    /// will be.
    fn end(&self) {
        drop(self.tasks.end());
    }

    /// Has the thread ended?
    pub(crate) fn is_over(&self) -> bool {
        self.tasks.is_over()
    }

    /// How many sessions and listeners it has.
    pub(crate) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    /// Notes that the thread is at work, or since when it is not.
    fn note_idle(&self, since: Option<Instant>) {
        let since = since.map_or(AT_WORK, |since| (since - self.began).as_nanos() as u64);
        // Nothing else hangs on it: who sees it late is told what was true a moment ago.
        self.idle_since.store(since, Ordering::Relaxed);
    }

    /// Stops telling of a descriptor. Any thread may.
    pub(crate) fn unwatch(&self, fd: RawFd) {
        // It may not have been watched.
        let _ = self.registry.deregister(&mut SourceFd(&fd));
    }
}

impl Sleeper for IoHandle {
    fn wake(&self) {
        if !self.waker.try_signal() {
            self.tasks.note_unwoken();
        }
    }
}

impl SessionWaker for IoHandle {
    fn poke(&self, session: usize) {
        self.send(Task::Poke(session));
    }

    fn idle(&self) -> Duration {
        match self.idle_since.load(Ordering::Relaxed) {
            AT_WORK => Duration::ZERO,
            since => self.began.elapsed().saturating_sub(Duration::from_nanos(since)),
        }
    }

    fn stop_reading(&self, session: usize, fd: RawFd, writable: bool) {
        // Whatever fails here has the I/O thread read as well, which does no harm.
        if !writable || !watch(&self.registry, session, fd, false, true) {
            self.unwatch(fd);
        }
    }
}

/// A running I/O thread.
pub(crate) struct IoThread {
    pub(crate) handle: Arc<IoHandle>,
    join: Option<thread::Thread>,
}

impl IoThread {
    pub(crate) fn start(name: String, settings: ThreadSettings) -> Result<Self> {
        let poll = Poll::new()?;
        let handle = IoHandle::new(&poll)?;
        let shared = handle.clone();
        let join = thread::spawn(&name, move || {
            shared.token.store(thread::token(), Ordering::Relaxed);
            settings.apply();
            Loop::new(poll, shared).run(Loop::sleep);
        })?;
        Ok(Self { handle, join: Some(join) })
    }

    /// Ends it, and with it what it still has.
    pub(crate) fn stop(mut self) {
        self.handle.send(Task::End);
        // The last handle to a context may be dropped on its own I/O thread, which ends by itself.
        // The standard library takes memory to say which thread this is, and ends the process where
        // there is none.
        let elsewhere = self.handle.token.load(Ordering::Relaxed) != thread::token();
        if let Some(join) = self.join.take().filter(|_| elsewhere) {
            // A panic there was reported where it happened.
            join.join();
        }
    }
}

impl ThreadSettings {
    fn apply(&self) {
        // Without these the thread runs all the same.
        let _ = thread::block_signals();
        if self.policy.is_some() || self.priority.is_some() {
            let _ = thread::set_scheduling(self.policy, self.priority);
        }
        if !self.processors.is_empty() {
            let _ = thread::set_affinity(&self.processors);
        }
    }
}

const WAKE: Token = Token(0);
const AT_WORK: u64 = u64::MAX;
const SHORT: Duration = Duration::from_millis(2);
/// Who was told something waits no longer than this for others to be told as well.
const COMPANY: Duration = Duration::from_micros(100);
/// So often a call is tried that fails for reasons that may pass.
const ATTEMPTS: u32 = 100;
/// How long an I/O thread rests after it could not wait for want of memory.
const SHORTAGE: Duration = Duration::from_millis(10);
/// How long a listener rests when the process has no descriptors left.
const REST: Duration = Duration::from_millis(50);

enum Object {
    Session(Box<Session>),
    Listener(Arc<Accepting>),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Due {
    Session(usize, Timer),
    /// Accept again.
    Accept(usize),
}

struct Loop {
    poll: Poll,
    handle: Arc<IoHandle>,
    /// Index plus one is the token; a number that is not in use is free to be.
    objects: Vec<Option<Object>>,
    /// Tells occupants of one place apart.
    ages: Vec<u64>,
    free: Vec<usize>,
    timers: Timers<Due>,
    later: Vec<usize>,
    last_turn: Duration,
    ended: bool,
}

impl Loop {
    fn new(poll: Poll, handle: Arc<IoHandle>) -> Self {
        Self {
            poll,
            handle,
            objects: Vec::new(),
            ages: Vec::new(),
            free: Vec::new(),
            timers: Timers::default(),
            later: Vec::new(),
            last_turn: Duration::ZERO,
            ended: false,
        }
    }

    /// Drives what it has until it is told to end, or can no longer wait for anything.
    fn run(&mut self, sleep: impl Fn(&mut Self, &mut Events) -> std::io::Result<()>) {
        let mut events = Events::with_capacity(256);
        let mut failures = 0;
        while !self.ended {
            match sleep(self, &mut events) {
                Ok(()) => failures = 0,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    failures += 1;
                    if !is_exhaustion(&error) || failures == ATTEMPTS {
                        return;
                    }
                    // Timers and tasks do not wait for memory.
                    events.clear();
                    std::thread::sleep(SHORTAGE);
                }
            }
            let start = Instant::now();
            self.handle.note_idle(None);
            let hold = Hold::begin();
            for event in &events {
                if event.token() == WAKE {
                    // Readiness is told anew with each signal; but a pipe, where it is one, must
                    // not fill.
                    if cfg!(not(any(target_os = "linux", target_os = "android"))) {
                        self.handle.waker.drain();
                    }
                } else {
                    let index = event.token().0 - 1;
                    let trouble = event.is_error() || event.is_write_closed();
                    let ended = event.is_read_closed() || trouble;
                    let ready = Ready {
                        readable: event.is_readable() || ended,
                        ended,
                        writable: event.is_writable() || trouble,
                    };
                    self.ready(index, ready);
                    hold.release_after(COMPANY);
                }
            }
            hold.release();
            self.run_tasks();
            hold.release();
            self.run_timers();
            for index in std::mem::take(&mut self.later) {
                self.session(index, |session, io| session.poked(io));
            }
            drop(hold);
            returns::give_back();
            let end = Instant::now();
            self.last_turn = end - start;
            self.handle.note_idle(Some(end));
        }
    }

    /// Ends all that it has: sessions tell their sockets; listeners close, so that nobody connects
    /// in vain.
    fn end_all(&mut self) {
        self.handle.end();
        for object in self.objects.drain(..) {
            // A panic in one concerns no other.
            let _ = catch_unwind(AssertUnwindSafe(|| match object {
                Some(Object::Listener(listener)) if !self.ended => listener.close(),
                object => drop(object),
            }));
        }
        returns::give_back_at_the_end();
    }

    /// Waits for readiness or the next timer. The system counts short waits for many descriptors in
    /// milliseconds; those for one, such as that of the poll itself, are exact.
    fn sleep(&mut self, events: &mut Events) -> std::io::Result<()> {
        let timeout = self.timeout();
        let Some(short) = timeout.filter(|timeout| !timeout.is_zero() && *timeout < SHORT) else {
            return self.poll.poll(events, timeout);
        };
        poll(&mut [PollFd::new(self.poll.as_raw_fd(), POLLIN)], Some(short))?;
        self.poll.poll(events, Some(Duration::ZERO))
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.later.is_empty() {
            return Some(Duration::ZERO);
        }
        self.timers.next().map(|at| at.saturating_duration_since(Instant::now()))
    }

    fn run_tasks(&mut self) {
        for task in self.handle.tasks.take() {
            match task {
                Task::Session(session) => {
                    let index = self.insert(Object::Session(session));
                    self.session(index, |session, io| session.start(io, index));
                }
                Task::Listener(listener) => self.add_listener(listener),
                Task::Poke(index) => self.session(index, |session, io| session.poked(io)),
                Task::Resolved(index, age, target) if self.ages.get(index) == Some(&age) => {
                    self.session(index, |session, io| session.resolved(io, *target));
                }
                Task::Resolved(..) => {}
                Task::Forget(listener) => self.forget_listener(&listener),
                Task::End => self.ended = true,
            }
        }
    }

    fn run_timers(&mut self) {
        if self.timers.next().is_none() {
            return;
        }
        let now = Instant::now();
        while let Some(due) = self.timers.expire(now) {
            match due {
                Due::Session(index, timer) => {
                    self.session(index, |session, io| session.timer(io, timer))
                }
                Due::Accept(index) => self.accept(index),
            }
        }
    }

    fn ready(&mut self, index: usize, ready: Ready) {
        match self.objects.get(index) {
            Some(Some(Object::Session(_))) => {
                self.session(index, |session, io| session.ready(io, ready))
            }
            Some(Some(Object::Listener(_))) => self.accept(index),
            _ => {}
        }
    }

    /// Runs something of a session, and buries it if it is over after that.
    fn session(&mut self, index: usize, run: impl FnOnce(&mut Session, &mut dyn Reactor)) {
        let Some(place) = self.objects.get_mut(index) else { return };
        let Some(Object::Session(session)) = place else { return };
        let mut io = Io {
            index,
            age: self.ages[index],
            registry: self.poll.registry(),
            handle: &self.handle,
            timers: &mut self.timers,
            later: &mut self.later,
            last_turn: self.last_turn,
        };
        let survived = catch_unwind(AssertUnwindSafe(|| run(session, &mut io))).is_ok();
        if !survived || session.is_over() {
            *place = None;
            // One that panicked has not seen to that, and another will have its number.
            for timer in Timer::ALL {
                self.timers.cancel(Due::Session(index, timer));
            }
            self.release(index);
        }
    }

    fn insert(&mut self, object: Object) -> usize {
        self.handle.load.fetch_add(1, Ordering::Relaxed);
        if let Some(index) = self.free.pop() {
            self.objects[index] = Some(object);
            self.ages[index] += 1;
            return index;
        }
        self.objects.push(Some(object));
        self.ages.push(0);
        self.objects.len() - 1
    }

    fn release(&mut self, index: usize) {
        self.handle.load.fetch_sub(1, Ordering::Relaxed);
        self.free.push(index);
    }

    fn add_listener(&mut self, listener: Arc<Accepting>) {
        let index = self.insert(Object::Listener(listener.clone()));
        let (registry, token) = (self.poll.registry(), Token(index + 1));
        // The application may be closing it at this moment.
        let watched =
            listener.with_fd(|fd| registry.register(&mut SourceFd(&fd), token, Interest::READABLE));
        if !matches!(watched, Some(Ok(()))) {
            self.objects[index] = None;
            self.release(index);
            return;
        }
        self.accept(index);
    }

    fn accept(&mut self, index: usize) {
        let Some(Some(Object::Listener(listener))) = self.objects.get(index) else { return };
        let listener = listener.clone();
        if let Ok(false) = catch_unwind(AssertUnwindSafe(|| listener.accept())) {
            self.timers.set(Due::Accept(index), Instant::now() + REST);
        }
    }

    fn forget_listener(&mut self, listener: &Arc<Accepting>) {
        let is_it = |object: &Option<Object>| match object {
            Some(Object::Listener(other)) => Arc::ptr_eq(other, listener),
            _ => false,
        };
        if let Some(index) = self.objects.iter().position(is_it) {
            self.timers.cancel(Due::Accept(index));
            self.objects[index] = None;
            self.release(index);
        }
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.end_all();
    }
}

fn watch(registry: &Registry, session: usize, fd: RawFd, readable: bool, writable: bool) -> bool {
    let mut source = SourceFd(&fd);
    let Some(interest) = interest(readable, writable) else {
        // It may not have been watched.
        let _ = registry.deregister(&mut source);
        return true;
    };
    let token = Token(session + 1);
    registry.reregister(&mut source, token, interest).is_ok()
        || registry.register(&mut source, token, interest).is_ok()
}

fn interest(readable: bool, writable: bool) -> Option<Interest> {
    match (readable, writable) {
        (true, true) => Some(Interest::READABLE | Interest::WRITABLE),
        (true, false) => Some(Interest::READABLE),
        (false, true) => Some(Interest::WRITABLE),
        (false, false) => None,
    }
}

/// The I/O thread, as the session that it is running sees it.
struct Io<'a> {
    index: usize,
    age: u64,
    registry: &'a Registry,
    handle: &'a Arc<IoHandle>,
    timers: &'a mut Timers<Due>,
    later: &'a mut Vec<usize>,
    last_turn: Duration,
}

impl Reactor for Io<'_> {
    fn watch(&mut self, fd: RawFd, readable: bool, writable: bool) -> bool {
        watch(self.registry, self.index, fd, readable, writable)
    }

    fn watch_new(&mut self, fd: RawFd, readable: bool, writable: bool) -> bool {
        let Some(interest) = interest(readable, writable) else { return true };
        let token = Token(self.index + 1);
        self.registry.register(&mut SourceFd(&fd), token, interest).is_ok()
            || self.watch(fd, readable, writable)
    }

    fn unwatch(&mut self, fd: RawFd) {
        // It may not have been watched.
        let _ = self.registry.deregister(&mut SourceFd(&fd));
    }

    fn set_timer(&mut self, timer: Timer, after: Duration) {
        self.timers.set(Due::Session(self.index, timer), Instant::now() + after);
    }

    fn cancel_timer(&mut self, timer: Timer) {
        self.timers.cancel(Due::Session(self.index, timer));
    }

    fn last_turn(&self) -> Duration {
        self.last_turn
    }

    fn poke_later(&mut self) {
        self.later.push(self.index);
    }

    fn resolve(&mut self, endpoint: Endpoint, options: TransportOptions) {
        let (index, age, handle) = (self.index, self.age, self.handle.clone());
        let look_up = {
            let handle = handle.clone();
            move || handle.send(Task::Resolved(index, age, Box::new(endpoint.resolve(&options))))
        };
        let spawned = thread::spawn("ZMQresolve", move || {
            let _ = thread::block_signals();
            look_up();
        });
        if spawned.is_err() {
            handle.send(Task::Resolved(index, age, Box::new(Err(Error::NoMemory))));
        }
    }
}

#[cfg(test)]
mod tests;
