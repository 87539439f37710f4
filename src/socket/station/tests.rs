use super::*;
use crate::engine::switches::{Use, CLAIMED_RECEIVE};
use crate::link::Frame;
use crate::options::ids;
use crate::runtime::Context;
use crate::socket::{poll, PollItem, RawSocket, POLLIN};
use std::time::Duration;

#[test]
fn a_link_is_claimed_once_it_is_busy() {
    let mut station = Station::default();
    for _ in 0..OFTEN - 1 {
        station.note(LinkId(3));
    }
    assert!(station.next_busy().is_none() && station.fd().is_none());
    station.note(LinkId(3));
    station.note(LinkId(3));
    assert!(station.next_busy().is_none_or(|(id, _)| id == LinkId(3)));
    assert!(station.next_busy().is_none());
    // After a pause it has to prove itself again.
    station.heat[3].last = clock::tick().wrapping_sub(PAUSE + 100);
    station.note(LinkId(3));
    assert_eq!(station.heat[3].times, 1);
}

const PEERS: usize = 20;

/// A ROUTER with more peers than are claimed without asking.
struct Crowd {
    context: Context,
    router: RawSocket,
    dealers: Vec<RawSocket>,
}

fn open(context: &Context, socket_type: i32) -> RawSocket {
    let socket = RawSocket::default();
    socket.open(context, socket_type).unwrap();
    let limit = 5000i32.to_ne_bytes();
    socket.with(|core| core.set_option(ids::RCVTIMEO, &limit)).unwrap();
    socket
}

impl Crowd {
    fn gather() -> Self {
        let context = Context::new().unwrap();
        let router = open(&context, ids::ROUTER);
        router.with(|core| core.bind("tcp://127.0.0.1:*")).unwrap();
        let mut endpoint = [0; 256];
        let len = router.with(|core| core.option(ids::LAST_ENDPOINT, &mut endpoint)).unwrap();
        let endpoint = std::str::from_utf8(&endpoint[..len - 1]).unwrap();
        let dealers = (0..PEERS).map(|_| {
            let dealer = open(&context, ids::DEALER);
            dealer.with(|core| core.connect(endpoint)).unwrap();
            dealer
        });
        let dealers = dealers.collect();
        Self { context, router, dealers }
    }

    fn ask(&self, peer: usize, question: u32) {
        let question = question.to_ne_bytes();
        self.dealers[peer].send(&mut Frame::bytes(&question, false), false).unwrap();
    }

    /// Answers so many questions, each of which is got by `recv`.
    fn answer(&self, count: usize, recv: impl Fn(&RawSocket)) {
        for _ in 0..count {
            recv(&self.router);
            let mut id = self.router.recv_message(false).unwrap();
            let mut body = self.router.recv_message(false).unwrap();
            self.router.send(&mut Frame::message(&mut id, true), false).unwrap();
            self.router.send(&mut Frame::message(&mut body, false), false).unwrap();
        }
    }

    fn expect(&self, peer: usize, answer: u32) {
        let message = self.dealers[peer].recv_message(false).unwrap();
        assert_eq!(message[..], answer.to_ne_bytes(), "peer {peer}");
    }

    fn rounds(&self, rounds: u32, recv: impl Fn(&RawSocket)) {
        for round in 0..rounds {
            (0..PEERS).for_each(|peer| self.ask(peer, round));
            self.answer(PEERS, &recv);
            (0..PEERS).for_each(|peer| self.expect(peer, round));
        }
    }

    /// Talks until the busy ones are claimed, which takes a few quick rounds, and a wait that is one.
    fn settle(&self) {
        // Where everybody is claimed there is no need of a station.
        let settles = cfg!(any(target_os = "linux", target_os = "android"))
            && CLAIMED_RECEIVE.get() != Use::Always;
        let settled = (0..if settles { 500 } else { 1 }).any(|_| {
            self.rounds(5, at_once);
            let nothing = [PollItem::socket(&self.router, POLLIN)];
            assert_eq!(poll(&mut { nothing }, Some(Duration::from_millis(1))), Ok(0));
            self.is_at_station()
        });
        assert_eq!(settled, settles);
    }

    fn is_at_station(&self) -> bool {
        self.router.with(|core| Ok(core.at_station)).unwrap()
    }

    fn disperse(self) {
        let Self { context, router, dealers } = self;
        drop((router, dealers));
        context.terminate().unwrap();
    }
}

fn at_once(_: &RawSocket) {}

fn by_polling(socket: &RawSocket) {
    let found = poll(&mut [PollItem::socket(socket, POLLIN)], Some(Duration::from_secs(5)));
    assert_eq!(found, Ok(1));
}

/// As event loops do that look now and then.
fn now_and_then(socket: &RawSocket) {
    while poll(&mut [PollItem::socket(socket, POLLIN)], Some(Duration::ZERO)) != Ok(1) {
        std::thread::yield_now();
    }
}

#[test]
fn many_peers_are_heard_however_one_waits_for_them() {
    let crowd = Crowd::gather();
    crowd.settle();
    crowd.rounds(20, at_once);
    crowd.rounds(20, by_polling);
    crowd.rounds(20, now_and_then);
    crowd.disperse();
}

#[test]
fn claims_lapse_and_come_again() {
    let crowd = Crowd::gather();
    for _ in 0..3 {
        crowd.settle();
        std::thread::sleep(Duration::from_millis(120));
        // Nobody waits: an I/O thread has to take note of these.
        (0..PEERS).for_each(|peer| crowd.ask(peer, 77));
        std::thread::sleep(Duration::from_millis(120));
        crowd.answer(PEERS, at_once);
        (0..PEERS).for_each(|peer| crowd.expect(peer, 77));
    }
    crowd.disperse();
}

#[test]
fn a_busy_peer_does_not_drown_the_others() {
    let crowd = Crowd::gather();
    crowd.settle();
    // Far more than it takes for the others' claims to be looked at.
    (0..900).for_each(|question| crowd.ask(0, question));
    (1..PEERS).for_each(|peer| crowd.ask(peer, 5));
    crowd.answer(900 + PEERS - 1, at_once);
    (0..900).for_each(|question| crowd.expect(0, question));
    (1..PEERS).for_each(|peer| crowd.expect(peer, 5));
    crowd.disperse();
}

#[test]
fn who_asks_for_the_descriptor_is_told_by_it() {
    let crowd = Crowd::gather();
    crowd.settle();
    let mut fd = [0; 4];
    crowd.router.with(|core| core.option(ids::FD, &mut fd)).unwrap();
    assert!(!crowd.is_at_station());
    for peer in 0..PEERS {
        crowd.router.with(|core| core.events()).unwrap();
        crowd.ask(peer, 9);
        let fd = crate::sys::poll::PollFd::new(i32::from_ne_bytes(fd), libc::POLLIN);
        let ready = crate::sys::poll::poll(&mut [fd], Some(Duration::from_secs(5))).unwrap();
        assert_eq!(ready, 1, "peer {peer}");
        crowd.answer(1, at_once);
        crowd.expect(peer, 9);
    }
    crowd.disperse();
}

#[test]
fn peers_that_go_and_come_are_no_trouble() {
    let mut crowd = Crowd::gather();
    for _ in 0..5 {
        crowd.settle();
        let mut endpoint = [0; 256];
        let len = crowd.router.with(|core| core.option(ids::LAST_ENDPOINT, &mut endpoint)).unwrap();
        let endpoint = std::str::from_utf8(&endpoint[..len - 1]).unwrap();
        for index in [1, 5, PEERS - 1] {
            let dealer = open(&crowd.context, ids::DEALER);
            dealer.with(|core| core.connect(endpoint)).unwrap();
            crowd.dealers[index] = dealer;
        }
    }
    crowd.disperse();
}
