//! The high-water mark: a producer that was told no is told when there is room.

use super::bell::Bell;
use super::{check, check_deep, Parcel};
use loom::thread;
use zeroxide::internal::sync::queue::{queue, Consumer, Producer};

/// Both ends of a link, each with the bell that the other rings.
struct Pair {
    readable: Bell,
    writable: Bell,
}

impl Pair {
    fn new() -> (Self, Self) {
        let (readable, writable) = (Bell::new(), Bell::new());
        (
            Self { readable: readable.clone(), writable: writable.clone() },
            Self { readable, writable },
        )
    }

    fn send(&self, tx: &mut Producer<Parcel>, count: u8) {
        for i in 0..count {
            while !tx.has_room() {
                self.writable.wait();
            }
            tx.push(0, &[i]).unwrap();
            if tx.commit() {
                self.readable.ring();
            }
        }
    }

    fn receive(&self, rx: &mut Consumer<Parcel>, count: u8) {
        for i in 0..count {
            while rx.front().map(|front| assert_eq!(front.body(), [i])).is_none() {
                self.readable.wait();
            }
            if rx.pop() {
                self.writable.ring();
            }
        }
    }
}

fn nobody_waits_for_ever(preemptions: usize, hwm: usize, count: u8) {
    check_deep(preemptions, move || {
        let (mut tx, mut rx) = queue::<Parcel>(hwm, 64).unwrap();
        let (ours, theirs) = Pair::new();
        let writer = thread::spawn(move || ours.send(&mut tx, count));
        theirs.receive(&mut rx, count);
        writer.join().unwrap();
    });
}

#[test]
fn nobody_waits_for_ever_at_a_mark_of_one() {
    nobody_waits_for_ever(3, 1, 3);
}

#[test]
fn nobody_waits_for_ever_at_a_mark_of_two() {
    nobody_waits_for_ever(2, 2, 4);
}

#[test]
fn nobody_waits_for_ever_at_a_mark_of_three() {
    nobody_waits_for_ever(2, 3, 5);
}

/// The sender lowers the mark after the receiver has settled for rarer announcements.
#[test]
fn the_sender_may_lower_the_mark() {
    check(|| {
        let (mut tx, mut rx) = queue::<Parcel>(6, 64).unwrap();
        let (ours, theirs) = Pair::new();
        let writer = thread::spawn(move || {
            ours.send(&mut tx, 1);
            tx.set_hwm(1);
            ours.send(&mut tx, 3);
        });
        theirs.receive(&mut rx, 1);
        theirs.receive(&mut rx, 3);
        writer.join().unwrap();
    });
}

#[test]
fn the_receiver_may_change_the_mark() {
    for (before, after) in [(4, 1), (1, 4), (2, 0), (0, 1)] {
        check(move || {
            let (mut tx, mut rx) = queue::<Parcel>(before, 64).unwrap();
            let (ours, theirs) = Pair::new();
            let writer = thread::spawn(move || ours.send(&mut tx, 4));
            theirs.receive(&mut rx, 0);
            rx.set_hwm(after);
            theirs.receive(&mut rx, 4);
            writer.join().unwrap();
        });
    }
}
