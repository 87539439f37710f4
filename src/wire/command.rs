//! Commands: a name with its length before it, and data whose form depends on the name.
//!
//! Commands of security mechanisms (HELLO, WELCOME, ...) are not known here: the mechanisms take
//! them apart with [`split`]. A name that nobody knows is not an error: libzmq drops such commands.
#![forbid(unsafe_code)]

use super::error::WireError;
use super::frame::{encode_frame, encode_header, COMMAND};

/// The longest context that a PING may carry; what is longer is cut off, as libzmq does.
pub(crate) const MAX_PING_CONTEXT: usize = 16;

/// A command that the engine understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    /// The end of a handshake, with the peer's property list.
    Ready { metadata: &'a [u8] },
    /// The end of the connection, with a reason.
    Error { reason: &'a [u8] },
    /// A sign of life that wants a PONG. The time to live is in tenths of a second.
    Ping { ttl: u16, context: &'a [u8] },
    /// The answer to a PING, with its context.
    Pong { context: &'a [u8] },
    /// The peer wants messages with this prefix.
    Subscribe { topic: &'a [u8] },
    /// The peer takes one such subscription back.
    Cancel { topic: &'a [u8] },
    /// The peer wants the messages of this group.
    Join { group: &'a [u8] },
    /// The peer does not want them any more.
    Leave { group: &'a [u8] },
    /// Anything else.
    Unknown { name: &'a [u8], data: &'a [u8] },
}

/// Cuts the body of a command frame into name and data.
pub(crate) fn split(body: &[u8]) -> Result<(&[u8], &[u8]), WireError> {
    let (name_len, rest) = body.split_first().ok_or(WireError::MalformedCommand)?;
    rest.split_at_checked(usize::from(*name_len)).ok_or(WireError::MalformedCommand)
}

impl<'a> Command<'a> {
    /// Reads the body of a command frame.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, WireError> {
        let (name, data) = split(body)?;
        Ok(match name {
            b"READY" => Command::Ready { metadata: data },
            b"ERROR" => Command::Error { reason: parse_reason(data)? },
            b"PING" => parse_ping(data)?,
            b"PONG" => Command::Pong { context: data },
            b"SUBSCRIBE" => Command::Subscribe { topic: data },
            b"CANCEL" => Command::Cancel { topic: data },
            b"JOIN" => Command::Join { group: data },
            b"LEAVE" => Command::Leave { group: data },
            _ => Command::Unknown { name, data },
        })
    }

    /// Appends the body: what goes into a command frame, or into the box of a mechanism.
    pub(crate) fn encode_body(&self, out: &mut Vec<u8>) {
        let parts = self.parts();
        out.push(parts.name.len() as u8);
        out.extend_from_slice(parts.name);
        out.extend_from_slice(&parts.head[..parts.head_len]);
        out.extend_from_slice(parts.tail);
    }

    /// Appends the whole frame.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let parts = self.parts();
        let body_len = 1 + parts.name.len() + parts.head_len + parts.tail.len();
        out.extend_from_slice(encode_header(COMMAND, body_len as u64).as_slice());
        self.encode_body(out);
    }

    fn parts(&self) -> Parts<'a> {
        match *self {
            Command::Ready { metadata } => Parts::new(b"READY", metadata),
            Command::Error { reason } => {
                let reason = head(reason, 255);
                let mut parts = Parts::new(b"ERROR", reason);
                (parts.head[0], parts.head_len) = (reason.len() as u8, 1);
                parts
            }
            Command::Ping { ttl, context } => {
                let mut parts = Parts::new(b"PING", head(context, MAX_PING_CONTEXT));
                (parts.head, parts.head_len) = (ttl.to_be_bytes(), 2);
                parts
            }
            Command::Pong { context } => Parts::new(b"PONG", context),
            Command::Subscribe { topic } => Parts::new(b"SUBSCRIBE", topic),
            Command::Cancel { topic } => Parts::new(b"CANCEL", topic),
            Command::Join { group } => Parts::new(b"JOIN", group),
            Command::Leave { group } => Parts::new(b"LEAVE", group),
            Command::Unknown { name, data } => Parts::new(head(name, 255), data),
        }
    }
}

/// The pieces of a command body, in their order on the wire.
struct Parts<'a> {
    /// At most 255 bytes.
    name: &'a [u8],
    head: [u8; 2],
    head_len: usize,
    tail: &'a [u8],
}

impl<'a> Parts<'a> {
    fn new(name: &'a [u8], tail: &'a [u8]) -> Self {
        Parts { name, head: [0; 2], head_len: 0, tail }
    }
}

fn head(bytes: &[u8], limit: usize) -> &[u8] {
    &bytes[..bytes.len().min(limit)]
}

/// The reason in the data of an ERROR command; what follows it is ignored, as libzmq does.
fn parse_reason(data: &[u8]) -> Result<&[u8], WireError> {
    let (len, rest) = data.split_first().ok_or(WireError::MalformedError)?;
    rest.get(..usize::from(*len)).ok_or(WireError::MalformedError)
}

fn parse_ping(data: &[u8]) -> Result<Command<'_>, WireError> {
    let (ttl, context) = data.split_first_chunk::<2>().ok_or(WireError::MalformedCommand)?;
    let context = head(context, MAX_PING_CONTEXT);
    Ok(Command::Ping { ttl: u16::from_be_bytes(*ttl), context })
}

/// Appends a command of a security mechanism, given its body, as a whole frame.
pub(crate) fn encode_command_frame(body: &[u8], out: &mut Vec<u8>) {
    encode_frame(COMMAND, body, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::{parse_header, Header, LONG};
    use crate::wire::testing::{Random, ROUNDS};

    const LONG_TOPIC: [u8; 300] = [b't'; 300];

    fn samples() -> [Command<'static>; 11] {
        [
            Command::Ready { metadata: b"\x0bSocket-Type\0\0\0\x03SUB" },
            Command::Error { reason: b"400" },
            Command::Ping { ttl: 0x0102, context: b"LOL" },
            Command::Pong { context: b"" },
            Command::Subscribe { topic: b"A" },
            Command::Subscribe { topic: &LONG_TOPIC },
            Command::Cancel { topic: b"" },
            Command::Join { group: b"group" },
            Command::Leave { group: b"" },
            Command::Unknown { name: b"NEWER", data: b"data" },
            Command::Unknown { name: b"", data: b"" },
        ]
    }

    #[test]
    fn commands_survive_the_round_trip() {
        for command in samples() {
            let mut frame = Vec::new();
            command.encode(&mut frame);
            let Ok(Header::Frame { flags, header_len, body_len }) = parse_header(&frame, None)
            else {
                panic!("{command:?}: no header");
            };
            assert_eq!(flags & !LONG, COMMAND);
            assert_eq!(header_len as u64 + body_len, frame.len() as u64);
            assert_eq!(Command::parse(&frame[header_len..]), Ok(command));
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_wire() {
        let mut out = Vec::new();
        Command::Subscribe { topic: b"A" }.encode(&mut out);
        Command::Ping { ttl: 0, context: b"LOL" }.encode(&mut out);
        Command::Pong { context: b"LOL" }.encode(&mut out);
        Command::Error { reason: b"500" }.encode(&mut out);
        assert_eq!(
            out,
            b"\x04\x0b\x09SUBSCRIBEA\x04\x0a\x04PING\0\0LOL\x04\x08\x04PONGLOL\x04\x0a\x05ERROR\x03500"
        );
    }

    #[test]
    fn every_truncation_is_an_error_or_another_command() {
        for command in samples() {
            let mut body = Vec::new();
            command.encode_body(&mut body);
            let name_end = 1 + usize::from(body[0]);
            let least = match command {
                Command::Ping { .. } => name_end + 2,
                Command::Error { .. } => body.len(),
                _ => name_end,
            };
            for cut in 0..body.len() {
                assert_eq!(
                    Command::parse(&body[..cut]).is_ok(),
                    cut >= least,
                    "{command:?}, {cut}"
                );
            }
        }
        assert_eq!(Command::parse(b"\x05ERROR"), Err(WireError::MalformedError));
        assert_eq!(Command::parse(b"\x05ERROR\x02a"), Err(WireError::MalformedError));
        assert_eq!(Command::parse(b""), Err(WireError::MalformedCommand));
    }

    #[test]
    fn a_long_ping_context_is_cut_off() {
        let mut body = b"\x04PING\0\x0a".to_vec();
        body.extend_from_slice(&[b'z'; 58]);
        let context = &[b'z'; 16][..];
        assert_eq!(Command::parse(&body), Ok(Command::Ping { ttl: 10, context }));
    }

    #[test]
    fn random_bodies_do_no_harm() {
        let mut random = Random::new(4);
        let mut image = Vec::new();
        for round in 0..ROUNDS {
            image.clear();
            samples()[round as usize % 9].encode_body(&mut image);
            let body = random.mutated(&image);
            if let Ok(command) = Command::parse(&body) {
                let mut again = Vec::new();
                command.encode_body(&mut again);
                assert_eq!(Command::parse(&again), Ok(command));
            }
        }
    }
}
