//! The send half of a connection, driven by a sender that finds it free and by its I/O thread.
//!
//! The queue ships; `SendHalf::flush`, `SessionHandle` and `Session::poked` are played, step by step as
//! they are in `src/engine`. The kernel takes three bytes at a time, which is one message, and now and then
//! none at all. The claim: when nobody does anything any more, everything is out.

use super::bell::Bell;
use super::{check, Parcel};
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;
use std::io::IoSlice;
use zeroxide::sync::queue::{queue, Consumer, Cursor};

const SEND: u32 = 1;
const STOP: u32 = 2;
const WATCH: u32 = 4;

#[derive(PartialEq)]
enum Flushed {
    Done,
    Blocked,
}

struct SendHalf {
    rx: Consumer<Parcel>,
    cursor: Cursor,
    wire: Vec<u8>,
    /// How many writes the kernel will refuse, before which write.
    refusals: Vec<usize>,
    writes: usize,
}

impl SendHalf {
    fn is_idle(&mut self) -> bool {
        self.rx.is_empty_at(&self.cursor)
    }

    fn flush(&mut self) -> Flushed {
        loop {
            let mut slices = [IoSlice::new(&[]); 2];
            let (count, total) = self.rx.gather(&self.cursor, &mut slices, 100);
            if total == 0 {
                if self.rx.is_empty_at(&self.cursor) {
                    return Flushed::Done;
                }
                continue;
            }
            let write = self.writes;
            self.writes += 1;
            if self.refusals.contains(&write) {
                return Flushed::Blocked;
            }
            let image: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
            self.wire.extend_from_slice(&image[..3]);
            self.rx.advance(&mut self.cursor, 3);
            if total > 3 {
                return Flushed::Blocked;
            }
        }
    }
}

/// What is known of a burst, under the lock of `SessionHandle`.
#[derive(Default)]
struct Burst {
    watched: bool,
    flushed: bool,
}

struct Session {
    half: Mutex<SendHalf>,
    burst: Mutex<Burst>,
    wanted: AtomicU32,
    poke: Bell,
}

impl Session {
    fn new(rx: Consumer<Parcel>, refusals: Vec<usize>) -> Arc<Self> {
        let cursor = rx.cursor();
        let half = SendHalf { rx, cursor, wire: Vec::new(), refusals, writes: 0 };
        Arc::new(Self {
            half: Mutex::new(half),
            burst: Mutex::new(Burst::default()),
            wanted: AtomicU32::new(0),
            poke: Bell::new(),
        })
    }

    fn wake(&self, what: u32) {
        if self.wanted.fetch_or(what, Ordering::SeqCst) == 0 {
            self.poke.ring();
        }
    }

    /// `Peer::readable`: a single message is written by its sender, if nobody else is at it. One of many
    /// in a row is left, and the I/O thread has a look when it is due.
    fn readable(&self, single: bool) {
        let mut burst = self.burst.lock().unwrap();
        if single {
            return self.flush(&mut burst);
        }
        if !std::mem::replace(&mut burst.watched, true) {
            self.wake(SEND | WATCH);
        }
    }

    /// `Peer::pressure`: much is queued, and the sender lends a hand.
    fn pressure(&self) {
        self.flush(&mut self.burst.lock().unwrap());
    }

    fn flush(&self, burst: &mut Burst) {
        burst.flushed = true;
        let flushed = self.half.try_lock().map(|mut half| half.flush());
        if !matches!(flushed, Ok(Flushed::Done)) {
            self.wake(SEND);
        }
    }

    /// The I/O thread, which goes on whenever the kernel takes more.
    fn run(&self) {
        let mut watching = false;
        let mut wanted = 0;
        while wanted & STOP == 0 || watching {
            if watching {
                // The timer may be due before anybody pokes.
                thread::yield_now();
                watching = self.watch();
            } else {
                self.poke.wait();
            }
            wanted |= self.wanted.swap(0, Ordering::SeqCst);
            watching |= wanted & WATCH != 0;
            if wanted & SEND != 0 {
                self.transmit();
            }
            wanted &= STOP;
        }
    }

    fn transmit(&self) {
        while self.half.lock().unwrap().flush() == Flushed::Blocked {}
    }

    /// `Session::watch_burst`: false when the burst is over.
    fn watch(&self) -> bool {
        let mut burst = self.burst.lock().unwrap();
        if std::mem::take(&mut burst.flushed) {
            return true;
        }
        burst.watched = !self.half.lock().unwrap().is_idle();
        let watched = burst.watched;
        drop(burst);
        if watched {
            self.transmit();
        }
        watched
    }
}

/// `single` says of each message whether its sender takes it for one.
fn everything_is_out_in_the_end(single: &'static [bool], refusals: &'static [usize]) {
    check(move || {
        let (mut tx, rx) = queue::<Parcel>(0, 6).unwrap();
        let session = Session::new(rx, refusals.to_vec());
        let theirs = session.clone();
        let io_thread = thread::spawn(move || theirs.run());
        // A connection that was just made is flushed by its I/O thread.
        session.wake(SEND);
        for (message, single) in (1u8..).zip(single) {
            tx.push(0, &[message]).unwrap();
            if tx.commit() {
                session.readable(*single);
            }
        }
        session.wake(STOP);
        io_thread.join().unwrap();
        let count = single.len() as u8;
        let expected: Vec<u8> = (1..=count).flat_map(|message| [0, 1, message]).collect();
        assert_eq!(session.half.lock().unwrap().wire, expected);
    });
}

#[test]
fn everything_is_out_when_the_kernel_takes_all() {
    everything_is_out_in_the_end(&[true; 3], &[]);
}

#[test]
fn everything_is_out_when_the_first_write_is_refused() {
    everything_is_out_in_the_end(&[true; 2], &[0]);
}

#[test]
fn everything_is_out_when_writes_are_refused_twice() {
    everything_is_out_in_the_end(&[true; 3], &[1, 2]);
}

#[test]
fn everything_is_out_after_a_burst() {
    everything_is_out_in_the_end(&[false; 3], &[]);
}

#[test]
fn everything_is_out_after_a_burst_that_the_kernel_refuses() {
    everything_is_out_in_the_end(&[true, false, false], &[1]);
}

#[test]
fn a_full_batch_helps_and_harms_nothing() {
    check(|| {
        let (mut tx, rx) = queue::<Parcel>(0, 6).unwrap();
        let session = Session::new(rx, vec![1]);
        let theirs = session.clone();
        let io_thread = thread::spawn(move || theirs.run());
        session.wake(SEND);
        for message in 1..=3 {
            tx.push(0, &[message]).unwrap();
            match tx.commit() {
                true => session.readable(false),
                false => session.pressure(),
            }
        }
        session.wake(STOP);
        io_thread.join().unwrap();
        assert_eq!(session.half.lock().unwrap().wire, [0, 1, 1, 0, 1, 2, 0, 1, 3]);
    });
}
