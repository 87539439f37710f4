//! A socket without a pattern: it sends and receives by each of its links, and looks at none before
//! it is told to.
#![forbid(unsafe_code)]

use super::monitor::Story;
use super::trace;
use super::traffic::{Ledger, Name, Reader};
use crate::engine::{Event, Owner, SessionHandle};
use crate::link::{Frame, Link, LinkEnd, LinkId, Links, Peer, Sink};
use crate::message::Message;
use crate::security::testing::zap_frames;
use crate::wire::testing::Random;
use crate::wire::Command;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::Arc;

/// See the module.
pub(super) struct Socket {
    pub(super) state: Mutex<State>,
    linger: AtomicI32,
    /// How long parts are.
    size: usize,
    /// Streams of this socket are numbered from here on, in steps of so many.
    streams: (u32, u32),
    has_zap: bool,
}

/// What its turn protects.
pub(super) struct State {
    links: Links,
    pub(super) lines: BTreeMap<LinkId, Line>,
    reserved: Vec<(LinkId, Arc<Marks>)>,
    count: u32,
    stories: BTreeMap<String, Story>,
    questions: Vec<(LinkEnd, Arc<dyn Peer>)>,
    /// What a client wants to hear of.
    pub(super) topics: BTreeSet<u8>,
}

/// A link, and what has become of it.
pub(super) struct Line {
    marks: Arc<Marks>,
    /// What is sent by it.
    pub(super) stream: u32,
    pub(super) sent: u32,
    /// The rest of a message that was begun.
    draft: Vec<Vec<u8>>,
    reader: Reader,
    /// The connection that it belongs to, if it has only one.
    connection: u32,
    /// What the peer wants to hear of.
    pub(super) topics: BTreeSet<u8>,
}

/// What a link was told.
#[derive(Default)]
pub(super) struct Marks {
    readable: AtomicBool,
    writable: AtomicBool,
    closed: AtomicBool,
    hiccup: AtomicBool,
}

impl Peer for Marks {
    fn readable(&self) {
        self.readable.store(true, Ordering::Relaxed);
    }

    fn writable(&self) {
        self.writable.store(true, Ordering::Relaxed);
    }

    fn closed(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

impl Marks {
    fn take(mark: &AtomicBool) -> bool {
        mark.swap(false, Ordering::Relaxed)
    }
}

/// The beginning of the endpoints of accepted connections; their number follows.
pub(super) const CONNECTION: &str = "connection ";

impl Socket {
    pub(super) fn new(
        size: usize,
        streams: (u32, u32),
        has_zap: bool,
        publishes: bool,
    ) -> Arc<Self> {
        let mut links = Links::default();
        links.wants_commands = publishes;
        Arc::new(Self {
            state: Mutex::new(State {
                links,
                lines: BTreeMap::new(),
                reserved: Vec::new(),
                count: 0,
                stories: BTreeMap::new(),
                questions: Vec::new(),
                topics: BTreeSet::new(),
            }),
            linger: AtomicI32::new(-1),
            size,
            streams,
            has_zap,
        })
    }

    pub(super) fn set_linger(&self, linger: i32) {
        self.linger.store(linger, Ordering::Relaxed);
    }

    /// A monitor follows the session of this endpoint.
    pub(super) fn follow(&self, endpoint: String, story: Story) {
        self.state.lock().stories.insert(endpoint, story);
    }

    pub(super) fn story<T>(&self, endpoint: &str, look: impl FnOnce(&Story) -> T) -> T {
        look(&self.state.lock().stories[endpoint])
    }

    pub(super) fn ids(&self) -> Vec<LinkId> {
        self.state.lock().lines.keys().copied().collect()
    }

    /// What stands where, for a failure.
    pub(super) fn describe(&self) -> String {
        let state = self.state.lock();
        let alive = state.stories.iter().filter(|(_, story)| !story.is_over());
        let lines = state.lines.values().map(|line| {
            let marks = [&line.marks.readable, &line.marks.writable, &line.marks.closed];
            let marks = marks.map(|mark| mark.load(Ordering::Relaxed));
            format!("stream {}: {} sent, {marks:?}", line.stream, line.sent)
        });
        format!("{:?}\n{:?}", alive.collect::<Vec<_>>(), lines.collect::<Vec<_>>())
    }

    /// The other side of a link.
    pub(super) fn peer(&self, id: LinkId) -> Option<Arc<dyn Peer>> {
        Some(self.state.lock().links.get(id)?.peer().clone())
    }

    /// Sends a message, or goes on with one; with `pauses` not all of it. False if there is no
    /// room.
    pub(super) fn send(&self, id: LinkId, random: &mut Random, pauses: bool) -> bool {
        let mut state = self.state.lock();
        let State { links, lines, .. } = &mut *state;
        let Some(line) = lines.get_mut(&id) else { return false };
        if line.draft.is_empty() && !line.begin(links, id, self.size) {
            return false;
        }
        if !links.is_open(id) {
            line.draft.clear();
            links.rollback(id);
            return false;
        }
        while !line.draft.is_empty() {
            let part = line.draft.remove(0);
            let more = !line.draft.is_empty();
            let mut message = Message::try_from_slice(&part).unwrap();
            let mut frame = match random.below(2) {
                0 => Frame::bytes(&part, more),
                _ => Frame::message(&mut message, more),
            };
            links.write(id, &mut frame).unwrap();
            if more && pauses && random.below(4) == 0 {
                return true;
            }
        }
        trace(|| format!("stream {}: sent {}", line.stream, line.sent));
        line.sent += 1;
        true
    }

    /// Takes back what was begun.
    pub(super) fn roll_back(&self, id: LinkId) {
        let mut state = self.state.lock();
        let State { links, lines, .. } = &mut *state;
        if let Some(line) = lines.get_mut(&id) {
            line.draft.clear();
            links.rollback(id);
        }
    }

    /// Takes up to so many parts. False if there was nothing.
    pub(super) fn receive(&self, id: LinkId, ledger: &mut Ledger, most: usize) -> bool {
        let mut state = self.state.lock();
        let State { links, lines, .. } = &mut *state;
        let Some(line) = lines.get_mut(&id) else { return false };
        if !Marks::take(&line.marks.readable) {
            return false;
        }
        for _ in 0..most {
            if line.hear_command(links, id) {
                continue;
            }
            let mut message = Message::new();
            let Ok(taken) = links.take(id, &mut Sink::Message(&mut message)) else { return true };
            if let Some(name) = line.reader.part(&message, taken.more(), self.size) {
                ledger.note(name, line.connection);
            }
        }
        line.marks.readable();
        true
    }

    /// Looks at all that it was told. Says whether there was anything.
    pub(super) fn tend(&self) -> bool {
        let mut state = self.state.lock();
        let State { links, lines, topics, .. } = &mut *state;
        let mut any = false;
        links.note_look();
        while let Some(id) = links.take_roomy() {
            any = true;
            lines.get(&id).into_iter().for_each(|line| line.marks.writable());
        }
        for (id, line) in lines.iter() {
            if Marks::take(&line.marks.hiccup) {
                any = true;
                for topic in topics.iter() {
                    links.write_command(*id, &subscription(*topic, true)).unwrap();
                }
            }
            if Marks::take(&line.marks.closed) {
                any = true;
                links.peer_closed(*id);
                line.marks.readable();
            }
        }
        for id in links.take_finished() {
            any = true;
            links.remove(id);
            if let Some(line) = lines.remove(&id) {
                assert!(!line.reader.is_inside(), "half a message");
            }
        }
        any
    }

    /// Subscribes to a topic, or takes that back. With `fails`, the peer does not hear of a
    /// subscription at first.
    pub(super) fn toggle(&self, topic: u8, fails: bool) {
        let mut state = self.state.lock();
        let added = state.topics.insert(topic);
        if !added {
            state.topics.remove(&topic);
        }
        let State { links, lines, .. } = &mut *state;
        for id in lines.keys() {
            match fails && added {
                true => links.give_up(*id),
                false => links.write_command(*id, &subscription(topic, added)).unwrap(),
            }
        }
    }

    /// Answers the oldest question to the ZAP handler, if there is one.
    pub(super) fn answer(&self) -> bool {
        let question = {
            let questions = &mut self.state.lock().questions;
            (!questions.is_empty()).then(|| questions.remove(0))
        };
        let Some((mut end, asker)) = question else { return false };
        let frames = zap_frames(b"200", b"user", b"");
        for (index, frame) in frames.iter().enumerate() {
            let mut frame = Frame::bytes(frame, index + 1 < frames.len());
            end.tx.write(&mut frame, false, &*asker).unwrap();
        }
        true
    }

    /// Parts with all its peers, as `zmq_close` does.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        let State { links, lines, .. } = &mut *state;
        for (id, line) in lines.iter_mut() {
            line.draft.clear();
            links.rollback(*id);
            links.terminate(*id);
        }
        lines.clear();
        for id in links.ids() {
            links.remove(id);
        }
    }

    /// Makes a link for a session.
    pub(super) fn open_link(
        &self,
        handle: &Arc<SessionHandle>,
        make: impl FnOnce(Arc<dyn Peer>) -> (Link, LinkEnd),
    ) -> (LinkId, Arc<dyn Peer>, LinkEnd) {
        let (id, marks) = self.reserve_link();
        let (link, end) = make(handle.clone());
        self.attach(id, link);
        (id, marks, end)
    }
}

impl Line {
    fn begin(&mut self, links: &mut Links, id: LinkId, size: usize) -> bool {
        if !Marks::take(&self.marks.writable) || !links.has_room(id) {
            return false;
        }
        self.marks.writable();
        self.draft = Name { stream: self.stream, number: self.sent }.parts(size);
        true
    }

    fn hear_command(&mut self, links: &mut Links, id: LinkId) -> bool {
        let Some(front) = links.front(id).filter(|front| front.command) else { return false };
        match Command::parse(front.body) {
            Ok(Command::Subscribe { topic }) => self.topics.insert(topic[0]),
            Ok(Command::Cancel { topic }) => self.topics.remove(&topic[0]),
            // It fills a gap, and means nothing.
            Ok(Command::Unknown { name: [], .. }) => false,
            other => panic!("{other:?}"),
        };
        links.discard(id);
        true
    }
}

fn subscription(topic: u8, wanted: bool) -> Vec<u8> {
    let topic = &[topic];
    let mut body = Vec::new();
    match wanted {
        true => Command::Subscribe { topic }.encode_body(&mut body),
        false => Command::Cancel { topic }.encode_body(&mut body),
    }
    body
}

impl Owner for Socket {
    fn reserve_link(&self) -> (LinkId, Arc<dyn Peer>) {
        let mut state = self.state.lock();
        let id = LinkId(state.count);
        state.count += 1;
        let marks = Arc::<Marks>::default();
        marks.writable();
        marks.readable();
        state.reserved.push((id, marks.clone()));
        (id, marks)
    }

    fn attach(&self, id: LinkId, link: Link) {
        let mut state = self.state.lock();
        let place = state.reserved.iter().position(|(reserved, _)| *reserved == id).unwrap();
        let (_, marks) = state.reserved.remove(place);
        let line = Line {
            marks,
            stream: self.streams.0 + id.0 * self.streams.1,
            sent: 0,
            draft: Vec::new(),
            reader: Reader::default(),
            connection: link
                .endpoint
                .strip_prefix(CONNECTION)
                .map_or(0, |number| number.parse().unwrap()),
            topics: BTreeSet::new(),
        };
        state.lines.insert(id, line);
        state.links.insert(id, link);
        let State { links, topics, .. } = &mut *state;
        for topic in topics.iter() {
            links.write_command(id, &subscription(*topic, true)).unwrap();
        }
    }

    fn hiccup(&self, id: LinkId) {
        let state = self.state.lock();
        state
            .lines
            .get(&id)
            .into_iter()
            .for_each(|line| line.marks.hiccup.store(true, Ordering::Relaxed));
    }

    fn event(&self, event: Event) {
        trace(|| format!("{event:?}"));
        let stories = &mut self.state.lock().stories;
        stories.get_mut(&event.endpoint).unwrap().note(&event);
    }

    fn linger(&self) -> i32 {
        self.linger.load(Ordering::Relaxed)
    }

    fn ask_zap(&self, mut far: LinkEnd, asker: Arc<dyn Peer>) -> Option<Arc<dyn Peer>> {
        if !self.has_zap {
            return None;
        }
        // What is asked does not matter here.
        while far.rx.front().is_some() {
            far.rx.consumer().pop();
        }
        self.state.lock().questions.push((far, asker));
        Some(Arc::<Marks>::default())
    }

    fn session_ended(&self, handle: &Arc<SessionHandle>) {
        self.state.lock().stories.get_mut(&handle.endpoint).unwrap().end();
    }
}
