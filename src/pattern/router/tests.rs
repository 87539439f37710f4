use super::*;
use crate::link::LinkOrigin::{Accepted, Connected};
use crate::pattern::testing::Peers;

const HWM: usize = 10;

fn set(router: &mut Router, peers: &mut Peers, id: i32, value: i32) {
    assert_eq!(router.set_option(&mut peers.links, id, &value.to_ne_bytes()), Some(Ok(())));
}

/// A router and peers that have introduced themselves by these names.
fn with_peers(names: &[&str]) -> (Router, Peers) {
    let (mut router, mut peers) = (Router::default(), Peers::default());
    for name in names {
        let id = peers.join(&mut router, HWM, Accepted);
        peers.introduce(id.0, name.as_bytes());
        peers.settle(&mut router);
    }
    (router, peers)
}

#[test]
fn messages_are_labelled_with_their_sender() {
    let (mut router, mut peers) = with_peers(&["A", "B"]);
    peers.say(0, &["a1", "a2"]);
    peers.say(0, &["a3"]);
    peers.say(1, &["b1"]);
    let all = peers.recv_all(&mut router);
    assert_eq!(all, ["A+", "a1+", "a2", "B+", "b1", "A+", "a3"]);
}

#[test]
fn messages_go_where_their_first_part_says() {
    let (mut router, mut peers) = with_peers(&["A", "B"]);
    peers.send(&mut router, &["B", "b1", "b2"]).unwrap();
    peers.send(&mut router, &["nobody", "x", "y"]).unwrap();
    peers.send(&mut router, &["A"]).unwrap();
    peers.send(&mut router, &["A", "", "a"]).unwrap();
    assert_eq!(peers.heard(0), ["+", "a"]);
    assert_eq!(peers.heard(1), ["b1+", "b2"]);
}

#[test]
fn a_peer_is_heard_once_its_name_is_known() {
    let (mut router, mut peers) = (Router::default(), Peers::default());
    peers.join(&mut router, HWM, Accepted);
    assert!(!peers.has_in(&mut router));
    peers.introduce(0, b"late");
    peers.say(0, &["x"]);
    assert_eq!(peers.recv_all(&mut router), ["late+", "x"]);
}

#[test]
fn nameless_peers_get_numbers() {
    let (mut router, mut peers) = with_peers(&["", ""]);
    peers.say(0, &["x"]);
    peers.say(1, &["y"]);
    let all = peers.recv_all(&mut router);
    assert!(all[0].starts_with("\\x00") && all[2].starts_with("\\x00"));
    assert_ne!(all[0], all[2]);
    assert_eq!((router.routes.name(LinkId(0)).len(), &*all[3]), (5, "y"));
}

#[test]
fn looking_is_not_receiving() {
    let (mut router, mut peers) = with_peers(&["A", "B"]);
    peers.say(0, &["a1", "a2"]);
    for expected in ["A+", "a1+", "a2"] {
        assert!(peers.has_in(&mut router) && peers.has_in(&mut router));
        assert_eq!(peers.recv(&mut router).as_deref(), Ok(expected));
    }
    assert!(!peers.has_in(&mut router));
    assert!(matches!(peers.recv(&mut router), Err(Error::Again)));
}

#[test]
fn a_message_whose_label_was_received_outlives_its_link() {
    let (mut router, mut peers) = with_peers(&["A", "B"]);
    peers.say(0, &["a1", "a2"]);
    peers.say(0, &["never"]);
    peers.say(1, &["b"]);
    assert_eq!(peers.recv(&mut router), Ok("A+".into()));
    peers.links.terminate(LinkId(0));
    assert_eq!(peers.recv_all(&mut router), ["a1+", "a2", "B+", "b"]);
    assert_eq!(peers.links.len(), 1);
}

#[test]
fn the_next_connection_gets_the_name_set_for_it() {
    let (mut router, mut peers) = (Router::default(), Peers::default());
    let name = router.set_option(&mut peers.links, ids::CONNECT_ROUTING_ID, b"peer");
    assert_eq!(name, Some(Ok(())));
    let empty = router.set_option(&mut peers.links, ids::CONNECT_ROUTING_ID, b"");
    assert_eq!(empty, Some(Err(Error::Invalid)));
    peers.join(&mut router, HWM, Accepted);
    peers.join(&mut router, HWM, Connected);
    peers.join(&mut router, HWM, Connected);
    peers.send(&mut router, &["peer", "x"]).unwrap();
    assert_eq!(
        (peers.heard(0).len(), peers.heard(1), peers.heard(2).len()),
        (0, vec!["x".into()], 0)
    );
    peers.introduce(1, b"what it calls itself");
    peers.say(1, &["y"]);
    assert_eq!(peers.recv_all(&mut router), ["peer+", "y"]);
}

#[test]
fn a_name_in_use_is_not_given_to_another_connection() {
    let (mut router, mut peers) = with_peers(&["peer"]);
    router.set_option(&mut peers.links, ids::CONNECT_ROUTING_ID, b"peer").unwrap().unwrap();
    peers.join(&mut router, HWM, Connected);
    peers.introduce(1, b"");
    peers.send(&mut router, &["peer", "x"]).unwrap();
    assert_eq!((peers.heard(0), peers.heard(1).len()), (vec!["x".into()], 0));
    assert_eq!(router.routes.name(LinkId(1)).len(), 5);
}

#[test]
fn a_peer_whose_name_is_taken_waits_for_it() {
    let (mut router, mut peers) = with_peers(&["A", "A"]);
    peers.say(1, &["second"]);
    assert!(!peers.has_in(&mut router));
    peers.say(0, &["first"]);
    peers.leave(&mut router, 0);
    assert_eq!(peers.recv_all(&mut router), ["A+", "first"]);
    assert_eq!(peers.recv_all(&mut router), ["A+", "second"]);
    peers.send(&mut router, &["A", "x"]).unwrap();
    assert_eq!(peers.heard(1), ["x"]);
}

/// Its messages may never be read.
#[test]
fn a_peer_that_has_gone_is_no_destination() {
    // The one that lives came before or after the other one went.
    for waits in [true, false] {
        let (mut router, mut peers) = with_peers(&["A"]);
        set(&mut router, &mut peers, ids::ROUTER_MANDATORY, 1);
        peers.say(0, &["old", "words"]);
        if !waits {
            peers.leave(&mut router, 0);
            assert_eq!(peers.send(&mut router, &["A", "x"]), Err(Error::HostUnreachable));
        }
        let id = peers.join(&mut router, HWM, Accepted);
        peers.introduce(id.0, b"A");
        peers.say(id.0, &["new"]);
        peers.settle(&mut router);
        if waits {
            peers.leave(&mut router, 0);
        }
        peers.send(&mut router, &["A", "x"]).unwrap();
        assert_eq!(peers.heard(1), ["x"]);
        assert_eq!(peers.recv_all(&mut router), ["A+", "old+", "words", "A+", "new"]);
        peers.send(&mut router, &["A", "y"]).unwrap();
        assert_eq!((peers.heard(1), peers.links.len()), (vec!["y".into()], 1));
    }
}

/// It got the name before it was known to have gone.
#[test]
fn a_peer_that_waited_and_has_gone_does_not_keep_the_name() {
    let (mut router, mut peers) = with_peers(&["A", "A"]);
    set(&mut router, &mut peers, ids::ROUTER_MANDATORY, 1);
    peers.say(1, &["never read"]);
    peers.leave(&mut router, 0);
    peers.leave(&mut router, 1);
    let id = peers.join(&mut router, HWM, Accepted);
    peers.introduce(id.0, b"A");
    peers.settle(&mut router);
    peers.send(&mut router, &["A", "x"]).unwrap();
    assert_eq!(peers.heard(id.0), ["x"]);
}

#[test]
fn who_waits_for_a_name_and_leaves_is_not_kept() {
    let (mut router, mut peers) = with_peers(&["A"]);
    for id in 1..4 {
        peers.join(&mut router, HWM, Accepted);
        peers.introduce(id, b"A");
        peers.say(id, &["x"]);
        peers.settle(&mut router);
        peers.leave(&mut router, id);
        assert!(peers.links.len() <= 2 && router.anonymous.len() <= 1);
    }
}

#[test]
fn with_handover_the_name_goes_to_the_latest() {
    let (mut router, mut peers) = with_peers(&["A"]);
    set(&mut router, &mut peers, ids::ROUTER_HANDOVER, 1);
    peers.say(0, &["dropped"]);
    peers.join(&mut router, HWM, Accepted);
    peers.introduce(1, b"A");
    peers.settle(&mut router);
    assert!(peers.is_closed(0) && peers.links.len() == 1);
    peers.say(1, &["x"]);
    assert_eq!(peers.recv_all(&mut router), ["A+", "x"]);
    peers.send(&mut router, &["A", "y"]).unwrap();
    assert_eq!(peers.heard(1), ["y"]);
}

#[test]
fn a_handover_waits_for_the_message_that_is_being_read() {
    let (mut router, mut peers) = with_peers(&["A"]);
    set(&mut router, &mut peers, ids::ROUTER_HANDOVER, 1);
    peers.say(0, &["a1", "a2"]);
    assert!(peers.has_in(&mut router));
    peers.join(&mut router, HWM, Accepted);
    peers.introduce(1, b"A");
    peers.say(1, &["b"]);
    peers.settle(&mut router);
    let all = peers.recv_all(&mut router);
    assert_eq!(all[1..], ["a1+", "a2", "A+", "b"]);
    assert_eq!(peers.links.len(), 1);
}

#[test]
fn a_message_to_a_peer_that_leaves_in_the_middle_is_lost_whole() {
    let (mut router, mut peers) = with_peers(&["A", "B"]);
    peers.part(&mut router, "A", true).unwrap();
    peers.part(&mut router, "a1", true).unwrap();
    peers.leave(&mut router, 0);
    peers.part(&mut router, "B", true).unwrap();
    peers.part(&mut router, "a3", false).unwrap();
    peers.send(&mut router, &["B", "b"]).unwrap();
    assert_eq!(peers.heard(1), ["b"]);
}

#[test]
fn mandatory_messages_have_to_arrive() {
    let (mut router, mut peers) = (Router::default(), Peers::default());
    set(&mut router, &mut peers, ids::ROUTER_MANDATORY, 1);
    assert!(!peers.has_out(&mut router));
    peers.join(&mut router, 1, Accepted);
    peers.introduce(0, b"A");
    assert!(peers.has_out(&mut router));
    assert_eq!(peers.send(&mut router, &["nobody", "x"]), Err(Error::HostUnreachable));
    assert_eq!(peers.send(&mut router, &["A", "1"]), Ok(()));
    assert_eq!(peers.send(&mut router, &["A", "2"]), Err(Error::Again));
    assert!(!peers.has_out(&mut router));
    assert_eq!(peers.heard(0), ["1"]);
    assert_eq!(peers.send(&mut router, &["A", "2"]), Ok(()));
    peers.links.peer_closed(LinkId(0));
    assert_eq!(peers.send(&mut router, &["A", "3"]), Err(Error::HostUnreachable));
}

#[test]
fn without_mandatory_a_message_beyond_the_mark_is_dropped() {
    let (mut router, mut peers) = (Router::default(), Peers::default());
    peers.join(&mut router, 1, Accepted);
    peers.introduce(0, b"A");
    for text in ["1", "2"] {
        assert!(peers.has_out(&mut router));
        peers.send(&mut router, &["A", text, "."]).unwrap();
    }
    assert_eq!(peers.heard(0), ["1+", "."]);
}

#[test]
fn a_probe_is_an_empty_message_to_each_new_peer() {
    let (mut router, mut peers) = (Router::default(), Peers::default());
    set(&mut router, &mut peers, ids::PROBE_ROUTER, 1);
    peers.join(&mut router, HWM, Connected);
    assert_eq!(peers.heard(0), [""]);
}

#[test]
fn raw_peers_have_numbers_at_once_and_are_closed_by_an_empty_message() {
    let (mut router, mut peers) = (Router::default(), Peers::default());
    assert_eq!(router.raw(), None);
    set(&mut router, &mut peers, ids::ROUTER_RAW, 1);
    assert_eq!(router.raw(), Some(true));
    peers.join(&mut router, HWM, Accepted);
    let name = router.routes.name(LinkId(0)).to_vec();
    let mut send = |body: &[u8], more| router.send(&mut peers.links, &mut Frame::bytes(body, more));
    send(&name, true).unwrap();
    send(b"GET /", true).unwrap();
    send(&name, true).unwrap();
    send(b"", false).unwrap();
    peers.settle(&mut router);
    assert_eq!(peers.heard(0), ["GET /"]);
    assert!(peers.is_closed(0) && peers.links.len() == 0);
}
