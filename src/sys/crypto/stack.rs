//! Looks for what is left of a secret on the stack. The compiler may keep copies of its own
//! anywhere, and without optimization it does: `.ci/sanitize secrets` runs the tests that use this.

use super::KeyBytes;
use std::ffi::c_void;
use std::ptr::null_mut;

const SIZE: usize = 1 << 18;

/// Is `secret`, which is random, where the stack of `work` was? One of its eight words does not
/// count, since a register may well be saved there.
pub(super) fn is_left(secret: &KeyBytes, mut work: impl FnMut()) -> bool {
    let mut work: &mut dyn FnMut() = &mut work;
    let argument: *mut c_void = (&raw mut work).cast();
    // SAFETY: memory of our own is the stack of a thread, which ends before it is looked at; `work`
    // outlives the thread.
    unsafe {
        let (access, kind) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let stack = libc::mmap(null_mut(), SIZE, access, kind, -1, 0);
        assert_ne!(stack, libc::MAP_FAILED);
        let mut attributes = std::mem::zeroed();
        assert_eq!(libc::pthread_attr_init(&mut attributes), 0);
        assert_eq!(libc::pthread_attr_setstack(&mut attributes, stack, SIZE), 0);
        let mut thread = std::mem::zeroed();
        assert_eq!(libc::pthread_create(&mut thread, &attributes, run, argument), 0);
        assert_eq!(libc::pthread_join(thread, null_mut()), 0);
        let found = words_in(std::slice::from_raw_parts(stack.cast(), SIZE / 4), secret);
        libc::munmap(stack, SIZE);
        found > 1
    }
}

extern "C" fn run(work: *mut c_void) -> *mut c_void {
    // SAFETY: it is what `is_left` gives, which waits for the end.
    unsafe { (*work.cast::<&mut dyn FnMut()>())() };
    null_mut()
}

fn words_in(memory: &[u32], secret: &KeyBytes) -> usize {
    let words = secret.chunks_exact(4).map(|word| u32::from_ne_bytes(word.try_into().unwrap()));
    words.filter(|word| memory.contains(word)).count()
}
