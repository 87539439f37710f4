//! `zmq_poll`: waiting for several sockets and descriptors.

use crate::util::status;
use std::ffi::{c_int, c_long, c_short, c_void};
use zeroxide::error::Error;

/// A file descriptor.
pub type zmq_fd_t = c_int;

/// What to wait for: a socket or, if that is null, a descriptor.
#[repr(C)]
pub struct zmq_pollitem_t {
    pub socket: *mut c_void,
    pub fd: zmq_fd_t,
    pub events: c_short,
    pub revents: c_short,
}

/// Waits for events of sockets and descriptors, and returns how many items have some.
///
/// # Safety
/// `items_` is null or has `nitems_` items.
#[no_mangle]
pub unsafe extern "C" fn zmq_poll(
    _items_: *mut zmq_pollitem_t,
    _nitems_: c_int,
    _timeout_: c_long,
) -> c_int {
    status(|| Err(Error::NotSupported))
}
