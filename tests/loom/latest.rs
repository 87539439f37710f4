//! A conflated link: the last message is always found, and nobody sleeps through it.

use super::bell::Bell;
use super::check_deep;
use loom::thread;
use zeroxide::internal::link::{pair, Limits, Peer};
use zeroxide::internal::message::Message;

struct Ringer(Bell);

impl Peer for Ringer {
    fn readable(&self) {
        self.0.ring();
    }

    fn writable(&self) {}
    fn closed(&self) {}
}

#[test]
fn the_last_message_is_found_and_no_wake_up_is_lost() {
    check_deep(5, || {
        let (mut ours, mut theirs) = pair(Limits::Latest, Limits::Latest).unwrap();
        let bell = Bell::new();
        let ringer = Ringer(bell.clone());
        let writer = thread::spawn(move || {
            for body in 1..=3u8 {
                ours.tx.write_latest(Message::try_from_slice(&[body]).unwrap(), &ringer);
            }
        });
        let mut last = 0;
        while last < 3 {
            match theirs.rx.take_latest() {
                Some(message) => {
                    assert!(message[0] > last);
                    last = message[0];
                }
                None => bell.wait(),
            }
        }
        writer.join().unwrap();
        assert!(!theirs.rx.has_latest());
    });
}
