//! What travels with a message besides its bytes: the number of its peer, and its group.

use crate::msg::{live, peek, zmq_msg_t};
use crate::util::{bytes, catch, fail, input, pointer, status};
use std::ffi::{c_char, c_int, c_void};
use zeroxide::internal::message::Message;

/// Has a SERVER or PEER socket send the message to the peer of this number.
///
/// # Safety
/// `msg` is null or points to a `zmq_msg_t`.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_set_routing_id(
    msg: *mut zmq_msg_t,
    routing_id: u32,
) -> c_int {
    // SAFETY: the caller promises a message, or null, which `live` refuses.
    status(|| unsafe { live(msg)? }.set_routing_id(routing_id).map(|()| 0))
}

/// The number of the peer that the message came from or goes to, or 0.
///
/// # Safety
/// `msg` is null or points to a `zmq_msg_t`.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_routing_id(msg: *mut zmq_msg_t) -> u32 {
    // SAFETY: the caller promises a message, or null, which `peek` refuses.
    catch(0, || match unsafe { peek(msg) } {
        Ok(message) => message.routing_id(),
        Err(error) => fail(error, 0),
    })
}

/// Has a RADIO socket send the message to a group.
///
/// # Safety
/// `msg` is null or points to a `zmq_msg_t`; `group` is null or a C string.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_set_group(
    msg: *mut zmq_msg_t,
    group: *const c_char,
) -> c_int {
    status(|| {
        // SAFETY: the caller promises a C string, which is copied before this returns.
        let group = unsafe { bytes(group)? };
        // SAFETY: the caller promises a message, or null, which `live` refuses.
        unsafe { live(msg)? }.set_group(group).map(|()| 0)
    })
}

/// The group of a message, empty if it has none. It lives as long as the message.
///
/// # Safety
/// `msg` is null or points to a `zmq_msg_t`.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_group(msg: *mut zmq_msg_t) -> *const c_char {
    // SAFETY: the caller promises a message, or null, which `peek` refuses.
    pointer(|| Ok(unsafe { peek(msg)? }.group().as_ptr().cast_mut())).cast_const()
}

/// Makes a message of a copy of a buffer.
///
/// # Safety
/// `msg_` is null or has room for a message, and does not hold one; `buf_` is null or has `size_`
/// bytes.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_init_buffer(
    msg_: *mut zmq_msg_t,
    buf_: *const c_void,
    size_: usize,
) -> c_int {
    status(|| {
        // SAFETY: null with a size is refused. The program's bytes are copied before this returns.
        let bytes = unsafe { input(buf_, size_)? };
        // SAFETY: the caller promises room for a message, or null, which `init` refuses.
        unsafe { crate::msg::init(msg_, || Message::try_from_slice(bytes)) }
    })
}
