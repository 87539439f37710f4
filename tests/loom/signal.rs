//! The mailbox of a socket: commands under a lock, the signal that ships, and a descriptor.

use super::bell::Bell;
use super::check;
use loom::sync::{Arc, Mutex};
use loom::thread::{self, JoinHandle};
use zeroxide::sync::signal::Signal;

struct Mailbox {
    signal: Signal,
    commands: Mutex<Vec<u8>>,
    descriptor: Bell,
}

impl Mailbox {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            signal: Signal::new(),
            commands: Mutex::new(Vec::new()),
            descriptor: Bell::new(),
        })
    }

    fn put(&self, command: u8) {
        self.commands.lock().unwrap().push(command);
        if self.signal.raise() {
            // Other things may happen before it is done.
            self.signal.write(|| self.descriptor.ring());
        }
    }

    fn take(&self) -> usize {
        self.signal.clear(|| self.descriptor.drain());
        std::mem::take(&mut *self.commands.lock().unwrap()).len()
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
    check(|| {
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
    check(|| {
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
    check(|| {
        let mailbox = Mailbox::new();
        let threads = putters(&mailbox);
        mailbox.signal.share(|| mailbox.descriptor.ring());
        let mut taken = mailbox.take();
        while taken < 2 {
            mailbox.descriptor.poll();
            taken += mailbox.take();
        }
        join(threads);
    });
}
