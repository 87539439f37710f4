//! The reading end.

use super::chunk::{object, shape, take_object, Chunk, Shape};
use super::producer::{weight, MAX_CHUNK};
use super::pursuit::{Advice, Pursuit, PAUSES};
use super::{
    Payload, Shared, ASLEEP, COMMAND, CONSUMER_DROPPED, CONSUMER_GONE, MORE, OBJECT,
    PRODUCER_DROPPED, PRODUCER_GONE, REQUEST,
};
use crate::sync::asymmetric::{heavy, is_supported};
use crate::sync::atomic::{fence, pause, Arc, Ordering};
use std::io::IoSlice;
use std::marker::PhantomData;
use std::ptr::NonNull;

/// The step of the announcements when there is no high-water mark.
const FREE_STEP: u64 = 1024;

/// Reads frames in the order they were committed.
pub struct Consumer<T: Payload> {
    shared: Arc<Shared>,
    /// The first unread record.
    head: Place,
    /// What is known to be published.
    limit: u64,
    read: u64,
    /// The count of messages read at which the producer is told next; [`Shared`] has a copy.
    next_announcement: u64,
    /// For a producer on another thread.
    pursuit: Option<Pursuit>,
    /// The high-water mark for which that was reckoned.
    hwm: usize,
    objects: PhantomData<T>,
}

/// A record boundary.
#[derive(Clone, Copy)]
struct Place {
    chunk: NonNull<Chunk>,
    offset: usize,
    /// The logical position of the same.
    position: u64,
}

/// A place in the stream, at or behind the first unread record: a record boundary, or some wire bytes into
/// a record. One that the consumer has passed, or that belongs to another queue, stands for the first
/// unread record.
#[derive(Clone, Copy)]
pub struct Cursor {
    place: Place,
    /// Bytes of the record's wire image that are done with.
    skip: usize,
    /// Which queue it belongs to.
    queue: u64,
}

impl Cursor {
    /// Has a part of the record at this place gone out?
    pub(crate) fn is_inside_record(&self) -> bool {
        self.skip > 0
    }
}

/// What became of an attempt to take a part that came as bytes.
pub enum Taken<E> {
    /// The part was shown and is gone; `wake` is as for [`Consumer::pop`].
    Part {
        /// The producer is to be told.
        wake: bool,
    },
    /// There is nothing; the producer will say when there is.
    Nothing,
    /// The first record is an object or a command.
    Other,
    /// It was not taken, since showing it failed.
    Failed(E),
}

/// A record as the consumer sees it.
pub enum Record<'a, T> {
    /// A frame of bytes.
    Bytes(u8, &'a [u8]),
    /// A frame that came as an object.
    Object(u8, &'a T),
}

impl<'a, T: Payload> Record<'a, T> {
    /// The wire flags [`MORE`] and [`COMMAND`].
    #[inline]
    pub(crate) fn flags(&self) -> u8 {
        match self {
            Record::Bytes(flags, _) | Record::Object(flags, _) => *flags & (MORE | COMMAND),
        }
    }

    /// The body.
    #[inline]
    pub fn body(&self) -> &'a [u8] {
        match self {
            Record::Bytes(_, body) => body,
            Record::Object(_, object) => object.bytes(),
        }
    }
}

// SAFETY: the consumer is the only reader, and chunks it has passed are its own; objects cross threads.
unsafe impl<T: Payload + Send> Send for Consumer<T> {}

// SAFETY: a cursor is only a place; it is looked through by way of the consumer it belongs to, which checks
// that.
unsafe impl Send for Cursor {}

impl<T: Payload> Consumer<T> {
    pub(super) fn new(shared: Arc<Shared>, chunk: NonNull<Chunk>) -> Self {
        let head = Place { chunk, offset: 0, position: 0 };
        let mut consumer = Self {
            shared,
            head,
            limit: 0,
            read: 0,
            next_announcement: u64::MAX,
            hwm: 0,
            pursuit: None,
            objects: PhantomData,
        };
        consumer.follow_hwm();
        consumer
    }

    /// Looks at the first unread record. After a `None` the producer will say when there is one.
    #[inline]
    pub fn front(&mut self) -> Option<Record<'_, T>> {
        if !self.available() {
            return None;
        }
        self.normalise();
        // SAFETY: something is published at the head, and a published record is whole.
        Some(unsafe { record(&self.head) })
    }

    /// Passes over the first record. True if the producer waits for room and is to be told.
    #[inline]
    pub fn pop(&mut self) -> bool {
        if !self.available() {
            return false;
        }
        self.normalise();
        // SAFETY: as in `front`; an object in it is dropped here and nowhere else, the head moves on.
        let shape = unsafe {
            let at = Chunk::at(self.head.chunk, self.head.offset);
            let shape = look::<T>(&self.head);
            if shape.is_object() {
                drop(take_object::<T>(at));
            }
            self.head.advance(shape.total());
            shape
        };
        match shape.flags & REQUEST {
            0 => self.count(shape.flags),
            _ => self.count_messages(weight(shape.body)),
        }
    }

    /// Takes the first record, if it is a part of a message that came as bytes, by showing it to `show`.
    /// What `show` fails to take stays.
    #[inline(always)]
    pub(crate) fn take_bytes<E>(
        &mut self,
        show: impl FnOnce(u8, &[u8]) -> Result<(), E>,
    ) -> Taken<E> {
        if !self.available() {
            return Taken::Nothing;
        }
        self.normalise();
        // SAFETY: something is published at the head, and a published record is whole.
        let shape = unsafe {
            let at = Chunk::at(self.head.chunk, self.head.offset);
            let shape = shape::<T>(at);
            if shape.flags & (OBJECT | COMMAND | REQUEST) != 0 {
                return Taken::Other;
            }
            let body = std::slice::from_raw_parts(at.add(shape.header), shape.body);
            if let Err(error) = show(shape.flags, body) {
                return Taken::Failed(error);
            }
            shape
        };
        self.head.advance(shape.total());
        Taken::Part { wake: self.count(shape.flags) }
    }

    /// Takes the first record's object out, if it is one; the second value is as for [`Consumer::pop`].
    pub fn pop_object(&mut self) -> Option<(T, bool)> {
        if !self.available() {
            return None;
        }
        self.normalise();
        // SAFETY: as in `pop`; the object is moved out once, the head moves on.
        let (object, flags) = unsafe {
            let at = Chunk::at(self.head.chunk, self.head.offset);
            let shape = look::<T>(&self.head);
            if !shape.is_object() {
                return None;
            }
            self.head.advance(shape.total());
            (take_object::<T>(at), shape.flags)
        };
        Some((object, self.count(flags)))
    }

    /// How many messages were passed over so far.
    pub fn messages(&self) -> u64 {
        self.read
    }

    /// Has the producer gone? What it committed may still be there.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.is_closed(PRODUCER_GONE)
    }

    /// Changes the high-water mark; zero means no limit.
    pub fn set_hwm(&mut self, hwm: usize) {
        self.shared.hwm.store(hwm, Ordering::Relaxed);
        self.follow_hwm();
    }

    /// Where the first unread record begins.
    pub fn cursor(&self) -> Cursor {
        Cursor { place: self.head, skip: 0, queue: self.shared.id }
    }

    /// The same, of whose record so many wire bytes have gone out already.
    pub fn cursor_inside(&self, skip: usize) -> Cursor {
        Cursor { skip, ..self.cursor() }
    }

    /// The same place with a chunk that is certainly alive.
    fn resolve(&self, cursor: &Cursor) -> Cursor {
        if cursor.queue == self.shared.id {
            if cursor.place.position > self.head.position {
                return *cursor;
            }
            if cursor.place.position == self.head.position {
                // The end of one chunk and the start of the next are one place.
                return Cursor { place: self.head, ..*cursor };
            }
        }
        self.cursor()
    }

    /// Collects what lies at `cursor` for a gathering write: some `max_bytes` bytes (whole records) in at
    /// most `slices.len()` pieces. Returns the number of pieces and of bytes. Nothing is passed over: see
    /// [`Consumer::advance`].
    pub fn gather<'a>(
        &'a mut self,
        cursor: &Cursor,
        slices: &mut [IoSlice<'a>],
        max_bytes: usize,
    ) -> (usize, usize) {
        self.refresh_limit();
        let this: &'a Self = self;
        let mut at = this.resolve(cursor);
        let (mut count, mut total) = (0, 0);
        while total < max_bytes && count + 2 <= slices.len() && this.step_chunk(&mut at.place) {
            let taken = this.gather_run(&mut at, &mut slices[count..], max_bytes - total);
            count += taken.0;
            total += taken.1;
        }
        (count, total)
    }

    /// Takes one contiguous run of byte records, or one object, at `at`.
    fn gather_run<'a>(
        &'a self,
        at: &mut Cursor,
        slices: &mut [IoSlice<'a>],
        max_bytes: usize,
    ) -> (usize, usize) {
        let Cursor { place, .. } = at;
        let end = self.readable_end(place);
        // SAFETY: a record boundary below `end`, and everything up to there is published.
        let start = unsafe { Chunk::at(place.chunk, place.offset) };
        let base = place.offset;
        // SAFETY: a chunk at or behind the head is alive.
        if max_bytes >= MAX_CHUNK && !unsafe { place.chunk.as_ref() }.has_objects() {
            place.advance(end - base);
        }
        while place.offset < end && place.offset - base < max_bytes {
            // SAFETY: as above, at each step.
            let shape = unsafe { look::<T>(place) };
            if shape.is_object() {
                break;
            }
            place.advance(shape.total());
        }
        let len = place.offset - base;
        let skip = std::mem::take(&mut at.skip);
        if len > 0 {
            // SAFETY: `len` published bytes begin at `start`, and stay while `self` is borrowed.
            let run = unsafe { std::slice::from_raw_parts(start, len) };
            slices[0] = IoSlice::new(&run[skip..]);
            return (1, len - skip);
        }
        self.gather_object(&mut at.place, skip, slices)
    }

    fn gather_object<'a>(
        &'a self,
        at: &mut Place,
        skip: usize,
        slices: &mut [IoSlice<'a>],
    ) -> (usize, usize) {
        // SAFETY: an object record lies at `at`, published, and stays while `self` is borrowed.
        let (header, body): (&'a [u8], &'a [u8]) = unsafe {
            let start = Chunk::at(at.chunk, at.offset);
            let header_len = *start.add(1) as usize;
            (std::slice::from_raw_parts(start.add(2), header_len), object::<T>(start).bytes())
        };
        // SAFETY: as above.
        at.advance(unsafe { look::<T>(at) }.total());
        let rest = &body[skip.saturating_sub(header.len()).min(body.len())..];
        let header = &header[skip.min(header.len())..];
        if header.is_empty() {
            slices[0] = IoSlice::new(rest);
            return (1, rest.len());
        }
        slices[0] = IoSlice::new(header);
        slices[1] = IoSlice::new(rest);
        (2, header.len() + rest.len())
    }

    /// Moves `cursor` over `bytes` wire bytes that the kernel took, and gives up all messages that have
    /// gone out whole. True if the producer waits for room and is to be told.
    pub fn advance(&mut self, cursor: &mut Cursor, bytes: usize) -> bool {
        self.refresh_limit();
        let Cursor { mut place, skip, queue } = self.resolve(cursor);
        let mut left = skip + bytes;
        let mut wake = false;
        if place.position == self.head.position {
            (left, wake) = self.pass_over(left);
            place = self.head;
        }
        let (mut inside, mut boundary) = (0, None);
        while left > 0 && self.step_chunk(&mut place) {
            // SAFETY: `step_chunk` found a published record here.
            let (shape, wire) = unsafe { (look::<T>(&place), wire_len::<T>(&place)) };
            if left < wire {
                inside = left;
                break;
            }
            left -= wire;
            place.advance(shape.total());
            if shape.flags & MORE == 0 {
                boundary = Some(place.position);
            }
        }
        *cursor = Cursor { place, skip: inside, queue };
        wake |= boundary.is_some_and(|boundary| self.release(boundary));
        self.announce_batch() || wake
    }

    /// Gives up messages of one part, while all of their `left` bytes are done with. Returns how many bytes
    /// remain, and whether the producer waits for room and is to be told.
    fn pass_over(&mut self, mut left: usize) -> (usize, bool) {
        let mut wake = false;
        while left > 0 && self.head.position < self.limit {
            self.normalise();
            let (bytes, messages) = self.plain_run(left);
            if bytes == 0 {
                break;
            }
            left -= bytes;
            self.head.advance(bytes);
            wake |= self.count_messages(messages);
        }
        (left, wake)
    }

    /// How many bytes and messages of one part lie at the head one behind the other, in no more than `most` bytes.
    fn plain_run(&self, most: usize) -> (usize, u64) {
        let mut place = self.head;
        let end = self.readable_end(&place).min(place.offset.saturating_add(most));
        let mut messages = 0;
        while place.offset < end {
            // SAFETY: something is published here, and a published record is whole.
            let shape = unsafe { look::<T>(&place) };
            if shape.flags & (MORE | OBJECT) != 0 || end - place.offset < shape.total() {
                break;
            }
            place.advance(shape.total());
            messages += u64::from(shape.flags & COMMAND == 0);
        }
        (place.offset - self.head.offset, messages)
    }

    /// Looks at the record at `cursor`, and moves the cursor behind it. The record is kept.
    pub(crate) fn read_at(&mut self, cursor: &mut Cursor) -> Option<Record<'_, T>> {
        self.refresh_limit();
        *cursor = self.resolve(cursor);
        if !self.step_chunk(&mut cursor.place) {
            return None;
        }
        let here = cursor.place;
        // SAFETY: `step_chunk` found a published record at the cursor.
        unsafe {
            cursor.place.advance(look::<T>(&here).total());
            Some(record(&here))
        }
    }

    /// Gives up everything before `boundary`. True if the producer waits for room and is to be told.
    pub(crate) fn release_to(&mut self, boundary: Cursor) -> bool {
        self.release(self.resolve(&boundary).place.position)
    }

    fn release(&mut self, position: u64) -> bool {
        let mut wake = false;
        while self.head.position < position && self.available() {
            wake |= self.pop();
        }
        wake
    }

    /// Is everything read? If so the producer will say when there is more.
    pub fn is_empty(&mut self) -> bool {
        !self.available()
    }

    /// Is there anything at `cursor`? If not, and only then, the producer will say when there is.
    pub fn is_empty_at(&mut self, cursor: &Cursor) -> bool {
        let position = self.resolve(cursor).place.position;
        position >= self.limit && !self.wait_beyond(position)
    }

    #[inline(always)]
    fn available(&mut self) -> bool {
        let position = self.head.position;
        position < self.limit || self.wait_beyond(position)
    }

    /// Looks for something published beyond `position`, the known limit, and goes to sleep if there is
    /// nothing.
    #[inline]
    fn wait_beyond(&mut self, position: u64) -> bool {
        let published = self.shared.published();
        if published > position {
            self.limit = published;
            if let Some(pursuit) = &mut self.pursuit {
                let advice = pursuit.found(published - position);
                self.follow(advice);
            }
            return true;
        }
        (self.pursuit.is_some() && self.lose_sight(position)) || self.fall_asleep(position)
    }

    /// Has the producer say when there is more. True if there is.
    fn fall_asleep(&mut self, position: u64) -> bool {
        let tail = &self.shared.tail.0;
        let mut seen = tail.load(Ordering::Acquire);
        while seen >> 1 <= position {
            if seen & ASLEEP != 0 {
                return false;
            }
            match tail.compare_exchange(seen, seen | ASLEEP, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return false,
                Err(now) => seen = now,
            }
        }
        self.limit = seen >> 1;
        true
    }

    /// The producer runs beside this consumer, on another thread that knows nothing of it. To follow it well, the
    /// consumer `may_wait` for a few microseconds without sleeping.
    pub fn pursue(&mut self, may_wait: bool) {
        self.pursuit = Some(Pursuit::new(may_wait));
    }

    #[inline]
    fn follow(&mut self, advice: Advice) {
        match advice {
            Advice::GoOn => {}
            Advice::HangBack => self.hang_back(),
            Advice::Promise => self.attend(),
        }
    }

    #[cold]
    fn hang_back(&mut self) {
        (0..PAUSES).for_each(|_| pause());
        let before = self.limit;
        self.refresh_limit();
        if let Some(pursuit) = &mut self.pursuit {
            pursuit.hung_back(self.limit > before);
        }
    }

    /// There is nothing now. True if there is after a moment's wait, where that is worth while.
    #[cold]
    fn lose_sight(&mut self, position: u64) -> bool {
        let promised = self.shared.attended.load(Ordering::Relaxed);
        let Some(pursuit) = &mut self.pursuit else { return false };
        if pursuit.waits(promised) {
            for _ in 0..PAUSES {
                pause();
                self.limit = self.shared.published();
                if self.limit > position {
                    pursuit.waited();
                    return true;
                }
            }
            pursuit.waited_in_vain();
        }
        if promised {
            pursuit.broke_promise();
        }
        pursuit.lost();
        self.rely();
        self.refresh_limit();
        self.limit > position
    }

    fn refresh_limit(&mut self) {
        self.limit = self.shared.published();
    }

    /// Promises to look again without being woken, if that can be done: commits become cheaper. To be called
    /// on the producer's thread, or by who sees to it that the consumer looks at least once after this.
    pub fn attend(&mut self) {
        if is_supported() {
            self.shared.attended.store(true, Ordering::Relaxed);
        }
    }

    /// Takes the promise back. What was committed before can be seen after this, and commits wake again.
    pub fn rely(&mut self) {
        if self.shared.attended.load(Ordering::Relaxed) {
            self.shared.attended.store(false, Ordering::Relaxed);
            heavy();
        }
    }

    /// Where the published bytes of a chunk end, as an offset.
    fn readable_end(&self, place: &Place) -> usize {
        // SAFETY: not before the head, so alive.
        let sealed = unsafe { place.chunk.as_ref() }.sealed.load(Ordering::Acquire);
        let published = place.offset + (self.limit - place.position) as usize;
        published.min(sealed)
    }

    /// Moves a place at the end of a sealed chunk on to the next. False if nothing is published there.
    fn step_chunk(&self, place: &mut Place) -> bool {
        while place.position < self.limit {
            // SAFETY: not before the head, so alive.
            let chunk = unsafe { place.chunk.as_ref() };
            if place.offset < chunk.sealed.load(Ordering::Acquire) {
                return true;
            }
            let Some(next) = NonNull::new(chunk.next.load(Ordering::Acquire)) else { return false };
            *place = Place { chunk: next, offset: 0, ..*place };
        }
        false
    }

    fn at_sealed_end(&self) -> bool {
        // SAFETY: the head's chunk is alive.
        let chunk = unsafe { self.head.chunk.as_ref() };
        self.head.offset >= chunk.sealed.load(Ordering::Acquire)
    }

    /// Leaves chunks that are read to their end. To be called only when something beyond the head is
    /// published: until then the producer may take the successor back.
    #[inline(always)]
    fn normalise(&mut self) {
        while self.at_sealed_end() {
            // SAFETY: the head's chunk is alive, and belongs to the consumer once it is left behind.
            unsafe {
                let done = self.head.chunk;
                let Some(next) = NonNull::new(done.as_ref().next.load(Ordering::Acquire)) else {
                    return;
                };
                self.head = Place { chunk: next, offset: 0, ..self.head };
                let old = self.shared.spare.swap(done.as_ptr(), Ordering::AcqRel);
                if let Some(old) = NonNull::new(old) {
                    Chunk::free(old);
                }
            }
        }
    }

    #[inline(always)]
    fn count(&mut self, flags: u8) -> bool {
        flags & (MORE | COMMAND) == 0 && self.count_messages(1)
    }

    #[inline(always)]
    fn count_messages(&mut self, messages: u64) -> bool {
        self.read += messages;
        if self.shared.hwm() != self.hwm {
            self.follow_hwm();
        }
        self.read >= self.next_announcement && self.announce()
    }

    fn announce(&mut self) -> bool {
        self.schedule_announcement(self.following_announcement());
        self.shared.announced.0.store(self.read, Ordering::Release);
        fence(Ordering::SeqCst);
        self.shared.writer_waiting.load(Ordering::Relaxed)
            && self.shared.writer_waiting.swap(false, Ordering::AcqRel)
    }

    /// Does not leave the producer in the dark about the better part of a batch until the next one.
    fn announce_batch(&mut self) -> bool {
        let announced = self.shared.announced.0.load(Ordering::Relaxed);
        let worth_it = self.hwm > 0 && self.read - announced > self.step() / 2;
        worth_it && self.announce()
    }

    /// Takes notice of a new high-water mark. An announcement that the producer may already wait for is not
    /// put off.
    #[cold]
    fn follow_hwm(&mut self) {
        self.hwm = self.shared.hwm();
        self.schedule_announcement(self.next_announcement.min(self.following_announcement()));
    }

    /// The producer is told each time the count of messages read reaches a multiple of the low-water mark.
    fn following_announcement(&self) -> u64 {
        (self.read / self.step() + 1) * self.step()
    }

    fn step(&self) -> u64 {
        match self.hwm {
            0 => FREE_STEP,
            hwm => hwm.div_ceil(2) as u64,
        }
    }

    fn schedule_announcement(&mut self, at: u64) {
        self.next_announcement = at;
        self.shared.next_announcement.store(at, Ordering::Release);
    }

    /// How many bytes the chunks have that are not given up yet, published or not. Nobody writes meanwhile.
    #[cfg(all(test, not(loom)))]
    pub(super) fn memory(&self) -> usize {
        let (mut total, mut next) = (0, Some(self.head.chunk));
        while let Some(chunk) = next {
            // SAFETY: chunks from the head on are alive.
            let chunk = unsafe { chunk.as_ref() };
            total += chunk.capacity;
            next = NonNull::new(chunk.next.load(Ordering::Acquire));
        }
        total
    }

    /// Leaves: what is unread will never be. True if the producer is still there and is to be told.
    pub fn close(&mut self) -> bool {
        self.shared.close(CONSUMER_GONE)
    }
}

impl<T: Payload> Drop for Consumer<T> {
    fn drop(&mut self) {
        self.shared.orphan_offset.store(self.head.offset, Ordering::Release);
        self.shared.orphan.store(self.head.chunk.as_ptr(), Ordering::Release);
        let before =
            self.shared.closed.fetch_or(CONSUMER_GONE | CONSUMER_DROPPED, Ordering::AcqRel);
        if before & PRODUCER_DROPPED != 0 {
            // SAFETY: the producer is gone, and the head is the first unread record.
            unsafe { self.shared.free_chain::<T>(self.head.chunk.as_ptr(), self.head.offset) };
        }
    }
}

impl Place {
    #[inline(always)]
    fn advance(&mut self, bytes: usize) {
        self.offset += bytes;
        self.position += bytes as u64;
    }
}

/// The shape of the record at `at`.
///
/// # Safety
/// `at` is a boundary with a published record behind it.
#[inline(always)]
unsafe fn look<T>(at: &Place) -> Shape {
    // SAFETY: the caller vouches for the record.
    unsafe {
        let shape = shape::<T>(Chunk::at(at.chunk, at.offset));
        at.chunk.as_ref().shadow.reads(at.offset, shape.total());
        shape
    }
}

/// How many bytes the record at `at` is on the wire.
///
/// # Safety
/// `at` is a boundary with a published record behind it.
unsafe fn wire_len<T: Payload>(at: &Place) -> usize {
    // SAFETY: the caller vouches for the record.
    unsafe {
        let start = Chunk::at(at.chunk, at.offset);
        let shape = shape::<T>(start);
        if shape.is_object() {
            return *start.add(1) as usize + object::<T>(start).bytes().len();
        }
        shape.total()
    }
}

/// The record at `at`.
///
/// # Safety
/// `at` is a boundary with a published record behind it, which lives as long as `'a`.
#[inline(always)]
unsafe fn record<'a, T>(at: &Place) -> Record<'a, T> {
    // SAFETY: the caller vouches for the record.
    unsafe {
        let start = Chunk::at(at.chunk, at.offset);
        let shape = look::<T>(at);
        if shape.is_object() {
            return Record::Object(shape.flags & !OBJECT, object(start));
        }
        let flags = match shape.flags & REQUEST {
            0 => shape.flags,
            _ => COMMAND,
        };
        Record::Bytes(flags, std::slice::from_raw_parts(start.add(shape.header), shape.body))
    }
}
