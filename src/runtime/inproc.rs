//! The `inproc` endpoints of a context.
//!
//! A name belongs to the socket that bound it. Who connects before anybody has bound leaves the far end
//! of the link here, for the one who does.
#![forbid(unsafe_code)]

use super::mailbox::Mailbox;
use crate::error::{Error, Result};
use crate::link::{Limits, LinkEnd, Peer};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

/// A socket that bound a name, and what its links to others are to be like.
#[derive(Clone)]
pub(crate) struct Binder {
    pub(crate) mailbox: Weak<Mailbox>,
    pub(crate) terms: Terms,
}

/// What a socket brings into a link with another of the same context.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) sndhwm: i32,
    pub(crate) rcvhwm: i32,
    pub(crate) conflate: bool,
    pub(crate) routing_id: Vec<u8>,
}

impl Terms {
    /// The limits of what a socket with these terms sends to one with `other`: both sides' share, or none
    /// if one side wants none.
    pub(crate) fn limits_towards(&self, other: &Terms) -> Limits {
        if self.conflate {
            return Limits::Latest;
        }
        match (usize::try_from(self.sndhwm), usize::try_from(other.rcvhwm)) {
            (Ok(snd), Ok(rcv)) if snd > 0 && rcv > 0 => Limits::Messages(snd.saturating_add(rcv)),
            _ => Limits::Messages(0),
        }
    }
}

/// The far end of a link that waits for somebody to bind.
pub(crate) struct Pending {
    pub(crate) end: LinkEnd,
    /// Who connected.
    pub(crate) peer: Arc<dyn Peer>,
    pub(crate) terms: Terms,
    /// Filled in when somebody binds, for the connecter to call.
    pub(crate) far: Arc<LatePeer>,
}

/// A peer that is not there yet; what it is told meanwhile it will find out by itself.
#[derive(Default)]
pub(crate) struct LatePeer(Mutex<Option<Arc<dyn Peer>>>);

impl LatePeer {
    pub(crate) fn arrive(&self, peer: Arc<dyn Peer>) {
        *self.0.lock() = Some(peer);
    }

    fn tell(&self, what: impl FnOnce(&dyn Peer)) {
        let peer = self.0.lock().clone();
        if let Some(peer) = peer {
            what(&*peer);
        }
    }
}

impl Peer for LatePeer {
    fn readable(&self) {
        self.tell(|peer| peer.readable());
    }

    fn writable(&self) {
        self.tell(|peer| peer.writable());
    }

    fn closed(&self) {
        self.tell(|peer| peer.closed());
    }
}

/// The names of a context.
#[derive(Default)]
pub(crate) struct Names {
    bound: HashMap<String, Binder>,
    pending: HashMap<String, Vec<Pending>>,
}

impl Names {
    /// Binds a name; those who were waiting for it are returned.
    pub(crate) fn bind(&mut self, name: &str, binder: Binder) -> Result<Vec<Pending>> {
        if self.bound.contains_key(name) {
            return Err(Error::AddressInUse);
        }
        self.bound.insert(name.to_owned(), binder);
        Ok(self.pending.remove(name).unwrap_or_default())
    }

    /// Frees a name, if it is this socket's.
    pub(crate) fn unbind(&mut self, name: &str, mailbox: &Arc<Mailbox>) -> Result<()> {
        match self.bound.get(name) {
            Some(binder) if std::ptr::eq(binder.mailbox.as_ptr(), Arc::as_ptr(mailbox)) => {
                self.bound.remove(name);
                Ok(())
            }
            _ => Err(Error::NoEntry),
        }
    }

    /// Frees all names of a socket.
    pub(crate) fn unbind_all(&mut self, mailbox: &Arc<Mailbox>) {
        self.bound.retain(|_, binder| !std::ptr::eq(binder.mailbox.as_ptr(), Arc::as_ptr(mailbox)));
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Binder> {
        self.bound.get(name)
    }

    pub(crate) fn wait_for(&mut self, name: &str, pending: Pending) {
        self.pending.entry(name.to_owned()).or_default().push(pending);
    }

    /// Nobody will bind any more.
    pub(crate) fn clear_pending(&mut self) -> Vec<Pending> {
        self.pending.drain().flat_map(|(_, pending)| pending).collect()
    }
}
