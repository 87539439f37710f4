//! Numbers of `zmq.h` as types.
#![forbid(unsafe_code)]

use crate::options::ids;
use crate::socket::{POLLERR, POLLIN, POLLOUT, POLLPRI};
use std::fmt;
use std::ops::{BitOr, BitOrAssign};

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
    /// Fail with [`Error::Again`](crate::Error::Again) rather than wait.
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
    fn bits_are_shown_by_name() {
        assert_eq!(
            format!("{:?}", Flags::DONT_WAIT | Flags::SEND_MORE),
            "Flags(DONT_WAIT | SEND_MORE)"
        );
        assert_eq!(format!("{:?}", Events::NONE), "Events()");
    }
}
