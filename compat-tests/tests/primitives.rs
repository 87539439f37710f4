//! What CURVE is made of gives the same as libsodium, which the reference library has it from: for
//! random keys, data of every kind of length, and points that few think of.

use std::sync::Once;

use libsodium_sys as sodium;
use zeroxide::sys::crypto;

/// Numbers that look random and are the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Bytes, sometimes with long runs of zeros or ones, which is where carries go wrong.
    fn fill(&mut self, bytes: &mut [u8]) {
        let kind = self.next() % 4;
        for byte in bytes {
            let drawn = self.next();
            *byte = match kind {
                0 if drawn % 16 != 0 => 0,
                1 if drawn % 16 != 0 => 0xff,
                _ => (drawn >> 8) as u8,
            };
        }
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    fn data(&mut self, len: usize) -> Vec<u8> {
        let mut data = vec![0; len];
        self.fill(&mut data);
        data
    }
}

fn prepared() -> Random {
    static PREPARED: Once = Once::new();
    // SAFETY: it may be called at any time.
    PREPARED.call_once(|| assert!(unsafe { sodium::sodium_init() } >= 0));
    Random(0x9e37_79b9_7f4a_7c15)
}

/// Every short length, and some long ones.
fn lengths(random: &mut Random) -> Vec<usize> {
    let long = (0..100).map(|_| (random.next() % 100_000) as usize);
    (0..=2100).chain(long).collect()
}

#[test]
fn the_key_stream_is_libsodiums() {
    let mut random = prepared();
    for len in lengths(&mut random) {
        let (key, nonce, plain) = (random.bytes(), random.bytes(), random.data(len));
        let block = match len % 3 {
            0 => 0,
            1 => u64::from(u32::MAX) - random.next() % 20,
            _ => random.next(),
        };
        let mut theirs = plain.clone();
        // SAFETY: in and out are the same memory, of that length; nonce and key have their sizes.
        unsafe {
            let at = theirs.as_mut_ptr();
            let (nonce, key) = (nonce.as_ptr(), key.as_ptr());
            sodium::crypto_stream_salsa20_xor_ic(at, at, len as u64, nonce, block, key);
        }
        let mut ours = Vec::new();
        crypto::append_xor_stream(&plain, &mut ours, &nonce, block, &key);
        assert!(ours == theirs, "{len} bytes from block {block}");
    }
}

#[test]
fn tags_are_libsodiums() {
    let mut random = prepared();
    for len in lengths(&mut random) {
        let (key, data) = (random.bytes(), random.data(len));
        let mut theirs = [0; crypto::TAG_SIZE];
        // SAFETY: 16 bytes, data of that length, and a key of 32 bytes.
        unsafe {
            let (out, data, key) = (theirs.as_mut_ptr(), data.as_ptr(), key.as_ptr());
            sodium::crypto_onetimeauth_poly1305(out, data, len as u64, key);
        }
        assert_eq!(crypto::authenticate(&data, &key), theirs, "{len} bytes");
        assert!(crypto::is_authentic(&theirs, &data, &key));
    }
}

#[test]
fn derived_keys_are_libsodiums() {
    let mut random = prepared();
    for _ in 0..1000 {
        let (key, input) = (random.bytes(), random.bytes());
        let mut theirs = [0; crypto::KEY_SIZE];
        // SAFETY: 32, 16 and 32 bytes; null stands for the standard constant.
        unsafe {
            let (out, input, key) = (theirs.as_mut_ptr(), input.as_ptr(), key.as_ptr());
            sodium::crypto_core_hsalsa20(out, input, key, std::ptr::null());
        }
        assert_eq!(crypto::derive_key(&key, &input), theirs);
    }
}

#[test]
fn public_keys_and_shared_points_are_libsodiums() {
    let mut random = prepared();
    for _ in 0..1000 {
        let (secret, point) = (random.bytes(), random.bytes());
        let (mut public, mut shared) = ([0; crypto::KEY_SIZE], [0; crypto::KEY_SIZE]);
        // SAFETY: all are of 32 bytes.
        let status = unsafe {
            sodium::crypto_scalarmult_curve25519_base(public.as_mut_ptr(), secret.as_ptr());
            let (secret, point) = (secret.as_ptr(), point.as_ptr());
            sodium::crypto_scalarmult_curve25519(shared.as_mut_ptr(), secret, point)
        };
        assert_eq!(crypto::public_key(&secret), public);
        assert_eq!(crypto::shared_point(&secret, &point), (status == 0).then_some(shared));
    }
}

/// Whole boxes, put together as CURVE does.
#[test]
fn boxes_are_libsodiums() {
    let mut random = prepared();
    for len in 0..600 {
        let [secret, other] = [random.bytes(), random.bytes()];
        let (nonce, plain): ([u8; 24], _) = (random.bytes(), random.data(len));
        let public = crypto::public_key(&other);
        let mut theirs = vec![0; len + crypto::TAG_SIZE];
        // SAFETY: room for the box, data of that length, a nonce of 24 bytes and keys of 32.
        let status = unsafe {
            let (out, plain, nonce) = (theirs.as_mut_ptr(), plain.as_ptr(), nonce.as_ptr());
            let (public, secret) = (public.as_ptr(), secret.as_ptr());
            sodium::crypto_box_easy(out, plain, len as u64, nonce, public, secret)
        };
        assert_eq!(status, 0);
        assert_eq!(sealed(&secret, &public, &nonce, &plain), theirs, "{len} bytes");
    }
}

fn sealed(secret: &[u8; 32], public: &[u8; 32], nonce: &[u8; 24], plain: &[u8]) -> Vec<u8> {
    let (prefix, short) = (nonce.first_chunk().unwrap(), nonce.last_chunk().unwrap());
    let shared = crypto::derive_key(&crypto::shared_point(secret, public).unwrap(), &[0; 16]);
    let key = crypto::derive_key(&shared, prefix);
    let mut image = [&[0; 32], plain].concat();
    crypto::xor_stream(&mut image, short, 0, &key);
    let tag = crypto::authenticate(&image[32..], image.first_chunk().unwrap());
    [&tag, &image[32..]].concat()
}
