//! Threads that are cancelled in our functions: they go, their cleanup handlers run, and everything
//! can be closed.

use crate::constants::{ZMQ_DONTWAIT, ZMQ_SNDMORE};
use crate::ctx::{zmq_ctx_new, zmq_ctx_term};
use crate::curve::zmq_curve_keypair;
use crate::msg::{zmq_msg_close, zmq_msg_init_data};
use crate::poll::{zmq_poll, zmq_pollitem_t};
use crate::proxy::zmq_proxy;
use crate::socket::{
    zmq_bind, zmq_close, zmq_connect, zmq_getsockopt, zmq_msg_send, zmq_recv, zmq_recviov,
    zmq_send, zmq_sendiov, zmq_setsockopt, zmq_socket,
};
use crate::thread::zmq_sleep;
use crate::timers::{zmq_timers_add, zmq_timers_destroy, zmq_timers_new};
use crate::util::zmq_errno;
use std::ffi::{c_char, c_int, c_void, CStr};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use zeroxide::internal::options::ids;

extern "C-unwind" {
    fn pthread_create(
        thread: *mut libc::pthread_t,
        attributes: *const libc::pthread_attr_t,
        run: extern "C-unwind" fn(*mut c_void) -> *mut c_void,
        arg: *mut c_void,
    ) -> c_int;
    fn pthread_testcancel();
}

const ROUNDS: u64 = 1000;
/// In milliseconds.
static WAIT: c_int = 10;

/// What a thread of these tests is to do: only plain data, as nothing may be dropped when it is
/// cancelled.
#[derive(Clone, Copy)]
struct Job {
    run: fn(&Job),
    sockets: [*mut c_void; 2],
    context: *mut c_void,
}

extern "C-unwind" fn run(job: *mut c_void) -> *mut c_void {
    // SAFETY: `Cancelled::start` leaks a job.
    let job = unsafe { &*job.cast::<Job>() };
    (job.run)(job);
    ptr::null_mut()
}

/// Starts a thread.
fn start(job: Job) -> libc::pthread_t {
    let mut thread = MaybeUninit::uninit();
    let arg = Box::into_raw(Box::new(job)).cast();
    // SAFETY: the job lives for ever.
    unsafe {
        assert_eq!(pthread_create(thread.as_mut_ptr(), ptr::null(), run, arg), 0);
        thread.assume_init()
    }
}

/// Cancels a thread, and waits until it is gone: true if it was cancelled, and had not come back.
fn cancel(thread: libc::pthread_t) -> bool {
    const CANCELED: *mut c_void = ptr::without_provenance_mut(usize::MAX);
    let (mut result, mut now) = (ptr::null_mut(), MaybeUninit::<libc::timespec>::uninit());
    // SAFETY: the thread was started and not yet joined.
    unsafe {
        assert_eq!(libc::pthread_cancel(thread), 0);
        libc::clock_gettime(libc::CLOCK_REALTIME, now.as_mut_ptr());
        let mut limit = now.assume_init();
        limit.tv_sec += 5;
        assert_eq!(libc::pthread_timedjoin_np(thread, &mut result, &limit), 0, "it does not go");
    }
    result == CANCELED
}

fn is_asleep() {
    std::thread::sleep(Duration::from_millis(50));
}

fn socket(context: *mut c_void, type_: c_int, linger: c_int) -> *mut c_void {
    let socket = zmq_socket(context, type_);
    // SAFETY: an int and its size.
    let set = unsafe { zmq_setsockopt(socket, ids::LINGER, (&raw const linger).cast(), 4) };
    assert_eq!(set, 0);
    socket
}

fn at(
    socket: *mut c_void,
    act: unsafe extern "C-unwind" fn(*mut c_void, *const c_char) -> c_int,
    to: &CStr,
) {
    // SAFETY: a C string.
    assert_eq!(unsafe { act(socket, to.as_ptr()) }, 0);
}

/// A thread that does `run` with two sockets is cancelled; they are good for others afterwards.
fn cancelled_while(types: [c_int; 2], run: fn(&Job), after: fn(&Job)) {
    let context = zmq_ctx_new();
    let sockets = types.map(|type_| socket(context, type_, 0));
    for (name, socket) in [c"inproc://cancelled-0", c"inproc://cancelled-1"].iter().zip(sockets) {
        at(socket, zmq_bind, name);
    }
    let job = Job { run, sockets, context };
    let thread = start(job);
    is_asleep();
    let started = Instant::now();
    assert!(cancel(thread));
    assert!(started.elapsed() < Duration::from_secs(2));
    after(&job);
    sockets.into_iter().for_each(|socket| assert_eq!(zmq_close(socket), 0));
    assert_eq!(zmq_ctx_term(context), 0);
}

fn receive(job: &Job) {
    let mut buffer = [0u8; 8];
    // SAFETY: a buffer and its size.
    unsafe { zmq_recv(job.sockets[0], buffer.as_mut_ptr().cast(), 8, 0) };
}

/// The first socket, a PULL, receives as ever.
fn receives(job: &Job) {
    let push = socket(job.context, ids::PUSH, 0);
    at(push, zmq_connect, c"inproc://cancelled-0");
    let mut buffer = [0u8; 8];
    // SAFETY: buffers and their sizes.
    unsafe {
        assert_eq!(zmq_send(push, c"hello".as_ptr().cast(), 5, 0), 5);
        assert_eq!(zmq_recv(job.sockets[0], buffer.as_mut_ptr().cast(), 8, 0), 5);
    }
    assert_eq!(&buffer[..5], b"hello");
    assert_eq!(zmq_close(push), 0);
}

#[test]
fn in_recv() {
    cancelled_while([ids::PULL; 2], receive, receives);
}

#[test]
fn in_send() {
    let send = |job: &Job| {
        // SAFETY: a buffer and its size.
        unsafe { zmq_send(job.sockets[0], c"hello".as_ptr().cast(), 5, 0) };
    };
    cancelled_while([ids::PUSH; 2], send, |_| {});
}

#[test]
fn in_poll() {
    let poll = |job: &Job| {
        let item = |socket| zmq_pollitem_t { socket, fd: -1, events: 1, revents: 0 };
        let mut items = job.sockets.map(item);
        // SAFETY: `items` has two entries.
        unsafe { zmq_poll(items.as_mut_ptr(), 2, -1) };
    };
    cancelled_while([ids::PULL; 2], poll, receives);
}

#[test]
fn in_proxy() {
    let pass = |job: &Job| {
        zmq_proxy(job.sockets[0], job.sockets[1], ptr::null_mut());
    };
    cancelled_while([ids::PULL, ids::PUSH], pass, receives);
}

/// The message was taken from the frontend, and its copy cannot go.
#[test]
fn in_a_proxy_whose_capture_is_full() {
    let pass = |job: &Job| {
        let capture = socket(job.context, ids::PUSH, 0);
        let push = socket(job.context, ids::PUSH, 0);
        at(push, zmq_connect, c"inproc://cancelled-0");
        at(job.sockets[1], zmq_connect, c"inproc://sink");
        // SAFETY: a buffer and its size.
        assert_eq!(unsafe { zmq_send(push, c"first".as_ptr().cast(), 5, 0) }, 5);
        assert_eq!(zmq_close(push), 0);
        CAPTURE.store(capture, Ordering::SeqCst);
        zmq_proxy(job.sockets[0], job.sockets[1], capture);
    };
    cancelled_while([ids::PULL, ids::PUSH], pass, |job| {
        receives(job);
        assert_eq!(zmq_close(CAPTURE.load(Ordering::SeqCst)), 0);
    });
    static CAPTURE: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
}

#[test]
fn in_sendiov_and_recviov() {
    let send = |job: &Job| {
        let mut part = libc::iovec { iov_base: c"hello".as_ptr().cast_mut().cast(), iov_len: 5 };
        // SAFETY: one entry.
        unsafe { zmq_sendiov(job.sockets[0], &mut part, 1, 0) };
    };
    cancelled_while([ids::PUSH; 2], send, |_| {});
    let receive = |job: &Job| {
        let mut part = libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 };
        // SAFETY: room for one entry.
        unsafe { zmq_recviov(job.sockets[0], &mut part, &mut 1, 0) };
    };
    cancelled_while([ids::PULL; 2], receive, receives);
}

/// Functions that do not sleep either return, or their thread goes.
#[test]
fn before_a_call_that_asks_the_system_for_random_numbers() {
    extern "C" fn ring(_: c_int, _: *mut c_void) {}
    let calls: [fn(&Job); 3] = [
        |_| {
            let mut keys = [[0; 41]; 2];
            let [public, secret] = keys.each_mut().map(|key| key.as_mut_ptr());
            // SAFETY: both have room for a key.
            assert_eq!(unsafe { zmq_curve_keypair(public, secret) }, 0);
        },
        |_| {
            let mut timers = zmq_timers_new();
            // SAFETY: the timers were made, and the function takes anything.
            unsafe {
                assert_eq!(zmq_timers_add(timers, 1, Some(ring), ptr::null_mut()), 1);
                assert_eq!(zmq_timers_destroy(&mut timers), 0);
            }
        },
        |job| {
            assert_eq!(zmq_close(socket(job.context, ids::ROUTER, 0)), 0);
        },
    ];
    let context = zmq_ctx_new();
    for run in calls {
        static CALL: std::sync::Mutex<Option<fn(&Job)>> = std::sync::Mutex::new(None);
        *CALL.lock().unwrap() = Some(run);
        let when_cancelled = |job: &Job| {
            let call = CALL.lock().unwrap().unwrap();
            // SAFETY: the thread cancels itself, and goes where it can be next.
            unsafe {
                libc::pthread_cancel(libc::pthread_self());
                call(job);
                pthread_testcancel();
            }
        };
        let job = Job { run: when_cancelled, sockets: [ptr::null_mut(); 2], context };
        let thread = start(job);
        let mut result = ptr::null_mut();
        // SAFETY: the thread was started and not yet joined.
        assert_eq!(unsafe { libc::pthread_join(thread, &mut result) }, 0);
        assert!(!result.is_null(), "it was not cancelled");
    }
    assert_eq!(zmq_ctx_term(context), 0);
}

#[test]
fn in_sleep() {
    cancelled_while([ids::PULL; 2], |_| zmq_sleep(100), receives);
}

#[test]
fn in_ctx_term() {
    let term = |job: &Job| {
        zmq_ctx_term(job.context);
    };
    cancelled_while([ids::PULL; 2], term, |_| {});
}

#[test]
fn a_call_that_sleeps_finds_its_socket_closed() {
    let context = zmq_ctx_new();
    let pull = socket(context, ids::PULL, 0);
    let handle = pull as usize;
    let receiver = std::thread::spawn(move || {
        let mut buffer = [0u8; 8];
        // SAFETY: a buffer and its size.
        let received = unsafe { zmq_recv(handle as *mut c_void, buffer.as_mut_ptr().cast(), 8, 0) };
        (received, zmq_errno())
    });
    is_asleep();
    assert_eq!(zmq_close(pull), 0);
    assert_eq!(receiver.join().unwrap(), (-1, libc::ENOTSOCK));
    assert_eq!(zmq_ctx_term(context), 0);
}

/// As `pthread_exit` does.
#[test]
fn a_free_function_may_end_its_thread() {
    unsafe extern "C-unwind" fn exit(_: *mut c_void, _: *mut c_void) {
        extern "C-unwind" {
            fn pthread_exit(value: *mut c_void) -> !;
        }
        // SAFETY: no value of this thread has to be dropped.
        unsafe { pthread_exit(ptr::null_mut()) };
    }
    let close = |_: &Job| {
        let mut msg = MaybeUninit::uninit();
        let data = c"hello".as_ptr().cast_mut().cast();
        // SAFETY: both kinds of function are called alike; there is room for a message, whose
        // memory stays.
        unsafe {
            let exit = std::mem::transmute::<
                unsafe extern "C-unwind" fn(*mut c_void, *mut c_void),
                unsafe extern "C" fn(*mut c_void, *mut c_void),
            >(exit);
            assert_eq!(
                zmq_msg_init_data(msg.as_mut_ptr(), data, 5, Some(exit), ptr::null_mut()),
                0
            );
            zmq_msg_close(msg.as_mut_ptr());
        }
        std::process::abort();
    };
    let thread = start(Job { run: close, sockets: [ptr::null_mut(); 2], context: ptr::null_mut() });
    // SAFETY: the thread was started and not yet joined.
    assert_eq!(unsafe { libc::pthread_join(thread, ptr::null_mut()) }, 0);
}

/// A thread that is never asleep when it is cancelled goes when it sleeps next.
#[test]
fn between_calls() {
    let context = zmq_ctx_new();
    let sockets = [ids::PULL, ids::PUSH].map(|type_| socket(context, type_, 0));
    at(sockets[0], zmq_bind, c"tcp://127.0.0.1:*");
    let (mut address, mut len) = ([0u8; 256], 256);
    let to = address.as_mut_ptr().cast();
    // SAFETY: a buffer and its size.
    assert_eq!(unsafe { zmq_getsockopt(sockets[0], ids::LAST_ENDPOINT, to, &mut len) }, 0);
    at(sockets[1], zmq_connect, CStr::from_bytes_until_nul(&address).unwrap());
    let busy = |job: &Job| loop {
        let mut buffer = [0u8; 8];
        // SAFETY: buffers and their sizes.
        unsafe {
            assert_eq!(zmq_send(job.sockets[1], c"hello".as_ptr().cast(), 5, 0), 5);
            assert_eq!(zmq_recv(job.sockets[0], buffer.as_mut_ptr().cast(), 8, 0), 5);
            pthread_testcancel();
        }
    };
    for round in 0..ROUNDS {
        let thread = start(Job { run: busy, sockets, context });
        std::thread::sleep(Duration::from_micros(50 + round % 7 * 60));
        assert!(cancel(thread));
        let mut buffer = [0u8; 8];
        // SAFETY: a buffer and its size. There is one message at most that was sent and not
        // received.
        unsafe { zmq_recv(sockets[0], buffer.as_mut_ptr().cast(), 8, ZMQ_DONTWAIT) };
    }
    sockets.into_iter().for_each(|socket| assert_eq!(zmq_close(socket), 0));
    assert_eq!(zmq_ctx_term(context), 0);
}

/// What a thread does last, such as in the destructor of a key or in `atexit`, is done when its
/// `thread_local`s are gone.
#[test]
fn a_thread_sleeps_to_its_very_end() {
    static SLEPT: AtomicU32 = AtomicU32::new(0);
    unsafe extern "C" fn last(job: *mut c_void) {
        // SAFETY: the thread below left its job here.
        sleep_a_little(unsafe { &*job.cast::<Job>() });
        SLEPT.fetch_add(1, Ordering::SeqCst);
    }
    fn sleep_a_little(job: &Job) {
        receive(job);
        assert_eq!(zmq_errno(), libc::EAGAIN);
        let mut item = zmq_pollitem_t { socket: job.sockets[0], fd: -1, events: 1, revents: 0 };
        // SAFETY: one item.
        assert_eq!(unsafe { zmq_poll(&mut item, 1, 10) }, 0);
    }
    let context = zmq_ctx_new();
    let sockets = [ids::PULL; 2].map(|type_| socket(context, type_, 0));
    // SAFETY: an int and its size.
    unsafe { zmq_setsockopt(sockets[0], ids::RCVTIMEO, (&raw const WAIT).cast(), 4) };
    let run = |job: &Job| {
        let mut key = 0;
        // SAFETY: the key may be written to; its destructor takes a job.
        unsafe {
            assert_eq!(libc::pthread_key_create(&mut key, Some(last)), 0);
            libc::pthread_setspecific(key, ptr::from_ref(job).cast());
        }
        sleep_a_little(job);
    };
    let thread = start(Job { run, sockets, context });
    // SAFETY: the thread was started and not yet joined.
    assert_eq!(unsafe { libc::pthread_join(thread, ptr::null_mut()) }, 0);
    assert_eq!(SLEPT.load(Ordering::SeqCst), 1);
    sockets.into_iter().for_each(|socket| assert_eq!(zmq_close(socket), 0));
    assert_eq!(zmq_ctx_term(context), 0);
}

/// Of two sockets that a thread polls, one is closed. The other is told of as ever, and the closed
/// one does not keep the context.
#[test]
fn a_poll_that_finds_a_socket_closed_leaves_nothing_behind() {
    let context = zmq_ctx_new();
    let sockets = [ids::PULL; 2].map(|type_| socket(context, type_, 0));
    at(sockets[0], zmq_bind, c"inproc://left-behind");
    let push = socket(context, ids::PUSH, 0);
    at(push, zmq_connect, c"inproc://left-behind");
    let item = |socket| zmq_pollitem_t { socket, fd: -1, events: 1, revents: 0 };
    let mut items = sockets.map(item);
    let (closed, push) = (sockets[1] as usize, push as usize);
    let closer = std::thread::spawn(move || {
        is_asleep();
        zmq_close(closed as *mut c_void)
    });
    // SAFETY: `items` has two entries.
    assert_eq!(unsafe { zmq_poll(items.as_mut_ptr(), 2, 200) }, -1);
    assert_eq!((zmq_errno(), closer.join().unwrap()), (libc::ENOTSOCK, 0));
    let sender = std::thread::spawn(move || {
        is_asleep();
        let push = push as *mut c_void;
        // SAFETY: a buffer and its size.
        assert_eq!(unsafe { zmq_send(push, c"hello".as_ptr().cast(), 5, 0) }, 5);
        zmq_close(push)
    });
    let started = Instant::now();
    // SAFETY: one item.
    assert_eq!(unsafe { zmq_poll(items.as_mut_ptr(), 1, 10_000) }, 1);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!((sender.join().unwrap(), zmq_close(sockets[0])), (0, 0));
    assert_eq!(zmq_ctx_term(context), 0);
}

/// Where a poll is about to sleep, what it let go of is given back; that function polls as well.
#[test]
fn a_free_function_may_sleep_where_its_caller_is_about_to() {
    const LEN: usize = 1_000_000;
    const QUEUED: usize = 30;
    static ONE: c_int = 1;
    static OTHER: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
    unsafe extern "C" fn poll_other(_: *mut c_void, _: *mut c_void) {
        let socket = OTHER.swap(ptr::null_mut(), Ordering::SeqCst);
        if !socket.is_null() {
            let mut item = zmq_pollitem_t { socket, fd: -1, events: 1, revents: 0 };
            // SAFETY: one item.
            assert_eq!(unsafe { zmq_poll(&mut item, 1, 10) }, 0);
        }
    }
    let context = zmq_ctx_new();
    let router = socket(context, ids::ROUTER, 0);
    at(router, zmq_bind, c"tcp://127.0.0.1:*");
    let (mut address, mut len) = ([0u8; 256], 256);
    let to = address.as_mut_ptr().cast();
    // SAFETY: a buffer and its size.
    assert_eq!(unsafe { zmq_getsockopt(router, ids::LAST_ENDPOINT, to, &mut len) }, 0);
    let address = CStr::from_bytes_until_nul(&address).unwrap();
    // The peer takes one of them, and the connection some more.
    let [other, gone, late] = [ids::PULL, ids::DEALER, ids::DEALER].map(|t| socket(context, t, 0));
    // SAFETY: an int and its size.
    unsafe { zmq_setsockopt(gone, ids::RCVHWM, (&raw const ONE).cast(), 4) };
    at(gone, zmq_connect, address);
    at(late, zmq_connect, address);
    let data = vec![0u8; LEN].leak().as_mut_ptr().cast::<c_void>();
    let mut id = [0u8; 8];
    // SAFETY: buffers and their sizes; a message whose memory stays.
    unsafe {
        assert_eq!(zmq_send(gone, data, 5, 0), 5);
        assert_eq!(zmq_recv(router, id.as_mut_ptr().cast(), 8, 0), 5);
        assert_eq!(zmq_recv(router, [0u8; 8].as_mut_ptr().cast(), 8, 0), 5);
        for _ in 0..QUEUED {
            assert_eq!(zmq_send(router, id.as_ptr().cast(), 5, ZMQ_SNDMORE), 5);
            let mut msg = MaybeUninit::uninit();
            let free = Some(poll_other as unsafe extern "C" fn(_, _));
            assert_eq!(zmq_msg_init_data(msg.as_mut_ptr(), data, LEN, free, ptr::null_mut()), 0);
            assert_eq!(zmq_msg_send(msg.as_mut_ptr(), router, 0), LEN as c_int);
        }
    }
    OTHER.store(other, Ordering::SeqCst);
    let sockets = [gone as usize, late as usize];
    let leaver = std::thread::spawn(move || {
        let [gone, late] = sockets.map(|socket| socket as *mut c_void);
        is_asleep();
        assert_eq!(zmq_close(gone), 0);
        std::thread::sleep(Duration::from_millis(200));
        // SAFETY: a buffer and its size.
        assert_eq!(unsafe { zmq_send(late, c"hello".as_ptr().cast(), 5, 0) }, 5);
    });
    let mut item = zmq_pollitem_t { socket: router, fd: -1, events: 1, revents: 0 };
    let started = Instant::now();
    // SAFETY: one item.
    assert_eq!(unsafe { zmq_poll(&mut item, 1, 10_000) }, 1);
    assert!(started.elapsed() < Duration::from_secs(5));
    leaver.join().unwrap();
    assert!(OTHER.load(Ordering::SeqCst).is_null());
    [router, other, late].into_iter().for_each(|socket| assert_eq!(zmq_close(socket), 0));
    assert_eq!(zmq_ctx_term(context), 0);
}
