//! Boxes as NaCl makes them (XSalsa20 and Poly1305): a tag, and as many bytes as were sealed.
//!
//! The first 16 bytes of a CURVE nonce are a prefix that stays the same for all that is sent one
//! way, so that the half of XSalsa20 that depends on it is computed once. The 32 bytes before the
//! sealed ones make the key of the tag; they are taken from one run of the key stream with as many
//! of those that follow as are made at once. What is behind this head goes straight from its place
//! to another. Neither sealing nor opening allocates, but for what the buffer that is appended to
//! needs.
#![forbid(unsafe_code)]

use super::key::Key;
use crate::sys::crypto::{
    append_xor_stream, authenticate, derive_key, is_authentic, xor_stream, xor_stream_to, Tag,
    BLOCK_SIZE, KEY_SIZE, TAG_SIZE,
};

/// The part of a nonce that counts, or that is random.
pub(super) type ShortNonce = [u8; 8];

/// By how much a box is longer than what is in it.
pub(super) const OVERHEAD: usize = TAG_SIZE;
/// Room that [`Cipher::seal`] leaves before a box.
pub(super) const ROOM: usize = KEY_SIZE - TAG_SIZE;

/// The longest run that any processor makes at once.
const BATCH: usize = 16 * BLOCK_SIZE;
/// How many sealed bytes go with the key of the tag.
const HEAD: usize = BATCH - KEY_SIZE;
/// Where the key stream is behind the head.
const BEHIND_HEAD: u64 = (BATCH / BLOCK_SIZE) as u64;

/// Seals or opens boxes whose nonces have one prefix.
pub(super) struct Cipher {
    key: Key,
}

impl Cipher {
    /// `shared` is what two keys have in common, or a secret key that nobody else has.
    pub(super) fn new(shared: &Key, prefix: &[u8; 16]) -> Self {
        Cipher { key: Key::new(derive_key(shared.bytes(), prefix)) }
    }

    /// A cipher for one box with a whole nonce, and the part of the nonce that goes with it.
    pub(super) fn once(shared: &Key, nonce: &[u8; 24]) -> (Self, ShortNonce) {
        let (mut prefix, mut short) = ([0; 16], [0; 8]);
        prefix.copy_from_slice(&nonce[..16]);
        short.copy_from_slice(&nonce[16..]);
        (Self::new(shared, &prefix), short)
    }

    /// Appends [`ROOM`] bytes that mean nothing, and a box with `first`, if there is any, and `rest` in it.
    pub(super) fn seal(
        &self,
        nonce: &ShortNonce,
        first: Option<u8>,
        rest: &[u8],
        out: &mut Vec<u8>,
    ) {
        let at = out.len();
        out.reserve(KEY_SIZE + 1 + rest.len());
        out.extend_from_slice(&[0; KEY_SIZE]);
        out.extend(first);
        let (head, behind) = rest.split_at(rest.len().min(HEAD - usize::from(first.is_some())));
        out.extend_from_slice(head);
        xor_stream(&mut out[at..], nonce, 0, self.key.bytes());
        append_xor_stream(behind, out, nonce, BEHIND_HEAD, self.key.bytes());
        let tag_key = Key::take(&mut out[at..]);
        let tag = authenticate(&out[at + KEY_SIZE..], tag_key.bytes());
        out[at + ROOM..at + KEY_SIZE].copy_from_slice(&tag);
    }

    /// Opens a box: `first` and `rest` together are as long as what is in it. False if it was not sealed
    /// with this key and nonce; they are as they were then.
    pub(super) fn open(
        &self,
        nonce: &ShortNonce,
        sealed: &[u8],
        first: Option<&mut u8>,
        rest: &mut [u8],
    ) -> bool {
        let Some((tag, sealed)) = sealed.split_first_chunk::<TAG_SIZE>() else { return false };
        if sealed.len() != usize::from(first.is_some()) + rest.len() {
            return false;
        }
        let head = rest.len().min(HEAD - usize::from(first.is_some()));
        let (head, behind) = rest.split_at_mut(head);
        if !self.open_head(nonce, tag, sealed, first, head) {
            return false;
        }
        let sealed = &sealed[sealed.len() - behind.len()..];
        xor_stream_to(sealed, behind, nonce, BEHIND_HEAD, self.key.bytes());
        true
    }

    /// Checks the whole box, and opens as much of it as goes with the key of the tag.
    fn open_head(
        &self,
        nonce: &ShortNonce,
        tag: &Tag,
        sealed: &[u8],
        first: Option<&mut u8>,
        rest: &mut [u8],
    ) -> bool {
        let mut image = [0; BATCH];
        let used = KEY_SIZE + usize::from(first.is_some()) + rest.len();
        image[KEY_SIZE..used].copy_from_slice(&sealed[..used - KEY_SIZE]);
        xor_stream(&mut image[..used], nonce, 0, self.key.bytes());
        if !is_authentic(tag, sealed, Key::take(&mut image).bytes()) {
            return false;
        }
        let mut opened = &image[KEY_SIZE..used];
        if let (Some(first), Some((byte, others))) = (first, opened.split_first()) {
            (*first, opened) = (*byte, others);
        }
        rest.copy_from_slice(opened);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::Random;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2)
            .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
            .collect()
    }

    /// The example of 'Cryptography in NaCl' (Bernstein), sections 9 and 10.
    #[test]
    fn the_box_is_that_of_nacl() {
        let key = hex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
        let nonce = hex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");
        let plain =
            hex("be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a\
             1ac728d45e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057\
             e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040\
             e082f937763848645e0705");
        let sealed =
            hex("f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4\
             476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738\
             b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de\
             56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5");
        let key = Key::new(key.try_into().unwrap());
        let (cipher, nonce) = Cipher::once(&key, &nonce.try_into().unwrap());
        let mut out = Vec::new();
        cipher.seal(&nonce, None, &plain, &mut out);
        assert_eq!(out[ROOM..], sealed);
        out.clear();
        cipher.seal(&nonce, Some(plain[0]), &plain[1..], &mut out);
        assert_eq!(out[ROOM..], sealed);
    }

    /// All the ways in which a message is cut into runs.
    #[test]
    fn every_length_is_sealed_as_nacl_would_and_opens_again() {
        let key = Key::new([7; KEY_SIZE]);
        let lengths = (0..=2100).chain([4095, 4096, 8191, 65_536, 1 << 20]);
        let plain: Vec<u8> = (0..1u32 << 20).map(|at| ((at * 31) >> 3) as u8).collect();
        let cipher = Cipher::new(&key, b"0123456789abcdef");
        for len in lengths {
            let mut out = b"..".to_vec();
            cipher.seal(b"counting", Some(5), &plain[..len], &mut out);
            let (mut first, mut opened) = (0, vec![0; len]);
            assert!(cipher.open(b"counting", &out[2 + ROOM..], Some(&mut first), &mut opened));
            assert_eq!((first, &opened[..]), (5, &plain[..len]));
            assert!(matches_plain_stream(&cipher, &plain[..len], &out[2 + ROOM..]), "{len} bytes");
        }
    }

    /// The construction as the paper has it, in one run.
    fn matches_plain_stream(cipher: &Cipher, plain: &[u8], sealed: &[u8]) -> bool {
        let mut image = [&[0; KEY_SIZE][..], &[5], plain].concat();
        xor_stream(&mut image, b"counting", 0, cipher.key.bytes());
        let tag_key = image[..KEY_SIZE].try_into().unwrap();
        sealed[..TAG_SIZE] == authenticate(&image[KEY_SIZE..], &tag_key)
            && sealed[TAG_SIZE..] == image[KEY_SIZE..]
    }

    #[test]
    fn a_changed_box_does_not_open_and_gives_nothing_away() {
        let key = Key::new([7; KEY_SIZE]);
        let cipher = Cipher::new(&key, b"0123456789abcdef");
        let mut random = Random::new(11);
        for len in [0, 1, 64, 991, 992, 1000, 2100] {
            let mut sealed = Vec::new();
            cipher.seal(b"counting", Some(1), &vec![9; len], &mut sealed);
            sealed.drain(..ROOM);
            let refused = |nonce: &ShortNonce, sealed: &[u8]| {
                let (mut first, mut rest) = (3, vec![4; len]);
                let opened = cipher.open(nonce, sealed, Some(&mut first), &mut rest);
                !opened && first == 3 && rest.iter().all(|byte| *byte == 4)
            };
            for at in 0..sealed.len() {
                let mut wrong = sealed.clone();
                wrong[at] ^= 1 << random.below(8);
                assert!(refused(b"counting", &wrong));
                assert!(refused(b"counting", &sealed[..at]));
            }
            assert!(refused(b"countinh", &sealed));
            assert!(refused(b"counting", &[&sealed[..], b"x"].concat()));
        }
    }
}
