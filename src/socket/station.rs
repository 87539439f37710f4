//! Reading for oneself from many connections.
//!
//! A socket with few links claims all of them when it waits. With many, it claims those that are busy, one by
//! one, and waits for all of these together; the rest is left to the I/O threads. So what a wait costs depends
//! on how many links have something, not on how many there are. This module only keeps the accounts.
#![forbid(unsafe_code)]

use crate::link::LinkId;
use crate::sys::clock;
use crate::sys::epoll::Epoll;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;

/// A link that brought something so often ...
const OFTEN: u8 = 4;
/// ... with no longer pauses than this in between, in milliseconds, is busy.
const PAUSE: u64 = 20;
/// A socket that always finds something looks for what else has come after so many messages.
const LOOK: u32 = 256;

/// Where a socket waits for its busy links.
#[derive(Default)]
pub(super) struct Station {
    /// Made when it is first needed.
    epoll: Option<Arc<Epoll>>,
    /// Indexed by link.
    heat: Vec<Heat>,
    /// What is to be claimed.
    busy: Vec<LinkId>,
    ready: Vec<u32>,
    messages: u32,
}

/// How busy a link is.
#[derive(Clone, Copy, Default)]
struct Heat {
    last: u64,
    times: u8,
}

impl Station {
    /// A link has brought something.
    pub(super) fn note(&mut self, id: LinkId) {
        let index = id.0 as usize;
        if self.heat.len() <= index {
            self.heat.resize(index + 1, Heat::default());
        }
        let heat = &mut self.heat[index];
        let now = clock::tick();
        let cold = now.wrapping_sub(heat.last) > PAUSE;
        *heat = Heat { last: now, times: if cold { 1 } else { heat.times.saturating_add(1) } };
        if heat.times == OFTEN {
            self.busy.push(id);
        }
    }

    /// A link that is to be claimed.
    pub(super) fn next_busy(&mut self) -> Option<(LinkId, &Arc<Epoll>)> {
        let id = self.busy.pop()?;
        if self.epoll.is_none() {
            self.epoll = Epoll::new().ok().map(Arc::new);
        }
        Some((id, self.epoll.as_ref()?))
    }

    /// What to sleep on.
    pub(super) fn fd(&self) -> Option<RawFd> {
        self.epoll.as_deref().map(AsRawFd::as_raw_fd)
    }

    /// The links that can be read from. To be given back with [`Station::keep`].
    pub(super) fn ready(&mut self) -> Vec<u32> {
        let mut ready = std::mem::take(&mut self.ready);
        ready.clear();
        if let Some(epoll) = &self.epoll {
            epoll.ready(&mut ready);
        }
        ready
    }

    pub(super) fn keep(&mut self, ready: Vec<u32>) {
        self.ready = ready;
    }

    /// A message was there without waiting. Is it time to look for others?
    pub(super) fn is_time_to_look(&mut self) -> bool {
        self.messages = self.messages.wrapping_add(1);
        self.messages % LOOK == 0
    }
}

#[cfg(test)]
mod tests;
