//! Cryptography: the primitives of libsodium behind safe functions, and randomness.
//!
//! It never decides what is sealed with which key or nonce: that is the mechanism's business. Whole
//! constructions of libsodium (`crypto_box`) are not used, because they derive again for every message
//! what is the same for all messages of a connection, and work with short runs of Salsa20's key
//! stream, which cost more than the long ones that its vector code makes.

use super::check_uninterrupted;
use libsodium_sys as sodium;
use std::io;
use std::sync::LazyLock;

/// Bytes of a key of any kind.
pub const KEY_SIZE: usize = 32;
/// Bytes of a Poly1305 tag.
pub const TAG_SIZE: usize = 16;
/// Bytes of a block of Salsa20's key stream.
pub const BLOCK_SIZE: usize = 64;

/// A key of any kind, as bytes.
pub type KeyBytes = [u8; KEY_SIZE];
/// What authenticates a message.
pub type Tag = [u8; TAG_SIZE];

/// Has libsodium choose the code for this processor. What it computes does not depend on it.
fn prepare() {
    static PREPARED: LazyLock<()> = LazyLock::new(|| {
        // SAFETY: it may be called at any time, from any thread. If it fails, portable code is used.
        unsafe { sodium::sodium_init() };
    });
    LazyLock::force(&PREPARED);
}

/// Fills a buffer with random bytes fit for keys.
pub fn random(buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        let rest = &mut buffer[filled..];
        // SAFETY: `rest` may be written to.
        let got = check_uninterrupted(|| unsafe {
            libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0)
        })?;
        filled += usize::try_from(got).unwrap_or(0);
    }
    Ok(())
}

/// X25519 with the base point: the public key of a secret key.
pub fn public_key(secret: &KeyBytes) -> KeyBytes {
    prepare();
    let mut public = [0; KEY_SIZE];
    // SAFETY: all are of 32 bytes.
    unsafe { sodium::crypto_scalarmult_curve25519_base(public.as_mut_ptr(), secret.as_ptr()) };
    public
}

/// X25519. `None` for a public key with which every secret key gives the same.
pub fn shared_point(secret: &KeyBytes, public: &KeyBytes) -> Option<KeyBytes> {
    prepare();
    let mut point = [0; KEY_SIZE];
    // SAFETY: all are of 32 bytes.
    let status = unsafe {
        sodium::crypto_scalarmult_curve25519(point.as_mut_ptr(), secret.as_ptr(), public.as_ptr())
    };
    (status == 0).then_some(point)
}

/// HSalsa20: a key from a key and 16 bytes.
pub fn derive_key(key: &KeyBytes, input: &[u8; 16]) -> KeyBytes {
    prepare();
    let mut derived = [0; KEY_SIZE];
    // SAFETY: 32, 16 and 32 bytes; null stands for the standard constant.
    unsafe {
        sodium::crypto_core_hsalsa20(
            derived.as_mut_ptr(),
            input.as_ptr(),
            key.as_ptr(),
            std::ptr::null(),
        );
    }
    derived
}

/// How many bytes of Salsa20's key stream are made at once on this processor: fewer cost no less.
pub fn stream_batch() -> usize {
    static BATCH: LazyLock<usize> = LazyLock::new(|| {
        prepare();
        // SAFETY: they only look at what `sodium_init` found.
        let found = unsafe {
            [
                (sodium::sodium_runtime_has_avx512f(), 16),
                (sodium::sodium_runtime_has_avx2(), 8),
                (sodium::sodium_runtime_has_sse2(), 4),
            ]
        };
        let blocks = found.iter().find(|(has, _)| *has == 1).map_or(1, |(_, blocks)| *blocks);
        blocks * BLOCK_SIZE
    });
    *BATCH
}

/// Combines `buffer` with Salsa20's key stream from block `block` on.
pub fn xor_stream(buffer: &mut [u8], nonce: &[u8; 8], block: u64, key: &KeyBytes) {
    let at = buffer.as_mut_ptr();
    // SAFETY: in and out are the same memory, which is allowed, of that length.
    unsafe { xor(at, at, buffer.len(), nonce, block, key) };
}

/// As [`xor_stream`], from one place to another of the same length.
pub fn xor_stream_to(from: &[u8], to: &mut [u8], nonce: &[u8; 8], block: u64, key: &KeyBytes) {
    let len = from.len().min(to.len());
    // SAFETY: both have `len` bytes, and do not overlap.
    unsafe { xor(to.as_mut_ptr(), from.as_ptr(), len, nonce, block, key) };
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
        xor(end, from.as_ptr(), from.len(), nonce, block, key);
        to.set_len(to.len() + from.len());
    }
}

/// # Safety
/// `from` may be read and `to` written for `len` bytes; they are the same or do not overlap.
unsafe fn xor(
    to: *mut u8,
    from: *const u8,
    len: usize,
    nonce: &[u8; 8],
    block: u64,
    key: &KeyBytes,
) {
    let (nonce, key) = (nonce.as_ptr(), key.as_ptr());
    // SAFETY: as the caller promises; nonce and key have their sizes.
    unsafe { sodium::crypto_stream_salsa20_xor_ic(to, from, len as u64, nonce, block, key) };
}

/// Poly1305, with a key that is used once.
pub fn authenticate(data: &[u8], key: &KeyBytes) -> Tag {
    let mut tag = [0; TAG_SIZE];
    // SAFETY: 16 bytes, `data`, and a key of 32 bytes.
    unsafe {
        sodium::crypto_onetimeauth_poly1305(
            tag.as_mut_ptr(),
            data.as_ptr(),
            data.len() as u64,
            key.as_ptr(),
        );
    }
    tag
}

/// Does `tag` belong to `data`? It takes the same time whatever the answer is.
pub fn is_authentic(tag: &Tag, data: &[u8], key: &KeyBytes) -> bool {
    // SAFETY: 16 bytes, `data`, and a key of 32 bytes.
    let status = unsafe {
        sodium::crypto_onetimeauth_poly1305_verify(
            tag.as_ptr(),
            data.as_ptr(),
            data.len() as u64,
            key.as_ptr(),
        )
    };
    status == 0
}

/// Are two secrets of one length the same? It takes the same time whatever they are.
pub fn are_equal(one: &KeyBytes, other: &KeyBytes) -> bool {
    // SAFETY: both have 32 bytes.
    unsafe { sodium::sodium_memcmp(one.as_ptr().cast(), other.as_ptr().cast(), KEY_SIZE) == 0 }
}

/// Overwrites a secret, also where the compiler thinks that nobody will look.
pub fn wipe(secret: &mut [u8]) {
    // SAFETY: it may be written to.
    unsafe { sodium::sodium_memzero(secret.as_mut_ptr().cast(), secret.len()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
    }

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
