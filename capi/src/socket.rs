//! Sockets, by handle: options, endpoints, sending and receiving.

use crate::msg::zmq_msg_t;
use crate::util::{pointer, status};
use libc::iovec;
use std::ffi::{c_char, c_int, c_void};
use zeroxide::error::Error;

/// Makes a socket of a context.
#[no_mangle]
pub extern "C" fn zmq_socket(_context_: *mut c_void, _type_: c_int) -> *mut c_void {
    pointer(|| Err(Error::NotSupported))
}

/// Closes a socket; what it has to send is sent in the background.
#[no_mangle]
pub extern "C" fn zmq_close(_s_: *mut c_void) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Sets an option of a socket.
///
/// # Safety
/// `optval_` is null or has `optvallen_` bytes.
#[no_mangle]
pub unsafe extern "C" fn zmq_setsockopt(
    _s_: *mut c_void,
    _option_: c_int,
    _optval_: *const c_void,
    _optvallen_: usize,
) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Returns an option of a socket, and its size.
///
/// # Safety
/// `optvallen_` is null or may be written to, and `optval_` has room for so many bytes.
#[no_mangle]
pub unsafe extern "C" fn zmq_getsockopt(
    _s_: *mut c_void,
    _option_: c_int,
    _optval_: *mut c_void,
    _optvallen_: *mut usize,
) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Accepts connections at an address.
///
/// # Safety
/// `addr_` is null or a C string.
#[no_mangle]
pub unsafe extern "C" fn zmq_bind(_s_: *mut c_void, _addr_: *const c_char) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Connects to an address, now or when somebody listens there.
///
/// # Safety
/// `addr_` is null or a C string.
#[no_mangle]
pub unsafe extern "C" fn zmq_connect(_s_: *mut c_void, _addr_: *const c_char) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Stops to accept connections at an address.
///
/// # Safety
/// `addr_` is null or a C string.
#[no_mangle]
pub unsafe extern "C" fn zmq_unbind(_s_: *mut c_void, _addr_: *const c_char) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Ends the connection to an address.
///
/// # Safety
/// `addr_` is null or a C string.
#[no_mangle]
pub unsafe extern "C" fn zmq_disconnect(_s_: *mut c_void, _addr_: *const c_char) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Sends a copy of a buffer as a message part.
///
/// # Safety
/// `buf_` is null or has `len_` bytes.
#[no_mangle]
pub unsafe extern "C" fn zmq_send(
    _s_: *mut c_void,
    _buf_: *const c_void,
    _len_: usize,
    _flags_: c_int,
) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Sends a buffer that stays as it is for ever, without a copy.
///
/// # Safety
/// `buf_` is null or has `len_` bytes. They never change.
#[no_mangle]
pub unsafe extern "C" fn zmq_send_const(
    _s_: *mut c_void,
    _buf_: *const c_void,
    _len_: usize,
    _flags_: c_int,
) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Receives a message part into a buffer; what is beyond its size is lost.
///
/// # Safety
/// `buf_` is null or has room for `len_` bytes.
#[no_mangle]
pub unsafe extern "C" fn zmq_recv(
    _s_: *mut c_void,
    _buf_: *mut c_void,
    _len_: usize,
    _flags_: c_int,
) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Reports events of a socket's connections through a PAIR socket at an inproc address.
///
/// # Safety
/// `addr_` is null or a C string.
#[no_mangle]
pub unsafe extern "C" fn zmq_socket_monitor(
    _s_: *mut c_void,
    _addr_: *const c_char,
    _events_: c_int,
) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Sends a message part, which is empty afterwards.
///
/// # Safety
/// `msg_` is null or points to a `zmq_msg_t`.
#[no_mangle]
pub unsafe extern "C" fn zmq_msg_send(
    _msg_: *mut zmq_msg_t,
    _s_: *mut c_void,
    _flags_: c_int,
) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Receives a message part in place of what the message was.
///
/// # Safety
/// `msg_` is null or points to a `zmq_msg_t`.
#[no_mangle]
pub unsafe extern "C" fn zmq_msg_recv(
    _msg_: *mut zmq_msg_t,
    _s_: *mut c_void,
    _flags_: c_int,
) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Old form of `zmq_msg_send`.
///
/// # Safety
/// As `zmq_msg_send`.
#[no_mangle]
pub unsafe extern "C" fn zmq_sendmsg(
    _s_: *mut c_void,
    _msg_: *mut zmq_msg_t,
    _flags_: c_int,
) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Old form of `zmq_msg_recv`.
///
/// # Safety
/// As `zmq_msg_recv`.
#[no_mangle]
pub unsafe extern "C" fn zmq_recvmsg(
    _s_: *mut c_void,
    _msg_: *mut zmq_msg_t,
    _flags_: c_int,
) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Old: sends several buffers, with `ZMQ_SNDMORE` as the parts of one message.
///
/// # Safety
/// `iov_` is null or has `count_` entries that are valid.
#[no_mangle]
pub unsafe extern "C" fn zmq_sendiov(
    _s_: *mut c_void,
    _iov_: *mut iovec,
    _count_: usize,
    _flags_: c_int,
) -> c_int {
    status(|| Err(Error::NotSupported))
}

/// Old: receives the parts of a message into buffers that the caller is to `free`.
///
/// # Safety
/// `count_` is null or may be written to, and `iov_` has room for so many entries.
#[no_mangle]
pub unsafe extern "C" fn zmq_recviov(
    _s_: *mut c_void,
    _iov_: *mut iovec,
    _count_: *mut usize,
    _flags_: c_int,
) -> c_int {
    status(|| Err(Error::NotSupported))
}
