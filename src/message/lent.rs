//! Lists of the application's memory that is done with, which take no memory themselves.
//!
//! A piece of lent memory has a header for as long as messages refer to it. After that the room of
//! the header holds what is needed to tell the application, and what waits after it: so however
//! much is let go of together, and however short memory is, none of it is lost.

use super::block::{FreeFn, Header};
use std::alloc::{dealloc, Layout};
use std::ffi::c_void;
use std::mem;
use std::ptr::NonNull;

/// Memory of the application that is done with, and of which it is to be told: by
/// [`Returned::give_back`], or nobody ever is.
pub(super) struct Returned(NonNull<Entry>);

struct Entry {
    free: FreeFn,
    data: *mut c_void,
    hint: *mut c_void,
    /// What waits after it, in a list.
    next: Option<Returned>,
}

const _: () = assert!(size_of::<Entry>() <= size_of::<Header>());
const _: () = assert!(align_of::<Entry>() <= align_of::<Header>());

impl Returned {
    /// # Safety
    /// `place` was allocated with the layout of a header, and nobody uses it any more. `free` may
    /// be called with `data` and `hint`, once, on any thread.
    pub(super) unsafe fn new(
        place: NonNull<u8>,
        free: FreeFn,
        data: *mut c_void,
        hint: *mut c_void,
    ) -> Self {
        let place = place.cast::<Entry>();
        // SAFETY: an entry needs no more room than a header, as is seen to above.
        unsafe { place.write(Entry { free, data, hint, next: None }) };
        Self(place)
    }

    /// Tells the application. Its function may end the thread (`pthread_exit`): nothing here is
    /// left to drop then.
    pub(super) fn give_back(self) {
        type Unwinding = unsafe extern "C-unwind" fn(data: *mut c_void, hint: *mut c_void);
        let Self(place) = self;
        // SAFETY: the entry is initialised, and is not used after this.
        let Entry { free, data, hint, .. } = unsafe { place.read() };
        // SAFETY: the memory was allocated with this layout.
        unsafe { dealloc(place.as_ptr().cast(), Layout::new::<Header>()) };
        // SAFETY: the two differ only in what may leave the function.
        let free = unsafe { mem::transmute::<FreeFn, Unwinding>(free) };
        // SAFETY: `new` was promised that it may be called, and this is the only time.
        unsafe { free(data, hint) };
    }

    fn entry(&mut self) -> &mut Entry {
        // SAFETY: `new` wrote it, and nobody else refers to it while there is this.
        unsafe { self.0.as_mut() }
    }
}

/// Pieces of lent memory, the one that was let go of first coming first.
pub(super) struct List {
    first: Option<Returned>,
    /// The entry of the last one.
    last: Option<NonNull<Entry>>,
}

impl List {
    pub(super) const fn new() -> Self {
        Self { first: None, last: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn push(&mut self, returned: Returned) {
        let entry = Some(returned.0);
        match self.last {
            // SAFETY: the list owns its last entry, and nobody else refers to it.
            Some(mut last) => unsafe { last.as_mut() }.next = Some(returned),
            None => self.first = Some(returned),
        }
        self.last = entry;
    }

    pub(super) fn pop(&mut self) -> Option<Returned> {
        let mut first = self.first.take()?;
        self.first = first.entry().next.take();
        if self.first.is_none() {
            self.last = None;
        }
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::alloc::alloc;
    use std::ptr;

    /// Notes its hint at the end of the vector that it is to free.
    unsafe extern "C" fn note(data: *mut c_void, hint: *mut c_void) {
        // SAFETY: the tests below pass a vector that outlives the call.
        unsafe { &mut *data.cast::<Vec<usize>>() }.push(hint.addr());
    }

    fn returned(to: *mut Vec<usize>, number: usize) -> Returned {
        // SAFETY: a header is not empty.
        let place = NonNull::new(unsafe { alloc(Layout::new::<Header>()) }).unwrap();
        // SAFETY: nobody else uses it, and `note` may be called with this.
        unsafe { Returned::new(place, note, to.cast(), ptr::without_provenance_mut(number)) }
    }

    #[test]
    fn what_came_first_is_given_back_first() {
        let mut told = Vec::new();
        let to = &raw mut told;
        let mut list = List::new();
        assert!(list.is_empty() && list.pop().is_none());
        (1..=2).for_each(|number| list.push(returned(to, number)));
        list.pop().unwrap().give_back();
        (3..=6).for_each(|number| list.push(returned(to, number)));
        while let Some(returned) = list.pop() {
            returned.give_back();
        }
        assert!(list.is_empty());
        list.push(returned(to, 7));
        list.pop().unwrap().give_back();
        assert_eq!(told, [1, 2, 3, 4, 5, 6, 7]);
    }
}
