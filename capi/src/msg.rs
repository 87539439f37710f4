//! `zmq_msg_*`: messages that live in the memory of the C program.
//!
//! A `zmq_msg_t` holds a [`Message`] from `zmq_msg_init` to `zmq_msg_close`. Whether it does can be
//! told by the message's tag; a call on anything else fails with EFAULT.

use crate::constants::{ZMQ_MORE, ZMQ_SHARED, ZMQ_SRCFD};
use crate::util::{bytes, catch, fail, pointer, status};
use std::ffi::{c_char, c_int, c_uchar, c_void};
use std::mem::{align_of, size_of};
use std::ptr;
use zeroxide::internal::error::{Error, Result};
use zeroxide::internal::message::{Block, Message};

/// A message part. What it holds is the library's affair.
///
/// cbindgen:field-names=[_]
#[repr(C, align(8))]
pub struct zmq_msg_t {
    pub content: [c_uchar; 64],
}

const _: () = assert!(size_of::<zmq_msg_t>() == size_of::<Message>());
const _: () = assert!(align_of::<zmq_msg_t>() == align_of::<Message>());

/// Makes an empty message.
///
/// # Safety
/// `msg_` is null or has room for a message, and does not hold one.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_init(msg_: *mut zmq_msg_t) -> c_int {
    // SAFETY: as the caller promises.
    status(|| unsafe { init(msg_, || Ok(Message::new())) })
}

/// Makes a message of `size_` bytes, to be written through `zmq_msg_data`.
///
/// # Safety
/// As `zmq_msg_init`; the bytes are written before anybody reads them.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_init_size(msg_: *mut zmq_msg_t, size_: usize) -> c_int {
    status(|| {
        if size_ > Message::INLINE {
            // SAFETY: as the caller promises.
            return unsafe { init(msg_, || with_size(size_)) };
        }
        // SAFETY: as the caller promises; from there on it is a message.
        unsafe {
            init(msg_, || Ok(Message::new()))?;
            live(msg_)?.set_small_size(size_);
        }
        Ok(0)
    })
}

/// Makes a message of the program's own memory; `ffn_` frees it when the library is done.
///
/// # Safety
/// As `zmq_msg_init`; `data_` has `size_` bytes until `ffn_` is called, for ever if it is null, and
/// `ffn_` may be called on any thread.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_init_data(
    msg_: *mut zmq_msg_t,
    data_: *mut c_void,
    size_: usize,
    ffn_: Option<unsafe extern "C" fn(data_: *mut c_void, hint_: *mut c_void)>,
    hint_: *mut c_void,
) -> c_int {
    let make = || {
        // SAFETY: as the caller promises.
        let block = unsafe { Block::from_raw_parts(data_, size_, ffn_, hint_)? };
        Ok(Message::from_block(block, 0, size_))
    };
    // SAFETY: as the caller promises.
    status(|| unsafe { init(msg_, make) })
}

/// Ends a message, and frees its memory unless others share it.
///
/// # Safety
/// `msg_` is null or points to a `zmq_msg_t`.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_close(msg_: *mut zmq_msg_t) -> c_int {
    // SAFETY: as the caller promises.
    status(|| unsafe { close(msg_) })
}

/// Moves a message from `src_`, which is empty afterwards, to `dest_`, whose own message ends.
///
/// # Safety
/// Each is null or points to a `zmq_msg_t`.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_move(dest_: *mut zmq_msg_t, src_: *mut zmq_msg_t) -> c_int {
    status(|| {
        // SAFETY: as the caller promises; the first of the two references has ended when the
        // second one begins, since both may be the same.
        unsafe {
            live(src_)?;
            live(dest_)?;
            let message = std::mem::take(live(src_)?);
            *live(dest_)? = message;
        }
        Ok(0)
    })
}

/// Copies a message: both share their memory from here on.
///
/// # Safety
/// Each is null or points to a `zmq_msg_t`.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_copy(dest_: *mut zmq_msg_t, src_: *mut zmq_msg_t) -> c_int {
    status(|| {
        // SAFETY: as the caller promises; the reference to the source has ended by the next line.
        let copy = unsafe { live(src_)? }.clone();
        // SAFETY: as the caller promises.
        *unsafe { live(dest_)? } = copy;
        Ok(0)
    })
}

/// Where the bytes of a message are.
///
/// # Safety
/// `msg_` is null or points to a `zmq_msg_t`.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_data(msg_: *mut zmq_msg_t) -> *mut c_void {
    // SAFETY: as the caller promises.
    pointer(|| Ok(unsafe { live(msg_)? }.data_ptr().cast()))
}

/// How many bytes a message has.
///
/// # Safety
/// `msg_` is null or points to a `zmq_msg_t`.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_size(msg_: *const zmq_msg_t) -> usize {
    // SAFETY: as the caller promises.
    catch(0, || match unsafe { peek(msg_) } {
        Ok(message) => message.len(),
        Err(error) => fail(error, 0),
    })
}

/// 1 if more parts of the same message follow, else 0.
///
/// # Safety
/// `msg_` is null or points to a `zmq_msg_t`.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_more(msg_: *const zmq_msg_t) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { zmq_msg_get(msg_, ZMQ_MORE) }
}

/// A property of a message: `ZMQ_MORE`, `ZMQ_SHARED` or `ZMQ_SRCFD`.
///
/// # Safety
/// `msg_` is null or points to a `zmq_msg_t`.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_get(msg_: *const zmq_msg_t, property_: c_int) -> c_int {
    status(|| {
        // SAFETY: as the caller promises.
        let message = unsafe { peek(msg_)? };
        match property_ {
            ZMQ_MORE => Ok(message.more().into()),
            ZMQ_SHARED => Ok(message.is_shared().into()),
            ZMQ_SRCFD => message.metadata().and_then(|peer| peer.fd()).ok_or(Error::Invalid),
            _ => Err(Error::Invalid),
        }
    })
}

/// Sets a property of a message; there is none that can be set.
#[no_mangle]
#[expect(unused_variables)]
pub extern "C-unwind" fn zmq_msg_set(
    msg_: *mut zmq_msg_t,
    property_: c_int,
    optval_: c_int,
) -> c_int {
    status(|| Err(Error::Invalid))
}

/// A named property of the peer that sent the message. It lives as long as the message.
///
/// # Safety
/// `msg_` is null or points to a `zmq_msg_t`; `property_` is null or a C string.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_gets(
    msg_: *const zmq_msg_t,
    property_: *const c_char,
) -> *const c_char {
    pointer(|| {
        // SAFETY: as the caller promises.
        let (message, name) = unsafe { (peek(msg_)?, bytes(property_)?) };
        let name = std::str::from_utf8(name).map_err(|_| Error::Invalid)?;
        let value = message.metadata().and_then(|peer| peer.get_c(name)).ok_or(Error::Invalid)?;
        Ok(value.as_ptr().cast_mut())
    })
}

/// The live message in a `zmq_msg_t`, to be changed.
///
/// # Safety
/// `msg` is null or points to a `zmq_msg_t`, and there is no other reference to it for `'a`.
pub unsafe fn live<'a>(msg: *mut zmq_msg_t) -> Result<&'a mut Message> {
    // SAFETY: as the caller promises.
    unsafe { peek(msg)? };
    // SAFETY: `peek` found a message there; nobody else refers to it.
    Ok(unsafe { &mut *msg.cast::<Message>() })
}

/// The live message in a `zmq_msg_t`, to be read.
///
/// # Safety
/// `msg` is null or points to a `zmq_msg_t` that nobody changes for `'a`.
pub unsafe fn peek<'a>(msg: *const zmq_msg_t) -> Result<&'a Message> {
    let message = place(msg.cast_mut())?;
    // SAFETY: the tag lies within the `zmq_msg_t`, and is aligned as the message is.
    let tag = unsafe { message.byte_add(Message::TAG_OFFSET).cast::<u32>().read() };
    if tag != Message::TAG {
        return Err(Error::Fault);
    }
    // SAFETY: only a message of ours has that tag, from `init` to `close`.
    Ok(unsafe { &*message })
}

/// Where the message of a `zmq_msg_t` is or will be, unless nothing can be there.
fn place(msg: *mut zmq_msg_t) -> Result<*mut Message> {
    let message = msg.cast::<Message>();
    if message.is_null() || !message.is_aligned() {
        return Err(Error::Fault);
    }
    Ok(message)
}

/// # Safety
/// `msg` is null or has room for a message, and does not hold one.
pub unsafe fn init(msg: *mut zmq_msg_t, make: impl FnOnce() -> Result<Message>) -> Result<c_int> {
    let message = place(msg)?;
    // SAFETY: there is room.
    unsafe { message.write(make()?) };
    Ok(0)
}

fn with_size(size: usize) -> Result<Message> {
    // SAFETY: `zmq_msg_init_size` asks the program to write the bytes before they are read.
    let block = unsafe { Block::uninit(size)? };
    Ok(Message::from_block(block, 0, size))
}

/// # Safety
/// `msg` is null or points to a `zmq_msg_t`.
unsafe fn close(msg: *mut zmq_msg_t) -> Result<c_int> {
    // SAFETY: as the caller promises.
    let message = ptr::from_mut(unsafe { live(msg)? });
    // SAFETY: it is a message up to here, and none from here on. Nobody is told of its end.
    unsafe {
        if !(*message).is_lent() {
            message.byte_add(Message::TAG_OFFSET).cast::<u32>().write(0);
            ptr::drop_in_place(message);
            return Ok(0);
        }
    }
    // SAFETY: the message is moved out of there, and its tag with it, before anybody is told: the
    // program's free function may look at `msg` again.
    let message = unsafe {
        let moved = message.read();
        message.byte_add(Message::TAG_OFFSET).cast::<u32>().write(0);
        moved
    };
    drop(message);
    Ok(0)
}

#[cfg(test)]
mod tests;
