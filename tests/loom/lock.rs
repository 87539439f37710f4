//! A lock of which some threads only ask whether it is free.
//!
//! loom's own is never found taken unless its holder does something inside that the other thread
//! has a part in: loom sees no other reason to stop a thread there. This one says in a word of its
//! own that it is taken.

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Mutex, MutexGuard};
use std::ops::{Deref, DerefMut};

pub struct Lock<T> {
    taken: AtomicBool,
    value: Mutex<T>,
}

pub struct Held<'a, T> {
    taken: &'a AtomicBool,
    value: MutexGuard<'a, T>,
}

impl<T> Lock<T> {
    pub fn new(value: T) -> Self {
        Self { taken: AtomicBool::new(false), value: Mutex::new(value) }
    }

    pub fn lock(&self) -> Held<'_, T> {
        self.held(self.value.lock().unwrap())
    }

    pub fn try_lock(&self) -> Option<Held<'_, T>> {
        if self.taken.load(Ordering::Acquire) {
            return None;
        }
        Some(self.held(self.value.try_lock().ok()?))
    }

    fn held<'a>(&'a self, value: MutexGuard<'a, T>) -> Held<'a, T> {
        self.taken.store(true, Ordering::Release);
        Held { taken: &self.taken, value }
    }
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Held<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Drop for Held<'_, T> {
    fn drop(&mut self) {
        self.taken.store(false, Ordering::Release);
    }
}
