//! The functions as a C program calls them, on memory that was never initialised.

use super::*;
use crate::util::zmq_errno;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use zeroxide::internal::message::Metadata;

/// A `zmq_msg_t` on the stack, not initialised.
fn raw() -> zmq_msg_t {
    zmq_msg_t { content: [0x55; 64] }
}

fn sized(size: usize) -> zmq_msg_t {
    let mut msg = raw();
    // SAFETY: a `zmq_msg_t` that holds no message.
    assert_eq!(unsafe { zmq_msg_init_size(&mut msg, size) }, 0);
    // SAFETY: a live message of this size.
    unsafe { ptr::write_bytes(zmq_msg_data(&mut msg).cast::<u8>(), 7, size) };
    msg
}

fn body(msg: &mut zmq_msg_t) -> Vec<u8> {
    // SAFETY: a `zmq_msg_t`.
    unsafe { live(msg) }.unwrap().to_vec()
}

fn close_once(msg: &mut zmq_msg_t) {
    // SAFETY: a `zmq_msg_t`.
    assert_eq!(unsafe { zmq_msg_close(msg) }, 0);
    // SAFETY: a `zmq_msg_t`.
    assert_eq!(unsafe { zmq_msg_close(msg) }, -1);
    assert_eq!(zmq_errno(), libc::EFAULT);
}

fn get(msg: &zmq_msg_t, property: c_int) -> c_int {
    // SAFETY: a `zmq_msg_t`.
    unsafe { zmq_msg_get(msg, property) }
}

#[test]
fn size_and_alignment_are_upstreams() {
    assert_eq!((size_of::<zmq_msg_t>(), align_of::<zmq_msg_t>()), (64, size_of::<usize>()));
}

#[test]
fn a_message_lives_from_init_to_close() {
    let mut msg = raw();
    // SAFETY: a `zmq_msg_t`, first without and then with a message.
    unsafe {
        assert_eq!(zmq_msg_close(&mut msg), -1);
        assert_eq!(zmq_msg_init(&mut msg), 0);
        assert_eq!(zmq_msg_size(&msg), 0);
        assert!(!zmq_msg_data(&mut msg).is_null());
        assert_eq!(zmq_msg_more(&msg), 0);
    }
    close_once(&mut msg);
}

#[test]
fn nothing_works_on_a_dead_message() {
    let (mut dead, mut alive) = (raw(), sized(1));
    // SAFETY: null, or a `zmq_msg_t`.
    unsafe {
        for msg in [ptr::null_mut(), &raw mut dead] {
            assert!(zmq_msg_data(msg).is_null());
            assert_eq!(zmq_msg_size(msg), 0);
            assert_eq!(zmq_msg_more(msg), -1);
            assert_eq!(zmq_msg_copy(msg, &mut alive), -1);
            assert_eq!(zmq_msg_copy(&mut alive, msg), -1);
            assert_eq!(zmq_msg_move(msg, &mut alive), -1);
            assert_eq!(zmq_msg_move(&mut alive, msg), -1);
            assert!(zmq_msg_gets(msg, c"User-Id".as_ptr()).is_null());
            assert_eq!(zmq_errno(), libc::EFAULT);
        }
        assert_eq!(zmq_msg_init(ptr::null_mut()), -1);
    }
    assert_eq!(body(&mut alive), [7]);
    close_once(&mut alive);
}

#[test]
fn a_message_may_be_moved_by_its_bytes() {
    for size in [3, 300] {
        let mut msg = sized(size);
        let mut elsewhere = MaybeUninit::<zmq_msg_t>::uninit();
        // SAFETY: both are a `zmq_msg_t`; the first is not used as a message any more.
        let elsewhere = unsafe {
            ptr::copy_nonoverlapping(&raw const msg, elsewhere.as_mut_ptr(), 1);
            zmq_msg_init(&mut msg);
            elsewhere.assume_init_mut()
        };
        assert_eq!(body(elsewhere), vec![7; size]);
        close_once(elsewhere);
        close_once(&mut msg);
    }
}

#[test]
fn too_much_memory_is_an_errno() {
    let mut msg = raw();
    // SAFETY: a `zmq_msg_t` that holds no message.
    assert_eq!(unsafe { zmq_msg_init_size(&mut msg, usize::MAX) }, -1);
    assert_eq!(zmq_errno(), libc::ENOMEM);
}

#[test]
fn copies_share_large_bodies_only() {
    for (size, shared) in [(10, 0), (1000, 1)] {
        let (mut source, mut copy) = (sized(size), sized(5));
        assert_eq!(get(&source, ZMQ_SHARED), 0);
        // SAFETY: live messages.
        assert_eq!(unsafe { zmq_msg_copy(&mut copy, &mut source) }, 0);
        assert_eq!((get(&source, ZMQ_SHARED), get(&copy, ZMQ_SHARED)), (shared, shared));
        close_once(&mut source);
        assert_eq!(body(&mut copy), vec![7; size]);
        assert_eq!(get(&copy, ZMQ_SHARED), 0);
        close_once(&mut copy);
    }
}

#[test]
fn a_move_leaves_an_empty_message() {
    let (mut source, mut dest) = (sized(100), sized(200));
    // SAFETY: live messages.
    assert_eq!(unsafe { zmq_msg_move(&mut dest, &mut source) }, 0);
    assert_eq!(body(&mut dest).len(), 100);
    assert_eq!(body(&mut source).len(), 0);
    close_once(&mut source);
    close_once(&mut dest);
}

#[test]
fn a_message_may_be_moved_and_copied_onto_itself() {
    let mut msg = sized(100);
    let at = &raw mut msg;
    // SAFETY: a live message.
    unsafe {
        assert_eq!(zmq_msg_move(at, at), 0);
        assert_eq!(zmq_msg_copy(at, at), 0);
    }
    assert_eq!(body(&mut msg), vec![7; 100]);
    close_once(&mut msg);
}

#[test]
fn the_programs_memory_is_freed_once_after_the_last_copy() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    unsafe extern "C" fn free(data: *mut c_void, hint: *mut c_void) {
        assert_eq!((data.addr(), hint.addr()), (BYTES.as_ptr().addr(), 42));
        CALLS.fetch_add(1, Ordering::SeqCst);
    }
    static BYTES: [u8; 3] = [1, 2, 3];
    let (mut msg, mut copy) = (raw(), sized(0));
    let (data, hint) = (BYTES.as_ptr().cast_mut().cast(), ptr::without_provenance_mut(42));
    // SAFETY: static bytes that nobody writes to; live messages.
    unsafe {
        assert_eq!(zmq_msg_init_data(&mut msg, data, 3, Some(free), hint), 0);
        assert_eq!(zmq_msg_data(&mut msg), data);
        assert_eq!(zmq_msg_copy(&mut copy, &mut msg), 0);
    }
    close_once(&mut msg);
    assert_eq!(CALLS.load(Ordering::SeqCst), 0);
    close_once(&mut copy);
    assert_eq!(CALLS.load(Ordering::SeqCst), 1);
}

#[test]
fn memory_without_a_free_function_counts_as_shared() {
    let mut msg = raw();
    let data = c"TEST".as_ptr().cast_mut().cast();
    // SAFETY: static bytes that nobody writes to.
    assert_eq!(unsafe { zmq_msg_init_data(&mut msg, data, 5, None, ptr::null_mut()) }, 0);
    assert_eq!(get(&msg, ZMQ_SHARED), 1);
    close_once(&mut msg);
}

#[test]
fn bytes_at_null_are_refused() {
    let mut msg = raw();
    // SAFETY: no byte is behind the pointer; the call fails.
    let made = unsafe { zmq_msg_init_data(&mut msg, ptr::null_mut(), 1, None, ptr::null_mut()) };
    assert_eq!((made, zmq_errno()), (-1, libc::EFAULT));
}

#[test]
fn properties_come_from_the_peer() {
    let mut msg = sized(1);
    let mut peer = Metadata::new();
    peer.insert("Socket-Type", b"DEALER");
    peer.set_fd(9);
    assert_eq!((get(&msg, ZMQ_SRCFD), zmq_errno()), (-1, libc::EINVAL));
    // SAFETY: a live message.
    unsafe { live(&mut msg) }.unwrap().set_metadata(Some(Arc::new(peer)));
    assert_eq!(get(&msg, ZMQ_SRCFD), 9);
    // SAFETY: a live message, and C strings.
    let property = |name: &CStr| unsafe { zmq_msg_gets(&msg, name.as_ptr()) };
    // SAFETY: the answer is a C string while the message lives.
    assert_eq!(unsafe { CStr::from_ptr(property(c"Socket-Type")) }, c"DEALER");
    assert!(property(c"User-Id").is_null());
    assert_eq!(zmq_errno(), libc::EINVAL);
    close_once(&mut msg);
}

#[test]
fn unknown_properties_are_refused() {
    let mut msg = sized(1);
    assert_eq!((get(&msg, 4711), zmq_errno()), (-1, libc::EINVAL));
    assert_eq!((zmq_msg_set(&mut msg, ZMQ_MORE, 1), zmq_errno()), (-1, libc::EINVAL));
    close_once(&mut msg);
}
