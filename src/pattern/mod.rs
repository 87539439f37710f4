//! What each socket type does with its links: whom a message goes to, and from whom the next one is taken.
//!
//! A pattern is driven by its socket, one call at a time. It never blocks, never sees a transport, a
//! descriptor or a clock: `Again` is its answer when nothing can be done now, and the socket waits.
#![forbid(unsafe_code)]

mod dealer;
mod dish;
mod distribution;
mod fair_queue;
mod group;
mod labelled;
mod load_balance;
mod pair;
mod publisher;
mod pull;
mod push;
mod radio;
mod rep;
mod req;
mod rotation;
mod router;
mod routes;
mod server;
mod stream;
mod subscriber;
mod subscription;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod trie;
mod whole;
mod xpub;
mod xsub;

pub(crate) use fair_queue::FairQueue;
pub(crate) use group::Membership;
pub(crate) use load_balance::LoadBalancer;
pub(crate) use publisher::Pub;
pub(crate) use subscriber::Sub;
pub(crate) use xpub::XPub;
pub(crate) use xsub::XSub;

use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links, Sink, Taken};
use crate::message::Message;
use crate::options::SocketType;

/// The next part to receive.
pub(crate) enum Incoming {
    /// It is what [`Links::front`] of this link shows; the socket takes it.
    Link(LinkId),
    /// The pattern made it: a routing id, a subscription. Its `more` flag is set as it should be.
    Made(Message),
}

/// The behaviour of a socket type.
///
/// After each call the socket detaches the links that are finished (see [`Links::take_finished`]).
pub(crate) trait Pattern: Send {
    /// A new link is there, and writable; whether something can be read is found by looking.
    fn attach(&mut self, links: &mut Links, id: LinkId);

    /// The link has something to read again after [`Links::front`] had nothing.
    fn readable(&mut self, links: &mut Links, id: LinkId);

    /// The link has room again after [`Links::has_room`] said no.
    fn writable(&mut self, links: &mut Links, id: LinkId);

    /// The connection behind the link was replaced; what the old peer was told (subscriptions) the new
    /// one does not know.
    fn hiccuped(&mut self, _links: &mut Links, _id: LinkId) {}

    /// The link is gone: forget it. It is still in `links` while this is called, but closed.
    fn detached(&mut self, links: &mut Links, id: LinkId);

    /// Sends one part. On an error nothing of this part was sent, and the frame is untouched.
    fn send(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()>;

    /// Finds the next part to receive.
    fn recv(&mut self, links: &mut Links) -> Result<Incoming>;

    /// Receives the next part into `sink`.
    fn take(&mut self, links: &mut Links, sink: &mut Sink<'_>) -> Result<Taken> {
        match self.recv(links)? {
            Incoming::Link(id) => links.take(id, sink),
            Incoming::Made(message) => {
                let taken = Taken::new(message.len(), message.more());
                sink.put(message, None, taken.more());
                Ok(taken)
            }
        }
    }

    /// Would `recv` have something? May look ahead, as long as the next `recv` then yields it.
    fn has_in(&mut self, links: &mut Links) -> bool;

    /// Would `send` of a new message (or the next part) succeed?
    fn has_out(&mut self, links: &mut Links) -> bool;

    /// Is it to see commands such as SUBSCRIBE at the front of its links? They are dropped otherwise.
    fn wants_commands(&self) -> bool {
        false
    }

    /// Does a message that goes to many wait for the slowest of them?
    fn waits_for_slowest(&self) -> bool {
        false
    }

    /// Do its connections carry bare bytes instead of ZMTP? Then each read is a message, and if `Some(true)`
    /// an empty message tells of each connection made and lost.
    fn raw(&self) -> Option<bool> {
        None
    }

    /// Joins a group, or leaves it.
    fn change_membership(&mut self, _links: &mut Links, _membership: Membership<'_>) -> Result<()> {
        Err(Error::NotSupported)
    }

    /// The number by which messages name the peer of this link, if they do.
    fn routing_id(&self, _id: LinkId) -> Option<u32> {
        None
    }

    /// The link to the peer of this number.
    fn link_of(&self, _routing_id: u32) -> Option<LinkId> {
        None
    }

    /// Sets an option of this socket type; `None` if it is not one of them.
    fn set_option(&mut self, _links: &mut Links, _id: i32, _value: &[u8]) -> Option<Result<()>> {
        None
    }

    /// The value of an option of this socket type, in the form `zmq_getsockopt` gives it; `None` if it is
    /// not one of them.
    fn option(&mut self, _id: i32) -> Option<Result<Vec<u8>>> {
        None
    }
}

/// The pattern of a new socket.
pub(crate) fn create(socket_type: SocketType) -> Box<dyn Pattern> {
    let create = match socket_type {
        SocketType::Pair => new::<pair::Pair>,
        SocketType::Pub => new::<Pub>,
        SocketType::Sub => new::<Sub>,
        SocketType::Req => new::<req::Req>,
        SocketType::Rep => new::<rep::Rep>,
        SocketType::Dealer => new::<dealer::Dealer>,
        SocketType::Router => new::<router::Router>,
        SocketType::Pull => new::<pull::Pull>,
        SocketType::Push => new::<push::Push>,
        SocketType::XPub => new::<XPub>,
        SocketType::XSub => new::<XSub>,
        SocketType::Stream => new::<stream::Stream>,
        SocketType::Server | SocketType::Peer => new::<server::Server>,
        SocketType::Client => new::<whole::Client>,
        SocketType::Radio => new::<radio::Radio>,
        SocketType::Dish => new::<dish::Dish>,
        SocketType::Gather => new::<whole::Gather>,
        SocketType::Scatter => new::<whole::Scatter>,
        SocketType::Channel => new::<whole::Channel>,
    };
    create()
}

fn new<P: Pattern + Default + 'static>() -> Box<dyn Pattern> {
    Box::new(P::default())
}

/// The value of an option that is on or off: an `int`, not negative.
pub(crate) fn flag(value: &[u8]) -> Result<bool> {
    match int(value)? {
        0 => Ok(false),
        1.. => Ok(true),
        _ => Err(Error::Invalid),
    }
}

/// The value of an option that is 0 or 1 and nothing else.
pub(crate) fn strict_flag(value: &[u8]) -> Result<bool> {
    match int(value)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::Invalid),
    }
}

/// The value of an option that is an `int`.
pub(crate) fn int(value: &[u8]) -> Result<i32> {
    value.try_into().map(i32::from_ne_bytes).map_err(|_| Error::Invalid)
}
