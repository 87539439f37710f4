//! What CURVE is made of gives the same as libsodium, which the reference library has it from: for
//! random keys, data of every kind of length, and points that few think of.

use std::sync::Once;

use libsodium_sys as sodium;
use zeroxide::internal::sys::crypto;

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
        let theirs = tag(&data, &key);
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

/// Around the modulus 2^255 - 19, with and without the bit that does not count, around zero, with
/// one bit only and without one only, with limbs of all ones between limbs of zeros; and the points
/// whose multiples are all zero, which libsodium refuses.
#[test]
fn points_that_make_long_carries_are_libsodiums() {
    let mut random = prepared();
    let mut points = points_at_the_edge();
    points.extend(POINTS_OF_LOW_ORDER.map(from_hex));
    let secrets = [[0; 32], [0xff; 32], random.bytes()];
    let mut refused = 0;
    for point in &points {
        for secret in &secrets {
            let theirs = scalarmult(secret, point);
            refused += usize::from(theirs.is_none());
            assert_eq!(crypto::shared_point(secret, point), theirs, "{point:x?}");
        }
        // As secrets, the same numbers make long runs of equal bits.
        assert_eq!(
            Some(crypto::public_key(point)),
            scalarmult(point, &from_hex(BASE)),
            "{point:x?}"
        );
    }
    // Zero, one, the modulus and its neighbours, without the bit and with it; those of order 8; and
    // three that are there twice.
    assert_eq!(refused, (5 * 2 + 4 + 3) * secrets.len());
}

const BASE: &str = "0900000000000000000000000000000000000000000000000000000000000000";
/// Of order 8, the only ones that are not near zero or the modulus.
const POINTS_OF_LOW_ORDER: [&str; 4] = [
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
];

fn points_at_the_edge() -> Vec<[u8; 32]> {
    let mut points = Vec::new();
    for near in 0..40 {
        let (mut small, mut large) = ([0; 32], [0xff; 32]);
        small[0] = near;
        large[0] -= near;
        points.extend([small, large]);
        (small[31], large[31]) = (0x80, 0x7f);
        points.extend([small, large]);
    }
    for bit in 0..256 {
        let mut one = [0; 32];
        one[bit / 8] = 1 << (bit % 8);
        points.extend([one, one.map(|byte| !byte)]);
    }
    points.extend((0..1 << 10).map(of_limbs));
    points
}

/// Limbs of 26 and 25 bits in turn, of all ones where `ones` has a bit.
fn of_limbs(ones: u32) -> [u8; 32] {
    let mut point = [0; 32];
    for limb in (0..10usize).filter(|limb| ones >> limb & 1 == 1) {
        for bit in (51 * limb).div_ceil(2)..(51 * (limb + 1)).div_ceil(2) {
            point[bit / 8] |= 1 << (bit % 8);
        }
    }
    point
}

fn from_hex(text: &str) -> [u8; 32] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}

fn scalarmult(secret: &[u8; 32], point: &[u8; 32]) -> Option<[u8; 32]> {
    let mut shared = [0; 32];
    // SAFETY: all are of 32 bytes.
    let status = unsafe {
        let (secret, point) = (secret.as_ptr(), point.as_ptr());
        sodium::crypto_scalarmult_curve25519(shared.as_mut_ptr(), secret, point)
    };
    (status == 0).then_some(shared)
}

/// Sums of blocks that are near a multiple of 2^130 - 5, which is where the last reduction decides:
/// with a multiplier of one the tag is the sum itself. Every number of blocks is cut into runs in
/// its own way.
#[test]
fn sums_around_the_modulus_are_libsodiums() {
    let mut random = prepared();
    let mut key = [0; 32];
    key[0] = 1;
    let mut met = 0;
    for blocks in 1..=70 {
        for wanted in 0..12 {
            let mut data = random.data(16 * blocks);
            // The tag with the last block all zeros is what is to be made up for by it.
            data[16 * (blocks - 1)..].fill(0);
            let without = u128::from_le_bytes(tag(&data, &key));
            let last = (wanted as u128).wrapping_sub(without);
            for last in [last, last.wrapping_sub(5), last.wrapping_sub(10), last.wrapping_sub(15)] {
                data[16 * (blocks - 1)..].copy_from_slice(&last.to_le_bytes());
                let theirs = tag(&data, &key);
                met += usize::from(u128::from_le_bytes(theirs) < 12);
                assert_eq!(crypto::authenticate(&data, &key), theirs, "{blocks} blocks");
            }
        }
    }
    assert!(met > 1000, "only {met} sums are near the modulus");
}

fn tag(data: &[u8], key: &[u8; 32]) -> [u8; 16] {
    let (mut tag, len) = ([0; crypto::TAG_SIZE], data.len() as u64);
    // SAFETY: 16 bytes, data of that length, and a key of 32 bytes.
    unsafe {
        let (out, data, key) = (tag.as_mut_ptr(), data.as_ptr(), key.as_ptr());
        sodium::crypto_onetimeauth_poly1305(out, data, len, key);
    }
    tag
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
