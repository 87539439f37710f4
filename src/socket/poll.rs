//! Waiting for several sockets and descriptors at once.
#![forbid(unsafe_code)]

use super::spin::{Looks, MOMENT};
use super::waiter::{self, forget_nap, take_waits, Deadline, SocketWait, Waits};
use super::{Core, RawSocket};
use crate::error::Result;
use crate::sys::nap::{Nap, Sleep};
use crate::sys::poll::{self as sys, PollFd};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Something can be received.
pub const POLLIN: i16 = 1;
/// Something can be sent.
pub const POLLOUT: i16 = 2;
/// A descriptor is in an error state.
pub const POLLERR: i16 = 4;
/// A descriptor has urgent data.
pub const POLLPRI: i16 = 8;

/// Numbers the rounds of looking at sockets. Zero is none of them.
static ROUNDS: AtomicU64 = AtomicU64::new(1);

/// With more sockets than this, reading is left to the I/O threads.
const MAX_READERS: usize = 8;

/// What is waited for.
pub struct PollItem<'a> {
    pub(super) source: PollSource<'a>,
    /// The wanted ones of [`POLLIN`], [`POLLOUT`], [`POLLERR`], [`POLLPRI`].
    pub events: i16,
    /// Those of them that are there.
    pub revents: i16,
    /// The socket's [`Core::rounds`] when that was found out.
    rounds: u64,
}

/// Where it is waited for.
#[derive(Clone, Copy)]
pub(crate) enum PollSource<'a> {
    Socket(&'a RawSocket),
    Descriptor(RawFd),
}

impl<'a> PollItem<'a> {
    /// An item that waits for events of a socket.
    pub fn socket(socket: &'a RawSocket, events: i16) -> Self {
        Self { source: PollSource::Socket(socket), events, revents: 0, rounds: 0 }
    }

    /// An item that waits for events of a descriptor.
    pub fn descriptor(fd: RawFd, events: i16) -> Self {
        Self { source: PollSource::Descriptor(fd), events, revents: 0, rounds: 0 }
    }
}

/// Waits until something wanted is there, or the time is over; `None` waits forever. Returns how many
/// items have something.
pub(crate) fn poll(items: &mut [PollItem<'_>], timeout: Option<Duration>) -> Result<usize> {
    waiter::wait(|nap| poll_or_nap(items, timeout, nap))
}

/// The same; if it is due the caller is to take the `nap`, and to call again with the same items.
/// The result means nothing then. A signal ends it with `Interrupted`.
pub fn poll_or_nap(
    items: &mut [PollItem<'_>],
    timeout: Option<Duration>,
    nap: &mut Nap,
) -> Result<usize> {
    let deadline = match nap.take() {
        Some(slept) => end_nap(items, &slept).map(|()| Deadline::again(&slept))?,
        None => Deadline::after(timeout),
    };
    loop {
        // One of the descriptors may be a socket's own: a look at the socket makes it quiet.
        let mut found = check_descriptors(items)?;
        found += check_sockets(items)?;
        let waiting = found == 0 && deadline.left().is_ok();
        if waiting {
            if begin_nap(items, deadline, nap)? {
                return Ok(0);
            }
        } else if found == 0 && last_look(items)? {
            found = check_sockets(items)?;
        }
        if found > 0 || !waiting {
            return Ok(found);
        }
    }
}

/// True if the caller is to sleep.
fn begin_nap(items: &[PollItem<'_>], deadline: Deadline, nap: &mut Nap) -> Result<bool> {
    let mut fds = descriptors(items);
    let mut waits = Waits::default();
    let mut awake = false;
    let sockets = items.iter().filter(|item| matches!(item.source, PollSource::Socket(_))).count();
    for (index, item) in items.iter().enumerate() {
        let PollSource::Socket(socket) = item.source else { continue };
        let reads = item.events & POLLIN != 0 && sockets <= MAX_READERS;
        let wait = socket.with(|core| {
            core.settle();
            let mut wait = core.prepare(index, reads, &mut fds);
            if reads && core.receives && core.answers.begin() {
                wait.spin = Some(false);
                awake |= core.answers.pays();
            }
            Ok(wait)
        })?;
        waits.add(wait)?;
    }
    let left = deadline.left().unwrap_or(Some(Duration::ZERO));
    if awake && left.is_none_or(|left| left > MOMENT) && look(items, &mut fds, &waits)? {
        return pump(items, &fds, &waits).map(|()| false);
    }
    // A nap that never ended must not take these back after this.
    forget_nap();
    let mut sleeps = true;
    for wait in waits.iter_mut() {
        let PollSource::Socket(socket) = items[wait.item].source else { continue };
        wait.slot = socket.with(|core| match core.rounds == items[wait.item].rounds {
            true => core.mailbox.try_wait(),
            // Another thread has done what this socket was told since it was looked at.
            false => Ok(None),
        })?;
        sleeps &= wait.slot.is_some();
    }
    if sleeps {
        waits.sleep(&mut fds, left, deadline, nap);
    }
    Ok(sleeps)
}

fn end_nap(items: &[PollItem<'_>], slept: &Sleep) -> Result<()> {
    let mut fds = Vec::new();
    let polled = slept.end(&mut fds);
    let Some(mut waits) = take_waits() else { return Ok(()) };
    waits.get_up();
    polled?;
    for wait in waits.iter().filter(|wait| wait.spin.is_some()) {
        with_socket(items, wait, |core| core.note_slept(wait, waits.slept()))?;
    }
    pump(items, &fds, &waits)
}

/// Reads from the connections that are ready.
fn pump(items: &[PollItem<'_>], fds: &[PollFd], waits: &Waits) -> Result<()> {
    for wait in waits.iter().filter(|wait| wait.is_claimed_ready(fds)) {
        with_socket(items, wait, |core| core.pump_claimed(wait, fds))?;
    }
    Ok(())
}

/// Waits a moment without sleeping. True if there is something.
fn look(items: &[PollItem<'_>], fds: &mut [PollFd], waits: &Waits) -> Result<bool> {
    let mut looks = Looks::begin(MOMENT);
    let mut over = false;
    while !over && looks.go_on() {
        // The sockets' own descriptors tell nothing yet: nobody has asked for that.
        over = is_told(items)? || sys::poll(fds, Some(Duration::ZERO))? > 0;
        if !over {
            std::thread::yield_now();
        }
    }
    for wait in waits.iter().filter(|wait| wait.spin.is_some()) {
        with_socket(items, wait, |core| {
            if core.answers.pays() {
                core.answers.was_awake(&looks, over);
            }
        })?;
    }
    Ok(over)
}

/// Has a socket been told something?
fn is_told(items: &[PollItem<'_>]) -> Result<bool> {
    let mut told = false;
    for item in items {
        if let PollSource::Socket(socket) = item.source {
            told |= socket.with(|core| Ok(core.mailbox.is_pending()))?;
        }
    }
    Ok(told)
}

fn with_socket(
    items: &[PollItem<'_>],
    wait: &SocketWait,
    act: impl FnOnce(&mut Core),
) -> Result<()> {
    match items.get(wait.item).map(|item| item.source) {
        Some(PollSource::Socket(socket)) => socket.with(|core| {
            act(core);
            Ok(())
        }),
        _ => Ok(()),
    }
}

/// Looks at what sockets would read by themselves if they waited. True if that brought something.
fn last_look(items: &[PollItem<'_>]) -> Result<bool> {
    let mut told = false;
    for item in items {
        if let PollSource::Socket(socket) = item.source {
            told |= socket.with(|core| Ok(core.last_look()))?;
        }
    }
    Ok(told)
}

fn check_sockets(items: &mut [PollItem<'_>]) -> Result<usize> {
    let mut found = 0;
    let round = ROUNDS.fetch_add(1, Ordering::Relaxed);
    for item in items {
        if let PollSource::Socket(socket) = item.source {
            let (events, rounds) =
                socket.with(|core| core.events_in(round).map(|events| (events, core.rounds)))?;
            (item.revents, item.rounds) = (events & item.events, rounds);
            found += usize::from(item.revents != 0);
        }
    }
    Ok(found)
}

fn check_descriptors(items: &mut [PollItem<'_>]) -> Result<usize> {
    let mut fds = descriptors(items);
    if fds.is_empty() {
        return Ok(0);
    }
    sys::poll(&mut fds, Some(Duration::ZERO))?;
    Ok(take_descriptors(items, &fds))
}

fn descriptors(items: &[PollItem<'_>]) -> Vec<PollFd> {
    let entry = |item: &PollItem<'_>| match item.source {
        PollSource::Descriptor(fd) => Some(PollFd::new(fd, to_system(item.events))),
        PollSource::Socket(_) => None,
    };
    items.iter().filter_map(entry).collect()
}

fn take_descriptors(items: &mut [PollItem<'_>], fds: &[PollFd]) -> usize {
    let mut found = 0;
    let plain = items.iter_mut().filter(|item| matches!(item.source, PollSource::Descriptor(_)));
    for (item, fd) in plain.zip(fds) {
        item.revents = from_system(fd.revents()) & (item.events | POLLERR);
        found += usize::from(item.revents != 0);
    }
    found
}

const SYSTEM: [(i16, i16); 3] =
    [(POLLIN, libc::POLLIN), (POLLOUT, libc::POLLOUT), (POLLPRI, libc::POLLPRI)];

fn to_system(events: i16) -> i16 {
    SYSTEM.iter().filter(|(ours, _)| events & ours != 0).fold(0, |sum, (_, theirs)| sum | theirs)
}

fn from_system(revents: i16) -> i16 {
    let known = SYSTEM
        .iter()
        .filter(|(_, theirs)| revents & theirs != 0)
        .fold(0, |sum, (ours, _)| sum | ours);
    let rest = SYSTEM.iter().fold(revents, |rest, (_, theirs)| rest & !theirs);
    known | if rest != 0 { POLLERR } else { 0 }
}
