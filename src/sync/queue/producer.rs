//! The writing end.

use super::chunk::{object_offset, object_record, shape, take_object, Chunk};
use super::{
    write_header, Payload, Shared, ASLEEP, COMMAND, CONSUMER_DROPPED, LONG, MAX_HEADER, MORE,
    OBJECT, PRODUCER_DROPPED, PRODUCER_GONE, REQUEST,
};
use crate::error::{Error, Result};
use crate::sync::asymmetric::light;
use crate::sync::atomic::{fence, Arc, Ordering};
use crate::sys::memory::copy;
use std::marker::PhantomData;
use std::mem::size_of;
use std::ptr::{self, NonNull};

/// Chunks grow up to this size when the consumer lags behind.
pub(super) const MAX_CHUNK: usize = 128 * 1024;

/// What a cache fetches at once.
const LINE: usize = 64;
/// So much of a frame is fetched ahead; of longer ones the processor does so by itself.
const PREPARED: usize = 256;

/// Writes frames; what is written is seen by the consumer from [`Producer::commit`] on.
pub struct Producer<T: Payload> {
    shared: Arc<Shared>,
    chunk: NonNull<Chunk>,
    /// Offset of the next byte in `chunk`.
    offset: usize,
    /// What is published lies before this place.
    committed: Mark,
    /// Whole messages written since the last commit.
    uncommitted: u64,
    written: u64,
    read: u64,
    /// The count of messages read at which the consumer would announce next, as of the last look.
    promised: u64,
    /// Bytes behind `offset` that are not a whole frame yet.
    partial: usize,
    /// The end of the last whole message or command that was absorbed.
    boundary: Mark,
    /// The last absorbed frame has more parts to come.
    mid_message: bool,
    objects: PhantomData<T>,
}

/// Room for one object. What is put there is not made before it is known that there is room.
pub struct ObjectRoom<'a, T: Payload> {
    producer: &'a mut Producer<T>,
}

impl<T: Payload> ObjectRoom<'_, T> {
    /// Appends a frame whose body is `object`.
    #[inline]
    pub(crate) fn put(self, flags: u8, object: T) {
        let producer = self.producer;
        // SAFETY: there is room for the whole record; the object is moved in, aligned.
        unsafe {
            producer.chunk.as_ref().note_object();
            let at = Chunk::at(producer.chunk, producer.offset);
            let behind = object_offset::<T>(at);
            producer.chunk.as_ref().shadow.writes(producer.offset, behind + size_of::<T>());
            let place = at.add(behind).cast::<T>();
            // Moved before anything looks at it: then it is moved in one piece.
            place.write(object);
            let mut header = [0; MAX_HEADER];
            let header_len = write_header(&mut header, flags, (*place).bytes().len());
            *at = flags | OBJECT;
            *at.add(1) = header_len as u8;
            ptr::copy_nonoverlapping(header.as_ptr(), at.add(2), MAX_HEADER);
            producer.offset += behind + size_of::<T>();
        }
        producer.count(flags);
    }
}

/// What [`Producer::absorb`] made of the bytes.
pub struct Absorbed {
    /// How many messages ended, and what kept commands count: there is something to commit.
    pub messages: u64,
    /// Why it stopped.
    pub stop: Stop,
}

/// What becomes of an absorbed command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The consumer gets it as a record, and it counts; it must not be in the middle of a message.
    Keep,
    /// It is done with.
    Drop,
    /// It breaks the protocol; nothing behind it is looked at.
    Refuse,
}

/// Why [`Producer::absorb`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The rest of a frame of `total` bytes is missing; zero if even its header is.
    Incomplete {
        /// Header and body.
        total: usize,
    },
    /// Flags that no frame has.
    Malformed,
    /// A body longer than allowed.
    TooLong,
    /// A command that the caller did not like.
    Refused,
    /// The high-water mark is reached; there may be more in the bytes that wait.
    Full,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    chunk: NonNull<Chunk>,
    offset: usize,
}

// SAFETY: the producer is the only writer of its chunks, and moves with them; objects cross threads.
unsafe impl<T: Payload + Send> Send for Producer<T> {}

impl<T: Payload> Producer<T> {
    pub(super) fn new(shared: Arc<Shared>, chunk: NonNull<Chunk>) -> Self {
        let committed = Mark { chunk, offset: 0 };
        Self {
            shared,
            chunk,
            offset: 0,
            committed,
            uncommitted: 0,
            written: 0,
            read: 0,
            promised: 0,
            partial: 0,
            boundary: committed,
            mid_message: false,
            objects: PhantomData,
        }
    }

    /// Is there room for one more message, as far as the producer knows without asking?
    #[inline(always)]
    pub(crate) fn has_credit(&self) -> bool {
        self.has_credit_for(1)
    }

    /// Is there room for so many more messages, as far as the producer knows without asking?
    #[inline(always)]
    pub(crate) fn has_credit_for(&self, messages: u64) -> bool {
        let hwm = self.shared.hwm() as u64;
        hwm == 0 || (self.written - self.read).saturating_add(messages) <= hwm
    }

    /// Is there room for one more message? A no is remembered: the consumer's next announcement says so.
    #[inline]
    pub fn has_room(&mut self) -> bool {
        self.has_credit() || self.has_room_slow(self.shared.hwm() as u64)
    }

    #[cold]
    fn has_room_slow(&mut self, hwm: u64) -> bool {
        if self.look_for_room(hwm) {
            return true;
        }
        self.shared.writer_waiting.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let room = self.look_for_room(hwm);
        if room {
            self.shared.writer_waiting.store(false, Ordering::Relaxed);
        }
        room
    }

    fn look_for_room(&mut self, hwm: u64) -> bool {
        self.read = self.shared.announced.0.load(Ordering::Acquire);
        // With a mark that was lowered, the next announcement may be farther away than the mark: never
        // wait for one that does not come.
        self.promised = self.shared.next_announcement.load(Ordering::Acquire);
        self.written.saturating_sub(self.read) < hwm || self.written < self.promised
    }

    /// Appends a frame by copying its body. `flags` are those of the wire.
    ///
    /// # Errors
    /// `NoMemory`; what was written before stays.
    #[inline(always)]
    pub fn push(&mut self, flags: u8, body: &[u8]) -> Result<()> {
        let mut header = [0; MAX_HEADER];
        let header_len = write_header(&mut header, flags, body.len());
        let total = header_len + body.len();
        self.reserve(total)?;
        // SAFETY: `reserve` made room for `total` bytes at `offset`, which nobody else touches.
        unsafe {
            self.chunk.as_ref().shadow.writes(self.offset, total);
            let at = Chunk::at(self.chunk, self.offset);
            if header_len == 2 {
                at.cast::<[u8; 2]>().write([header[0], header[1]]);
            } else {
                at.cast::<[u8; MAX_HEADER]>().write(header);
            }
            copy(body.as_ptr(), at.add(header_len), body.len());
        }
        self.offset += total;
        self.count(flags);
        Ok(())
    }

    /// Has the memory come near to which another frame of so many bytes would go. For who writes to many
    /// queues in turn: the cache does not hold the places of all of them.
    #[inline(always)]
    pub(crate) fn prepare(&self, len: usize) {
        // The line that the last frame ended in is near.
        let mut ahead = LINE;
        while ahead < len.min(PREPARED) + LINE {
            // SAFETY: the current chunk is the producer's. To prefetch is no access: any address will do.
            prefetch(unsafe { Chunk::at(self.chunk, self.offset) }.wrapping_add(ahead));
            ahead += LINE;
        }
    }

    /// Room for a frame whose body is an object, by reference.
    ///
    /// # Errors
    /// `NoMemory`; what was written before stays.
    #[inline(always)]
    pub(crate) fn room_for_object(&mut self) -> Result<ObjectRoom<'_, T>> {
        self.reserve(object_record::<T>())?;
        Ok(ObjectRoom { producer: self })
    }

    /// As [`ObjectRoom::put`], in room to be found.
    ///
    /// # Errors
    /// `NoMemory`.
    pub fn push_object(&mut self, flags: u8, object: T) -> Result<()> {
        self.room_for_object()?.put(flags, object);
        Ok(())
    }

    /// Appends a frame that arrived: as [`Producer::push_object`], to be published by
    /// [`Producer::commit_absorbed`].
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn push_absorbed(&mut self, flags: u8, object: T) -> Result<()> {
        self.push_object(flags, object)?;
        self.mid_message = flags & MORE != 0;
        if !self.mid_message {
            self.boundary = Mark { chunk: self.chunk, offset: self.offset };
        }
        Ok(())
    }

    /// Publishes all that was written. True if the consumer sleeps and is to be woken.
    #[inline(always)]
    pub fn commit(&mut self) -> bool {
        if self.committed.chunk == self.chunk && self.committed.offset == self.offset {
            return false;
        }
        self.committed = Mark { chunk: self.chunk, offset: self.offset };
        self.boundary = self.committed;
        self.written += self.uncommitted;
        self.uncommitted = 0;
        let position = self.position();
        if self.shared.attended.load(Ordering::Relaxed) {
            self.shared.written.0.store(position, Ordering::Release);
            light();
            if self.shared.attended.load(Ordering::Relaxed) {
                return false;
            }
        }
        self.shared.tail.0.swap(position << 1, Ordering::AcqRel) & ASLEEP != 0
    }

    /// Takes back what was written since the last commit. True if there was anything.
    pub fn rollback(&mut self) -> bool {
        let mut place = self.committed;
        let mut any = false;
        loop {
            let end = self.end_of(place.chunk);
            while place.offset < end {
                any = true;
                // SAFETY: whole records lie between the commit and the write position; none was seen.
                unsafe {
                    let at = Chunk::at(place.chunk, place.offset);
                    let shape = shape::<T>(at);
                    if shape.is_object() {
                        drop(take_object::<T>(at));
                    }
                    place.offset += shape.total();
                }
            }
            if place.chunk == self.chunk {
                break;
            }
            // SAFETY: chunks of the uncommitted part are linked and alive.
            let next = unsafe { place.chunk.as_ref() }.next.load(Ordering::Relaxed);
            if place.chunk != self.committed.chunk {
                // SAFETY: nothing in this chunk was published, so the consumer does not know it.
                unsafe { Chunk::free(place.chunk) };
            }
            let Some(next) = NonNull::new(next) else { break };
            place = Mark { chunk: next, offset: 0 };
        }
        if self.chunk != self.committed.chunk {
            // SAFETY: as above, for the last one; the consumer reads `sealed` and `next` of the committed
            // chunk only when something beyond its end was published.
            unsafe {
                Chunk::free(self.chunk);
                let chunk = self.committed.chunk.as_ref();
                chunk.sealed.store(super::chunk::OPEN, Ordering::Release);
                chunk.next.store(ptr::null_mut(), Ordering::Release);
            }
        }
        self.chunk = self.committed.chunk;
        self.offset = self.committed.offset;
        self.uncommitted = 0;
        self.boundary = self.committed;
        self.partial = 0;
        self.mid_message = false;
        any
    }

    /// Is anything written that was not committed?
    pub fn has_uncommitted(&self) -> bool {
        self.committed.chunk != self.chunk || self.committed.offset != self.offset
    }

    /// How many bytes of records were written and are not committed: after
    /// [`Producer::commit_absorbed`], those of a message that has not ended.
    pub(crate) fn unfinished(&self) -> u64 {
        let Mark { chunk, offset } = self.committed;
        // SAFETY: chunks from the last commit on are alive.
        let committed = unsafe { chunk.as_ref() }.base() + offset as u64;
        self.position() - committed
    }

    /// The high-water mark; zero means no limit.
    pub(crate) fn hwm(&self) -> usize {
        self.shared.hwm()
    }

    /// Published bytes that the consumer may not have taken yet, as of `position`.
    pub(crate) fn position(&self) -> u64 {
        // SAFETY: the current chunk is the producer's.
        unsafe { self.chunk.as_ref() }.base() + self.offset as u64
    }

    /// Changes the high-water mark; zero means no limit.
    pub fn set_hwm(&self, hwm: usize) {
        self.shared.hwm.store(hwm, Ordering::Relaxed);
    }

    /// Free memory of at least `min` bytes to read frames into, straight behind what
    /// [`Producer::absorb`] left over. Follow with `absorb`.
    ///
    /// # Errors
    /// `NoMemory`; what was left over stays.
    pub fn room(&mut self, min: usize) -> Result<&mut [u8]> {
        // SAFETY: the current chunk is the producer's.
        if unsafe { self.chunk.as_ref() }.capacity - self.offset - self.partial < min {
            self.move_partial(min)?;
        }
        // SAFETY: the chunk is alive, its memory initialised, and past `offset` the producer's alone.
        Ok(unsafe {
            let start = self.offset + self.partial;
            let free = self.chunk.as_ref().capacity - start;
            std::slice::from_raw_parts_mut(Chunk::at(self.chunk, start), free)
        })
    }

    #[cold]
    fn move_partial(&mut self, min: usize) -> Result<()> {
        let (old, old_offset) = (self.chunk, self.offset);
        self.next_chunk(self.need_for(min))?;
        // SAFETY: the partial frame lies behind the last record of the old chunk, which the consumer
        // does not read and cannot leave before something beyond it is published.
        unsafe {
            self.chunk.as_ref().shadow.writes(0, self.partial);
            old.as_ref().shadow.reads(old_offset, self.partial);
            let from = Chunk::at(old, old_offset);
            ptr::copy_nonoverlapping(from, Chunk::at(self.chunk, 0), self.partial);
        }
        Ok(())
    }

    /// How long the chunk has to be in which the partial frame goes on. A frame that has moved before has twice the
    /// room each time: however it dribbles in, all its chunks together are a small multiple of it.
    fn need_for(&self, min: usize) -> usize {
        let need = self.partial + min;
        match self.partial > 0 && self.offset == 0 {
            true if need < MAX_CHUNK => (2 * need).min(MAX_CHUNK),
            true => 2 * need,
            false => need,
        }
    }

    /// Takes `filled` bytes that were read into the room: whole frames become records, not yet
    /// committed (see [`Producer::commit_absorbed`]); the rest waits for more. `on_command` sees the body of
    /// each command and says what becomes of it.
    #[inline]
    pub fn absorb(
        &mut self,
        filled: usize,
        max_body: u64,
        mut on_command: impl FnMut(&[u8]) -> Verdict,
    ) -> Absorbed {
        // SAFETY: the current chunk is the producer's; `filled` is bounded by what the chunk holds.
        let capacity = unsafe { self.chunk.as_ref() }.capacity;
        self.partial = (self.partial + filled).min(capacity - self.offset);
        let room = self.room_for();
        // SAFETY: initialised memory behind the write position, the producer's alone.
        let bytes = unsafe {
            self.chunk.as_ref().shadow.writes(self.offset, self.partial);
            std::slice::from_raw_parts_mut(Chunk::at(self.chunk, self.offset), self.partial)
        };
        let length = bytes.len();
        let (mut at, mut boundary, mut messages) = (0, None, 0);
        let mut gap = Gap::default();
        let stop = loop {
            if max_body >= SHORT {
                let run = short_messages(&bytes[at..], room.saturating_sub(messages));
                if run.messages > 0 {
                    (at, messages) = (at + run.bytes, messages + run.messages);
                    (boundary, self.mid_message) = (Some(at - gap.len), false);
                }
            }
            if messages >= room {
                break Stop::Full;
            }
            let (flags, header, body) = match frame_shape(&bytes[at..], max_body) {
                Ok(shape) => shape,
                Err(stop) => break stop,
            };
            let total = body + header;
            if total > length - at {
                break Stop::Incomplete { total };
            }
            let end = at + total;
            if flags & COMMAND != 0 {
                match on_command(&bytes[at + header..end]) {
                    Verdict::Keep if !self.mid_message => {
                        bytes[at] = flags & LONG | REQUEST;
                        messages += weight(body);
                    }
                    Verdict::Keep | Verdict::Refuse => break Stop::Refused,
                    Verdict::Drop => {
                        gap.widen(bytes, at, end);
                        at = end;
                        continue;
                    }
                }
            } else {
                self.mid_message = flags & MORE != 0;
                messages += u64::from(!self.mid_message);
            }
            at = end;
            if !self.mid_message {
                boundary = Some(at - gap.len);
            }
        };
        if stop == Stop::Full && gap.fill(bytes, at) {
            boundary = Some(at);
        }
        gap.close(bytes);
        if let Some(boundary) = boundary {
            self.boundary = Mark { chunk: self.chunk, offset: self.offset + boundary };
        }
        self.offset += at - gap.len;
        self.partial = length - at;
        self.uncommitted += messages;
        Absorbed { messages, stop }
    }

    /// How many messages fit under the high-water mark.
    fn room_for(&mut self) -> u64 {
        let hwm = self.shared.hwm() as u64;
        let held = self.written + self.uncommitted;
        if hwm == 0 {
            return u64::MAX;
        }
        if held - self.read < hwm {
            return hwm + self.read - held;
        }
        if self.has_room() {
            return (hwm + self.read).max(self.promised).saturating_sub(held);
        }
        0
    }

    /// Is there a whole message among what was absorbed and not committed?
    #[inline]
    pub(crate) fn has_whole_message(&self) -> bool {
        self.boundary != self.committed
    }

    /// Publishes what was absorbed up to the end of the last whole message. True as for
    /// [`Producer::commit`].
    #[inline]
    pub fn commit_absorbed(&mut self) -> bool {
        if !self.has_whole_message() {
            return false;
        }
        self.committed = self.boundary;
        self.written += self.uncommitted;
        self.uncommitted = 0;
        // SAFETY: chunks from the last commit on are alive.
        let position = unsafe { self.boundary.chunk.as_ref() }.base() + self.boundary.offset as u64;
        self.shared.tail.0.swap(position << 1, Ordering::AcqRel) & ASLEEP != 0
    }

    /// The bytes that wait for the rest of their frame.
    pub(crate) fn partial(&self) -> &[u8] {
        // SAFETY: initialised memory behind the write position, the producer's alone.
        unsafe { std::slice::from_raw_parts(Chunk::at(self.chunk, self.offset), self.partial) }
    }

    /// Forgets the bytes that wait, for a caller that finishes their frame elsewhere.
    pub(crate) fn drop_partial(&mut self) {
        self.partial = 0;
    }

    /// Makes sure that `need` bytes fit into the present chunk.
    #[inline(always)]
    fn reserve(&mut self, need: usize) -> Result<()> {
        // SAFETY: the current chunk is the producer's.
        if unsafe { self.chunk.as_ref() }.capacity - self.offset < need {
            return self.next_chunk(need);
        }
        Ok(())
    }

    #[cold]
    fn next_chunk(&mut self, need: usize) -> Result<()> {
        // SAFETY: the current chunk is the producer's.
        let (capacity, base) = unsafe { (self.chunk.as_ref().capacity, self.position()) };
        let lagging = self.shared.attended.load(Ordering::Relaxed)
            || self.shared.tail.0.load(Ordering::Relaxed) & ASLEEP == 0;
        let wanted =
            if lagging { (capacity * 2).min(MAX_CHUNK) } else { capacity.min(MAX_CHUNK) }.max(need);
        let next = self
            .recycled(wanted, base)
            .or_else(|| Chunk::allocate(wanted, base))
            .ok_or(Error::NoMemory)?;
        // SAFETY: still the producer's; the successor is set before anything in it is published.
        unsafe {
            let chunk = self.chunk.as_ref();
            chunk.sealed.store(self.offset, Ordering::Release);
            chunk.next.store(next.as_ptr(), Ordering::Release);
        }
        self.chunk = next;
        self.offset = 0;
        Ok(())
    }

    fn recycled(&self, wanted: usize, base: u64) -> Option<NonNull<Chunk>> {
        let spare = NonNull::new(self.shared.spare.swap(ptr::null_mut(), Ordering::AcqRel))?;
        // SAFETY: what was in `spare` belongs to who took it out.
        unsafe {
            if spare.as_ref().capacity < wanted {
                Chunk::free(spare);
                return None;
            }
            Chunk::reset(spare, base);
        }
        Some(spare)
    }

    #[inline(always)]
    fn count(&mut self, flags: u8) {
        self.uncommitted += u64::from(flags & (MORE | COMMAND) == 0);
    }

    fn end_of(&self, chunk: NonNull<Chunk>) -> usize {
        if chunk == self.chunk {
            return self.offset;
        }
        // SAFETY: chunks between the commit and the write position are alive.
        unsafe { chunk.as_ref() }.sealed.load(Ordering::Relaxed)
    }

    /// Leaves: what was committed stays to be read, the rest is dropped. True if the consumer is still
    /// there and is to be told.
    pub fn close(&mut self) -> bool {
        self.rollback();
        self.shared.close(PRODUCER_GONE)
    }
}

impl<T: Payload> Drop for Producer<T> {
    fn drop(&mut self) {
        self.rollback();
        let before =
            self.shared.closed.fetch_or(PRODUCER_GONE | PRODUCER_DROPPED, Ordering::AcqRel);
        if before & CONSUMER_DROPPED != 0 {
            let chunk = self.shared.orphan.load(Ordering::Acquire);
            let offset = self.shared.orphan_offset.load(Ordering::Acquire);
            // SAFETY: the consumer is gone and left its place here.
            unsafe { self.shared.free_chain::<T>(chunk, offset) };
        }
    }
}

/// A kept command counts once more for each so many bytes.
pub(super) const COUNTED: usize = 4096;

/// As how many messages a kept command counts.
pub(super) fn weight(body: usize) -> u64 {
    (1 + body / COUNTED) as u64
}

/// What dropped commands leave in the bytes that are absorbed. The bytes behind it move to its front when
/// the next one is dropped, or at the end: each of them once.
#[derive(Default)]
struct Gap {
    len: usize,
    /// Where it ends: what is behind has not moved yet.
    end: usize,
}

impl Gap {
    /// The bytes from `start` to `end` are dropped.
    #[cold]
    fn widen(&mut self, bytes: &mut [u8], start: usize, end: usize) {
        bytes.copy_within(self.end..start, self.end - self.len);
        *self = Gap { len: self.len + end - start, end };
    }

    /// Has nothing from `at` on, a boundary of messages, move: a command that means nothing takes the place of
    /// what was dropped. False if nothing was.
    fn fill(&mut self, bytes: &mut [u8], at: usize) -> bool {
        if self.len == 0 {
            return false;
        }
        bytes.copy_within(self.end..at, self.end - self.len);
        let filler = &mut bytes[at - self.len..at];
        filler[0] = COMMAND;
        match u8::try_from(filler.len() - 2) {
            Ok(short) => filler[1] = short,
            Err(_) => {
                let length = filler.len() as u64 - MAX_HEADER as u64;
                filler[0] |= LONG;
                filler[1..MAX_HEADER].copy_from_slice(&length.to_be_bytes());
            }
        }
        let header = if filler[0] & LONG == 0 { 2 } else { MAX_HEADER };
        // No name is empty.
        filler[header..].iter_mut().take(1).for_each(|name| *name = 0);
        *self = Gap::default();
        true
    }

    /// Moves what is behind the gap.
    fn close(&self, bytes: &mut [u8]) {
        if self.len > 0 {
            bytes.copy_within(self.end.., self.end - self.len);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn prefetch(place: *const u8) {
    use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
    // SAFETY: a hint, which never fails.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) };
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn prefetch(_place: *const u8) {}

/// No body with a length of one byte is longer.
const SHORT: u64 = 255;

/// Whole messages of one short frame each.
struct Run {
    bytes: usize,
    messages: u64,
}

/// Those at the start of `bytes`, `most` at most.
#[inline(always)]
fn short_messages(bytes: &[u8], most: u64) -> Run {
    let mut run = Run { bytes: 0, messages: 0 };
    while run.messages < most {
        let [0, length, rest @ ..] = &bytes[run.bytes..] else { break };
        if rest.len() < usize::from(*length) {
            break;
        }
        run.bytes += 2 + usize::from(*length);
        run.messages += 1;
    }
    run
}

/// Flags, header length and body length of the frame at the start of `bytes`.
#[inline(always)]
fn frame_shape(bytes: &[u8], max_body: u64) -> Result<(u8, usize, usize), Stop> {
    let [flags, length, ..] = *bytes else { return Err(Stop::Incomplete { total: 0 }) };
    if flags & !(MORE | LONG | COMMAND) != 0 {
        return Err(Stop::Malformed);
    }
    let (header, body) = if flags & LONG == 0 {
        (2, u64::from(length))
    } else {
        let Some(length) = bytes[1..].first_chunk() else {
            return Err(Stop::Incomplete { total: 0 });
        };
        (9, u64::from_be_bytes(*length))
    };
    if body > max_body.min(isize::MAX as u64 - MAX_HEADER as u64) {
        return Err(Stop::TooLong);
    }
    Ok((flags, header, body as usize))
}
