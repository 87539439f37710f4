//! A bound endpoint: accepts connections and makes sessions of them.
//!
//! The I/O thread accepts; the application's thread closes, so that the port is free when `zmq_unbind`
//! returns.
#![forbid(unsafe_code)]

use super::context::Context;
use super::io_thread::{IoHandle, Task};
use super::mailbox::Mailbox;
use crate::engine::session::Profile;
use crate::engine::{Event, Owner, Session, SessionHandle};
use crate::options::{ids, Options, SocketType};
use crate::sys::memory::is_there;
use crate::transport::{is_exhaustion, Established, Listener, TransportOptions};
use parking_lot::Mutex;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;

/// Far more memory than it takes to begin a session, in bytes.
const RESERVE: usize = 64 * 1024;

/// And for each session that there is more than all lists take that sessions are in, when each of
/// them doubles: the longest, of links, takes 344 bytes for each, and another dozen some 400
/// together.
const RESERVE_EACH: usize = 2 * 1024;

/// After so many failures in one turn a listener rests: others are to have their turn, too, if an
/// error stays.
const MOST_FAILURES: u32 = 64;

/// See the module.
pub(crate) struct Accepting {
    listener: Mutex<Option<Listener>>,
    /// The endpoint with wildcards filled in.
    pub(crate) endpoint: String,
    context: Context,
    io: Arc<IoHandle>,
    mailbox: Arc<Mailbox>,
    options: Arc<Options>,
    transport: TransportOptions,
    socket_type: SocketType,
    raw: Option<bool>,
}

/// What a listener has to know of its socket.
pub(crate) struct Bound {
    pub(crate) context: Context,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) options: Arc<Options>,
    pub(crate) transport: TransportOptions,
    pub(crate) socket_type: SocketType,
    pub(crate) raw: Option<bool>,
}

impl Accepting {
    /// Starts to accept on an I/O thread.
    pub(crate) fn start(listener: Listener, io: Arc<IoHandle>, bound: Bound) -> Arc<Self> {
        let endpoint = listener.local_endpoint().to_owned();
        let Bound { context, mailbox, options, transport, socket_type, raw } = bound;
        let event = Event::new(ids::EVENT_LISTENING, listener.as_raw_fd(), endpoint.as_str());
        let accepting = Arc::new(Self {
            listener: Mutex::new(Some(listener)),
            endpoint,
            context,
            io: io.clone(),
            mailbox: mailbox.clone(),
            options,
            transport,
            socket_type,
            raw,
        });
        mailbox.event(event);
        io.send(Task::Listener(accepting.clone()));
        accepting
    }

    /// Does something with the descriptor, which nobody closes meanwhile; `None` if it is closed.
    pub(crate) fn with_fd<R>(&self, act: impl FnOnce(RawFd) -> R) -> Option<R> {
        self.listener.lock().as_ref().map(|listener| act(listener.as_raw_fd()))
    }

    /// Stops listening at once.
    pub(crate) fn close(self: &Arc<Self>) {
        let Some(listener) = self.listener.lock().take() else { return };
        let fd = listener.as_raw_fd();
        self.io.unwatch(fd);
        let event = match listener.close() {
            Ok(()) => Event::new(ids::EVENT_CLOSED, fd, self.endpoint.as_str()),
            Err(error) => Event::new(
                ids::EVENT_CLOSE_FAILED,
                error.raw_os_error().unwrap_or(0),
                self.endpoint.as_str(),
            ),
        };
        self.mailbox.event(event);
        self.io.send(Task::Forget(self.clone()));
    }

    /// Accepts all connections that wait. False if that fails for want of descriptors or memory, or
    /// too often: ask again later.
    pub(crate) fn accept(&self) -> bool {
        let mut failures = 0;
        while failures < MOST_FAILURES {
            let (accepted, listens) = match &*self.listener.lock() {
                Some(listener) => {
                    let accepted = listener.accept();
                    let listens = accepted.is_ok() || listener.listens();
                    (accepted, listens)
                }
                None => return true,
            };
            match accepted {
                Ok(None) => return true,
                Ok(Some(established)) => self.welcome(established),
                Err(error) => {
                    self.failed(&error);
                    if is_exhaustion(&error) {
                        return false;
                    }
                    if !listens {
                        // Nothing more comes of it.
                        self.with_fd(|fd| self.io.unwatch(fd));
                        return true;
                    }
                    failures += 1;
                }
            }
        }
        false
    }

    fn failed(&self, error: &io::Error) {
        let errno = error.raw_os_error().unwrap_or(libc::EACCES);
        self.mailbox.event(Event::new(ids::EVENT_ACCEPT_FAILED, errno, self.endpoint.as_str()));
    }

    fn welcome(&self, established: Established) {
        if is_there(RESERVE + RESERVE_EACH * self.context.load()).is_err() {
            return self.failed(&io::Error::from_raw_os_error(libc::ENOMEM));
        }
        let fd = established.stream.as_raw_fd();
        let Some(io) = self.context.choose_io(self.options.affinity) else { return };
        self.mailbox.event(Event::new(ids::EVENT_ACCEPTED, fd, self.endpoint.as_str()));
        let handle = SessionHandle::new(io.clone(), self.endpoint.clone());
        self.mailbox.add_session(handle.clone());
        let profile = Profile {
            owner: self.mailbox.clone(),
            options: self.options.clone(),
            transport: self.transport.clone(),
            socket_type: self.socket_type,
            raw: self.raw,
        };
        let session = Session::accepted(handle, profile, established);
        io.send(Task::Session(Box::new(session)));
    }
}
