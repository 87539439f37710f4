//! The platform: every libc call of the crate is here, behind a safe function, and all code for
//! certain processors.
//!
//! What this module never does: keep state of a socket or a connection, retry what the caller may
//! want to give up on, or terminate the process.

pub(crate) mod calls;
pub(crate) mod clock;
pub mod crypto;
pub(crate) mod desk;
pub(crate) mod epoll;
pub(crate) mod eventfd;
pub(crate) mod farewell;
pub(crate) mod fence;
pub(crate) mod fork;
pub(crate) mod io;
pub(crate) mod memory;
pub mod nap;
pub(crate) mod net;
pub(crate) mod poll;
pub(crate) mod process;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod thread;

/// Turns the -1 of a C call into the error it left in errno.
fn check<T: PartialEq + From<i8>>(result: T) -> std::io::Result<T> {
    if result == T::from(-1) {
        Err(std::io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Repeats a C call for as long as signals interrupt it.
fn check_uninterrupted<T: PartialEq + From<i8>>(mut call: impl FnMut() -> T) -> std::io::Result<T> {
    loop {
        match check(call()) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => return other,
        }
    }
}
