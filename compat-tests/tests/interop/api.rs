//! A libzmq that is loaded by its path, so that two of them can talk to each other in one process.
//!
//! Only what the conversations need, and only through the C API: nothing here knows which library it is.

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::panic::Location;
use std::path::Path;
use std::time::Duration;

use super::security::Handler;
use compat_tests::during;
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

/// The numbers of `zmq.h`.
pub mod ids {
    use std::ffi::c_int;

    pub const PAIR: c_int = 0;
    pub const PUB: c_int = 1;
    pub const SUB: c_int = 2;
    pub const REQ: c_int = 3;
    pub const REP: c_int = 4;
    pub const DEALER: c_int = 5;
    pub const ROUTER: c_int = 6;
    pub const PULL: c_int = 7;
    pub const PUSH: c_int = 8;
    pub const XPUB: c_int = 9;
    pub const XSUB: c_int = 10;
    pub const STREAM: c_int = 11;

    pub const ROUTING_ID: c_int = 5;
    pub const SUBSCRIBE: c_int = 6;
    pub const UNSUBSCRIBE: c_int = 7;
    pub const EVENTS: c_int = 15;
    pub const LINGER: c_int = 17;
    pub const RECONNECT_IVL: c_int = 18;
    pub const SNDHWM: c_int = 23;
    pub const RCVHWM: c_int = 24;
    pub const RCVTIMEO: c_int = 27;
    pub const SNDTIMEO: c_int = 28;
    pub const LAST_ENDPOINT: c_int = 32;
    pub const ROUTER_MANDATORY: c_int = 33;
    pub const PLAIN_SERVER: c_int = 44;
    pub const PLAIN_USERNAME: c_int = 45;
    pub const PLAIN_PASSWORD: c_int = 46;
    pub const CURVE_SERVER: c_int = 47;
    pub const CURVE_PUBLICKEY: c_int = 48;
    pub const CURVE_SECRETKEY: c_int = 49;
    pub const CURVE_SERVERKEY: c_int = 50;
    pub const CONNECT_ROUTING_ID: c_int = 61;
    pub const HEARTBEAT_IVL: c_int = 75;
    pub const SNDMORE: c_int = 2;
    pub const POLLIN: c_int = 1;
}

/// What comes back from a call that failed.
pub type Result<T> = std::result::Result<T, String>;

/// Calls that have to succeed wait no longer than this.
const LIMIT: Duration = Duration::from_secs(10);

/// The bytes of a `zmq_msg_t`.
#[repr(C, align(8))]
struct Msg([u8; 64]);

macro_rules! functions {
    ($($name:ident: fn($($argument:ty),*) -> $result:ty;)*) => {
        /// The functions of one library.
        pub struct Zmq {
            $($name: unsafe extern "C" fn($($argument),*) -> $result,)*
        }

        impl Zmq {
            fn find(library: &Library) -> std::result::Result<Self, libloading::Error> {
                // SAFETY: these are the types of the functions of these names in zmq.h, and the
                // library is never unloaded.
                unsafe { Ok(Self { $($name: *library.get(stringify!($name).as_bytes())?,)* }) }
            }
        }
    };
}

functions! {
    zmq_errno: fn() -> c_int;
    zmq_strerror: fn(c_int) -> *const c_char;
    zmq_ctx_new: fn() -> *mut c_void;
    zmq_ctx_term: fn(*mut c_void) -> c_int;
    zmq_socket: fn(*mut c_void, c_int) -> *mut c_void;
    zmq_close: fn(*mut c_void) -> c_int;
    zmq_bind: fn(*mut c_void, *const c_char) -> c_int;
    zmq_unbind: fn(*mut c_void, *const c_char) -> c_int;
    zmq_connect: fn(*mut c_void, *const c_char) -> c_int;
    zmq_setsockopt: fn(*mut c_void, c_int, *const c_void, usize) -> c_int;
    zmq_getsockopt: fn(*mut c_void, c_int, *mut c_void, *mut usize) -> c_int;
    zmq_curve_keypair: fn(*mut c_char, *mut c_char) -> c_int;
    zmq_z85_decode: fn(*mut u8, *const c_char) -> *mut u8;
    zmq_send: fn(*mut c_void, *const c_void, usize, c_int) -> c_int;
    zmq_msg_init: fn(*mut Msg) -> c_int;
    zmq_msg_init_size: fn(*mut Msg, usize) -> c_int;
    zmq_msg_send: fn(*mut Msg, *mut c_void, c_int) -> c_int;
    zmq_msg_recv: fn(*mut Msg, *mut c_void, c_int) -> c_int;
    zmq_msg_data: fn(*mut Msg) -> *mut c_void;
    zmq_msg_size: fn(*const Msg) -> usize;
    zmq_msg_more: fn(*const Msg) -> c_int;
    zmq_msg_gets: fn(*const Msg, *const c_char) -> *const c_char;
    zmq_msg_close: fn(*mut Msg) -> c_int;
}

impl Zmq {
    /// Loads a library; it stays loaded.
    pub fn load(file: &Path) -> Result<&'static Self> {
        // SAFETY: a libzmq does nothing when it is loaded.
        let library = unsafe { Library::open(Some(file), RTLD_NOW | RTLD_LOCAL) };
        let library = during(library, file.display())?;
        let found = during(Self::find(&library), file.display())?;
        std::mem::forget(library);
        Ok(Box::leak(Box::new(found)))
    }

    pub fn context(&'static self) -> Context {
        // SAFETY: it takes nothing.
        let handle = unsafe { (self.zmq_ctx_new)() };
        Context { zmq: self, handle, options: Vec::new(), handler: None }
    }

    /// A public key and its secret one, as text with a zero at the end.
    pub fn key_pair(&self) -> Result<[Vec<u8>; 2]> {
        let mut keys = [vec![0; 41], vec![0; 41]];
        let [public, secret] = keys.each_mut().map(|key| key.as_mut_ptr().cast());
        // SAFETY: there is room for 40 characters and zero.
        let result = unsafe { (self.zmq_curve_keypair)(public, secret) };
        self.check("zmq_curve_keypair", result).map(|_| keys)
    }

    /// The bytes of a key, from its text.
    pub fn decode(&self, text: &[u8], key: &mut [u8; 32]) -> Result<()> {
        let text = CStr::from_bytes_with_nul(text).map_err(|error| error.to_string())?;
        if text.count_bytes() != 40 {
            return Err(format!("{text:?} is no key"));
        }
        // SAFETY: 40 characters are 32 bytes.
        let decoded = unsafe { (self.zmq_z85_decode)(key.as_mut_ptr(), text.as_ptr()) };
        self.check("zmq_z85_decode", if decoded.is_null() { -1 } else { 0 }).map(drop)
    }

    /// Where its code lies, by which one library is told from another.
    pub fn place(&self) -> usize {
        self.zmq_ctx_new as usize
    }

    #[track_caller]
    fn check(&self, call: &str, result: c_int) -> Result<c_int> {
        if result != -1 {
            return Ok(result);
        }
        // SAFETY: both take what they give, and the text is a constant of the library or the system.
        let why = unsafe { CStr::from_ptr((self.zmq_strerror)((self.zmq_errno)())) };
        let line = Location::caller().line();
        Err(format!("{call} in line {line}: {}", why.to_string_lossy()))
    }
}

/// A context; terminated when dropped, after its sockets.
pub struct Context {
    zmq: &'static Zmq,
    handle: *mut c_void,
    /// What every socket is set to.
    options: Vec<(c_int, Vec<u8>)>,
    handler: Option<Handler>,
}

// SAFETY: libzmq's contexts may be used by any thread.
unsafe impl Send for Context {}

impl Context {
    /// A socket that waits only so long, keeps everything that is sent, and is closed when dropped.
    pub fn socket(&self, socket_type: c_int) -> Result<Socket> {
        // SAFETY: the context is there.
        let handle = unsafe { (self.zmq.zmq_socket)(self.handle, socket_type) };
        if handle.is_null() {
            self.zmq.check("zmq_socket", -1)?;
        }
        let socket = Socket { zmq: self.zmq, handle, sent: Cell::new(0) };
        let limit = LIMIT.as_millis() as c_int;
        for (option, value) in [
            (ids::RCVTIMEO, limit),
            (ids::SNDTIMEO, limit),
            (ids::LINGER, 0),
            (ids::SNDHWM, 0),
            (ids::RCVHWM, 0),
            (ids::RECONNECT_IVL, 5),
        ] {
            socket.set(option, value)?;
        }
        for (option, value) in &self.options {
            socket.set_bytes(*option, value)?;
        }
        Ok(socket)
    }

    /// From now on, sets every socket to this.
    pub fn set_all(&mut self, options: &[(c_int, &[u8])]) {
        self.options.extend(options.iter().map(|(option, value)| (*option, value.to_vec())));
    }

    /// Has somebody who lives as long as the context.
    pub fn keep(&mut self, handler: Handler) {
        self.handler = Some(handler);
    }

    pub fn library(&self) -> &'static Zmq {
        self.zmq
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        self.handler = None;
        // SAFETY: the context is there, and nobody uses it after this.
        unsafe { (self.zmq.zmq_ctx_term)(self.handle) };
    }
}

/// A part that was received, and the socket type that its sender told.
#[derive(Debug)]
pub struct Part {
    pub body: Vec<u8>,
    pub from: Option<String>,
    more: bool,
}

/// A socket.
pub struct Socket {
    zmq: &'static Zmq,
    handle: *mut c_void,
    /// Counts messages, so that both ways of sending get their share.
    sent: Cell<usize>,
}

// SAFETY: libzmq's sockets may move between threads.
unsafe impl Send for Socket {}

impl Socket {
    pub fn set(&self, option: c_int, value: c_int) -> Result<()> {
        self.set_bytes(option, &value.to_ne_bytes())
    }

    pub fn set_bytes(&self, option: c_int, value: &[u8]) -> Result<()> {
        let data = value.as_ptr().cast();
        // SAFETY: the socket is there, and the value as long as it says.
        let result = unsafe { (self.zmq.zmq_setsockopt)(self.handle, option, data, value.len()) };
        self.zmq.check("zmq_setsockopt", result).map(drop)
    }

    /// What can be done now; as any call, it first takes in what happened meanwhile.
    pub fn events(&self) -> Result<c_int> {
        let (mut events, mut len) = (0, size_of::<c_int>());
        let out = (&raw mut events).cast();
        // SAFETY: the socket is there, and the value has room for an int.
        let result = unsafe { (self.zmq.zmq_getsockopt)(self.handle, ids::EVENTS, out, &mut len) };
        self.zmq.check("zmq_getsockopt", result).map(|_| events)
    }

    /// Binds, and says where that is.
    pub fn bind(&self, address: &str) -> Result<String> {
        self.endpoint("zmq_bind", self.zmq.zmq_bind, address)?;
        let mut text = [0u8; 256];
        let mut len = text.len();
        let out = text.as_mut_ptr().cast();
        // SAFETY: the socket is there, and the buffer as long as it says.
        let result =
            unsafe { (self.zmq.zmq_getsockopt)(self.handle, ids::LAST_ENDPOINT, out, &mut len) };
        self.zmq.check("zmq_getsockopt", result)?;
        Ok(String::from_utf8_lossy(&text[..len - 1]).into_owned())
    }

    pub fn unbind(&self, address: &str) -> Result<()> {
        self.endpoint("zmq_unbind", self.zmq.zmq_unbind, address)
    }

    pub fn connect(&self, address: &str) -> Result<()> {
        self.endpoint("zmq_connect", self.zmq.zmq_connect, address)
    }

    fn endpoint(
        &self,
        call: &str,
        function: unsafe extern "C" fn(*mut c_void, *const c_char) -> c_int,
        address: &str,
    ) -> Result<()> {
        let text = CString::new(address).map_err(|error| error.to_string())?;
        // SAFETY: the socket is there, and the text ends with a zero.
        let result = unsafe { function(self.handle, text.as_ptr()) };
        self.zmq.check(call, result).map(drop)
    }

    /// Sends a message: every other one as bytes, the others as `zmq_msg_t`.
    #[track_caller]
    pub fn send<T: AsRef<[u8]>>(&self, parts: &[T]) -> Result<()> {
        let number = self.sent.replace(self.sent.get() + 1);
        for (index, part) in parts.iter().map(AsRef::as_ref).enumerate() {
            let flags = if index + 1 < parts.len() { ids::SNDMORE } else { 0 };
            match number % 2 {
                0 => self.send_bytes(part, flags)?,
                _ => self.send_msg(part, flags)?,
            }
        }
        Ok(())
    }

    #[track_caller]
    fn send_bytes(&self, body: &[u8], flags: c_int) -> Result<()> {
        let data = body.as_ptr().cast();
        // SAFETY: the socket is there, and the body as long as it says.
        let result = unsafe { (self.zmq.zmq_send)(self.handle, data, body.len(), flags) };
        self.zmq.check("zmq_send", result).map(drop)
    }

    #[track_caller]
    fn send_msg(&self, body: &[u8], flags: c_int) -> Result<()> {
        let mut msg = Msg([0; 64]);
        // SAFETY: the message is made before it is used, has room for the body, and is closed if
        // the socket did not take it.
        unsafe {
            self.zmq.check("zmq_msg_init", (self.zmq.zmq_msg_init_size)(&mut msg, body.len()))?;
            let data: *mut u8 = (self.zmq.zmq_msg_data)(&mut msg).cast();
            data.copy_from_nonoverlapping(body.as_ptr(), body.len());
            let result = (self.zmq.zmq_msg_send)(&mut msg, self.handle, flags);
            if result == -1 {
                (self.zmq.zmq_msg_close)(&mut msg);
            }
            self.zmq.check("zmq_msg_send", result).map(drop)
        }
    }

    /// Receives a message.
    #[track_caller]
    pub fn recv(&self) -> Result<Vec<Vec<u8>>> {
        Ok(self.recv_parts()?.into_iter().map(|part| part.body).collect())
    }

    /// Receives a message, and what is known of its sender.
    #[track_caller]
    pub fn recv_parts(&self) -> Result<Vec<Part>> {
        let mut parts = vec![self.recv_part()?];
        while parts.last().is_some_and(|part| part.more) {
            parts.push(self.recv_part()?);
        }
        Ok(parts)
    }

    #[track_caller]
    fn recv_part(&self) -> Result<Part> {
        let mut msg = Msg([0; 64]);
        // SAFETY: the message is made before it is used and closed after that; its bytes and its
        // property are copied before.
        unsafe {
            (self.zmq.zmq_msg_init)(&mut msg);
            let result = (self.zmq.zmq_msg_recv)(&mut msg, self.handle, 0);
            self.zmq.check("zmq_msg_recv", result)?;
            let data: *const u8 = (self.zmq.zmq_msg_data)(&mut msg).cast();
            let body = match (self.zmq.zmq_msg_size)(&msg) {
                0 => Vec::new(),
                size => std::slice::from_raw_parts(data, size).to_vec(),
            };
            let from = (self.zmq.zmq_msg_gets)(&msg, c"Socket-Type".as_ptr());
            let from = (!from.is_null()).then(|| CStr::from_ptr(from).to_string_lossy().into());
            let more = (self.zmq.zmq_msg_more)(&msg) != 0;
            (self.zmq.zmq_msg_close)(&mut msg);
            Ok(Part { body, from, more })
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // SAFETY: the socket is there, and nobody uses it after this.
        unsafe { (self.zmq.zmq_close)(self.handle) };
    }
}
