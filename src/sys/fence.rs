//! Fences of which one side costs nothing.
//!
//! Two threads that each write their own word and then read the other's need a full fence on both sides, so
//! that at least one sees what the other wrote. Where one side does that millions of times a second and the
//! other hardly ever, the rare side can have the kernel pass a fence to all threads of the process, and the
//! frequent side only keeps the compiler from changing the order.

use std::sync::atomic::{AtomicU8, Ordering};

const UNKNOWN: u8 = 0;
const ABSENT: u8 = 1;
const PRESENT: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(UNKNOWN);

/// The frequent side's fence.
#[cfg(not(loom))]
#[inline(always)]
pub(crate) fn light() {
    std::sync::atomic::compiler_fence(Ordering::SeqCst);
}

/// The rare side's fence. Only for who has seen [`is_supported`].
#[cfg(not(loom))]
pub(crate) fn heavy() {
    // A forked child may have to register once more.
    let passed = membarrier(PRIVATE_EXPEDITED) || (register() && membarrier(PRIVATE_EXPEDITED));
    if !passed {
        // Somebody has forbidden the call meanwhile. What a processor has written does not stay with it
        // for anything like this long.
        super::calls::pause(std::time::Duration::from_millis(5));
    }
}

/// Can the kernel do that?
#[inline]
pub(crate) fn is_supported() -> bool {
    match STATE.load(Ordering::Relaxed) {
        UNKNOWN => find_out(),
        state => state == PRESENT,
    }
}

#[cold]
fn find_out() -> bool {
    let present = register();
    STATE.store(if present { PRESENT } else { ABSENT }, Ordering::Relaxed);
    present
}

fn register() -> bool {
    membarrier(REGISTER_PRIVATE_EXPEDITED)
}

#[cfg(not(loom))]
const PRIVATE_EXPEDITED: i32 = 1 << 3;
const REGISTER_PRIVATE_EXPEDITED: i32 = 1 << 4;

#[cfg(all(target_os = "linux", not(miri)))]
fn membarrier(command: i32) -> bool {
    // SAFETY: the call takes three integers and touches no memory of ours.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn membarrier(_: i32) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// Two threads write one word each and read the other's: one of them sees the other.
    #[test]
    fn one_of_two_sees_the_other() {
        if !is_supported() {
            return;
        }
        for _ in 0..200 {
            let (a, b) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let (frequent, rare) = std::thread::scope(|scope| {
                let frequent = scope.spawn(|| {
                    a.store(1, Ordering::Relaxed);
                    light();
                    b.load(Ordering::Relaxed)
                });
                b.store(1, Ordering::Relaxed);
                heavy();
                (a.load(Ordering::Relaxed), frequent.join().unwrap_or(0))
            });
            assert!(frequent == 1 || rare == 1);
        }
    }
}
