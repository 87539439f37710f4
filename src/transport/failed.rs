//! An endpoint that could not be opened, as monitors are told of it.
#![forbid(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, RawFd};

use socket2::Socket;

use crate::error::{Error, Result};

/// Why it failed, and the number of the descriptor that was opened for it and has been closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    pub(crate) closed: Option<RawFd>,
}

impl Failed {
    /// Does something with a descriptor, which is closed if that fails.
    pub(super) fn or_close<T>(
        socket: Socket,
        act: impl FnOnce(&Socket) -> Result<T>,
    ) -> std::result::Result<(Socket, T), Failed> {
        match act(&socket) {
            Ok(result) => Ok((socket, result)),
            Err(error) => Err(Failed { error, closed: Some(socket.as_raw_fd()) }),
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed { error, closed: None }
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Error::from(error).into()
    }
}
