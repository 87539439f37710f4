//! The queue: what is written arrives once, whole and in order, and nobody sleeps through it.

use super::bell::Bell;
use super::{check, check_deep, Parcel};
use loom::thread;
use std::io::IoSlice;
use std::sync::Arc;
use zeroxide::internal::sync::queue::{queue, Consumer, Producer, Verdict, MORE};

/// Two frames of one byte each fill such a chunk.
const TINY: usize = 6;

fn send(tx: &mut Producer<Parcel>, body: &[u8], bell: &Bell) {
    tx.push(0, body).unwrap();
    if tx.commit() {
        bell.ring();
    }
}

/// The next body, whenever it comes.
fn receive(rx: &mut Consumer<Parcel>, bell: &Bell) -> Vec<u8> {
    loop {
        if let Some(front) = rx.front() {
            let body = front.body().to_vec();
            rx.pop();
            return body;
        }
        bell.wait();
    }
}

/// Three messages come, whatever the consumer has been told before.
fn all_arrive(preemptions: usize, prepare: fn(&mut Consumer<Parcel>)) {
    check_deep(preemptions, move || {
        let (mut tx, mut rx) = queue::<Parcel>(0, 64).unwrap();
        prepare(&mut rx);
        let bell = Bell::new();
        let ringer = bell.clone();
        let writer = thread::spawn(move || {
            for i in 1..=3u8 {
                send(&mut tx, &[i; 2], &ringer);
            }
        });
        for i in 1..=3u8 {
            assert_eq!(receive(&mut rx, &bell), [i; 2]);
        }
        writer.join().unwrap();
        assert!(rx.is_empty());
    });
}

#[test]
fn no_message_is_lost_or_torn_and_no_wake_up() {
    all_arrive(4, |_| {});
}

/// It promises as soon as it finds something, and takes that back as soon as it finds nothing.
#[test]
fn who_promises_not_to_sleep_and_does_misses_nothing() {
    all_arrive(3, |rx| rx.pursue(true));
}

#[test]
fn who_takes_back_a_promise_to_look_misses_nothing() {
    check_deep(4, || {
        let (mut tx, mut rx) = queue::<Parcel>(0, 64).unwrap();
        let bell = Bell::new();
        let ringer = bell.clone();
        rx.attend();
        let writer = thread::spawn(move || {
            for i in 1..=2u8 {
                send(&mut tx, &[i; 2], &ringer);
            }
        });
        let mut received = 0;
        while rx.front().is_some() {
            rx.pop();
            received += 1;
        }
        rx.rely();
        while received < 2 {
            received += 1;
            assert_eq!(receive(&mut rx, &bell), [received; 2]);
        }
        writer.join().unwrap();
        assert!(rx.is_empty());
    });
}

#[test]
fn chunks_are_handed_over_and_used_again() {
    check_deep(3, || {
        let (mut tx, mut rx) = queue::<Parcel>(0, TINY).unwrap();
        let bell = Bell::new();
        let ringer = bell.clone();
        let writer = thread::spawn(move || {
            for i in 1..=4u8 {
                send(&mut tx, &[i; TINY - 2], &ringer);
            }
        });
        for i in 1..=4u8 {
            assert_eq!(receive(&mut rx, &bell), [i; TINY - 2]);
        }
        writer.join().unwrap();
        assert!(rx.is_empty());
    });
}

#[test]
fn what_is_rolled_back_is_never_seen() {
    check(|| {
        let (mut tx, mut rx) = queue::<Parcel>(0, TINY).unwrap();
        let bell = Bell::new();
        let ringer = bell.clone();
        let writer = thread::spawn(move || {
            send(&mut tx, &[1], &ringer);
            // Over the end of the chunk, then into the rest of it.
            tx.push(MORE, &[9; TINY - 2]).unwrap();
            tx.push(MORE, &[9]).unwrap();
            assert!(tx.rollback());
            send(&mut tx, &[2], &ringer);
            tx.push(MORE, &[9]).unwrap();
            tx.rollback();
            send(&mut tx, &[3], &ringer);
        });
        for i in 1..=3u8 {
            assert_eq!(receive(&mut rx, &bell), [i]);
        }
        writer.join().unwrap();
        assert!(rx.is_empty());
    });
}

#[test]
fn a_message_of_parts_shows_whole() {
    check_deep(5, || {
        let (mut tx, mut rx) = queue::<Parcel>(0, TINY).unwrap();
        let writer = thread::spawn(move || {
            for _ in 0..2 {
                tx.push(MORE, &[1]).unwrap();
                tx.push(MORE, &[2]).unwrap();
                tx.push(0, &[3]).unwrap();
                tx.commit();
            }
        });
        let mut seen = Vec::new();
        while let Some(front) = rx.front() {
            seen.extend_from_slice(front.body());
            rx.pop();
        }
        assert_eq!(seen.len() % 3, 0, "{seen:?}");
        writer.join().unwrap();
    });
}

/// As an engine does: it reads from a descriptor into the room behind what the socket reads.
#[test]
fn absorbing_does_not_disturb_the_reader() {
    check_deep(3, || {
        let (mut tx, mut rx) = queue::<Parcel>(0, 8).unwrap();
        let bell = Bell::new();
        let ringer = bell.clone();
        let engine = thread::spawn(move || {
            // Three frames of two bytes, split in the middle of the second and of the third.
            for part in [&[0, 2, 1, 1, 0, 2, 2][..], &[2, 0, 2], &[3, 3]] {
                tx.room(part.len()).unwrap()[..part.len()].copy_from_slice(part);
                tx.absorb(part.len(), 10, |_| Verdict::Drop);
                if tx.commit_absorbed() {
                    ringer.ring();
                }
            }
        });
        for i in 1..=3u8 {
            assert_eq!(receive(&mut rx, &bell), [i; 2]);
        }
        engine.join().unwrap();
        assert!(rx.is_empty());
    });
}

/// As an engine does on the other side: it writes runs of records, and gives them up when they are out.
#[test]
fn gathering_yields_the_wire_image_while_more_is_written() {
    check(|| {
        let (mut tx, mut rx) = queue::<Parcel>(0, TINY).unwrap();
        let bell = Bell::new();
        let ringer = bell.clone();
        let writer = thread::spawn(move || {
            for i in 1..=4u8 {
                send(&mut tx, &[i], &ringer);
            }
        });
        let mut wire = Vec::new();
        let mut cursor = rx.cursor();
        while wire.len() < 12 {
            let mut slices = [IoSlice::new(&[]); 4];
            let (count, total) = rx.gather(&cursor, &mut slices, 100);
            if total == 0 {
                if rx.is_empty_at(&cursor) {
                    bell.wait();
                }
                continue;
            }
            // The kernel never takes more than four bytes.
            let image: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
            let took = total.min(4);
            wire.extend_from_slice(&image[..took]);
            rx.advance(&mut cursor, took);
        }
        assert_eq!(wire, [0, 1, 1, 0, 1, 2, 0, 1, 3, 0, 1, 4]);
        writer.join().unwrap();
        assert!(rx.is_empty());
    });
}

#[test]
fn whoever_leaves_last_frees_everything_once() {
    check_deep(5, || {
        let witness = Arc::new(());
        let (mut tx, mut rx) = queue::<Parcel>(0, TINY).unwrap();
        let theirs = witness.clone();
        let writer = thread::spawn(move || {
            for _ in 0..2 {
                tx.push_object(0, Parcel(vec![1], theirs.clone())).unwrap();
                tx.commit();
            }
            tx.push_object(MORE, Parcel(vec![2], theirs)).unwrap();
            if tx.close() {
                assert!(!tx.has_uncommitted());
            }
        });
        if let Some((parcel, _)) = rx.pop_object() {
            assert_eq!(parcel.0, [1]);
        }
        rx.close();
        drop(rx);
        writer.join().unwrap();
        assert_eq!(Arc::strong_count(&witness), 1);
    });
}

/// Whoever leaves second knows that nobody is to be told.
#[test]
fn leaving_is_told_to_who_is_still_there() {
    check_deep(5, || {
        let (mut tx, mut rx) = queue::<Parcel>(0, TINY).unwrap();
        let writer = thread::spawn(move || tx.close());
        let reader_tells = rx.close();
        let writer_tells = writer.join().unwrap();
        assert!(reader_tells != writer_tells);
    });
}
