use super::*;
use crate::link::LinkOrigin;
use crate::pattern::testing::Peers;
use crate::pattern::Sub;

fn peers(socket: &mut dyn Pattern, count: usize) -> Peers {
    let mut peers = Peers::new(0, 0);
    peers.hear_commands = true;
    for _ in 0..count {
        peers.join(socket, 2, LinkOrigin::Connected);
    }
    peers
}

fn subscribe(sub: &mut Sub, peers: &mut Peers, topic: &str) {
    sub.set_option(&mut peers.links, ids::SUBSCRIBE, topic.as_bytes()).unwrap().unwrap();
}

fn cancel(sub: &mut Sub, peers: &mut Peers, topic: &str) {
    sub.set_option(&mut peers.links, ids::UNSUBSCRIBE, topic.as_bytes()).unwrap().unwrap();
}

fn set(socket: &mut dyn Pattern, peers: &mut Peers, id: i32, value: i32) {
    socket.set_option(&mut peers.links, id, &value.to_ne_bytes()).unwrap().unwrap();
}

fn topics(socket: &mut dyn Pattern) -> i32 {
    let value = socket.option(ids::TOPICS_COUNT).unwrap().unwrap();
    i32::from_ne_bytes(value.try_into().unwrap())
}

#[test]
fn present_and_later_peers_hear_of_subscriptions() {
    let mut sub = Sub::new();
    let mut peers = peers(&mut sub, 1);
    subscribe(&mut sub, &mut peers, "B");
    subscribe(&mut sub, &mut peers, "A");
    subscribe(&mut sub, &mut peers, "A");
    assert_eq!(topics(&mut sub), 2);
    peers.join(&mut sub, 2, LinkOrigin::Connected);
    assert_eq!(peers.heard(0), [r"\tSUBSCRIBEB", r"\tSUBSCRIBEA", r"\tSUBSCRIBEA"]);
    assert_eq!(peers.heard(1), [r"\tSUBSCRIBEA", r"\tSUBSCRIBEB"]);
}

#[test]
fn only_the_last_cancel_is_told() {
    let mut sub = Sub::new();
    let mut peers = peers(&mut sub, 1);
    subscribe(&mut sub, &mut peers, "A");
    subscribe(&mut sub, &mut peers, "A");
    peers.heard(0);
    cancel(&mut sub, &mut peers, "A");
    assert!(peers.heard(0).is_empty());
    cancel(&mut sub, &mut peers, "A");
    assert_eq!(peers.heard(0), [r"\x06CANCELA"]);
    cancel(&mut sub, &mut peers, "A");
    cancel(&mut sub, &mut peers, "unknown");
    assert!(peers.heard(0).is_empty());
    assert_eq!(topics(&mut sub), 0);
}

#[test]
fn a_new_connection_hears_of_all_subscriptions_again() {
    let mut sub = Sub::new();
    let mut peers = peers(&mut sub, 2);
    subscribe(&mut sub, &mut peers, "A");
    subscribe(&mut sub, &mut peers, "B");
    cancel(&mut sub, &mut peers, "B");
    peers.heard(0);
    peers.heard(1);
    sub.hiccuped(&mut peers.links, LinkId(0));
    assert_eq!(peers.heard(0), [r"\tSUBSCRIBEA"]);
    assert!(peers.heard(1).is_empty());
}

#[test]
fn no_mark_loses_a_subscription() {
    let mut sub = Sub::new();
    let mut peers = peers(&mut sub, 1);
    for topic in 0..100 {
        subscribe(&mut sub, &mut peers, &topic.to_string());
    }
    assert_eq!(peers.heard(0).len(), 100);
}

#[test]
fn sub_sends_nothing() {
    let mut sub = Sub::new();
    let mut peers = peers(&mut sub, 1);
    assert_eq!(peers.send(&mut sub, &["\x01A"]), Err(Error::NotSupported));
    assert!(!peers.has_out(&mut sub));
    assert_eq!(topics(&mut sub), 0);
}

#[test]
fn sub_receives_whole_messages_that_match() {
    let mut sub = Sub::new();
    let mut peers = peers(&mut sub, 2);
    subscribe(&mut sub, &mut peers, "a");
    peers.say(0, &["b", "a", "a"]);
    peers.say(0, &["a1", "b", "c"]);
    peers.say(1, &["b"]);
    peers.say(1, &["a2"]);
    assert!(peers.has_in(&mut sub));
    assert_eq!(peers.recv_all(&mut sub), ["a1+", "b+", "c", "a2"]);
    peers.say(0, &["b", "a"]);
    assert!(!peers.has_in(&mut sub));
    assert_eq!(peers.recv(&mut sub), Err(Error::Again));
}

#[test]
fn what_was_looked_at_is_received_next() {
    let mut sub = Sub::new();
    let mut peers = peers(&mut sub, 2);
    subscribe(&mut sub, &mut peers, "");
    peers.say(1, &["b1", "b2"]);
    assert!(peers.has_in(&mut sub));
    peers.say(0, &["a"]);
    assert!(peers.has_in(&mut sub));
    assert_eq!(peers.recv(&mut sub).unwrap(), "b1+");
    assert!(peers.has_in(&mut sub) && peers.has_in(&mut sub));
    assert_eq!(peers.recv(&mut sub).unwrap(), "b2");
    assert_eq!(peers.recv(&mut sub).unwrap(), "a");
    assert!(!peers.has_in(&mut sub));
}

#[test]
fn what_was_looked_at_may_be_gone() {
    let mut sub = Sub::new();
    let mut peers = peers(&mut sub, 2);
    subscribe(&mut sub, &mut peers, "a");
    peers.say(0, &["a1", "b"]);
    assert!(peers.has_in(&mut sub));
    peers.links.terminate(LinkId(0));
    peers.say(1, &["b"]);
    peers.say(1, &["a2"]);
    assert_eq!(peers.recv_all(&mut sub), ["a2"]);
}

#[test]
fn inverted_matching_receives_the_rest() {
    let mut sub = Sub::new();
    let mut peers = peers(&mut sub, 1);
    set(&mut sub, &mut peers, ids::INVERT_MATCHING, 1);
    subscribe(&mut sub, &mut peers, "a");
    peers.say(0, &["a", "b"]);
    peers.say(0, &["b", "a"]);
    assert_eq!(peers.recv_all(&mut sub), ["b+", "a"]);
}

#[test]
fn xsub_receives_whatever_peers_send() {
    let mut xsub = XSub::new();
    let mut peers = peers(&mut xsub, 1);
    peers.say(0, &["anything", "at all"]);
    assert_eq!(peers.recv_all(&mut xsub), ["anything+", "at all"]);
}

#[test]
fn xsub_subscribes_by_messages() {
    let mut xsub = XSub::new();
    let mut peers = peers(&mut xsub, 1);
    for text in ["\x01A", "\x01A", "\x00A", "\x00A", "\x00A", "\x01"] {
        peers.send(&mut xsub, &[text]).unwrap();
    }
    let told = [r"\tSUBSCRIBEA", r"\tSUBSCRIBEA", r"\x06CANCELA", r"\tSUBSCRIBE"];
    assert_eq!(peers.heard(0), told);
    peers.join(&mut xsub, 2, LinkOrigin::Connected);
    assert_eq!(peers.heard(1), [r"\tSUBSCRIBE"]);
}

#[test]
fn xsub_sends_other_messages_to_all() {
    let mut xsub = XSub::new();
    let mut peers = peers(&mut xsub, 2);
    assert!(peers.has_out(&mut xsub));
    peers.send(&mut xsub, &["1a", "1b"]).unwrap();
    peers.send(&mut xsub, &["2"]).unwrap();
    assert_eq!(peers.heard(0), ["1a+", "1b", "2"]);
    peers.send(&mut xsub, &["3"]).unwrap();
    assert_eq!(peers.heard(0), ["3"]);
    assert_eq!(peers.heard(1), ["1a+", "1b", "2"], "at its mark it misses the third");
}

#[test]
fn requests_among_parts_keep_their_place() {
    let mut xsub = XSub::new();
    let mut peers = peers(&mut xsub, 1);
    peers.send(&mut xsub, &["\x01A", "data", "\x01B"]).unwrap();
    assert_eq!(peers.heard(0), [r"\x01A+", "data+", r"\x01B"]);
    assert_eq!(topics(&mut xsub), 2);
    peers.send(&mut xsub, &["\x01A", "\x00A"]).unwrap();
    assert_eq!(peers.heard(0), [r"\x01A+", ""], "one subscription to A is left");
    peers.send(&mut xsub, &["\x00unknown", "data"]).unwrap();
    assert_eq!(peers.heard(0), ["data"]);
}

#[test]
fn only_the_first_part_may_be_a_request_if_the_user_wants_so() {
    let mut xsub = XSub::new();
    let mut peers = peers(&mut xsub, 1);
    set(&mut xsub, &mut peers, ids::ONLY_FIRST_SUBSCRIBE, 1);
    peers.send(&mut xsub, &["data", "\x01A"]).unwrap();
    peers.send(&mut xsub, &["\x01B", "\x01C"]).unwrap();
    assert_eq!(peers.heard(0), ["data+", r"\x01A", r"\x01B+", r"\x01C"]);
    assert_eq!(topics(&mut xsub), 2);
}

#[test]
fn half_a_message_does_not_leave_with_the_subscriptions() {
    let mut xsub = XSub::new();
    let mut peers = peers(&mut xsub, 2);
    peers.send(&mut xsub, &["\x01A"]).unwrap();
    peers.part(&mut xsub, "1a", true).unwrap();
    xsub.hiccuped(&mut peers.links, LinkId(0));
    peers.part(&mut xsub, "1b", false).unwrap();
    peers.part(&mut xsub, "2", false).unwrap();
    assert_eq!(peers.heard(0), [r"\tSUBSCRIBEA", r"\tSUBSCRIBEA", "2"]);
    assert_eq!(peers.heard(1), [r"\tSUBSCRIBEA", "1a+", "1b", "2"]);
}

#[test]
fn options_are_checked() {
    let mut xsub = XSub::new();
    let mut peers = peers(&mut xsub, 0);
    let mut set = |id, value: &[u8]| xsub.set_option(&mut peers.links, id, value);
    assert_eq!(set(ids::ONLY_FIRST_SUBSCRIBE, &(-1i32).to_ne_bytes()), Some(Err(Error::Invalid)));
    assert_eq!(set(ids::ONLY_FIRST_SUBSCRIBE, b"1"), Some(Err(Error::Invalid)));
    assert_eq!(set(ids::INVERT_MATCHING, &(-1i32).to_ne_bytes()), Some(Ok(())));
    assert_eq!(set(ids::SUBSCRIBE, b"A"), None);
    assert_eq!(Sub::new().set_option(&mut peers.links, ids::ONLY_FIRST_SUBSCRIBE, b"1"), None);
}
