//! Messages through the C functions, over each transport, and what the functions refuse.

use super::*;
use crate::ctx::{zmq_ctx_new, zmq_ctx_shutdown, zmq_ctx_term};
use crate::msg::*;
use crate::poll::{zmq_poll, zmq_pollitem_t};
use crate::proxy::{zmq_proxy, zmq_proxy_steerable};
use crate::util::zmq_errno;
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};
use zeroxide::internal::error::ETERM;
use zeroxide::internal::options::ids;

pub(super) fn bound(context: *mut c_void, type_: c_int, address: &str) -> (*mut c_void, CString) {
    let socket = zmq_socket(context, type_);
    assert!(!socket.is_null());
    let address = CString::new(address).unwrap();
    let (mut last, mut len) = ([0u8; 256], 256);
    // SAFETY: a C string, and a buffer with its size.
    unsafe {
        assert_eq!(zmq_bind(socket, address.as_ptr()), 0);
        let last = last.as_mut_ptr().cast();
        assert_eq!(zmq_getsockopt(socket, ids::LAST_ENDPOINT, last, &mut len), 0);
    }
    (socket, CStr::from_bytes_until_nul(&last[..len]).unwrap().to_owned())
}

pub(super) fn connected(context: *mut c_void, type_: c_int, address: &CStr) -> *mut c_void {
    let socket = zmq_socket(context, type_);
    // SAFETY: a C string.
    assert_eq!(unsafe { zmq_connect(socket, address.as_ptr()) }, 0);
    socket
}

fn send_text(socket: *mut c_void, text: &str, flags: c_int) -> c_int {
    // SAFETY: a buffer with its size.
    unsafe { zmq_send(socket, text.as_ptr().cast(), text.len(), flags) }
}

/// Receives a part, and whether more follow.
fn recv_text(socket: *mut c_void) -> (String, bool) {
    let mut msg = MaybeUninit::<zmq_msg_t>::uninit();
    let msg = msg.as_mut_ptr();
    // SAFETY: `msg` has room for a message, and holds one from `init` to `close`.
    unsafe {
        assert_eq!(zmq_msg_init(msg), 0);
        let len = zmq_msg_recv(msg, socket, 0);
        let bytes = std::slice::from_raw_parts(zmq_msg_data(msg).cast::<u8>(), len as usize);
        let part = (String::from_utf8(bytes.to_vec()).unwrap(), zmq_msg_more(msg) == 1);
        assert_eq!(zmq_msg_close(msg), 0);
        part
    }
}

fn errno_of(returned: c_int) -> c_int {
    assert_eq!(returned, -1);
    zmq_errno()
}

#[test]
fn a_request_is_answered_over_each_transport() {
    let ipc = std::env::temp_dir().join(format!("zeroxide-capi-{}", std::process::id()));
    let ipc = format!("ipc://{}", ipc.display());
    for address in ["inproc://smoke", "tcp://127.0.0.1:*", &ipc] {
        let context = zmq_ctx_new();
        let (rep, address) = bound(context, ids::REP, address);
        let req = connected(context, ids::REQ, &address);
        for round in ["first", "second"] {
            assert_eq!(send_text(req, round, ZMQ_SNDMORE), round.len() as c_int);
            assert_eq!(send_text(req, "", 0), 0);
            assert_eq!(recv_text(rep), (round.into(), true));
            assert_eq!(recv_text(rep), (String::new(), false));
            assert_eq!(send_text(rep, "answer", 0), 6);
            let mut buffer = [b'.'; 4];
            // SAFETY: a buffer with its size.
            let len = unsafe { zmq_recv(req, buffer.as_mut_ptr().cast(), 3, 0) };
            assert_eq!((len, &buffer), (6, b"ans."), "cut, but told");
        }
        assert_eq!([zmq_close(req), zmq_close(rep), zmq_ctx_term(context)], [0; 3]);
    }
}

#[test]
fn handles_end_and_stay_dead() {
    let context = zmq_ctx_new();
    let socket = zmq_socket(context, ids::PAIR);
    assert_eq!(zmq_close(socket), 0);
    assert_eq!(errno_of(zmq_close(socket)), libc::ENOTSOCK);
    assert_eq!(errno_of(send_text(socket, "late", 0)), libc::ENOTSOCK);
    assert_eq!(errno_of(send_text(context, "wrong kind", 0)), libc::ENOTSOCK);
    assert!(zmq_socket(context, 99).is_null());
    assert_eq!(zmq_errno(), libc::EINVAL);
    assert_eq!(zmq_ctx_term(context), 0);
    assert_eq!(errno_of(zmq_ctx_term(context)), libc::EFAULT);
    assert!(zmq_socket(context, ids::PAIR).is_null());
    assert_eq!(zmq_errno(), libc::EFAULT);
}

#[test]
fn null_pointers_are_refused_unless_they_mean_nothing() {
    let context = zmq_ctx_new();
    let (pull, address) = bound(context, ids::PULL, "inproc://null");
    let push = connected(context, ids::PUSH, &address);
    let (null, mut len) = (ptr::null_mut::<c_void>(), 4);
    // SAFETY: null is allowed everywhere.
    unsafe {
        assert_eq!(zmq_send(push, null, 0, 0), 0);
        assert_eq!(zmq_recv(pull, null, 0, 0), 0);
        assert_eq!(errno_of(zmq_send(push, null, 1, 0)), libc::EFAULT);
        assert_eq!(errno_of(zmq_recv(pull, null, 1, 0)), libc::EFAULT);
        assert_eq!(errno_of(zmq_msg_send(null.cast(), push, 0)), libc::EFAULT);
        assert_eq!(errno_of(zmq_bind(pull, ptr::null())), libc::EFAULT);
        assert_eq!(errno_of(zmq_setsockopt(pull, ids::LINGER, null, 4)), libc::EINVAL);
        assert_eq!(errno_of(zmq_setsockopt(pull, ids::LINGER, null, 0)), libc::EINVAL);
        assert_eq!(zmq_setsockopt(pull, ids::PLAIN_USERNAME, null, 0), 0);
        assert_eq!(errno_of(zmq_getsockopt(pull, ids::TYPE, null, &mut len)), libc::EFAULT);
        assert_eq!(errno_of(zmq_getsockopt(pull, ids::TYPE, null, ptr::null_mut())), libc::EFAULT);
        assert_eq!(errno_of(zmq_poll(ptr::null_mut(), 1, 0)), libc::EFAULT);
        assert_eq!(errno_of(zmq_poll(ptr::null_mut(), -1, 0)), libc::EINVAL);
        assert_eq!(zmq_poll(ptr::null_mut(), 0, 1), 0);
    }
    assert_eq!([zmq_close(push), zmq_close(pull), zmq_ctx_term(context)], [0; 3]);
}

#[test]
fn a_message_is_emptied_when_sent_and_kept_when_not() {
    let context = zmq_ctx_new();
    let pair = zmq_socket(context, ids::PAIR);
    let mut msg = MaybeUninit::<zmq_msg_t>::uninit();
    let msg = msg.as_mut_ptr();
    for size in [7, 300, 300_000] {
        let (peer, address) = bound(context, ids::PAIR, "inproc://keep");
        // SAFETY: `msg` has room for a message, and holds one from `init` to `close`.
        unsafe {
            assert_eq!(zmq_msg_init_size(msg, size), 0);
            zmq_msg_data(msg).write_bytes(b'x', size);
            assert_eq!(errno_of(zmq_msg_send(msg, pair, ZMQ_DONTWAIT)), libc::EAGAIN);
            assert_eq!(zmq_msg_size(msg), size);
            assert_eq!(zmq_connect(pair, address.as_ptr()), 0);
            assert_eq!(zmq_msg_send(msg, pair, 0), size as c_int);
            assert_eq!(zmq_msg_size(msg), 0);
            assert_eq!(zmq_msg_close(msg), 0);
            assert_eq!(recv_text(peer), ("x".repeat(size), false));
            assert_eq!(zmq_disconnect(pair, address.as_ptr()), 0);
        }
        assert_eq!(zmq_close(peer), 0);
    }
    assert_eq!([zmq_close(pair), zmq_ctx_term(context)], [0; 2]);
}

#[test]
fn polling_finds_sockets_and_descriptors() {
    let context = zmq_ctx_new();
    let (pull, address) = bound(context, ids::PULL, "inproc://poll");
    let push = connected(context, ids::PUSH, &address);
    let item = |socket, fd, events| zmq_pollitem_t { socket, fd, events, revents: -1 };
    for count in [3, 30] {
        // The last one, a descriptor, is always ready.
        let mut items: Vec<_> = (1..count).map(|_| item(pull, -1, 1)).collect();
        let file = std::fs::File::open("/dev/null").unwrap();
        items.push(item(ptr::null_mut(), std::os::fd::AsRawFd::as_raw_fd(&file), 1));
        let mut poll = |timeout| {
            // SAFETY: items with their number.
            let found = unsafe { zmq_poll(items.as_mut_ptr(), count, timeout) };
            (found, items.iter().map(|item| c_int::from(item.revents)).sum::<c_int>())
        };
        assert_eq!(poll(-1), (1, 1));
        assert_eq!(send_text(push, "now", 0), 3);
        assert_eq!(poll(1000), (count, count));
        assert_eq!(recv_text(pull).0, "now");
        assert_eq!(poll(0), (1, 1));
    }
    let mut quiet = item(pull, -1, 1);
    // SAFETY: one item, here and below.
    assert_eq!(unsafe { zmq_poll(&mut quiet, 1, 20) }, 0);
    assert_eq!([zmq_close(push), zmq_close(pull)], [0; 2]);
    // SAFETY: see above.
    assert_eq!(errno_of(unsafe { zmq_poll(&mut quiet, 1, 20) }), libc::ENOTSOCK);
    assert_eq!(zmq_ctx_term(context), 0);
}

/// As CZMQ's pollers have it. What the descriptor tells must not be lost to a look at the socket.
#[test]
fn a_socket_and_its_descriptor_are_polled_together() {
    let context = zmq_ctx_new();
    let (pull, address) = bound(context, ids::PULL, "tcp://127.0.0.1:*");
    let push = connected(context, ids::PUSH, &address);
    let (mut fd, mut len) = (-1, size_of::<c_int>());
    // SAFETY: an integer with its size.
    let got = unsafe { zmq_getsockopt(pull, ids::FD, (&raw mut fd).cast(), &mut len) };
    assert_eq!((got, send_text(push, "news", 0)), (0, 4));
    let mut ready = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one item, here and below.
    assert_eq!(unsafe { libc::poll(&mut ready, 1, 5000) }, 1);
    // Nothing that the socket could have is asked for.
    let socket = zmq_pollitem_t { socket: pull, fd: -1, events: 2, revents: -1 };
    let own = zmq_pollitem_t { socket: ptr::null_mut(), fd, events: 1, revents: -1 };
    let mut items = [socket, own];
    // SAFETY: items with their number.
    assert_eq!(unsafe { zmq_poll(items.as_mut_ptr(), 2, 0) }, 1);
    assert_eq!((items[0].revents, items[1].revents), (0, 1));
    assert_eq!(recv_text(pull).0, "news");
    assert_eq!([zmq_close(push), zmq_close(pull), zmq_ctx_term(context)], [0; 3]);
}

#[test]
fn buffers_travel_as_parts() {
    let context = zmq_ctx_new();
    let (pull, address) = bound(context, ids::PULL, "inproc://iov");
    let push = connected(context, ids::PUSH, &address);
    let texts = ["one", "", "three"];
    let part =
        |text: &str| iovec { iov_base: text.as_ptr().cast_mut().cast(), iov_len: text.len() };
    let mut parts = texts.map(part);
    let mut received = [iovec { iov_base: ptr::null_mut(), iov_len: 0 }; 5];
    let mut count = received.len();
    // SAFETY: arrays with their sizes; what is received has to be freed.
    unsafe {
        assert_eq!(zmq_sendiov(push, parts.as_mut_ptr(), parts.len(), ZMQ_SNDMORE), 5);
        assert_eq!(zmq_recviov(pull, received.as_mut_ptr(), &mut count, 0), 3);
        assert_eq!(count, 3);
        for (got, text) in received.iter().zip(texts) {
            let bytes = std::slice::from_raw_parts(got.iov_base.cast::<u8>(), got.iov_len);
            assert_eq!(bytes, text.as_bytes());
            libc::free(got.iov_base);
        }
        assert_eq!(errno_of(zmq_sendiov(push, parts.as_mut_ptr(), 0, 0)), libc::EINVAL);
        count = 0;
        assert_eq!(errno_of(zmq_recviov(pull, received.as_mut_ptr(), &mut count, 0)), libc::EINVAL);
    }
    assert_eq!([zmq_close(push), zmq_close(pull), zmq_ctx_term(context)], [0; 3]);
}

#[test]
fn the_end_of_a_context_ends_a_call_that_waits() {
    let context = zmq_ctx_new();
    let socket = zmq_socket(context, ids::PULL);
    let [context, address] = [context, socket].map(|handle| handle.addr());
    let waiting = std::thread::spawn(move || {
        let socket = address as *mut c_void;
        // SAFETY: no buffer.
        let errno = errno_of(unsafe { zmq_recv(socket, ptr::null_mut(), 0, 0) });
        assert_eq!(zmq_close(socket), 0);
        errno
    });
    let terminating = std::thread::spawn(move || zmq_ctx_term(context as *mut c_void));
    assert_eq!(waiting.join().unwrap(), ETERM);
    assert_eq!(terminating.join().unwrap(), 0);
    assert_eq!(errno_of(zmq_ctx_shutdown(context as *mut c_void)), libc::EFAULT);
}

#[test]
fn constant_bytes_are_not_copied() {
    static BYTES: [u8; 100_000] = [7; 100_000];
    let context = zmq_ctx_new();
    let (pull, address) = bound(context, ids::PULL, "inproc://const");
    let push = connected(context, ids::PUSH, &address);
    let mut msg = MaybeUninit::<zmq_msg_t>::uninit();
    let msg = msg.as_mut_ptr();
    // SAFETY: static bytes; `msg` holds a message from `init` to `close`.
    unsafe {
        assert_eq!(zmq_send_const(push, BYTES.as_ptr().cast(), BYTES.len(), 0), 100_000);
        assert_eq!(zmq_msg_init(msg), 0);
        assert_eq!(zmq_msg_recv(msg, pull, 0), 100_000);
        assert_eq!(zmq_msg_data(msg).cast_const().cast(), BYTES.as_ptr());
        assert_eq!(zmq_msg_close(msg), 0);
    }
    assert_eq!([zmq_close(push), zmq_close(pull), zmq_ctx_term(context)], [0; 3]);
}

#[test]
fn a_proxy_passes_messages_until_told_to_end() {
    let context = zmq_ctx_new();
    let (frontend, front) = bound(context, ids::PULL, "inproc://front");
    let (backend, back) = bound(context, ids::PUSH, "inproc://back");
    let (control, steer) = bound(context, ids::PAIR, "inproc://steer");
    let (null, stale) = (ptr::null_mut(), context);
    assert_eq!(errno_of(zmq_proxy(null, backend, null)), libc::EFAULT);
    assert_eq!(errno_of(zmq_proxy(frontend, backend, stale)), libc::ENOTSOCK);
    let sockets = [frontend, backend, control].map(|handle| handle.addr());
    let proxy = std::thread::spawn(move || {
        let [frontend, backend, control] = sockets.map(|address| address as *mut c_void);
        zmq_proxy_steerable(frontend, backend, ptr::null_mut(), control)
    });
    let push = connected(context, ids::PUSH, &front);
    let pull = connected(context, ids::PULL, &back);
    let steer = connected(context, ids::PAIR, &steer);
    assert_eq!(send_text(push, "passed", ZMQ_SNDMORE), 6);
    assert_eq!(send_text(push, "on", 0), 2);
    assert_eq!(recv_text(pull), ("passed".into(), true));
    assert_eq!(recv_text(pull), ("on".into(), false));
    assert_eq!(send_text(steer, "TERMINATE", 0), 9);
    assert_eq!(proxy.join().unwrap(), 0);
    for socket in [frontend, backend, control, push, pull, steer] {
        assert_eq!(zmq_close(socket), 0);
    }
    assert_eq!(zmq_ctx_term(context), 0);
}

#[test]
fn a_context_may_be_ended_by_several_threads() {
    let context = zmq_ctx_new();
    let socket = zmq_socket(context, ids::PAIR);
    let context = context.addr();
    let terminate = || std::thread::spawn(move || zmq_ctx_term(context as *mut c_void));
    let threads = [terminate(), terminate()];
    // A moment, so that both of them wait.
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert_eq!(zmq_close(socket), 0);
    assert_eq!(threads.map(|thread| thread.join().unwrap()), [0; 2]);
}

#[test]
fn a_forked_child_does_not_wait_for_threads_that_it_has_not() {
    let context = zmq_ctx_new();
    let (pull, address) = bound(context, ids::PULL, "tcp://127.0.0.1:*");
    let push = connected(context, ids::PUSH, &address);
    let waiting = pull.addr();
    let waiting = std::thread::spawn(move || recv_text(waiting as *mut c_void));
    std::thread::sleep(std::time::Duration::from_millis(50));
    // SAFETY: the child calls nothing but the library, and leaves.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let term = |returned: c_int| returned == -1 && zmq_errno() == ETERM;
        let fails = term(send_text(push, "no", 0)) && term(send_text(pull, "no", 0));
        let ends = [zmq_close(push), zmq_close(pull), zmq_ctx_term(context)] == [0; 3];
        // SAFETY: ends the child without running the test harness in it.
        unsafe { libc::_exit(if fails && ends { 42 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: the status is valid for writes.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert!(libc::WIFEXITED(status));
    assert_eq!(libc::WEXITSTATUS(status), 42);
    assert_eq!(send_text(push, "of the parent", 0), 13);
    assert_eq!(waiting.join().unwrap().0, "of the parent");
    assert_eq!([zmq_close(push), zmq_close(pull), zmq_ctx_term(context)], [0; 3]);
}

#[test]
fn lent_memory_is_given_back_when_it_was_sent() {
    static GIVEN_BACK: AtomicUsize = AtomicUsize::new(0);
    unsafe extern "C" fn give_back(_: *mut c_void, _: *mut c_void) {
        GIVEN_BACK.fetch_add(1, Ordering::SeqCst);
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = format!("tcp://{nobody}");
    let context = zmq_ctx_new();
    let push = connected(context, ids::PUSH, &CString::new(address.as_str()).unwrap());
    for (text, flags) in [("one", ZMQ_SNDMORE), ("two", 0)] {
        let mut msg = MaybeUninit::<zmq_msg_t>::uninit();
        let msg = msg.as_mut_ptr();
        let data = text.as_ptr().cast_mut().cast();
        // SAFETY: `msg` has room for a message; static bytes that nobody writes to.
        unsafe {
            let none = ptr::null_mut();
            assert_eq!(zmq_msg_init_data(msg, data, text.len(), Some(give_back), none), 0);
            assert_eq!(zmq_msg_send(msg, push, flags), 3);
        }
    }
    assert_eq!(GIVEN_BACK.load(Ordering::SeqCst), 0);
    let (pull, _) = bound(context, ids::PULL, &address);
    assert_eq!([recv_text(pull), recv_text(pull)], [("one".into(), true), ("two".into(), false)]);
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while GIVEN_BACK.load(Ordering::SeqCst) < 2 && std::time::Instant::now() < patience {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert_eq!(GIVEN_BACK.load(Ordering::SeqCst), 2);
    assert_eq!([zmq_close(push), zmq_close(pull), zmq_ctx_term(context)], [0; 3]);
}
