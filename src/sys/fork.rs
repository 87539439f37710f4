//! Telling a forked child from its parent.
//!
//! The child has inherited our descriptors but none of our threads. Whoever owns either notes the
//! [`generation`] at birth and refuses to touch them once it differs.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Once;

/// 0 until the handler is registered; then 1, and one more in each child.
static GENERATION: AtomicU32 = AtomicU32::new(0);
static REGISTER: Once = Once::new();

/// A number that is the same for as long as this is the same process. Costs one relaxed load.
#[inline]
pub(crate) fn generation() -> u32 {
    match GENERATION.load(Ordering::Relaxed) {
        0 => register(),
        generation => generation,
    }
}

#[cold]
fn register() -> u32 {
    REGISTER.call_once(|| {
        // SAFETY: the handler only touches an atomic, which is allowed in a forked child. If
        // registering fails for want of memory, forks go unnoticed and all else works.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        GENERATION.store(1, Ordering::Relaxed);
    });
    GENERATION.load(Ordering::Relaxed)
}

extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_has_another_generation() {
        let _gone_by_then = crate::sys::testing::before_fork();
        let before = generation();
        // SAFETY: the child does nothing but a load, a compare and _exit.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let differs = GENERATION.load(Ordering::Relaxed) != before;
            // SAFETY: ends the child without running the test harness in it.
            unsafe { libc::_exit(if differs { 42 } else { 1 }) };
        }
        assert!(child > 0);
        let mut status = 0;
        // SAFETY: the status is valid for writes.
        unsafe { libc::waitpid(child, &mut status, 0) };
        assert!(libc::WIFEXITED(status));
        assert_eq!(libc::WEXITSTATUS(status), 42);
        assert_eq!(generation(), before);
    }
}
