//! PUB: an XPUB that nobody receives from. What peers send besides subscriptions is dropped as it comes.
#![forbid(unsafe_code)]

use super::xpub::XPub;
use super::{Incoming, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links};

/// A PUB socket.
pub(crate) struct Pub(XPub);

impl Pub {
    pub(crate) fn new() -> Self {
        Self(XPub::without_receiver())
    }

    #[cfg(test)]
    pub(super) fn xpub(&self) -> &XPub {
        &self.0
    }
}

impl Default for Pub {
    fn default() -> Self {
        Self::new()
    }
}

impl Pattern for Pub {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        self.0.attach(links, id);
    }

    fn readable(&mut self, links: &mut Links, id: LinkId) {
        self.0.readable(links, id);
    }

    fn writable(&mut self, links: &mut Links, id: LinkId) {
        self.0.writable(links, id);
    }

    fn detached(&mut self, links: &mut Links, id: LinkId) {
        self.0.detached(links, id);
    }

    #[inline]
    fn send(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        self.0.send(links, frame)
    }

    fn recv(&mut self, _links: &mut Links) -> Result<Incoming> {
        Err(Error::NotSupported)
    }

    fn has_in(&mut self, _links: &mut Links) -> bool {
        false
    }

    fn has_out(&mut self, links: &mut Links) -> bool {
        self.0.has_out(links)
    }

    fn wants_commands(&self) -> bool {
        self.0.wants_commands()
    }

    fn waits_for_slowest(&self) -> bool {
        self.0.waits_for_slowest()
    }

    fn set_option(&mut self, links: &mut Links, id: i32, value: &[u8]) -> Option<Result<()>> {
        self.0.set_option(links, id, value)
    }

    fn option(&mut self, id: i32) -> Option<Result<Vec<u8>>> {
        self.0.option(id)
    }
}
