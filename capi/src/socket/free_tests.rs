//! Free functions that use the socket which their message was sent by: no lock of ours is held when
//! they run.

use super::tests::{bound, connected};
use super::*;
use crate::ctx::{zmq_ctx_new, zmq_ctx_term};
use crate::msg::*;
use crate::poll::{zmq_poll, zmq_pollitem_t};
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use zeroxide::internal::message::FreeFn;
use zeroxide::internal::options::ids;

/// What a free function gets as its hint.
struct Lender {
    /// The handle, for any thread.
    socket: usize,
    freed: AtomicUsize,
}

impl Lender {
    fn new(socket: *mut c_void) -> &'static Self {
        Box::leak(Box::new(Self { socket: socket as usize, freed: AtomicUsize::new(0) }))
    }

    fn socket(&self) -> *mut c_void {
        self.socket as *mut c_void
    }

    fn freed(&self) -> usize {
        self.freed.load(Ordering::SeqCst)
    }

    /// A message of lent memory.
    fn message(&'static self) -> zmq_msg_t {
        self.message_freed_by(free)
    }

    fn message_freed_by(&'static self, free: FreeFn) -> zmq_msg_t {
        let mut msg = MaybeUninit::<zmq_msg_t>::uninit();
        let hint = ptr::from_ref(self).cast_mut().cast();
        let data = Box::leak(Box::new([7u8; 64])).as_mut_ptr().cast();
        // SAFETY: there is room for a message; the memory stays for ever.
        unsafe {
            assert_eq!(zmq_msg_init_data(msg.as_mut_ptr(), data, 64, Some(free), hint), 0);
            msg.assume_init()
        }
    }

    fn send(&'static self, flags: c_int) -> c_int {
        let mut msg = self.message();
        // SAFETY: a message, and the socket.
        let sent = unsafe { zmq_msg_send(&mut msg, self.socket(), flags | ZMQ_DONTWAIT) };
        if sent < 0 {
            // SAFETY: it is a message still.
            assert_eq!(unsafe { zmq_msg_close(&mut msg) }, 0);
        }
        sent
    }

    #[track_caller]
    fn wait_for(&self, freed: usize) {
        let started = Instant::now();
        while self.freed() < freed && started.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(self.freed(), freed);
    }
}

/// Takes its turn at the socket.
unsafe extern "C" fn free(_: *mut c_void, hint: *mut c_void) {
    // SAFETY: a lender lives for ever.
    let lender = unsafe { &*hint.cast::<Lender>() };
    let (mut value, mut len) = (0, size_of::<c_int>());
    let to = (&raw mut value).cast();
    // SAFETY: an int and its size. A closed socket is refused.
    unsafe { zmq_getsockopt(lender.socket(), ids::TYPE, to, &mut len) };
    lender.freed.fetch_add(1, Ordering::SeqCst);
}

/// A free function that waits for itself never comes back.
#[track_caller]
fn ends(test: impl FnOnce() + Send + 'static) {
    let (done, over) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        test();
        done.send(()).unwrap();
    });
    let in_time = over.recv_timeout(Duration::from_secs(10));
    assert!(in_time != Err(mpsc::RecvTimeoutError::Timeout), "it hangs");
    thread.join().unwrap();
}

fn set(socket: *mut c_void, option: c_int, value: c_int) {
    let value = (&raw const value).cast();
    // SAFETY: an int and its size.
    assert_eq!(unsafe { zmq_setsockopt(socket, option, value, size_of::<c_int>()) }, 0);
}

fn term(context: *mut c_void, sockets: &[*mut c_void]) {
    sockets.iter().for_each(|socket| assert_eq!(zmq_close(*socket), 0));
    assert_eq!(zmq_ctx_term(context), 0);
}

#[test]
fn of_a_message_that_nobody_wants() {
    ends(|| {
        let context = zmq_ctx_new();
        let publisher = zmq_socket(context, ids::PUB);
        let lender = Lender::new(publisher);
        assert_eq!(lender.send(0), 64);
        assert_eq!(lender.freed(), 1, "before the call is over");
        assert_eq!(lender.send(ZMQ_SNDMORE), 64);
        assert_eq!(lender.send(0), 64);
        assert_eq!(lender.freed(), 3);
        term(context, &[publisher]);
    });
}

#[test]
fn of_a_message_that_a_newer_one_replaces() {
    for address in ["inproc://replaced", "tcp://127.0.0.1:*"] {
        ends(move || {
            let context = zmq_ctx_new();
            let (pull, address) = bound(context, ids::PULL, address);
            let push = zmq_socket(context, ids::PUSH);
            set(push, ids::CONFLATE, 1);
            set(push, ids::LINGER, 0);
            // SAFETY: a C string.
            assert_eq!(unsafe { zmq_connect(push, address.as_ptr()) }, 0);
            let lender = Lender::new(push);
            (0..10).for_each(|_| assert_eq!(lender.send(0), 64));
            term(context, &[push, pull]);
            lender.wait_for(10);
        });
    }
}

#[test]
fn of_messages_that_are_sent_taken_back_or_left_over() {
    for (address, linger) in [("tcp://127.0.0.1:*", -1), ("tcp://127.0.0.1:*", 0)] {
        ends(move || {
            let context = zmq_ctx_new();
            let (pull, address) = bound(context, ids::PULL, address);
            let push = connected(context, ids::PUSH, &address);
            set(push, ids::LINGER, linger);
            let lender = Lender::new(push);
            (0..100).for_each(|_| assert_eq!(lender.send(0), 64));
            assert_eq!(lender.send(ZMQ_SNDMORE), 64);
            if linger != 0 {
                let mut buffer = [0u8; 64];
                for _ in 0..100 {
                    // SAFETY: a buffer and its size.
                    assert_eq!(unsafe { zmq_recv(pull, buffer.as_mut_ptr().cast(), 64, 0) }, 64);
                }
                lender.wait_for(100);
            }
            term(context, &[push, pull]);
            lender.wait_for(101);
        });
    }
}

#[test]
fn of_a_message_that_is_received_in_this_process() {
    ends(|| {
        let context = zmq_ctx_new();
        let (pull, address) = bound(context, ids::PULL, "inproc://received");
        let push = connected(context, ids::PUSH, &address);
        // The function takes its turn at the socket that receives.
        let (sent, lender) = (Lender::new(push), Lender::new(pull));
        for _ in 0..3 {
            let mut msg = lender.message();
            // SAFETY: a message.
            assert_eq!(unsafe { zmq_msg_send(&mut msg, push, 0) }, 64);
            assert_eq!(sent.send(0), 64);
        }
        let mut buffer = [0u8; 64];
        for _ in 0..6 {
            // SAFETY: a buffer and its size.
            assert_eq!(unsafe { zmq_recv(pull, buffer.as_mut_ptr().cast(), 64, 0) }, 64);
        }
        assert_eq!((lender.freed(), sent.freed()), (3, 3));
        term(context, &[push, pull]);
    });
}

/// A thread that blocks for long gives back what it has let go of before.
#[test]
fn of_a_message_that_a_thread_writes_and_then_waits() {
    for polls in [false, true] {
        ends(move || {
            let context = zmq_ctx_new();
            let (one, address) = bound(context, ids::PAIR, "tcp://127.0.0.1:*");
            let other = connected(context, ids::PAIR, &address);
            let lender = Lender::new(one);
            let (send, receive) = (one as usize, other as usize);
            let waiting = std::thread::spawn(move || {
                let (one, mut buffer) = (send as *mut c_void, [0u8; 64]);
                let mut item = zmq_pollitem_t { socket: one, fd: 0, events: 1, revents: 0 };
                let buffer = buffer.as_mut_ptr().cast();
                for _ in 0..50 {
                    // SAFETY: a message, an item, and a buffer with its size.
                    unsafe {
                        let mut msg = lender.message();
                        assert_eq!(zmq_msg_send(&mut msg, one, 0), 64);
                        if polls {
                            assert_eq!(zmq_poll(&mut item, 1, 5000), 1);
                        }
                        assert_eq!(zmq_recv(one, buffer, 64, 0), 2);
                    }
                }
            });
            let (other, mut buffer) = (receive as *mut c_void, [0u8; 64]);
            for _ in 0..50 {
                // SAFETY: buffers with their sizes.
                unsafe {
                    assert_eq!(zmq_recv(other, buffer.as_mut_ptr().cast(), 64, 0), 64);
                    assert_eq!(zmq_send(other, c"ok".as_ptr().cast(), 2, 0), 2);
                }
            }
            waiting.join().unwrap();
            lender.wait_for(50);
            term(context, &[one, other]);
        });
    }
}

/// Also while the socket goes.
#[test]
fn of_what_is_dropped_with_its_link() {
    ends(|| {
        let context = zmq_ctx_new();
        let (pull, address) = bound(context, ids::PULL, "inproc://dropped");
        let push = connected(context, ids::PUSH, &address);
        let lender = Lender::new(push);
        (0..10).for_each(|_| assert_eq!(lender.send(0), 64));
        let address: &CStr = &address;
        // SAFETY: a C string.
        assert_eq!(unsafe { zmq_unbind(pull, address.as_ptr()) }, 0);
        lender.send(ZMQ_SNDMORE);
        term(context, &[pull, push]);
        lender.wait_for(11);
    });
}

/// Has the PUSH connect to where somebody listens.
unsafe extern "C" fn connect_to_another(_: *mut c_void, hint: *mut c_void) {
    // SAFETY: a lender lives for ever, and this is a C string.
    unsafe {
        let lender = &*hint.cast::<Lender>();
        assert_eq!(zmq_connect(lender.socket(), c"inproc://another".as_ptr()), 0);
        lender.freed.fetch_add(1, Ordering::SeqCst);
    }
}

/// What the function does to the socket counts for the call that it ran in.
#[test]
fn that_makes_room_for_the_call_it_is_called_in() {
    ends(|| {
        let context = zmq_ctx_new();
        let (gone, address) = bound(context, ids::PULL, "inproc://gone");
        let push = connected(context, ids::PUSH, &address);
        let (another, _) = bound(context, ids::PULL, "inproc://another");
        let lender = Lender::new(push);
        let mut msg = lender.message_freed_by(connect_to_another);
        // SAFETY: a message.
        assert_eq!(unsafe { zmq_msg_send(&mut msg, push, 0) }, 64);
        // The message is let go of when the PUSH learns that its only peer went.
        assert_eq!(zmq_close(gone), 0);
        assert_eq!(lender.freed(), 0);
        // SAFETY: a buffer and its size.
        assert_eq!(unsafe { zmq_send(push, c"x".as_ptr().cast(), 1, 0) }, 1);
        assert_eq!(lender.freed(), 1);
        term(context, &[push, another]);
    });
}
