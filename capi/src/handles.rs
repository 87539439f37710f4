//! The `void *` of the API: handles that look like addresses and that we never follow.
//!
//! # Why
//! `zmq_send` gets a `void *` that may be NULL, garbage, of the wrong kind, or of a socket that was
//! closed long ago; each must give an errno, and it must cost next to nothing. So a handle is a
//! number: which kind of object, which slot of the table, and which life of that slot.
//!
//! # How `get` needs no lock and no count
//! - A slot's memory stays where it is as long as the table, and the tables of the API are statics:
//!   `segments` only grows, each segment twice as large as the one before.
//! - What lies in a slot (`T`, a *resident*) is made once, with the segment, and stays as well. To
//!   open an object is to fill a vacant resident; to close it is to empty it. All of this goes
//!   through `&T`: the resident itself orders its callers.
//! - The slot's state has a new number for each life. `get` compares it with the handle's: one
//!   load. Whoever holds a `&T` while another thread closes the object so always has a valid `T`
//!   before it, which is empty, or, later, filled anew.
//! - Filled anew is the one case to look at. It takes a thread that stood still between `get` and
//!   the resident's own lock, while its object was closed and at least [`QUARANTINE`] others after
//!   it, since slots are taken again in the order in which they fell free. A resident that asks
//!   [`Table::is_current`] under its own lock excludes even this.
//!
//! # The look of a handle
//! Non-null, a multiple of 4 or 8 as bindings expect, and below 2^47 for runtimes that keep tags in
//! the upper bits of a pointer; far from where programs and heaps lie, so that no garbage collector
//! that scans for addresses takes it for one of its own.
//!
//! # What lies there
//! Others do follow it, so there is a word to be read: see `words`. Where that memory cannot be had,
//! handles are as good to us as ever.

mod words;

use std::collections::VecDeque;
use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use words::Words;
use zeroxide::internal::error::{Error, Result};

/// What a handle stands for. Known to the compiler at each table, so that a look costs no load.
#[cfg(target_pointer_width = "64")]
pub mod kind {
    pub const TIMERS: usize = 8;
    pub const POLLER: usize = 9;
    pub const CONTEXT: usize = 16;
    pub const SOCKET: usize = 24;
    /// Above the addresses of a process, where tests come into nobody's way.
    #[cfg(test)]
    pub const TEST: usize = 32;
}

#[cfg(target_pointer_width = "32")]
pub mod kind {
    pub const POLLER: usize = 0;
    pub const TIMERS: usize = 1;
    pub const CONTEXT: usize = 2;
    pub const SOCKET: usize = 3;
    #[cfg(test)]
    pub const TEST: usize = 0;
}

/// All objects of one kind.
pub struct Table<T, const KIND: usize> {
    segments: [AtomicPtr<Slot<T>>; SEGMENTS],
    vacant: Mutex<Vacant>,
}

/// On a cache line of its own, so that neighbours do not slow each other down.
/// What most calls look at comes first.
#[repr(C, align(64))]
struct Slot<T> {
    /// Twice the number of the life, plus one while it lasts.
    state: AtomicU32,
    resident: T,
}

/// A table that is the caller's alone.
pub struct Held<'a>(MutexGuard<'a, Vacant>);

/// The same, with all that is in it.
pub struct HeldWithContents<'a, T> {
    _table: Held<'a>,
    _contents: Vec<MutexGuard<'a, Option<Arc<T>>>>,
}

/// Where the next object may go.
struct Vacant {
    /// Slots that were used, the oldest first.
    used: VecDeque<u32>,
    /// The first slot that never was used.
    fresh: u32,
    words: Words,
}

/// So many slots wait before the first of them is used again.
pub const QUARANTINE: usize = 256;

/// Slots in the first segment. Every segment is made of groups of so many.
const FIRST: u32 = 32;
const GROUP: usize = FIRST as usize;

// From the lowest bit up: zeros, slot in its group, life, group; and at the top, the kind.
#[cfg(target_pointer_width = "64")]
const WIDTHS: [u32; 4] = [3, 5, 13, 15];
#[cfg(target_pointer_width = "32")]
const WIDTHS: [u32; 4] = [2, 5, 14, 9];
const MEMBER_SHIFT: u32 = WIDTHS[0];
const LIFE_SHIFT: u32 = MEMBER_SHIFT + WIDTHS[1];
const GROUP_SHIFT: u32 = LIFE_SHIFT + WIDTHS[2];
/// The addresses of all handles of a group.
const SPAN: usize = 1 << GROUP_SHIFT;
#[cfg(target_pointer_width = "64")]
const KIND_SHIFT: u32 = 42;
#[cfg(target_pointer_width = "32")]
const KIND_SHIFT: u32 = 30;
const LIFE_MASK: u32 = (1 << WIDTHS[2]) - 1;

/// As many as a handle has numbers for.
const SEGMENTS: usize = WIDTHS[3] as usize;
const CAPACITY: u32 = FIRST * ((1 << SEGMENTS) - 1);

impl<T, const KIND: usize> Table<T, KIND> {
    /// A table with nothing in it.
    pub const fn empty() -> Self {
        Table {
            segments: [const { AtomicPtr::new(ptr::null_mut()) }; SEGMENTS],
            vacant: Mutex::new(Vacant { used: VecDeque::new(), fresh: 0, words: Words::none() }),
        }
    }

    /// The resident behind a handle, if its life lasts.
    #[inline]
    pub fn get(&self, handle: *const c_void) -> Option<&T> {
        let (slot, state) = self.decode(handle)?;
        (slot.state.load(Ordering::Acquire) == state).then_some(&slot.resident)
    }

    /// Whether the life that the handle stands for still lasts.
    pub fn is_current(&self, handle: *const c_void) -> bool {
        self.get(handle).is_some()
    }

    /// Ends the life that a handle stands for. Of several callers, one gets the resident, and
    /// empties it; its slot may be filled again much later.
    pub fn release(&self, handle: *const c_void) -> Option<Released<'_, T, KIND>> {
        let (slot, state) = self.decode(handle)?;
        slot.state.compare_exchange(state, state & !1, Ordering::AcqRel, Ordering::Relaxed).ok()?;
        Some(Released { table: self, index: index_of(handle), resident: &slot.resident })
    }

    #[inline]
    fn decode(&self, handle: *const c_void) -> Option<(&Slot<T>, u32)> {
        // The zeros at the low end come to the upper one, where the kind leaves zeros, too, if it
        // is this one.
        let rest = (handle.addr() ^ KIND << KIND_SHIFT).rotate_right(MEMBER_SHIFT);
        if rest >> (KIND_SHIFT - MEMBER_SHIFT) != 0 {
            return None;
        }
        let member = rest % GROUP;
        let life = (rest >> (LIFE_SHIFT - MEMBER_SHIFT)) as u32 & LIFE_MASK;
        let group = rest >> (GROUP_SHIFT - MEMBER_SHIFT);
        Some((self.slot_in(group as u32, member)?, life << 1 | 1))
    }

    fn encode(&self, index: u32, state: u32) -> *mut c_void {
        let life = (state >> 1) as usize;
        ptr::without_provenance_mut(
            KIND << KIND_SHIFT
                | (index as usize / GROUP) << GROUP_SHIFT
                | life << LIFE_SHIFT
                | (index as usize % GROUP) << MEMBER_SHIFT,
        )
    }

    fn slot(&self, index: u32) -> Option<&Slot<T>> {
        self.slot_in(index / FIRST, index as usize % GROUP)
    }

    #[inline]
    fn slot_in(&self, group: u32, member: usize) -> Option<&Slot<T>> {
        let (segment, offset) = place_in(group, member);
        let slots = self.segments.get(segment)?.load(Ordering::Acquire);
        if slots.is_null() {
            return None;
        }
        // SAFETY: a segment that is there has `FIRST << segment` slots, `place` gives an offset
        // below that, and it stays as long as the table.
        Some(unsafe { &*slots.add(offset) })
    }

    /// While the caller keeps this, nobody opens or closes an object.
    pub fn hold(&self) -> Held<'_> {
        Held(self.vacant())
    }

    fn vacant(&self) -> MutexGuard<'_, Vacant> {
        self.vacant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Default, const KIND: usize> Table<T, KIND> {
    /// Opens an object: lets `fill` fill a vacant resident, and returns a handle for it.
    pub fn insert_with(&self, fill: impl FnOnce(&T) -> Result<()>) -> Result<*mut c_void> {
        let index = self.take_vacant()?;
        let slot = self.slot(index).ok_or(Error::Fault)?;
        // Should `fill` panic, the slot is lost, and nothing else.
        if let Err(error) = fill(&slot.resident) {
            self.vacant().put_back(index);
            return Err(error);
        }
        let state = next_state(slot);
        slot.state.store(state, Ordering::Release);
        Ok(self.encode(index, state))
    }

    fn take_vacant(&self) -> Result<u32> {
        let mut vacant = self.vacant();
        let index = if vacant.used.len() > QUARANTINE || vacant.fresh == CAPACITY {
            vacant.used.pop_front().ok_or(Error::TooManyFiles)?
        } else {
            self.take_fresh(&mut vacant)?
        };
        self.show_word(&vacant.words, index);
        Ok(index)
    }

    fn take_fresh(&self, vacant: &mut Vacant) -> Result<u32> {
        let index = vacant.fresh;
        let (segment, offset) = place(index);
        if offset == 0 {
            self.segments[segment].store(new_segment(segment)?, Ordering::Release);
            vacant.words.reserve(segment, self.encode(index, 0), SPAN << segment);
        }
        vacant.fresh += 1;
        Ok(index)
    }

    /// Sees to it that others can read what lies at the next handle of this slot.
    fn show_word(&self, words: &Words, index: u32) {
        let group = index - index % FIRST;
        let handle_of = |index| self.present_or_next(index);
        words.show(place(index).0, handle_of(index), || {
            std::array::from_fn(|member| handle_of(group + member as u32))
        });
    }

    /// The handle of a slot's life, or of its next one if it is vacant.
    fn present_or_next(&self, index: u32) -> usize {
        let state = self.slot(index).map_or(0, |slot| match slot.state.load(Ordering::Relaxed) {
            state if state & 1 == 1 => state,
            _ => next_state(slot),
        });
        self.encode(index, state).addr()
    }
}

/// The state that the next life of a vacant slot begins with.
fn next_state<T>(slot: &Slot<T>) -> u32 {
    let life = ((slot.state.load(Ordering::Relaxed) >> 1) + 1) & LIFE_MASK;
    life << 1 | 1
}

impl Vacant {
    fn put_back(&mut self, index: u32) {
        // Without memory for the note the slot stays unused, which harms nobody.
        if self.used.try_reserve(1).is_ok() {
            self.used.push_back(index);
        }
    }
}

impl<T, const KIND: usize> Drop for Table<T, KIND> {
    fn drop(&mut self) {
        for (segment, slots) in self.segments.iter_mut().enumerate() {
            let (slots, count) = (*slots.get_mut(), (FIRST as usize) << segment);
            if !slots.is_null() {
                let slots = ptr::slice_from_raw_parts_mut(slots, count);
                // SAFETY: `new_segment` took them from a box of as many slots; whoever referred to
                // one borrowed the table.
                drop(unsafe { Box::from_raw(slots) });
            }
        }
    }
}

/// A resident whose life has ended, to be emptied. Its slot falls free when this is dropped.
pub struct Released<'a, T, const KIND: usize> {
    table: &'a Table<T, KIND>,
    index: u32,
    resident: &'a T,
}

impl<T, const KIND: usize> std::ops::Deref for Released<'_, T, KIND> {
    type Target = T;

    fn deref(&self) -> &T {
        self.resident
    }
}

impl<T, const KIND: usize> Drop for Released<'_, T, KIND> {
    fn drop(&mut self) {
        self.table.vacant().put_back(self.index);
    }
}

/// The slot's number, which is beyond all slots if bits are set that no handle has.
#[inline]
fn index_of(handle: *const c_void) -> u32 {
    let number = handle.addr() & ((1 << KIND_SHIFT) - 1);
    let (group, member) = (number >> GROUP_SHIFT, number >> MEMBER_SHIFT);
    group as u32 * FIRST + member as u32 % FIRST
}

/// The segment of a slot, and where in it. Segment k begins at slot `FIRST * (2^k - 1)`.
#[inline]
fn place(index: u32) -> (usize, usize) {
    place_in(index / FIRST, index as usize % GROUP)
}

/// The same for a slot of a group.
#[inline]
fn place_in(group: u32, member: usize) -> (usize, usize) {
    // That of most programs.
    if group == 0 {
        return (0, member);
    }
    let segment = (group + 1).ilog2();
    let groups_before = (1 << segment) - 1;
    (segment as usize, (group - groups_before) as usize * GROUP + member)
}

/// Makes a segment's slots, all vacant. They stay as long as the table.
fn new_segment<T: Default>(segment: usize) -> Result<*mut Slot<T>> {
    let count = (FIRST as usize) << segment;
    let mut slots = Vec::new();
    slots.try_reserve_exact(count).map_err(|_| Error::NoMemory)?;
    slots.extend((0..count).map(|_| Slot { state: AtomicU32::new(0), resident: T::default() }));
    Ok(ManuallyDrop::new(slots.into_boxed_slice()).as_mut_ptr())
}

/// A resident for objects that are called rarely, and that a call keeps alive while it runs.
pub struct Shared<T>(Mutex<Option<Arc<T>>>);

impl<T> Shared<T> {
    fn content(&self) -> MutexGuard<'_, Option<Arc<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Shared(Mutex::new(None))
    }
}

impl<T, const KIND: usize> Table<Shared<T>, KIND> {
    /// Puts an object into the table.
    pub fn add(&self, object: Arc<T>) -> Result<*mut c_void> {
        self.insert_with(|resident| {
            *resident.content() = Some(object);
            Ok(())
        })
    }

    /// The object behind a handle.
    pub fn fetch(&self, handle: *const c_void) -> Result<Arc<T>> {
        let content = self.get(handle).ok_or(Error::Fault)?.content();
        // Asked again under the lock: a slot is filled before its life begins, and emptied after
        // its end.
        let object = content.as_ref().filter(|_| self.is_current(handle));
        object.cloned().ok_or(Error::Fault)
    }

    /// The same as [`Table::hold`], and nobody fetches an object either.
    pub fn hold_with_contents(&self) -> HeldWithContents<'_, T> {
        let table = self.hold();
        let slots = (0..table.0.fresh).filter_map(|index| self.slot(index));
        let contents = slots.map(|slot| slot.resident.content()).collect();
        HeldWithContents { _table: table, _contents: contents }
    }

    /// Takes an object out of the table; calls that run keep it alive until they return.
    pub fn remove(&self, handle: *const c_void) -> Result<Arc<T>> {
        let released = self.release(handle).ok_or(Error::Fault)?;
        let object = released.content().take();
        object.ok_or(Error::Fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn table() -> Table<Shared<u32>, { kind::TEST }> {
        Table::empty()
    }

    #[test]
    fn an_object_is_found_by_its_handle_until_removed() {
        let table = table();
        let handle = table.add(Arc::new(7)).unwrap();
        assert!(!handle.is_null());
        assert_eq!(table.fetch(handle).as_deref(), Ok(&7));
        assert_eq!(table.remove(handle).as_deref(), Ok(&7));
        assert_eq!(table.fetch(handle), Err(Error::Fault));
        assert_eq!(table.remove(handle), Err(Error::Fault));
    }

    #[test]
    fn garbage_is_no_handle() {
        let table = table();
        let handle = table.add(Arc::new(7)).unwrap();
        let stack = 0u8;
        let number = handle.addr() & ((1 << KIND_SHIFT) - 1);
        let other = (kind::SOCKET << KIND_SHIFT | number) as _;
        let near = (1..64).map(|bit: u32| (handle.addr() ^ 1 << bit) as *const c_void);
        let garbage = [ptr::null(), (&raw const stack).cast(), usize::MAX as _, 1 as _, other];
        for wrong in garbage.into_iter().chain(near) {
            assert_eq!(table.fetch(wrong), Err(Error::Fault), "{wrong:?}");
        }
    }

    #[test]
    fn a_slot_waits_before_it_is_used_again() {
        let table = table();
        let first = table.add(Arc::new(0)).unwrap();
        table.remove(first).unwrap();
        let mut seen = HashSet::from([index_of(first)]);
        for _ in 0..QUARANTINE {
            let handle = table.add(Arc::new(1)).unwrap();
            assert!(seen.insert(index_of(handle)), "used again too early");
            table.remove(handle).unwrap();
        }
        let again = table.add(Arc::new(2)).unwrap();
        assert_eq!(index_of(again), index_of(first));
        assert_ne!(again, first);
        assert_eq!(table.fetch(first), Err(Error::Fault));
    }

    #[test]
    fn what_could_not_be_filled_leaves_no_trace() {
        let table = table();
        assert_eq!(table.insert_with(|_| Err(Error::TooManyFiles)), Err(Error::TooManyFiles));
        assert_eq!(table.vacant().used.len(), 1);
    }

    #[test]
    fn places_follow_each_other_without_gaps() {
        let mut next = (0, 0);
        for index in 0..5000 {
            assert_eq!(place(index), next);
            next.1 += 1;
            if next.1 == (FIRST as usize) << next.0 {
                next = (next.0 + 1, 0);
            }
        }
        assert!(place(CAPACITY - 1).0 < SEGMENTS && place(CAPACITY).0 == SEGMENTS);
    }

    #[test]
    fn a_life_may_be_the_last_number_there_is() {
        let table = table();
        let handle = table.add(Arc::new(0)).unwrap();
        let (slot, _) = table.decode(handle).unwrap();
        slot.state.store(LIFE_MASK << 1, Ordering::Release);
        table.vacant().used.extend([index_of(handle)].repeat(QUARANTINE + 1));
        let wrapped = table.add(Arc::new(5)).unwrap();
        assert_eq!(table.fetch(wrapped).as_deref(), Ok(&5));
    }

    #[test]
    fn many_threads_open_and_close() {
        let table = table();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let table = &table;
                scope.spawn(move || {
                    for round in 0..500 {
                        let handle = table.add(Arc::new(thread * 1000 + round)).unwrap();
                        assert_eq!(*table.fetch(handle).unwrap(), thread * 1000 + round);
                        assert!(table.remove(handle).is_ok());
                        assert!(table.fetch(handle).is_err());
                    }
                });
            }
        });
    }
}
