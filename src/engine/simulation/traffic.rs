//! What is sent, and what has to come of it.
//!
//! A stream is what is written into one link. Its messages are numbered, and each can be made anew
//! from the number of the stream and its own: nothing has to be remembered to know what should
//! arrive.
#![forbid(unsafe_code)]

use super::trace;
use crate::wire::testing::Random;
use std::collections::BTreeMap;

/// Names a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) stream: u32,
    pub(super) number: u32,
}

/// How long a name is at the beginning of a message.
const NAME: usize = 8;

impl Name {
    /// The parts of the message. `size` chooses how long they are, in eight classes.
    pub(super) fn parts(self, size: usize) -> Vec<Vec<u8>> {
        let mut random = Random::new(u64::from(self.stream) << 32 | u64::from(self.number) << 1);
        random.next();
        let count = 1 + [0, 0, 0, 1, 2, 4][random.below(6)];
        let mut parts: Vec<_> = (0..count).map(|_| part(&mut random, size)).collect();
        let head = [self.stream.to_be_bytes(), self.number.to_be_bytes()].concat();
        parts[0].splice(..0, head);
        parts
    }

    fn of(first: &[u8]) -> Self {
        let number = |at: usize| u32::from_be_bytes(first[at..at + 4].try_into().unwrap());
        assert!(first.len() >= NAME, "a first part of {} bytes", first.len());
        Self { stream: number(0), number: number(4) }
    }
}

fn part(random: &mut Random, size: usize) -> Vec<u8> {
    let limit = match random.below(8 + size) {
        0 => 1,
        1..8 => 300,
        8..12 => 6_000,
        12..14 => 70_000,
        _ => 300_000,
    };
    let len = random.below(limit);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend_from_slice(&random.next().to_ne_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Puts the parts that come by one link together.
#[derive(Default)]
pub(super) struct Reader {
    parts: Vec<Vec<u8>>,
}

impl Reader {
    /// The message that this part ends, which is whole and undamaged.
    pub(super) fn part(&mut self, part: &[u8], more: bool, size: usize) -> Option<Name> {
        self.parts.push(part.to_vec());
        if more {
            return None;
        }
        let parts = std::mem::take(&mut self.parts);
        let name = Name::of(&parts[0]);
        assert!(parts == name.parts(size), "{name:?} is damaged: {}", describe(&parts));
        Some(name)
    }

    pub(super) fn is_inside(&self) -> bool {
        !self.parts.is_empty()
    }
}

fn describe(parts: &[Vec<u8>]) -> String {
    format!("parts of {:?} bytes", parts.iter().map(Vec::len).collect::<Vec<_>>())
}

/// What has arrived, over all connections.
#[derive(Default)]
pub(super) struct Ledger {
    /// By stream, and by the connection that it came by.
    runs: BTreeMap<u32, BTreeMap<u32, Run>>,
    pub(super) arrived: u64,
}

/// Messages without a gap.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: u32,
    last: u32,
}

/// What is known of a stream when all is over.
pub(super) struct Sent<'a> {
    pub(super) stream: u32,
    pub(super) size: usize,
    /// How many bytes each connection has taken for it.
    pub(super) taken: &'a BTreeMap<u32, u64>,
    /// Nothing was lost on the way.
    pub(super) lossless: bool,
}

impl Ledger {
    /// Within a connection nothing is missing, nothing comes twice, and nothing overtakes.
    pub(super) fn note(&mut self, name: Name, connection: u32) {
        trace(|| format!("stream {}: {} arrived", name.stream, name.number));
        self.arrived += 1;
        let fresh = Run { first: name.number, last: name.number.wrapping_sub(1) };
        let runs = self.runs.entry(name.stream).or_default();
        let run = runs.entry(connection).or_insert(fresh);
        let expected = run.last.wrapping_add(1);
        assert_eq!(name.number, expected, "stream {}, connection {connection}", name.stream);
        run.last = name.number;
    }

    /// What has arrived, for a failure.
    pub(super) fn describe(&self) -> String {
        format!("{:?}", self.runs)
    }

    /// The last message of a stream to have arrived.
    pub(super) fn last(&self, stream: u32) -> Option<u32> {
        self.runs.get(&stream)?.values().map(|run| run.last).max()
    }

    /// Across connections nothing comes twice or overtakes, and nothing is missing but what a
    /// connection had taken whole.
    pub(super) fn check(&self, sent: &Sent<'_>) {
        let Some(runs) = self.runs.get(&sent.stream) else { return };
        let (mut next, mut since) = (0, 0);
        for (connection, run) in runs {
            let about = format!("stream {}, connection {connection}: {runs:?}", sent.stream);
            assert!(run.first >= next, "again or out of order: {about}");
            assert!(run.first == next || !sent.lossless, "lost: {about}");
            let taken: u64 = sent.taken.range(since..*connection).map(|(_, bytes)| bytes).sum();
            let from = if next == 0 {
                0
            } else {
                runs.range(..connection).next_back().map_or(0, |(_, run)| run.first)
            };
            let needed = || (from..run.first).map(|number| sent.wire_size(number)).sum::<u64>();
            assert!(run.first == next || needed() <= taken, "lost before it was sent: {about}");
            (next, since) = (run.last + 1, *connection);
        }
    }
}

impl Sent<'_> {
    /// The least that a message takes on the wire.
    fn wire_size(&self, number: u32) -> u64 {
        let parts = Name { stream: self.stream, number }.parts(self.size);
        parts.iter().map(|part| part.len() as u64 + 2).sum()
    }
}
