//! Groups of DISH sockets, and the peers of PEER sockets.

use crate::reserve;
use crate::socket::find;
use crate::util::{bytes, catch, fail, give_back_waiting, text, uncancelled, Uncancelled};
use std::ffi::{c_char, c_int, c_void};

/// Has a DISH socket receive the messages of a group.
///
/// # Safety
/// `group` is null or a C string.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_join(s: *mut c_void, group: *const c_char) -> c_int {
    // SAFETY: as this function.
    unsafe { change_membership(s, group, true) }
}

/// Has a DISH socket receive them no more.
///
/// # Safety
/// `group` is null or a C string.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_leave(s: *mut c_void, group: *const c_char) -> c_int {
    // SAFETY: as this function.
    unsafe { change_membership(s, group, false) }
}

/// Connects a PEER socket, and returns the number of the new peer, by which messages name it, or 0.
///
/// # Safety
/// `addr_` is null or a C string.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_connect_peer(s_: *mut c_void, addr_: *const c_char) -> u32 {
    let returned = catch(0, || {
        let _state = Uncancelled::begin();
        let connected = find(s_).and_then(|socket| {
            // SAFETY: the caller promises a C string, which is only read during this call.
            let address = unsafe { text(addr_)? };
            reserve::check()?;
            socket.with(|core| core.connect_peer(address))
        });
        connected.unwrap_or_else(|error| fail(error, 0))
    });
    give_back_waiting();
    returned
}

/// Parts with the peer of a PEER or SERVER socket that messages name by this number.
#[no_mangle]
pub extern "C-unwind" fn zmq_disconnect_peer(s_: *mut c_void, routing_id_: u32) -> c_int {
    uncancelled(|| find(s_)?.with(|core| core.disconnect_peer(routing_id_)).map(|()| 0))
}

/// # Safety
/// `group` is null or a C string.
unsafe fn change_membership(socket: *const c_void, group: *const c_char, joins: bool) -> c_int {
    uncancelled(|| {
        let socket = find(socket)?;
        // SAFETY: the caller promises a C string, which is copied before this returns.
        let group = unsafe { bytes(group)? };
        reserve::check()?;
        socket.with(|core| core.change_membership(group, joins)).map(|()| 0)
    })
}
