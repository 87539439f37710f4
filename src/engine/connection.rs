//! An established connection: a stream, and two halves that any thread may drive.
//!
//! Each half is behind its own lock. Normally an I/O thread drives them; a thread that is about to
//! sleep in `recv`, or that has just written the only message, may do it itself when the half is free.
//! Errors are not handled where they show: they are told to the session, which owns the end.
#![forbid(unsafe_code)]

pub(crate) use super::half::{
    Flushed, Pumped, RecvFraming, RecvHalf, Sealed, SendFraming, SendHalf,
};
use crate::error::Result;
use crate::link::Brought;
use crate::sys::io::Stream;
use parking_lot::{Mutex, MutexGuard};
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{fence, AtomicBool, AtomicU32, Ordering};

/// A connection whose handshake is over.
pub(crate) struct Connection {
    stream: Stream,
    pub(crate) send: Mutex<SendHalf>,
    pub(crate) recv: Mutex<RecvHalf>,
    /// The I/O thread wanted to flush, and left that to the thread that had the send half.
    left: AtomicBool,
    /// Counts reads that brought something.
    activity: AtomicU32,
}

/// What came of reading.
pub(crate) struct Inline {
    pub(crate) pumped: Pumped,
    pub(crate) brought: Brought,
    /// A reply is due: the send half is to be flushed.
    pub(crate) replied: bool,
    /// The peer has promised a sign of life, of which the session is to know.
    pub(crate) pinged: bool,
}

impl Connection {
    pub(crate) fn new(stream: Stream, send: SendHalf, recv: RecvHalf) -> Self {
        Self {
            stream,
            send: Mutex::new(send),
            recv: Mutex::new(recv),
            left: AtomicBool::new(false),
            activity: AtomicU32::new(0),
        }
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    /// Writes what waits, as far as the kernel takes it.
    pub(crate) fn flush(&self) -> io::Result<Flushed> {
        self.send.lock().flush(&self.stream)
    }

    /// The same, unless another thread is at it.
    pub(crate) fn try_flush(&self) -> Option<io::Result<Flushed>> {
        Some(self.send.try_lock()?.flush(&self.stream))
    }

    /// The same on the I/O thread. A thread that is at it either flushes as well, or asks
    /// [`Connection::was_left_flushing`] when it is done.
    pub(crate) fn flush_or_leave(&self) -> Option<io::Result<Flushed>> {
        if let Some(flushed) = self.try_flush() {
            return Some(flushed);
        }
        self.left.store(true, Ordering::Relaxed);
        // One of the two sees the other: the other thread this, or this one that the half is free.
        fence(Ordering::SeqCst);
        self.try_flush()
    }

    /// Has the I/O thread left its flushing to this thread, which had the send half and did not
    /// flush?
    pub(crate) fn was_left_flushing(&self) -> bool {
        fence(Ordering::SeqCst);
        self.left.load(Ordering::Relaxed) && self.left.swap(false, Ordering::Relaxed)
    }

    /// See [`SendHalf::send_through`]. `None` also if another thread is at it.
    pub(crate) fn send_through(
        &self,
        body: &[u8],
        queue: &mut dyn FnMut() -> Result<()>,
    ) -> Option<Result<Flushed>> {
        self.send.try_lock()?.send_through(&self.stream, body, queue)
    }

    /// Reads what is there and hands it to the socket; with `drain` until the system says that there is no more.
    pub(crate) fn pump(&self, drain: bool) -> Pumped {
        self.read(self.recv.lock(), drain).pumped
    }

    /// The same, unless another thread is at it.
    pub(crate) fn try_pump(&self) -> Option<Inline> {
        Some(self.read(self.recv.try_lock()?, false))
    }

    /// The same, only if reading stopped for want of room.
    pub(crate) fn try_resume(&self) -> Option<Inline> {
        let half = self.recv.try_lock()?;
        half.is_full().then(|| self.read(half, false))
    }

    /// The same, when the other thread is done.
    pub(crate) fn look(&self) -> Inline {
        self.read(self.recv.lock(), false)
    }

    fn read(&self, mut half: MutexGuard<'_, RecvHalf>, drain: bool) -> Inline {
        let pumped = half.pump(&self.stream, &self.activity, drain);
        let replies = half.take_replies();
        let (brought, pinged) = (half.brought(), half.has_ping());
        drop(half);
        let replied = replies.is_some();
        if let Some(replies) = replies {
            self.send.lock().queue_frames(&replies);
        }
        Inline { pumped, brought, replied, pinged }
    }

    /// How many reads brought something so far.
    pub(crate) fn activity(&self) -> u32 {
        self.activity.load(Ordering::Relaxed)
    }

    /// Ends the connection at once. A thread that sleeps on the descriptor has the kernel keep it,
    /// whoever closes it; the peer would hear of the end when that thread wakes.
    pub(crate) fn cut(&self) {
        // An error means that there is no connection to end.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Says goodbye: what was written still arrives, also when the peer sent what nobody read.
    pub(crate) fn shut_down(&self) {
        let mut scratch = [0; 4096];
        // Unread bytes would make the kernel answer with a reset, and the peer lose what it has not read.
        for _ in 0..256 {
            if !matches!(self.stream.recv(&mut scratch), Ok(read) if read > 0) {
                break;
            }
        }
        // An error means that there is no connection to shut down.
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}
