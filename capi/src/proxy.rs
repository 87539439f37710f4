//! `zmq_proxy*`: sockets that pass messages on to each other.

use crate::util::status;
use std::ffi::{c_int, c_void};
use zeroxide::error::Error;

/// Passes messages between two sockets until the context is terminated.
#[no_mangle]
pub extern "C" fn zmq_proxy(
    _frontend_: *mut c_void,
    _backend_: *mut c_void,
    _capture_: *mut c_void,
) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// As `zmq_proxy`, and obeys PAUSE, RESUME, TERMINATE and STATISTICS from a control socket.
#[no_mangle]
pub extern "C" fn zmq_proxy_steerable(
    _frontend_: *mut c_void,
    _backend_: *mut c_void,
    _capture_: *mut c_void,
    _control_: *mut c_void,
) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Old form of `zmq_proxy`.
#[no_mangle]
pub extern "C" fn zmq_device(
    _type_: c_int,
    _frontend_: *mut c_void,
    _backend_: *mut c_void,
) -> c_int {
    status(|| Err(Error::NotSupported))
}
