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
use zeroxide::sync::queue::{queue, Consumer, Cursor, Producer};

const SEND: u32 = 1;
const STOP: u32 = 2;

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

struct Session {
    half: Mutex<SendHalf>,
    wanted: AtomicU32,
    poke: Bell,
}

impl Session {
    fn new(rx: Consumer<Parcel>, refusals: Vec<usize>) -> Arc<Self> {
        let cursor = rx.cursor();
        let half = SendHalf { rx, cursor, wire: Vec::new(), refusals, writes: 0 };
        Arc::new(Self { half: Mutex::new(half), wanted: AtomicU32::new(0), poke: Bell::new() })
    }

    fn wake(&self, what: u32) {
        if self.wanted.fetch_or(what, Ordering::SeqCst) == 0 {
            self.poke.ring();
        }
    }

    /// `Peer::readable`: the sender writes for itself if nobody else is at it.
    fn readable(&self) {
        let flushed = self.half.try_lock().map(|mut half| half.flush());
        if !matches!(flushed, Ok(Flushed::Done)) {
            self.wake(SEND);
        }
    }

    /// `Peer::pressure`: much is queued, and the sender has a look.
    fn pressure(&self) {
        let flushed = self.half.try_lock().map(|mut half| half.flush());
        if matches!(flushed, Ok(Flushed::Blocked)) {
            self.wake(SEND);
        }
    }

    /// The I/O thread, which goes on whenever the kernel takes more.
    fn run(&self) {
        loop {
            self.poke.wait();
            let wanted = self.wanted.swap(0, Ordering::SeqCst);
            if wanted & SEND != 0 {
                while self.half.lock().unwrap().flush() == Flushed::Blocked {}
            }
            if wanted & STOP != 0 {
                return;
            }
        }
    }
}

fn send(tx: &mut Producer<Parcel>, message: u8, session: &Session) {
    tx.push(0, &[message]);
    if tx.commit() {
        session.readable();
    } else {
        session.pressure();
    }
}

fn everything_is_out_in_the_end(messages: u8, refusals: &'static [usize]) {
    check(move || {
        let (mut tx, rx) = queue::<Parcel>(0, 6);
        let session = Session::new(rx, refusals.to_vec());
        let theirs = session.clone();
        let io_thread = thread::spawn(move || theirs.run());
        // A connection that was just made is flushed by its I/O thread.
        session.wake(SEND);
        for message in 1..=messages {
            send(&mut tx, message, &session);
        }
        session.wake(STOP);
        io_thread.join().unwrap();
        let expected: Vec<u8> = (1..=messages).flat_map(|message| [0, 1, message]).collect();
        assert_eq!(session.half.lock().unwrap().wire, expected);
    });
}

#[test]
fn everything_is_out_when_the_kernel_takes_all() {
    everything_is_out_in_the_end(3, &[]);
}

#[test]
fn everything_is_out_when_the_first_write_is_refused() {
    everything_is_out_in_the_end(2, &[0]);
}

#[test]
fn everything_is_out_when_writes_are_refused_twice() {
    everything_is_out_in_the_end(3, &[1, 2]);
}
