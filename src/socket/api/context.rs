//! Contexts, as Rust programs hold them.
#![forbid(unsafe_code)]

use super::Socket;
use crate::error::{Error, Result};
use crate::options::{ids, SocketType};
use crate::runtime;
use crate::sys::thread::block_signals;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// What the sockets of a program share: I/O threads, limits, and the names of `inproc://` endpoints.
///
/// One context a process is the rule. Clones are the same context; sockets hold it as well.
///
/// # How it ends
/// [`Context::terminate`] waits until all sockets are closed and what they sent is delivered, or their linger times
/// are over. To merely drop everything never waits: what is not yet delivered is delivered in
/// the background for as long as the process lives (and the linger times of the sockets allow). So a
/// program that is about to exit and whose last messages matter calls `terminate`.
///
/// ```
/// use zeroxide::{Context, SocketType};
///
/// # fn main() -> zeroxide::Result<()> {
/// let context = Context::new()?;
/// context.set_io_threads(2)?;
/// let socket = context.socket(SocketType::Push)?;
/// socket.bind("tcp://127.0.0.1:*")?;
/// drop(socket);
/// context.terminate()
/// # }
/// ```
#[derive(Clone)]
pub struct Context(Arc<Shared>);

struct Shared {
    context: runtime::Context,
    /// There were sockets, and their end was not waited for yet.
    used: AtomicBool,
}

impl Context {
    /// Makes a context. It has no threads until it has a socket.
    pub fn new() -> Result<Self> {
        let context = runtime::Context::new()?;
        Ok(Self(Arc::new(Shared { context, used: AtomicBool::new(false) })))
    }

    /// Makes a socket.
    pub fn socket(&self, socket_type: SocketType) -> Result<Socket> {
        Socket::new(self, socket_type)
    }

    /// Makes all calls on its sockets fail with [`Error::Terminated`], also those that wait in other threads, so that
    /// they get closed.
    pub fn shutdown(&self) {
        self.0.context.shutdown();
    }

    /// Shuts down, waits until every socket is closed and has delivered what it sent or lingered long enough, and
    /// ends the threads. May be called again after [`Error::Interrupted`].
    ///
    /// Sockets that nobody closes keep it waiting: drop those of this thread first, and let the other
    /// threads drop theirs when their calls fail with [`Error::Terminated`].
    pub fn terminate(&self) -> Result<()> {
        self.0.context.terminate()?;
        self.0.used.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// How many threads do I/O; 1 if not set.
    pub fn io_threads(&self) -> Result<i32> {
        self.option(ids::IO_THREADS)
    }

    /// Sets the number of I/O threads; takes effect only before the first socket is made. A context
    /// without any has nothing but `inproc://`.
    pub fn set_io_threads(&self, threads: i32) -> Result<()> {
        self.set_option(ids::IO_THREADS, threads)
    }

    /// How many sockets there may be at once; 1023 if not set.
    pub fn max_sockets(&self) -> Result<i32> {
        self.option(ids::MAX_SOCKETS)
    }

    /// Sets how many sockets there may be at once.
    pub fn set_max_sockets(&self, sockets: i32) -> Result<()> {
        self.set_option(ids::MAX_SOCKETS, sockets)
    }

    /// Do new sockets use IPv6?
    pub fn ipv6(&self) -> Result<bool> {
        self.option(ids::IPV6).map(|value| value != 0)
    }

    /// Sets whether new sockets use IPv6.
    pub fn set_ipv6(&self, on: bool) -> Result<()> {
        self.set_option(ids::IPV6, on.into())
    }

    /// Do new sockets linger without limit?
    pub fn blocky(&self) -> Result<bool> {
        self.option(ids::BLOCKY).map(|value| value != 0)
    }

    /// Sets whether new sockets linger without limit (the default), or not at all.
    pub fn set_blocky(&self, on: bool) -> Result<()> {
        self.set_option(ids::BLOCKY, on.into())
    }

    /// Any context option by its number in `zmq.h`.
    pub fn option(&self, id: i32) -> Result<i32> {
        self.0.context.options().lock().get_int(id)
    }

    /// Sets any context option by its number in `zmq.h`.
    pub fn set_option(&self, id: i32, value: i32) -> Result<()> {
        self.0.context.options().lock().set_int(id, value)
    }

    pub(super) fn open(&self) -> &runtime::Context {
        self.0.used.store(true, Ordering::Relaxed);
        &self.0.context
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("terminating", &self.0.context.is_terminating()).finish()
    }
}

impl Drop for Shared {
    /// All sockets are closed here, but some may linger: somebody has to wait for them, and not the caller.
    fn drop(&mut self) {
        if !*self.used.get_mut() || !self.context.is_ours() {
            return;
        }
        let context = self.context.clone();
        let wait = move || {
            let _ = block_signals();
            while context.terminate() == Err(Error::Interrupted) {}
        };
        // Without another thread the context ends here and now, and nothing lingers.
        let _ = std::thread::Builder::new().name("ZMQbg/Reaper".into()).spawn(wait);
    }
}
