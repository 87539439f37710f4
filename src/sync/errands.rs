//! What many threads ask of one, which is woken for the first thing and then does all there is.
//!
//! To wake it may fail, and the thread that failed has no caller to tell. It leaves a note, and any
//! thread that asks for something later wakes as well. The note is taken back by nobody but the
//! thread that is to be woken, before it takes what waits: a thread whose own attempt went well
//! knows nothing of those that came after it.
#![forbid(unsafe_code)]

use super::atomic::{AtomicBool, Ordering};
use super::lock::Mutex;

/// See the module.
pub struct Errands<T> {
    state: Mutex<State<T>>,
    /// An attempt to wake the thread failed.
    unwoken: AtomicBool,
}

struct State<T> {
    waiting: Vec<T>,
    /// The thread has ended: nobody will do it.
    over: bool,
}

impl<T> Default for Errands<T> {
    fn default() -> Self {
        let state = Mutex::new(State { waiting: Vec::new(), over: false });
        Self { state, unwoken: AtomicBool::new(false) }
    }
}

impl<T> Errands<T> {
    /// Puts something in. True if the caller owes a wake-up; what is put in too late is given back.
    ///
    /// # Errors
    /// The thread has ended.
    pub fn put(&self, errand: T) -> Result<bool, T> {
        let mut state = self.state.lock();
        if state.over {
            return Err(errand);
        }
        let first = state.waiting.is_empty();
        state.waiting.push(errand);
        drop(state);
        Ok(first || self.unwoken.load(Ordering::Relaxed))
    }

    /// The caller could not pay what it owed: whoever comes next tries again.
    pub fn note_unwoken(&self) {
        self.unwoken.store(true, Ordering::Relaxed);
    }

    /// Takes all that waits. To be called by the thread that is woken.
    pub fn take(&self) -> Vec<T> {
        if self.unwoken.load(Ordering::Relaxed) {
            self.unwoken.store(false, Ordering::Relaxed);
        }
        std::mem::take(&mut self.state.lock().waiting)
    }

    /// The thread has ended. Returns what nobody will do.
    pub fn end(&self) -> Vec<T> {
        let mut state = self.state.lock();
        state.over = true;
        std::mem::take(&mut state.waiting)
    }

    /// Has the thread ended?
    pub fn is_over(&self) -> bool {
        self.state.lock().over
    }
}
