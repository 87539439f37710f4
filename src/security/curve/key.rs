//! Keys that are wiped when they are dropped, never shown, and compared in constant time.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::sys::crypto::{
    are_equal, derive_key, public_key, random, shared_point, wipe, KeyBytes, KEY_SIZE,
};
use std::fmt;

/// A secret: a secret key, or what two ends have in common.
#[derive(Clone)]
pub struct Key(Box<KeyBytes>);

impl Key {
    /// Takes a key from the stack, where it is wiped.
    pub fn new(mut bytes: KeyBytes) -> Self {
        let key = Key(Box::new(bytes));
        wipe(&mut bytes);
        key
    }

    /// A new secret key.
    pub(crate) fn generate() -> Result<Self> {
        let mut key = Key(Box::new([0; KEY_SIZE]));
        random(&mut key.0[..]).map_err(|error| Error::Os(error.raw_os_error().unwrap_or(0)))?;
        Ok(key)
    }

    /// Moves a key out of the beginning of a buffer, which is wiped there.
    pub(super) fn take(buffer: &mut [u8]) -> TransientKey {
        let mut key = TransientKey([0; KEY_SIZE]);
        let len = buffer.len().min(KEY_SIZE);
        key.0[..len].copy_from_slice(&buffer[..len]);
        wipe(&mut buffer[..len]);
        key
    }

    /// The key itself.
    pub fn bytes(&self) -> &KeyBytes {
        &self.0
    }

    /// The public key that belongs to this secret key.
    pub fn public(&self) -> KeyBytes {
        public_key(&self.0)
    }

    /// What the owners of two secret keys have in common, each knowing only the other's public key.
    /// `None` if the public key is one with which everybody has the same in common.
    pub(super) fn shared_with(&self, public: &KeyBytes) -> Option<Key> {
        let point = Key::new(shared_point(&self.0, public)?);
        Some(Key::new(derive_key(point.bytes(), &[0; 16])))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        wipe(&mut self.0[..]);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        are_equal(&self.0, &other.0)
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// A key for a moment, on the stack.
pub(super) struct TransientKey(KeyBytes);

impl TransientKey {
    pub(super) fn bytes(&self) -> &KeyBytes {
        &self.0
    }
}

impl Drop for TransientKey {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ends_have_the_same_in_common() {
        let [one, other] = [Key::generate().unwrap(), Key::generate().unwrap()];
        assert_ne!(one, other);
        let shared = one.shared_with(&other.public()).unwrap();
        assert_eq!(other.shared_with(&one.public()), Some(shared));
        assert_eq!(one.shared_with(&[0; KEY_SIZE]), None);
    }

    #[test]
    fn keys_are_not_shown() {
        let text = format!("{:?}", Key::new([0xAB; KEY_SIZE]));
        assert_eq!(text, "Key(..)");
    }

    #[test]
    fn what_is_taken_is_not_left_behind() {
        let mut buffer = [1; 40];
        assert_eq!(Key::take(&mut buffer).bytes(), &[1; KEY_SIZE]);
        assert_eq!((buffer[31], buffer[32]), (0, 1));
    }
}
