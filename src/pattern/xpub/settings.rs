//! What the options of PUB and XPUB sockets say.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::message::Message;
use crate::options::ids;
use crate::pattern::subscription::Request;

/// The options of a PUB or XPUB socket.
#[derive(Default)]
pub(crate) struct Settings {
    /// Show every subscription, not only the first to a topic.
    pub(crate) verbose_subscribe: bool,
    /// Show the end of every subscription, not only of the last to a topic.
    pub(crate) verbose_cancel: bool,
    /// Peers are subscribed by the user, not by their requests.
    pub(crate) manual: bool,
    /// In manual mode, the first message after a request is received goes to that peer only.
    pub(crate) last_value: bool,
    /// Wait for peers at their high-water mark.
    pub(crate) no_drop: bool,
    /// Parts behind a first part that is no request are none either.
    pub(crate) only_first: bool,
    /// Send to those who did not subscribe.
    pub(crate) invert_matching: bool,
    /// What every new peer gets.
    pub(crate) welcome: Message,
}

/// The request that an option stands for.
pub(crate) fn request(id: i32, value: &[u8]) -> Option<Request<'_>> {
    match id {
        ids::SUBSCRIBE => Some(Request::subscribe(value)),
        ids::UNSUBSCRIBE => Some(Request::cancel(value)),
        _ => None,
    }
}

impl Settings {
    pub(crate) fn set(&mut self, id: i32, value: &[u8]) -> Option<Result<()>> {
        let apply: fn(&mut Settings, bool) = match id {
            ids::XPUB_VERBOSE => |s, on| (s.verbose_subscribe, s.verbose_cancel) = (on, false),
            ids::XPUB_VERBOSER => |s, on| (s.verbose_subscribe, s.verbose_cancel) = (on, on),
            ids::XPUB_MANUAL => |s, on| s.manual = on,
            ids::XPUB_MANUAL_LAST_VALUE => |s, on| (s.manual, s.last_value) = (on, on),
            ids::XPUB_NODROP => |s, on| s.no_drop = on,
            ids::ONLY_FIRST_SUBSCRIBE => |s, on| s.only_first = on,
            ids::INVERT_MATCHING => {
                return Some(any_switch(value).map(|on| self.invert_matching = on))
            }
            ids::XPUB_WELCOME_MSG => {
                let welcome = Message::try_from_slice(value);
                return Some(welcome.map(|welcome| self.welcome = welcome));
            }
            _ => return None,
        };
        Some(switch(value).map(|on| apply(self, on)))
    }

    pub(crate) fn get(&self, id: i32, topics: usize) -> Option<Result<Vec<u8>>> {
        get(id, topics, self.invert_matching)
    }
}

/// The options that all four socket types can tell.
pub(crate) fn get(id: i32, topics: usize, invert_matching: bool) -> Option<Result<Vec<u8>>> {
    let value = match id {
        ids::TOPICS_COUNT => i32::try_from(topics).unwrap_or(i32::MAX),
        ids::INVERT_MATCHING => i32::from(invert_matching),
        _ => return None,
    };
    Some(Ok(value.to_ne_bytes().to_vec()))
}

/// Reads a switch that may not be negative.
pub(crate) fn switch(value: &[u8]) -> Result<bool> {
    match int(value)? {
        negative if negative < 0 => Err(Error::Invalid),
        value => Ok(value != 0),
    }
}

/// Reads a switch.
pub(crate) fn any_switch(value: &[u8]) -> Result<bool> {
    Ok(int(value)? != 0)
}

fn int(value: &[u8]) -> Result<i32> {
    Ok(i32::from_ne_bytes(value.try_into().map_err(|_| Error::Invalid)?))
}
