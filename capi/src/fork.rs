//! What a fork must not find half done.
//!
//! A child has the thread that forked, and none of the others. A table that another thread was about to write in
//! would stay locked for it forever, so whoever forks has the tables for itself meanwhile.

use crate::draft::poller;
use crate::{ctx, socket, timers};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::Once;

/// What the thread that forks has for itself. Only who has it all reads or writes this.
static HELD: AtomicPtr<Held> = AtomicPtr::new(ptr::null_mut());

struct Held {
    _contexts: ctx::Held,
    _sockets: socket::Held,
    _timers: timers::Held,
    _pollers: poller::Held,
}

/// Has forks of this process go well from now on. To be called before the first object is opened.
pub fn expect() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the handlers take no arguments and return. If registering fails for want of memory, all else works.
        unsafe { libc::pthread_atfork(Some(before), Some(after), Some(after)) };
    });
}

extern "C" fn before() {
    let held = Held {
        _contexts: ctx::hold(),
        _sockets: socket::hold(),
        _timers: timers::hold(),
        _pollers: poller::hold(),
    };
    HELD.store(Box::into_raw(Box::new(held)), Ordering::Relaxed);
}

/// In the parent and in the child.
extern "C" fn after() {
    let held = HELD.swap(ptr::null_mut(), Ordering::Relaxed);
    if !held.is_null() {
        // SAFETY: it came from a box in `before`, on this thread, and was taken out once.
        drop(unsafe { Box::from_raw(held) });
    }
}

#[cfg(test)]
mod tests {
    use crate::constants::ZMQ_IO_THREADS;
    use crate::ctx::{zmq_ctx_new, zmq_ctx_set, zmq_ctx_term};
    use crate::socket::{zmq_close, zmq_socket};
    use crate::timers::{zmq_timers_destroy, zmq_timers_new};
    use std::sync::atomic::{AtomicBool, Ordering};
    use zeroxide::internal::options::ids;

    /// Starts no threads: in a Rust program the standard library has a lock for that, which a child may find taken.
    fn open_and_close() -> bool {
        let (context, mut timers) = (zmq_ctx_new(), zmq_timers_new());
        assert_eq!(zmq_ctx_set(context, ZMQ_IO_THREADS, 0), 0);
        let socket = zmq_socket(context, ids::PAIR);
        // SAFETY: `timers` is a pointer.
        let destroyed = unsafe { zmq_timers_destroy(&mut timers) };
        [zmq_close(socket), destroyed, zmq_ctx_term(context)] == [0; 3]
    }

    #[test]
    fn a_child_opens_and_closes_whatever_other_threads_were_at() {
        let over = AtomicBool::new(false);
        let inherited = zmq_ctx_new();
        assert_eq!(zmq_ctx_set(inherited, ZMQ_IO_THREADS, 0), 0);
        let address = inherited.addr();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        assert!(open_and_close());
                        let context = address as *mut std::ffi::c_void;
                        assert_eq!(zmq_close(zmq_socket(context, ids::PAIR)), 0);
                    }
                });
            }
            for round in 0..500 {
                // SAFETY: the child calls nothing but the library, and leaves.
                let child = unsafe { libc::fork() };
                if child == 0 {
                    // SAFETY: ends a child that hangs, and one that does not, without the test harness.
                    unsafe {
                        libc::alarm(10);
                        let ended = open_and_close() && zmq_ctx_term(inherited) == 0;
                        libc::_exit(if ended { 42 } else { 1 });
                    }
                }
                let mut status = 0;
                // SAFETY: the status is valid for writes.
                assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
                if !libc::WIFEXITED(status) || libc::WEXITSTATUS(status) != 42 {
                    over.store(true, Ordering::Relaxed);
                    panic!("round {round}: {status:#x}");
                }
            }
            over.store(true, Ordering::Relaxed);
        });
        assert_eq!(zmq_ctx_term(inherited), 0);
    }
}
