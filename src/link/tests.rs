use super::*;
use crate::message::Message;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

/// Counts what it is told.
#[derive(Default)]
pub(crate) struct Bell {
    pub(crate) readable: AtomicUsize,
    pub(crate) writable: AtomicUsize,
    pub(crate) closed: AtomicUsize,
}

impl Peer for Bell {
    fn readable(&self) {
        self.readable.fetch_add(1, Ordering::Relaxed);
    }
    fn writable(&self) {
        self.writable.fetch_add(1, Ordering::Relaxed);
    }
    fn closed(&self) {
        self.closed.fetch_add(1, Ordering::Relaxed);
    }
}

fn two_sockets(forth: Limits, back: Limits) -> (Links, Links, Arc<Bell>, Arc<Bell>) {
    let (a, b) = pair(forth, back).unwrap();
    let (bell_a, bell_b) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
    let mut left = Links::default();
    let mut right = Links::default();
    let end = |end, bell: &Arc<Bell>| {
        Link::new(
            end,
            bell.clone(),
            LinkOrigin::Connected,
            "inproc://x".into(),
            Some(Boost { send: -1, recv: -1 }),
        )
    };
    left.insert(LinkId(0), end(a, &bell_b));
    right.insert(LinkId(0), end(b, &bell_a));
    (left, right, bell_a, bell_b)
}

const ID: LinkId = LinkId(0);

#[test]
fn parts_come_together_and_wake_once() {
    let (mut left, mut right, _, bell) = two_sockets(Limits::Messages(10), Limits::Messages(10));
    left.write(ID, &mut Frame::bytes(b"one", true)).unwrap();
    assert!(right.front(ID).is_none());
    left.write(ID, &mut Frame::bytes(b"two", false)).unwrap();
    left.write(ID, &mut Frame::bytes(b"three", false)).unwrap();
    assert_eq!(bell.readable.load(Ordering::Relaxed), 1);
    let mut buffer = [0; 2];
    let taken = right.take(ID, &mut Sink::Buffer(&mut buffer)).unwrap();
    assert_eq!((taken, &buffer), (Taken::new(3, true), b"on"));
    let front = right.front(ID).unwrap();
    assert_eq!((front.body, front.more), (&b"two"[..], false));
}

#[test]
fn large_messages_travel_by_reference() {
    let (mut left, mut right, ..) = two_sockets(Limits::Messages(10), Limits::Messages(10));
    let mut message = Message::from(vec![7; 100_000]);
    let address = message.as_ptr();
    left.write(ID, &mut Frame::message(&mut message, false)).unwrap();
    assert!(message.is_empty());
    let mut received = Message::new();
    right.take(ID, &mut Sink::Message(&mut received)).unwrap();
    assert_eq!((received.as_ptr(), received.len()), (address, 100_000));
}

#[test]
fn a_closed_link_is_read_to_its_end_and_then_finished() {
    let (mut left, mut right, _, bell) = two_sockets(Limits::Messages(10), Limits::Messages(10));
    left.write(ID, &mut Frame::bytes(b"last words", false)).unwrap();
    left.write(ID, &mut Frame::bytes(b"half", true)).unwrap();
    left.terminate(ID);
    assert_eq!(bell.closed.load(Ordering::Relaxed), 1);
    right.peer_closed(ID);
    assert!(!right.has_room(ID));
    assert!(!right.has_finished());
    right.discard(ID);
    assert!(right.front(ID).is_none());
    assert_eq!(right.take_finished(), [ID]);
}

#[test]
fn a_conflated_link_holds_the_last_message_only() {
    let (mut left, mut right, _, bell) = two_sockets(Limits::Latest, Limits::Latest);
    for text in ["a", "b", "c"] {
        left.write(ID, &mut Frame::bytes(text.as_bytes(), false)).unwrap();
    }
    assert_eq!(bell.readable.load(Ordering::Relaxed), 1);
    assert_eq!(right.front(ID).unwrap().body, b"c");
    right.discard(ID);
    assert!(right.front(ID).is_none());
}

#[test]
fn the_peer_is_introduced_in_order() {
    let (mut left, mut right, ..) = two_sockets(Limits::Messages(10), Limits::Messages(10));
    let info = Arc::new(PeerInfo { metadata: None, routing_id: b"me".to_vec() });
    let link = left.get_mut(ID).unwrap();
    let peer = link.peer().clone();
    link.end().tx.write_parcel(Parcel::Peer(info), &*peer).unwrap();
    assert!(right.get(ID).unwrap().info().is_none());
    assert!(right.front(ID).is_none());
    assert_eq!(right.get(ID).unwrap().info().unwrap().routing_id, b"me");
}

#[test]
fn a_message_half_read_is_read_to_its_end_before_the_link_goes() {
    let (mut left, mut right, ..) = two_sockets(Limits::Messages(10), Limits::Messages(10));
    for (text, more) in [("a", true), ("b", true), ("c", false), ("d", false)] {
        left.write(ID, &mut Frame::bytes(text.as_bytes(), more)).unwrap();
    }
    right.discard(ID);
    right.terminate(ID);
    assert!(!right.has_finished());
    assert_eq!(right.front(ID).unwrap().body, b"b");
    right.discard(ID);
    right.take(ID, &mut Sink::Message(&mut Message::new())).unwrap();
    assert_eq!(right.take_finished(), [ID]);
    assert!(right.front(ID).is_none());
}

#[test]
fn a_promised_message_survives_the_end_of_the_link() {
    let (mut left, mut right, ..) = two_sockets(Limits::Messages(10), Limits::Messages(10));
    for text in ["a", "b"] {
        left.write(ID, &mut Frame::bytes(text.as_bytes(), false)).unwrap();
    }
    assert_eq!(right.front(ID).unwrap().body, b"a");
    right.promise(ID);
    right.terminate(ID);
    assert_eq!(right.front(ID).unwrap().body, b"a");
    right.discard(ID);
    assert!(right.front(ID).is_none());
    assert!(right.take_finished().contains(&ID));
}
