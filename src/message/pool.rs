//! Larger pieces of memory that are used again, so that a stream of messages does not have the system map, clear
//! and unmap pages for each, nor two threads meet at the allocator.
//!
//! A piece has one of a few sizes. So much as [`LIMIT`] bytes of them wait for use in the whole process;
//! whoever finds the pool in use by another thread does without it.
#![forbid(unsafe_code)]

use parking_lot::Mutex;

/// Pieces up to this size are the allocator's business. Longer ones go to other threads with their message, who
/// free them there, and that is where allocators are slow.
const SMALL: usize = 4 * 1024;
/// Four sizes between a power of two and the next, up to 4 MiB.
const CLASSES: usize = 40;
/// How many bytes may lie unused.
const LIMIT: usize = 16 * 1024 * 1024;

/// A size of pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class(u8);

impl Class {
    /// The class of the smallest pieces with room for `len` bytes, if that is worth a pool.
    pub(super) fn of(len: usize) -> Option<Self> {
        if len <= SMALL {
            return None;
        }
        // In quarters of the power of two that the last byte lies behind.
        let doublings = (len - 1).ilog2() - SMALL.ilog2();
        let quarter = (SMALL << doublings) / 4;
        let class = 4 * doublings as usize + len.div_ceil(quarter) - 5;
        (class < CLASSES).then_some(Class(class as u8))
    }

    /// How many bytes such a piece has.
    pub(super) fn size(self) -> usize {
        let (doublings, quarters) = (self.0 / 4, usize::from(self.0 % 4));
        (SMALL << doublings) / 4 * (5 + quarters)
    }
}

/// Pieces that wait for use.
pub(super) struct Pool<T>(Mutex<Pieces<T>>);

struct Pieces<T> {
    classes: [Vec<T>; CLASSES],
    bytes: usize,
}

impl<T> Pool<T> {
    pub(super) const fn new() -> Self {
        Pool(Mutex::new(Pieces { classes: [const { Vec::new() }; CLASSES], bytes: 0 }))
    }

    /// A piece of this class, if one is at hand.
    pub(super) fn take(&self, class: Class) -> Option<T> {
        let mut pieces = self.0.try_lock()?;
        let piece = pieces.classes[usize::from(class.0)].pop()?;
        pieces.bytes -= class.size();
        Some(piece)
    }

    /// Keeps a piece for later, or gives it back.
    pub(super) fn put(&self, class: Class, piece: T) -> Option<T> {
        let Some(mut pieces) = self.0.try_lock() else { return Some(piece) };
        let room = pieces.bytes + class.size() <= LIMIT;
        if !room || pieces.classes[usize::from(class.0)].try_reserve(1).is_err() {
            return Some(piece);
        }
        pieces.bytes += class.size();
        pieces.classes[usize::from(class.0)].push(piece);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_fit_tightly() {
        assert_eq!(Class::of(SMALL), None);
        assert_eq!(Class::of(4 * 1024 * 1024).map(Class::size), Some(4 * 1024 * 1024));
        assert_eq!(Class::of(4 * 1024 * 1024 + 1), None);
        for len in (SMALL + 1..4 * 1024 * 1024).step_by(1021) {
            let class = Class::of(len).unwrap();
            assert!((len..=len + len / 4).contains(&class.size()), "{len} in {}", class.size());
            assert_eq!(Class::of(class.size()), Some(class));
        }
    }

    #[test]
    fn a_pool_keeps_so_much_and_no_more() {
        let pool = Pool::new();
        let class = Class::of(4 * 1024 * 1024).unwrap();
        let kept = (0..10).filter(|piece| pool.put(class, *piece).is_none()).count();
        assert_eq!(kept, 4);
        assert_eq!(pool.take(class), Some(3));
        assert_eq!(pool.take(Class::of(SMALL + 1).unwrap()), None);
    }
}
