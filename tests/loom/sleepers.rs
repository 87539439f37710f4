//! Threads that wait at one socket, with the signal and the sleepers that ship. The turn at the
//! socket is a lock here, which is what it comes to.

use super::bell::Bell;
use super::check_deep;
use loom::sync::{Arc, Mutex};
use loom::thread;
use zeroxide::internal::sync::signal::Signal;
use zeroxide::internal::sync::sleepers::{self, Sleepers};

struct Own(Bell);

impl sleepers::Bell for Own {
    fn ring(&self) {
        self.0.ring();
    }
}

struct Socket {
    signal: Signal,
    commands: Mutex<Vec<usize>>,
    descriptor: Bell,
    sleepers: Sleepers<Own>,
    /// What was told and is there to be had, by number; whoever has this has the turn.
    there: Mutex<[bool; 2]>,
}

impl Socket {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            signal: Signal::new(),
            commands: Mutex::default(),
            descriptor: Bell::new(),
            sleepers: Sleepers::default(),
            there: Mutex::default(),
        })
    }

    fn put(&self, number: usize) {
        self.commands.lock().unwrap().push(number);
        if self.signal.raise() {
            self.signal.write(|| self.descriptor.ring());
        }
    }

    /// By a thread that has the turn.
    fn take(&self, there: &mut [bool; 2]) {
        self.signal.clear(|| self.descriptor.drain());
        let commands = std::mem::take(&mut *self.commands.lock().unwrap());
        let nothing = commands.is_empty();
        commands.into_iter().for_each(|number| there[number] = true);
        if !nothing && !self.sleepers.is_empty() && self.sleepers.ring_for_all() {
            self.signal.write_in_any_case(|| self.descriptor.ring());
        }
    }

    /// Tries once: true if that is there.
    fn try_have(&self, number: usize) -> bool {
        let mut there = self.there.lock().unwrap();
        self.take(&mut there);
        std::mem::take(&mut there[number])
    }

    /// Sleeps until that is there.
    fn have(&self, number: usize) {
        loop {
            let mut there = self.there.lock().unwrap();
            self.take(&mut there);
            if std::mem::take(&mut there[number]) {
                return;
            }
            let leads = self.sleepers.try_lead();
            let own = (!leads).then(|| std::sync::Arc::new(Own(Bell::new())));
            let stays = own.as_ref().is_none_or(|own| self.sleepers.follow(own.clone()));
            let sleeps = stays && self.signal.arm();
            drop(there);
            if sleeps {
                own.as_ref().map_or(&self.descriptor, |own| &own.0).poll();
            }
            match &own {
                None => {
                    self.signal.disarm();
                    self.sleepers.stop_leading();
                }
                Some(own) => self.sleepers.stop_following(own),
            }
        }
    }
}

/// Each waits for something else, and either may take what the other waits for.
#[test]
fn each_of_two_waiting_threads_gets_its_own() {
    check_deep(2, || {
        let socket = Socket::new();
        let threads = [0, 1].map(|number| {
            let socket = socket.clone();
            thread::spawn(move || socket.have(number))
        });
        socket.put(0);
        socket.put(1);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// A thread that does not wait takes what a waiting one waits for.
#[test]
fn what_another_thread_takes_wakes_the_one_that_waits() {
    check_deep(3, || {
        let socket = Socket::new();
        let waiting = {
            let socket = socket.clone();
            thread::spawn(move || socket.have(0))
        };
        socket.put(0);
        socket.try_have(1);
        waiting.join().unwrap();
    });
}
