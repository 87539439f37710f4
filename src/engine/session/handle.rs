//! What a socket holds of a session: the peer of its link, and the way to end it.
#![forbid(unsafe_code)]

use crate::engine::connection::{Connection, Flushed, Inline, Pumped};
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
use std::time::{Duration, Instant};

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

/// After a sender began to write a message itself, the next one within this time is taken for a burst, which
/// is worth gathering. An answer of the peer in between ends the burst.
const BURST: Duration = Duration::from_micros(8);
/// So many are written by their sender all the same: who sends two messages and then looks at the other
/// end finds both.
const FIRST: u32 = 2;

/// What goes to several peers is a burst unless the I/O thread has had nothing to do for so long.
const PAUSE: Duration = Duration::from_micros(10);

/// Stands for a session where others can see it.
pub(crate) struct SessionHandle {
    waker: Arc<dyn Waker>,
    /// The session's number at its I/O thread, once it is there.
    number: AtomicUsize,
    wanted: AtomicU32,
    established: Mutex<Option<Established>>,
    /// The endpoint by which `zmq_disconnect` and `zmq_unbind` find it.
    pub(crate) endpoint: String,
}

struct Established {
    connection: Arc<Connection>,
    last_inline: Option<Instant>,
    /// How many messages in a row were written by their sender.
    inline: u32,
    activity: u32,
    /// The I/O thread looks after what the sender leaves in the queue.
    watched: bool,
    /// The sender has flushed what was gathered since the I/O thread last looked: it is at it.
    flushed: bool,
    /// What was sent last went to several peers.
    shared: bool,
    /// The I/O thread found nothing when it last looked.
    quiet: bool,
    /// A burst has ended since the last message to several.
    calm: bool,
    /// The kernel takes no more; the I/O thread waits until it does.
    blocked: bool,
    /// A thread reads for itself, and the I/O thread does not.
    claimed: bool,
    /// It has done so since the I/O thread last looked.
    used: bool,
    /// Where it waits, if for many at once.
    station: Option<Arc<Epoll>>,
}

/// What the I/O thread has to do for a burst.
pub(super) enum Watch {
    /// The sender is at it.
    Wait,
    /// So many messages had gone out before.
    Flush {
        gone: u64,
    },
    Over,
}

/// A claim that is not used for this long lapses.
const CLAIM: Duration = Duration::from_millis(10);
/// The same for one of many, which come to their turn more rarely.
const CLAIM_AT_STATION: Duration = Duration::from_millis(40);

const NOWHERE: usize = usize::MAX;

impl SessionHandle {
    pub(crate) fn new(waker: Arc<dyn Waker>, endpoint: String) -> Arc<Self> {
        Arc::new(Self {
            waker,
            number: AtomicUsize::new(NOWHERE),
            wanted: AtomicU32::new(0),
            established: Mutex::new(None),
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
        let mut established = self.established.lock();
        if let Some(established) = &mut *established {
            established.leave_station();
        }
        *established = connection.map(|connection| Established {
            connection,
            last_inline: None,
            inline: 0,
            activity: 0,
            watched: false,
            flushed: false,
            shared: false,
            quiet: false,
            calm: false,
            blocked,
            claimed: false,
            used: false,
            station: None,
        });
    }

    /// Looks after a burst: the sender flushes full batches by itself, and what it leaves when it goes quiet
    /// is for the I/O thread.
    pub(super) fn watch(&self) -> Watch {
        // Who holds a lock here is the sender, at work.
        let Some(mut established) = self.established.try_lock() else { return Watch::Wait };
        let Some(established) = &mut *established else { return Watch::Over };
        if std::mem::take(&mut established.flushed) {
            return Watch::Wait;
        }
        // Under the lock: a sender that finds the queue empty after this asks for a new watch.
        let Some(mut send) = established.connection.send.try_lock() else { return Watch::Wait };
        let idle = send.is_idle();
        if idle && established.shared && !established.quiet {
            // What goes to several peers never goes at once: the next message is better waited for.
            established.quiet = true;
            return Watch::Wait;
        }
        established.quiet = idle;
        established.watched = !send.is_done();
        established.calm = !established.watched;
        match established.watched {
            true => Watch::Flush { gone: send.messages() },
            false => Watch::Over,
        }
    }

    /// What waited at the last look, when so many messages had `gone` out, has been seen to. If it was no more than
    /// what a sender would have written by itself, there is no burst any longer: messages that come one by one do
    /// not wait for each other. True if this was the last look.
    pub(super) fn end_watch(&self, gone: u64) -> bool {
        let Some(mut established) = self.established.try_lock() else { return false };
        let Some(established) = &mut *established else { return true };
        let Some(mut send) = established.connection.send.try_lock() else { return false };
        let few = send.messages().saturating_sub(gone) <= u64::from(FIRST);
        established.watched = !(few && send.is_done());
        established.calm = !established.watched;
        !established.watched
    }

    /// Notes whether the I/O thread waits for the kernel to take more. Says whether somebody else reads.
    pub(super) fn set_blocked(&self, blocked: bool) -> bool {
        let mut established = self.established.lock();
        let Some(established) = &mut *established else { return false };
        established.blocked = blocked;
        established.claimed
    }

    /// Is the claim still in use? If not it is taken back, and the I/O thread has to watch again.
    pub(super) fn renew_claim(&self) -> bool {
        let mut established = self.established.lock();
        let Some(established) = &mut *established else { return false };
        established.claimed &= std::mem::take(&mut established.used);
        if !established.claimed {
            established.leave_station();
        }
        established.claimed
    }

    /// Did what was sent last go to other peers as well?
    pub(super) fn is_one_of_many(&self) -> bool {
        self.established.lock().as_ref().is_some_and(|established| established.shared)
    }

    /// How long a claim may go unused.
    pub(super) fn claim_time(&self) -> Duration {
        match &*self.established.lock() {
            Some(Established { station: Some(_), .. }) => CLAIM_AT_STATION,
            _ => CLAIM,
        }
    }

    /// Is what goes to several one of many? Who comes after a pause does not wait for company, and nobody looks after
    /// it. That a burst is over was found out by work of the thread.
    fn is_burst(&self, established: &mut Established) -> bool {
        let calm = std::mem::take(&mut established.calm);
        established.watched || !calm && self.waker.idle() < PAUSE
    }

    /// Leaves what was sent for company: an I/O thread looks after it.
    fn gather(&self, established: &mut Established, shared: bool) {
        established.shared = shared;
        if !std::mem::replace(&mut established.watched, true) {
            // Another thread that is at it has no part in this burst.
            if let Some(mut send) = established.connection.send.try_lock() {
                send.attend();
            }
            self.wake(wake::SEND | wake::WATCH);
        }
    }

    /// Flushes on the sender's thread, if nobody else is at it.
    fn flush(&self, established: &mut Established) {
        match established.connection.try_flush() {
            Some(Ok(Flushed::Done)) => {}
            Some(Ok(_)) | None => self.wake(wake::SEND),
            Some(Err(_)) => self.wake(wake::BROKEN),
        }
    }

    /// The same for a burst: the sender is at it, and the I/O thread need not be soon.
    fn flush_gathered(&self, established: &mut Established) {
        established.flushed = true;
        self.flush(established);
    }

    /// From here on a thread reads for itself, and the I/O thread does not.
    fn take_over(&self, established: &mut Established, fd: RawFd) {
        if !std::mem::replace(&mut established.claimed, true) {
            let number = self.number.load(Ordering::SeqCst);
            self.waker.stop_reading(number, fd, established.blocked);
            self.wake(wake::CLAIMED);
        }
    }

    /// Sees to what came of reading outside of the I/O thread. Says what it brought.
    fn pumped(&self, established: &mut Established, inline: &Inline) -> Brought {
        if inline.replied {
            self.flush(established);
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

impl Established {
    /// Does a thread read for itself that comes here before each wait? One of many at a station does not.
    fn is_read_elsewhere(&self) -> bool {
        self.claimed && self.station.is_none()
    }

    fn leave_station(&mut self) {
        if let Some(station) = self.station.take() {
            station.remove(self.connection.fd());
        }
    }

    /// Is this a single message, rather than one of many in a row?
    fn is_single(&mut self) -> bool {
        let activity = self.connection.activity();
        let answered = std::mem::replace(&mut self.activity, activity) != activity;
        // From when it began to when the next one begins: what is woken by it may run in between.
        let now = clock::now();
        if answered || self.last_inline.is_none_or(|last| now - last > BURST) {
            self.inline = 0;
        }
        self.inline = self.inline.saturating_add(1);
        let single = self.inline <= FIRST;
        if single {
            self.last_inline = Some(now);
        }
        single
    }
}

impl Peer for SessionHandle {
    fn readable(&self) {
        let mut established = self.established.lock();
        let Some(established) = &mut *established else { return self.wake(wake::SEND) };
        let inline = INLINE_SEND.get();
        if inline == Use::Off {
            return self.wake(wake::SEND);
        }
        if inline == Use::Always || established.is_single() {
            return self.flush(established);
        }
        self.gather(established, false);
    }

    fn gathered(&self) {
        if let Some(established) = &mut *self.established.lock() {
            if INLINE_SEND.get() != Use::Off && self.is_burst(established) {
                return self.gather(established, true);
            }
        }
        self.wake(wake::SEND);
    }

    fn writable(&self) {
        // Who reads for itself goes on by itself, when it has used up what there was.
        let goes_on = self.established.lock().as_ref().is_some_and(Established::is_read_elsewhere);
        if !goes_on {
            self.wake(wake::RECEIVE);
        }
    }

    fn closed(&self) {
        self.wake(wake::CLOSED);
    }

    fn start_over(&self) {
        if let Some(established) = &*self.established.lock() {
            established.connection.cut();
        }
        self.wake(wake::REPEAT | wake::BROKEN);
    }

    fn pressure(&self) {
        if INLINE_SEND.get() == Use::Off {
            return;
        }
        let mut established = self.established.lock();
        if let Some(established) = &mut *established {
            self.flush_gathered(established);
        }
    }

    fn send_through(&self, body: &[u8], queue: &mut dyn FnMut() -> Result<()>) -> Result<bool> {
        if INLINE_SEND.get() == Use::Off {
            return Ok(false);
        }
        let mut established = self.established.lock();
        let Some(established) = &mut *established else { return Ok(false) };
        match established.connection.send_through(body, queue) {
            None => {
                if established.connection.was_left_flushing() {
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
        established.flushed = true;
        Ok(true)
    }

    fn claim(&self) -> Option<RawFd> {
        if CLAIMED_RECEIVE.get() == Use::Off {
            return None;
        }
        let mut established = self.established.lock();
        let established = established.as_mut()?;
        let fd = established.connection.fd();
        established.used = true;
        if established.watched {
            // Who is about to wait for an answer lets the question go first.
            self.flush_gathered(established);
        }
        self.take_over(established, fd);
        if let Some(inline) = established.connection.try_resume() {
            self.pumped(established, &inline);
        }
        Some(fd)
    }

    fn claim_at(&self, station: &Arc<Epoll>, key: u32) {
        if CLAIMED_RECEIVE.get() == Use::Off {
            return;
        }
        let mut established = self.established.lock();
        let Some(established) = &mut *established else { return };
        let fd = established.connection.fd();
        established.used = true;
        if established.station.is_some() || !station.add(fd, key) {
            return;
        }
        established.station = Some(station.clone());
        self.take_over(established, fd);
    }

    fn pump(&self) -> Brought {
        let mut established = self.established.lock();
        let Some(established) = &mut *established else { return Brought::Little };
        established.used = true;
        let Some(inline) = established.connection.try_pump() else {
            return Brought::Little;
        };
        self.pumped(established, &inline)
    }

    fn look(&self) {
        let connection = match &*self.established.lock() {
            Some(established) => established.connection.clone(),
            None => return,
        };
        // Not under the lock: the I/O thread may be reading.
        let inline = connection.look();
        if let Some(established) = &mut *self.established.lock() {
            self.pumped(established, &inline);
        }
    }

    fn release(&self) {
        let mut established = self.established.lock();
        let Some(established) = &mut *established else { return };
        established.leave_station();
        if std::mem::take(&mut established.claimed) {
            self.wake(wake::RELEASED);
        }
    }
}

#[cfg(test)]
mod tests;
