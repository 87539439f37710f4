//! A socket in a place that outlives it, for callers that share places between threads.
#![forbid(unsafe_code)]

use super::Core;
use crate::error::{Error, Result};
use crate::runtime::Context;
use parking_lot::Mutex;

/// A place for a socket. Vacant at first and after [`RawSocket::close`]; calls on a vacant place give
/// [`Error::NotSocket`]. Calls from several threads take turns.
#[derive(Default)]
pub struct RawSocket(Mutex<Option<Box<Core>>>);

impl RawSocket {
    /// Opens a socket here.
    pub fn open(&self, context: &Context, socket_type: i32) -> Result<()> {
        let core = Core::new(context, socket_type)?;
        *self.0.lock() = Some(Box::new(core));
        Ok(())
    }

    /// Closes it; what was sent lingers in the background.
    pub fn close(&self) -> Result<()> {
        let core = self.0.lock().take().ok_or(Error::NotSocket)?;
        drop(core);
        Ok(())
    }

    /// Does something with the socket.
    #[inline]
    pub fn with<R>(&self, act: impl FnOnce(&mut Core) -> Result<R>) -> Result<R> {
        match &mut *self.0.lock() {
            Some(core) => act(core),
            None => Err(Error::NotSocket),
        }
    }
}
