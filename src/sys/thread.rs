//! What the threads that we start need from the platform: names, signals, scheduling.

use std::io;
use std::mem;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;

/// A thread that was started; dropped, it goes on by itself.
///
/// One of the standard library's takes memory for what is never asked for here, and ends the
/// process where there is none.
pub(crate) struct Thread {
    id: libc::pthread_t,
}

// SAFETY: the id of a thread means the same to all others, and whoever has this one may join it.
unsafe impl Send for Thread {}
// SAFETY: nothing can be done with a shared one.
unsafe impl Sync for Thread {}

/// What a thread begins with.
struct Start {
    name: [u8; NAME_SIZE],
    body: Box<dyn FnOnce() + Send>,
}

/// Names are no longer, with the NUL at their end.
const NAME_SIZE: usize = 16;
/// As much as the standard library's threads have.
const STACK_SIZE: usize = 2 << 20;

/// Starts a thread. A panic ends it, and is told like any other.
pub(crate) fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<Thread> {
    let mut start = Start { name: [0; NAME_SIZE], body: Box::new(body) };
    let len = name.len().min(NAME_SIZE - 1);
    start.name[..len].copy_from_slice(&name.as_bytes()[..len]);
    let start = Box::into_raw(Box::new(start));
    // SAFETY: pthread_t is an integer or a pointer, for which zero is a value.
    let mut id: libc::pthread_t = unsafe { mem::zeroed() };
    // SAFETY: attributes are plain data, made before they are used. `enter` takes what it is given.
    let error = unsafe {
        let mut attributes: libc::pthread_attr_t = mem::zeroed();
        match libc::pthread_attr_init(&mut attributes) {
            0 => {
                // Without it, the stack is of the size that the system gives.
                libc::pthread_attr_setstacksize(&mut attributes, STACK_SIZE);
                let error = libc::pthread_create(&mut id, &attributes, enter, start.cast());
                libc::pthread_attr_destroy(&mut attributes);
                error
            }
            error => error,
        }
    };
    if error != 0 {
        // SAFETY: there is no thread that could have taken it.
        drop(unsafe { Box::from_raw(start) });
    }
    from_errno(error).map(|()| Thread { id })
}

extern "C" fn enter(start: *mut libc::c_void) -> *mut libc::c_void {
    // SAFETY: `spawn` made it for this thread.
    let Start { name, body } = *unsafe { Box::from_raw(start.cast::<Start>()) };
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the name ends with a NUL. Without one the thread runs as well.
    unsafe {
        libc::pthread_setname_np(libc::pthread_self(), name.as_ptr().cast());
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = name;
    if let Err(payload) = catch_unwind(AssertUnwindSafe(body)) {
        // To drop it might panic again; what that throws is left alone.
        mem::forget(catch_unwind(AssertUnwindSafe(|| drop(payload))));
    }
    ptr::null_mut()
}

impl Thread {
    /// Waits for its end.
    pub(crate) fn join(self) {
        // SAFETY: it was not joined before, and will not be detached.
        unsafe { libc::pthread_join(self.id, ptr::null_mut()) };
        mem::forget(self);
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: it was not joined.
        unsafe { libc::pthread_detach(self.id) };
    }
}

/// Blocks all signals in the calling thread, so that the host's handlers run on its own threads.
pub(crate) fn block_signals() -> io::Result<()> {
    // SAFETY: sigset_t is plain data; sigfillset initialises it before it is used, and a null
    // pointer for the old mask is allowed.
    let error = unsafe {
        let mut all: libc::sigset_t = mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, ptr::null_mut())
    };
    from_errno(error)
}

/// What [`token`] gives is a multiple of this: a thread's control block is aligned for pointers at
/// the least.
pub(crate) const TOKEN_ALIGN: usize = 8;

/// A number, never zero, that tells the calling thread from all others that run now.
#[inline(always)]
pub(crate) fn token() -> usize {
    let token: usize;
    #[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
    // SAFETY: reads the thread's pointer to itself, which its control block begins with on this platform.
    unsafe {
        std::arch::asm!("mov {}, fs:0", out(reg) token, options(nostack, preserves_flags, readonly));
    }
    #[cfg(all(target_arch = "aarch64", target_os = "linux", not(miri)))]
    // SAFETY: reads the register that points to the thread's own memory.
    unsafe {
        std::arch::asm!("mrs {}, tpidr_el0", out(reg) token, options(nomem, nostack, preserves_flags));
    }
    #[cfg(not(all(
        any(target_arch = "x86_64", target_arch = "aarch64"),
        target_os = "linux",
        not(miri)
    )))]
    {
        #[repr(align(8))]
        struct Place(#[allow(dead_code)] u8);
        thread_local!(static PLACE: Place = const { Place(0) });
        token = PLACE.with(|place| ptr::from_ref(place) as usize);
    }
    token
}

/// Sets the scheduling policy and priority of the calling thread. `None` keeps the policy;
/// a priority of `None` is the lowest that the policy has.
pub(crate) fn set_scheduling(policy: Option<i32>, priority: Option<i32>) -> io::Result<()> {
    if policy.is_none() && priority.is_none() {
        return Ok(());
    }
    // SAFETY: sched_param is plain integers; both results are valid for writes; pthread_self is
    // always the calling thread.
    let error = unsafe {
        let mut parameters: libc::sched_param = mem::zeroed();
        let mut current = 0;
        let error =
            libc::pthread_getschedparam(libc::pthread_self(), &mut current, &mut parameters);
        if error != 0 {
            return from_errno(error);
        }
        let policy = policy.unwrap_or(current);
        parameters.sched_priority =
            priority.unwrap_or_else(|| libc::sched_get_priority_min(policy));
        libc::pthread_setschedparam(libc::pthread_self(), policy, &parameters)
    };
    from_errno(error)
}

/// Keeps the calling thread on these processors. An empty list changes nothing.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn set_affinity(processors: &[usize]) -> io::Result<()> {
    if processors.is_empty() {
        return Ok(());
    }
    // SAFETY: cpu_set_t is plain integers, for which zero is a value.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    for &processor in processors {
        if processor >= libc::CPU_SETSIZE as usize {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        // SAFETY: the index was just checked against the size of the set.
        unsafe { libc::CPU_SET(processor, &mut set) };
    }
    // SAFETY: the set is valid for the size given; 0 is the calling thread.
    super::check(unsafe { libc::sched_setaffinity(0, mem::size_of_val(&set), &set) }).map(drop)
}

/// This platform has no such call; the scheduler's choice stands.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn set_affinity(_processors: &[usize]) -> io::Result<()> {
    Ok(())
}

fn from_errno(error: libc::c_int) -> io::Result<()> {
    match error {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_runs_under_its_name_and_is_waited_for() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = spawn("more than fifteen bytes", move || {
            let name = std::fs::read_to_string("/proc/thread-self/comm").unwrap_or_default();
            sender.send(name).unwrap();
            panic!("for the sake of the test");
        });
        thread.unwrap().join();
        let name = receiver.try_recv().unwrap();
        assert!(name.is_empty() || name.trim_end() == "more than fifte", "{name}");
        drop(spawn("detached", || ()).unwrap());
    }

    #[test]
    fn a_blocked_signal_does_not_end_the_thread() {
        std::thread::spawn(|| {
            block_signals().unwrap();
            // SAFETY: SIGUSR1 would end the process if it were not blocked in this thread.
            unsafe { libc::pthread_kill(libc::pthread_self(), libc::SIGUSR1) };
            // SAFETY: sigset_t is plain data and valid for writes.
            let pending = unsafe {
                let mut pending: libc::sigset_t = mem::zeroed();
                libc::sigpending(&mut pending);
                libc::sigismember(&pending, libc::SIGUSR1)
            };
            assert_eq!(pending, 1);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn scheduling_and_affinity_take_what_is_possible_only() {
        std::thread::spawn(|| {
            set_scheduling(None, None).unwrap();
            set_scheduling(Some(libc::SCHED_OTHER), None).unwrap();
            assert!(set_scheduling(Some(12345), None).is_err());
            set_affinity(&[]).unwrap();
            assert!(set_affinity(&[1 << 20]).is_err());
        })
        .join()
        .unwrap();
    }
}
