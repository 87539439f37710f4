//! The socket types: one row of facts for each, and nothing of what they do.
#![forbid(unsafe_code)]

use super::ids;
use crate::error::Error;
use std::fmt;
use std::str::FromStr;

/// What a socket does with its peers: the pattern it takes part in.
///
/// | type | talks to | sends | receives |
/// | --- | --- | --- | --- |
/// | [`Req`](Self::Req) | REP, ROUTER | one request, to the peers in turns | its reply |
/// | [`Rep`](Self::Rep) | REQ, DEALER | one reply, to the peer that asked | requests, fairly |
/// | [`Dealer`](Self::Dealer) | REP, DEALER, ROUTER | to the peers in turns | fairly from all |
/// | [`Router`](Self::Router) | REQ, DEALER, ROUTER | to the peer that the first part names | fairly, with that name in front |
/// | [`Pub`](Self::Pub) | SUB, XSUB | to all that subscribed | nothing |
/// | [`Sub`](Self::Sub) | PUB, XPUB | nothing | what it subscribed to |
/// | [`XPub`](Self::XPub) | SUB, XSUB | as PUB | subscriptions |
/// | [`XSub`](Self::XSub) | PUB, XPUB | subscriptions | as SUB |
/// | [`Push`](Self::Push) | PULL | to the peers in turns | nothing |
/// | [`Pull`](Self::Pull) | PUSH | nothing | fairly from all |
/// | [`Pair`](Self::Pair) | PAIR | to its one peer | from its one peer |
/// | [`Stream`](Self::Stream) | plain TCP | as ROUTER, bytes | bytes, with the peer's name in front |
/// | [`Server`](Self::Server) | CLIENT | to the peer that the message names | fairly, each naming its peer |
/// | [`Client`](Self::Client) | SERVER | to the peers in turns | fairly from all |
/// | [`Radio`](Self::Radio) | DISH | to all that joined the message's group | nothing |
/// | [`Dish`](Self::Dish) | RADIO | nothing | the groups that it joined |
/// | [`Gather`](Self::Gather) | SCATTER | nothing | fairly from all |
/// | [`Scatter`](Self::Scatter) | GATHER | to the peers in turns | nothing |
/// | [`Peer`](Self::Peer) | PEER | as SERVER | as SERVER |
/// | [`Channel`](Self::Channel) | CHANNEL | to its one peer | from its one peer |
///
/// The messages of the last eight have one part; in C, several threads may use such a socket at
/// once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum SocketType {
    /// Exclusive: one peer, both ways.
    Pair = ids::PAIR,
    /// Publishes to all subscribers.
    Pub = ids::PUB,
    /// Receives what it subscribes to.
    Sub = ids::SUB,
    /// Asks, and waits for the answer.
    Req = ids::REQ,
    /// Answers.
    Rep = ids::REP,
    /// Sends to its peers in turns and receives from all of them.
    Dealer = ids::DEALER,
    /// Names its peers: the first part of each message says whom it is from, or for.
    Router = ids::ROUTER,
    /// Takes the work that PUSH sockets hand out.
    Pull = ids::PULL,
    /// Hands out work to its peers in turns.
    Push = ids::PUSH,
    /// A PUB that receives the subscriptions.
    XPub = ids::XPUB,
    /// A SUB that sends subscriptions as messages.
    XSub = ids::XSUB,
    /// Talks plain TCP with peers that know nothing of ZeroMQ.
    Stream = ids::STREAM,
    /// Serves clients, which messages name by a number.
    Server = ids::SERVER,
    /// Talks to servers.
    Client = ids::CLIENT,
    /// Sends to groups.
    Radio = ids::RADIO,
    /// Receives what is sent to the groups that it joined.
    Dish = ids::DISH,
    /// Takes the work that SCATTER sockets hand out.
    Gather = ids::GATHER,
    /// Hands out work to its peers in turns.
    Scatter = ids::SCATTER,
    /// A SERVER among its equals.
    Peer = ids::PEER,
    /// Exclusive: one peer, both ways.
    Channel = ids::CHANNEL,
}

use SocketType::*;

/// What the rest of the library has to know of a socket type.
pub(crate) struct Facts {
    /// In `zmq.h` and on the wire.
    name: &'static str,
    /// The peers that it accepts.
    peers: &'static [SocketType],
    /// It receives messages from its peers.
    pub(crate) receives: bool,
    /// It takes subscriptions.
    pub(crate) publishes: bool,
    /// It sends subscriptions.
    pub(crate) subscribes: bool,
    /// It tells its routing id in the handshake.
    pub(crate) tells_routing_id: bool,
    /// To connect it twice to one endpoint is to connect it once.
    pub(crate) connects_once: bool,
    /// `ZMQ_CONFLATE` means something to it.
    pub(crate) conflates: bool,
    /// Several threads may use it at once; its messages have one part.
    pub(crate) is_thread_safe: bool,
    /// What it sent is still delivered after it was closed. A subscriber that goes away does not
    /// wait for its subscriptions to be delivered.
    pub(crate) lingers: bool,
}

const fn row(name: &'static str, peers: &'static [SocketType]) -> Facts {
    Facts {
        name,
        peers,
        receives: true,
        publishes: false,
        subscribes: false,
        tells_routing_id: false,
        connects_once: false,
        conflates: false,
        is_thread_safe: false,
        lingers: true,
    }
}

/// One that several threads may use.
const fn shared(name: &'static str, peers: &'static [SocketType]) -> Facts {
    Facts { is_thread_safe: true, ..row(name, peers) }
}

/// In the order of their numbers.
static TABLE: [(SocketType, Facts); 20] = [
    (Pair, row("PAIR", &[Pair])),
    (
        Pub,
        Facts {
            receives: false,
            publishes: true,
            connects_once: true,
            conflates: true,
            ..row("PUB", &[Sub, XSub])
        },
    ),
    (
        Sub,
        Facts {
            subscribes: true,
            connects_once: true,
            conflates: true,
            lingers: false,
            ..row("SUB", &[Pub, XPub])
        },
    ),
    (Req, Facts { tells_routing_id: true, connects_once: true, ..row("REQ", &[Rep, Router]) }),
    (Rep, row("REP", &[Req, Dealer])),
    (
        Dealer,
        Facts {
            tells_routing_id: true,
            connects_once: true,
            conflates: true,
            ..row("DEALER", &[Rep, Dealer, Router])
        },
    ),
    (Router, Facts { tells_routing_id: true, ..row("ROUTER", &[Req, Dealer, Router]) }),
    (Pull, Facts { conflates: true, ..row("PULL", &[Push]) }),
    (Push, Facts { receives: false, conflates: true, ..row("PUSH", &[Pull]) }),
    (XPub, Facts { publishes: true, ..row("XPUB", &[Sub, XSub]) }),
    (XSub, Facts { subscribes: true, lingers: false, ..row("XSUB", &[Pub, XPub]) }),
    (Stream, row("STREAM", &[])),
    (Server, shared("SERVER", &[Client])),
    (Client, shared("CLIENT", &[Server])),
    (Radio, Facts { receives: false, publishes: true, ..shared("RADIO", &[Dish]) }),
    (Dish, Facts { subscribes: true, lingers: false, ..shared("DISH", &[Radio]) }),
    (Gather, shared("GATHER", &[Scatter])),
    (Scatter, Facts { receives: false, ..shared("SCATTER", &[Gather]) }),
    (Peer, shared("PEER", &[Peer])),
    (Channel, shared("CHANNEL", &[Channel])),
];

impl SocketType {
    /// All there are.
    pub const ALL: [SocketType; 20] = [
        Pair, Pub, Sub, Req, Rep, Dealer, Router, Pull, Push, XPub, XSub, Stream, Server, Client,
        Radio, Dish, Gather, Scatter, Peer, Channel,
    ];

    /// Its name in `zmq.h` and on the wire.
    ///
    /// ```
    /// use zeroxide::SocketType;
    ///
    /// assert_eq!(SocketType::XPub.name(), "XPUB");
    /// assert_eq!("xpub".parse(), Ok(SocketType::XPub));
    /// assert!("post".parse::<SocketType>().is_err());
    /// ```
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    pub(crate) fn facts(self) -> &'static Facts {
        TABLE.iter().find(|(kind, _)| *kind == self).map_or(&TABLE[0].1, |(_, facts)| facts)
    }

    /// The type of this wire name, if it is one.
    pub(crate) fn from_wire_name(name: &[u8]) -> Option<Self> {
        TABLE.iter().find(|(_, facts)| facts.name.as_bytes() == name).map(|row| row.0)
    }

    /// Its number in ZMTP 2 greetings.
    pub(crate) fn wire_number(self) -> u8 {
        self as u8
    }

    /// Whether a socket of this type may talk to a peer of type `peer`.
    pub(crate) fn accepts(self, peer: SocketType) -> bool {
        self.facts().peers.contains(&peer)
    }
}

impl fmt::Display for SocketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for SocketType {
    type Err = Error;

    /// From its name, in capitals or not.
    fn from_str(name: &str) -> Result<Self, Error> {
        let is_it = |known: &Self| known.name().eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(is_it).ok_or(Error::Invalid)
    }
}

impl TryFrom<i32> for SocketType {
    type Error = Error;

    /// From the number in `zmq.h`.
    fn try_from(number: i32) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|kind| *kind as i32 == number).ok_or(Error::Invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_their_numbers() {
        for (index, kind) in SocketType::ALL.into_iter().enumerate() {
            assert_eq!(TABLE[index].0, kind);
            assert_eq!(SocketType::try_from(kind as i32), Ok(kind));
            assert_eq!(i32::from(kind.wire_number()), kind as i32);
            assert_eq!(SocketType::from_wire_name(kind.name().as_bytes()), Some(kind));
        }
        for number in [-1, 18, 21] {
            assert_eq!(SocketType::try_from(number), Err(Error::Invalid));
        }
        assert_eq!(SocketType::from_wire_name(b"req"), None);
        assert_eq!(SocketType::from_wire_name(b"REQ\0"), None);
    }

    #[test]
    fn acceptance_is_mutual() {
        for a in SocketType::ALL {
            for b in SocketType::ALL {
                assert_eq!(a.accepts(b), b.accepts(a), "{a:?} and {b:?}");
            }
        }
        assert!(Req.accepts(Router) && !Req.accepts(Dealer) && !Push.accepts(Push));
    }
}
