//! `zmq_poll`: waiting for several sockets and descriptors.

use crate::socket::find;
use crate::util::{blocking_but_for, size};
use std::ffi::{c_int, c_long, c_short, c_void};
use std::time::Duration;
use std::{ptr, slice};
use zeroxide::internal::error::{Error, Result};
use zeroxide::internal::socket::{poll_or_nap, PollItem};
use zeroxide::internal::sys::nap::Nap;

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
pub unsafe extern "C-unwind" fn zmq_poll(
    items_: *mut zmq_pollitem_t,
    nitems_: c_int,
    timeout_: c_long,
) -> c_int {
    // SAFETY: the caller promises so many items; null is no set of signals.
    unsafe { poll_blocking(items_, nitems_, timeout_, ptr::null()) }
}

/// The same. While it sleeps just these signals are blocked, unless that is null.
///
/// # Safety
/// `items_` is null or has `nitems_` items; `signals` is null or a set of signals.
pub unsafe fn poll_blocking(
    items_: *mut zmq_pollitem_t,
    nitems_: c_int,
    timeout_: c_long,
    signals: *const libc::sigset_t,
) -> c_int {
    let attempt = move |nap: &mut Nap| {
        let count = usize::try_from(nitems_).map_err(|_| Error::Invalid)?;
        let items = match (count, items_.is_null()) {
            (0, _) => &mut [],
            (_, true) => return Err(Error::Fault),
            // SAFETY: the caller promises so many items.
            (_, false) => unsafe { slice::from_raw_parts_mut(items_, count) },
        };
        // A negative timeout is none.
        let timeout = u64::try_from(timeout_).ok().map(Duration::from_millis);
        with_room(count, |polled| wait(items, polled, timeout, nap))
    };
    // SAFETY: the caller promises a set of signals, or null.
    unsafe { blocking_but_for(signals, attempt) }
}

/// For so many items there is room on the stack.
const FEW: usize = 8;

/// Gives `act` room for as many items.
fn with_room<T>(
    count: usize,
    act: impl FnOnce(&mut [PollItem<'static>]) -> Result<T>,
) -> Result<T> {
    let blank = || PollItem::descriptor(-1, 0);
    if count <= FEW {
        return act(&mut [(); FEW].map(|()| blank())[..count]);
    }
    let mut room = Vec::new();
    room.try_reserve_exact(count).map_err(|_| Error::NoMemory)?;
    room.resize_with(count, blank);
    act(&mut room)
}

fn wait(
    items: &mut [zmq_pollitem_t],
    polled: &mut [PollItem<'static>],
    timeout: Option<Duration>,
    nap: &mut Nap,
) -> Result<c_int> {
    for (item, to) in items.iter_mut().zip(&mut *polled) {
        item.revents = 0;
        *to = match item.socket.is_null() {
            true => PollItem::descriptor(item.fd, item.events),
            false => PollItem::socket(find(item.socket)?, item.events),
        };
    }
    let found = poll_or_nap(polled, timeout, nap)?;
    for (item, from) in items.iter_mut().zip(polled) {
        item.revents = from.revents;
    }
    Ok(size(found))
}
