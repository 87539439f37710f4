//! What every C function needs: errno, the panic barrier, and the way from a `Result` to C.
//!
//! Also the functions of the API that are about the library itself: errno, version, capabilities.

use crate::constants::{ZMQ_VERSION_MAJOR, ZMQ_VERSION_MINOR, ZMQ_VERSION_PATCH};
use std::alloc::{alloc, Layout};
use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::LazyLock;
use std::{mem, ptr};
use zeroxide::internal::error::{self, Error, Result};
use zeroxide::internal::message::returns;
use zeroxide::internal::socket::forget_nap;
use zeroxide::internal::sys::nap::Nap;

/// The errno that the calling thread's last failed call left.
#[no_mangle]
pub extern "C-unwind" fn zmq_errno() -> c_int {
    errno()
}

/// The sentence for an errno. It is not to be freed.
#[no_mangle]
pub extern "C-unwind" fn zmq_strerror(errnum_: c_int) -> *const c_char {
    // SAFETY: `strerror` takes any number, and its answer is not to be freed either.
    let of_platform = || unsafe { libc::strerror(errnum_) }.cast_const();
    catch(ptr::null(), || own_sentence(errnum_).map_or_else(of_platform, CStr::as_ptr))
}

/// The version of the library that the program runs on.
///
/// # Safety
/// Each pointer is null or may be written to.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_version(
    major_: *mut c_int,
    minor_: *mut c_int,
    patch_: *mut c_int,
) {
    let parts =
        [(major_, ZMQ_VERSION_MAJOR), (minor_, ZMQ_VERSION_MINOR), (patch_, ZMQ_VERSION_PATCH)];
    for (to, number) in parts.into_iter().filter(|(to, _)| !to.is_null()) {
        // SAFETY: the caller promises that it may be written to.
        unsafe { to.write(number) };
    }
}

/// 1 if the library can do what the name says ("ipc", "curve", ...), else 0.
///
/// # Safety
/// `capability_` is null or a C string.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_has(capability_: *const c_char) -> c_int {
    catch(0, || {
        // SAFETY: the caller promises a C string.
        let name = unsafe { bytes(capability_) };
        name.is_ok_and(|name| CAPABILITIES.contains(&name)).into()
    })
}

/// What `zmq_has` answers for. inproc and tcp are not among the names it was ever asked for. The last
/// is how a program of any language finds out that it runs on this library and on no other.
const CAPABILITIES: &[&[u8]] = &[b"ipc", b"curve", b"zeroxide"];

/// Runs the body of a C function. A panic, a bug of ours, makes the call fail with EFAULT.
pub fn catch<T>(failed: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        // To drop the payload might panic again; what that throws is left alone.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(payload)));
        mem::forget(dropped);
        set_errno(libc::EFAULT);
        failed
    })
}

/// Runs the body of a function that returns -1 and sets errno when it fails.
///
/// The program's free functions run when everything else is done: they may use the same socket, and
/// no lock is held any more.
pub fn status<T: From<i8>>(body: impl FnOnce() -> Result<T>) -> T {
    let returned = try_once(body);
    give_back_waiting();
    returned
}

/// The same, without a look at free functions.
#[inline(always)]
fn try_once<T: From<i8>>(body: impl FnOnce() -> Result<T>) -> T {
    catch(T::from(-1), || match body() {
        Ok(value) => value,
        Err(error) => fail(error, T::from(-1)),
    })
}

/// The same for a function that calls the system in many ways: a thread that is cancelled
/// (`pthread_cancel`) goes when that is over, rather than from the middle of it.
pub fn uncancelled<T: From<i8>>(body: impl FnOnce() -> Result<T>) -> T {
    status(|| {
        let _state = Uncancelled::begin();
        body()
    })
}

/// Keeps its thread from being cancelled.
pub struct Uncancelled(#[cfg(target_os = "linux")] c_int);

impl Uncancelled {
    #[cfg(target_os = "linux")]
    pub fn begin() -> Self {
        /// The number in every C library.
        const DISABLE: c_int = 1;
        Self(Self::set(DISABLE))
    }

    /// Sets the thread's state, and returns what it was.
    #[cfg(target_os = "linux")]
    fn set(state: c_int) -> c_int {
        extern "C" {
            fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
        }
        let mut before = 0;
        // SAFETY: the integer may be written to.
        unsafe { pthread_setcancelstate(state, &mut before) };
        before
    }

    #[cfg(not(target_os = "linux"))]
    pub fn begin() -> Self {
        Self()
    }
}

#[cfg(target_os = "linux")]
impl Drop for Uncancelled {
    fn drop(&mut self) {
        Self::set(self.0);
    }
}

/// A call that seldom has to sleep.
pub trait Attempt: Copy {
    /// What most calls come to; `Again` if it takes more than that. Nothing has happened then.
    fn at_once(self) -> Result<c_int>;

    /// Does it never sleep?
    fn is_impatient(self) -> bool;

    /// All of it. If it has to sleep it notes that in the nap, and is tried again after it.
    fn run(self, nap: &mut Nap) -> Result<c_int>;
}

/// Runs a function that seldom has to sleep.
///
/// Where the attempt is always inlined, a call that does not sleep has one frame.
#[inline(always)]
pub fn seldom_blocking<A: Attempt>(attempt: A) -> c_int {
    // Nothing if it takes more than that.
    let first = catch(Some(-1), || match attempt.at_once() {
        Ok(value) => Some(value),
        Err(Error::Again) => None,
        Err(error) => Some(fail(error, -1)),
    });
    give_back_waiting();
    first.unwrap_or_else(|| run_to_the_end(attempt))
}

/// A call that may sleep first tries once more what can be done at once, since free functions, or
/// other threads, may have used the socket.
#[inline(never)]
fn run_to_the_end<A: Attempt>(attempt: A) -> c_int {
    let nap = if attempt.is_impatient() { Nap::Tried } else { Nap::New };
    // SAFETY: null is no set of signals.
    unsafe { try_often(nap, ptr::null(), &|nap| try_once(|| attempt.run(nap))) }
}

/// Runs a function that may have to sleep: it notes that in the nap, and is tried again after it. A
/// thread that is cancelled (`pthread_cancel`) while it sleeps unwinds from here, where nothing is
/// to be dropped.
pub fn blocking(attempt: impl Fn(&mut Nap) -> Result<c_int> + Copy) -> c_int {
    // SAFETY: null is no set of signals.
    unsafe { blocking_but_for(ptr::null(), attempt) }
}

/// The same. While it sleeps just these signals are blocked, unless that is null.
///
/// # Safety
/// `signals` is null or a set of signals.
pub unsafe fn blocking_but_for(
    signals: *const libc::sigset_t,
    attempt: impl Fn(&mut Nap) -> Result<c_int> + Copy,
) -> c_int {
    // SAFETY: as the caller promises for the signals.
    unsafe { try_often(Nap::New, signals, &|nap| try_once(|| attempt(nap))) }
}

/// # Safety
/// `signals` is null or a set of signals.
#[inline(never)]
unsafe fn try_often(
    mut nap: Nap,
    signals: *const libc::sigset_t,
    attempt: &dyn Fn(&mut Nap) -> c_int,
) -> c_int {
    loop {
        let returned = attempt(&mut nap);
        let due = nap.is_due();
        if returns::is_waiting() {
            // Free functions may sleep, too, or end the thread: nothing is kept for the nap
            // meanwhile.
            if due {
                nap.skip();
                forget();
            }
            give_back();
        } else if due {
            // SAFETY: as the caller promises for the signals.
            unsafe { nap.sleep_blocking(signals) };
        }
        if !due {
            if nap.is_over() {
                forget();
            }
            return returned;
        }
    }
}

/// What was slept on is gone, and nobody will come back to it.
#[cold]
fn forget() {
    let before = errno();
    catch((), forget_nap);
    set_errno(before);
}

/// Calls the free functions that wait, if any do. To be called when everything else is done.
#[inline(always)]
pub fn give_back_waiting() {
    if returns::is_waiting() {
        give_back();
    }
}

/// What a free function leaves in errno is not what the call has to say. It may also end the thread
/// (`pthread_exit`), for which the barrier against panics has no room.
#[cold]
fn give_back() {
    let before = errno();
    returns::give_back();
    set_errno(before);
}

/// Runs the body of a function that returns NULL and sets errno when it fails.
pub fn pointer<T>(body: impl FnOnce() -> Result<*mut T>) -> *mut T {
    catch(ptr::null_mut(), || body().unwrap_or_else(|error| fail(error, ptr::null_mut())))
}

/// Sets the errno of `error`, and hands back what the function returns then.
#[cold]
#[inline(never)]
pub fn fail<T>(error: Error, returned: T) -> T {
    set_errno(error.errno());
    returned
}

/// The bytes of a C string, without its NUL.
///
/// # Safety
/// `text` is null or a C string that stays as it is for `'a`.
pub unsafe fn bytes<'a>(text: *const c_char) -> Result<&'a [u8]> {
    if text.is_null() {
        return Err(Error::Fault);
    }
    // SAFETY: the caller promises a C string.
    Ok(unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// Memory of the caller to read from; it may be null if `len` is 0.
///
/// # Safety
/// `data` is null or has `len` bytes that stay as they are for `'a`.
pub unsafe fn input<'a>(data: *const c_void, len: usize) -> Result<&'a [u8]> {
    match (data.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Error::Fault),
        // SAFETY: the caller promises that many bytes.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(data.cast(), len) }),
    }
}

/// Memory of the caller to write to; it may be null if `len` is 0.
///
/// # Safety
/// `data` is null or has `len` bytes that nobody else touches for `'a`.
pub unsafe fn output<'a>(data: *mut c_void, len: usize) -> Result<&'a mut [u8]> {
    // No object is larger: whoever says so means 'there is room enough'.
    const LARGEST: usize = isize::MAX as usize;
    match (data.is_null(), len) {
        (_, 0) => Ok(&mut []),
        (true, _) => Err(Error::Fault),
        // SAFETY: the caller promises that many bytes.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts_mut(data.cast(), len.min(LARGEST)) }),
    }
}

/// A C string that has to be text, as addresses do.
///
/// # Safety
/// As [`bytes`].
pub unsafe fn text<'a>(text: *const c_char) -> Result<&'a str> {
    // SAFETY: as the caller promises.
    let bytes = unsafe { bytes(text)? };
    std::str::from_utf8(bytes).map_err(|_| Error::Invalid)
}

/// Memory for a small object of the program's own, as `Box` has it: for plain pointers that go out to
/// C and come back.
pub fn boxed<T>(object: T) -> Result<*mut T> {
    const { assert!(mem::size_of::<T>() != 0) };
    // SAFETY: the layout is not empty.
    let memory = unsafe { alloc(Layout::new::<T>()) }.cast::<T>();
    if memory.is_null() {
        return Err(Error::NoMemory);
    }
    // SAFETY: there is room.
    unsafe { memory.write(object) };
    Ok(memory)
}

/// Takes back what [`boxed`] gave.
///
/// # Safety
/// `memory` came from [`boxed`] with this type, and nobody else will use it.
pub unsafe fn unboxed<T>(memory: *mut c_void) -> Box<T> {
    // SAFETY: `boxed` allocated it as `Box` does.
    unsafe { Box::from_raw(memory.cast()) }
}

/// A size as C functions return it: an int, and the largest one for all that is larger.
pub fn size(len: usize) -> c_int {
    c_int::try_from(len).unwrap_or(c_int::MAX)
}

fn errno() -> c_int {
    // SAFETY: it always points to the calling thread's errno.
    unsafe { *libc::__errno_location() }
}

fn set_errno(errno: c_int) {
    // SAFETY: it always points to the calling thread's errno.
    unsafe { *libc::__errno_location() = errno }
}

/// The sentences that are not the platform's, as C strings.
fn own_sentence(errno: c_int) -> Option<&'static CStr> {
    static SENTENCES: LazyLock<Vec<(c_int, CString)>> = LazyLock::new(|| {
        let own = [error::EFSM, error::ENOCOMPATPROTO, error::ETERM, error::EMTHREAD];
        own.into_iter()
            .chain([libc::EHOSTUNREACH])
            .filter_map(|errno| Some((errno, CString::new(Error::describe(errno)).ok()?)))
            .collect()
    });
    SENTENCES.iter().find(|(own, _)| *own == errno).map(|(_, sentence)| &**sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(errno: c_int) -> String {
        // SAFETY: the answer is a C string.
        unsafe { CStr::from_ptr(zmq_strerror(errno)) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_panic_becomes_an_errno() {
        assert_eq!(status::<c_int>(|| panic!("a bug, for the sake of the test")), -1);
        assert_eq!(zmq_errno(), libc::EFAULT);
    }

    #[test]
    fn failures_set_errno() {
        assert_eq!(status::<c_int>(|| Err(Error::Terminated)), -1);
        assert_eq!(zmq_errno(), error::ETERM);
        assert!(pointer::<c_void>(|| Err(Error::TooManyFiles)).is_null());
        assert_eq!(zmq_errno(), libc::EMFILE);
    }

    #[test]
    fn sentences_are_ours_or_the_platforms() {
        assert_eq!(sentence(error::EFSM), "Operation cannot be accomplished in current state");
        assert_eq!(sentence(libc::EINVAL), "Invalid argument");
        assert_eq!(sentence(libc::EHOSTUNREACH), "Host unreachable");
        assert!(!sentence(-1).is_empty());
    }

    #[test]
    fn version_goes_to_whoever_asks() {
        let mut patch = 0;
        // SAFETY: null, null and an integer.
        unsafe { zmq_version(ptr::null_mut(), ptr::null_mut(), &mut patch) };
        assert_eq!(patch, 5);
    }

    #[test]
    fn capabilities_are_known_by_exact_name() {
        // SAFETY: null or C strings.
        let has = |name: &CStr| unsafe { zmq_has(name.as_ptr()) };
        assert_eq!((has(c"ipc"), has(c"curve"), has(c"zeroxide")), (1, 1, 1));
        assert_eq!(has(c"IPC") + has(c"ipc ") + has(c""), 0);
        // SAFETY: null is allowed.
        assert_eq!(unsafe { zmq_has(ptr::null()) }, 0);
    }

    #[test]
    fn sizes_beyond_int_are_cut() {
        assert_eq!(size(7), 7);
        assert_eq!(size(1 << 40), c_int::MAX);
    }
}
