//! What is asked of an I/O thread, which is woken by a descriptor that cannot always be written.

use super::bell::Bell;
use super::check_deep;
use loom::sync::Arc;
use loom::thread;
use zeroxide::internal::sync::errands::Errands;

struct IoThread {
    errands: Errands<u8>,
    bell: Bell,
}

impl IoThread {
    fn new() -> Arc<Self> {
        Arc::new(Self { errands: Errands::default(), bell: Bell::new() })
    }

    /// `IoHandle::send`, where writing to the descriptor works or does not.
    fn send(&self, errand: u8, works: bool) {
        match self.errands.put(errand) {
            Ok(true) if works && self.bell.ring() => {}
            Ok(true) => self.errands.note_unwoken(),
            Ok(false) | Err(_) => {}
        }
    }

    /// `Loop::run_tasks`, after waking for whatever reason.
    fn take(&self) -> usize {
        self.bell.drain();
        self.errands.take().len()
    }
}

#[test]
fn everything_asked_is_done() {
    check_deep(5, || {
        let io_thread = IoThread::new();
        let askers = [1, 2].map(|errand| {
            let io_thread = io_thread.clone();
            thread::spawn(move || io_thread.send(errand, true))
        });
        let mut taken = 0;
        while taken < 2 {
            io_thread.bell.poll();
            taken += io_thread.take();
        }
        askers.into_iter().for_each(|asker| asker.join().unwrap());
    });
}

/// Whatever was not done is not forgotten: who comes when the others are through wakes the thread.
#[test]
fn a_wake_up_that_failed_is_made_up_for_by_the_next() {
    check_deep(5, || {
        let io_thread = IoThread::new();
        let askers = [true, false].map(|works| {
            let io_thread = io_thread.clone();
            thread::spawn(move || io_thread.send(1, works))
        });
        let taken = io_thread.take();
        askers.into_iter().for_each(|asker| asker.join().unwrap());
        io_thread.send(2, true);
        assert!(io_thread.bell.is_ringing());
        assert_eq!(taken + io_thread.take(), 3);
    });
}

#[test]
fn nothing_is_left_with_a_thread_that_has_ended() {
    check_deep(5, || {
        let io_thread = IoThread::new();
        let askers = [1, 2].map(|errand| {
            let io_thread = io_thread.clone();
            thread::spawn(move || usize::from(io_thread.errands.put(errand).is_err()))
        });
        let found = io_thread.take() + io_thread.errands.end().len();
        let refused: usize = askers.into_iter().map(|asker| asker.join().unwrap()).sum();
        assert_eq!(found + refused, 2);
        assert!(io_thread.errands.is_over() && io_thread.take() == 0);
    });
}
