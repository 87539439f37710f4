//! The bytes of ZMTP, written down once more and on purpose not taken from the library.

pub const MORE: u8 = 1;
pub const LONG: u8 = 2;
pub const COMMAND: u8 = 4;

/// A version of the protocol, as a peer of the library speaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// ZMTP 1.0: no greeting, the first frame is the routing id.
    V1Unversioned,
    /// ZMTP 1.0 behind a signature and revision 0.
    V1,
    /// ZMTP 2.0.
    V2,
    /// ZMTP 3.x, with the NULL mechanism.
    V3(u8),
}

pub const DIALECTS: [Dialect; 5] =
    [Dialect::V1Unversioned, Dialect::V1, Dialect::V2, Dialect::V3(0), Dialect::V3(1)];

/// A socket type's name, its number before ZMTP 3, and whether it tells its routing id.
pub type Kind = (&'static str, u8, bool);

pub const PAIR: Kind = ("PAIR", 0, false);
pub const PUB: Kind = ("PUB", 1, false);
pub const SUB: Kind = ("SUB", 2, false);
pub const REQ: Kind = ("REQ", 3, false);
pub const REP: Kind = ("REP", 4, false);
pub const DEALER: Kind = ("DEALER", 5, true);
pub const ROUTER: Kind = ("ROUTER", 6, true);
pub const PULL: Kind = ("PULL", 7, false);
pub const PUSH: Kind = ("PUSH", 8, false);
pub const DISH: Kind = ("DISH", 15, false);

impl Dialect {
    fn is_v1(self) -> bool {
        matches!(self, Dialect::V1Unversioned | Dialect::V1)
    }

    /// Everything that a peer of this version says before its first message.
    pub fn hello(self, kind: Kind, routing_id: &[u8]) -> Vec<u8> {
        let signature = b"\xFF\0\0\0\0\0\0\0\x01\x7F";
        let id = self.frame(0, routing_id);
        match self {
            Dialect::V1Unversioned => id,
            Dialect::V1 => [&signature[..], &[0, kind.1], &id].concat(),
            Dialect::V2 => [&signature[..], &[1, kind.1], &id].concat(),
            Dialect::V3(minor) => [greeting(3, minor, "NULL"), ready(kind, routing_id)].concat(),
        }
    }

    /// Everything that the library answers to that.
    pub fn answer(self, kind: Kind, routing_id: &[u8]) -> Vec<u8> {
        let counted = (routing_id.len() as u64 + 1).to_be_bytes();
        let signature = [&[0xFF][..], &counted, &[0x7F]].concat();
        let id = self.frame(0, routing_id);
        match self {
            // The signature was the header of the routing id.
            Dialect::V1Unversioned => [&signature[..], routing_id].concat(),
            Dialect::V1 | Dialect::V2 => [&signature[..], &[3, kind.1], &id].concat(),
            Dialect::V3(_) => {
                let greeting = greeting(3, 1, "NULL");
                [&signature[..], &greeting[10..], &ready(kind, routing_id)].concat()
            }
        }
    }

    /// A frame of this version; `flags` is 0 or [`MORE`].
    pub fn frame(self, flags: u8, body: &[u8]) -> Vec<u8> {
        let len = body.len() as u64;
        let header = match (self.is_v1(), len) {
            (true, ..254) => vec![len as u8 + 1, flags],
            (true, _) => [&[0xFF][..], &(len + 1).to_be_bytes(), &[flags]].concat(),
            (false, ..256) => vec![flags, len as u8],
            (false, _) => [&[flags | LONG][..], &len.to_be_bytes()].concat(),
        };
        [header.as_slice(), body].concat()
    }

    /// A whole message.
    pub fn message(self, parts: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let more = if index + 1 < parts.len() { MORE } else { 0 };
            bytes.extend(self.frame(more, part));
        }
        bytes
    }

    /// A subscription or its end, as a subscriber of this version sends it.
    pub fn subscription(self, subscribe: bool, topic: &[u8]) -> Vec<u8> {
        match (self, subscribe) {
            (Dialect::V3(1), true) => command("SUBSCRIBE", topic),
            (Dialect::V3(1), false) => command("CANCEL", topic),
            _ => self.frame(0, &[&[u8::from(subscribe)], topic].concat()),
        }
    }
}

pub fn greeting(major: u8, minor: u8, mechanism: &str) -> Vec<u8> {
    let mut bytes = b"\xFF\0\0\0\0\0\0\0\x01\x7F".to_vec();
    bytes.extend([major, minor]);
    bytes.extend(mechanism.as_bytes());
    bytes.resize(64, 0);
    bytes
}

/// A command frame.
pub fn command(name: &str, data: &[u8]) -> Vec<u8> {
    command_frame(&[&[name.len() as u8], name.as_bytes(), data].concat())
}

/// A command frame with any body.
pub fn command_frame(body: &[u8]) -> Vec<u8> {
    Dialect::V3(1).frame(COMMAND, body)
}

pub fn ready(kind: Kind, routing_id: &[u8]) -> Vec<u8> {
    let mut data = property("Socket-Type", kind.0.as_bytes());
    if kind.2 {
        data.extend(property("Identity", routing_id));
    }
    command("READY", &data)
}

pub fn property(name: &str, value: &[u8]) -> Vec<u8> {
    let len = (value.len() as u32).to_be_bytes();
    [&[name.len() as u8], name.as_bytes(), &len, value].concat()
}
