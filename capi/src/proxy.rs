//! `zmq_proxy*`: sockets that pass messages on to each other.

use crate::socket::find;
use crate::util::blocking;
use std::ffi::{c_int, c_void};
use zeroxide::internal::socket::proxy_or_nap;
use zeroxide::internal::sys::nap::Nap;

/// Passes messages between two sockets until the context is terminated.
#[no_mangle]
pub extern "C-unwind" fn zmq_proxy(
    frontend_: *mut c_void,
    backend_: *mut c_void,
    capture_: *mut c_void,
) -> c_int {
    zmq_proxy_steerable(frontend_, backend_, capture_, std::ptr::null_mut())
}

/// As `zmq_proxy`, and obeys PAUSE, RESUME, TERMINATE and STATISTICS from a control socket.
#[no_mangle]
pub extern "C-unwind" fn zmq_proxy_steerable(
    frontend_: *mut c_void,
    backend_: *mut c_void,
    capture_: *mut c_void,
    control_: *mut c_void,
) -> c_int {
    blocking(move |nap: &mut Nap| {
        let optional =
            |socket: *const c_void| (!socket.is_null()).then(|| find(socket)).transpose();
        let [frontend, backend, capture, control] =
            [frontend_, backend_, capture_, control_].map(|socket| optional(socket));
        let sockets = (|| Ok([frontend?, backend?, capture?, control?]))();
        proxy_or_nap(sockets, nap).map(|()| 0)
    })
}

/// Old form of `zmq_proxy`; the type never meant anything.
#[no_mangle]
#[expect(unused_variables)]
pub extern "C-unwind" fn zmq_device(
    type_: c_int,
    frontend_: *mut c_void,
    backend_: *mut c_void,
) -> c_int {
    zmq_proxy(frontend_, backend_, std::ptr::null_mut())
}
