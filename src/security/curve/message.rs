//! MESSAGE: a frame in a box, and the number that makes its nonce.
//!
//! A number that does not grow ends the connection, so that nothing can be sent twice or be held back
//! and sent later. The frame around the box has no flags: MORE and COMMAND are sealed as well.
#![forbid(unsafe_code)]

use super::cipher::{self, Cipher};
use super::{Counter, Key, CRYPTOGRAPHIC};
use crate::options::ids::protocol_error;
use crate::security::{HandshakeError, Open, Seal};
use crate::wire::command::split;
use crate::wire::frame::{encode_header, COMMAND, MORE};

const NAME: [u8; 8] = *b"\x07MESSAGE";
/// The name and the number.
const HEADER: usize = NAME.len() + 8;
/// The room that the cipher leaves before a box is just what they need.
const _: () = assert!(HEADER == cipher::ROOM);
/// By how much a MESSAGE is longer than the body of the frame in it.
const OVERHEAD: usize = HEADER + cipher::OVERHEAD + 1;

/// What COMMAND is in the flags in the box: there it is next to MORE, which is the same everywhere.
const SEALED_COMMAND: u8 = 2;

const FROM_CLIENT: &[u8; 16] = b"CurveZMQMESSAGEC";
const FROM_SERVER: &[u8; 16] = b"CurveZMQMESSAGES";

/// Both directions of a client's connection.
pub(super) fn client_traffic(shared: &Key, sent: Counter, received: u64) -> (Sealer, Opener) {
    traffic([FROM_CLIENT, FROM_SERVER].map(|prefix| Cipher::new(shared, prefix)), sent, received)
}

/// Both directions of a server's connection.
pub(super) fn server_traffic(shared: &Key, sent: Counter, received: u64) -> (Sealer, Opener) {
    traffic([FROM_SERVER, FROM_CLIENT].map(|prefix| Cipher::new(shared, prefix)), sent, received)
}

fn traffic([ours, theirs]: [Cipher; 2], sent: Counter, last: u64) -> (Sealer, Opener) {
    (Sealer { cipher: ours, counter: sent }, Opener { cipher: theirs, last })
}

/// Seals what we send.
pub(super) struct Sealer {
    cipher: Cipher,
    counter: Counter,
}

impl Seal for Sealer {
    fn seal(&mut self, flags: u8, body: &[u8], out: &mut Vec<u8>) -> Result<(), HandshakeError> {
        let nonce = self.counter.next()?;
        out.extend_from_slice(encode_header(0, (OVERHEAD + body.len()) as u64).as_slice());
        let at = out.len();
        let command = if flags & COMMAND != 0 { SEALED_COMMAND } else { 0 };
        self.cipher.seal(&nonce, Some(flags & MORE | command), body, out);
        out[at..at + NAME.len()].copy_from_slice(&NAME);
        out[at + NAME.len()..at + HEADER].copy_from_slice(&nonce);
        Ok(())
    }
}

/// Opens what the peer sent.
pub(super) struct Opener {
    cipher: Cipher,
    /// The number of what was opened last.
    last: u64,
}

impl Open for Opener {
    fn opened_len(&self, sealed_len: usize) -> usize {
        sealed_len.saturating_sub(OVERHEAD)
    }

    fn open(&mut self, sealed: &[u8], out: &mut [u8]) -> Result<u8, HandshakeError> {
        let Some(data) = sealed.strip_prefix(&NAME) else {
            split(sealed)?;
            return Err(HandshakeError::UNEXPECTED);
        };
        let (nonce, sealed) = match data.split_first_chunk() {
            Some((nonce, sealed)) if sealed.len() == cipher::OVERHEAD + 1 + out.len() => {
                (nonce, sealed)
            }
            _ => {
                return Err(HandshakeError::Protocol(
                    protocol_error::ZMTP_MALFORMED_COMMAND_MESSAGE,
                ))
            }
        };
        let number = u64::from_be_bytes(*nonce);
        if number <= self.last {
            return Err(HandshakeError::Protocol(protocol_error::ZMTP_INVALID_SEQUENCE));
        }
        let mut flags = 0;
        if !self.cipher.open(nonce, sealed, Some(&mut flags), out) {
            return Err(CRYPTOGRAPHIC);
        }
        self.last = number;
        let command = if flags & SEALED_COMMAND != 0 { COMMAND } else { 0 };
        Ok(flags & MORE | command)
    }
}
