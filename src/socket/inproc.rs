//! Links between sockets of one context.
#![forbid(unsafe_code)]

use super::Core;
use crate::engine::switches::{Use, BUSY_WAIT};
use crate::engine::Owner;
use crate::error::Result;
use crate::link::{pair, Boost, Limits, Link, LinkEnd, LinkId, LinkOrigin, Parcel, Peer, PeerInfo};
use crate::runtime::inproc::{Binder, LatePeer, Pending, Terms};
use crate::runtime::Mailbox;
use std::sync::Arc;

impl Core {
    fn terms(&self) -> Terms {
        Terms {
            sndhwm: self.options.sndhwm,
            rcvhwm: self.options.rcvhwm,
            conflate: self.options.conflates(),
            routing_id: self.options.routing_id.clone(),
        }
    }

    pub(super) fn bind_inproc(&mut self, name: &str, address: &str) -> Result<()> {
        let binder = Binder { mailbox: Arc::downgrade(&self.mailbox), terms: self.terms() };
        let waiting = self.context.names().lock().bind(name, binder)?;
        for pending in waiting {
            self.adopt(pending, address);
        }
        self.endpoints.add_local(address, None);
        self.leave();
        Ok(())
    }

    /// Takes the far end of a link that waited for this name.
    fn adopt(&mut self, pending: Pending, address: &str) {
        let Pending { mut end, peer, terms, far } = pending;
        let ours = self.terms();
        if introduce(&mut end, &ours, &*peer).is_err() {
            end.tx.close();
            end.rx.consumer().close();
            return peer.closed();
        }
        let (id, socket) = self.mailbox.reserve_link();
        let mut link =
            Link::new(end, peer.clone(), LinkOrigin::Accepted, address.into(), boost(&terms));
        link.set_limits(ours.sndhwm, ours.rcvhwm);
        self.links.insert(id, link);
        far.arrive(socket);
        self.pattern.attach(&mut self.links, id);
        // What the connecter did so far was told to nobody.
        self.pattern.readable(&mut self.links, id);
        peer.writable();
        self.peer_closed(id);
    }

    pub(super) fn connect_inproc(&mut self, name: &str, address: &str) -> Result<LinkId> {
        let ours = self.terms();
        let context = self.context.clone();
        let mut names = context.names().lock();
        let bound = names
            .find(name)
            .cloned()
            .and_then(|binder| Some((binder.mailbox.upgrade()?, binder.terms)));
        match bound {
            Some((mailbox, theirs)) => {
                drop(names);
                self.link_with(&mailbox, &ours, &theirs, address)
            }
            None => {
                let (id, pending) = self.link_with_nobody(ours, address)?;
                names.wait_for(name, pending);
                Ok(id)
            }
        }
    }

    fn link_with(
        &mut self,
        mailbox: &Arc<Mailbox>,
        ours: &Terms,
        theirs: &Terms,
        address: &str,
    ) -> Result<LinkId> {
        let (mut near, mut far) =
            beside(pair(ours.limits_towards(theirs), theirs.limits_towards(ours))?);
        introduce(&mut near, ours, &Nobody)?;
        introduce(&mut far, theirs, &Nobody)?;
        let (near_id, near_socket) = self.mailbox.reserve_link();
        let (far_id, far_socket) = mailbox.reserve_link();
        mailbox.attach(
            far_id,
            Link::new(far, near_socket, LinkOrigin::Accepted, address.into(), boost(ours)),
        );
        self.links.insert(
            near_id,
            Link::new(near, far_socket, LinkOrigin::Connected, address.into(), boost(theirs)),
        );
        self.endpoints.add_local(address, Some(near_id));
        self.pattern.attach(&mut self.links, near_id);
        Ok(near_id)
    }

    fn link_with_nobody(&mut self, ours: Terms, address: &str) -> Result<(LinkId, Pending)> {
        // The other side's share of the limits comes with the other side.
        let limits = |hwm| if ours.conflate { Limits::Latest } else { messages_of(hwm) };
        let (mut near, far) = beside(pair(limits(ours.sndhwm), limits(ours.rcvhwm))?);
        introduce(&mut near, &ours, &Nobody)?;
        let (id, socket) = self.mailbox.reserve_link();
        let late = Arc::new(LatePeer::default());
        let peer: Arc<dyn Peer> = late.clone();
        self.links.insert(
            id,
            Link::new(
                near,
                peer,
                LinkOrigin::Connected,
                address.into(),
                Some(Boost { send: -1, recv: -1 }),
            ),
        );
        self.endpoints.add_local(address, Some(id));
        self.pattern.attach(&mut self.links, id);
        Ok((id, Pending { end: far, peer: socket, terms: ours, far: late }))
    }
}

/// A link whose ends are with threads of the application.
fn beside((mut near, mut far): (LinkEnd, LinkEnd)) -> (LinkEnd, LinkEnd) {
    let may_wait = BUSY_WAIT.get() != Use::Off;
    near.rx.consumer().pursue(may_wait);
    far.rx.consumer().pursue(may_wait);
    (near, far)
}

/// Says who we are, before anything else.
fn introduce(end: &mut LinkEnd, terms: &Terms, peer: &dyn Peer) -> Result<()> {
    let info = PeerInfo { metadata: None, routing_id: terms.routing_id.clone() };
    end.tx.write_parcel(Parcel::Peer(Arc::new(info)), peer)
}

/// For words into a link that the other side does not have yet; it looks when it gets it.
struct Nobody;

impl Peer for Nobody {
    fn readable(&self) {}
    fn writable(&self) {}
    fn closed(&self) {}
}

fn messages_of(hwm: i32) -> Limits {
    Limits::Messages(usize::try_from(hwm).unwrap_or(0))
}

fn boost(terms: &Terms) -> Option<Boost> {
    Some(Boost { send: terms.rcvhwm, recv: terms.sndhwm })
}
