//! Numbers that several threads take and give back.

use super::check_deep;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use zeroxide::internal::sync::numbers::Numbers;

struct Slots {
    numbers: Numbers<1>,
    /// What lies in the slot of each number.
    memory: Vec<UnsafeCell<()>>,
}

/// Some threads want a number, so often each, where no more than `free` are.
fn nobody_has_the_number_of_another(preemptions: usize, free: u32, threads: usize, times: usize) {
    check_deep(preemptions, move || {
        let memory = (0..free).map(|_| UnsafeCell::new(())).collect();
        let slots = Arc::new(Slots { numbers: Numbers::with_free(free), memory });
        let use_one = |slots: &Slots| {
            if let Some(number) = slots.numbers.take() {
                slots.memory[number].with_mut(|_| ());
                slots.numbers.give_back(number);
            }
        };
        let users: Vec<_> = (0..threads)
            .map(|_| {
                let slots = slots.clone();
                thread::spawn(move || (0..times).for_each(|_| use_one(&slots)))
            })
            .collect();
        users.into_iter().for_each(|user| user.join().unwrap());
        assert_eq!(slots.numbers.count(), 0);
        (0..free).for_each(|_| assert!(slots.numbers.take().is_some(), "all have come back"));
        assert!(slots.numbers.take().is_none());
    });
}

#[test]
fn one_number_is_had_by_one_thread_at_a_time() {
    nobody_has_the_number_of_another(4, 1, 2, 2);
}

#[test]
fn two_numbers_are_had_by_three_threads_in_turn() {
    nobody_has_the_number_of_another(2, 2, 3, 1);
}
