//! `zmq_ctx_*`: contexts, by handle.

use crate::util::{pointer, status};
use std::ffi::{c_int, c_void};
use zeroxide::error::Error;

/// Makes a context.
#[no_mangle]
pub extern "C" fn zmq_ctx_new() -> *mut c_void {
    pointer(|| Err(Error::NotSupported))
}

/// Ends a context: waits until its sockets are closed and what they had to send is sent.
#[no_mangle]
pub extern "C" fn zmq_ctx_term(_context_: *mut c_void) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Makes all calls on a context's sockets fail with ETERM, so that they get closed.
#[no_mangle]
pub extern "C" fn zmq_ctx_shutdown(_context_: *mut c_void) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Sets an option of a context.
#[no_mangle]
pub extern "C" fn zmq_ctx_set(_context_: *mut c_void, _option_: c_int, _optval_: c_int) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Returns an option of a context.
#[no_mangle]
pub extern "C" fn zmq_ctx_get(_context_: *mut c_void, _option_: c_int) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Old: makes a context with so many I/O threads.
#[no_mangle]
pub extern "C" fn zmq_init(_io_threads_: c_int) -> *mut c_void {
    pointer(|| Err(Error::NotSupported))
}

/// Old name of `zmq_ctx_term`.
#[no_mangle]
pub extern "C" fn zmq_term(_context_: *mut c_void) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Old name of `zmq_ctx_term`.
#[no_mangle]
pub extern "C" fn zmq_ctx_destroy(_context_: *mut c_void) -> c_int {
    status(|| Err(Error::NotSupported))
}
