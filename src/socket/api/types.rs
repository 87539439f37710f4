//! Numbers of `zmq.h` as types.
#![forbid(unsafe_code)]

use crate::error::Error;
use crate::options::ids;
use crate::socket::{POLLERR, POLLIN, POLLOUT, POLLPRI};
use std::fmt;
use std::ops::{BitOr, BitOrAssign};
use std::str::FromStr;

/// What a socket does with its peers: the pattern it takes part in.
///
/// | type | talks to | sends | receives |
/// | --- | --- | --- | --- |
/// | [`Req`](Self::Req) | REP, ROUTER | one request, to the peers in turns | its reply |
/// | [`Rep`](Self::Rep) | REQ, DEALER | one reply, to who asked | requests, fairly |
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
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
}

impl SocketType {
    /// All there are.
    pub const ALL: [SocketType; 12] = [
        Self::Pair,
        Self::Pub,
        Self::Sub,
        Self::Req,
        Self::Rep,
        Self::Dealer,
        Self::Router,
        Self::Pull,
        Self::Push,
        Self::XPub,
        Self::XSub,
        Self::Stream,
    ];
}

impl SocketType {
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
        match self {
            Self::Pair => "PAIR",
            Self::Pub => "PUB",
            Self::Sub => "SUB",
            Self::Req => "REQ",
            Self::Rep => "REP",
            Self::Dealer => "DEALER",
            Self::Router => "ROUTER",
            Self::Pull => "PULL",
            Self::Push => "PUSH",
            Self::XPub => "XPUB",
            Self::XSub => "XSUB",
            Self::Stream => "STREAM",
        }
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
        Self::ALL.into_iter().find(|known| *known as i32 == number).ok_or(Error::Invalid)
    }
}

/// How to send or receive.
///
/// ```
/// use zeroxide::Flags;
///
/// let flags = Flags::DONT_WAIT | Flags::SEND_MORE;
/// assert!(flags.contains(Flags::SEND_MORE) && !Flags::NONE.contains(Flags::DONT_WAIT));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(i32);

impl Flags {
    /// Wait, and send whole messages.
    pub const NONE: Flags = Flags(0);
    /// Fail with [`Error::Again`] rather than wait.
    pub const DONT_WAIT: Flags = Flags(ids::DONTWAIT);
    /// More parts of the same message follow.
    pub const SEND_MORE: Flags = Flags(ids::SNDMORE);
}

/// What can be done with a socket, or is waited for.
///
/// ```
/// use zeroxide::Events;
///
/// let both = Events::IN | Events::OUT;
/// assert!(both.is_readable() && both.is_writable());
/// assert!(Events::NONE.is_empty());
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Events(pub(super) i16);

impl Events {
    /// Nothing.
    pub const NONE: Events = Events(0);
    /// Something can be received.
    pub const IN: Events = Events(POLLIN);
    /// Something can be sent.
    pub const OUT: Events = Events(POLLOUT);
    /// A descriptor is in an error state; sockets never are.
    pub const ERROR: Events = Events(POLLERR);
    /// A descriptor has urgent data; sockets never have.
    pub const PRIORITY: Events = Events(POLLPRI);

    /// Is [`Events::IN`] among them?
    pub fn is_readable(self) -> bool {
        self.contains(Self::IN)
    }

    /// Is [`Events::OUT`] among them?
    pub fn is_writable(self) -> bool {
        self.contains(Self::OUT)
    }
}

macro_rules! bits {
    ($name:ident: $($bit:ident)*) => {
        impl $name {
            /// Are all of these among them?
            pub fn contains(self, all: Self) -> bool {
                self.0 & all.0 == all.0
            }

            /// Is it none at all?
            pub fn is_empty(self) -> bool {
                self.0 == 0
            }
        }

        impl BitOr for $name {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl BitOrAssign for $name {
            fn bitor_assign(&mut self, other: Self) {
                self.0 |= other.0;
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let bits = [$((Self::$bit, stringify!($bit))),*];
                let names = bits.iter().filter(|(bit, _)| self.contains(*bit)).map(|(_, name)| *name);
                write!(f, "{}({})", stringify!($name), names.collect::<Vec<_>>().join(" | "))
            }
        }
    };
}

bits!(Flags: DONT_WAIT SEND_MORE);
bits!(Events: IN OUT ERROR PRIORITY);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_types_have_the_numbers_of_the_header() {
        for (number, known) in (0..12).zip(SocketType::ALL) {
            assert_eq!(SocketType::try_from(number), Ok(known));
        }
        for number in [-1, 12, i32::MAX] {
            assert_eq!(SocketType::try_from(number), Err(Error::Invalid));
        }
    }

    #[test]
    fn bits_are_shown_by_name() {
        assert_eq!(
            format!("{:?}", Flags::DONT_WAIT | Flags::SEND_MORE),
            "Flags(DONT_WAIT | SEND_MORE)"
        );
        assert_eq!(format!("{:?}", Events::NONE), "Events()");
    }
}
