//! Keys as text: the Z85 functions, and CURVE's key pairs.

use crate::util::{bytes, input, pointer, status, uncancelled};
use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use zeroxide::internal::error::Error;
use zeroxide::internal::options::{z85, CurveKey, CURVE_KEY_SIZE};
use zeroxide::internal::security::curve::{key_pair, Key};

/// Encodes bytes, a multiple of 4, as text; `dest_` has room for 5 characters for 4 bytes, and NUL.
///
/// # Safety
/// `dest_` has that room, and `data_` has `size_` bytes.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_z85_encode(
    dest_: *mut c_char,
    data_: *const u8,
    size_: usize,
) -> *mut c_char {
    pointer(|| {
        // Said of a size, whatever the pointers are.
        if size_ % 4 != 0 {
            return Err(Error::Invalid);
        }
        // SAFETY: as the caller promises.
        let text = z85::encode(unsafe { input(data_.cast(), size_)? })?;
        // SAFETY: as the caller promises.
        unsafe { output(dest_.cast(), text.as_bytes())? };
        // SAFETY: there is room for one more.
        unsafe { dest_.add(text.len()).write(0) };
        Ok(dest_)
    })
}

/// Decodes text, a multiple of 5, to bytes; `dest_` has room for 4 bytes for 5 characters.
///
/// # Safety
/// `dest_` has that room, and `string_` is a C string.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_z85_decode(dest_: *mut u8, string_: *const c_char) -> *mut u8 {
    pointer(|| {
        // SAFETY: as the caller promises.
        let data = z85::decode(unsafe { bytes(string_)? })?;
        // SAFETY: as the caller promises.
        unsafe { output(dest_.cast(), &data)? };
        Ok(dest_)
    })
}

/// Makes a key pair for CURVE; each key has room for 40 characters and NUL.
///
/// # Safety
/// Both have that room.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_curve_keypair(
    z85_public_key_: *mut c_char,
    z85_secret_key_: *mut c_char,
) -> c_int {
    uncancelled(|| {
        let (public, secret) = key_pair()?;
        // SAFETY: as the caller promises.
        unsafe {
            output_key(z85_public_key_, &public)?;
            output_key(z85_secret_key_, secret.bytes())?;
        }
        Ok(0)
    })
}

/// Computes the public key of a secret key; it has room for 40 characters and NUL.
///
/// # Safety
/// `z85_public_key_` has that room, and `z85_secret_key_` is a C string.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_curve_public(
    z85_public_key_: *mut c_char,
    z85_secret_key_: *const c_char,
) -> c_int {
    status(|| {
        let mut secret = [0; CURVE_KEY_SIZE];
        // SAFETY: as the caller promises.
        z85::decode_into(unsafe { bytes(z85_secret_key_)? }, &mut secret)?;
        let public = Key::new(secret).public();
        secret.fill(0);
        // SAFETY: as the caller promises.
        unsafe { output_key(z85_public_key_, &public)? };
        Ok(0)
    })
}

/// # Safety
/// `dest` is null or has room for 40 characters and NUL.
unsafe fn output_key(dest: *mut c_char, key: &CurveKey) -> Result<(), Error> {
    let text = z85::encode(key)?;
    // SAFETY: there is room.
    unsafe { output(dest.cast(), text.as_bytes())? };
    // SAFETY: there is room for one more.
    unsafe { dest.add(text.len()).write(0) };
    Ok(())
}

/// # Safety
/// `dest` is null or has room for `data`.
unsafe fn output(dest: *mut c_void, data: &[u8]) -> Result<(), Error> {
    if dest.is_null() {
        return Err(Error::Fault);
    }
    // SAFETY: there is room; what was just computed does not lie there.
    unsafe { ptr::copy_nonoverlapping(data.as_ptr(), dest.cast(), data.len()) };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::zmq_errno;
    use std::ffi::CStr;

    /// The example of ZeroMQ RFC 32.
    const DATA: [u8; 8] = [0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b];
    const TEXT: &CStr = c"HelloWorld";

    #[test]
    fn bytes_become_text_and_bytes_again() {
        let (mut text, mut data) = ([1; 11], [0; 8]);
        // SAFETY: there is room for 10 characters and NUL, and for 8 bytes.
        unsafe {
            assert!(!zmq_z85_encode(text.as_mut_ptr(), DATA.as_ptr(), 8).is_null());
            assert_eq!(CStr::from_ptr(text.as_ptr()), TEXT);
            assert!(!zmq_z85_decode(data.as_mut_ptr(), text.as_ptr()).is_null());
        }
        assert_eq!(data, DATA);
    }

    #[test]
    fn wrong_lengths_and_characters_are_refused() {
        let (mut text, mut data) = ([0; 16], [0; 8]);
        // SAFETY: there is more room than needed.
        unsafe {
            assert!(zmq_z85_encode(text.as_mut_ptr(), DATA.as_ptr(), 7).is_null());
            assert_eq!(zmq_errno(), libc::EINVAL);
            assert!(zmq_z85_encode(text.as_mut_ptr(), ptr::null(), 42).is_null());
            assert_eq!(zmq_errno(), libc::EINVAL);
            for wrong in [c"", c"Hell", c"Hell~", c"#####"] {
                assert!(zmq_z85_decode(data.as_mut_ptr(), wrong.as_ptr()).is_null());
                assert_eq!(zmq_errno(), libc::EINVAL);
            }
        }
    }

    /// The pair of the manual page of `zmq_curve_keypair`.
    const PUBLIC: &CStr = c"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
    const SECRET: &CStr = c"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

    #[test]
    fn a_secret_key_has_its_public_key() {
        let mut public = [1; 41];
        // SAFETY: there is room for 40 characters and NUL.
        unsafe {
            assert_eq!(zmq_curve_public(public.as_mut_ptr(), SECRET.as_ptr()), 0);
            assert_eq!(CStr::from_ptr(public.as_ptr()), PUBLIC);
        }
    }

    #[test]
    fn new_keys_belong_together_and_are_new() {
        let mut keys = [[1; 41]; 5];
        let [public, secret, again, other_public, other_secret] = &mut keys;
        // SAFETY: there is room for 40 characters and NUL.
        unsafe {
            assert_eq!(zmq_curve_keypair(public.as_mut_ptr(), secret.as_mut_ptr()), 0);
            assert_eq!(zmq_curve_public(again.as_mut_ptr(), secret.as_ptr()), 0);
            zmq_curve_keypair(other_public.as_mut_ptr(), other_secret.as_mut_ptr());
        }
        assert_eq!((public[40], &public), (0, &again));
        assert_ne!(secret, other_secret);
    }

    #[test]
    fn wrong_secret_keys_are_refused() {
        let mut public = [1; 41];
        // SAFETY: there is room for 40 characters and NUL, or null.
        unsafe {
            for wrong in [c"", c"42", c"0123456789012345678901234567890123456789."] {
                assert_eq!(zmq_curve_public(public.as_mut_ptr(), wrong.as_ptr()), -1);
                assert_eq!(zmq_errno(), libc::EINVAL);
            }
            assert_eq!(zmq_curve_public(ptr::null_mut(), SECRET.as_ptr()), -1);
            assert_eq!(zmq_curve_keypair(ptr::null_mut(), ptr::null_mut()), -1);
        }
        assert_eq!(public, [1; 41]);
    }
}
