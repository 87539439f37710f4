//! Cryptography: the primitives of NaCl behind safe functions, and randomness.
//!
//! It never decides what is sealed with which key or nonce: that is the mechanism's business. Whole
//! constructions (`crypto_box`) are not here, because they derive again for every message what is
//! the same for all messages of a connection. No secret decides which code runs or where memory is
//! accessed.

mod poly1305;
mod salsa20;
mod x25519;

use super::process::random_bytes;
use std::hint::black_box;
use std::io;
use std::sync::atomic::{compiler_fence, Ordering};

/// Bytes of a key of any kind.
pub const KEY_SIZE: usize = 32;
/// Bytes of a Poly1305 tag.
pub const TAG_SIZE: usize = 16;
/// Bytes of a block of Salsa20's key stream.
pub(crate) const BLOCK_SIZE: usize = 64;

/// A key of any kind, as bytes.
pub(crate) type KeyBytes = [u8; KEY_SIZE];
/// What authenticates a message.
pub(crate) type Tag = [u8; TAG_SIZE];

/// Fills a buffer with random bytes fit for keys.
pub(crate) fn random(buffer: &mut [u8]) -> io::Result<()> {
    random_bytes(buffer)
}

/// X25519 with the base point: the public key of a secret key.
pub fn public_key(secret: &KeyBytes) -> KeyBytes {
    x25519::public_key(secret)
}

/// X25519. `None` for a public key with which every secret key gives the same.
pub fn shared_point(secret: &KeyBytes, public: &KeyBytes) -> Option<KeyBytes> {
    let mut point = x25519::multiply(secret, public);
    let shared = (!are_equal(&point, &[0; KEY_SIZE])).then_some(point);
    wipe(&mut point);
    shared
}

/// HSalsa20: a key from a key and 16 bytes.
pub fn derive_key(key: &KeyBytes, input: &[u8; 16]) -> KeyBytes {
    salsa20::derive_key(key, input)
}

/// Combines `buffer` with Salsa20's key stream from block `block` on.
pub fn xor_stream(buffer: &mut [u8], nonce: &[u8; 8], block: u64, key: &KeyBytes) {
    let at = buffer.as_mut_ptr();
    // SAFETY: in and out are the same memory, which is allowed, of that length.
    unsafe { salsa20::xor(at, at, buffer.len(), nonce, block, key) };
}

/// As [`xor_stream`], from one place to another of the same length.
pub(crate) fn xor_stream_to(
    from: &[u8],
    to: &mut [u8],
    nonce: &[u8; 8],
    block: u64,
    key: &KeyBytes,
) {
    let len = from.len().min(to.len());
    // SAFETY: both have `len` bytes, and do not overlap.
    unsafe { salsa20::xor(from.as_ptr(), to.as_mut_ptr(), len, nonce, block, key) };
}

/// As [`xor_stream`], from one place to the end of another.
pub fn append_xor_stream(
    from: &[u8],
    to: &mut Vec<u8>,
    nonce: &[u8; 8],
    block: u64,
    key: &KeyBytes,
) {
    to.reserve(from.len());
    // SAFETY: there is room for all of `from`, which cannot overlap it, and it is written whole.
    unsafe {
        let end = to.as_mut_ptr().add(to.len());
        salsa20::xor(from.as_ptr(), end, from.len(), nonce, block, key);
        to.set_len(to.len() + from.len());
    }
}

/// Poly1305, with a key that is used once.
pub fn authenticate(data: &[u8], key: &KeyBytes) -> Tag {
    poly1305::authenticate(data, key)
}

/// Does `tag` belong to `data`? It takes the same time whatever the answer is.
pub fn is_authentic(tag: &Tag, data: &[u8], key: &KeyBytes) -> bool {
    are_equal(tag, &authenticate(data, key))
}

/// Are two secrets of one length the same? It takes the same time whatever they are.
pub(crate) fn are_equal<const N: usize>(one: &[u8; N], other: &[u8; N]) -> bool {
    let differences = one.iter().zip(other).fold(0, |found, (one, other)| found | one ^ other);
    // The compiler is not to know that the first difference decides.
    black_box(differences) == 0
}

/// All ones for a bit that is one, and all zeros for a zero.
///
/// The compiler is not to know that there are only these two masks: for some processors (POWER,
/// RISC-V, z/Architecture) it would choose by a branch, which takes a time of its own for each way.
#[inline(always)]
fn mask(bit: u64) -> u64 {
    black_box(bit).wrapping_neg()
}

/// Overwrites a secret, also where the compiler thinks that nobody will look.
pub(crate) fn wipe(secret: &mut [u8]) {
    let mut words = secret.chunks_exact_mut(8);
    for word in &mut words {
        // SAFETY: it has eight bytes, which may be written to.
        unsafe { word.as_mut_ptr().cast::<[u8; 8]>().write_volatile([0; 8]) };
    }
    for byte in words.into_remainder() {
        // SAFETY: it may be written to.
        unsafe { std::ptr::write_volatile(byte, 0) };
    }
    // What follows happens after it.
    compiler_fence(Ordering::SeqCst);
}

#[cfg(all(test, target_os = "linux"))]
mod stack;
#[cfg(test)]
mod testing;
#[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
mod valgrind;

#[cfg(test)]
mod tests {
    use super::testing::hex;
    use super::*;

    /// The keys of RFC 7748 (6.1), which are also those of 'Cryptography in NaCl' (Bernstein).
    const ALICE: &str = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
    const BOB: &str = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";

    #[test]
    fn keys_are_those_of_the_papers() {
        let [alice, bob] = [ALICE, BOB].map(hex);
        assert_eq!(
            public_key(&alice),
            hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        );
        let point = shared_point(&alice, &public_key(&bob)).unwrap();
        assert_eq!(point, hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"));
        assert_eq!(shared_point(&bob, &public_key(&alice)), Some(point));
        assert_eq!(
            derive_key(&point, &[0; 16]),
            hex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389")
        );
    }

    #[test]
    fn public_keys_that_give_everybody_the_same_are_refused() {
        let mut one = [0; KEY_SIZE];
        one[0] = 1;
        for weak in [[0; KEY_SIZE], one] {
            assert_eq!(shared_point(&hex(ALICE), &weak), None);
        }
    }

    #[test]
    fn the_key_stream_does_not_depend_on_how_it_is_asked_for() {
        let (key, nonce) = (hex(BOB), *b"01234567");
        let plain: Vec<u8> = (0..1500u32).map(|byte| byte as u8).collect();
        let mut at_once = plain.clone();
        xor_stream(&mut at_once, &nonce, 0, &key);
        let mut pieces = plain.clone();
        for (block, piece) in pieces.chunks_mut(BLOCK_SIZE).enumerate() {
            xor_stream(piece, &nonce, block as u64, &key);
        }
        assert_eq!(pieces, at_once);
        let mut appended = b"before".to_vec();
        append_xor_stream(&plain[128..], &mut appended, &nonce, 2, &key);
        assert_eq!((&appended[..6], &appended[6..]), (&b"before"[..], &at_once[128..]));
        let mut elsewhere = vec![0; plain.len()];
        xor_stream_to(&plain, &mut elsewhere, &nonce, 0, &key);
        assert_eq!(elsewhere, at_once);
    }

    #[test]
    fn tags_belong_to_their_data_only() {
        let key = hex(ALICE);
        let tag = authenticate(b"data", &key);
        assert!(is_authentic(&tag, b"data", &key));
        assert!(!is_authentic(&tag, b"date", &key));
        assert!(!is_authentic(&[0; TAG_SIZE], b"data", &key));
    }

    #[test]
    #[ignore = "needs Valgrind"]
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    fn no_secret_decides_what_runs() {
        use super::valgrind::{check, secret};
        let (key, tag) = (secret([0x5a; KEY_SIZE]), secret([7; TAG_SIZE]));
        let mut data = secret([3; 100]);
        check("comparing", || is_authentic(&tag, &data, &key));
        check("wiping", || wipe(&mut data));
    }

    #[test]
    #[ignore = "needs optimized code"]
    #[cfg(target_os = "linux")]
    fn no_secret_is_left_on_the_stack() {
        use super::stack::is_left;
        let (mut secret, mut shared) = (Box::new([0; KEY_SIZE]), Box::new(None));
        random(&mut secret[..]).unwrap();
        let left = is_left(&secret, || {
            black_box([*secret; 100]);
        });
        assert!(left, "nothing would be found");
        let other = public_key(&hex(ALICE));
        assert!(!is_left(&secret, || *shared = shared_point(&secret, &other)));
        let point = Box::new(shared.unwrap());
        assert!(!is_left(&point, || *shared = shared_point(&secret, &other)));
        assert!(!is_left(&point, || *shared = Some(derive_key(&point, &[0; 16]))));
        let mut tag = Box::new([0; TAG_SIZE]);
        assert!(!is_left(&secret, || *tag = authenticate(&other, &secret)));
    }

    #[test]
    fn random_bytes_are_not_the_same_twice() {
        let mut drawn = [[0; KEY_SIZE]; 2];
        for key in &mut drawn {
            random(key).unwrap();
        }
        assert!(!are_equal(&drawn[0], &drawn[1]) && are_equal(&drawn[0], &drawn[0].clone()));
        wipe(&mut drawn[0]);
        assert_eq!(drawn[0], [0; KEY_SIZE]);
    }
}
