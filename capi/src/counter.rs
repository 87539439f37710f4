//! `zmq_atomic_counter_*`: an int that several threads may count with.
//!
//! A counter is plain memory of the program, as its pointer says; only null is checked for.

use crate::util::{boxed, catch, pointer, unboxed};
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI32, Ordering};

/// Makes a counter, at zero.
#[no_mangle]
pub extern "C-unwind" fn zmq_atomic_counter_new() -> *mut c_void {
    pointer(|| Ok(boxed(AtomicI32::new(0))?.cast()))
}

/// Sets a counter.
///
/// # Safety
/// `counter_` is null or a counter.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_atomic_counter_set(counter_: *mut c_void, value_: c_int) {
    // SAFETY: as the caller promises.
    unsafe { with(counter_, |counter| counter.swap(value_, Ordering::SeqCst)) };
}

/// Adds one, and returns what the counter was before.
///
/// # Safety
/// `counter_` is null or a counter.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_atomic_counter_inc(counter_: *mut c_void) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { with(counter_, |counter| counter.fetch_add(1, Ordering::SeqCst)) }
}

/// Takes one off, and returns 0 if the counter is zero now, else 1.
///
/// # Safety
/// `counter_` is null or a counter.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_atomic_counter_dec(counter_: *mut c_void) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { with(counter_, |counter| (counter.fetch_sub(1, Ordering::SeqCst) != 1).into()) }
}

/// What a counter is.
///
/// # Safety
/// `counter_` is null or a counter.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_atomic_counter_value(counter_: *mut c_void) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { with(counter_, |counter| counter.load(Ordering::SeqCst)) }
}

/// Frees a counter, and sets the program's pointer to NULL.
///
/// # Safety
/// `counter_p_` is null or points to null or to the pointer of a counter that nobody uses any more.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_atomic_counter_destroy(counter_p_: *mut *mut c_void) {
    catch((), || {
        // SAFETY: as the caller promises.
        let Some(counter) = (unsafe { counter_p_.as_mut() }) else { return };
        let counter = std::mem::replace(counter, std::ptr::null_mut());
        if !counter.is_null() {
            // SAFETY: `zmq_atomic_counter_new` made it, and its owner gives it up.
            drop(unsafe { unboxed::<AtomicI32>(counter) });
        }
    });
}

/// # Safety
/// `counter` is null or a counter.
unsafe fn with(counter: *mut c_void, act: impl FnOnce(&AtomicI32) -> c_int) -> c_int {
    // SAFETY: as the caller promises.
    catch(0, || unsafe { counter.cast::<AtomicI32>().as_ref() }.map_or(0, act))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_counts() {
        let mut counter = zmq_atomic_counter_new();
        // SAFETY: a counter, until destroyed.
        unsafe {
            assert_eq!(zmq_atomic_counter_value(counter), 0);
            assert_eq!(zmq_atomic_counter_inc(counter), 0);
            assert_eq!(zmq_atomic_counter_inc(counter), 1);
            assert_eq!(zmq_atomic_counter_dec(counter), 1);
            assert_eq!(zmq_atomic_counter_dec(counter), 0);
            zmq_atomic_counter_set(counter, 2);
            assert_eq!(zmq_atomic_counter_value(counter), 2);
            zmq_atomic_counter_destroy(&mut counter);
        }
        assert!(counter.is_null());
    }

    #[test]
    fn null_is_no_counter_and_no_crash() {
        let mut none = std::ptr::null_mut();
        // SAFETY: null is allowed.
        unsafe {
            assert_eq!(zmq_atomic_counter_inc(none), 0);
            zmq_atomic_counter_destroy(&mut none);
            zmq_atomic_counter_destroy(std::ptr::null_mut());
        }
    }
}
