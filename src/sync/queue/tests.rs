use super::producer::COUNTED;
use super::*;
use std::collections::VecDeque;
use std::io::IoSlice;

struct Blob(Vec<u8>, #[allow(dead_code)] Option<std::sync::Arc<()>>);

impl Payload for Blob {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn blob(len: usize, seed: u8) -> Vec<u8> {
    (0..len).map(|i| (i as u8).wrapping_mul(31).wrapping_add(seed)).collect()
}

fn wire(flags: u8, body: &[u8]) -> Vec<u8> {
    let mut header = [0; MAX_HEADER];
    let len = write_header(&mut header, flags, body.len());
    [&header[..len], body].concat()
}

#[test]
fn frames_come_out_as_they_went_in() {
    let (mut tx, mut rx) = queue::<Blob>(0, 64).unwrap();
    assert!(rx.front().is_none());
    for len in [0, 1, 33, 255, 256, 5000] {
        tx.push(MORE, &blob(len, 1)).unwrap();
        assert!(rx.front().is_none(), "nothing shows before the commit");
        tx.push_object(0, Blob(blob(len, 2), None)).unwrap();
        assert!(tx.commit(), "the consumer sleeps");
        let front = rx.front().unwrap();
        assert_eq!((front.flags(), front.body()), (MORE, &blob(len, 1)[..]));
        rx.pop();
        let (object, _) = rx.pop_object().unwrap();
        assert_eq!(object.0, blob(len, 2));
        assert!(rx.front().is_none());
    }
}

#[test]
fn a_rollback_leaves_no_trace_and_no_leak() {
    let witness = std::sync::Arc::new(());
    let (mut tx, mut rx) = queue::<Blob>(0, 64).unwrap();
    tx.push(0, b"kept").unwrap();
    tx.commit();
    for i in 0..50 {
        tx.push(MORE, &blob(i * 7, 1)).unwrap();
        tx.push_object(MORE, Blob(vec![1], Some(witness.clone()))).unwrap();
    }
    assert!(tx.rollback());
    assert!(!tx.rollback());
    assert_eq!(std::sync::Arc::strong_count(&witness), 1);
    tx.push(0, b"after").unwrap();
    tx.commit();
    assert_eq!(rx.front().unwrap().body(), b"kept");
    rx.pop();
    assert_eq!(rx.front().unwrap().body(), b"after");
    rx.pop();
    assert!(rx.is_empty());
}

#[test]
fn the_high_water_mark_opens_again_at_the_low_one() {
    let (mut tx, mut rx) = queue::<Blob>(5, 64).unwrap();
    for _ in 0..5 {
        assert!(tx.has_room());
        tx.push(0, b"x").unwrap();
        tx.commit();
    }
    assert!(!tx.has_room());
    assert!(!rx.pop());
    assert!(!rx.pop());
    assert!(!tx.has_room(), "two read, low-water mark is three");
    assert!(rx.pop(), "the third tells the producer");
    assert!(tx.has_room());
}

#[test]
fn a_lowered_high_water_mark_leaves_nobody_waiting() {
    let (mut tx, mut rx) = queue::<Blob>(1000, 64).unwrap();
    for _ in 0..499 {
        tx.push(0, b"x").unwrap();
        tx.commit();
        assert!(!rx.pop());
    }
    tx.set_hwm(10);
    let mut blocked = 0;
    for _ in 0..1000 {
        if tx.has_room() {
            tx.push(0, b"x").unwrap();
            tx.commit();
        } else {
            blocked += 1;
            while !rx.pop() {
                assert!(rx.front().is_some(), "the producer waits and nobody will tell it");
            }
        }
    }
    assert!(blocked > 50, "the new mark counts");
}

/// Who absorbs until there is no room must get on whenever it is told that there is.
#[test]
fn absorbing_gets_on_below_a_lowered_high_water_mark() {
    let (mut tx, mut rx) = queue::<Blob>(1000, 64).unwrap();
    for _ in 0..400 {
        tx.push(0, b"x").unwrap();
        tx.commit();
        rx.pop();
    }
    tx.set_hwm(10);
    let bytes = wire(0, b"x").repeat(200);
    tx.room(bytes.len()).unwrap()[..bytes.len()].copy_from_slice(&bytes);
    let mut filled = bytes.len();
    while tx.has_room() && (filled > 0 || !tx.partial().is_empty()) {
        assert!(tx.absorb(filled, 100, |_| Verdict::Drop).messages > 0, "there was room");
        tx.commit_absorbed();
        filled = 0;
    }
    assert_eq!(tx.partial().len(), 300, "up to the announcement at 500");
}

#[test]
fn a_raised_high_water_mark_leaves_nobody_waiting() {
    let (mut tx, mut rx) = queue::<Blob>(2, 64).unwrap();
    for _ in 0..2 {
        tx.push(0, b"x").unwrap();
    }
    tx.commit();
    assert!(!tx.has_room());
    rx.set_hwm(1000);
    assert!(rx.pop(), "the announcement that was promised");
    assert!(tx.has_room());
}

#[test]
fn both_orders_of_leaving_free_everything() {
    for producer_first in [true, false] {
        let witness = std::sync::Arc::new(());
        let (mut tx, mut rx) = queue::<Blob>(0, 64).unwrap();
        for i in 0..100 {
            tx.push_object(0, Blob(vec![i], Some(witness.clone()))).unwrap();
        }
        tx.commit();
        tx.push_object(MORE, Blob(vec![0], Some(witness.clone()))).unwrap();
        rx.pop();
        if producer_first {
            drop(tx);
            assert!(rx.is_closed());
            drop(rx);
        } else {
            drop(rx);
            drop(tx);
        }
        assert_eq!(std::sync::Arc::strong_count(&witness), 1);
    }
}

#[test]
fn absorbing_works_split_at_every_byte() {
    let frames = [
        wire(MORE, &blob(3, 1)),
        wire(0, &blob(300, 2)),
        wire(COMMAND, b"\x04PINGxx"),
        wire(0, b""),
    ];
    let bytes = frames.concat();
    for split in 0..=bytes.len() {
        let (mut tx, mut rx) = queue::<Blob>(0, 16).unwrap();
        let mut commands = 0;
        for part in [&bytes[..split], &bytes[split..]] {
            tx.room(part.len()).unwrap()[..part.len()].copy_from_slice(part);
            let absorbed = tx.absorb(part.len(), u64::MAX, |_| {
                commands += 1;
                Verdict::Keep
            });
            assert!(matches!(absorbed.stop, Stop::Incomplete { .. }));
            tx.commit_absorbed();
        }
        assert_eq!(commands, 1);
        assert!(tx.partial().is_empty());
        let mut bodies = Vec::new();
        while let Some(record) = rx.front() {
            bodies.push(wire(record.flags(), record.body()));
            rx.pop();
        }
        assert_eq!(bodies, frames, "split at {split}");
    }
}

#[test]
fn absorbing_refuses_what_is_no_frame() {
    for (bytes, stop) in [
        (&[0x08, 1, 2][..], Stop::Malformed),
        (&[0x80, 1, 2][..], Stop::Malformed),
        (&[2, 255, 255, 255, 255, 255, 255, 255, 255][..], Stop::TooLong),
        (&[0, 101][..], Stop::TooLong),
        (&[4, 1, 0][..], Stop::Refused),
        (&[0, 100][..], Stop::Incomplete { total: 102 }),
    ] {
        let (mut tx, _rx) = queue::<Blob>(0, 16).unwrap();
        tx.room(bytes.len()).unwrap()[..bytes.len()].copy_from_slice(bytes);
        assert_eq!(tx.absorb(bytes.len(), 100, |_| Verdict::Refuse).stop, stop);
    }
}

/// Sends everything through `gather` and `advance` in pieces of all sizes.
#[test]
fn gathering_yields_the_wire_image_whatever_the_kernel_takes() {
    for step in [1, 2, 3, 7, 64, 1000, 100_000] {
        let (mut tx, mut rx) = queue::<Blob>(0, 64).unwrap();
        let mut expected: Vec<u8> = Vec::new();
        for i in 0..60u8 {
            let body = blob(i as usize * 11, i);
            let flags = if i % 3 == 0 { MORE } else { 0 };
            expected.extend(wire(flags, &body));
            if i % 4 == 0 {
                tx.push_object(flags, Blob(body, None)).unwrap();
            } else {
                tx.push(flags, &body).unwrap();
            }
        }
        tx.commit();
        let mut sent: Vec<u8> = Vec::new();
        let mut cursor = rx.cursor();
        loop {
            let mut slices = [IoSlice::new(&[]); 8];
            let (count, total) = rx.gather(&cursor, &mut slices, 4096);
            if total == 0 {
                break;
            }
            let image: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
            assert_eq!(image.len(), total);
            let took = step.min(total);
            sent.extend(&image[..took]);
            rx.advance(&mut cursor, took);
        }
        assert_eq!(sent, expected, "step {step}");
        assert!(rx.is_empty());
        assert!(rx.is_empty_at(&cursor));
    }
}

#[test]
fn an_unsent_multipart_message_is_kept_from_its_first_part() {
    let (mut tx, mut rx) = queue::<Blob>(0, 64).unwrap();
    tx.push(0, b"gone").unwrap();
    tx.push(MORE, b"first").unwrap();
    tx.push(0, b"second").unwrap();
    tx.commit();
    let mut cursor = rx.cursor();
    rx.advance(&mut cursor, 6 + 7 + 3);
    assert_eq!(rx.front().unwrap().body(), b"first");
}

/// Cursors are plain values that anybody may keep: an old or foreign one must do no harm.
#[test]
fn a_stale_or_foreign_cursor_stands_for_the_head() {
    let (mut tx, mut rx) = queue::<Blob>(0, 16).unwrap();
    let (mut other_tx, mut other_rx) = queue::<Blob>(0, 16).unwrap();
    for i in 0..50 {
        tx.push(0, &[i; 7]).unwrap();
        other_tx.push(0, &[i; 7]).unwrap();
    }
    tx.commit();
    other_tx.commit();
    let stale = rx.cursor();
    let mut foreign = other_rx.cursor();
    while other_rx.read_at(&mut foreign).is_some() {}
    drop((other_tx, other_rx));
    for _ in 0..20 {
        rx.pop();
    }
    for mut cursor in [stale, foreign] {
        assert!(!rx.release_to(cursor));
        assert!(!rx.is_empty_at(&cursor));
        let mut slices = [IoSlice::new(&[]); 2];
        assert!(rx.gather(&cursor, &mut slices, 1).1 > 0);
        assert_eq!(rx.read_at(&mut cursor).unwrap().body(), [20; 7]);
    }
    let mut cursor = stale;
    rx.advance(&mut cursor, 9);
    assert_eq!(rx.front().unwrap().body(), [21; 7]);
}

#[test]
fn two_threads_lose_nothing() {
    let count = if cfg!(miri) { 300 } else { 200_000 };
    let (mut tx, mut rx) = queue::<Blob>(0, 64).unwrap();
    let writer = std::thread::spawn(move || {
        for i in 0..count {
            let body = blob(i % 70, i as u8);
            if i % 50 == 0 {
                tx.push_object(0, Blob(body, None)).unwrap();
            } else {
                tx.push(0, &body).unwrap();
            }
            if i % 13 == 0 {
                tx.push(MORE, b"undone").unwrap();
                tx.rollback();
                continue;
            }
            tx.commit();
        }
        tx.commit();
    });
    let mut expected: VecDeque<_> = (0..count).filter(|i| i % 13 != 0).collect();
    while let Some(i) = expected.front() {
        match rx.front() {
            Some(front) => {
                assert_eq!(front.body(), blob(i % 70, *i as u8));
                expected.pop_front();
                rx.pop();
            }
            None => std::thread::yield_now(),
        }
    }
    writer.join().unwrap();
    assert!(rx.is_empty());
}

#[test]
fn absorbing_stops_at_the_high_water_mark_and_goes_on() {
    let (mut tx, mut rx) = queue::<Blob>(2, 16).unwrap();
    let bytes = wire(0, b"x").repeat(5);
    tx.room(bytes.len()).unwrap()[..bytes.len()].copy_from_slice(&bytes);
    let absorbed = tx.absorb(bytes.len(), 100, |_| Verdict::Drop);
    assert_eq!((absorbed.messages, absorbed.stop), (2, Stop::Full));
    assert!(tx.commit_absorbed());
    assert_eq!(tx.absorb(0, 100, |_| Verdict::Drop).messages, 0);
    assert!(rx.pop());
    assert_eq!(tx.absorb(0, 100, |_| Verdict::Drop).messages, 1);
    tx.commit_absorbed();
    assert_eq!(tx.partial().len(), 6);
}

#[test]
fn only_whole_messages_are_published_by_absorbing() {
    let (mut tx, mut rx) = queue::<Blob>(0, 16).unwrap();
    for part in [wire(0, b"whole"), wire(MORE, b"first")] {
        tx.room(part.len()).unwrap()[..part.len()].copy_from_slice(&part);
        tx.absorb(part.len(), 100, |_| Verdict::Drop);
    }
    tx.commit_absorbed();
    assert_eq!(rx.front().unwrap().body(), b"whole");
    rx.pop();
    assert!(rx.front().is_none());
    tx.rollback();
    let part = wire(0, b"next");
    tx.room(part.len()).unwrap()[..part.len()].copy_from_slice(&part);
    tx.absorb(part.len(), 100, |_| Verdict::Drop);
    tx.commit_absorbed();
    assert_eq!(rx.front().unwrap().body(), b"next");
}

#[test]
fn a_dropped_command_leaves_no_gap() {
    let (mut tx, mut rx) = queue::<Blob>(0, 16).unwrap();
    let bytes = [wire(0, b"a"), wire(COMMAND, b"\x04PING"), wire(0, b"b"), vec![0, 9]].concat();
    tx.room(bytes.len()).unwrap()[..bytes.len()].copy_from_slice(&bytes);
    let absorbed = tx.absorb(bytes.len(), 100, |_| Verdict::Drop);
    assert_eq!((absorbed.messages, absorbed.stop), (2, Stop::Incomplete { total: 11 }));
    tx.commit_absorbed();
    for body in [b"a", b"b"] {
        assert_eq!(rx.front().unwrap().body(), body);
        rx.pop();
    }
    assert!(rx.front().is_none());
}

/// What a peer asks for is kept until it is read, as its messages are.
#[test]
fn kept_commands_count_by_their_length() {
    let (mut tx, mut rx) = queue::<Blob>(4, 16).unwrap();
    let bytes = [wire(COMMAND, b"\x09SUBSCRIBE"), wire(0, b"message")].concat().repeat(5);
    tx.room(bytes.len()).unwrap()[..bytes.len()].copy_from_slice(&bytes);
    let absorbed = tx.absorb(bytes.len(), 100, |_| Verdict::Keep);
    assert_eq!((absorbed.messages, absorbed.stop), (4, Stop::Full));
    tx.commit_absorbed();
    for flags in [COMMAND, 0].repeat(5) {
        if rx.front().is_none() {
            assert!(tx.absorb(0, 100, |_| Verdict::Keep).messages > 0, "it was told of room");
            tx.commit_absorbed();
        }
        assert_eq!(rx.front().unwrap().flags(), flags);
        rx.pop();
    }
    // A long one counts as many.
    let long = wire(COMMAND, &blob(5 * COUNTED, 1));
    tx.room(long.len()).unwrap()[..long.len()].copy_from_slice(&long);
    assert_eq!(tx.absorb(long.len(), u64::MAX, |_| Verdict::Keep).messages, 6);
    tx.commit_absorbed();
    assert!(!tx.has_room());
    assert!(matches!(rx.take_bytes(|_, _| Ok::<_, ()>(())), Taken::Other));
    assert!(rx.pop());
    assert!(tx.has_room());
}

/// It could be published only with the message, and that may never end.
#[test]
fn no_command_is_kept_within_a_message() {
    let (mut tx, _rx) = queue::<Blob>(0, 16).unwrap();
    let bytes = [wire(MORE, b"part"), wire(COMMAND, b"\x09SUBSCRIBE")].concat();
    tx.room(bytes.len()).unwrap()[..bytes.len()].copy_from_slice(&bytes);
    assert_eq!(tx.absorb(bytes.len(), 100, |_| Verdict::Keep).stop, Stop::Refused);
}

/// A frame that arrives byte by byte while nobody reads.
fn dribble(tx: &mut Producer<Blob>, frame: &[u8]) {
    for byte in frame {
        tx.room(2048).unwrap()[0] = *byte;
        tx.absorb(1, u64::MAX, |_| Verdict::Keep);
        tx.commit_absorbed();
    }
}

/// Each chunk that is given up for a longer one is copied once, so that this bounds the time, too.
#[test]
fn bytes_that_come_one_at_a_time_take_a_small_multiple_of_memory() {
    let (message, command) = if cfg!(miri) { (2000, 5000) } else { (31_000, 1 << 20) };
    for (flags, len, times) in [(0, message, 1), (0, message, 20), (COMMAND, command, 1)] {
        let (mut tx, mut rx) = queue::<Blob>(0, 512).unwrap();
        for seed in 0..times {
            dribble(&mut tx, &wire(flags, &blob(len, seed)));
        }
        let sent = len * usize::from(times);
        assert!(rx.memory() <= 4 * (sent + 4096), "{} bytes for {sent}", rx.memory());
        for seed in 0..times {
            assert!(rx.front().unwrap().body() == blob(len, seed));
            rx.pop();
        }
    }
}

#[test]
fn dropping_commands_takes_time_in_proportion() {
    let count = if cfg!(miri) { 100 } else { 500_000 };
    let cases = [(0, 1, &b""[..]), (0, 1, b"x"), (1, 1, b"x"), (1, 85, b"y"), (2, 90, b"z")];
    for (hwm, commands, between) in cases {
        let count = count / commands;
        let (mut tx, mut rx) = queue::<Blob>(hwm, 512).unwrap();
        let message = if between.is_empty() { Vec::new() } else { wire(0, between) };
        let commands = wire(COMMAND, b"\0").repeat(commands);
        let bytes = [commands, message].concat().repeat(count);
        tx.room(bytes.len()).unwrap()[..bytes.len()].copy_from_slice(&bytes);
        let start = cpu_time();
        let (mut filled, mut read) = (bytes.len(), 0);
        loop {
            tx.absorb(filled, 100, |_| Verdict::Drop);
            filled = 0;
            tx.commit_absorbed();
            let mut any = false;
            while let Some(record) = rx.front() {
                read += usize::from(record.flags() & COMMAND == 0);
                assert!(record.flags() & COMMAND != 0 || record.body() == between);
                any = true;
                rx.pop();
            }
            if !any {
                break;
            }
        }
        assert_eq!(read, if between.is_empty() { 0 } else { count });
        assert!(tx.partial().is_empty());
        let took = cpu_time() - start;
        assert!(cfg!(miri) || took < std::time::Duration::from_secs(1), "{took:?}");
    }
}

/// What this thread has used so far.
fn cpu_time() -> std::time::Duration {
    if cfg!(miri) {
        return std::time::Duration::ZERO;
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a place for the answer.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(result, 0);
    std::time::Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
