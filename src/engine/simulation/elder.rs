//! A peer from before ZMTP 3, which only listens.
#![forbid(unsafe_code)]

use super::traffic::{Ledger, Reader};
use crate::sys::io::Stream;
use crate::wire::frame::{parse_header, Header, MORE};
use crate::wire::legacy::parse_v1_header;
use crate::wire::Version;
use std::io::ErrorKind;

/// See the module.
pub(super) struct Elder {
    /// `None` once the peer has gone.
    stream: Option<Stream>,
    version: Version,
    connection: u32,
    /// How much of the peer's greeting is still to come.
    greeting: usize,
    input: Vec<u8>,
    reader: Reader,
}

/// The greeting of a ZMTP 2 peer without a routing id, up to its socket type.
const SIGNATURE: [u8; 11] = [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 1];
/// PULL.
const SOCKET_TYPE: u8 = 7;

impl Elder {
    pub(super) fn new(stream: Stream, version: Version, connection: u32) -> Self {
        let (ours, theirs) = match version {
            Version::V2 => ([&SIGNATURE[..], &[SOCKET_TYPE, 0, 0]].concat(), SIGNATURE.len() + 3),
            // An empty routing id; they begin with the header of theirs.
            _ => (vec![1, 0], SIGNATURE.len() - 1),
        };
        assert_eq!(stream.send(&ours).unwrap(), ours.len());
        let (input, reader) = (Vec::new(), Reader::default());
        Self { stream: Some(stream), version, connection, greeting: theirs, input, reader }
    }

    pub(super) fn is_over(&self) -> bool {
        self.stream.is_none()
    }

    /// Hears what there is. Says whether there was anything.
    pub(super) fn hear(&mut self, ledger: &mut Ledger, size: usize) -> bool {
        let Some(stream) = &self.stream else { return false };
        let mut buffer = [0; 16 * 1024];
        match stream.recv(&mut buffer) {
            Ok(read @ 1..) => self.input.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Ok(0) | Err(_) => self.stream = None,
        }
        let greeting = self.greeting.min(self.input.len());
        self.input.drain(..greeting);
        self.greeting -= greeting;
        while self.greeting == 0 && self.next_part(ledger, size) {}
        true
    }

    fn next_part(&mut self, ledger: &mut Ledger, size: usize) -> bool {
        let header = match self.version {
            Version::V2 => parse_header(&self.input, None),
            _ => parse_v1_header(&self.input, None),
        };
        let Header::Frame { flags, header_len, body_len } = header.unwrap() else { return false };
        let end = header_len + body_len as usize;
        if self.input.len() < end {
            return false;
        }
        if let Some(name) = self.reader.part(&self.input[header_len..end], flags & MORE != 0, size)
        {
            ledger.note(name, self.connection);
        }
        self.input.drain(..end);
        true
    }
}
