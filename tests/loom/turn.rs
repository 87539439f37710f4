//! The turn at a socket.

use super::check;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use zeroxide::sync::turn::Turn;

#[test]
fn one_at_a_time_has_it_and_sees_what_the_others_did() {
    check(|| {
        let turn = Arc::new(Turn::<UnsafeCell<u32>>::default());
        let touch = |turn: &Turn<UnsafeCell<u32>>| {
            let Some(taken) = turn.try_take() else { return 0 };
            // Two at once, or one after the other with no order in between, end the model here.
            taken.with_mut(|_| ());
            1
        };
        let theirs = turn.clone();
        let other = thread::spawn(move || touch(&theirs) + touch(&theirs));
        let times = touch(&turn) + other.join().unwrap();
        assert!(times >= 1 && turn.try_take().is_some(), "nobody holds it for good");
    });
}
