//! Property lists, as READY and INITIATE commands and ZAP replies carry them: a name length of one
//! byte, the name, a value length of four bytes, the value.
//!
//! Names and values are bytes here; what they mean is for the mechanisms to say.
#![forbid(unsafe_code)]

use super::error::WireError;

/// The property that names the peer's socket type.
pub(crate) const SOCKET_TYPE: &[u8] = b"Socket-Type";
/// The property that carries the peer's routing id.
pub(crate) const IDENTITY: &[u8] = b"Identity";

/// Appends one property. A name over 255 bytes or a value over 2 GiB is refused.
pub(crate) fn put(out: &mut Vec<u8>, name: &[u8], value: &[u8]) -> Result<(), WireError> {
    let name_len = u8::try_from(name.len()).map_err(|_| WireError::InvalidMetadata)?;
    let value_len = i32::try_from(value.len()).map_err(|_| WireError::InvalidMetadata)?;
    out.push(name_len);
    out.extend_from_slice(name);
    out.extend_from_slice(&value_len.to_be_bytes());
    out.extend_from_slice(value);
    Ok(())
}

/// Iterates over a property list. A length that lies yields one error, and ends the list.
#[derive(Clone, Debug)]
pub(crate) struct Properties<'a> {
    rest: &'a [u8],
}

impl<'a> Properties<'a> {
    pub(crate) fn new(list: &'a [u8]) -> Self {
        Properties { rest: list }
    }
}

impl<'a> Iterator for Properties<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some((name, value, rest)) = split(self.rest) else {
            self.rest = &[];
            return Some(Err(WireError::InvalidMetadata));
        };
        self.rest = rest;
        Some(Ok((name, value)))
    }
}

/// Cuts the first property off: its name, its value, and what follows.
fn split(list: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (name_len, rest) = list.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*name_len))?;
    let (value_len, rest) = rest.split_first_chunk::<4>()?;
    let value_len = usize::try_from(u32::from_be_bytes(*value_len)).ok()?;
    let (value, rest) = rest.split_at_checked(value_len)?;
    Some((name, value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::{Random, ROUNDS};

    fn sample() -> Vec<u8> {
        let mut list = Vec::new();
        put(&mut list, SOCKET_TYPE, b"DEALER").unwrap();
        put(&mut list, IDENTITY, b"").unwrap();
        put(&mut list, b"X-Long", &[9; 300]).unwrap();
        list
    }

    #[test]
    fn lists_survive_the_round_trip() {
        let list = sample();
        let found: Vec<_> = Properties::new(&list).map(|item| item.unwrap()).collect();
        assert_eq!(found[0], (SOCKET_TYPE, &b"DEALER"[..]));
        assert_eq!(found[1], (IDENTITY, &b""[..]));
        assert_eq!(found[2], (&b"X-Long"[..], &[9; 300][..]));
        assert_eq!(found.len(), 3);
        assert_eq!(&list[..12], b"\x0bSocket-Type");
        assert_eq!(&list[12..22], b"\0\0\0\x06DEALER");
    }

    #[test]
    fn every_truncation_is_an_error_or_ends_between_two_properties() {
        let list = sample();
        let whole = [0, 22, 35, list.len()];
        for cut in 0..=list.len() {
            let good = Properties::new(&list[..cut]).all(|item| item.is_ok());
            assert_eq!(good, whole.contains(&cut), "cut at {cut}");
        }
    }

    #[test]
    fn long_names_are_not_encoded() {
        assert!(put(&mut Vec::new(), &[b'x'; 255], b"").is_ok());
        assert_eq!(put(&mut Vec::new(), &[b'x'; 256], b""), Err(WireError::InvalidMetadata));
    }

    #[test]
    fn random_lists_end() {
        let mut random = Random::new(3);
        for _ in 0..ROUNDS {
            let list = random.mutated(&sample());
            let items = Properties::new(&list).collect::<Vec<_>>();
            assert!(items.iter().rev().skip(1).all(|item| item.is_ok()));
        }
    }
}
