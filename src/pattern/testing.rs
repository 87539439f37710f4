//! A socket's links with somebody at the other end of each, for the tests of patterns.
#![forbid(unsafe_code)]

use super::{Incoming, Pattern};
use crate::error::Result;
use crate::link::*;
use crate::message::Message;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

/// Counts what the other side is told.
#[derive(Default)]
struct Bell {
    readable: AtomicUsize,
    writable: AtomicUsize,
}

impl Peer for Bell {
    fn readable(&self) {
        self.readable.fetch_add(1, Ordering::Relaxed);
    }
    fn writable(&self) {
        self.writable.fetch_add(1, Ordering::Relaxed);
    }
    fn closed(&self) {}
}

/// The links of the socket under test, and its peers.
#[derive(Default)]
pub(crate) struct Peers {
    pub(crate) links: Links,
    /// Peers that come from now on hear commands too.
    pub(crate) hear_commands: bool,
    others: Vec<Other>,
}

/// One peer: its end of the link, as the only link of a socket of its own.
struct Other {
    links: Links,
    /// Rung by the peer.
    to_us: Arc<Bell>,
    seen_readable: usize,
    seen_writable: usize,
}

const THEIRS: LinkId = LinkId(0);

impl Peers {
    pub(crate) fn new(count: usize, hwm: usize) -> Self {
        let mut peers = Self::default();
        for _ in 0..count {
            peers.add(hwm, LinkOrigin::Accepted);
        }
        peers
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = LinkId> {
        (0..self.others.len() as u32).map(LinkId)
    }

    /// One more link.
    pub(crate) fn add(&mut self, hwm: usize, origin: LinkOrigin) -> LinkId {
        let (ours, theirs) = pair(Limits::Messages(hwm), Limits::Messages(hwm)).unwrap();
        let (to_us, to_them) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
        let id = LinkId(self.others.len() as u32);
        let link = |end, bell, origin| {
            Link::new(end, bell, origin, "inproc://x".into(), Some(Boost { send: -1, recv: -1 }))
        };
        self.links.insert(id, link(ours, to_them, origin));
        let mut links = Links::default();
        links.wants_commands = self.hear_commands;
        links.insert(THEIRS, link(theirs, to_us.clone(), LinkOrigin::Connected));
        self.others.push(Other { links, to_us, seen_readable: 0, seen_writable: 0 });
        id
    }

    /// One more link, known to the pattern.
    pub(crate) fn join(
        &mut self,
        pattern: &mut dyn Pattern,
        hwm: usize,
        origin: LinkOrigin,
    ) -> LinkId {
        let id = self.add(hwm, origin);
        pattern.attach(&mut self.links, id);
        self.settle(pattern);
        id
    }

    /// The peer says who it is.
    pub(crate) fn introduce(&mut self, peer: u32, routing_id: &[u8]) {
        self.introduce_as(peer, PeerInfo { metadata: None, routing_id: routing_id.to_vec() });
    }

    /// The peer says all about itself.
    pub(crate) fn introduce_as(&mut self, peer: u32, info: PeerInfo) {
        let link = self.others[peer as usize].links.get_mut(THEIRS).unwrap();
        let bell = link.peer().clone();
        link.end().tx.write_parcel(Parcel::Peer(Arc::new(info)), &*bell).unwrap();
    }

    /// The peer sends a message.
    pub(crate) fn say(&mut self, peer: u32, parts: &[&str]) {
        let links = &mut self.others[peer as usize].links;
        for (index, part) in parts.iter().enumerate() {
            let more = index + 1 < parts.len();
            links.write(THEIRS, &mut Frame::bytes(part.as_bytes(), more)).unwrap();
        }
    }

    /// The peer sends a command.
    pub(crate) fn command(&mut self, peer: u32, body: &[u8]) {
        self.others[peer as usize].links.write_command(THEIRS, body).unwrap();
    }

    /// The parts that reached the peer; a plus at the end says that more follow.
    pub(crate) fn heard(&mut self, peer: u32) -> Vec<String> {
        let links = &mut self.others[peer as usize].links;
        let mut all = Vec::new();
        while links.front(THEIRS).is_some() {
            all.push(receive(links, THEIRS));
        }
        all
    }

    /// Was our end of the link closed?
    pub(crate) fn is_closed(&mut self, peer: u32) -> bool {
        self.others[peer as usize].links.get_mut(THEIRS).unwrap().end().rx.is_closed()
    }

    /// The peer goes.
    pub(crate) fn leave(&mut self, pattern: &mut dyn Pattern, peer: u32) {
        self.others[peer as usize].links.terminate(THEIRS);
        self.links.peer_closed(LinkId(peer));
        self.settle(pattern);
    }

    /// How often the peer said that there is room since the last call.
    pub(crate) fn told_of_room(&mut self, peer: u32) -> usize {
        let other = &mut self.others[peer as usize];
        let now = other.to_us.writable.load(Ordering::Relaxed);
        now - std::mem::replace(&mut other.seen_writable, now)
    }

    fn told_of_reading(&mut self, peer: u32) -> usize {
        let other = &mut self.others[peer as usize];
        let now = other.to_us.readable.load(Ordering::Relaxed);
        now - std::mem::replace(&mut other.seen_readable, now)
    }

    /// Does what a socket does between calls: tells the pattern what the peers told.
    pub(crate) fn settle(&mut self, pattern: &mut dyn Pattern) {
        for id in self.ids() {
            if self.told_of_reading(id.0) > 0 && self.links.get(id).is_some() {
                pattern.readable(&mut self.links, id);
            }
            if self.told_of_room(id.0) > 0 && self.links.get(id).is_some() {
                pattern.writable(&mut self.links, id);
            }
        }
        for id in self.links.take_finished() {
            if self.links.get(id).is_some() {
                pattern.detached(&mut self.links, id);
                self.links.remove(id);
            }
        }
    }

    /// Sends a message, part by part.
    pub(crate) fn send(&mut self, pattern: &mut dyn Pattern, parts: &[&str]) -> Result<()> {
        for (index, part) in parts.iter().enumerate() {
            self.part(pattern, part, index + 1 < parts.len())?;
        }
        Ok(())
    }

    /// Sends a part.
    pub(crate) fn part(&mut self, pattern: &mut dyn Pattern, text: &str, more: bool) -> Result<()> {
        self.settle(pattern);
        let sent = pattern.send(&mut self.links, &mut Frame::bytes(text.as_bytes(), more));
        self.settle(pattern);
        sent
    }

    /// Receives a part; a plus at the end says that more follow.
    pub(crate) fn recv(&mut self, pattern: &mut dyn Pattern) -> Result<String> {
        self.settle(pattern);
        let received = pattern.recv(&mut self.links).map(|incoming| match incoming {
            Incoming::Link(id) => receive(&mut self.links, id),
            Incoming::Made(message) => show(&message),
        });
        self.settle(pattern);
        received
    }

    /// Receives all there is, until an error.
    pub(crate) fn recv_all(&mut self, pattern: &mut dyn Pattern) -> Vec<String> {
        std::iter::from_fn(|| self.recv(pattern).ok()).collect()
    }

    pub(crate) fn has_in(&mut self, pattern: &mut dyn Pattern) -> bool {
        self.settle(pattern);
        pattern.has_in(&mut self.links)
    }

    pub(crate) fn has_out(&mut self, pattern: &mut dyn Pattern) -> bool {
        self.settle(pattern);
        pattern.has_out(&mut self.links)
    }
}

/// Takes a part from a link; a plus at the end says that more follow.
pub(crate) fn receive(links: &mut Links, id: LinkId) -> String {
    let mut message = Message::new();
    let taken = links.take(id, &mut Sink::Message(&mut message)).unwrap();
    assert_eq!(taken.more(), message.more());
    show(&message)
}

fn show(message: &Message) -> String {
    let text = message.escape_ascii().to_string();
    text + if message.more() { "+" } else { "" }
}
