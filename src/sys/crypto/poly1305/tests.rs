use super::*;
use crate::sys::crypto::testing::{hex, plain_poly1305};

/// RFC 8439, section 2.5.2.
#[test]
fn the_tag_is_that_of_the_rfc() {
    let key = hex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b");
    let tag = authenticate(b"Cryptographic Forum Research Group", &key);
    assert_eq!(tag, hex("a8061dc1305136c6c22b8baf0c0127a9"));
}

/// RFC 8439, section A.3: the numbers 7 to 11, where the sum is near a multiple of 2^130 - 5. What
/// is authenticated and the tag follow the first half of the key; its other half is zero.
#[test]
fn sums_at_the_edge_are_those_of_the_rfc() {
    let one = "01000000000000000000000000000000";
    let two = "02000000000000000000000000000000";
    let ones = "ffffffffffffffffffffffffffffffff";
    let cases = [
        (two, ones.to_owned(), "03000000000000000000000000000000"),
        (one, [ones, "f0ffffffffffffffffffffffffffffff", "11000000000000000000000000000000"].concat(), "05000000000000000000000000000000"),
        (one, [ones, "fbfefefefefefefefefefefefefefefe", "01010101010101010101010101010101"].concat(), "00000000000000000000000000000000"),
        (two, "fdffffffffffffffffffffffffffffff".to_owned(), "faffffffffffffffffffffffffffffff"),
        ("01000000000000000400000000000000", ["e33594d7505e43b900000000000000003394d7505e4379cd010000000000000000000000000000000000000000000000", one].concat(), "14000000000000005500000000000000"),
        ("01000000000000000400000000000000", "e33594d7505e43b900000000000000003394d7505e4379cd010000000000000000000000000000000000000000000000".to_owned(), "13000000000000000000000000000000"),
    ];
    for (half, data, tag) in cases {
        let key = hex(&[half, "00000000000000000000000000000000"].concat());
        let data: Vec<u8> = (0..data.len() / 2).map(|at| hex::<1>(&data[2 * at..])[0]).collect();
        assert_eq!(authenticate(&data, &key), hex(tag));
    }
    let mut key = [0; 32];
    key[0] = 2;
    key[16..].fill(0xff);
    assert_eq!(authenticate(&hex::<16>(two), &key), hex("03000000000000000000000000000000"));
}

/// Every way to cut data, with data and keys of all ones, which make the largest limbs, among them.
#[test]
fn every_length_is_that_of_a_plain_implementation() {
    let mixed: Vec<u8> = (0..2100u32).map(|at| ((at * at) >> 3) as u8).collect();
    let keys = [[0xff; 32], *b"0123456789abcdefghijklmnopqrstuv"];
    for data in [vec![0xff; 2100], mixed] {
        for key in &keys {
            let multiplier = Multiplier::of_key(key);
            let mut plain = plain_poly1305::Sum::default();
            for len in 0..=data.len() {
                let wanted = plain.tag(&data[..len], key);
                assert_eq!(authenticate(&data[..len], key), wanted, "{len}");
                let portable = finish(take([0; 3], &data[..len], &multiplier), key);
                assert_eq!(portable, wanted, "{len} without vectors");
            }
        }
    }
}

/// The code for vectors by itself, below the length from which on it is used as well.
#[test]
#[cfg(target_arch = "x86_64")]
fn lanes_are_those_of_a_plain_implementation() {
    if !is_x86_feature_detected!("avx2") {
        return; // Its code cannot run here.
    }
    for fill in [0, 0x7f, 0xff] {
        for len in (avx2::STRIDE..4096).step_by(avx2::STRIDE) {
            let (data, key) = (vec![fill; len], [fill; 32]);
            let multiplier = Multiplier::of_key(&key);
            // SAFETY: the processor has AVX2.
            let sum = unsafe { avx2::take(&data, &multiplier) };
            assert_eq!(finish(sum, &key), plain_poly1305::Sum::default().tag(&data, &key));
        }
    }
}

/// Whatever the key and the data are.
#[test]
#[ignore = "needs Valgrind"]
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn no_secret_decides_what_runs() {
    use crate::sys::crypto::valgrind::{check, secret};
    let (key, data) = (secret([0x5a; 32]), secret([0xa5; 1100]));
    for len in [0, 15, 16, 100, 300, 1100] {
        let data = &data[..len];
        check("Poly1305", || authenticate(data, &key));
        let portable = || finish(take([0; 3], data, &Multiplier::of_key(&key)), &key);
        check("Poly1305 without vectors", portable);
    }
}
