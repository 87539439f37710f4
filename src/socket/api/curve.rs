//! Keys for CURVE, and how they are written.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::options::{z85, CurveKey};
use crate::security::curve::Key;
use std::fmt;

/// A secret key for CURVE and the public key that belongs to it. The secret one is wiped when it is dropped, and
/// never shown.
///
/// ```
/// use zeroxide::{Context, CurveKeyPair, SocketType};
///
/// # fn main() -> zeroxide::Result<()> {
/// let (server_keys, client_keys) = (CurveKeyPair::new()?, CurveKeyPair::new()?);
/// let context = Context::new()?;
/// let server = context.socket(SocketType::Pull)?;
/// server.set_curve_server(true)?;
/// server.set_curve_secret_key(server_keys.secret())?;
/// server.bind("tcp://127.0.0.1:*")?;
///
/// let client = context.socket(SocketType::Push)?;
/// client.set_curve_server_key(&server_keys.public())?;
/// client.set_curve_public_key(&client_keys.public())?;
/// client.set_curve_secret_key(client_keys.secret())?;
/// client.connect(&server.last_endpoint()?)?;
/// client.send("for your eyes only")?;
/// assert_eq!(server.recv()?, "for your eyes only");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct CurveKeyPair {
    public: CurveKey,
    secret: Key,
}

impl CurveKeyPair {
    /// A new pair, that nobody else has.
    pub fn new() -> Result<Self> {
        Key::generate().map(Self::of)
    }

    /// The pair of a secret key.
    ///
    /// ```
    /// use zeroxide::{curve_key, curve_key_text, CurveKeyPair};
    ///
    /// # fn main() -> zeroxide::Result<()> {
    /// let pair = CurveKeyPair::from_secret(curve_key("D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs")?);
    /// assert_eq!(curve_key_text(&pair.public()), "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID");
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_secret(secret: CurveKey) -> Self {
        Self::of(Key::new(secret))
    }

    /// What everybody may know.
    pub fn public(&self) -> CurveKey {
        self.public
    }

    /// What nobody else may know.
    pub fn secret(&self) -> &CurveKey {
        self.secret.bytes()
    }

    fn of(secret: Key) -> Self {
        Self { public: secret.public(), secret }
    }
}

impl fmt::Debug for CurveKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let public = curve_key_text(&self.public);
        f.debug_struct("CurveKeyPair").field("public", &public).finish_non_exhaustive()
    }
}

/// A CURVE key from its text: the 40 characters of Z85 that other programs write. Else it is [`Error::Invalid`].
///
/// ```
/// use zeroxide::{curve_key, curve_key_text, CurveKeyPair, Error};
///
/// # fn main() -> zeroxide::Result<()> {
/// let public = CurveKeyPair::new()?.public();
/// assert_eq!(curve_key(&curve_key_text(&public)), Ok(public));
/// assert_eq!(curve_key("not a key"), Err(Error::Invalid));
/// # Ok(())
/// # }
/// ```
pub fn curve_key(text: &str) -> Result<CurveKey> {
    let mut key = CurveKey::default();
    z85::decode_into(text.as_bytes(), &mut key).map_err(|_| Error::Invalid)?;
    Ok(key)
}

/// A CURVE key as text: 40 characters of Z85.
pub fn curve_key_text(key: &CurveKey) -> String {
    // Its length is a multiple of 4, which is all that could be wrong.
    z85::encode(key).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_does_not_show_its_secret() {
        let pair = CurveKeyPair::new().unwrap();
        let text = format!("{pair:?}");
        assert!(text.contains("public"), "{text}");
        assert!(!text.contains(&curve_key_text(pair.secret())), "{text}");
    }

    #[test]
    fn wrong_texts_are_refused() {
        for wrong in ["", "0", &"0".repeat(39), &"0".repeat(45), &"~".repeat(40), &"#".repeat(40)] {
            assert_eq!(curve_key(wrong), Err(Error::Invalid), "{wrong}");
        }
    }
}
