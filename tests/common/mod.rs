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
use std::time::Duration;
use zeroxide::internal::options::ids;
use zeroxide::internal::runtime::Context;

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

/// What makes a socket ready for a test.
pub type Setup<'a> = &'a dyn Fn(&Socket);

/// Two sockets that disagree on who they are exchange nothing.
#[track_caller]
pub fn disagree(context: &Context, pair: usize, setups: [Setup<'_>; 2]) {
    let ends = [ids::DEALER; 2].map(|kind| Socket::new(context, kind));
    for (end, configure) in ends.iter().zip(setups) {
        configure(end);
        end.set(ids::HANDSHAKE_IVL, 100);
        end.set(ids::RECONNECT_IVL, 10);
    }
    ends[1].connect(&ends[0].bind("tcp://127.0.0.1:*"));
    // It may have been turned away already.
    ends[1].try_send(b"hello");
    assert!(ends[0].is_silent(Duration::from_millis(250)), "pair {pair}");
    assert!(!ends[0].can_send(), "pair {pair}");
    ends.into_iter().for_each(Socket::close);
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
