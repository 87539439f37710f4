//! The one error type of the crate, and the one place that maps it to an errno.
//!
//! Variants are named for what went wrong; [`Error::errno`] gives the number that the manual pages
//! promise for it. Anything that the operating system reports travels as [`Error::Os`].
#![forbid(unsafe_code)]

use std::{fmt, io};

/// ZeroMQ's own error numbers start here, above every errno of the platform.
pub const HAUSNUMERO: i32 = 156_384_712;
/// The operation cannot be done in the socket's present state.
pub const EFSM: i32 = HAUSNUMERO + 51;
/// The protocol is not compatible with the socket type.
pub const ENOCOMPATPROTO: i32 = HAUSNUMERO + 52;
/// The context was terminated.
pub const ETERM: i32 = HAUSNUMERO + 53;
/// No I/O thread is available.
pub const EMTHREAD: i32 = HAUSNUMERO + 54;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// Nothing to receive, or no room to send, right now.
    Again,
    /// An argument, option or address makes no sense.
    Invalid,
    /// The socket is closed, or never was one.
    NotSocket,
    /// A pointer or handle is null or stale.
    Fault,
    /// The context was terminated.
    Terminated,
    /// The socket's state machine does not allow this now.
    State,
    /// The transport cannot carry this socket type.
    IncompatibleProtocol,
    /// There is no I/O thread for the job.
    NoIoThread,
    /// The transport or feature is not supported.
    ProtocolNotSupported,
    /// The operation is not supported by this socket type.
    NotSupported,
    /// The address is in use already.
    AddressInUse,
    /// The address is not one of this machine.
    AddressNotAvailable,
    /// No such device or interface.
    NoDevice,
    /// There is no such endpoint.
    NoEntry,
    /// No route to the peer named in a routing id.
    HostUnreachable,
    /// Nobody listens there.
    ConnectionRefused,
    /// Out of memory.
    NoMemory,
    /// No more sockets can be made.
    TooManyFiles,
    /// A signal interrupted a blocking call.
    Interrupted,
    /// A name is too long.
    NameTooLong,
    /// The message does not fit.
    MessageSize,
    /// The peer or our own code broke an invariant; the object is out of service.
    Protocol,
    /// What the operating system said.
    Os(i32),
}

impl Error {
    /// The errno of this error, as the manual pages and `zmq.h` number it.
    pub fn errno(self) -> i32 {
        match self {
            Error::Again => libc::EAGAIN,
            Error::Invalid => libc::EINVAL,
            Error::NotSocket => libc::ENOTSOCK,
            Error::Fault => libc::EFAULT,
            Error::Terminated => ETERM,
            Error::State => EFSM,
            Error::IncompatibleProtocol => ENOCOMPATPROTO,
            Error::NoIoThread => EMTHREAD,
            Error::ProtocolNotSupported => libc::EPROTONOSUPPORT,
            Error::NotSupported => libc::ENOTSUP,
            Error::AddressInUse => libc::EADDRINUSE,
            Error::AddressNotAvailable => libc::EADDRNOTAVAIL,
            Error::NoDevice => libc::ENODEV,
            Error::NoEntry => libc::ENOENT,
            Error::HostUnreachable => libc::EHOSTUNREACH,
            Error::ConnectionRefused => libc::ECONNREFUSED,
            Error::NoMemory => libc::ENOMEM,
            Error::TooManyFiles => libc::EMFILE,
            Error::Interrupted => libc::EINTR,
            Error::NameTooLong => libc::ENAMETOOLONG,
            Error::MessageSize => libc::EMSGSIZE,
            Error::Protocol => libc::EPROTO,
            Error::Os(errno) => errno,
        }
    }

    /// The sentence for an errno: ZeroMQ's own, or the platform's.
    pub fn describe(errno: i32) -> String {
        match errno {
            EFSM => "Operation cannot be accomplished in current state".into(),
            ENOCOMPATPROTO => "The protocol is not compatible with the socket type".into(),
            ETERM => "Context was terminated".into(),
            EMTHREAD => "No thread available".into(),
            // Not as the platform has it.
            libc::EHOSTUNREACH => "Host unreachable".into(),
            _ => {
                let text = io::Error::from_raw_os_error(errno).to_string();
                match text.rfind(" (os error") {
                    Some(end) => text[..end].to_owned(),
                    None => text,
                }
            }
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::EAGAIN) => Error::Again,
            Some(libc::EINTR) => Error::Interrupted,
            Some(libc::EADDRINUSE) => Error::AddressInUse,
            Some(libc::EADDRNOTAVAIL) => Error::AddressNotAvailable,
            Some(libc::EMFILE) => Error::TooManyFiles,
            Some(libc::ENOMEM) => Error::NoMemory,
            Some(libc::EINVAL) => Error::Invalid,
            Some(libc::ENODEV) => Error::NoDevice,
            Some(libc::ENOENT) => Error::NoEntry,
            Some(libc::ECONNREFUSED) => Error::ConnectionRefused,
            Some(errno) => Error::Os(errno),
            None => Error::Protocol,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Error::describe(self.errno()))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({}: {self})", self.errno())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errnos_survive_the_round_trip_through_io_errors() {
        for errno in [libc::EAGAIN, libc::EADDRINUSE, libc::ENOENT, libc::EPIPE] {
            assert_eq!(Error::from(io::Error::from_raw_os_error(errno)).errno(), errno);
        }
    }

    #[test]
    fn own_errnos_have_sentences() {
        assert_eq!(Error::describe(ETERM), "Context was terminated");
        assert_eq!(Error::describe(libc::EINVAL), "Invalid argument");
        assert_eq!(Error::describe(libc::EHOSTUNREACH), "Host unreachable");
    }
}
