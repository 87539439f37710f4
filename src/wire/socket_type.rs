//! The socket types: their numbers in `zmq.h`, their names on the wire, and who may talk to whom.
#![forbid(unsafe_code)]

/// A stable socket type, numbered as in `zmq.h` and in ZMTP 2 greetings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SocketType {
    Pair = 0,
    Pub = 1,
    Sub = 2,
    Req = 3,
    Rep = 4,
    Dealer = 5,
    Router = 6,
    Pull = 7,
    Push = 8,
    Xpub = 9,
    Xsub = 10,
    Stream = 11,
}

use SocketType::*;

/// One row a socket type, in the order of their numbers: its name, and the peers that it accepts.
const TABLE: [(SocketType, &str, &[SocketType]); 12] = [
    (Pair, "PAIR", &[Pair]),
    (Pub, "PUB", &[Sub, Xsub]),
    (Sub, "SUB", &[Pub, Xpub]),
    (Req, "REQ", &[Rep, Router]),
    (Rep, "REP", &[Req, Dealer]),
    (Dealer, "DEALER", &[Rep, Dealer, Router]),
    (Router, "ROUTER", &[Req, Dealer, Router]),
    (Pull, "PULL", &[Push]),
    (Push, "PUSH", &[Pull]),
    (Xpub, "XPUB", &[Sub, Xsub]),
    (Xsub, "XSUB", &[Pub, Xpub]),
    (Stream, "STREAM", &[]),
];

impl SocketType {
    /// The type of this number, if it is one.
    pub fn from_number(number: i32) -> Option<Self> {
        let index = usize::try_from(number).ok()?;
        TABLE.get(index).map(|row| row.0)
    }

    /// The type of this wire name, if it is one.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        TABLE.iter().find(|row| row.1.as_bytes() == name).map(|row| row.0)
    }

    /// Its number in `zmq.h`.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        TABLE[usize::from(self.number())].1
    }

    /// Whether a socket of this type may talk to a peer of type `peer`.
    pub fn accepts(self, peer: SocketType) -> bool {
        TABLE[usize::from(self.number())].2.contains(&peer)
    }

    /// Whether sockets of this type tell their routing id in the handshake.
    pub fn sends_routing_id(self) -> bool {
        matches!(self, Req | Dealer | Router)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_at_their_numbers() {
        for (index, (kind, name, _)) in TABLE.iter().enumerate() {
            assert_eq!(usize::from(kind.number()), index);
            assert_eq!(SocketType::from_number(index as i32), Some(*kind));
            assert_eq!(SocketType::from_name(name.as_bytes()), Some(*kind));
            assert_eq!(kind.name(), *name);
        }
        assert_eq!(SocketType::from_number(-1), None);
        assert_eq!(SocketType::from_number(12), None);
        assert_eq!(SocketType::from_name(b"req"), None);
        assert_eq!(SocketType::from_name(b"REQ\0"), None);
    }

    #[test]
    fn acceptance_is_mutual() {
        for (a, ..) in TABLE {
            for (b, ..) in TABLE {
                assert_eq!(a.accepts(b), b.accepts(a), "{a:?} and {b:?}");
            }
        }
        assert!(Req.accepts(Router) && !Req.accepts(Dealer) && !Push.accepts(Push));
    }
}
