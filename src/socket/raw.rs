//! A socket in a place that outlives it, for callers that share places between threads.
#![forbid(unsafe_code)]

use super::{waiter, Core};
use crate::error::{Error, Result};
use crate::link::{Frame, Sink, Taken};
use crate::message::Message;
use crate::runtime::Context;
use crate::sync::turn::{self, Turn};
use crate::sys::fork;
use std::mem;
use std::sync::atomic::{AtomicU32, Ordering};

/// A place for a socket. Vacant at first and after [`RawSocket::close`]; calls on a vacant place give
/// [`Error::NotSocket`]. Calls from several threads take turns. A panic puts the socket out of service:
/// from then on calls give [`Error::Protocol`], until it is closed.
#[derive(Default)]
// As in a turn.
#[repr(C)]
pub struct RawSocket {
    core: Turn<Option<Box<Core>>>,
    /// The process that opened it.
    process: AtomicU32,
}

impl RawSocket {
    /// Opens a socket here.
    ///
    /// # Errors
    /// `Invalid` if there is no such type.
    pub fn open(&self, context: &Context, socket_type: i32) -> Result<()> {
        let core = Core::new(context, socket_type.try_into()?)?;
        let mut place = self.lock()?;
        self.process.store(fork::generation(), Ordering::Relaxed);
        *place = Some(Box::new(core));
        Ok(())
    }

    /// Closes it; what was sent lingers in the background.
    pub fn close(&self) -> Result<()> {
        let Ok(mut place) = self.lock() else {
            // It belongs to the parent process.
            return Ok(());
        };
        let core = place.take().ok_or(Error::NotSocket)?;
        drop(place);
        drop(core);
        Ok(())
    }

    /// Does something with the socket.
    #[inline]
    pub fn with<R>(&self, act: impl FnOnce(&mut Core) -> Result<R>) -> Result<R> {
        let mut place = self.lock()?;
        let watch = Watch(place.as_deref_mut().ok_or(Error::NotSocket)?);
        let result = act(watch.0);
        mem::forget(watch);
        result
    }

    /// [`Core::send_at_once`]. Not by [`RawSocket::with`], whose closure the compiler does not
    /// always inline: here all is in the caller's own frame.
    #[inline(always)]
    pub fn send_at_once(&self, frame: &mut Frame<'_>) -> Result<()> {
        let mut place = self.lock()?;
        let watch = Watch(place.as_deref_mut().ok_or(Error::NotSocket)?);
        let result = watch.0.send_at_once(frame);
        mem::forget(watch);
        result
    }

    /// [`Core::recv_at_once`], in the same way.
    #[inline(always)]
    pub fn recv_at_once(&self, sink: &mut Sink<'_>) -> Result<Taken> {
        let mut place = self.lock()?;
        let watch = Watch(place.as_deref_mut().ok_or(Error::NotSocket)?);
        let result = watch.0.recv_at_once(sink);
        mem::forget(watch);
        result
    }

    /// Sends one part of a message, and waits while there is no room for it, unless told not to.
    pub fn send(&self, frame: &mut Frame<'_>, dont_wait: bool) -> Result<()> {
        waiter::wait(|nap| self.with(|core| core.send_or_nap(frame, dont_wait, nap)))
    }

    /// Receives one part of a message, and waits while there is none, unless told not to.
    pub(crate) fn recv(&self, sink: &mut Sink<'_>, dont_wait: bool) -> Result<Taken> {
        waiter::wait(|nap| self.with(|core| core.recv_or_nap(sink, dont_wait, nap)))
    }

    /// The same, as a message.
    pub fn recv_message(&self, dont_wait: bool) -> Result<Message> {
        let mut message = Message::new();
        self.recv(&mut Sink::Message(&mut message), dont_wait)?;
        Ok(message)
    }

    #[inline(always)]
    fn lock(&self) -> Result<turn::Taken<'_, Option<Box<Core>>>> {
        match self.core.try_take() {
            Some(place) => Ok(place),
            None => self.wait_for_lock(),
        }
    }

    /// In a forked child nobody may be left to unlock it.
    #[cold]
    fn wait_for_lock(&self) -> Result<turn::Taken<'_, Option<Box<Core>>>> {
        if self.process.load(Ordering::Relaxed) != fork::generation() {
            return Err(Error::Terminated);
        }
        Ok(self.core.take())
    }
}

/// Dropped only when what was done with the socket ended in a panic.
struct Watch<'a>(&'a mut Core);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.0.broken = true;
        self.0.terminated = true;
    }
}
