//! The network: connections that carry bytes in pieces of any size, late, and not for ever.
#![forbid(unsafe_code)]

use super::reactor::{Desk, Edge, Seat};
use crate::sys::io::Stream;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::time::Instant;

/// No more than this is under way in one direction.
const CAPACITY: usize = 256 * 1024;

/// One connection, from the one who connected to the one who was connected to.
pub(super) struct Pipe {
    /// The connection, counted over all.
    pub(super) number: u32,
    /// The client that made it.
    pub(super) client: usize,
    near: End,
    far: End,
    forth: Flow,
    back: Flow,
    /// The far end is left alone.
    hangs: bool,
    /// Nothing moves before.
    pub(super) stalled_until: Option<Instant>,
}

/// The network's end of a stream to a session.
struct End {
    /// `None` once it is closed.
    stream: Option<Stream>,
    /// The session's end of it.
    seat: Option<Seat>,
}

#[derive(Default)]
struct Flow {
    bytes: Vec<u8>,
    /// How many bytes were taken.
    taken: u64,
    /// No more will be taken.
    ended: bool,
    /// The other side knows.
    told: bool,
}

/// One of the two directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Forth,
    Back,
}

impl Pipe {
    /// Without a `far` end, whatever is sent is swallowed.
    pub(super) fn new(
        number: u32,
        client: usize,
        near: (Stream, Option<Seat>),
        far: Option<(Stream, Option<Seat>)>,
    ) -> Self {
        let end = |(stream, seat): (Stream, Option<Seat>)| End { stream: Some(stream), seat };
        let far = far.map_or(End { stream: None, seat: None }, end);
        Self {
            number,
            client,
            near: end(near),
            far,
            forth: Flow::default(),
            back: Flow::default(),
            hangs: false,
            stalled_until: None,
        }
    }

    /// How many bytes the client has sent.
    pub(super) fn taken(&self) -> u64 {
        self.forth.taken
    }

    /// Has it lost an end?
    pub(super) fn is_lame(&self) -> bool {
        self.near.stream.is_none() || self.far.stream.is_none()
    }

    /// Does it lead nowhere?
    pub(super) fn is_dead_end(&self) -> bool {
        self.far.stream.is_none()
    }

    /// What stands where, for a failure.
    pub(super) fn describe(&self) -> String {
        let flow = |flow: &Flow| {
            format!("{}+{} {} {}", flow.taken, flow.bytes.len(), flow.ended, flow.told)
        };
        let ends = [self.near.stream.is_some(), self.far.stream.is_some()];
        format!(
            "{} of {}: {ends:?} {} / {}",
            self.number,
            self.client,
            flow(&self.forth),
            flow(&self.back)
        )
    }

    /// Is there nothing that it could still carry?
    pub(super) fn is_over(&self) -> bool {
        self.near.stream.is_none() && self.far.stream.is_none()
            || self.forth.told && self.back.told
            || self.far.stream.is_none() && self.forth.ended
            || self.near.stream.is_none() && self.forth.told && !self.hangs
    }

    /// Moves up to so many bytes. Says whether anything happened.
    pub(super) fn carry(&mut self, desk: &mut Desk, way: Way, most: usize) -> bool {
        let (from, to, flow) = match way {
            Way::Forth => (&mut self.near, &mut self.far, &mut self.forth),
            Way::Back => (&mut self.far, &mut self.near, &mut self.back),
        };
        let took = from.take(desk, flow, most, CAPACITY);
        let gave = to.give(desk, flow, most);
        took || gave
    }

    /// Both ends hear of it at once, and what was under way is gone.
    pub(super) fn cut(&mut self, desk: &mut Desk) {
        self.cut_gently(desk);
        self.far.close(desk);
    }

    /// The far end does not hear of it.
    pub(super) fn lose_near(&mut self, desk: &mut Desk) {
        self.cut_gently(desk);
        self.forth.bytes.clear();
        (self.forth.told, self.hangs) = (true, true);
    }

    /// The near end hears of it at once, and all that it has sent arrives.
    pub(super) fn cut_gently(&mut self, desk: &mut Desk) {
        while self.near.take(desk, &mut self.forth, CAPACITY, usize::MAX) {}
        self.near.close(desk);
        self.forth.ended = true;
    }
}

impl End {
    fn take(&mut self, desk: &mut Desk, flow: &mut Flow, most: usize, capacity: usize) -> bool {
        let Some(stream) = self.stream.as_ref().filter(|_| !flow.ended) else { return false };
        let (start, room) = (flow.bytes.len(), capacity.saturating_sub(flow.bytes.len()));
        flow.bytes.resize(start + most.min(room), 0);
        let read = match flow.bytes.len() - start {
            0 => return false,
            _ => stream.recv(&mut flow.bytes[start..]),
        };
        let count = *read.as_ref().unwrap_or(&0);
        flow.bytes.truncate(start + count);
        flow.taken += count as u64;
        match read {
            Ok(1..) => desk.touch(self.seat, Edge::Out),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Ok(0) | Err(_) => flow.ended = true,
        }
        true
    }

    fn give(&mut self, desk: &mut Desk, flow: &mut Flow, most: usize) -> bool {
        let Some(stream) = self.stream.as_ref().filter(|_| !flow.told) else {
            // Nobody hears it.
            return !std::mem::take(&mut flow.bytes).is_empty();
        };
        if flow.bytes.is_empty() {
            return flow.ended && !flow.told && self.tell(desk, flow);
        }
        match stream.send(&flow.bytes[..most.min(flow.bytes.len())]) {
            Ok(sent) => {
                flow.bytes.drain(..sent);
                desk.touch(self.seat, Edge::In);
                true
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(_) => {
                flow.bytes.clear();
                flow.told = true;
                true
            }
        }
    }

    /// Passes on that no more comes.
    fn tell(&mut self, desk: &mut Desk, flow: &mut Flow) -> bool {
        flow.told = true;
        if let Some(stream) = &self.stream {
            // It may be gone already.
            let _ = stream.shutdown(Shutdown::Write);
        }
        desk.touch(self.seat, Edge::In);
        true
    }

    fn close(&mut self, desk: &mut Desk) {
        self.stream = None;
        desk.touch(self.seat, Edge::In);
        desk.touch(self.seat, Edge::Out);
    }
}
