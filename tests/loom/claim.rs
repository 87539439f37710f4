//! A connection from which a thread reads for itself for a while.
//!
//! All of it is played, as it is in `src/engine`: the descriptor, of which the I/O thread is told
//! once when something comes; the claim, which is given back or lapses; the receive half behind its
//! lock. The claim: when nobody does anything any more, everything that came is read.

use super::bell::Bell;
use super::check_deep;
use super::lock::Lock;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

const STOP: u32 = 1;
const CLAIMED: u32 = 2;
const RELEASED: u32 = 4;
const RECEIVE: u32 = 8;

/// The descriptor and its poll, where the I/O thread sleeps.
#[derive(Default)]
struct Kernel {
    bytes: usize,
    /// The I/O thread is told of what comes.
    watched: bool,
    /// It has been.
    readable: bool,
}

/// What the receive half has read, and whether it stopped for want of room.
#[derive(Default)]
struct RecvHalf {
    read: usize,
    full: bool,
}

/// The socket's queue.
struct Queue {
    room: usize,
    writer_waiting: bool,
}

#[derive(Default)]
struct Established {
    claimed: bool,
    used: bool,
}

struct Connection {
    kernel: Mutex<Kernel>,
    recv: Lock<RecvHalf>,
    queue: Mutex<Queue>,
    established: Mutex<Established>,
    wanted: AtomicU32,
    poke: Bell,
}

impl Connection {
    fn new(room: usize) -> Arc<Self> {
        Arc::new(Self {
            kernel: Mutex::new(Kernel { watched: true, ..Kernel::default() }),
            recv: Lock::new(RecvHalf::default()),
            queue: Mutex::new(Queue { room, writer_waiting: false }),
            established: Mutex::default(),
            wanted: AtomicU32::new(0),
            poke: Bell::new(),
        })
    }

    /// The peer sends something.
    fn arrive(&self) {
        let mut kernel = self.kernel.lock().unwrap();
        kernel.bytes += 1;
        kernel.readable |= kernel.watched;
        let told = kernel.watched;
        drop(kernel);
        if told {
            self.poke.ring();
        }
    }

    fn watch(&self, reading: bool) {
        let mut kernel = self.kernel.lock().unwrap();
        kernel.watched = reading;
        // What is there already is told of as well.
        kernel.readable = reading && kernel.bytes > 0;
    }

    /// `RecvHalf::pump`: a read that was not filled is the last one.
    fn read(&self, half: &mut RecvHalf) {
        let mut queue = self.queue.lock().unwrap();
        let mut kernel = self.kernel.lock().unwrap();
        let count = kernel.bytes.min(queue.room);
        kernel.bytes -= count;
        queue.room -= count;
        half.read += count;
        half.full = kernel.bytes > 0;
        queue.writer_waiting = half.full;
    }

    fn wake(&self, what: u32) {
        if self.wanted.fetch_or(what, Ordering::SeqCst) == 0 {
            self.poke.ring();
        }
    }
}

/// The thread that reads for itself.
impl Connection {
    fn claim(&self) {
        let mut established = self.established.lock().unwrap();
        established.used = true;
        if !std::mem::replace(&mut established.claimed, true) {
            self.watch(false);
            self.wake(CLAIMED);
        }
        if let Some(mut half) = self.recv.try_lock() {
            if half.full {
                self.read(&mut half);
            }
        }
    }

    fn pump(&self) {
        let mut established = self.established.lock().unwrap();
        established.used = true;
        if let Some(mut half) = self.recv.try_lock() {
            self.read(&mut half);
        }
    }

    fn release(&self) {
        let mut established = self.established.lock().unwrap();
        if std::mem::take(&mut established.claimed) {
            self.wake(RELEASED);
        }
    }
}

/// The socket, on the same thread.
impl Connection {
    fn pop(&self) {
        let mut queue = self.queue.lock().unwrap();
        queue.room += 1;
        let waits = std::mem::take(&mut queue.writer_waiting);
        drop(queue);
        if waits {
            self.writable();
        }
    }

    fn writable(&self) {
        let goes_on = self.established.lock().unwrap().claimed;
        if !goes_on {
            self.wake(RECEIVE);
        }
    }
}

/// The I/O thread.
impl Connection {
    fn run(&self) {
        let (mut timer, mut stopped) = (false, false);
        loop {
            if timer {
                // It may be due before anybody pokes.
                thread::yield_now();
                timer = self.renew_claim();
                if !timer {
                    self.watch_again();
                }
            } else if self.wanted.load(Ordering::SeqCst) == 0 && !self.is_readable() {
                if stopped {
                    return;
                }
                self.poke.wait();
            }
            if std::mem::take(&mut self.kernel.lock().unwrap().readable) {
                self.read(&mut self.recv.lock());
            }
            let wanted = self.wanted.swap(0, Ordering::SeqCst);
            timer |= wanted & CLAIMED != 0;
            stopped |= wanted & STOP != 0;
            if wanted & RECEIVE != 0 {
                self.read(&mut self.recv.lock());
            }
            if wanted & RELEASED != 0 {
                self.watch_again();
            }
        }
    }

    fn watch_again(&self) {
        self.watch(true);
        let mut half = self.recv.lock();
        if half.full {
            self.read(&mut half);
        }
    }

    fn is_readable(&self) -> bool {
        self.kernel.lock().unwrap().readable
    }

    fn renew_claim(&self) -> bool {
        let mut established = self.established.lock().unwrap();
        established.claimed &= std::mem::take(&mut established.used);
        established.claimed
    }
}

/// A peer sends twice while a thread does this with the connection, where the queue has so much
/// room.
fn everything_is_read(room: usize, act: fn(&Connection)) {
    check_deep(3, move || {
        let connection = Connection::new(room);
        let theirs = connection.clone();
        let io_thread = thread::spawn(move || theirs.run());
        let theirs = connection.clone();
        let peer = thread::spawn(move || (0..2).for_each(|_| theirs.arrive()));
        act(&connection);
        peer.join().unwrap();
        connection.wake(STOP);
        io_thread.join().unwrap();
        assert_eq!(connection.recv.lock().read, 2);
    });
}

#[test]
fn everything_is_read_after_a_claim_was_given_back() {
    everything_is_read(2, |connection| {
        connection.claim();
        connection.pump();
        connection.release();
    });
}

#[test]
fn everything_is_read_after_a_claim_was_left_to_lapse() {
    everything_is_read(2, |connection| {
        connection.claim();
        connection.pump();
    });
}

#[test]
fn everything_is_read_after_a_claim_was_taken_again() {
    everything_is_read(2, |connection| {
        connection.claim();
        connection.release();
        connection.claim();
    });
}

#[test]
fn everything_is_read_after_a_claim_that_lapsed_when_there_was_no_room() {
    everything_is_read(1, |connection| {
        connection.claim();
        connection.pump();
        connection.pop();
    });
}
