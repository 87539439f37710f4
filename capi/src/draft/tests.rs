//! The DRAFT socket types through the C functions.

use super::constants::*;
use super::ctx::*;
use super::msg::*;
use super::socket::*;
use crate::ctx::{zmq_ctx_new, zmq_ctx_term};
use crate::msg::*;
use crate::socket::*;
use crate::util::zmq_errno;
use std::ffi::{c_int, c_void, CStr, CString};
use std::mem::MaybeUninit;
use std::ptr;
use zeroxide::internal::options::ids;

const TRANSPORTS: [&str; 2] = ["inproc://draft", "tcp://127.0.0.1:*"];

/// A context, a socket that is bound, and one that is connected to it.
struct Pair {
    context: *mut c_void,
    bound: *mut c_void,
    connected: *mut c_void,
    address: CString,
}

impl Pair {
    fn new(types: [c_int; 2], address: &str) -> Self {
        let context = zmq_ctx_new();
        let [bound, connected] = types.map(|kind| {
            let socket = zmq_socket(context, kind);
            assert!(!socket.is_null());
            for (option, value) in [(ids::LINGER, 0), (ids::RCVTIMEO, 5000)] {
                let value: c_int = value;
                let at = (&raw const value).cast();
                // SAFETY: an int and its size.
                assert_eq!(unsafe { zmq_setsockopt(socket, option, at, 4) }, 0);
            }
            socket
        });
        let address = CString::new(address).unwrap();
        let (mut last, mut len) = ([0u8; 256], 256);
        // SAFETY: a C string, and a buffer with its size.
        unsafe {
            assert_eq!(zmq_bind(bound, address.as_ptr()), 0);
            let at = last.as_mut_ptr().cast();
            assert_eq!(zmq_getsockopt(bound, ids::LAST_ENDPOINT, at, &mut len), 0);
        }
        let address = CStr::from_bytes_until_nul(&last[..len]).unwrap().to_owned();
        Self { context, bound, connected, address }
    }

    fn connect(&self) {
        // SAFETY: a C string.
        assert_eq!(unsafe { zmq_connect(self.connected, self.address.as_ptr()) }, 0);
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for socket in [self.connected, self.bound] {
            assert_eq!(zmq_close(socket), 0);
        }
        assert_eq!(zmq_ctx_term(self.context), 0);
    }
}

fn message(text: &str) -> zmq_msg_t {
    let mut msg = MaybeUninit::<zmq_msg_t>::uninit();
    // SAFETY: there is room for a message, and a buffer with its size.
    unsafe {
        let buffer = text.as_ptr().cast();
        assert_eq!(zmq_msg_init_buffer(msg.as_mut_ptr(), buffer, text.len()), 0);
        msg.assume_init()
    }
}

fn send(socket: *mut c_void, mut message: zmq_msg_t, flags: c_int) -> c_int {
    // SAFETY: a message.
    let sent = unsafe { zmq_msg_send(&mut message, socket, flags) };
    if sent < 0 {
        // SAFETY: it is a message still.
        assert_eq!(unsafe { zmq_msg_close(&mut message) }, 0);
    }
    sent
}

/// Receives a message: its text, its routing id and its group.
fn recv(socket: *mut c_void) -> (String, u32, String) {
    let mut msg = message("");
    // SAFETY: a message, until it is closed; its group lives as long.
    unsafe {
        let len = zmq_msg_recv(&mut msg, socket, 0);
        assert!(len >= 0, "errno {}", zmq_errno());
        let bytes = std::slice::from_raw_parts(zmq_msg_data(&mut msg).cast::<u8>(), len as usize);
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let group = CStr::from_ptr(zmq_msg_group(&mut msg)).to_str().unwrap().to_owned();
        let received = (text, zmq_msg_routing_id(&mut msg), group);
        assert_eq!(zmq_msg_close(&mut msg), 0);
        received
    }
}

fn thread_safe(socket: *mut c_void) -> c_int {
    let (mut value, mut len) = (-1, size_of::<c_int>());
    let at = (&raw mut value).cast();
    // SAFETY: an int and its size.
    assert_eq!(unsafe { zmq_getsockopt(socket, ids::THREAD_SAFE, at, &mut len) }, 0);
    value
}

#[test]
fn a_server_answers_the_client_that_asked() {
    for address in TRANSPORTS {
        let pair = Pair::new([ZMQ_SERVER, ZMQ_CLIENT], address);
        pair.connect();
        assert_eq!((thread_safe(pair.bound), thread_safe(pair.connected)), (1, 1));
        assert_eq!(send(pair.connected, message("question"), 0), 8);
        let (question, from, _) = recv(pair.bound);
        assert_eq!(question, "question");
        assert_ne!(from, 0);
        let mut answer = message("answer");
        // SAFETY: a message.
        unsafe {
            assert_eq!(zmq_msg_set_routing_id(&mut answer, 0), -1);
            assert_eq!(zmq_errno(), libc::EINVAL);
            assert_eq!(zmq_msg_set_routing_id(&mut answer, from), 0);
        }
        assert_eq!(send(pair.bound, answer, 0), 6);
        let (answer, from, _) = recv(pair.connected);
        assert_eq!((&*answer, from), ("answer", 0));
        assert_eq!(send(pair.bound, message("to nobody"), 0), -1);
        assert_eq!(zmq_errno(), libc::EHOSTUNREACH);
        assert_eq!(send(pair.connected, message("part"), crate::constants::ZMQ_SNDMORE), -1);
        assert_eq!(zmq_errno(), libc::EINVAL);
    }
}

#[test]
fn a_dish_hears_the_groups_that_it_joined() {
    for address in TRANSPORTS {
        let pair = Pair::new([ZMQ_RADIO, ZMQ_DISH], address);
        let long = CString::new(vec![b'g'; 256]).unwrap();
        // SAFETY: C strings.
        unsafe {
            assert_eq!(zmq_join(pair.connected, c"movies".as_ptr()), 0);
            assert_eq!(zmq_join(pair.connected, c"movies".as_ptr()), -1);
            assert_eq!(zmq_leave(pair.connected, c"music".as_ptr()), -1);
            assert_eq!(zmq_join(pair.connected, long.as_ptr()), -1);
            assert_eq!(zmq_errno(), libc::EINVAL);
            assert_eq!(zmq_join(pair.bound, c"movies".as_ptr()), -1);
            assert_eq!(zmq_errno(), libc::ENOTSUP);
        }
        pair.connect();
        // What was joined has to arrive first.
        let heard = (0..100).find_map(|round| {
            for group in [c"music", c"movies"] {
                let mut msg = message(&format!("{} {round}", group.to_str().unwrap()));
                // SAFETY: a message and a C string.
                assert_eq!(unsafe { zmq_msg_set_group(&mut msg, group.as_ptr()) }, 0);
                assert!(send(pair.bound, msg, 0) > 0);
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
            let mut buffer = [0u8; 32];
            let at = buffer.as_mut_ptr().cast();
            // SAFETY: a buffer and its size.
            let len = unsafe { zmq_recv(pair.connected, at, 32, crate::constants::ZMQ_DONTWAIT) };
            usize::try_from(len).ok().map(|len| buffer[..len].to_vec())
        });
        assert!(heard.unwrap().starts_with(b"movies"));
        let mut msg = message("with its group");
        // SAFETY: a message and a C string.
        assert_eq!(unsafe { zmq_msg_set_group(&mut msg, c"movies".as_ptr()) }, 0);
        assert_eq!(send(pair.bound, msg, 0), 14);
        let last =
            std::iter::repeat_with(|| recv(pair.connected)).find(|m| m.0 == "with its group");
        assert_eq!(last.map(|(_, _, group)| group).as_deref(), Some("movies"));
    }
}

#[test]
fn peers_name_each_other_by_numbers() {
    for address in TRANSPORTS {
        let pair = Pair::new([ZMQ_PEER, ZMQ_PEER], address);
        // SAFETY: a C string.
        let to = unsafe { zmq_connect_peer(pair.connected, pair.address.as_ptr()) };
        assert_ne!(to, 0);
        let mut msg = message("hello");
        // SAFETY: a message.
        assert_eq!(unsafe { zmq_msg_set_routing_id(&mut msg, to) }, 0);
        assert_eq!(send(pair.connected, msg, 0), 5);
        let (text, from, _) = recv(pair.bound);
        assert_eq!(text, "hello");
        let mut msg = message("back");
        // SAFETY: a message.
        assert_eq!(unsafe { zmq_msg_set_routing_id(&mut msg, from) }, 0);
        assert_eq!(send(pair.bound, msg, 0), 4);
        assert_eq!(recv(pair.connected), ("back".into(), to, String::new()));
        assert_eq!(zmq_disconnect_peer(pair.connected, to), 0);
        assert_eq!(zmq_disconnect_peer(pair.connected, to), -1);
        assert_eq!(zmq_errno(), libc::EHOSTUNREACH);
    }
}

#[test]
fn whole_messages_go_where_parts_do_not() {
    for (types, back) in [([ZMQ_GATHER, ZMQ_SCATTER], false), ([ZMQ_CHANNEL, ZMQ_CHANNEL], true)] {
        for address in TRANSPORTS {
            let pair = Pair::new(types, address);
            pair.connect();
            assert_eq!(send(pair.connected, message("work"), 0), 4);
            assert_eq!(recv(pair.bound).0, "work");
            let answered = send(pair.bound, message("done"), crate::constants::ZMQ_DONTWAIT);
            assert_eq!(answered, if back { 4 } else { -1 });
            assert_eq!(send(pair.connected, message("x"), crate::constants::ZMQ_SNDMORE), -1);
            assert_eq!(zmq_errno(), libc::EINVAL);
        }
    }
}

#[test]
fn options_of_contexts_have_any_length() {
    let context = zmq_ctx_new();
    let (name, mut read, mut len) = (b"prefix", [0u8; 16], 16);
    let option = crate::constants::ZMQ_THREAD_NAME_PREFIX;
    // SAFETY: buffers with their sizes, and null.
    unsafe {
        assert_eq!(zmq_ctx_set_ext(context, option, name.as_ptr().cast(), 6), 0);
        assert_eq!(zmq_ctx_get_ext(context, option, read.as_mut_ptr().cast(), &mut len), 0);
        assert_eq!(zmq_ctx_get_ext(context, option, read.as_mut_ptr().cast(), ptr::null_mut()), -1);
        assert_eq!(zmq_errno(), libc::EFAULT);
    }
    assert!(read.starts_with(b"prefix"));
    assert_eq!(zmq_ctx_term(context), 0);
}
