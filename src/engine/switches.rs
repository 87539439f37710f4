//! Switches for the short cuts of the data path, so that any failing test can be bisected to them.
//!
//! They hold for the whole process. The environment variables `ZEROXIDE_INLINE_SEND`,
//! `ZEROXIDE_CLAIMED_RECEIVE` and `ZEROXIDE_BUSY_WAIT` (each `off`, `on` or `always`) set them when the first
//! context is made.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::Once;

/// How a short cut is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Use {
    Off,
    /// Where it is thought to pay. The default.
    On,
    /// Wherever it is possible.
    Always,
}

/// One of the switches.
pub(crate) struct Switch(AtomicU8);

/// Whether senders write to idle connections themselves.
pub(crate) static INLINE_SEND: Switch = Switch(AtomicU8::new(Use::On as u8));
/// Whether threads that wait for messages read for themselves.
pub(crate) static CLAIMED_RECEIVE: Switch = Switch(AtomicU8::new(Use::On as u8));

/// Whether threads wait a moment awake: for an answer, and for the next message within the process.
pub(crate) static BUSY_WAIT: Switch = Switch(AtomicU8::new(Use::On as u8));

impl Switch {
    #[inline]
    pub(crate) fn get(&self) -> Use {
        match self.0.load(Ordering::Relaxed) {
            0 => Use::Off,
            1 => Use::On,
            _ => Use::Always,
        }
    }

    pub(crate) fn set(&self, how: Use) {
        self.0.store(how as u8, Ordering::Relaxed);
    }
}

/// Sets the switches as the environment says, once in a process.
pub(crate) fn read_environment() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (name, switch) in [
            ("ZEROXIDE_INLINE_SEND", &INLINE_SEND),
            ("ZEROXIDE_CLAIMED_RECEIVE", &CLAIMED_RECEIVE),
            ("ZEROXIDE_BUSY_WAIT", &BUSY_WAIT),
        ] {
            match std::env::var(name).as_deref() {
                Ok("off") => switch.set(Use::Off),
                Ok("always") => switch.set(Use::Always),
                _ => {}
            }
        }
    });
}
