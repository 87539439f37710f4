//! What the sockets of a process share, from the first of them to `zmq_ctx_term`.
#![forbid(unsafe_code)]

use super::inproc::Names;
use super::io_thread::{IoHandle, IoThread};
use super::mailbox::{Command, Mailbox};
use crate::engine::switches::read_environment;
use crate::error::{Error, Result};
use crate::options::ContextOptions;
use crate::sys::calls::pause;
use crate::sys::eventfd::EventFd;
use crate::sys::nap::Nap;
use crate::sys::poll::{PollFd, POLLIN};
use crate::sys::{fence, fork};
use parking_lot::Mutex;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How long [`Context::terminate`] rests after it could not wait for want of memory.
const SHORTAGE: Duration = Duration::from_millis(10);

/// A handle to a context; clones are the same context.
#[derive(Clone)]
pub struct Context(Arc<Shared>);

struct Shared {
    options: Mutex<ContextOptions>,
    state: Mutex<State>,
    names: Arc<Mutex<Names>>,
    census: Arc<Census>,
    /// A forked child must not touch what belongs to its parent.
    generation: u32,
}

#[derive(Default)]
struct State {
    io: Vec<IoThread>,
    started: bool,
    terminating: bool,
    sockets: Vec<Weak<Mailbox>>,
    open: usize,
}

/// Counts what still has to end before the context can.
struct Census {
    alive: Mutex<usize>,
    /// Written when nothing is alive any more, or somebody ought to look.
    empty: EventFd,
}

/// A share in the life of a context.
pub(crate) struct Alive(Arc<Census>);

impl Drop for Alive {
    fn drop(&mut self) {
        let mut alive = self.0.alive.lock();
        *alive -= 1;
        if *alive == 0 {
            self.0.empty.signal();
        }
    }
}

/// How I/O threads are to run.
#[derive(Clone, Default)]
pub(crate) struct ThreadSettings {
    pub(crate) policy: Option<i32>,
    pub(crate) priority: Option<i32>,
    pub(crate) processors: Vec<usize>,
}

impl Context {
    /// Makes a context. Its threads start with the first socket.
    pub fn new() -> Result<Self> {
        read_environment();
        // To find that out takes the system a while in a process with many threads; later there are more.
        fence::is_supported();
        let census = Arc::new(Census { alive: Mutex::new(0), empty: EventFd::new()? });
        Ok(Self(Arc::new(Shared {
            options: Mutex::new(ContextOptions::default()),
            state: Mutex::new(State::default()),
            names: Arc::default(),
            census,
            generation: fork::generation(),
        })))
    }

    /// The options, to be read or changed.
    pub fn options(&self) -> &Mutex<ContextOptions> {
        &self.0.options
    }

    /// The endpoints of inproc.
    pub(crate) fn names(&self) -> &Mutex<Names> {
        &self.0.names
    }

    /// Is this the process that made the context?
    #[inline]
    pub(crate) fn is_ours(&self) -> bool {
        self.0.generation == fork::generation()
    }

    /// Registers a new socket and gives it its mailbox. Starts the I/O threads for the first one.
    pub(crate) fn open_socket(&self, linger: i32) -> Result<Arc<Mailbox>> {
        if !self.is_ours() {
            return Err(Error::Terminated);
        }
        let options = self.0.options.lock().clone();
        let mut state = self.0.state.lock();
        if state.terminating {
            return Err(Error::Terminated);
        }
        if state.open >= usize::try_from(options.max_sockets).unwrap_or(0) {
            return Err(Error::TooManyFiles);
        }
        if !state.started {
            state.io = start_threads(&options)?;
            state.started = true;
        }
        let mailbox = Mailbox::new(linger, self.0.names.clone(), self.alive())?;
        state.sockets.retain(|socket| socket.strong_count() > 0);
        state.sockets.push(Arc::downgrade(&mailbox));
        state.open += 1;
        Ok(mailbox)
    }

    /// A socket was closed; what it left behind may live on.
    pub(crate) fn close_socket(&self) {
        self.0.state.lock().open -= 1;
    }

    fn alive(&self) -> Alive {
        *self.0.census.alive.lock() += 1;
        Alive(self.0.census.clone())
    }

    /// The I/O thread with the least to do, of those that the affinity mask allows; zero allows all.
    pub(crate) fn choose_io(&self, affinity: u64) -> Option<Arc<IoHandle>> {
        let state = self.0.state.lock();
        let allowed = |index: usize| affinity == 0 || (index < 64 && affinity >> index & 1 == 1);
        let candidates = state.io.iter().enumerate().filter(|(index, _)| allowed(*index));
        let handles = candidates.map(|(_, thread)| &thread.handle);
        handles.filter(|handle| !handle.is_over()).min_by_key(|handle| handle.load()).cloned()
    }

    /// How many sessions and listeners its I/O threads have.
    pub(crate) fn load(&self) -> usize {
        self.0.state.lock().io.iter().map(|thread| thread.handle.load()).sum()
    }

    /// Has somebody begun to terminate it?
    pub(crate) fn is_terminating(&self) -> bool {
        self.0.state.lock().terminating
    }

    /// Makes all calls on its sockets fail with [`Error::Terminated`].
    pub fn shutdown(&self) {
        if !self.is_ours() {
            return;
        }
        let sockets = {
            let mut state = self.0.state.lock();
            state.terminating = true;
            state.sockets.clone()
        };
        for socket in sockets.iter().filter_map(Weak::upgrade) {
            socket.put(Command::Stop);
        }
        // Not under the lock: dropping an end tells a socket, and may be the end of that one.
        let orphans = self.0.names.lock().clear_pending();
        drop(orphans);
    }

    /// Shuts down, waits until all sockets are closed and what they sent is delivered, and ends the I/O
    /// threads. May be called again after [`Error::Interrupted`].
    pub fn terminate(&self) -> Result<()> {
        let mut nap = Nap::New;
        loop {
            let ended = self.terminate_or_nap(&mut nap);
            if !nap.is_due() {
                return ended;
            }
            nap.sleep();
        }
    }

    /// The same; if it is due the caller is to take the `nap`, and to call again. The result means
    /// nothing then.
    pub fn terminate_or_nap(&self, nap: &mut Nap) -> Result<()> {
        if !self.is_ours() {
            return Ok(());
        }
        let mut fds = Vec::new();
        match nap.take().map(|slept| slept.end(&mut fds).map_err(Error::from)) {
            None => self.shutdown(),
            Some(Ok(())) => {}
            Some(Err(Error::Interrupted)) => return Err(Error::Interrupted),
            // The caller could do no more than call again.
            Some(Err(_)) => pause(SHORTAGE),
        }
        if *self.0.census.alive.lock() > 0 {
            self.0.census.empty.drain();
        }
        // Asked again: the last one may have gone before that.
        if *self.0.census.alive.lock() > 0 {
            fds.clear();
            fds.push(PollFd::new(self.0.census.empty.as_raw_fd(), POLLIN));
            nap.lie_down(&mut fds, None, None);
            return Ok(());
        }
        // For the next one who waits here.
        self.0.census.empty.signal();
        let threads = std::mem::take(&mut self.0.state.lock().io);
        for thread in threads {
            thread.stop();
        }
        Ok(())
    }
}

impl Drop for State {
    /// A context that was forgotten still ends its threads; in a forked child there are none.
    fn drop(&mut self) {
        for thread in self.io.drain(..) {
            thread.stop();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.generation != fork::generation() {
            // Another thread of the parent may have had the lock.
            std::mem::forget(std::mem::take(&mut self.state.get_mut().io));
        }
    }
}

fn start_threads(options: &ContextOptions) -> Result<Vec<IoThread>> {
    let settings = ThreadSettings {
        policy: Some(options.thread_sched_policy).filter(|policy| *policy >= 0),
        priority: Some(options.thread_priority).filter(|priority| *priority >= 0),
        processors: options
            .thread_affinity_cpus
            .iter()
            .filter_map(|cpu| usize::try_from(*cpu).ok())
            .collect(),
    };
    let prefix = String::from_utf8_lossy(&options.thread_name_prefix).into_owned();
    let name = |index| match prefix.is_empty() {
        true => format!("ZMQbg/IO/{index}"),
        false => format!("{prefix}/ZMQbg/IO/{index}"),
    };
    (0..options.io_threads).map(|index| IoThread::start(name(index), settings.clone())).collect()
}
