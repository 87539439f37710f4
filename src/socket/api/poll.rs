//! Waiting for several sockets, as Rust programs do it.
#![forbid(unsafe_code)]

use super::{Events, Socket};
use crate::error::Result;
use crate::socket;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

pub use socket::PollItem;

/// Waits until one of the items has something that is wanted of it, or the time is over; `None` waits for
/// ever. Returns how many items have something.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::{poll, Context, Events, SocketType};
///
/// # fn main() -> zeroxide::Result<()> {
/// let context = Context::new()?;
/// let (quiet, busy) = (context.socket(SocketType::Pull)?, context.socket(SocketType::Pull)?);
/// quiet.bind("inproc://quiet")?;
/// busy.bind("inproc://busy")?;
/// let push = context.socket(SocketType::Push)?;
/// push.connect("inproc://busy")?;
/// push.send("work")?;
///
/// let mut items = [quiet.poll_item(Events::IN), busy.poll_item(Events::IN)];
/// assert_eq!(poll(&mut items, Some(Duration::from_secs(1)))?, 1);
/// assert!(items[0].ready().is_empty());
/// assert!(items[1].ready().is_readable());
/// # Ok(())
/// # }
/// ```
pub fn poll(items: &mut [PollItem<'_>], timeout: Option<Duration>) -> Result<usize> {
    socket::poll(items, timeout)
}

impl<'a> PollItem<'a> {
    /// Waits for a descriptor of another kind.
    pub fn of_descriptor(fd: BorrowedFd<'a>, wanted: Events) -> Self {
        Self::descriptor(fd.as_raw_fd(), wanted.0)
    }

    /// What [`poll`] has found.
    pub fn ready(&self) -> Events {
        Events(self.revents)
    }
}

impl Socket {
    /// For [`poll`]: waits for this socket.
    pub fn poll_item(&self, wanted: Events) -> PollItem<'_> {
        PollItem::socket(&self.raw, wanted.0)
    }

    /// Waits for this socket alone. Returns which of the wanted events are there: none if the time is over.
    pub fn poll(&self, wanted: Events, timeout: Option<Duration>) -> Result<Events> {
        let mut items = [self.poll_item(wanted)];
        poll(&mut items, timeout)?;
        Ok(items[0].ready())
    }
}
