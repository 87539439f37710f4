//! What ties a socket to a peer: two queues of frames with high-water marks, whole-message commit,
//! rollback and conflation.
//!
//! A [`LinkEnd`] is one side of it. The other side belongs to a session, which carries the frames over a
//! connection, or to another socket of the same process. A link never knows which: it only tells its
//! [`Peer`] that there is something to read, room to write, or nobody here any more.
#![forbid(unsafe_code)]

mod end;
mod frame;
mod hold;
mod links;
#[cfg(test)]
mod tests;

use crate::error::Result;
pub(crate) use crate::sync::queue::{COMMAND, MORE};
use crate::sys::epoll::Epoll;
pub use end::{pair, Limits, LinkEnd, Receiver, Sender, Slot};
pub use frame::{Frame, Parcel, PeerInfo, Sink, Taken};
pub(crate) use hold::{wake_or_hold, Hold, Sleeper};
pub use links::Link;
pub(crate) use links::{Boost, LinkId, LinkOrigin, Links};
use std::os::fd::RawFd;
use std::sync::Arc;

/// What it brought to read a claimed peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Brought {
    /// Less than that, or nothing.
    Little,
    /// So much that more may follow.
    Much,
    /// The beginning of a long message; the rest is on its way.
    Part,
}

/// Whoever holds the other end of a link, as far as this end can see.
///
/// Calls come from any thread, may be late, and may come once too often: the receiver of one looks at
/// the link itself.
pub trait Peer: Send + Sync {
    /// Something was committed after the peer had found its queue empty.
    fn readable(&self);
    /// As `readable`, for what several peers get: nobody writes for all of them on the sender's time.
    fn gathered(&self) {
        self.readable();
    }
    /// The peer had found its queue full, and now there is room.
    fn writable(&self);
    /// This end is gone.
    fn closed(&self);
    /// This end could not say something that the peer has to know: it is to begin anew.
    fn start_over(&self) {}
    /// More than a batch of bytes waits: a good moment to flush, for who can.
    fn pressure(&self) {}

    /// Sends a message of one part from the caller's memory, if nothing waits to be sent before it. What the
    /// peer cannot send at once `queue` puts into the link, whole, without telling anybody. False if nothing
    /// was done, and nothing was sent.
    fn send_through(&self, _body: &[u8], _queue: &mut dyn FnMut() -> Result<()>) -> Result<bool> {
        Ok(false)
    }

    /// The caller is about to sleep until something comes, and would rather read for itself: the
    /// descriptor to sleep on, if the peer has one to lend. The claim lapses by itself when it is not used.
    fn claim(&self) -> Option<RawFd> {
        None
    }

    /// The same for one of many: while the claim lasts, `station` tells `key` when something comes.
    fn claim_at(&self, _station: &Arc<Epoll>, _key: u32) {}

    /// Reads what has come to a claimed peer.
    fn pump(&self) -> Brought {
        Brought::Little
    }

    /// Reads what has come, claimed or not, and waits for whoever is just reading.
    fn look(&self) {}

    /// Gives a claim back.
    fn release(&self) {}
}
