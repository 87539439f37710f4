//! What holds for every socket type, whatever its peers do.

use super::testing::Peers;
use super::{create, Pattern};
use crate::error::Error;
use crate::link::{LinkId, LinkOrigin};
use crate::options::SocketType;

/// How many parts the messages of this test have.
const PARTS: usize = 3;
const STEPS: usize = 4000;

/// A source of numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// A socket whose peers come, talk and go as they like.
struct World {
    pattern: Box<dyn Pattern>,
    peers: Peers,
    dice: Dice,
    /// Messages are labelled with the name of a peer.
    labelled: bool,
    message: usize,
    /// The number of the message that is being sent, and how many of its parts were.
    sending: usize,
    sent: usize,
    received: Vec<String>,
    heard: Vec<Vec<String>>,
}

impl World {
    fn new(socket_type: SocketType, seed: u64) -> Self {
        Self {
            pattern: create(socket_type),
            peers: Peers::default(),
            dice: Dice(seed),
            labelled: socket_type == SocketType::Router,
            message: 0,
            sending: 0,
            sent: 0,
            received: Vec::new(),
            heard: Vec::new(),
        }
    }

    fn step(&mut self) {
        match self.dice.roll(20) {
            0 => self.join(),
            1 => self.leave(),
            2 => self.terminate(),
            3..=7 => self.say(),
            8..=12 => self.send(),
            13..=17 => self.receive(),
            _ => self.hear(),
        }
    }

    fn join(&mut self) {
        let id = self.peers.join(&mut *self.pattern, 2, LinkOrigin::Accepted);
        self.peers.introduce(id.0, format!("peer {}", id.0 % 8).as_bytes());
        self.heard.push(Vec::new());
    }

    fn leave(&mut self) {
        if let Some(peer) = self.pick() {
            self.peers.leave(&mut *self.pattern, peer);
        }
    }

    fn terminate(&mut self) {
        if let Some(peer) = self.pick() {
            self.peers.links.terminate(LinkId(peer));
        }
    }

    fn say(&mut self) {
        if let Some(peer) = self.pick() {
            self.message += 1;
            let parts = (0..PARTS).map(|part| text(self.message, part)).collect::<Vec<_>>();
            self.peers.say(peer, &parts.iter().map(|part| &**part).collect::<Vec<_>>());
        }
    }

    fn send(&mut self) {
        if self.sent == 0 {
            self.message += 1;
            self.sending = self.message;
        }
        let text = match self.sent.checked_sub(usize::from(self.labelled)) {
            Some(part) => text(self.sending, part),
            None => format!("peer {}", self.dice.roll(8)),
        };
        let parts = PARTS + usize::from(self.labelled);
        match self.peers.part(&mut *self.pattern, &text, self.sent + 1 < parts) {
            Ok(()) => self.sent = (self.sent + 1) % parts,
            Err(Error::NotSupported) => assert_eq!(self.sent, 0),
            Err(error) => assert_eq!((error, self.sent), (Error::Again, 0)),
        }
    }

    fn receive(&mut self) {
        let expected = self.dice.roll(2) == 0 && self.peers.has_in(&mut *self.pattern);
        match self.peers.recv(&mut *self.pattern) {
            Ok(part) => self.received.push(part),
            Err(_) => assert!(!expected, "what was seen is gone"),
        }
    }

    fn hear(&mut self) {
        for peer in 0..self.heard.len() {
            self.heard[peer].extend(self.peers.heard(peer as u32));
        }
    }

    /// A link that is still open.
    fn pick(&mut self) -> Option<u32> {
        let open = self.peers.ids().filter(|id| self.peers.links.is_open(*id)).collect::<Vec<_>>();
        let pick = self.dice.roll(open.len().max(1) as u64) as usize;
        open.get(pick).map(|id| id.0)
    }
}

fn text(message: usize, part: usize) -> String {
    format!("{message}.{part}")
}

/// Only whole messages, but perhaps for the last one.
fn assert_whole(parts: &[String], labels: usize) {
    for message in parts.chunks(PARTS + labels) {
        let (number, _) =
            message.get(labels).map_or(("", ""), |part| part.split_once('.').unwrap());
        for (index, part) in message.iter().enumerate().skip(labels) {
            let more = if index + 1 < PARTS + labels { "+" } else { "" };
            assert_eq!(*part, format!("{number}.{}{more}", index - labels), "in {message:?}");
        }
    }
}

#[test]
fn messages_are_never_torn() {
    use SocketType::{Dealer, Pair, Pull, Push, Router};
    for socket_type in [Pair, Dealer, Router, Pull, Push] {
        let (mut received, mut heard) = (0, 0);
        for seed in 1..8 {
            let mut world = World::new(socket_type, seed);
            (0..STEPS).for_each(|_| world.step());
            world.hear();
            assert_whole(&world.received, usize::from(world.labelled));
            world.heard.iter().for_each(|parts| assert_whole(parts, 0));
            received += world.received.len();
            heard += world.heard.iter().map(Vec::len).sum::<usize>();
        }
        assert_eq!(received > 100, socket_type != Push, "{socket_type} received {received}");
        assert_eq!(heard > 100, socket_type != Pull, "{socket_type} sent {heard}");
    }
}

#[test]
fn each_socket_type_has_its_pattern() {
    let is_raw = |kind: &SocketType| create(*kind).raw().is_some();
    let raw: Vec<_> = SocketType::ALL.into_iter().filter(is_raw).collect();
    assert_eq!(raw, [SocketType::Stream]);
}
