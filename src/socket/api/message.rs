//! Messages of several parts, and what makes [`Message`] pleasant in Rust.
#![forbid(unsafe_code)]

use crate::message::Message;
use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::str::Utf8Error;

/// The parts of a message.
///
/// ```
/// use zeroxide::Multipart;
///
/// let message = Multipart::new().part("client 7").delimiter().part([1, 2, 3]);
/// assert_eq!(message.len(), 3);
/// assert_eq!(message[0], "client 7");
/// assert_eq!(message, Multipart::from(["client 7", "", "\x01\x02\x03"]));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Multipart(Vec<Message>);

impl Multipart {
    /// Without parts. Such a message cannot be sent.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The same with another part at its end.
    #[must_use]
    pub fn part(mut self, part: impl Into<Message>) -> Self {
        self.push(part);
        self
    }

    /// The same with an empty part at its end: what separates names from content between DEALER, ROUTER, REQ and REP.
    #[must_use]
    pub fn delimiter(self) -> Self {
        self.part(Message::new())
    }

    /// Adds a part.
    pub fn push(&mut self, part: impl Into<Message>) {
        self.0.push(part.into());
    }

    /// The parts, to be changed at will.
    pub fn into_parts(self) -> Vec<Message> {
        self.0
    }
}

impl Deref for Multipart {
    type Target = [Message];

    fn deref(&self) -> &[Message] {
        &self.0
    }
}

impl DerefMut for Multipart {
    fn deref_mut(&mut self) -> &mut [Message] {
        &mut self.0
    }
}

impl IntoIterator for Multipart {
    type Item = Message;
    type IntoIter = std::vec::IntoIter<Message>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Multipart {
    type Item = &'a Message;
    type IntoIter = std::slice::Iter<'a, Message>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Into<Message>> FromIterator<T> for Multipart {
    fn from_iter<I: IntoIterator<Item = T>>(parts: I) -> Self {
        Self(parts.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Message>> Extend<T> for Multipart {
    fn extend<I: IntoIterator<Item = T>>(&mut self, parts: I) {
        self.0.extend(parts.into_iter().map(Into::into));
    }
}

impl<T: Into<Message>> From<Vec<T>> for Multipart {
    fn from(parts: Vec<T>) -> Self {
        parts.into_iter().collect()
    }
}

impl<T: Into<Message>, const N: usize> From<[T; N]> for Multipart {
    fn from(parts: [T; N]) -> Self {
        parts.into_iter().collect()
    }
}

impl<T, const N: usize> PartialEq<[T; N]> for Multipart
where
    Message: PartialEq<T>,
{
    fn eq(&self, other: &[T; N]) -> bool {
        self.0[..] == other[..]
    }
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

impl Message {
    /// The body as text, if it is UTF-8.
    ///
    /// ```
    /// use zeroxide::Message;
    ///
    /// assert_eq!(Message::from("Hello").as_str(), Ok("Hello"));
    /// assert!(Message::from([0xff]).as_str().is_err());
    /// ```
    pub fn as_str(&self) -> Result<&str, Utf8Error> {
        std::str::from_utf8(self)
    }

    /// The body as text, with a replacement character for whatever is not UTF-8.
    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self)
    }
}

impl<const N: usize> From<[u8; N]> for Message {
    fn from(data: [u8; N]) -> Self {
        Self::from(&data[..])
    }
}

impl From<Box<[u8]>> for Message {
    fn from(data: Box<[u8]>) -> Self {
        Self::from(data.into_vec())
    }
}

impl From<Cow<'_, [u8]>> for Message {
    fn from(data: Cow<'_, [u8]>) -> Self {
        match data {
            Cow::Borrowed(data) => Self::from(data),
            Cow::Owned(data) => Self::from(data),
        }
    }
}

impl From<&Vec<u8>> for Message {
    fn from(data: &Vec<u8>) -> Self {
        Self::from(&data[..])
    }
}

impl From<&String> for Message {
    fn from(text: &String) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<&Message> for Message {
    /// Another reference to the same body.
    fn from(message: &Message) -> Self {
        message.clone()
    }
}

impl<const N: usize> PartialEq<[u8; N]> for Message {
    fn eq(&self, other: &[u8; N]) -> bool {
        self[..] == other[..]
    }
}

impl PartialEq<Vec<u8>> for Message {
    fn eq(&self, other: &Vec<u8>) -> bool {
        self[..] == other[..]
    }
}

impl PartialEq<str> for Message {
    fn eq(&self, other: &str) -> bool {
        self[..] == *other.as_bytes()
    }
}

impl PartialEq<String> for Message {
    fn eq(&self, other: &String) -> bool {
        self[..] == *other.as_bytes()
    }
}
