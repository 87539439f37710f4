//! The turn at a socket.

use super::check_deep;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use zeroxide::internal::sync::turn::Taken;
use zeroxide::internal::sync::turn::Turn;

/// The numbers of some threads.
const ONE: usize = 8;
const TWO: usize = 16;
const THREE: usize = 24;

#[test]
fn one_at_a_time_has_it_and_sees_what_the_others_did() {
    check_deep(5, || {
        let turn = Arc::new(Turn::<UnsafeCell<u32>>::default());
        let touch = |turn: &Turn<UnsafeCell<u32>>, me| {
            let Some(taken) = turn.try_take_as(me) else { return 0 };
            // Two at once, or one after the other with no order in between, end the model here.
            taken.with_mut(|_| ());
            1
        };
        let theirs = turn.clone();
        let other = thread::spawn(move || touch(&theirs, TWO) + touch(&theirs, TWO));
        let times = touch(&turn, ONE) + other.join().unwrap();
        assert!(times >= 1 && turn.try_take_as(ONE).is_some(), "nobody holds it for good");
    });
}

#[test]
fn an_owner_and_a_stranger_are_never_in_at_once() {
    check_deep(5, || {
        let turn = Arc::new(Turn::<UnsafeCell<u32>>::default());
        let touch = |taken: Option<Taken<'_, UnsafeCell<u32>>>| {
            taken.map_or(0, |taken| {
                taken.with_mut(|_| ());
                1
            })
        };
        // Twice in a row makes an owner, in the models.
        assert_eq!(touch(turn.try_take_as(ONE)) + touch(turn.try_take_as(ONE)), 2);
        let theirs = turn.clone();
        let other = thread::spawn(move || touch(theirs.try_take_as(TWO)));
        // Each may come just when the other is finding out that it is not alone, and has to come again.
        touch(turn.try_take_as(ONE));
        other.join().unwrap();
        assert!(turn.try_take_as(TWO).is_some(), "nobody holds it for good");
    });
}

/// Ownership changes hands while its former owner is on its way in.
#[test]
fn a_former_owner_and_the_next_are_never_in_at_once() {
    check_deep(6, || {
        let turn = Arc::new(Turn::<UnsafeCell<u32>>::default());
        let touch = |turn: &Turn<UnsafeCell<u32>>, me| {
            let Some(taken) = turn.try_take_as(me) else { return 0 };
            taken.with_mut(|_| ());
            1
        };
        assert_eq!(touch(&turn, ONE) + touch(&turn, ONE), 2);
        let theirs = turn.clone();
        // The first turn ends the other's ownership, the second makes an owner, who then comes as
        // such.
        let other = thread::spawn(move || (0..3).map(|_| touch(&theirs, TWO)).sum::<i32>());
        touch(&turn, ONE);
        other.join().unwrap();
        assert!(turn.try_take_as(TWO).is_some(), "nobody holds it for good");
    });
}

/// A third thread comes when one owner has just followed another.
#[test]
fn a_third_thread_is_never_in_with_an_owner() {
    check_deep(3, || {
        let turn = Arc::new(Turn::<UnsafeCell<u32>>::default());
        let touch = |turn: &Turn<UnsafeCell<u32>>, me| {
            let Some(taken) = turn.try_take_as(me) else { return 0 };
            taken.with_mut(|_| ());
            1
        };
        assert_eq!(touch(&turn, ONE) + touch(&turn, ONE), 2);
        let others = [(TWO, 3), (THREE, 1)].map(|(me, times)| {
            let turn = turn.clone();
            thread::spawn(move || (0..times).map(|_| touch(&turn, me)).sum::<i32>())
        });
        touch(&turn, ONE);
        others.into_iter().for_each(|other| assert!(other.join().unwrap() <= 3));
        assert!(turn.try_take_as(TWO).is_some(), "nobody holds it for good");
    });
}

/// The first owner comes back, and a third thread with it, while another owns the turn.
#[test]
fn a_later_owner_is_never_in_with_the_first_one_or_with_a_third() {
    check_deep(3, || {
        let turn = Arc::new(Turn::<UnsafeCell<u32>>::default());
        owned_by_one_and_then_two(&turn);
        let others = [(ONE, 3), (THREE, 2)].map(|(me, times)| {
            let turn = turn.clone();
            thread::spawn(move || (0..times).for_each(|_| touch(&turn, me)))
        });
        (0..2).for_each(|_| touch(&turn, TWO));
        others.into_iter().for_each(|other| other.join().unwrap());
        assert!(turn.try_take_as(TWO).is_some(), "nobody holds it for good");
    });
}

/// Ownership goes back to whoever had it first.
#[test]
fn an_owner_that_comes_back_is_never_in_with_the_one_between() {
    check_deep(6, || {
        let turn = Arc::new(Turn::<UnsafeCell<u32>>::default());
        owned_by_one_and_then_two(&turn);
        let theirs = turn.clone();
        let other = thread::spawn(move || (0..4).for_each(|_| touch(&theirs, ONE)));
        (0..2).for_each(|_| touch(&turn, TWO));
        other.join().unwrap();
        assert!(turn.try_take_as(TWO).is_some(), "nobody holds it for good");
    });
}

fn owned_by_one_and_then_two(turn: &Turn<UnsafeCell<u32>>) {
    (0..2).for_each(|_| touch(turn, ONE));
    (0..3).for_each(|_| touch(turn, TWO));
}

/// Two that are in at once, or one after the other with no order in between, end the model here.
fn touch(turn: &Turn<UnsafeCell<u32>>, me: usize) {
    if let Some(taken) = turn.try_take_as(me) {
        taken.with_mut(|_| ());
    }
}
