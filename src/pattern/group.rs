//! What a DISH tells a RADIO: that it wants the messages of a group, or no more.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::message::MAX_GROUP;

/// A JOIN or LEAVE command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Membership<'a> {
    pub(crate) joins: bool,
    pub(crate) group: &'a [u8],
}

const JOIN: &[u8] = b"\x04JOIN";
const LEAVE: &[u8] = b"\x05LEAVE";

impl<'a> Membership<'a> {
    /// Reads the body of a command; `None` if it is another one, or no group has such a name.
    pub(crate) fn from_command(body: &'a [u8]) -> Option<Self> {
        let join = body.strip_prefix(JOIN).map(|group| Self { joins: true, group });
        let any =
            join.or_else(|| body.strip_prefix(LEAVE).map(|group| Self { joins: false, group }));
        any.filter(|membership| membership.group.len() <= MAX_GROUP)
    }

    /// Makes it the body of a command, in memory that is used again.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn encode(&self, body: &mut Vec<u8>) -> Result<()> {
        body.clear();
        body.try_reserve(LEAVE.len() + self.group.len()).map_err(|_| Error::NoMemory)?;
        body.extend_from_slice(if self.joins { JOIN } else { LEAVE });
        body.extend_from_slice(self.group);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_as_the_protocol_has_them() {
        let mut body = Vec::new();
        for (joins, expected) in [(true, b"\x04JOINnews".as_slice()), (false, b"\x05LEAVEnews")] {
            let membership = Membership { joins, group: b"news" };
            membership.encode(&mut body).unwrap();
            assert_eq!(body, expected);
            assert_eq!(Membership::from_command(&body), Some(membership));
        }
        for other in [b"".as_slice(), b"\x09SUBSCRIBEx", b"\x04JOI", b"\x05JOINx"] {
            assert_eq!(Membership::from_command(other), None);
        }
        let long = [JOIN, &[b'g'; MAX_GROUP + 1]].concat();
        assert_eq!(Membership::from_command(&long), None);
        assert!(Membership::from_command(&long[..long.len() - 1]).is_some());
    }
}
