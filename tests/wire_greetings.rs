//! Peers of every version of ZMTP shake hands with us, over connections that deliver their bytes in
//! every possible pair of pieces; both ends of every conversation are compared byte by byte.
#![forbid(unsafe_code)]

mod common;

use common::bytes::{Dialect, DEALER, DIALECTS, ROUTER};
use common::{context, finish, Door, Peer, Socket};
use zeroxide::internal::options::ids;

/// Our routing id.
const US: &[u8] = b"us";
/// What the peer says, and what we say to it.
const QUESTION: [&[u8]; 3] = [b"", b"question", &[b'?'; 300]];
const ANSWER: [&[u8]; 3] = [b"answer", b"", &[b'!'; 300]];
/// All of the question up to its last part's body, which is the same all along.
const LAST_BODY: usize = 290;

/// One conversation from the first byte on, the peer's side of it cut in two.
fn converse(dialect: Dialect, ours: &Socket, mut peer: Peer, id: &[u8], cut: Cut) {
    let mut bytes = dialect.hello(DEALER, id);
    bytes.extend(dialect.message(&QUESTION));
    match cut {
        Cut::At(at) => peer.write_split(&bytes, at),
        Cut::Everywhere => peer.write_bytewise(&bytes),
    }
    let [empty, question, long] = QUESTION;
    assert_eq!(ours.recv(), [id, empty, question, long], "{dialect:?}, {cut:?}");
    ours.send(&[id, ANSWER[0], ANSWER[1], ANSWER[2]]);
    peer.expect(&dialect.answer(ROUTER, US));
    peer.expect(&dialect.message(&ANSWER));
}

#[derive(Clone, Copy, Debug)]
enum Cut {
    At(usize),
    Everywhere,
}

/// Every place to cut, and then every byte by itself.
fn cuts(dialect: Dialect, id: &[u8]) -> impl Iterator<Item = Cut> {
    let len = dialect.hello(DEALER, id).len() + dialect.message(&QUESTION).len();
    (1..len - LAST_BODY).map(Cut::At).chain([Cut::Everywhere])
}

fn accept_every_cut(address: &str, dialect: Dialect) {
    let context = context();
    let router = Socket::new(&context, ids::ROUTER);
    router.set_bytes(ids::ROUTING_ID, US);
    let endpoint = router.bind(address);
    for (index, cut) in cuts(dialect, b"p000").enumerate() {
        // Its own name for everyone, since the one before may not be gone yet.
        let id = format!("p{index:03}");
        converse(dialect, &router, Peer::connect(&endpoint), id.as_bytes(), cut);
    }
    finish(&context, [router]);
}

fn connect_with_every_cut(door: &Door, dialect: Dialect) {
    let context = context();
    let router = Socket::new(&context, ids::ROUTER);
    router.set_bytes(ids::ROUTING_ID, US);
    router.set(ids::RECONNECT_IVL, 1);
    router.connect(&door.endpoint());
    for cut in cuts(dialect, b"peer") {
        // It comes back each time that the peer hangs up.
        converse(dialect, &router, door.accept(), b"peer", cut);
    }
    finish(&context, [router]);
}

#[test]
fn old_and_new_peers_connect_over_tcp() {
    for dialect in DIALECTS {
        accept_every_cut("tcp://127.0.0.1:*", dialect);
    }
}

#[test]
fn old_and_new_peers_connect_over_ipc() {
    for dialect in DIALECTS {
        accept_every_cut("ipc://*", dialect);
    }
}

#[test]
fn old_and_new_peers_are_connected_to_over_tcp() {
    for dialect in DIALECTS {
        connect_with_every_cut(&Door::tcp(), dialect);
    }
}

#[test]
fn old_and_new_peers_are_connected_to_over_ipc() {
    for dialect in DIALECTS {
        connect_with_every_cut(&Door::ipc(&format!("{dialect:?}")), dialect);
    }
}

/// Later versions have to understand ours, so we go on as with our own.
#[test]
fn a_peer_from_the_future_is_greeted_as_one_of_our_version() {
    let context = context();
    let (dealer, endpoint) = Socket::bound(&context, ids::DEALER, "tcp://127.0.0.1:*");
    for (major, minor) in [(3, 2), (3, 255), (4, 0), (255, 255)] {
        let mut peer = Peer::connect(&endpoint);
        peer.write(&common::bytes::greeting(major, minor, "NULL"));
        peer.write(&common::bytes::ready(DEALER, b""));
        peer.write(&Dialect::V3(1).message(&[b"hello"]));
        assert_eq!(dealer.recv(), [b"hello"], "{major}.{minor}");
        peer.expect(&Dialect::V3(1).answer(DEALER, b""));
    }
    finish(&context, [dealer]);
}

/// The first eight bytes after FF are a length to old peers, and anything to new ones.
#[test]
fn the_padding_of_the_signature_does_not_matter() {
    let context = context();
    let (dealer, endpoint) = Socket::bound(&context, ids::DEALER, "tcp://127.0.0.1:*");
    for filler in [[0; 8], [0xFF; 8], *b"anything"] {
        let mut hello = Dialect::V3(1).hello(DEALER, b"");
        hello[1..9].copy_from_slice(&filler);
        let mut peer = Peer::connect(&endpoint);
        peer.write(&hello);
        peer.write(&Dialect::V3(1).message(&[b"hello"]));
        assert_eq!(dealer.recv(), [b"hello"], "{filler:?}");
    }
    finish(&context, [dealer]);
}
