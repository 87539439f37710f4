//! The send half of a connection, driven by a sender that finds it free and by its I/O thread.
//!
//! The queue and the policy that decides about batches ship; `SendHalf`, `SessionHandle` and
//! `Session` are played, step by step as they are in `src/engine`: each function here has the name
//! of the one that it plays. The kernel takes as
//! much of each write as the model says, and says at once that it takes more. The claim: when
//! nobody does anything any more, everything is out.

use super::bell::Bell;
use super::lock::Lock;
use super::{check_deep, Parcel};
use loom::sync::atomic::{fence, AtomicBool, AtomicU32, Ordering};
use loom::sync::Arc;
use loom::thread;
use std::io::IoSlice;
use std::time::Instant;
use zeroxide::internal::engine::send::{Decision, Look, SendPolicy, Unsent};
use zeroxide::internal::sync::queue::{queue, Consumer, Cursor, Producer};

const SEND: u32 = 1;
const STOP: u32 = 2;
const WATCH: u32 = 4;

/// What the sender does with a message.
#[derive(Clone, Copy)]
enum How {
    /// It writes the message at once.
    Single,
    /// It leaves the message for company.
    Burst,
    /// It leaves the message, and lends a hand then.
    Pressed,
    /// It writes the message from its own memory if it can.
    Through,
}

#[derive(PartialEq)]
enum Flushed {
    Done,
    Blocked,
}

struct SendHalf {
    rx: Consumer<Parcel>,
    cursor: Cursor,
    wire: Vec<u8>,
    /// How much the kernel takes of each write; of any further one it takes all.
    limits: &'static [usize],
}

impl SendHalf {
    /// What the kernel takes; `None` for EAGAIN.
    fn write(&mut self, bytes: &[u8]) -> Option<usize> {
        let taken = match self.limits {
            [] => bytes.len(),
            [limit, rest @ ..] => {
                self.limits = rest;
                bytes.len().min(*limit)
            }
        };
        self.wire.extend_from_slice(&bytes[..taken]);
        (taken > 0).then_some(taken)
    }

    fn attend(&mut self) {
        self.rx.attend();
    }

    fn flush(&mut self) -> Flushed {
        loop {
            let mut slices = [IoSlice::new(&[]); 2];
            let (count, total) = self.rx.gather(&self.cursor, &mut slices, 100);
            if total == 0 {
                if self.is_idle() {
                    return Flushed::Done;
                }
                continue;
            }
            let image: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
            let Some(taken) = self.write(&image) else { return Flushed::Blocked };
            self.rx.advance(&mut self.cursor, taken);
            if taken < total {
                return Flushed::Blocked;
            }
        }
    }

    fn send_through(&mut self, body: u8, queue: &mut dyn FnMut()) -> Option<Flushed> {
        if !self.is_idle() {
            return None;
        }
        let taken = self.write(&[0, 1, body])?;
        if taken == 3 {
            return Some(Flushed::Done);
        }
        queue();
        self.cursor = self.rx.cursor_inside(taken);
        Some(Flushed::Blocked)
    }
}

impl Unsent for SendHalf {
    fn is_idle(&mut self) -> bool {
        self.rx.is_empty_at(&self.cursor)
    }

    fn is_done(&mut self) -> bool {
        if !self.is_idle() {
            return false;
        }
        self.rx.rely();
        let idle = self.is_idle();
        if !idle {
            self.attend();
        }
        idle
    }

    fn messages(&mut self) -> u64 {
        self.rx.messages()
    }
}

/// What is known of a burst, under the lock of `SessionHandle`.
struct Live {
    policy: SendPolicy,
    /// When all of the burst is sent.
    now: Instant,
    answers: u32,
}

impl Live {
    fn new() -> Self {
        Self { policy: SendPolicy::new(), now: Instant::now(), answers: 0 }
    }

    fn decide(&mut self) -> Decision {
        self.policy.decide(self.now, self.answers)
    }
}

struct Session {
    half: Lock<SendHalf>,
    live: Lock<Live>,
    wanted: AtomicU32,
    left: AtomicBool,
    poke: Bell,
    /// The I/O thread has asked to be told when the kernel takes more.
    blocked: AtomicBool,
    /// The kernel has told it so.
    writable: AtomicBool,
}

/// The sender's side.
impl Session {
    fn new(rx: Consumer<Parcel>, limits: &'static [usize]) -> Arc<Self> {
        let cursor = rx.cursor();
        let half = SendHalf { rx, cursor, wire: Vec::new(), limits };
        Arc::new(Self {
            half: Lock::new(half),
            live: Lock::new(Live::new()),
            wanted: AtomicU32::new(0),
            left: AtomicBool::new(false),
            poke: Bell::new(),
            blocked: AtomicBool::new(false),
            writable: AtomicBool::new(false),
        })
    }

    /// `Sender::write` of a link.
    fn send(&self, tx: &mut Producer<Parcel>, body: u8, how: How) {
        if let How::Through = how {
            let mut queue = || {
                tx.push(0, &[body]).unwrap();
                tx.commit();
            };
            if self.send_through(body, &mut queue) {
                return;
            }
        }
        tx.push(0, &[body]).unwrap();
        match tx.commit() {
            true => self.readable(how),
            false if matches!(how, How::Pressed) => self.pressure(),
            false => {}
        }
    }

    fn wake(&self, what: u32) {
        if self.wanted.fetch_or(what, Ordering::SeqCst) == 0 {
            self.poke.ring();
        }
    }

    fn readable(&self, how: How) {
        let mut live = self.live.lock();
        let single = matches!(how, How::Single | How::Through);
        // An answer ends a burst.
        live.answers += u32::from(single);
        let mut decision = live.decide();
        while !single && decision == Decision::Write {
            // As if the burst had begun before.
            decision = live.decide();
        }
        match decision {
            Decision::Write => self.flush(),
            Decision::Leave => {}
            Decision::LeaveToWatch => {
                if let Some(mut half) = self.half.try_lock() {
                    half.attend();
                }
                self.wake(SEND | WATCH);
            }
        }
    }

    fn pressure(&self) {
        let mut live = self.live.lock();
        live.policy.note_flushed();
        self.flush();
    }

    fn flush(&self) {
        match self.try_flush() {
            Some(Flushed::Done) => {}
            Some(Flushed::Blocked) | None => self.wake(SEND),
        }
    }

    fn send_through(&self, body: u8, queue: &mut dyn FnMut()) -> bool {
        let mut live = self.live.lock();
        match self.connection_send_through(body, queue) {
            None => {
                if self.was_left_flushing() {
                    self.wake(SEND);
                }
                return false;
            }
            Some(Flushed::Done) => {}
            Some(Flushed::Blocked) => self.wake(SEND),
        }
        live.policy.note_flushed();
        true
    }

    fn was_left_flushing(&self) -> bool {
        fence(Ordering::SeqCst);
        self.left.load(Ordering::Relaxed) && self.left.swap(false, Ordering::Relaxed)
    }

    fn connection_send_through(&self, body: u8, queue: &mut dyn FnMut()) -> Option<Flushed> {
        self.half.try_lock()?.send_through(body, queue)
    }

    fn try_flush(&self) -> Option<Flushed> {
        let mut half = self.half.try_lock()?;
        let flushed = half.flush();
        drop(half);
        if flushed == Flushed::Blocked && self.blocked.load(Ordering::SeqCst) {
            self.takes_more();
        }
        Some(flushed)
    }

    /// The kernel tells the I/O thread, if that asked.
    fn takes_more(&self) {
        self.writable.store(true, Ordering::SeqCst);
        self.poke.ring();
    }
}

/// The I/O thread's.
impl Session {
    fn run(&self) {
        let (mut watching, mut stopped) = (false, false);
        loop {
            if watching {
                // The timer may be due before anybody pokes.
                thread::yield_now();
                watching = self.watch_burst();
            } else if self.wanted.load(Ordering::SeqCst) == 0 && !self.is_writable() {
                if stopped {
                    return;
                }
                self.poke.wait();
            }
            let wanted = self.wanted.swap(0, Ordering::SeqCst);
            watching |= wanted & WATCH != 0;
            stopped |= wanted & STOP != 0;
            if self.writable.swap(false, Ordering::SeqCst) || wanted & SEND != 0 {
                self.transmit();
            }
        }
    }

    fn is_writable(&self) -> bool {
        self.writable.load(Ordering::SeqCst)
    }

    fn transmit(&self) {
        let Some(flushed) = self.flush_or_leave() else { return };
        let blocked = flushed == Flushed::Blocked;
        if self.blocked.swap(blocked, Ordering::SeqCst) != blocked && blocked {
            self.takes_more();
        }
    }

    fn flush_or_leave(&self) -> Option<Flushed> {
        if let Some(flushed) = self.try_flush() {
            return Some(flushed);
        }
        self.left.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        self.try_flush()
    }

    /// False when the burst is over.
    fn watch_burst(&self) -> bool {
        match self.watch() {
            Look::Over => false,
            Look::Wait => true,
            Look::Flush { gone } => {
                self.transmit();
                !self.end_watch(gone)
            }
        }
    }

    fn watch(&self) -> Look {
        let Some(mut live) = self.live.try_lock() else { return Look::Wait };
        live.policy.look(|| self.half.try_lock())
    }

    fn end_watch(&self, gone: u64) -> bool {
        let Some(mut live) = self.live.try_lock() else { return false };
        live.policy.end_look(gone, || self.half.try_lock())
    }
}

/// As many messages as there are ways to send them, with so many preemptions.
fn everything_is_out(preemptions: usize, ways: &'static [How], limits: &'static [usize]) {
    check_deep(preemptions, move || {
        let (mut tx, rx) = queue::<Parcel>(0, 6).unwrap();
        let session = Session::new(rx, limits);
        let theirs = session.clone();
        let io_thread = thread::spawn(move || theirs.run());
        // A connection that was just made is flushed by its I/O thread.
        session.wake(SEND);
        for (body, how) in (1u8..).zip(ways) {
            session.send(&mut tx, body, *how);
        }
        session.wake(STOP);
        io_thread.join().unwrap();
        let count = ways.len() as u8;
        let expected: Vec<u8> = (1..=count).flat_map(|body| [0, 1, body]).collect();
        assert_eq!(session.half.lock().wire, expected);
    });
}

#[test]
fn everything_is_out_when_the_kernel_takes_all() {
    everything_is_out(2, &[How::Single; 3], &[]);
}

#[test]
fn everything_is_out_when_the_first_write_is_refused() {
    everything_is_out(3, &[How::Single; 2], &[0]);
}

#[test]
fn everything_is_out_when_writes_are_refused_twice() {
    everything_is_out(2, &[How::Single; 3], &[3, 0, 1]);
}

#[test]
fn everything_is_out_after_a_burst() {
    everything_is_out(2, &[How::Burst; 3], &[]);
}

#[test]
fn everything_is_out_after_a_burst_that_the_kernel_refuses() {
    everything_is_out(2, &[How::Single, How::Burst, How::Burst], &[3, 0]);
}

#[test]
fn a_full_batch_helps_and_harms_nothing() {
    everything_is_out(2, &[How::Burst, How::Pressed, How::Pressed], &[3, 0]);
}

/// The second one finds that the first is not out yet, just when the I/O thread sees to that.
#[test]
fn everything_is_out_when_a_long_message_follows_another() {
    everything_is_out(3, &[How::Through; 2], &[1]);
}

#[test]
fn everything_is_out_when_a_long_message_follows_a_refused_one() {
    everything_is_out(3, &[How::Single, How::Through], &[0, 1]);
}

#[test]
fn everything_is_out_when_a_long_message_ends_a_burst() {
    everything_is_out(2, &[How::Burst, How::Burst, How::Through], &[3, 0]);
}
