//! `zmq_timers_*`: functions of the program that are called every so many milliseconds.
//!
//! Handlers run without a lock held, so they may call any function here, for their own timers too.

use crate::fork;
use crate::handles::{kind, HeldWithContents, Shared, Table};
use crate::reserve;
use crate::schedule::Schedule;
use crate::util::{pointer, status};
use std::ffi::{c_int, c_long, c_void};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use zeroxide::internal::error::{Error, Result};

static TIMERS: Table<Shared<Timers>, { kind::TIMERS }> = Table::empty();

pub type Held = HeldWithContents<'static, Timers>;

/// While the caller keeps this, no other call comes to a set of timers.
pub fn hold() -> Held {
    TIMERS.hold_with_contents()
}

/// A set of timers.
pub struct Timers {
    origin: Instant,
    schedule: Mutex<Schedule<Action>>,
}

type Handler = unsafe extern "C" fn(timer_id: c_int, arg: *mut c_void);

/// What a timer calls, and with what.
#[derive(Clone, Copy)]
struct Action {
    handler: Handler,
    arg: *mut c_void,
}

// SAFETY: the library only hands `arg` back, on the thread that calls `zmq_timers_execute`; which
// one that is, is the program's choice.
unsafe impl Send for Action {}

/// Makes a set of timers.
#[no_mangle]
pub extern "C-unwind" fn zmq_timers_new() -> *mut c_void {
    let timers = || Timers { origin: Instant::now(), schedule: Mutex::default() };
    pointer(|| {
        reserve::check()?;
        fork::expect();
        TIMERS.add(Arc::new(timers()))
    })
}

/// Ends a set of timers, and sets the program's pointer to NULL.
///
/// # Safety
/// `timers_p` is null or points to a pointer.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_timers_destroy(timers_p: *mut *mut c_void) -> c_int {
    status(|| {
        // SAFETY: as the caller promises.
        let handle = unsafe { timers_p.as_mut() }.ok_or(Error::Fault)?;
        TIMERS.remove(*handle)?;
        *handle = ptr::null_mut();
        Ok(0)
    })
}

/// Adds a timer, and returns its id.
///
/// # Safety
/// `handler` may be called with `arg` from `zmq_timers_execute` until the timer is cancelled.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_timers_add(
    timers: *mut c_void,
    interval: usize,
    handler: Option<unsafe extern "C" fn(timer_id: c_int, arg: *mut c_void)>,
    arg: *mut c_void,
) -> c_int {
    status(|| {
        reserve::check()?;
        let action = Action { handler: handler.ok_or(Error::Fault)?, arg };
        with(timers, |schedule, now| schedule.add(now, interval as u64, action))
    })
}

/// Removes a timer.
#[no_mangle]
pub extern "C-unwind" fn zmq_timers_cancel(timers: *mut c_void, timer_id: c_int) -> c_int {
    status(|| with(timers, |schedule, _| schedule.cancel(timer_id)).map(|()| 0))
}

/// Changes a timer's interval, which begins now.
#[no_mangle]
pub extern "C-unwind" fn zmq_timers_set_interval(
    timers: *mut c_void,
    timer_id: c_int,
    interval: usize,
) -> c_int {
    let change = |schedule: &mut Schedule<_>, now| {
        schedule.set_interval(now, timer_id, interval as u64).map(|()| 0)
    };
    status(|| with(timers, change))
}

/// Lets a timer's interval begin now.
#[no_mangle]
pub extern "C-unwind" fn zmq_timers_reset(timers: *mut c_void, timer_id: c_int) -> c_int {
    status(|| with(timers, |schedule, now| schedule.reset(now, timer_id)).map(|()| 0))
}

/// Milliseconds until the next timer is due, or -1 if there is none.
#[no_mangle]
pub extern "C-unwind" fn zmq_timers_timeout(timers: *mut c_void) -> c_long {
    status(|| {
        let timeout = with(timers, |schedule, now| Ok(schedule.timeout(now)))?;
        Ok(timeout.map_or(-1, |left| c_long::try_from(left).unwrap_or(c_long::MAX)))
    })
}

/// Calls the handlers of all timers that are due.
#[no_mangle]
pub extern "C-unwind" fn zmq_timers_execute(timers: *mut c_void) -> c_int {
    status(|| TIMERS.fetch(timers)?.execute())
}

/// Acts on the schedule behind a handle, at the present time.
fn with<T>(
    timers: *mut c_void,
    act: impl FnOnce(&mut Schedule<Action>, u64) -> Result<T>,
) -> Result<T> {
    let timers = TIMERS.fetch(timers)?;
    let now = timers.now();
    let result = act(&mut timers.schedule(), now);
    result
}

impl Timers {
    fn execute(&self) -> Result<c_int> {
        let now = self.now();
        let due = self.schedule().due(now);
        for id in due {
            let action = self.schedule().fire(now, id);
            if let Some(Action { handler, arg }) = action {
                // SAFETY: `zmq_timers_add` was promised that it may be called with this.
                unsafe { handler(id, arg) };
            }
        }
        Ok(0)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule<Action>> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::zmq_errno;
    use std::sync::atomic::{AtomicI32, Ordering};

    /// Cancels its own timer: `arg` is the handle of the timers.
    unsafe extern "C" fn once(timer_id: c_int, arg: *mut c_void) {
        static CALLS: AtomicI32 = AtomicI32::new(0);
        assert_eq!(CALLS.fetch_add(1, Ordering::SeqCst), 0, "called twice");
        assert_eq!(zmq_timers_cancel(arg, timer_id), 0);
    }

    #[test]
    fn a_handler_may_cancel_its_own_timer() {
        let mut timers = zmq_timers_new();
        // SAFETY: `once` may be called with the timers.
        let id = unsafe { zmq_timers_add(timers, 0, Some(once), timers) };
        assert!(id > 0);
        assert_eq!(zmq_timers_timeout(timers), 0);
        assert_eq!(zmq_timers_execute(timers), 0);
        assert_eq!(zmq_timers_timeout(timers), -1);
        assert_eq!(zmq_timers_execute(timers), 0);
        let stale = timers;
        // SAFETY: a pointer to a handle.
        unsafe {
            assert_eq!(zmq_timers_destroy(&mut timers), 0);
            assert!(timers.is_null());
            assert_eq!(zmq_timers_destroy(&mut timers), -1);
            assert_eq!(zmq_timers_destroy(ptr::null_mut()), -1);
        }
        assert_eq!((zmq_timers_execute(stale), zmq_errno()), (-1, libc::EFAULT));
    }

    #[test]
    fn a_timer_needs_a_handler_and_timers() {
        let mut timers = zmq_timers_new();
        // SAFETY: there is no handler.
        let add = |timers| unsafe { zmq_timers_add(timers, 1, None, ptr::null_mut()) };
        assert_eq!((add(timers), zmq_errno()), (-1, libc::EFAULT));
        assert_eq!((add(ptr::null_mut()), zmq_errno()), (-1, libc::EFAULT));
        assert_eq!((zmq_timers_cancel(timers, 1), zmq_errno()), (-1, libc::EINVAL));
        // SAFETY: a pointer to a handle.
        assert_eq!(unsafe { zmq_timers_destroy(&mut timers) }, 0);
    }
}
