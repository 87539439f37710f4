//! `zmq_ppoll`: `zmq_poll` that a signal may end.

use crate::poll::{poll_blocking, zmq_pollitem_t};
use libc::sigset_t;
use std::ffi::{c_int, c_long};

/// As `zmq_poll`; just these signals are blocked while it sleeps.
///
/// # Safety
/// `items_` is null or has `nitems_` items; `sigmask_` is null or a set of signals.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_ppoll(
    items_: *mut zmq_pollitem_t,
    nitems_: c_int,
    timeout_: c_long,
    sigmask_: *const sigset_t,
) -> c_int {
    // SAFETY: the caller promises what the other function asks for.
    unsafe { poll_blocking(items_, nitems_, timeout_, sigmask_) }
}
