//! Keys as text: the Z85 functions, and CURVE's key pairs.

use crate::util::{bytes, input, pointer, status};
use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use zeroxide::error::Error;
use zeroxide::options::z85;

/// Encodes bytes, a multiple of 4, as text; `dest_` has room for 5 characters for 4 bytes, and NUL.
///
/// # Safety
/// `dest_` has that room, and `data_` has `size_` bytes.
#[no_mangle]
pub unsafe extern "C" fn zmq_z85_encode(
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
pub unsafe extern "C" fn zmq_z85_decode(dest_: *mut u8, string_: *const c_char) -> *mut u8 {
    pointer(|| {
        // SAFETY: as the caller promises.
        let data = z85::decode(unsafe { bytes(string_)? })?;
        // SAFETY: as the caller promises.
        unsafe { output(dest_.cast(), &data)? };
        Ok(dest_)
    })
}

/// Makes a key pair for CURVE; each key has room for 40 characters and NUL.
#[no_mangle]
pub extern "C" fn zmq_curve_keypair(
    _z85_public_key_: *mut c_char,
    _z85_secret_key_: *mut c_char,
) -> c_int {
    // As the manual has it for a library without CURVE: it comes with the security mechanisms.
    status(|| Err(Error::NotSupported))
}

/// Computes the public key of a secret key.
#[no_mangle]
pub extern "C" fn zmq_curve_public(
    _z85_public_key_: *mut c_char,
    _z85_secret_key_: *const c_char,
) -> c_int {
    // As above.
    status(|| Err(Error::NotSupported))
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
}
