//! A single-producer single-consumer queue of frames, stored as bytes.
//!
//! A small frame is its ZMTP v2 image (flags, length, body) in a chunk of memory; a large one is an
//! owned object beside the header it will have on the wire. With nothing in between, a run of records
//! is what goes to the descriptor, and what came from a descriptor is a run of records: the receiver
//! reads straight into the producer's chunk.
//!
//! # How it works
//! Positions are byte offsets in the endless logical stream. The producer writes ahead of `tail` at
//! will, across as many chunks as it takes, and publishes everything up to a message boundary with one
//! swap of `tail`; until then the consumer cannot see it, so a rollback only moves the write position
//! back. The lowest bit of `tail` says that the consumer found the queue empty and went to sleep; the
//! swap that clears it tells the producer that it owes a wake-up. Chunks form a list; a chunk is sealed
//! (its final length stored) before anything in its successor is published, and a consumed chunk is
//! left in `spare` for the producer to use again.
//!
//! While the consumer is known to come back by itself, by a timer or because it does not sleep, the producer
//! owes nobody anything. It then only stores its position in `written`, without a swap. The consumer that
//! wants to rely on being woken again takes back its promise (`attended`), passes a fence to all threads, and
//! looks once more: either it sees what was written, or the producer sees that the promise is gone.
//!
//! The high-water mark counts messages, and commands of a peer that are kept, the more the longer
//! they are: a peer that is not heard sends neither without end. The consumer announces how many it
//! has read every `lwm` messages; a producer that finds the queue full raises `writer_waiting`,
//! looks once more, and is told by the announcement that finds the flag up. Both sides store their
//! own word, and load the other's behind a sequentially consistent fence, so one of them sees the
//! other. The mark may change at any time, so the consumer also says at which count the next
//! announcement is due, and the producer only waits for one that what is published will bring
//! about.
//!
//! What a chunk has no room for takes another one, and where memory is short there is none: then the call fails,
//! and the queue is as if it had not been made.
//!
//! This module never blocks, never wakes anybody by itself and knows no socket.

mod chunk;
mod consumer;
mod producer;
mod pursuit;
mod shadow;
mod spares;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(all(test, not(loom)))]
mod tests;

pub use consumer::{Consumer, Cursor, Record, Taken};
pub use producer::{Absorbed, ObjectRoom, Producer, Stop, Verdict};

use crate::error::{Error, Result};
use crate::sync::atomic::{Arc, AtomicBool, AtomicPtr, AtomicU64, AtomicU8, AtomicUsize, Ordering};
use chunk::Chunk;
use std::ptr::NonNull;

/// More parts of this message follow.
pub const MORE: u8 = 1;
/// The length takes eight bytes instead of one.
pub(crate) const LONG: u8 = 2;
/// The record is a command, not a part of a message.
pub(crate) const COMMAND: u8 = 4;
/// The record holds an object; never seen on the wire.
pub(crate) const OBJECT: u8 = 0x80;

/// The record is a command that came from a peer and counts; it stands for [`COMMAND`], and is
/// never seen either.
pub(crate) const REQUEST: u8 = 0x40;

/// The longest header of a frame.
pub(crate) const MAX_HEADER: usize = 9;
/// An object record before its object, padding left aside: mark, header length, header.
const OBJECT_PREFIX: usize = 2 + MAX_HEADER;

/// What may travel by reference: anything that can show its bytes.
pub trait Payload {
    /// The body of the frame.
    fn bytes(&self) -> &[u8];
}

/// Makes a queue whose high-water mark is `hwm` messages; zero means no limit.
///
/// # Errors
/// `NoMemory`.
pub fn queue<T: Payload>(hwm: usize, first_chunk: usize) -> Result<(Producer<T>, Consumer<T>)> {
    let chunk = Chunk::allocate(first_chunk, 0).ok_or(Error::NoMemory)?;
    let shared = Arc::new(Shared {
        id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
        tail: CacheLine(AtomicU64::new(ASLEEP)),
        written: CacheLine(AtomicU64::new(0)),
        attended: AtomicBool::new(false),
        announced: CacheLine(AtomicU64::new(0)),
        next_announcement: AtomicU64::new(0),
        writer_waiting: AtomicBool::new(false),
        hwm: AtomicUsize::new(hwm),
        closed: AtomicU8::new(0),
        spare: AtomicPtr::new(std::ptr::null_mut()),
        orphan: AtomicPtr::new(std::ptr::null_mut()),
        orphan_offset: AtomicUsize::new(0),
    });
    Ok((Producer::new(shared.clone(), chunk), Consumer::new(shared, chunk)))
}

/// Writes the header of a frame of `len` bytes into `out` and says how long it is.
#[inline]
pub(crate) fn write_header(out: &mut [u8; MAX_HEADER], flags: u8, len: usize) -> usize {
    if len < 256 {
        out[0] = flags & !LONG;
        out[1] = len as u8;
        2
    } else {
        out[0] = flags | LONG;
        out[1..9].copy_from_slice(&(len as u64).to_be_bytes());
        9
    }
}

const ASLEEP: u64 = 1;
/// A side said that it is done; the other may still look at what is left.
const PRODUCER_GONE: u8 = 1;
const CONSUMER_GONE: u8 = 2;
/// A side was dropped; whoever is second frees the chunks.
const PRODUCER_DROPPED: u8 = 4;
const CONSUMER_DROPPED: u8 = 8;

#[repr(align(64))]
struct CacheLine<T>(T);

/// Tells queues apart.
static NEXT_ID: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);

struct Shared {
    id: u64,
    /// Twice the published position, plus [`ASLEEP`].
    tail: CacheLine<AtomicU64>,
    /// The published position, where `tail` is behind.
    written: CacheLine<AtomicU64>,
    /// The consumer looks again by itself.
    attended: AtomicBool,
    /// How many messages the consumer has said it read.
    announced: CacheLine<AtomicU64>,
    /// How many it will have read when it says so next, at the latest.
    next_announcement: AtomicU64,
    writer_waiting: AtomicBool,
    hwm: AtomicUsize,
    closed: AtomicU8,
    spare: AtomicPtr<Chunk>,
    /// Where a consumer that was dropped first had come to.
    orphan: AtomicPtr<Chunk>,
    orphan_offset: AtomicUsize,
}

impl Shared {
    /// The published position.
    fn published(&self) -> u64 {
        let tail = self.tail.0.load(Ordering::Acquire) >> 1;
        tail.max(self.written.0.load(Ordering::Acquire))
    }

    fn hwm(&self) -> usize {
        self.hwm.load(Ordering::Relaxed)
    }

    fn is_closed(&self, by: u8) -> bool {
        self.closed.load(Ordering::Acquire) & by != 0
    }

    /// Marks one side as gone; true if the other is still there.
    fn close(&self, by: u8) -> bool {
        let before = self.closed.fetch_or(by, Ordering::AcqRel);
        before & by == 0 && before & (PRODUCER_GONE | CONSUMER_GONE) & !by == 0
    }

    /// Drops what is unread from `offset` in `chunk` on, and frees the chunks.
    ///
    /// # Safety
    /// Both sides are gone, and this is the first unread record.
    unsafe fn free_chain<T>(&self, chunk: *mut Chunk, mut offset: usize) {
        let limit = self.published();
        let mut next = NonNull::new(chunk);
        while let Some(chunk) = next {
            // SAFETY: the chain is the caller's; published records are whole.
            unsafe {
                let header = chunk.as_ref();
                let published = limit.saturating_sub(header.base()) as usize;
                let end = published.min(header.sealed.load(Ordering::Acquire));
                while offset < end {
                    let at = Chunk::at(chunk, offset);
                    let shape = chunk::shape::<T>(at);
                    header.shadow.reads(offset, shape.total());
                    if shape.is_object() {
                        drop(chunk::take_object::<T>(at));
                    }
                    offset += shape.total();
                }
                next = NonNull::new(header.next.load(Ordering::Acquire));
                Chunk::free(chunk);
            }
            offset = 0;
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(spare) = NonNull::new(self.spare.load(Ordering::Relaxed)) {
            // SAFETY: both sides are gone, and a spare chunk belongs to nobody else.
            unsafe { Chunk::free(spare) };
        }
    }
}
