//! The CURVE mechanism (RFC 25 and 26): both ends prove who they are, and everything behind the
//! greeting is sealed with keys of this connection only.
//!
//! | step | from | command |
//! | --- | --- | --- |
//! | 1 | client | HELLO: a short-term public key, with proof that the sender knows the server's key |
//! | 2 | server | WELCOME: the server's short-term public key, and a cookie |
//! | 3 | client | INITIATE: the cookie, who the client is, a vouch for its short-term key, metadata |
//! | 4 | server | READY: metadata; or ERROR, if the ZAP handler refuses the client |
//! | 5 | both | MESSAGE: a frame in a box, with a number that only grows |
//!
//! What the server needs to know between WELCOME and INITIATE is in the cookie, not in its memory. Nothing
//! here decides who may come in: the ZAP handler does, and without one whoever has the server's key.
//!
//! Letters are those of the RFC: `C` and `S` are the ends' long-term public keys, `C'` and `S'` those of
//! this connection, small ones their secret keys, and `Box [X](a->B)` is X sealed with a and B.
#![forbid(unsafe_code)]

mod cipher;
mod client;
mod key;
mod message;
mod server;
#[cfg(test)]
mod tests;

pub use client::{Client, ClientKeys};
pub use key::Key;
pub use server::{Server, ServerKeys};

use super::HandshakeError;
use crate::error::Error;
use crate::options::ids::protocol_error;
use crate::sys::crypto::{self, KeyBytes};
use cipher::{Cipher, ShortNonce};

/// A public key.
pub(crate) type PublicKey = KeyBytes;

/// A new pair of public and secret key.
pub fn key_pair() -> crate::error::Result<(PublicKey, Key)> {
    let secret = Key::generate()?;
    Ok((secret.public(), secret))
}

const CRYPTOGRAPHIC: HandshakeError = HandshakeError::Protocol(protocol_error::ZMTP_CRYPTOGRAPHIC);

/// Version 1.0, and no later one is known.
const VERSION: [u8; 2] = [1, 0];
/// HELLO is no shorter than WELCOME, so that nobody uses a server to amplify what he sends.
const HELLO_PADDING: usize = 72;
/// A nonce of its own, and C' with s'.
const COOKIE_SIZE: usize = 16 + cipher::OVERHEAD + 64;
/// A nonce of its own, and S' with the cookie.
const WELCOME_SIZE: usize = 16 + cipher::OVERHEAD + 32 + COOKIE_SIZE;
/// A nonce of its own, and C' with S.
const VOUCH_SIZE: usize = 16 + cipher::OVERHEAD + 64;
/// What is in INITIATE's box before the metadata: C and the vouch.
const INITIATE_FIXED: usize = 32 + VOUCH_SIZE;

/// The numbers of what one end sends. They begin with 1.
#[derive(Default)]
struct Counter(u64);

impl Counter {
    fn next(&mut self) -> Result<ShortNonce, HandshakeError> {
        self.0 = self.0.checked_add(1).ok_or(HandshakeError::Local(Error::State))?;
        Ok(self.0.to_be_bytes())
    }
}

/// A box as handshakes have it.
fn seal(shared: &Key, prefix: &[u8; 16], nonce: &ShortNonce, plain: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    Cipher::new(shared, prefix).seal(nonce, None, plain, &mut sealed);
    sealed.split_off(cipher::ROOM)
}

fn open(
    shared: &Key,
    prefix: &[u8; 16],
    nonce: &ShortNonce,
    sealed: &[u8],
) -> Result<Vec<u8>, HandshakeError> {
    opened(&Cipher::new(shared, prefix), nonce, sealed)
}

/// A box with a random nonce, of which the last 16 bytes stand before the box.
fn seal_randomly(shared: &Key, prefix: &[u8; 8], plain: &[u8]) -> Result<Vec<u8>, HandshakeError> {
    let mut nonce = [0; 24];
    let (known, drawn) = nonce.split_at_mut(8);
    known.copy_from_slice(prefix);
    crypto::random(drawn)
        .map_err(|error| HandshakeError::Local(Error::Os(error.raw_os_error().unwrap_or(0))))?;
    let (cipher, short) = Cipher::once(shared, &nonce);
    let mut sealed = Vec::new();
    cipher.seal(&short, None, plain, &mut sealed);
    sealed[..cipher::ROOM].copy_from_slice(&nonce[8..]);
    Ok(sealed)
}

fn open_random(shared: &Key, prefix: &[u8; 8], sealed: &[u8]) -> Result<Vec<u8>, HandshakeError> {
    let (drawn, sealed) = sealed.split_first_chunk::<16>().ok_or(CRYPTOGRAPHIC)?;
    let mut nonce = [0; 24];
    nonce[..8].copy_from_slice(prefix);
    nonce[8..].copy_from_slice(drawn);
    let (cipher, short) = Cipher::once(shared, &nonce);
    opened(&cipher, &short, sealed)
}

fn opened(cipher: &Cipher, nonce: &ShortNonce, sealed: &[u8]) -> Result<Vec<u8>, HandshakeError> {
    let mut plain = vec![0; sealed.len().checked_sub(cipher::OVERHEAD).ok_or(CRYPTOGRAPHIC)?];
    match cipher.open(nonce, sealed, None, &mut plain) {
        true => Ok(plain),
        false => Err(CRYPTOGRAPHIC),
    }
}

/// Cuts a piece of known size from the front.
fn cut<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (piece, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(piece)
}
