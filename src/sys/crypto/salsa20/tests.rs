use super::*;
use crate::sys::crypto::testing::{hex, plain_salsa20};

fn stream(level: Level, plain: &[u8], block: u64) -> Vec<u8> {
    let mut out = plain.to_vec();
    let at = out.as_mut_ptr();
    // SAFETY: in and out are the same memory, of that length; the level is here.
    unsafe { xor_with(level, at, at, out.len(), b"nonce..!", block, &KEY) };
    out
}

const KEY: KeyBytes = *b"0123456789abcdefghijklmnopqrstuv";

/// Those that this processor lacks are left out: their code cannot run here.
fn levels() -> Vec<Level> {
    Level::ALL.into_iter().filter(|level| level.is_here()).collect()
}

#[test]
fn every_length_is_that_of_a_plain_implementation_at_every_level() {
    let plain: Vec<u8> = (0..2100u32).map(|at| ((at * 7) >> 2) as u8).collect();
    let wanted = plain_salsa20(&plain, &KEY, b"nonce..!", 3);
    for level in levels() {
        for len in 0..=plain.len() {
            assert_eq!(stream(level, &plain[..len], 3), wanted[..len], "{level:?} {len}");
        }
    }
}

#[test]
fn the_number_of_a_block_has_64_bits_at_every_level() {
    let plain = [5; 40 * BLOCK_SIZE];
    for before in [u64::from(u32::MAX), u64::MAX] {
        for back in 0..20 {
            let wanted = plain_salsa20(&plain, &KEY, b"nonce..!", before - back);
            for level in levels() {
                assert!(stream(level, &plain, before - back) == wanted, "{level:?} {back}");
            }
        }
    }
}

#[test]
fn nothing_is_touched_beside_the_run() {
    for level in levels() {
        for len in 0..300 {
            let (from, mut to) = (vec![1; len], vec![9; len + 2]);
            // SAFETY: there are `len` bytes in both.
            unsafe {
                let to = to.as_mut_ptr().add(1);
                xor_with(level, from.as_ptr(), to, len, b"nonce..!", 0, &KEY);
            }
            assert_eq!((to[0], to[len + 1]), (9, 9));
            assert_eq!(to[1..=len], stream(level, &from, 0));
        }
    }
}

/// ECRYPT's test vectors for 256-bit keys: set 1, vector 0, and set 6, vector 0.
#[test]
fn the_stream_is_that_of_ecrypt() {
    let mut key = [0; KEY_SIZE];
    key[0] = 0x80;
    for level in levels() {
        let mut out = [0; 512];
        let at = out.as_mut_ptr();
        // SAFETY: in and out are the same memory, of that length; the level is here.
        unsafe { xor_with(level, at, at, out.len(), &[0; 8], 0, &key) };
        assert_eq!(out[..64], hex::<64>(SET_1_FIRST), "{level:?}");
        assert_eq!(out[448..], hex::<64>(SET_1_LAST), "{level:?}");
    }
}

/// Whatever the key and the data are. Valgrind does not know AVX-512.
#[test]
#[ignore = "needs Valgrind"]
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn no_secret_decides_what_runs() {
    use crate::sys::crypto::valgrind::{check, secret};
    let (key, mut data) = (secret(KEY), secret([0xa5; 1100]));
    for level in levels() {
        for len in [1, 64, 300, 1100] {
            let at = data.as_mut_ptr();
            // SAFETY: in and out are the same memory, of that length; the level is here.
            check(&format!("Salsa20, {level:?}"), || unsafe {
                xor_with(level, at, at, len, b"nonce..!", 7, &key);
            });
        }
    }
    check("HSalsa20", || derive_key(&key, &[3; 16]));
}

/// Nor the key of the tag, which the stream begins with.
#[test]
#[ignore = "needs optimized code"]
#[cfg(target_os = "linux")]
fn no_secret_is_left_on_the_stack() {
    use crate::sys::crypto::{random, stack::is_left};
    let mut key = Box::new([0; KEY_SIZE]);
    random(&mut key[..]).unwrap();
    for level in levels() {
        for len in [40, 64, 200, 300, 1024, 1100, 5000] {
            let tag_key = plain_salsa20(&[0; KEY_SIZE], &key, b"nonce..!", 0).try_into().unwrap();
            for secret in [&*key, &tag_key] {
                let mut data = vec![0; len];
                let left = is_left(secret, || {
                    let at = data.as_mut_ptr();
                    // SAFETY: in and out are the same memory, of that length; the level is here.
                    unsafe { xor_with(level, at, at, len, b"nonce..!", 0, &key) };
                });
                assert!(!left, "{level:?} {len}");
            }
        }
    }
}

const SET_1_FIRST: &str = "e3be8fdd8beca2e3ea8ef9475b29a6e7003951e1097a5c38d23b7a5fad9f6844\
                           b22c97559e2723c7cbbd3fe4fc8d9a0744652a83e72a9c461876af4d7ef1a117";
const SET_1_LAST: &str = "696afcfd0cddcc83c7e77f11a649d79acdc3354e9635ff137e929933a0bd6f53\
                          77efa105a3a4266b7c0d089d08f1e855cc32b15b93784a36e56a76cc64bc8477";
