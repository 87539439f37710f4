//! `zmq_ctx_*`: contexts, by handle.
//!
//! While `zmq_ctx_term` waits, the handle is good for other calls; it ends when the wait is over.

use crate::constants::ZMQ_IO_THREADS;
use crate::fork;
use crate::handles::{kind, HeldWithContents, Shared, Table};
use crate::reserve;
use crate::util::{blocking, pointer, status, uncancelled, Uncancelled};
use std::ffi::{c_int, c_void};
use std::sync::Arc;
use zeroxide::internal::error::{Error, Result};
use zeroxide::internal::runtime::Context;
use zeroxide::internal::sys::nap::Nap;

static CONTEXTS: Table<Shared<Context>, { kind::CONTEXT }> = Table::empty();

pub type Held = HeldWithContents<'static, Context>;

/// While the caller keeps this, no other call comes to a context.
pub fn hold() -> Held {
    CONTEXTS.hold_with_contents()
}

/// Makes a context.
#[no_mangle]
pub extern "C-unwind" fn zmq_ctx_new() -> *mut c_void {
    pointer(|| {
        let _state = Uncancelled::begin();
        reserve::check()?;
        add(Context::new()?)
    })
}

/// Ends a context: waits until its sockets are closed and what they had to send is sent.
#[no_mangle]
pub extern "C-unwind" fn zmq_ctx_term(context_: *mut c_void) -> c_int {
    terminate(context_)
}

/// Makes all calls on a context's sockets fail with ETERM, so that they get closed.
#[no_mangle]
pub extern "C-unwind" fn zmq_ctx_shutdown(context_: *mut c_void) -> c_int {
    uncancelled(|| {
        fetch(context_)?.shutdown();
        Ok(0)
    })
}

/// Sets an option of a context.
#[no_mangle]
pub extern "C-unwind" fn zmq_ctx_set(
    context_: *mut c_void,
    option_: c_int,
    optval_: c_int,
) -> c_int {
    status(|| fetch(context_)?.options().lock().set_int(option_, optval_).map(|()| 0))
}

/// Returns an option of a context.
#[no_mangle]
pub extern "C-unwind" fn zmq_ctx_get(context_: *mut c_void, option_: c_int) -> c_int {
    status(|| fetch(context_)?.options().lock().get_int(option_))
}

/// Old: makes a context with so many I/O threads.
#[no_mangle]
pub extern "C-unwind" fn zmq_init(io_threads_: c_int) -> *mut c_void {
    pointer(|| {
        if io_threads_ < 0 {
            return Err(Error::Invalid);
        }
        let _state = Uncancelled::begin();
        reserve::check()?;
        let context = Context::new()?;
        context.options().lock().set_int(ZMQ_IO_THREADS, io_threads_)?;
        add(context)
    })
}

/// Old name of `zmq_ctx_term`.
#[no_mangle]
pub extern "C-unwind" fn zmq_term(context_: *mut c_void) -> c_int {
    terminate(context_)
}

/// Old name of `zmq_ctx_term`.
#[no_mangle]
pub extern "C-unwind" fn zmq_ctx_destroy(context_: *mut c_void) -> c_int {
    terminate(context_)
}

fn add(context: Context) -> Result<*mut c_void> {
    fork::expect();
    CONTEXTS.add(Arc::new(context))
}

/// The context behind a handle.
pub fn fetch(context: *const c_void) -> Result<Arc<Context>> {
    CONTEXTS.fetch(context)
}

#[inline(always)]
fn terminate(handle: *const c_void) -> c_int {
    blocking(move |nap: &mut Nap| {
        let _state = Uncancelled::begin();
        terminate_or_nap(handle, nap)
    })
}

fn terminate_or_nap(handle: *const c_void, nap: &mut Nap) -> Result<c_int> {
    match fetch(handle) {
        Ok(context) => context.terminate_or_nap(nap)?,
        // Of several threads that waited, the first one takes it out; all of them have succeeded.
        Err(_) if nap.is_over() => return Ok(0),
        Err(error) => return Err(error),
    }
    if !nap.is_due() {
        drop(CONTEXTS.remove(handle));
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{zmq_close, zmq_socket};
    use zeroxide::internal::options::ids;

    #[test]
    fn all_that_wait_for_the_end_of_a_context_succeed() {
        let context = zmq_ctx_new();
        let socket = zmq_socket(context, ids::PAIR);
        let mut waiting = [Nap::New; 3];
        for nap in &mut waiting {
            assert_eq!(terminate_or_nap(context, nap), Ok(0));
            assert!(nap.is_due());
            nap.skip();
        }
        assert_eq!(zmq_close(socket), 0);
        for nap in &mut waiting {
            assert_eq!(terminate_or_nap(context, nap), Ok(0));
            assert!(!nap.is_due());
        }
        assert_eq!(terminate_or_nap(context, &mut Nap::New), Err(Error::Fault));
    }
}
