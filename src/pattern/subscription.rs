//! Subscriptions and their ends as they travel: as the commands of ZMTP 3.1, and as the messages that
//! older peers send and users see.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::message::Message;

/// What a subscriber wants, or wants no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    pub(crate) subscribes: bool,
    pub(crate) topic: &'a [u8],
}

/// The names of the commands, with their lengths before them.
const SUBSCRIBE: &[u8] = b"\x09SUBSCRIBE";
const CANCEL: &[u8] = b"\x06CANCEL";

/// The first bytes of such messages.
const MESSAGE_CANCEL: u8 = 0;
const MESSAGE_SUBSCRIBE: u8 = 1;

impl<'a> Request<'a> {
    pub(crate) fn subscribe(topic: &'a [u8]) -> Self {
        Request { subscribes: true, topic }
    }

    pub(crate) fn cancel(topic: &'a [u8]) -> Self {
        Request { subscribes: false, topic }
    }

    /// Reads the body of a command; `None` if it is another one.
    pub(crate) fn from_command(body: &'a [u8]) -> Option<Self> {
        let subscribe = body.strip_prefix(SUBSCRIBE).map(Self::subscribe);
        subscribe.or_else(|| body.strip_prefix(CANCEL).map(Self::cancel))
    }

    /// Reads a message part; `None` if it is data.
    pub(crate) fn from_message(body: &'a [u8]) -> Option<Self> {
        match body.split_first()? {
            (&MESSAGE_SUBSCRIBE, topic) => Some(Self::subscribe(topic)),
            (&MESSAGE_CANCEL, topic) => Some(Self::cancel(topic)),
            _ => None,
        }
    }

    /// Writes the body of its command, instead of what was in `body`.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn write_command(&self, body: &mut Vec<u8>) -> Result<()> {
        body.clear();
        let room = SUBSCRIBE.len() + self.topic.len();
        body.try_reserve(room).map_err(|_| Error::NoMemory)?;
        body.extend_from_slice(if self.subscribes { SUBSCRIBE } else { CANCEL });
        body.extend_from_slice(self.topic);
        Ok(())
    }

    /// Its form as a message.
    pub(crate) fn to_message(self) -> Result<Message> {
        let mut message = Message::try_with_size(1 + self.topic.len())?;
        let body = message.as_mut_slice();
        body[0] = if self.subscribes { MESSAGE_SUBSCRIBE } else { MESSAGE_CANCEL };
        body[1..].copy_from_slice(self.topic);
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_they_are_written() {
        for request in [Request::subscribe(b"topic"), Request::cancel(b"")] {
            let mut body = b"left over".to_vec();
            request.write_command(&mut body).unwrap();
            assert_eq!(Request::from_command(&body), Some(request));
        }
        let mut body = Vec::new();
        Request::subscribe(b"A").write_command(&mut body).unwrap();
        assert_eq!(body, b"\x09SUBSCRIBEA");
        Request::cancel(b"A").write_command(&mut body).unwrap();
        assert_eq!(body, b"\x06CANCELA");
    }

    #[test]
    fn other_commands_are_no_requests() {
        for body in
            [&b""[..], b"\x09", b"\x09SUBSCRIB", b"\x08SUBSCRIBE", b"\x04PING\0\0", b"\x01A"]
        {
            assert_eq!(Request::from_command(body), None, "{body:?}");
        }
    }

    #[test]
    fn messages_begin_with_one_or_zero() {
        let table: [(&[u8], Option<Request<'_>>); 5] = [
            (b"\x01A", Some(Request::subscribe(b"A"))),
            (b"\x00A", Some(Request::cancel(b"A"))),
            (b"\x01", Some(Request::subscribe(b""))),
            (b"\x02A", None),
            (b"", None),
        ];
        for (body, request) in table {
            assert_eq!(Request::from_message(body), request);
            if let Some(request) = request {
                assert_eq!(request.to_message().unwrap(), body);
            }
        }
    }
}
