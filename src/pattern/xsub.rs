//! XSUB: tells all its peers what its user subscribes to, and receives from all of them in turn.
//!
//! Subscriptions are remembered, so that a peer that comes later is told of them as well. They are not
//! messages to a link, so that no high-water mark can lose them.
#![forbid(unsafe_code)]

#[cfg(test)]
mod tests;

use super::distribution::Distribution;
use super::fair_queue::FairQueue;
use super::subscription::Request;
use super::trie::Trie;
use super::xpub::settings::{any_switch, get, switch};
use super::{Incoming, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links, Sink, Taken};
use crate::options::ids;

/// An XSUB socket, and what SUB is made of.
pub(crate) struct XSub {
    subscriptions: Trie,
    distribution: Distribution,
    queue: FairQueue,
    /// Skip what was not subscribed to, for peers that do not filter.
    filters: bool,
    invert_matching: bool,
    only_first: bool,
    sending: Sending,
    receiving: Receiving,
    /// The body of a command while it is written.
    command: Vec<u8>,
}

/// The message that the user is sending.
#[derive(Default)]
struct Sending {
    more: bool,
    /// Further parts may be requests.
    requests: bool,
}

/// The message that the user is receiving.
#[derive(Default)]
struct Receiving {
    /// More of its parts come from there.
    rest: Option<LinkId>,
    /// Its next part was found already.
    found: Option<LinkId>,
}

impl XSub {
    pub(crate) fn new() -> Self {
        Self::with_filter(false)
    }

    /// What SUB is made of.
    pub(super) fn filtering() -> Self {
        Self::with_filter(true)
    }

    fn with_filter(filters: bool) -> Self {
        Self {
            subscriptions: Trie::new(),
            distribution: Distribution::default(),
            queue: FairQueue::new(),
            filters,
            invert_matching: false,
            only_first: false,
            sending: Sending::default(),
            receiving: Receiving::default(),
            command: Vec::new(),
        }
    }

    /// Peers are told each time: those with `ZMQ_XPUB_VERBOSE` want to know.
    pub(super) fn subscribe(&mut self, links: &mut Links, topic: &[u8]) -> Result<()> {
        self.subscriptions.add(topic)?;
        let told = self.tell_all(links, Request::subscribe(topic));
        if told.is_err() {
            self.subscriptions.remove(topic);
        }
        told
    }

    /// Peers are told the last time only: they do not count how often they were asked. Those that could not be told
    /// begin anew.
    pub(super) fn cancel(&mut self, links: &mut Links, topic: &[u8]) {
        if self.subscriptions.remove(topic) {
            let _ = self.tell_all(links, Request::cancel(topic));
        }
    }

    fn tell_all(&mut self, links: &mut Links, request: Request<'_>) -> Result<()> {
        request.write_command(&mut self.command)?;
        let mut told = Ok(());
        for id in self.distribution.links() {
            told = told.and(links.write_command(*id, &self.command));
        }
        told
    }

    /// Tells one peer of all subscriptions. One that cannot be told begins anew.
    fn tell(&mut self, links: &mut Links, id: LinkId) {
        let Self { subscriptions, command, .. } = self;
        let mut told = Ok(());
        let shown = subscriptions.for_each(|topic| {
            if told.is_ok() {
                told = Request::subscribe(topic)
                    .write_command(command)
                    .and_then(|()| links.write_command(id, command));
            }
        });
        if shown.and(told).is_err() {
            links.give_up(id);
        }
    }

    /// Sends a part to all peers.
    fn send_to_all(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        if !self.distribution.is_sending() {
            self.distribution.begin();
            self.distribution.choose_all();
            self.distribution.drop_full(links);
        }
        self.distribution.send(links, frame)
    }

    /// Sends a request that is a part among others, as which it has to stay in its place.
    fn send_part(
        &mut self,
        links: &mut Links,
        frame: &mut Frame<'_>,
        subscribes: bool,
    ) -> Result<()> {
        let topic = &frame.body()[1..];
        if subscribes {
            self.subscriptions.add(topic)?;
        } else if !self.subscriptions.remove(topic) {
            return self.leave_out(links, frame);
        }
        self.send_to_all(links, frame)
    }

    /// Passes over a part that peers must not see. If it ends a message, something else has to.
    fn leave_out(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        if self.distribution.is_sending() && !frame.more {
            self.distribution.send(links, &mut Frame::bytes(&[], false))?;
        }
        frame.consume();
        Ok(())
    }

    /// Finds the next part that the user wants.
    fn find(&mut self, links: &mut Links) -> Option<LinkId> {
        loop {
            let id = self.queue.recv(links)?;
            let Some(front) = links.front(id) else { continue };
            let more = front.more;
            if self.receiving.rest.is_some() || self.wants(front.body) {
                self.receiving.rest = more.then_some(id);
                return Some(id);
            } else {
                self.skip(links, id, more);
            }
        }
    }

    #[inline]
    fn wants(&self, body: &[u8]) -> bool {
        !self.filters || self.subscriptions.matches(body) != self.invert_matching
    }

    /// Passes over a message.
    fn skip(&mut self, links: &mut Links, mut id: LinkId, mut more: bool) {
        loop {
            links.discard(id);
            if !more {
                return;
            }
            match self.queue.recv(links) {
                Some(next) => id = next,
                None => return,
            }
            more = links.front(id).is_some_and(|front| front.more);
        }
    }
}

impl Default for XSub {
    fn default() -> Self {
        Self::new()
    }
}

impl Pattern for XSub {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        self.queue.attach(id);
        self.distribution.attach(id);
        self.tell(links, id);
    }

    fn readable(&mut self, _links: &mut Links, id: LinkId) {
        self.queue.activated(id);
    }

    /// Room is looked for when a message begins.
    fn writable(&mut self, _links: &mut Links, _id: LinkId) {}

    fn hiccuped(&mut self, links: &mut Links, id: LinkId) {
        // A command also sends what was written before it, and half a message must not leave.
        if self.distribution.is_sending() && links.rollback(id) {
            self.distribution.leave_out(id);
        }
        self.tell(links, id);
    }

    fn detached(&mut self, _links: &mut Links, id: LinkId) {
        self.queue.detached(id);
        self.distribution.detached(id);
        let Receiving { rest, found } = &mut self.receiving;
        *rest = rest.filter(|rest| *rest != id);
        *found = found.filter(|found| *found != id);
    }

    fn send(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        let first = !self.sending.more;
        let may_request = !self.only_first || !first && self.sending.requests;
        let request = match first || may_request {
            true => Request::from_message(frame.body()),
            false => None,
        };
        let (more, requests) = (frame.more, may_request || request.is_some());
        match request {
            Some(request) if first && !more => {
                match request.subscribes {
                    true => self.subscribe(links, request.topic)?,
                    false => self.cancel(links, request.topic),
                }
                frame.consume();
            }
            Some(Request { subscribes, .. }) => self.send_part(links, frame, subscribes)?,
            None => self.send_to_all(links, frame)?,
        }
        self.sending = Sending { more, requests };
        Ok(())
    }

    #[inline]
    fn recv(&mut self, links: &mut Links) -> Result<Incoming> {
        let found = self.receiving.found.take();
        let id = found.or_else(|| self.find(links)).ok_or(Error::Again)?;
        Ok(Incoming::Link(id))
    }

    #[inline]
    fn take(&mut self, links: &mut Links, sink: &mut Sink<'_>) -> Result<Taken> {
        if self.receiving.found.is_none() && self.receiving.rest.is_none() {
            let Self { queue, subscriptions, filters, invert_matching, .. } = self;
            let wanted = |body: &[u8]| !*filters || subscriptions.matches(body) != *invert_matching;
            if let Some((id, taken)) = queue.take_if(links, sink, wanted) {
                self.receiving.rest = taken.more().then_some(id);
                return Ok(taken);
            }
        }
        let Incoming::Link(id) = self.recv(links)? else { return Err(Error::Again) };
        links.take(id, sink)
    }

    fn has_in(&mut self, links: &mut Links) -> bool {
        if self.receiving.found.is_none() {
            self.receiving.found = self.find(links);
        }
        self.receiving.found.is_some()
    }

    fn has_out(&mut self, _links: &mut Links) -> bool {
        true
    }

    fn set_option(&mut self, _links: &mut Links, id: i32, value: &[u8]) -> Option<Result<()>> {
        match id {
            ids::ONLY_FIRST_SUBSCRIBE => Some(switch(value).map(|on| self.only_first = on)),
            ids::INVERT_MATCHING => Some(any_switch(value).map(|on| self.invert_matching = on)),
            _ => None,
        }
    }

    fn option(&mut self, id: i32) -> Option<Result<Vec<u8>>> {
        get(id, self.subscriptions.len(), self.invert_matching)
    }
}
