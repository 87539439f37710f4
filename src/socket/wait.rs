//! How a socket sleeps until something can be done.
#![forbid(unsafe_code)]

use super::spin::{Looks, Spin, MOMENT, REST};
use super::station::Station;
use super::Core;
use crate::engine::switches::{Use, CLAIMED_RECEIVE};
use crate::error::{Error, Result};
use crate::link::{Brought, LinkId};
use crate::options::millis;
use crate::sys::clock;
use crate::sys::epoll::BATCH;
use crate::sys::nap::{Nap, Sleep};
use crate::sys::poll::{poll, PollFd, POLLIN};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// When a call gives up.
#[derive(Clone, Copy)]
pub(super) enum Deadline {
    Now,
    At(Instant),
    Never,
}

impl Deadline {
    pub(super) fn after(timeout: Option<Duration>) -> Self {
        match timeout {
            None => Deadline::Never,
            Some(timeout) if timeout.is_zero() => Deadline::Now,
            Some(timeout) => {
                Instant::now().checked_add(timeout).map_or(Deadline::Never, Deadline::At)
            }
        }
    }

    /// The same once more, for a call that has slept.
    pub(super) fn again(slept: &Sleep) -> Self {
        slept.deadline.map_or(Deadline::Never, Deadline::At)
    }

    /// When that is, if ever, and if there is time to sleep at all.
    pub(super) fn at(self) -> Option<Instant> {
        match self {
            Deadline::At(at) => Some(at),
            Deadline::Now | Deadline::Never => None,
        }
    }

    /// The time left, `None` if there is no limit; `Again` if there is none left.
    pub(super) fn left(self) -> Result<Option<Duration>> {
        match self {
            Deadline::Now => Err(Error::Again),
            Deadline::Never => Ok(None),
            Deadline::At(at) => match at.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => Ok(Some(left)),
                _ => Err(Error::Again),
            },
        }
    }
}

/// A sleep that has begun.
pub(super) struct Asleep {
    /// It ends when there is something to read from the socket's connections, too.
    reading: bool,
    /// What is waited for may come soon: the rest of a message, or an answer.
    rest: Option<bool>,
    began: Instant,
}

impl Core {
    pub(super) fn deadline(&self, dont_wait: bool, timeout: i32) -> Deadline {
        match dont_wait {
            true => Deadline::Now,
            false => Deadline::after(millis(timeout)),
        }
    }

    /// Sleeps until somebody tells the socket something, and does what it was told.
    pub(super) fn wait(&mut self, deadline: Deadline) -> Result<()> {
        let left = deadline.left()?;
        self.sleep_and_process(left, false)
    }

    /// The same, and reads from the socket's connections meanwhile.
    pub(super) fn wait_for_messages(&mut self, deadline: Deadline) -> Result<()> {
        match deadline.left() {
            Ok(left) => self.sleep_and_process(left, true),
            Err(_) if self.last_look() => self.check(),
            Err(error) => Err(error),
        }
    }

    fn sleep_and_process(&mut self, left: Option<Duration>, reading: bool) -> Result<()> {
        let mut fds = self.begin_sleep(reading);
        let slept = match self.looks_first(left, reading) {
            None => Ok(()),
            Some(asleep) => {
                let slept = self.sleep_on(&mut fds, left, reading);
                slept.map(|()| self.note_slept(asleep))
            }
        };
        self.fds = fds;
        slept?;
        self.wake_up()
    }

    /// Begins to sleep as [`Core::wait`] does, or as [`Core::wait_for_messages`] if it is
    /// `reading`. True if the caller is to sleep without the socket, and then to come back to
    /// [`Core::end_nap`].
    pub(super) fn begin_nap(
        &mut self,
        deadline: Deadline,
        reading: bool,
        nap: &mut Nap,
    ) -> Result<bool> {
        let left = match deadline.left() {
            Ok(left) => left,
            Err(_) if reading && self.last_look() => return self.check().map(|()| false),
            Err(error) => return Err(error),
        };
        let mut fds = self.begin_sleep(reading);
        self.asleep = self.looks_first(left, reading);
        let sleeps = self.asleep.is_some() && self.mailbox.arm();
        if sleeps {
            nap.lie_down(&mut fds, left, deadline.at());
        }
        self.fds = fds;
        match sleeps {
            true => Ok(true),
            false => self.wake_up().map(|()| false),
        }
    }

    /// Ends what [`Core::begin_nap`] began.
    pub(super) fn end_nap(&mut self, slept: Sleep) -> Result<()> {
        let mut fds = std::mem::take(&mut self.fds);
        let polled = slept.end(&mut fds);
        if polled.is_err() || !fds.first().is_some_and(PollFd::is_ready) {
            self.mailbox.disarm();
        }
        // Another thread may have used the socket meanwhile; then there is no more to end.
        if let (Ok(()), Some(asleep)) = (&polled, self.asleep.take()) {
            if asleep.reading {
                self.pump(fds.get(1..));
            }
            self.note_slept(asleep);
        }
        self.fds = fds;
        polled?;
        self.wake_up()
    }

    fn begin_sleep(&mut self, reading: bool) -> Vec<PollFd> {
        let mut fds = std::mem::take(&mut self.fds);
        fds.clear();
        fds.push(PollFd::new(self.mailbox.fd(), POLLIN));
        if reading {
            self.claim(&mut fds);
        }
        fds
    }

    fn wake_up(&mut self) -> Result<()> {
        self.process_commands();
        self.mailbox.disarm();
        self.check()
    }

    /// Looks once more before it sleeps, or for a moment where that pays. `None` if there is
    /// something.
    fn looks_first(&mut self, left: Option<Duration>, reading: bool) -> Option<Asleep> {
        let asleep = |rest| Some(Asleep { reading, rest, began: Instant::now() });
        if !reading {
            return asleep(None);
        }
        if self.brought > Brought::Little && self.pump(None) {
            return None;
        }
        // What is waited for after something was sent may be the answer.
        let asked = self.answers.begin();
        let rest = self.brought == Brought::Part;
        let limit = match rest {
            true => REST,
            false if asked => MOMENT,
            false => return asleep(None),
        };
        if self.spin(rest).pays() && left.is_none_or(|left| left > limit) && self.look(rest, limit)
        {
            return None;
        }
        asleep(Some(rest))
    }

    fn note_slept(&mut self, asleep: Asleep) {
        if let Some(rest) = asleep.rest {
            self.spin(rest).was_asleep(asleep.began.elapsed());
        }
    }

    fn spin(&mut self, rest: bool) -> &mut Spin {
        match rest {
            true => &mut self.rests,
            false => &mut self.answers,
        }
    }

    /// Waits a moment without sleeping. True if the socket was told something.
    fn look(&mut self, rest: bool, limit: Duration) -> bool {
        let mut looks = Looks::begin(limit);
        let mut told = false;
        while !told && looks.go_on() {
            let reads = self.at_station || !self.claims.is_empty();
            told = if reads { self.pump(None) } else { self.listen() };
            if !told {
                std::thread::yield_now();
            }
        }
        self.spin(rest).was_awake(&looks, told);
        told
    }

    fn listen(&self) -> bool {
        (0..LISTEN).any(|_| {
            std::hint::spin_loop();
            self.mailbox.is_pending()
        })
    }

    fn sleep_on(
        &mut self,
        fds: &mut [PollFd],
        left: Option<Duration>,
        reading: bool,
    ) -> Result<()> {
        self.context.pass_on_returns();
        if self.mailbox.arm() {
            let polled = poll(fds, left);
            if polled.is_err() || !fds[0].is_ready() {
                // From here on this thread wakes nobody but itself.
                self.mailbox.disarm();
            }
            polled?;
            if reading {
                self.pump(Some(&fds[1..]));
            }
        }
        Ok(())
    }

    /// The caller is about to wait: what was sent does not wait for company any longer.
    pub(super) fn settle(&mut self) {
        if std::mem::take(&mut self.unsettled) && self.links.len() <= MAX_CLAIMS {
            for id in self.links.iter_ids() {
                if let Some(link) = self.links.get_mut(id) {
                    link.press();
                }
            }
        }
    }

    /// Claims the receive halves of the socket's connections, if they are few, and adds what to sleep on.
    pub(super) fn claim(&mut self, fds: &mut Vec<PollFd>) {
        self.claims.clear();
        self.at_station = false;
        if !self.receives || self.mailbox.is_shared() {
            return;
        }
        if self.has_many_links() {
            return self.claim_busy(fds);
        }
        for id in self.links.iter_ids() {
            let Some(link) = self.links.get(id) else { continue };
            if let Some(fd) = link.peer().claim() {
                fds.push(PollFd::new(fd, POLLIN));
                self.claims.push(link.peer().clone());
            }
        }
    }

    /// The same for those that are busy out of many.
    fn claim_busy(&mut self, fds: &mut Vec<PollFd>) {
        while let Some((id, epoll)) = self.station.next_busy() {
            if let Some(link) = self.links.get(id) {
                link.peer().claim_at(epoll, id.0);
            }
        }
        if let Some(fd) = self.station.fd() {
            fds.push(PollFd::new(fd, POLLIN));
            self.at_station = true;
        }
    }

    fn has_many_links(&self) -> bool {
        self.links.len() > MAX_CLAIMS && CLAIMED_RECEIVE.get() != Use::Always
    }

    /// Who finds messages without waiting looks at the station now and then: others may have brought some, too.
    pub(super) fn look_around(&mut self) {
        if self.at_station {
            self.pump(None);
        }
    }

    /// A link has brought something.
    pub(super) fn note_readable(&mut self, id: LinkId) {
        // What publishers are asked for is not to wait for their next wait.
        if self.receives && !self.publishes && self.has_many_links() {
            self.station.note(id);
        }
    }

    /// Reads from those connections at the station that have something.
    fn pump_station(&mut self) -> Brought {
        let ready = self.station.ready();
        // Where there are as many as can be told, there may be more.
        let mut brought = if ready.len() < BATCH { Brought::Little } else { Brought::Much };
        for id in &ready {
            if let Some(link) = self.links.get(LinkId(*id)) {
                brought = brought.max(link.peer().pump());
            }
        }
        self.station.keep(ready);
        brought
    }

    /// Reads from those claimed connections that are ready, or from all. True if something was told.
    pub(super) fn pump(&mut self, fds: Option<&[PollFd]>) -> bool {
        let mut brought = Brought::Little;
        if self.at_station && fds.is_none_or(|fds| fds.iter().any(PollFd::is_ready)) {
            brought = self.pump_station();
        }
        for (index, peer) in self.claims.iter().enumerate() {
            if fds.is_none_or(|fds| fds.get(index).is_some_and(PollFd::is_ready)) {
                brought = brought.max(peer.pump());
            }
        }
        self.brought = brought;
        self.was_told()
    }

    /// This thread has read. True if the socket was told something.
    fn was_told(&self) -> bool {
        let told = self.mailbox.is_pending();
        if told && PUBLISHERS.load(Ordering::Relaxed) > 0 {
            READ_HERE.fetch_add(1, Ordering::Relaxed);
        }
        told
    }

    /// Reads what has come from the socket's connections, if they are few. True if the socket was told something.
    pub(super) fn look_at_connections(&mut self) -> bool {
        if self.has_many_links() {
            return false;
        }
        self.look_at_all();
        self.was_told()
    }

    /// Before a publisher sends: has it heard all that was said before what it sends came to be known?
    ///
    /// A message that a thread reads for itself overtakes a subscription that was sent before it, but has an
    /// I/O thread to pass. Where every message passes one, the order stays, and programs count on it. And who
    /// publishes after a pause may have been waiting for a subscription to arrive.
    #[inline]
    pub(super) fn look_for_requests(&mut self) {
        if self.links.len() > MAX_CLAIMS {
            return;
        }
        let now = (READ_HERE.load(Ordering::Relaxed), clock::tick());
        if std::mem::replace(&mut self.looked_at, now) != now {
            self.look_at_all();
        }
    }

    #[cold]
    fn look_at_all(&mut self) {
        for id in self.links.iter_ids() {
            if let Some(link) = self.links.get(id) {
                link.peer().look();
            }
        }
    }

    /// Looks once at what was claimed: the caller does not wait. True if the socket was told something by that.
    ///
    /// The claims are left to lapse. Who takes what there is and then waits for more would have each of them given
    /// back and taken again, and an I/O thread woken in between.
    pub(super) fn last_look(&mut self) -> bool {
        let told = (self.at_station || !self.claims.is_empty()) && self.pump(None);
        if told {
            self.process_commands();
        }
        told
    }

    /// Lets the I/O threads read again.
    pub(super) fn release_claims(&mut self) {
        for peer in self.claims.drain(..) {
            peer.release();
        }
        if self.station.fd().is_some() {
            for id in self.links.iter_ids() {
                if let Some(link) = self.links.get(id) {
                    link.peer().release();
                }
            }
            self.station = Station::default();
            self.at_station = false;
        }
    }
}

/// A socket with more links than this leaves reading to the I/O threads.
const MAX_CLAIMS: usize = 8;
/// So many looks at what other threads tell cost about as much as one at the clock.
const LISTEN: usize = 8;

/// Counts how often threads have read something for themselves, in the whole process, while there are
/// publishers.
static READ_HERE: AtomicU32 = AtomicU32::new(0);
/// How many publishers there are.
pub(super) static PUBLISHERS: AtomicU32 = AtomicU32::new(0);
