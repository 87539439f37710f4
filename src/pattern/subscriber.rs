//! SUB: an XSUB whose user subscribes by options, sends nothing, and receives only what he subscribed to.
#![forbid(unsafe_code)]

use super::xsub::XSub;
use super::{Incoming, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links, Sink, Taken};
use crate::options::ids;

/// A SUB socket.
pub(crate) struct Sub(XSub);

impl Sub {
    pub(crate) fn new() -> Self {
        Self(XSub::filtering())
    }
}

impl Default for Sub {
    fn default() -> Self {
        Self::new()
    }
}

impl Pattern for Sub {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        self.0.attach(links, id);
    }

    fn readable(&mut self, links: &mut Links, id: LinkId) {
        self.0.readable(links, id);
    }

    fn writable(&mut self, links: &mut Links, id: LinkId) {
        self.0.writable(links, id);
    }

    fn hiccuped(&mut self, links: &mut Links, id: LinkId) {
        self.0.hiccuped(links, id);
    }

    fn detached(&mut self, links: &mut Links, id: LinkId) {
        self.0.detached(links, id);
    }

    fn send(&mut self, _links: &mut Links, _frame: &mut Frame<'_>) -> Result<()> {
        Err(Error::NotSupported)
    }

    #[inline]
    fn recv(&mut self, links: &mut Links) -> Result<Incoming> {
        self.0.recv(links)
    }

    #[inline]
    fn take(&mut self, links: &mut Links, sink: &mut Sink<'_>) -> Result<Taken> {
        self.0.take(links, sink)
    }

    fn has_in(&mut self, links: &mut Links) -> bool {
        self.0.has_in(links)
    }

    fn has_out(&mut self, _links: &mut Links) -> bool {
        false
    }

    fn set_option(&mut self, links: &mut Links, id: i32, value: &[u8]) -> Option<Result<()>> {
        match id {
            ids::SUBSCRIBE => return Some(self.0.subscribe(links, value)),
            ids::UNSUBSCRIBE => self.0.cancel(links, value),
            ids::INVERT_MATCHING => return self.0.set_option(links, id, value),
            _ => return None,
        }
        Some(Ok(()))
    }

    fn option(&mut self, id: i32) -> Option<Result<Vec<u8>>> {
        self.0.option(id)
    }
}
