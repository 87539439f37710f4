//! What a socket holds of a session: the peer of its link, and the way to end it.
#![forbid(unsafe_code)]

use crate::engine::connection::{Connection, Flushed, Inline, Pumped, SendHalf};
use crate::engine::policy::reader::{Reader, CLAIM_LIFETIME};
use crate::engine::policy::send::{Decision, Look, SendPolicy, Unsent};
use crate::engine::reactor::Waker;
use crate::engine::switches::{Use, CLAIMED_RECEIVE, INLINE_SEND};
use crate::error::Result;
use crate::link::{Brought, Peer};
use crate::sys::clock;
use crate::sys::epoll::Epoll;
use parking_lot::Mutex;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

/// What a session is woken for.
pub(super) mod wake {
    /// There is something to send.
    pub(crate) const SEND: u32 = 1;
    /// The socket has room again.
    pub(crate) const RECEIVE: u32 = 2;
    /// The socket's end of the link is gone.
    pub(crate) const CLOSED: u32 = 4;
    /// The session is to end.
    pub(crate) const STOP: u32 = 8;
    /// A sender met an error that the session has to deal with.
    pub(crate) const BROKEN: u32 = 16;
    /// A thread reads for itself from now on.
    pub(crate) const CLAIMED: u32 = 32;
    /// It does so no more.
    pub(crate) const RELEASED: u32 = 64;
    /// A burst has begun: somebody has to see to its end.
    pub(crate) const WATCH: u32 = 128;
    /// The peer is to be told everything again, by a connection that is yet to come.
    pub(crate) const REPEAT: u32 = 2048;
    /// The ZAP handler has answered.
    pub(crate) const ZAP: u32 = 256;
    /// The peer has sent a PING.
    pub(crate) const PING: u32 = 512;
    /// The socket does not want to be connected to the endpoint any more.
    pub(crate) const DISCONNECT: u32 = 1024;
}

/// Stands for a session where others can see it.
pub(crate) struct SessionHandle {
    waker: Arc<dyn Waker>,
    /// The session's number at its I/O thread, once it is there.
    number: AtomicUsize,
    wanted: AtomicU32,
    live: Mutex<Option<LiveConnection>>,
    /// The endpoint by which `zmq_disconnect` and `zmq_unbind` find it.
    pub(crate) endpoint: String,
}

struct LiveConnection {
    connection: Arc<Connection>,
    policy: SendPolicy,
    reader: Reader<Arc<Epoll>>,
    /// The kernel takes no more; the I/O thread waits until it does.
    blocked: bool,
}

const NOWHERE: usize = usize::MAX;

impl SessionHandle {
    pub(crate) fn new(waker: Arc<dyn Waker>, endpoint: String) -> Arc<Self> {
        Arc::new(Self {
            waker,
            number: AtomicUsize::new(NOWHERE),
            wanted: AtomicU32::new(0),
            live: Mutex::new(None),
            endpoint,
        })
    }

    /// Ends the session: what is queued still goes out, as long as the owner's linger allows.
    pub(crate) fn stop(&self) {
        self.wake(wake::STOP);
    }

    /// Ends the session in the same way, and perhaps for good if its connection is lost.
    pub(crate) fn disconnect(&self) {
        self.wake(wake::DISCONNECT);
    }

    /// Notes what the session itself wants to do when others had their turn.
    pub(super) fn note(&self, what: u32) {
        self.wanted.fetch_or(what, Ordering::SeqCst);
    }

    pub(super) fn settle(&self, number: usize) {
        self.number.store(number, Ordering::SeqCst);
    }

    pub(super) fn take_wanted(&self) -> u32 {
        self.wanted.swap(0, Ordering::SeqCst)
    }

    /// `blocked` is as for [`SessionHandle::set_blocked`].
    pub(super) fn set_connection(&self, connection: Option<Arc<Connection>>, blocked: bool) {
        let mut live = self.live.lock();
        if let Some(live) = &mut *live {
            live.give_up_claim();
        }
        *live = connection.map(|connection| LiveConnection {
            connection,
            policy: SendPolicy::new(),
            reader: Reader::default(),
            blocked,
        });
    }

    /// Looks after a burst: the sender flushes full batches by itself, and what it leaves when it goes quiet
    /// is for the I/O thread.
    pub(super) fn watch(&self) -> Look {
        // Whoever holds a lock here is the sender, at work.
        let Some(mut live) = self.live.try_lock() else { return Look::Wait };
        let Some(LiveConnection { connection, policy, .. }) = &mut *live else { return Look::Over };
        policy.look(|| connection.send.try_lock())
    }

    /// See [`SendPolicy::end_look`].
    pub(super) fn end_watch(&self, gone: u64) -> bool {
        let Some(mut live) = self.live.try_lock() else { return false };
        let Some(LiveConnection { connection, policy, .. }) = &mut *live else { return true };
        policy.end_look(gone, || connection.send.try_lock())
    }

    /// Notes whether the I/O thread waits for the kernel to take more. Says whether somebody else reads.
    pub(super) fn set_blocked(&self, blocked: bool) -> bool {
        let mut live = self.live.lock();
        let Some(live) = &mut *live else { return false };
        live.blocked = blocked;
        live.reader.is_claimed()
    }

    /// Is the claim still in use? If not it is taken back, and the I/O thread has to watch again.
    pub(super) fn renew_claim(&self) -> bool {
        let mut live = self.live.lock();
        let Some(live) = &mut *live else { return false };
        let lapsed = live.reader.has_lapsed();
        if lapsed {
            live.give_up_claim();
        }
        !lapsed
    }

    /// Did what was sent last go to other peers as well?
    pub(super) fn is_one_of_many(&self) -> bool {
        self.live.lock().as_ref().is_some_and(|live| live.policy.fans_out())
    }

    /// How long a claim may go unused.
    pub(super) fn claim_time(&self) -> Duration {
        self.live.lock().as_ref().map_or(CLAIM_LIFETIME, |live| live.reader.lifetime())
    }

    /// Has a message written, or leaves it for company.
    fn obey(
        &self,
        decision: Decision,
        live: &mut LiveConnection,
        write: impl FnOnce(&mut LiveConnection),
    ) {
        match decision {
            Decision::Write => write(live),
            Decision::Leave => {}
            Decision::LeaveToWatch => {
                // Another thread that is at it has no part in this burst.
                if let Some(mut send) = live.connection.send.try_lock() {
                    send.attend();
                }
                self.wake(wake::SEND | wake::WATCH);
            }
        }
    }

    /// Flushes on the sender's thread, if nobody else is at it.
    fn flush(&self, live: &mut LiveConnection) {
        match live.connection.try_flush() {
            Some(Ok(Flushed::Done)) => {}
            Some(Ok(_)) | None => self.wake(wake::SEND),
            Some(Err(_)) => self.wake(wake::BROKEN),
        }
    }

    /// The same for a burst: the sender is at it, and the I/O thread need not be soon.
    fn flush_gathered(&self, live: &mut LiveConnection) {
        live.policy.note_flushed();
        self.flush(live);
    }

    /// From here on a thread reads for itself, and the I/O thread does not.
    fn take_over(&self, live: &LiveConnection) {
        let number = self.number.load(Ordering::SeqCst);
        self.waker.stop_reading(number, live.connection.fd(), live.blocked);
        self.wake(wake::CLAIMED);
    }

    /// Sees to what came of reading outside of the I/O thread. Says what it brought.
    fn pumped(&self, live: &mut LiveConnection, inline: &Inline) -> Brought {
        if inline.replied {
            self.flush(live);
        }
        if inline.pinged {
            self.wake(wake::PING);
        }
        match inline.pumped {
            Pumped::Idle | Pumped::Full => inline.brought,
            Pumped::More => inline.brought.max(Brought::Much),
            Pumped::Closed | Pumped::Broken(_) | Pumped::Malformed(_) => {
                self.wake(wake::BROKEN);
                Brought::Little
            }
        }
    }

    pub(super) fn wake(&self, what: u32) {
        if self.wanted.fetch_or(what, Ordering::SeqCst) == 0 {
            let number = self.number.load(Ordering::SeqCst);
            // A session that is not there yet looks by itself when it comes.
            if number != NOWHERE {
                self.waker.poke(number);
            }
        }
    }
}

impl LiveConnection {
    /// The I/O thread reads from now on. True if it did not before.
    fn give_up_claim(&mut self) -> bool {
        let reader = std::mem::take(&mut self.reader);
        if let Some(set) = reader.busy_set() {
            set.remove(self.connection.fd());
        }
        reader.is_claimed()
    }
}

impl Unsent for SendHalf {
    fn is_idle(&mut self) -> bool {
        SendHalf::is_idle(self)
    }

    fn is_done(&mut self) -> bool {
        SendHalf::is_done(self)
    }

    fn messages(&mut self) -> u64 {
        SendHalf::messages(self)
    }
}

impl Peer for SessionHandle {
    fn readable(&self) {
        let inline = INLINE_SEND.get();
        match &mut *self.live.lock() {
            Some(live) if inline != Use::Off => {
                let decision = match inline {
                    Use::Always => Decision::Write,
                    _ => live.policy.decide(clock::now(), live.connection.activity()),
                };
                self.obey(decision, live, |live| self.flush(live));
            }
            _ => self.wake(wake::SEND),
        }
    }

    fn gathered(&self) {
        match &mut *self.live.lock() {
            Some(live) if INLINE_SEND.get() != Use::Off => {
                let decision = live.policy.decide_fan_out(|| self.waker.idle());
                self.obey(decision, live, |_| self.wake(wake::SEND));
            }
            _ => self.wake(wake::SEND),
        }
    }

    fn writable(&self) {
        // A thread that reads for itself goes on by itself, when it has used up what there was.
        let goes_on = self.live.lock().as_ref().is_some_and(|live| live.reader.is_caller());
        if !goes_on {
            self.wake(wake::RECEIVE);
        }
    }

    fn closed(&self) {
        self.wake(wake::CLOSED);
    }

    fn start_over(&self) {
        if let Some(live) = &*self.live.lock() {
            live.connection.cut();
        }
        self.wake(wake::REPEAT | wake::BROKEN);
    }

    fn pressure(&self) {
        if INLINE_SEND.get() == Use::Off {
            return;
        }
        if let Some(live) = &mut *self.live.lock() {
            self.flush_gathered(live);
        }
    }

    fn send_through(&self, body: &[u8], queue: &mut dyn FnMut() -> Result<()>) -> Result<bool> {
        if INLINE_SEND.get() == Use::Off {
            return Ok(false);
        }
        let mut live = self.live.lock();
        let Some(live) = &mut *live else { return Ok(false) };
        match live.connection.send_through(body, queue) {
            None => {
                if live.connection.was_left_flushing() {
                    self.wake(wake::SEND);
                }
                return Ok(false);
            }
            Some(Ok(Flushed::Done)) => {}
            Some(Ok(_)) => self.wake(wake::SEND),
            Some(Err(error)) => {
                self.wake(wake::BROKEN);
                return Err(error);
            }
        }
        live.policy.note_flushed();
        Ok(true)
    }

    fn claim(&self) -> Option<RawFd> {
        if CLAIMED_RECEIVE.get() == Use::Off {
            return None;
        }
        let mut live = self.live.lock();
        let live = live.as_mut()?;
        let is_new = live.reader.claim();
        if live.policy.is_watched() {
            // A thread that is about to wait for an answer lets the question go first.
            self.flush_gathered(live);
        }
        if is_new {
            self.take_over(live);
        }
        if let Some(inline) = live.connection.try_resume() {
            self.pumped(live, &inline);
        }
        Some(live.connection.fd())
    }

    fn claim_at(&self, station: &Arc<Epoll>, key: u32) {
        if CLAIMED_RECEIVE.get() == Use::Off {
            return;
        }
        let mut live = self.live.lock();
        let Some(live) = &mut *live else { return };
        live.reader.note_used();
        if live.reader.busy_set().is_some() || !station.add(live.connection.fd(), key) {
            return;
        }
        if live.reader.claim_in(station.clone()) {
            self.take_over(live);
        }
    }

    fn pump(&self) -> Brought {
        let mut live = self.live.lock();
        let Some(live) = &mut *live else { return Brought::Little };
        live.reader.note_used();
        let Some(inline) = live.connection.try_pump() else {
            return Brought::Little;
        };
        self.pumped(live, &inline)
    }

    fn look(&self) {
        let connection = match &*self.live.lock() {
            Some(live) => live.connection.clone(),
            None => return,
        };
        // Not under the lock: the I/O thread may be reading.
        let inline = connection.look();
        if let Some(live) = &mut *self.live.lock() {
            self.pumped(live, &inline);
        }
    }

    fn release(&self) {
        let mut live = self.live.lock();
        if live.as_mut().is_some_and(LiveConnection::give_up_claim) {
            self.wake(wake::RELEASED);
        }
    }
}

#[cfg(test)]
mod tests;
