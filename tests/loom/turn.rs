//! The turn at a socket.

use super::check;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use zeroxide::sync::turn::Taken;
use zeroxide::sync::turn::Turn;

#[test]
fn one_at_a_time_has_it_and_sees_what_the_others_did() {
    check(|| {
        let turn = Arc::new(Turn::<UnsafeCell<u32>>::default());
        let touch = |turn: &Turn<UnsafeCell<u32>>, me| {
            let Some(taken) = turn.try_take_as(me) else { return 0 };
            // Two at once, or one after the other with no order in between, end the model here.
            taken.with_mut(|_| ());
            1
        };
        let theirs = turn.clone();
        let other = thread::spawn(move || touch(&theirs, 2) + touch(&theirs, 2));
        let times = touch(&turn, 1) + other.join().unwrap();
        assert!(times >= 1 && turn.try_take_as(1).is_some(), "nobody holds it for good");
    });
}

#[test]
fn an_owner_and_a_stranger_are_never_in_at_once() {
    check(|| {
        let turn = Arc::new(Turn::<UnsafeCell<u32>>::default());
        let touch = |taken: Option<Taken<'_, UnsafeCell<u32>>>| {
            taken.map_or(0, |taken| {
                taken.with_mut(|_| ());
                1
            })
        };
        // Twice in a row makes an owner, in the models.
        assert_eq!(touch(turn.try_take_as(1)) + touch(turn.try_take_as(1)), 2);
        let theirs = turn.clone();
        let other = thread::spawn(move || touch(theirs.try_take_as(2)));
        // Each may come just when the other is finding out that it is not alone, and has to come again.
        touch(turn.try_take_as(1));
        other.join().unwrap();
        assert!(turn.try_take_as(2).is_some(), "nobody holds it for good");
    });
}
