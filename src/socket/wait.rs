//! How a socket prepares a sleep of its caller, and what it reads for it.
#![forbid(unsafe_code)]

use super::spin::{Looks, Spin, MOMENT, REST};
use super::station::Station;
use super::waiter::{take_waits, Deadline, SocketWait, Waits};
use super::Core;
use crate::engine::switches::{Use, CLAIMED_RECEIVE};
use crate::error::Result;
use crate::link::{Brought, LinkId};
use crate::options::millis;
use crate::sys::clock;
use crate::sys::epoll::BATCH;
use crate::sys::nap::{Nap, Sleep};
use crate::sys::poll::{PollFd, POLLIN};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

impl Core {
    pub(super) fn deadline(&self, dont_wait: bool, timeout: i32) -> Deadline {
        match dont_wait {
            true => Deadline::Now,
            false => Deadline::after(millis(timeout)),
        }
    }

    /// Prepares to sleep until somebody tells the socket something, or until there is something to
    /// read from its connections if it is `reading`. True if the caller is to sleep without the
    /// socket, and then to come back to [`Core::end_nap`].
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
        let mut fds = std::mem::take(&mut self.fds);
        fds.clear();
        let wait = self.prepare(0, reading, &mut fds);
        let sleeps = self.go_to_sleep(wait, deadline, left, reading, &mut fds, nap);
        self.fds = fds;
        match sleeps? {
            true => Ok(true),
            false => self.wake_up().map(|()| false),
        }
    }

    fn go_to_sleep(
        &mut self,
        mut wait: SocketWait,
        deadline: Deadline,
        left: Option<Duration>,
        reading: bool,
        fds: &mut Vec<PollFd>,
        nap: &mut Nap,
    ) -> Result<bool> {
        if reading && self.looks_first(left, &mut wait) {
            return Ok(false);
        }
        wait.slot = self.mailbox.try_wait()?;
        if wait.slot.is_none() {
            return Ok(false);
        }
        let mut waits = Waits::default();
        waits.add(wait)?;
        waits.sleep(fds, left, deadline, nap);
        Ok(true)
    }

    /// Ends what [`Core::begin_nap`] began.
    pub(super) fn end_nap(&mut self, slept: Sleep) -> Result<()> {
        let mut fds = std::mem::take(&mut self.fds);
        let polled = slept.end(&mut fds);
        if let Some(mut waits) = take_waits() {
            waits.get_up();
            if polled.is_ok() {
                waits.iter().for_each(|wait| self.end_wait(wait, &fds, waits.slept()));
            }
        }
        self.fds = fds;
        polled?;
        self.wake_up()
    }

    /// Prepares a wait of the caller's item of this number, and adds what to sleep on.
    pub(super) fn prepare(
        &mut self,
        item: usize,
        reading: bool,
        fds: &mut Vec<PollFd>,
    ) -> SocketWait {
        let own = fds.len();
        fds.push(PollFd::new(self.mailbox.fd(), POLLIN));
        let start = fds.len();
        if self.mailbox.is_waited_at() {
            // Two threads cannot read for themselves; what one of them claimed goes back.
            self.release_claims();
        } else if reading {
            self.claim(fds);
        }
        let (claimed, claims_round) = (start..fds.len(), self.claims_round);
        SocketWait { slot: None, item, own, claimed, claims_round, spin: None }
    }

    /// Reads from the connections that have something, after a sleep.
    pub(super) fn end_wait(&mut self, wait: &SocketWait, fds: &[PollFd], slept: Duration) {
        self.note_slept(wait, slept);
        self.pump_claimed(wait, fds);
    }

    pub(super) fn note_slept(&mut self, wait: &SocketWait, slept: Duration) {
        if let Some(rest) = wait.spin {
            self.spin(rest).was_asleep(slept);
        }
    }

    /// The same without a sleep.
    pub(super) fn pump_claimed(&mut self, wait: &SocketWait, fds: &[PollFd]) {
        // If another thread has made claims of its own meanwhile, these mean nothing.
        let is_current = wait.claims_round == self.claims_round;
        self.pump(if is_current { fds.get(wait.claimed.clone()) } else { None });
    }

    fn wake_up(&mut self) -> Result<()> {
        self.process_commands();
        self.check()
    }

    /// Looks once more before it sleeps, or for a moment where that pays. True if there is
    /// something.
    fn looks_first(&mut self, left: Option<Duration>, wait: &mut SocketWait) -> bool {
        if self.brought > Brought::Little && self.pump(None) {
            return true;
        }
        // What is waited for after something was sent may be the answer.
        let asked = self.answers.begin();
        let rest = self.brought == Brought::Part;
        let limit = match rest {
            true => REST,
            false if asked => MOMENT,
            false => return false,
        };
        wait.spin = Some(rest);
        self.spin(rest).pays() && left.is_none_or(|left| left > limit) && self.look(rest, limit)
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
        self.claims_round += 1;
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
        self.claims_round += 1;
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
