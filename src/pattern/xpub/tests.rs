use super::*;
use crate::link::{LinkOrigin, PeerInfo};
use crate::message::Metadata;
use crate::options::ids;
use crate::pattern::testing::Peers;
use crate::pattern::Pub;
use std::sync::Arc;

/// A publisher with peers.
struct Scene<P: Pattern> {
    peers: Peers,
    socket: P,
}

fn xpub(peers: usize) -> Scene<XPub> {
    Scene::new(XPub::new(), peers, 100)
}

impl<P: Pattern> Scene<P> {
    fn new(socket: P, peers: usize, hwm: usize) -> Self {
        let mut scene = Scene { peers: Peers::new(0, 0), socket };
        scene.peers.links.wants_commands = scene.socket.wants_commands();
        for _ in 0..peers {
            scene.join(hwm);
        }
        scene
    }

    fn join(&mut self, hwm: usize) -> LinkId {
        self.peers.join(&mut self.socket, hwm, LinkOrigin::Accepted)
    }

    fn ask(&mut self, peer: u32, request: Request<'_>) {
        let mut body = Vec::new();
        request.write_command(&mut body).unwrap();
        self.peers.command(peer, &body);
        self.peers.settle(&mut self.socket);
    }

    fn subscribe(&mut self, peer: u32, topic: &str) {
        self.ask(peer, Request::subscribe(topic.as_bytes()));
    }

    fn cancel(&mut self, peer: u32, topic: &str) {
        self.ask(peer, Request::cancel(topic.as_bytes()));
    }

    fn send(&mut self, parts: &[&str]) {
        self.peers.send(&mut self.socket, parts).unwrap();
    }

    fn recv(&mut self) -> Vec<String> {
        self.peers.recv_all(&mut self.socket)
    }

    fn set(&mut self, id: i32, value: i32) {
        self.set_bytes(id, &value.to_ne_bytes()).unwrap().unwrap();
    }

    fn set_bytes(&mut self, id: i32, value: &[u8]) -> Option<Result<()>> {
        self.socket.set_option(&mut self.peers.links, id, value)
    }

    fn int(&mut self, id: i32) -> i32 {
        i32::from_ne_bytes(self.socket.option(id).unwrap().unwrap().try_into().unwrap())
    }

    fn leave(&mut self, peer: u32) {
        self.peers.leave(&mut self.socket, peer);
    }
}

#[test]
fn messages_go_to_those_who_subscribed() {
    let mut pubs = Scene::new(Pub::new(), 3, 100);
    pubs.subscribe(0, "a");
    pubs.peers.say(1, &["\x01b"]);
    pubs.subscribe(2, "");
    for text in ["abc", "b", "c", ""] {
        pubs.send(&[text]);
    }
    assert_eq!(pubs.peers.heard(0), ["abc"]);
    assert_eq!(pubs.peers.heard(1), ["b"]);
    assert_eq!(pubs.peers.heard(2), ["abc", "b", "c", ""]);
    pubs.cancel(0, "a");
    pubs.peers.say(1, &["\x00b"]);
    pubs.send(&["abc"]);
    pubs.send(&["b"]);
    assert!(pubs.peers.heard(0).is_empty() && pubs.peers.heard(1).is_empty());
}

#[test]
fn a_peer_that_matches_twice_gets_a_message_once() {
    let mut xpub = xpub(2);
    for topic in ["", "a", "ab", "ab"] {
        xpub.subscribe(0, topic);
    }
    xpub.subscribe(1, "ab");
    xpub.send(&["abc", "more"]);
    assert_eq!(xpub.peers.heard(0), ["abc+", "more"]);
    assert_eq!(xpub.peers.heard(1), ["abc+", "more"]);
}

#[test]
fn a_large_message_is_shared_and_taken_from_the_caller() {
    let mut xpub = xpub(2);
    xpub.subscribe(0, "");
    xpub.subscribe(1, "");
    let text = "x".repeat(10_000);
    xpub.send(&[&text]);
    assert_eq!(xpub.peers.heard(0), [text.as_str()]);
    assert_eq!(xpub.peers.heard(1), [text.as_str()]);
    for size in [10, 10_000] {
        let mut message = Message::with_size(size);
        let mut frame = Frame::message(&mut message, false);
        xpub.socket.send(&mut xpub.peers.links, &mut frame).unwrap();
        assert!(message.is_empty());
    }
    xpub.leave(0);
    xpub.leave(1);
    let mut message = Message::with_size(10);
    let mut frame = Frame::message(&mut message, false);
    xpub.socket.send(&mut xpub.peers.links, &mut frame).unwrap();
    assert!(message.is_empty(), "nobody listens, and still it was sent");
}

#[test]
fn at_the_mark_peers_miss_whole_messages() {
    let mut pubs = Scene::new(Pub::new(), 0, 0);
    pubs.join(2);
    pubs.join(100);
    pubs.subscribe(0, "");
    pubs.subscribe(1, "");
    pubs.send(&["1a", "1b"]);
    pubs.send(&["2a", "2b"]);
    pubs.peers.part(&mut pubs.socket, "3a", true).unwrap();
    assert_eq!(pubs.peers.heard(0), ["1a+", "1b", "2a+", "2b"]);
    pubs.peers.part(&mut pubs.socket, "3b", false).unwrap();
    assert!(pubs.peers.heard(0).is_empty(), "room that comes in mid-message is for the next one");
    pubs.send(&["4a", "4b"]);
    assert_eq!(pubs.peers.heard(0), ["4a+", "4b"]);
    assert_eq!(pubs.peers.heard(1), ["1a+", "1b", "2a+", "2b", "3a+", "3b", "4a+", "4b"]);
}

#[test]
fn who_comes_or_subscribes_in_mid_message_waits_for_the_next() {
    let mut xpub = xpub(2);
    xpub.subscribe(0, "");
    xpub.peers.part(&mut xpub.socket, "1a", true).unwrap();
    xpub.subscribe(1, "");
    xpub.join(100);
    xpub.subscribe(2, "");
    xpub.peers.part(&mut xpub.socket, "1b", false).unwrap();
    xpub.send(&["2"]);
    assert_eq!(xpub.peers.heard(0), ["1a+", "1b", "2"]);
    assert_eq!(xpub.peers.heard(1), ["2"]);
    assert_eq!(xpub.peers.heard(2), ["2"]);
}

#[test]
fn who_goes_in_mid_message_is_no_trouble() {
    let mut xpub = xpub(2);
    xpub.subscribe(0, "");
    xpub.subscribe(1, "");
    xpub.peers.part(&mut xpub.socket, "1a", true).unwrap();
    xpub.leave(0);
    xpub.peers.part(&mut xpub.socket, "1b", false).unwrap();
    xpub.send(&["2"]);
    assert_eq!(xpub.peers.heard(1), ["1a+", "1b", "2"]);
}

#[test]
fn nodrop_waits_for_all_or_sends_to_none() {
    let mut pubs = Scene::new(Pub::new(), 0, 0);
    pubs.join(1);
    pubs.join(100);
    pubs.join(1);
    pubs.set(ids::XPUB_NODROP, 1);
    pubs.subscribe(0, "");
    pubs.subscribe(1, "");
    pubs.subscribe(2, "other");
    pubs.send(&["1a", "1b"]);
    assert_eq!(pubs.peers.send(&mut pubs.socket, &["2"]), Err(Error::Again));
    assert_eq!(pubs.peers.send(&mut pubs.socket, &["2"]), Err(Error::Again));
    assert_eq!(pubs.peers.heard(1), ["1a+", "1b"]);
    assert_eq!(pubs.peers.heard(0), ["1a+", "1b"]);
    assert!(pubs.peers.told_of_room(0) > 0);
    pubs.send(&["2"]);
    assert_eq!(pubs.peers.heard(0), ["2"]);
    assert_eq!(pubs.peers.heard(1), ["2"]);
}

/// What is received of this: two peers subscribe to one topic and cancel, and one cancels once more.
fn shown(option: Option<i32>) -> Vec<String> {
    let mut xpub = xpub(2);
    if let Some(option) = option {
        xpub.set(option, 1);
    }
    xpub.subscribe(0, "A");
    xpub.subscribe(1, "A");
    xpub.subscribe(1, "A");
    xpub.cancel(0, "A");
    xpub.cancel(1, "A");
    xpub.cancel(1, "A");
    xpub.recv()
}

#[test]
fn verbosity_is_as_the_options_say() {
    let (add, end) = (r"\x01A", r"\x00A");
    assert_eq!(shown(None), [add, end, end]);
    assert_eq!(shown(Some(ids::XPUB_VERBOSE)), [add, add, add, end, end]);
    assert_eq!(shown(Some(ids::XPUB_VERBOSER)), [add, add, add, end, end, end]);
}

#[test]
fn verbose_takes_verboser_back() {
    let mut xpub = xpub(2);
    xpub.set(ids::XPUB_VERBOSER, 1);
    xpub.set(ids::XPUB_VERBOSE, 0);
    for peer in [0, 1] {
        xpub.subscribe(peer, "A");
    }
    xpub.leave(0);
    assert_eq!(xpub.recv(), [r"\x01A"]);
}

#[test]
fn a_death_ends_subscriptions() {
    for (verboser, ends) in [(0, &[r"\x00A"][..]), (1, &[r"\x00A", r"\x00B"])] {
        let mut xpub = xpub(2);
        xpub.set(ids::XPUB_VERBOSER, verboser);
        for (peer, topic) in [(0, "B"), (0, "A"), (1, "B")] {
            xpub.subscribe(peer, topic);
        }
        xpub.recv();
        xpub.leave(0);
        assert_eq!(xpub.recv(), ends);
        assert_eq!(xpub.int(ids::TOPICS_COUNT), 1);
    }
}

#[test]
fn user_messages_come_through_xpub_and_not_through_pub() {
    let mut xpub = xpub(1);
    xpub.peers.say(0, &["hello", "world"]);
    xpub.subscribe(0, "A");
    xpub.peers.command(0, b"\x04PING\x00\x00");
    assert!(xpub.peers.has_in(&mut xpub.socket));
    assert_eq!(xpub.recv(), ["hello+", "world", r"\x01A"]);
    assert!(!xpub.peers.has_in(&mut xpub.socket));

    let mut pubs = Scene::new(Pub::new(), 1, 5);
    (0..20).for_each(|_| {
        pubs.peers.say(0, &["hello"]);
        pubs.peers.settle(&mut pubs.socket);
    });
    pubs.subscribe(0, "");
    assert!(!pubs.peers.has_in(&mut pubs.socket));
    assert_eq!(pubs.peers.recv(&mut pubs.socket), Err(Error::NotSupported));
    assert!(pubs.socket.xpub().pending.is_empty());
    pubs.send(&["data"]);
    assert_eq!(pubs.peers.heard(0), ["data"]);
}

#[test]
fn requests_among_parts_count_unless_only_the_first_does() {
    for (only_first, received, topics) in [
        (0, &["data+", r"\x01A", r"\x01B", r"\x01C"][..], 3),
        (1, &["data+", r"\x01A", r"\x01B", r"\x01C"], 2),
    ] {
        let mut xpub = xpub(1);
        xpub.set(ids::ONLY_FIRST_SUBSCRIBE, only_first);
        xpub.peers.say(0, &["data", "\x01A"]);
        xpub.peers.say(0, &["\x01B", "\x01C"]);
        assert_eq!(xpub.recv(), received);
        assert_eq!(xpub.int(ids::TOPICS_COUNT), topics);
    }
}

#[test]
fn requests_carry_what_is_known_of_the_peer() {
    let mut xpub = xpub(1);
    let mut metadata = Metadata::new();
    metadata.insert("User-Id", b"admin");
    let info = PeerInfo { metadata: Some(Arc::new(metadata)), routing_id: Vec::new() };
    xpub.peers.introduce_as(0, info);
    xpub.subscribe(0, "A");
    let Ok(Incoming::Made(message)) = xpub.socket.recv(&mut xpub.peers.links) else { panic!() };
    assert_eq!(message.property("User-Id"), Some("admin"));
}

#[test]
fn a_manual_xpub_subscribes_whose_request_was_received() {
    let mut xpub = xpub(2);
    assert_eq!(xpub.set_bytes(ids::SUBSCRIBE, b"X"), Some(Err(Error::Invalid)));
    xpub.set(ids::XPUB_MANUAL, 1);
    assert_eq!(xpub.set_bytes(ids::SUBSCRIBE, b"nobody"), Some(Ok(())));
    xpub.subscribe(0, "A");
    xpub.subscribe(1, "A");
    assert_eq!(xpub.int(ids::TOPICS_COUNT), 0);
    assert_eq!(xpub.peers.recv(&mut xpub.socket).unwrap(), r"\x01A");
    xpub.set_bytes(ids::SUBSCRIBE, b"X").unwrap().unwrap();
    assert_eq!(xpub.peers.recv(&mut xpub.socket).unwrap(), r"\x01A");
    xpub.set_bytes(ids::SUBSCRIBE, b"Y").unwrap().unwrap();
    for text in ["A", "X", "Y"] {
        xpub.send(&[text]);
    }
    assert_eq!(xpub.peers.heard(0), ["X"]);
    assert_eq!(xpub.peers.heard(1), ["Y"]);
    xpub.cancel(1, "A");
    assert_eq!(xpub.recv(), [r"\x00A"]);
    xpub.set_bytes(ids::UNSUBSCRIBE, b"Y").unwrap().unwrap();
    xpub.send(&["Y"]);
    assert!(xpub.peers.heard(1).is_empty());
    xpub.leave(0);
    xpub.leave(1);
    assert_eq!(xpub.recv(), [r"\x00A"]);
    assert_eq!(xpub.int(ids::TOPICS_COUNT), 0);
}

#[test]
fn a_manual_xpub_does_not_subscribe_the_dead() {
    let mut xpub = xpub(1);
    xpub.set(ids::XPUB_MANUAL, 1);
    xpub.subscribe(0, "A");
    xpub.leave(0);
    assert_eq!(xpub.peers.recv(&mut xpub.socket).unwrap(), r"\x01A");
    xpub.set_bytes(ids::SUBSCRIBE, b"X").unwrap().unwrap();
    assert_eq!(xpub.recv(), [r"\x00A"]);
    assert_eq!(xpub.int(ids::TOPICS_COUNT), 0);
}

#[test]
fn the_last_value_goes_to_who_asked_last() {
    let mut xpub = xpub(2);
    xpub.set(ids::XPUB_MANUAL_LAST_VALUE, 1);
    for peer in [0, 1] {
        xpub.subscribe(peer, "A");
        xpub.peers.recv(&mut xpub.socket).unwrap();
        xpub.set_bytes(ids::SUBSCRIBE, b"A").unwrap().unwrap();
        xpub.send(&["A cached"]);
    }
    xpub.send(&["A live"]);
    for peer in [0, 1] {
        assert_eq!(xpub.peers.heard(peer), ["A cached", "A live"]);
    }
}

#[test]
fn everyone_is_welcome() {
    let mut xpub = xpub(1);
    xpub.set_bytes(ids::XPUB_WELCOME_MSG, b"W").unwrap().unwrap();
    xpub.join(100);
    xpub.set_bytes(ids::XPUB_WELCOME_MSG, b"").unwrap().unwrap();
    xpub.join(100);
    assert!(xpub.peers.heard(0).is_empty());
    assert_eq!(xpub.peers.heard(1), ["W"]);
    assert!(xpub.peers.heard(2).is_empty());
}

#[test]
fn inverted_matching_sends_to_the_others() {
    let mut pubs = Scene::new(Pub::new(), 3, 100);
    assert_eq!(pubs.int(ids::INVERT_MATCHING), 0);
    pubs.set(ids::INVERT_MATCHING, -1);
    assert_eq!(pubs.int(ids::INVERT_MATCHING), 1);
    for topic in ["a", "ab"] {
        pubs.subscribe(0, topic);
    }
    pubs.subscribe(1, "b");
    pubs.send(&["abc"]);
    pubs.send(&["b"]);
    assert_eq!(pubs.peers.heard(0), ["b"]);
    assert_eq!(pubs.peers.heard(1), ["abc"]);
    assert_eq!(pubs.peers.heard(2), ["abc", "b"]);
}

#[test]
fn what_an_id_meant_dies_with_its_link() {
    let mut xpub = xpub(1);
    let id = LinkId(0);
    xpub.subscribe(0, "A");
    xpub.socket.detached(&mut xpub.peers.links, id);
    xpub.socket.attach(&mut xpub.peers.links, id);
    xpub.send(&["A"]);
    assert!(xpub.peers.heard(0).is_empty());
    xpub.subscribe(0, "A");
    xpub.send(&["A"]);
    assert_eq!(xpub.peers.heard(0), ["A"]);
}

#[test]
fn options_are_checked() {
    let mut xpub = xpub(0);
    let switches = [
        ids::XPUB_VERBOSE,
        ids::XPUB_VERBOSER,
        ids::XPUB_MANUAL,
        ids::XPUB_MANUAL_LAST_VALUE,
        ids::XPUB_NODROP,
        ids::ONLY_FIRST_SUBSCRIBE,
    ];
    for id in switches {
        assert_eq!(xpub.set_bytes(id, &(-1i32).to_ne_bytes()), Some(Err(Error::Invalid)));
        assert_eq!(xpub.set_bytes(id, &[1]), Some(Err(Error::Invalid)));
        assert_eq!(xpub.set_bytes(id, &0i32.to_ne_bytes()), Some(Ok(())));
        assert!(xpub.socket.option(id).is_none());
    }
    assert_eq!(xpub.set_bytes(ids::INVERT_MATCHING, &[1]), Some(Err(Error::Invalid)));
    assert_eq!(xpub.set_bytes(ids::LINGER, &[0; 4]), None);
}

#[test]
fn peers_are_not_heard_while_too_much_waits_for_the_user() {
    let mut xpubs = xpub(2);
    assert!(xpubs.recv().is_empty());
    let topic = |number: u32| format!("{number}{}", "x".repeat(1 << 20));
    for number in 0..20 {
        xpubs.subscribe(0, &topic(number));
    }
    xpubs.subscribe(1, "late");
    assert!(xpubs.int(ids::TOPICS_COUNT) < 18);
    let received = xpubs.recv();
    assert_eq!(received.len(), 21, "none is lost");
    assert!(received.contains(&r"\x01late".to_owned()));
    assert_eq!(xpubs.int(ids::TOPICS_COUNT), 21);
}

/// Who never receives is not waited for.
#[test]
fn peers_are_heard_by_a_user_who_never_receives() {
    let mut xpubs = xpub(1);
    for number in 0..20 {
        xpubs.subscribe(0, &format!("{number}{}", "x".repeat(1 << 20)));
    }
    assert_eq!(xpubs.int(ids::TOPICS_COUNT), 20);
    assert!(xpubs.recv().len() < 18);
}
