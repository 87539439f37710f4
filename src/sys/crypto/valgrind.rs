//! Finds secrets that decide which code runs or where memory is accessed. Valgrind is made to take
//! them for memory that nobody has written to, and reports every branch and every address that
//! depends on such.
//!
//! The tests that use it are ignored by default: `.ci/sanitize secrets` runs them, optimized:
//! checks for overflow are branches.

use std::arch::asm;
use std::hint::black_box;

/// Fails if something depends on a secret.
pub(super) fn check<T>(what: &str, work: impl FnOnce() -> T) {
    assert!(request(RUNNING_ON_VALGRIND, 0, 0) > 0, "this test is for Valgrind");
    assert_ne!(reports(|| branch_by(secret([1]))), 0, "nothing would be found");
    let mut result = None;
    assert_eq!(reports(|| result = Some(work())), 0, "{what}: a secret decides");
    black_box(result);
}

/// The same bytes, as a secret.
pub(super) fn secret<const N: usize>(bytes: [u8; N]) -> [u8; N] {
    let mut bytes = black_box(bytes);
    request(MAKE_MEMORY_UNDEFINED, bytes.as_mut_ptr() as usize, N);
    bytes
}

#[inline(never)]
fn branch_by(secret: [u8; 1]) {
    if black_box(secret)[0] & 2 == 0 {
        black_box(());
    }
    let table = black_box([0u8; 256]);
    black_box(table[usize::from(black_box(secret)[0])]);
}

/// How often something depended on a secret meanwhile.
fn reports(work: impl FnOnce()) -> usize {
    let before = request(COUNT_ERRORS, 0, 0);
    work();
    request(COUNT_ERRORS, 0, 0) - before
}

const RUNNING_ON_VALGRIND: usize = 0x1001;
const COUNT_ERRORS: usize = 0x1201;
const MAKE_MEMORY_UNDEFINED: usize = 0x4d43_0001;

/// What Valgrind answers; without it, nothing happens and the answer is 0.
fn request(number: usize, first: usize, second: usize) -> usize {
    let request = [number, first, second, 0, 0, 0];
    let mut answer = 0;
    // SAFETY: by itself it changes nothing: a register is rotated once around, and another is put
    // where it is. Valgrind knows these instructions by sight, and reads the request.
    unsafe {
        asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            in("rax") request.as_ptr(),
            inout("rdx") answer,
            options(nostack),
        );
    }
    answer
}
