//! Sockets, by handle: options, endpoints, sending and receiving.

use crate::constants::{ZMQ_DONTWAIT, ZMQ_SNDMORE};
use crate::ctx;
use crate::handles::{self, kind, Table};
use crate::msg::{live, zmq_msg_t};
use crate::reserve;
use crate::util::{
    blocking, input, output, pointer, seldom_blocking, size, status, text, uncancelled, Attempt,
    Uncancelled,
};
use libc::iovec;
use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::{mem, ptr};
use zeroxide::internal::error::{Error, Result};
use zeroxide::internal::link::{Frame, Sink, Taken};
use zeroxide::internal::message::{Block, Message};
use zeroxide::internal::socket::{Core, RawSocket};
use zeroxide::internal::sys::nap::Nap;

static SOCKETS: Table<RawSocket, { kind::SOCKET }> = Table::empty();

pub type Held = handles::Held<'static>;

/// While the caller keeps this, nobody opens or closes a socket.
pub fn hold() -> Held {
    SOCKETS.hold()
}

/// Makes a socket of a context.
#[no_mangle]
pub extern "C-unwind" fn zmq_socket(context_: *mut c_void, type_: c_int) -> *mut c_void {
    pointer(|| {
        let _state = Uncancelled::begin();
        let context = ctx::fetch(context_)?;
        reserve::check()?;
        SOCKETS.insert_with(|place| place.open(&context, type_))
    })
}

/// Closes a socket; what it has to send is sent in the background.
#[no_mangle]
pub extern "C-unwind" fn zmq_close(s_: *mut c_void) -> c_int {
    uncancelled(|| SOCKETS.release(s_).ok_or(Error::NotSocket)?.close().map(|()| 0))
}

/// Sets an option of a socket.
///
/// # Safety
/// `optval_` is null or has `optvallen_` bytes.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_setsockopt(
    s_: *mut c_void,
    option_: c_int,
    optval_: *const c_void,
    optvallen_: usize,
) -> c_int {
    status(|| {
        let socket = find(s_)?;
        if optval_.is_null() {
            return match optvallen_ {
                0 => socket.with(|core| core.clear_option(option_)).map(|()| 0),
                _ => Err(Error::Invalid),
            };
        }
        // SAFETY: null with a length is refused. The program's bytes are only borrowed until this
        // call returns: an option keeps a copy.
        let value = unsafe { input(optval_, optvallen_)? };
        reserve::check()?;
        socket.with(|core| core.set_option(option_, value)).map(|()| 0)
    })
}

/// Returns an option of a socket, and its size.
///
/// # Safety
/// `optvallen_` is null or may be written to, and `optval_` has room for so many bytes.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_getsockopt(
    s_: *mut c_void,
    option_: c_int,
    optval_: *mut c_void,
    optvallen_: *mut usize,
) -> c_int {
    status(|| {
        let socket = find(s_)?;
        // SAFETY: null is refused; else it is an integer of the program's, borrowed until this call
        // returns.
        let size = unsafe { optvallen_.as_mut() }.ok_or(Error::Fault)?;
        // SAFETY: null with a size is refused; else the program has room for so many bytes, which
        // are borrowed until this call returns.
        let value = unsafe { output(optval_, *size)? };
        *size = socket.with(|core| core.option(option_, value))?;
        Ok(0)
    })
}

/// Accepts connections at an address.
///
/// # Safety
/// `addr_` is null or a C string.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_bind(s_: *mut c_void, addr_: *const c_char) -> c_int {
    uncancelled(|| {
        // SAFETY: `with_address` takes null or a C string, as this function does, and keeps no
        // reference to it.
        unsafe {
            with_address(s_, addr_, |core, address| {
                reserve::check().and_then(|()| core.bind(address))
            })
        }
    })
}

/// Connects to an address, now or when somebody listens there.
///
/// # Safety
/// `addr_` is null or a C string.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_connect(s_: *mut c_void, addr_: *const c_char) -> c_int {
    uncancelled(|| {
        // SAFETY: `with_address` takes null or a C string, as this function does, and keeps no
        // reference to it.
        unsafe {
            with_address(s_, addr_, |core, address| {
                reserve::check().and_then(|()| core.connect(address))
            })
        }
    })
}

/// Stops to accept connections at an address.
///
/// # Safety
/// `addr_` is null or a C string.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_unbind(s_: *mut c_void, addr_: *const c_char) -> c_int {
    uncancelled(|| {
        // SAFETY: `with_address` takes null or a C string, as this function does, and keeps no
        // reference to it.
        unsafe { with_address(s_, addr_, Core::end_endpoint) }
    })
}

/// Ends the connection to an address.
///
/// # Safety
/// `addr_` is null or a C string.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_disconnect(s_: *mut c_void, addr_: *const c_char) -> c_int {
    uncancelled(|| {
        // SAFETY: `with_address` takes null or a C string, as this function does, and keeps no
        // reference to it.
        unsafe { with_address(s_, addr_, Core::end_endpoint) }
    })
}

/// Sends a copy of a buffer as a message part.
///
/// # Safety
/// `buf_` is null or has `len_` bytes.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_send(
    s_: *mut c_void,
    buf_: *const c_void,
    len_: usize,
    flags_: c_int,
) -> c_int {
    // SAFETY: the program lends the bytes, or null, until this function returns. No copy of the
    // attempt outlives it.
    seldom_blocking(unsafe { BufferCall::<true>::new(s_, buf_.cast_mut(), len_, flags_) })
}

/// Sends a buffer that stays as it is for ever, without a copy.
///
/// # Safety
/// `buf_` is null or has `len_` bytes. They never change.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_send_const(
    s_: *mut c_void,
    buf_: *const c_void,
    len_: usize,
    flags_: c_int,
) -> c_int {
    blocking(move |nap: &mut Nap| {
        // SAFETY: the program's bytes never change, which is what `send_const` asks, since the
        // message may outlive this call.
        unsafe { send_const(find(s_)?, buf_, len_, flags_, nap) }
    })
}

/// Receives a message part into a buffer; what is beyond its size is lost.
///
/// # Safety
/// `buf_` is null or has room for `len_` bytes.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_recv(
    s_: *mut c_void,
    buf_: *mut c_void,
    len_: usize,
    flags_: c_int,
) -> c_int {
    // SAFETY: the program lends the room, or null, until this function returns. No copy of the
    // attempt outlives it.
    seldom_blocking(unsafe { BufferCall::<false>::new(s_, buf_, len_, flags_) })
}

/// Reports events of a socket's connections through a PAIR socket at an inproc address.
///
/// # Safety
/// `addr_` is null or a C string.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_socket_monitor(
    s_: *mut c_void,
    addr_: *const c_char,
    events_: c_int,
) -> c_int {
    uncancelled(|| {
        let socket = find(s_)?;
        // SAFETY: it is not null here, so it is a C string, borrowed until this call returns.
        let address = (!addr_.is_null()).then(|| unsafe { text(addr_) }).transpose()?;
        reserve::check()?;
        socket.with(|core| core.monitor(address, events_)).map(|()| 0)
    })
}

/// Sends a message part, which is empty afterwards.
///
/// # Safety
/// `msg_` is null or points to a `zmq_msg_t`.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_send(
    msg_: *mut zmq_msg_t,
    s_: *mut c_void,
    flags_: c_int,
) -> c_int {
    // SAFETY: null or a `zmq_msg_t` that the program leaves alone until this function returns. No
    // copy of the attempt outlives it.
    seldom_blocking(unsafe { MessageCall::<true>::new(s_, msg_, flags_) })
}

/// Receives a message part in place of what the message was.
///
/// # Safety
/// `msg_` is null or points to a `zmq_msg_t`.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_msg_recv(
    msg_: *mut zmq_msg_t,
    s_: *mut c_void,
    flags_: c_int,
) -> c_int {
    // SAFETY: null or a `zmq_msg_t` that the program leaves alone until this function returns. No
    // copy of the attempt outlives it.
    seldom_blocking(unsafe { MessageCall::<false>::new(s_, msg_, flags_) })
}

/// Old form of `zmq_msg_send`.
///
/// # Safety
/// As `zmq_msg_send`.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_sendmsg(
    s_: *mut c_void,
    msg_: *mut zmq_msg_t,
    flags_: c_int,
) -> c_int {
    // SAFETY: `zmq_msg_send` asks of the message just what this function does.
    unsafe { zmq_msg_send(msg_, s_, flags_) }
}

/// Old form of `zmq_msg_recv`.
///
/// # Safety
/// As `zmq_msg_recv`.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_recvmsg(
    s_: *mut c_void,
    msg_: *mut zmq_msg_t,
    flags_: c_int,
) -> c_int {
    // SAFETY: `zmq_msg_recv` asks of the message just what this function does.
    unsafe { zmq_msg_recv(msg_, s_, flags_) }
}

/// Old: sends several buffers, with `ZMQ_SNDMORE` as the parts of one message.
///
/// # Safety
/// `iov_` is null or has `count_` entries that are valid.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_sendiov(
    s_: *mut c_void,
    iov_: *mut iovec,
    count_: usize,
    flags_: c_int,
) -> c_int {
    let next = Cell::new(0);
    blocking(|nap: &mut Nap| {
        let socket = find(s_)?;
        if iov_.is_null() || count_ == 0 {
            return Err(Error::Invalid);
        }
        loop {
            let index = next.get();
            let is_last = index + 1 == count_;
            let flags = if is_last { flags_ & !ZMQ_SNDMORE } else { flags_ };
            // SAFETY: the array is not null, and the index is below its number of entries: the loop
            // ends at the last.
            let part = unsafe { &*iov_.add(index) };
            // SAFETY: a valid entry names so many bytes, or null, and they are borrowed for this
            // part only.
            let sent = unsafe { send_bytes(socket, part.iov_base, part.iov_len, flags, nap)? };
            if is_last || nap.is_due() {
                return Ok(sent);
            }
            next.set(index + 1);
        }
    })
}

/// Old: receives the parts of a message into buffers that the caller is to `free`.
///
/// # Safety
/// `count_` is null or may be written to, and `iov_` has room for so many entries.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_recviov(
    s_: *mut c_void,
    iov_: *mut iovec,
    count_: *mut usize,
    flags_: c_int,
) -> c_int {
    let room = Cell::new(0);
    blocking(|nap: &mut Nap| {
        let socket = find(s_)?;
        // SAFETY: null is refused; else it is an integer of the program's, borrowed for this
        // attempt only.
        let count = unsafe { count_.as_mut() }.ok_or(Error::Invalid)?;
        if room.get() == 0 {
            if iov_.is_null() || *count == 0 {
                return Err(Error::Invalid);
            }
            room.set(mem::take(count));
        }
        while *count < room.get() {
            let mut part = Message::new();
            let taken = recv(socket, &mut Sink::Message(&mut part), flags_, nap)?;
            if nap.is_due() {
                break;
            }
            // SAFETY: there is room for so many entries, as the caller promises.
            unsafe { iov_.add(*count).write(allocated(&part)?) };
            *count += 1;
            if !taken.more() {
                break;
            }
        }
        Ok(size(*count))
    })
}

/// The socket behind a handle; or the place where it was, should another thread close it meanwhile.
#[inline]
pub fn find(socket: *const c_void) -> Result<&'static RawSocket> {
    SOCKETS.get(socket).ok_or(Error::NotSocket)
}

/// # Safety
/// `address` is null or a C string.
unsafe fn with_address(
    socket: *const c_void,
    address: *const c_char,
    act: fn(&mut Core, &str) -> Result<()>,
) -> Result<c_int> {
    let socket = find(socket)?;
    // SAFETY: null is refused; else it is a C string, and the text is borrowed until this function
    // returns.
    let address = unsafe { text(address)? };
    socket.with(|core| act(core, address)).map(|()| 0)
}

/// # Safety
/// `data` is null or has `len` bytes.
unsafe fn send_bytes(
    socket: &RawSocket,
    data: *const c_void,
    len: usize,
    flags: c_int,
    nap: &mut Nap,
) -> Result<c_int> {
    // SAFETY: null with a length is refused. The bytes are borrowed until `send` returns, which has
    // copied them if the message still waits.
    let bytes = unsafe { input(data, len)? };
    send(socket, Frame::bytes(bytes, more(flags)), flags, nap)?;
    Ok(size(len))
}

/// # Safety
/// `data` is null or has `len` bytes that never change.
unsafe fn send_const(
    socket: &RawSocket,
    data: *const c_void,
    len: usize,
    flags: c_int,
    nap: &mut Nap,
) -> Result<c_int> {
    if data.is_null() || len <= Message::INLINE {
        // SAFETY: null, or bytes that never change: so they stay for as long as `send_bytes`
        // borrows them.
        return unsafe { send_bytes(socket, data, len, flags, nap) };
    }
    // SAFETY: the bytes are there for ever, and nobody writes to a message that was sent.
    let block = unsafe { Block::from_raw_parts(data.cast_mut(), len, None, ptr::null_mut())? };
    let frame = Frame::owned(Message::from_block(block, 0, len), more(flags));
    send(socket, frame, flags, nap)?;
    Ok(size(len))
}

/// The arguments of `zmq_send` or `zmq_recv`.
#[derive(Clone, Copy)]
struct BufferCall<const SENDS: bool> {
    socket: *const c_void,
    data: *mut c_void,
    len: usize,
    flags: c_int,
}

impl<const SENDS: bool> BufferCall<SENDS> {
    /// # Safety
    /// For as long as there is a copy of it, `data` is null or has `len` bytes; for `recv`, they
    /// may be written to.
    #[inline(always)]
    unsafe fn new(socket: *const c_void, data: *mut c_void, len: usize, flags: c_int) -> Self {
        Self { socket, data, len, flags }
    }
}

impl Attempt for BufferCall<true> {
    fn is_impatient(self) -> bool {
        is_impatient(self.flags)
    }

    #[inline(always)]
    fn at_once(self) -> Result<c_int> {
        let socket = find(self.socket)?;
        // SAFETY: `new` was given null or bytes that stay for as long as there is a copy of this
        // attempt, and the borrow ends before `self` does.
        let bytes = unsafe { input(self.data, self.len)? };
        socket.send_at_once(&mut Frame::bytes(bytes, more(self.flags)))?;
        Ok(size(self.len))
    }

    fn run(self, nap: &mut Nap) -> Result<c_int> {
        // SAFETY: `new` was given null or bytes that stay for as long as there is a copy of this
        // attempt.
        unsafe { send_bytes(find(self.socket)?, self.data, self.len, self.flags, nap) }
    }
}

impl Attempt for BufferCall<false> {
    fn is_impatient(self) -> bool {
        is_impatient(self.flags)
    }

    #[inline(always)]
    fn at_once(self) -> Result<c_int> {
        let socket = find(self.socket)?;
        // SAFETY: `new` was given null or room that stays for as long as there is a copy of this
        // attempt, and the borrow ends before `self` does.
        let buffer = unsafe { output(self.data, self.len)? };
        Ok(size(socket.recv_at_once(&mut Sink::Buffer(buffer))?.len()))
    }

    fn run(self, nap: &mut Nap) -> Result<c_int> {
        let socket = find(self.socket)?;
        // SAFETY: `new` was given null or room that stays for as long as there is a copy of this
        // attempt, and the borrow ends before `self` does.
        let buffer = unsafe { output(self.data, self.len)? };
        let taken = recv(socket, &mut Sink::Buffer(buffer), self.flags, nap)?;
        Ok(size(taken.len()))
    }
}

/// The arguments of `zmq_msg_send` or `zmq_msg_recv`.
#[derive(Clone, Copy)]
struct MessageCall<const SENDS: bool> {
    socket: *const c_void,
    message: *mut zmq_msg_t,
    flags: c_int,
}

impl<const SENDS: bool> MessageCall<SENDS> {
    /// # Safety
    /// For as long as there is a copy of it, `message` is null or points to a `zmq_msg_t`.
    #[inline(always)]
    unsafe fn new(socket: *const c_void, message: *mut zmq_msg_t, flags: c_int) -> Self {
        Self { socket, message, flags }
    }
}

impl Attempt for MessageCall<true> {
    fn is_impatient(self) -> bool {
        is_impatient(self.flags)
    }

    #[inline(always)]
    fn at_once(self) -> Result<c_int> {
        let socket = find(self.socket)?;
        // SAFETY: `new` was given null or a `zmq_msg_t` that stays for as long as there is a copy
        // of this attempt. One attempt runs at a time, so this is the only reference.
        let message = unsafe { live(self.message)? };
        let len = message.len();
        socket.send_at_once(&mut Frame::message(message, more(self.flags)))?;
        Ok(size(len))
    }

    fn run(self, nap: &mut Nap) -> Result<c_int> {
        let socket = find(self.socket)?;
        // SAFETY: `new` was given null or a `zmq_msg_t` that stays for as long as there is a copy
        // of this attempt. One attempt runs at a time, so this is the only reference.
        let message = unsafe { live(self.message)? };
        let len = message.len();
        send(socket, Frame::message(message, more(self.flags)), self.flags, nap)?;
        Ok(size(len))
    }
}

impl Attempt for MessageCall<false> {
    fn is_impatient(self) -> bool {
        is_impatient(self.flags)
    }

    #[inline(always)]
    fn at_once(self) -> Result<c_int> {
        let socket = find(self.socket)?;
        // SAFETY: `new` was given null or a `zmq_msg_t` that stays for as long as there is a copy
        // of this attempt. One attempt runs at a time, so this is the only reference.
        let message = unsafe { live(self.message)? };
        Ok(size(socket.recv_at_once(&mut Sink::Message(message))?.len()))
    }

    fn run(self, nap: &mut Nap) -> Result<c_int> {
        let socket = find(self.socket)?;
        // SAFETY: `new` was given null or a `zmq_msg_t` that stays for as long as there is a copy
        // of this attempt. One attempt runs at a time, so this is the only reference.
        let message = unsafe { live(self.message)? };
        let taken = recv(socket, &mut Sink::Message(message), self.flags, nap)?;
        Ok(size(taken.len()))
    }
}

fn send(socket: &RawSocket, mut frame: Frame<'_>, flags: c_int, nap: &mut Nap) -> Result<()> {
    socket.with(|core| core.send_or_nap(&mut frame, is_impatient(flags), nap))
}

fn recv(socket: &RawSocket, sink: &mut Sink<'_>, flags: c_int, nap: &mut Nap) -> Result<Taken> {
    socket.with(|core| core.recv_or_nap(sink, is_impatient(flags), nap))
}

fn is_impatient(flags: c_int) -> bool {
    flags & ZMQ_DONTWAIT != 0
}

#[inline]
fn more(flags: c_int) -> bool {
    flags & ZMQ_SNDMORE != 0
}

/// A copy that the C program is to `free`.
fn allocated(bytes: &[u8]) -> Result<iovec> {
    // SAFETY: any size may be asked for; one byte at least, so that null means there is no memory.
    let copy = unsafe { libc::malloc(bytes.len().max(1)) };
    if copy.is_null() {
        return Err(Error::NoMemory);
    }
    // SAFETY: it is new, and of that size.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), copy.cast(), bytes.len()) };
    Ok(iovec { iov_base: copy, iov_len: bytes.len() })
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod free_tests;

#[cfg(test)]
mod shared_tests;
