//! What the protocol tests share: our end as a socket with short names, and the peer's end as a bare
//! stream that says what it is told to say.
//!
//! Every wait here has a limit, so that a failure is a failure and not a test that hangs.
#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports)] // Every test file is a program of its own, and uses its own part of this.

pub mod bytes;
mod peer;
pub mod process;
mod socket;
pub mod zap;

pub use peer::{Door, Peer};
pub use socket::{EventIs, Monitor, Socket, LIMIT};

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Once;
use zeroxide::runtime::Context;

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A context. From now on panics in the library's own threads are counted: they are caught there, so
/// that no test would notice.
pub fn context() -> Context {
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().name().is_some_and(|name| name.contains("ZMQ")) {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            before(info);
        }));
    });
    Context::new().unwrap()
}

/// Closes what is left, and looks whether the library's threads went well.
pub fn finish(context: &Context, sockets: impl IntoIterator<Item = Socket>) {
    for socket in sockets {
        socket.close();
    }
    context.terminate().unwrap();
    assert_eq!(PANICS.load(Ordering::SeqCst), 0, "a thread of the library panicked");
}

/// Numbers without a pattern, the same for the same seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }
}
