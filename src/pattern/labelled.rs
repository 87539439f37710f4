//! Receives from many links in turns, with the sender's routing id before each message.
#![forbid(unsafe_code)]

use super::routes::Routes;
use super::{FairQueue, Incoming};
use crate::error::{Error, Result};
use crate::link::{LinkId, Links};

/// A fair queue whose messages are labelled.
#[derive(Default)]
pub(crate) struct Labelled {
    queue: FairQueue,
    next: Next,
}

/// What the next part is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Next {
    /// Whatever the queue says.
    #[default]
    Queue,
    /// The label of a message that was found already.
    Label(LinkId),
    /// The first part of a message whose label is out.
    Body(LinkId),
}

impl Labelled {
    pub(crate) fn attach(&mut self, id: LinkId) {
        self.queue.attach(id);
    }

    pub(crate) fn activated(&mut self, id: LinkId) {
        self.queue.activated(id);
    }

    pub(crate) fn detached(&mut self, id: LinkId) {
        self.queue.detached(id);
        if matches!(self.next, Next::Label(next) | Next::Body(next) if next == id) {
            self.next = Next::Queue;
        }
    }

    /// The next part: a label, or from the link behind it.
    pub(crate) fn recv(&mut self, links: &mut Links, routes: &Routes) -> Result<Incoming> {
        match self.next {
            Next::Queue if self.queue.is_in_message() => {
                self.queue.recv(links).map(Incoming::Link).ok_or(Error::Again)
            }
            Next::Queue => {
                let id = self.find(links).ok_or(Error::Again)?;
                self.label(links, routes, id)
            }
            Next::Label(id) => self.label(links, routes, id),
            Next::Body(id) => {
                self.next = Next::Queue;
                Ok(Incoming::Link(id))
            }
        }
    }

    /// Is there a part to receive?
    pub(crate) fn has_in(&mut self, links: &mut Links) -> bool {
        self.next != Next::Queue || self.queue.is_in_message() || self.find(links).is_some()
    }

    /// Finds a message, and has it kept until it is read: a label without a message must not be.
    fn find(&mut self, links: &mut Links) -> Option<LinkId> {
        let id = self.queue.recv(links)?;
        links.promise(id);
        self.next = Next::Label(id);
        Some(id)
    }

    fn label(&mut self, links: &Links, routes: &Routes, id: LinkId) -> Result<Incoming> {
        let label = routes.label(links, id)?;
        self.next = Next::Body(id);
        Ok(Incoming::Made(label))
    }
}
