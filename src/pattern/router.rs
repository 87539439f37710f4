//! ROUTER: says who each message is from, and sends each to the peer that its first part names.
//!
//! A peer is named by the routing id that it announces, by us when we connect to it
//! (`ZMQ_CONNECT_ROUTING_ID`), or else by a number. Until its name is known it is not heard. Two
//! peers cannot have one name: the second waits until the first has gone, or takes the name over
//! from it if `ZMQ_ROUTER_HANDOVER` is set. A peer that has gone keeps its name for messages that
//! were not read yet, but nobody has to wait for that to be sent something.
#![forbid(unsafe_code)]

use super::dealer::probe;
use super::labelled::Labelled;
use super::routes::{Destination, Routes};
use super::{flag, Incoming, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links};
use crate::options::ids;
use std::collections::BTreeSet;

/// A ROUTER socket.
#[derive(Default)]
pub(crate) struct Router {
    routes: Routes,
    inbound: Labelled,
    /// Links without a name: their peers have not said it yet, or somebody else has it.
    anonymous: BTreeSet<LinkId>,
    destination: Destination,
    mandatory: bool,
    handover: bool,
    probe_router: bool,
    raw: bool,
}

impl Pattern for Router {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        if self.probe_router {
            probe(links, id);
        }
        self.meet(links, id);
    }

    fn readable(&mut self, links: &mut Links, id: LinkId) {
        if self.anonymous.contains(&id) {
            self.meet(links, id);
        } else {
            self.inbound.activated(id);
        }
    }

    fn writable(&mut self, _links: &mut Links, _id: LinkId) {}

    fn detached(&mut self, links: &mut Links, id: LinkId) {
        if self.destination == Destination::Link(id) {
            self.destination = Destination::Nowhere;
        }
        self.anonymous.remove(&id);
        self.inbound.detached(id);
        if let Some(name) = self.routes.remove(id) {
            self.pass_on(links, &name);
        }
    }

    fn send(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        match self.destination {
            Destination::Unknown => self.address(links, frame),
            Destination::Link(id) if links.is_open(id) => self.write(links, id, frame),
            Destination::Link(id) => {
                links.rollback(id);
                self.lose(frame);
                Ok(())
            }
            Destination::Nowhere => {
                self.lose(frame);
                Ok(())
            }
        }
    }

    fn recv(&mut self, links: &mut Links) -> Result<Incoming> {
        self.inbound.recv(links, &self.routes)
    }

    fn has_in(&mut self, links: &mut Links) -> bool {
        self.inbound.has_in(links)
    }

    /// Where a message goes is not known before it is sent, so this can only say that some peer could
    /// be sent one; and without `ZMQ_ROUTER_MANDATORY` sending never fails.
    fn has_out(&mut self, links: &mut Links) -> bool {
        !self.mandatory
            || self.destination != Destination::Unknown
            || self.routes.links().any(|id| links.has_room(id))
    }

    fn raw(&self) -> Option<bool> {
        self.raw.then_some(true)
    }

    fn set_option(&mut self, _links: &mut Links, id: i32, value: &[u8]) -> Option<Result<()>> {
        let switch = match id {
            ids::CONNECT_ROUTING_ID => return Some(self.routes.set_alias(value)),
            ids::ROUTER_MANDATORY => &mut self.mandatory,
            ids::ROUTER_HANDOVER => &mut self.handover,
            ids::ROUTER_RAW => &mut self.raw,
            ids::PROBE_ROUTER => &mut self.probe_router,
            _ => return None,
        };
        Some(flag(value).map(|on| *switch = on))
    }
}

impl Router {
    /// Finds out who a new peer is.
    fn meet(&mut self, links: &mut Links, id: LinkId) {
        if self.identify(links, id) {
            self.anonymous.remove(&id);
            self.inbound.attach(id);
        } else {
            self.anonymous.insert(id);
        }
    }

    /// Names a link. False if its name is not known yet, or not free.
    fn identify(&mut self, links: &mut Links, id: LinkId) -> bool {
        if let Some(alias) = self.routes.take_alias(links, id) {
            self.routes.insert(&alias, id);
            return true;
        }
        let has_spoken = !self.raw && links.front(id).is_some();
        let info = links.get(id).and_then(|link| link.info()).cloned();
        let announced = info.as_ref().map(|info| &*info.routing_id);
        match announced.filter(|_| !self.raw) {
            Some([]) => self.make_up(id),
            None if self.raw || has_spoken => self.make_up(id),
            None => false,
            Some(name) => self.give(links, name, id),
        }
    }

    fn make_up(&mut self, id: LinkId) -> bool {
        let name = self.routes.make_up();
        self.routes.insert(&name, id);
        true
    }

    /// Gives a peer the name that it asks for, if it may have it.
    fn give(&mut self, links: &mut Links, name: &[u8], id: LinkId) -> bool {
        if let Some(holder) = self.routes.find(name) {
            if !links.is_open(holder) {
                self.routes.pass_on(name, id);
                return true;
            }
            if !self.handover {
                self.sweep(links);
                return false;
            }
            self.routes.remove(holder);
            links.terminate(holder);
        }
        self.routes.insert(name, id);
        true
    }

    /// Gives the name of a peer that has gone to the next one that wants it. False if nobody does.
    fn pass_on(&mut self, links: &mut Links, name: &[u8]) -> bool {
        let wants = |id: &&LinkId| {
            let info = links.get(**id).and_then(|link| link.info());
            info.is_some_and(|info| *info.routing_id == *name) && links.is_open(**id)
        };
        let next = self.anonymous.iter().find(wants).copied();
        if let Some(id) = next {
            self.meet(links, id);
        }
        next.is_some_and(|id| self.routes.find(name) == Some(id))
    }

    /// Lets go of those who waited for a name and left: nobody reads what they said, so nobody else would
    /// notice.
    fn sweep(&mut self, links: &mut Links) {
        let gone = self.anonymous.iter().filter(|id| !links.is_open(**id));
        for id in gone.copied().collect::<Vec<_>>() {
            links.terminate(id);
        }
    }

    fn has_room(&self, links: &mut Links, id: LinkId) -> bool {
        match self.mandatory {
            true => links.has_room(id),
            false => links.has_room_now(id),
        }
    }

    /// The first part of a message says where it goes.
    fn address(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        if frame.more {
            self.destination = match self.routes.find(frame.body()) {
                Some(id) if self.has_room(links, id) => Destination::Link(id),
                Some(id) if self.mandatory && links.is_open(id) => return Err(Error::Again),
                Some(id) if !links.is_open(id) && self.pass_on(links, frame.body()) => {
                    return self.address(links, frame);
                }
                _ if self.mandatory => return Err(Error::HostUnreachable),
                _ => Destination::Nowhere,
            };
        }
        frame.consume();
        Ok(())
    }

    fn write(&mut self, links: &mut Links, id: LinkId, frame: &mut Frame<'_>) -> Result<()> {
        let more = frame.more && !self.raw;
        if self.raw && frame.body().is_empty() {
            links.terminate(id);
            self.destination = Destination::Unknown;
            return Ok(());
        }
        let asked_for = std::mem::replace(&mut frame.more, more);
        if let Err(error) = links.write(id, frame) {
            frame.more = asked_for;
            return Err(error);
        }
        if !more {
            self.destination = Destination::Unknown;
        }
        Ok(())
    }

    fn lose(&mut self, frame: &mut Frame<'_>) {
        let more = frame.more && !self.raw;
        self.destination = if more { Destination::Nowhere } else { Destination::Unknown };
        frame.consume();
    }
}

#[cfg(test)]
mod tests;
