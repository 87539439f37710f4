//! The mailbox of a socket: commands under a lock, the signal that ships, and a descriptor.

use super::bell::Bell;
use super::check_deep;
use loom::sync::{Arc, Mutex};
use loom::thread::{self, JoinHandle};
use zeroxide::internal::sync::signal::Signal;

struct Mailbox {
    signal: Signal,
    commands: Mutex<Commands>,
    descriptor: Bell,
}

#[derive(Default)]
struct Commands {
    waiting: Vec<u8>,
    closed: bool,
}

impl Mailbox {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            signal: Signal::new(),
            commands: Mutex::default(),
            descriptor: Bell::new(),
        })
    }

    fn put(&self, command: u8) {
        self.try_put(command, true);
    }

    /// False if the socket is closed. The descriptor can be written, or not.
    fn try_put(&self, command: u8, works: bool) -> bool {
        let mut commands = self.commands.lock().unwrap();
        if commands.closed {
            return false;
        }
        commands.waiting.push(command);
        drop(commands);
        if self.signal.raise() {
            // Other things may happen before it is done.
            self.signal.write(|| works && self.descriptor.ring());
        }
        true
    }

    fn take(&self) -> usize {
        self.signal.clear(|| self.descriptor.drain());
        std::mem::take(&mut self.commands.lock().unwrap().waiting).len()
    }
}

fn putters(mailbox: &Arc<Mailbox>) -> Vec<JoinHandle<()>> {
    let putter = |command| {
        let mailbox = mailbox.clone();
        thread::spawn(move || mailbox.put(command))
    };
    vec![putter(1), putter(2)]
}

fn join(threads: Vec<JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// A call that blocks: it takes while it is armed, and looks again.
#[test]
fn a_blocked_call_hears_of_everything() {
    check_deep(4, || {
        let mailbox = Mailbox::new();
        let threads = putters(&mailbox);
        let mut taken = mailbox.take();
        while taken < 2 {
            if mailbox.signal.arm() {
                mailbox.descriptor.poll();
            }
            taken += mailbox.take();
            mailbox.signal.disarm();
        }
        join(threads);
    });
}

/// `zmq_poll`: it is not armed any more when it takes. It may wake once too often, but does not spin: the
/// model ends only if it does.
#[test]
fn a_poll_hears_of_everything_and_does_not_spin() {
    check_deep(4, || {
        let mailbox = Mailbox::new();
        let threads = putters(&mailbox);
        // The first time something else ends the sleep.
        mailbox.signal.arm();
        mailbox.signal.disarm();
        let mut taken = mailbox.take();
        while taken < 2 {
            if mailbox.signal.arm() {
                mailbox.descriptor.poll();
            }
            mailbox.signal.disarm();
            taken += mailbox.take();
            // Who has written the descriptor may still have to say so.
            thread::yield_now();
        }
        join(threads);
        // A late signal may be left over; it is gone for good after one more round.
        mailbox.signal.arm();
        mailbox.signal.disarm();
        mailbox.take();
        assert!(!mailbox.descriptor.is_ringing());
    });
}

/// `ZMQ_FD`: the application sleeps on the descriptor without saying so.
#[test]
fn who_has_the_descriptor_hears_of_everything() {
    check_deep(3, || {
        let mailbox = Mailbox::new();
        let threads = putters(&mailbox);
        mailbox.signal.share(|| mailbox.descriptor.ring());
        // It does not look first: what was put before is told of as well.
        let mut taken = 0;
        while taken < 2 {
            mailbox.descriptor.poll();
            taken += mailbox.take();
        }
        join(threads);
    });
}

/// A socket that closes takes once more after that: nothing is left in the mailbox.
#[test]
fn what_comes_while_the_socket_closes_is_taken_or_refused() {
    check_deep(4, || {
        let mailbox = Mailbox::new();
        let putters = [1, 2].map(|command| {
            let mailbox = mailbox.clone();
            thread::spawn(move || usize::from(!mailbox.try_put(command, true)))
        });
        let mut taken = mailbox.take();
        mailbox.commands.lock().unwrap().closed = true;
        taken += mailbox.take();
        let refused: usize = putters.into_iter().map(|putter| putter.join().unwrap()).sum();
        assert_eq!(taken + refused, 2);
    });
}

/// The descriptor could not be written for one of them: who comes later makes up for it.
#[test]
fn a_signal_that_failed_is_made_up_for_by_the_next() {
    check_deep(4, || {
        let mailbox = Mailbox::new();
        mailbox.signal.share(|| unreachable!("nothing waits"));
        let putters = [true, false].map(|works| {
            let mailbox = mailbox.clone();
            thread::spawn(move || mailbox.try_put(1, works))
        });
        let mut taken = mailbox.take();
        putters.into_iter().for_each(|putter| assert!(putter.join().unwrap()));
        mailbox.put(2);
        while taken < 3 {
            mailbox.descriptor.poll();
            taken += mailbox.take();
        }
    });
}
