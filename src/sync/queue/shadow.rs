//! What the model checker is told of the plain memory in a chunk: who reads and who writes which part.
//!
//! In a model each byte, and the plain part of the header, has a cell that refuses two unordered accesses
//! of which one writes. In a real build there is nothing of it.

#[cfg(loom)]
pub(super) struct Shadow(Vec<loom::cell::UnsafeCell<()>>);

#[cfg(loom)]
impl Shadow {
    pub(super) fn new(capacity: usize) -> Self {
        Self((0..=capacity).map(|_| loom::cell::UnsafeCell::new(())).collect())
    }

    pub(super) fn reads_header(&self) {
        self.0[0].with(|_| ());
    }

    /// Everything changes hands: the header and all bytes.
    pub(super) fn writes_all(&self) {
        self.0.iter().for_each(|cell| cell.with_mut(|_| ()));
    }

    pub(super) fn reads(&self, offset: usize, len: usize) {
        self.0[1 + offset..][..len].iter().for_each(|cell| cell.with(|_| ()));
    }

    pub(super) fn writes(&self, offset: usize, len: usize) {
        self.0[1 + offset..][..len].iter().for_each(|cell| cell.with_mut(|_| ()));
    }
}

#[cfg(not(loom))]
pub(super) struct Shadow;

#[cfg(not(loom))]
impl Shadow {
    #[inline(always)]
    pub(super) fn new(_: usize) -> Self {
        Shadow
    }

    #[inline(always)]
    pub(super) fn reads_header(&self) {}

    #[inline(always)]
    pub(super) fn writes_all(&self) {}

    #[inline(always)]
    pub(super) fn reads(&self, _: usize, _: usize) {}

    #[inline(always)]
    pub(super) fn writes(&self, _: usize, _: usize) {}
}
