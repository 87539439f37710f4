//! Options of contexts that are more than an `int`.

use crate::ctx::fetch;
use crate::util::{input, output, status};
use std::ffi::{c_int, c_void};
use zeroxide::internal::error::Error;

/// Sets an option of a context.
///
/// # Safety
/// `optval_` is null or has `optvallen_` bytes.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_ctx_set_ext(
    context_: *mut c_void,
    option_: c_int,
    optval_: *const c_void,
    optvallen_: usize,
) -> c_int {
    status(|| {
        let context = fetch(context_)?;
        // SAFETY: null with a length is refused. The program's bytes are borrowed until this call
        // returns: an option keeps a copy.
        let value = unsafe { input(optval_, optvallen_)? };
        let set = context.options().lock().set(option_, value);
        set.map(|()| 0)
    })
}

/// Returns an option of a context, and its size.
///
/// # Safety
/// `optvallen_` is null or may be written to, and `optval_` has room for as many bytes as it says.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_ctx_get_ext(
    context_: *mut c_void,
    option_: c_int,
    optval_: *mut c_void,
    optvallen_: *mut usize,
) -> c_int {
    status(|| {
        let context = fetch(context_)?;
        // SAFETY: the caller promises that it is null, or that the size may be read and written.
        let size = unsafe { optvallen_.as_mut() }.ok_or(Error::Fault)?;
        // SAFETY: null with a size is refused; else the program has room for as many bytes, which
        // are borrowed until this call returns.
        let value = unsafe { output(optval_, *size)? };
        *size = context.options().lock().get(option_, value)?;
        Ok(0)
    })
}
