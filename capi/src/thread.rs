//! Helpers that test and benchmark programs use: threads, a stopwatch, a sleep.
//!
//! A thread or a stopwatch is plain memory of the program, as its pointer says; only null is
//! checked for.

use crate::util::{boxed, catch, pointer, unboxed};
use std::ffi::{c_int, c_uint, c_ulong, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::time::Instant;
use zeroxide::internal::error::{Error, Result};

struct Thread {
    id: libc::pthread_t,
    function: unsafe extern "C" fn(*mut c_void),
    arg: *mut c_void,
}

/// Starts a thread that calls `func_` with `arg_`.
///
/// # Safety
/// `func_` may be called with `arg_` on another thread.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_threadstart(
    func_: Option<unsafe extern "C" fn(*mut c_void)>,
    arg_: *mut c_void,
) -> *mut c_void {
    pointer(|| Ok(start(func_.ok_or(Error::Fault)?, arg_)?.cast()))
}

/// Waits for a thread's end, and frees what it had.
///
/// # Safety
/// `thread_` is null or came from `zmq_threadstart`, and goes nowhere else afterwards.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_threadclose(thread_: *mut c_void) {
    extern "C-unwind" {
        fn pthread_join(thread: libc::pthread_t, result: *mut *mut c_void) -> c_int;
    }
    // SAFETY: null, or `start` made it.
    let Some(Thread { id, .. }) = (unsafe { thread_.cast::<Thread>().as_ref() }) else { return };
    // SAFETY: the thread was started and not yet joined. One that is cancelled here has nothing to
    // drop.
    unsafe { pthread_join(*id, ptr::null_mut()) };
    // SAFETY: its owner gives it up.
    catch((), || drop(unsafe { unboxed::<Thread>(thread_) }));
}

/// Starts a stopwatch.
#[no_mangle]
pub extern "C-unwind" fn zmq_stopwatch_start() -> *mut c_void {
    pointer(|| Ok(boxed(Instant::now())?.cast()))
}

/// Microseconds since a stopwatch was started; it goes on.
///
/// # Safety
/// `watch_` is null or a stopwatch that was not stopped.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_stopwatch_intermediate(watch_: *mut c_void) -> c_ulong {
    // SAFETY: as the caller promises.
    catch(0, || unsafe { watch_.cast::<Instant>().as_ref() }.map_or(0, elapsed))
}

/// Microseconds since a stopwatch was started; it is freed.
///
/// # Safety
/// `watch_` is null or a stopwatch that was not stopped, and goes nowhere else afterwards.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_stopwatch_stop(watch_: *mut c_void) -> c_ulong {
    catch(0, || {
        if watch_.is_null() {
            return 0;
        }
        // SAFETY: `zmq_stopwatch_start` made it, and its owner gives it up.
        elapsed(&*unsafe { unboxed::<Instant>(watch_) })
    })
}

/// Sleeps for some seconds, or until a signal.
#[no_mangle]
pub extern "C-unwind" fn zmq_sleep(seconds_: c_int) {
    extern "C-unwind" {
        fn sleep(seconds: c_uint) -> c_uint;
    }
    // SAFETY: `sleep` takes any number. A thread that is cancelled meanwhile has nothing to drop
    // here.
    unsafe { sleep(c_uint::try_from(seconds_).unwrap_or(0)) };
}

fn elapsed(since: &Instant) -> c_ulong {
    c_ulong::try_from(since.elapsed().as_micros()).unwrap_or(c_ulong::MAX)
}

/// A POSIX thread rather than one of `std`, which would have a smaller stack than C code expects.
fn start(function: unsafe extern "C" fn(*mut c_void), arg: *mut c_void) -> Result<*mut Thread> {
    let thread = boxed(Thread { id: 0, function, arg })?;
    let mut id = MaybeUninit::uninit();
    // SAFETY: `run` takes the thread's data, which stays until it is joined.
    let failed = unsafe { libc::pthread_create(id.as_mut_ptr(), ptr::null(), run, thread.cast()) };
    if failed != 0 {
        // SAFETY: there is no thread that could use it.
        drop(unsafe { unboxed::<Thread>(thread.cast()) });
        return Err(Error::Os(failed));
    }
    // SAFETY: `pthread_create` wrote the id, and the new thread does not look at this field.
    unsafe { (&raw mut (*thread).id).write(id.assume_init()) };
    Ok(thread)
}

extern "C" fn run(thread: *mut c_void) -> *mut c_void {
    let thread = thread.cast::<Thread>();
    // SAFETY: the name is short enough; blocking signals on this thread concerns no other. The
    // program's own threads are to take the signals, as with every ZeroMQ so far.
    unsafe {
        let mut signals = MaybeUninit::uninit();
        libc::sigfillset(signals.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, signals.as_ptr(), ptr::null_mut());
        libc::pthread_setname_np(libc::pthread_self(), c"ZMQapp".as_ptr());
    }
    // SAFETY: the data stays until this thread is joined; these fields do not change.
    let (function, arg) = unsafe { ((*thread).function, (*thread).arg) };
    // SAFETY: `zmq_threadstart` was promised that it may be called with this.
    unsafe { function(arg) };
    ptr::null_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    unsafe extern "C" fn count(arg: *mut c_void) {
        // SAFETY: the test passes a counter.
        unsafe { &*arg.cast::<AtomicU32>() }.fetch_add(1, Ordering::SeqCst);
    }

    #[test]
    fn a_thread_has_run_when_it_is_closed() {
        let counter = AtomicU32::new(0);
        let arg = (&raw const counter).cast_mut().cast();
        // SAFETY: the counter outlives the thread.
        unsafe {
            let thread = zmq_threadstart(Some(count), arg);
            assert!(!thread.is_null());
            zmq_threadclose(thread);
            zmq_threadclose(ptr::null_mut());
            assert!(zmq_threadstart(None, arg).is_null());
        }
        assert_eq!(counter.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_stopwatch_counts_microseconds() {
        let watch = zmq_stopwatch_start();
        std::thread::sleep(std::time::Duration::from_millis(2));
        // SAFETY: a stopwatch.
        unsafe {
            let first = zmq_stopwatch_intermediate(watch);
            assert!(first >= 2000);
            assert!(zmq_stopwatch_stop(watch) >= first);
            assert_eq!(zmq_stopwatch_stop(ptr::null_mut()), 0);
        }
    }
}
