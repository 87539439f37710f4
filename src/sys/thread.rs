//! What the threads that we start need from the platform: names, signals, scheduling.

use std::io;
use std::mem;
use std::ptr;

/// Blocks all signals in the calling thread, so that the host's handlers run on its own threads.
pub fn block_signals() -> io::Result<()> {
    // SAFETY: sigset_t is plain data; sigfillset initialises it before it is used, and a null
    // pointer for the old mask is allowed.
    let error = unsafe {
        let mut all: libc::sigset_t = mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, ptr::null_mut())
    };
    from_errno(error)
}

/// What [`token`] gives is a multiple of this: a thread's control block is aligned for pointers at the least.
pub const TOKEN_ALIGN: usize = 8;

/// A number, never zero, that tells the calling thread from all others that run now.
#[inline(always)]
pub fn token() -> usize {
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
pub fn set_scheduling(policy: Option<i32>, priority: Option<i32>) -> io::Result<()> {
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
pub fn set_affinity(processors: &[usize]) -> io::Result<()> {
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
pub fn set_affinity(_processors: &[usize]) -> io::Result<()> {
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
