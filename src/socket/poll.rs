//! Waiting for several sockets and descriptors at once.
#![forbid(unsafe_code)]

use super::spin::{Looks, MOMENT};
use super::wait::Deadline;
use super::RawSocket;
use crate::error::Result;
use crate::message::returns;
use crate::runtime::Mailbox;
use crate::sys::farewell::Farewell;
use crate::sys::nap::{Nap, Sleep};
use crate::sys::poll::{self as sys, PollFd};
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

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
        Self { source: PollSource::Socket(socket), events, revents: 0 }
    }

    /// An item that waits for events of a descriptor.
    pub fn descriptor(fd: RawFd, events: i16) -> Self {
        Self { source: PollSource::Descriptor(fd), events, revents: 0 }
    }
}

/// Waits until something wanted is there, or the time is over; `None` waits forever. Returns how many
/// items have something. A signal ends it with `Interrupted`.
pub(crate) fn poll(items: &mut [PollItem<'_>], timeout: Option<Duration>) -> Result<usize> {
    let deadline = Deadline::after(timeout);
    loop {
        // One of the descriptors may be a socket's own: a look at the socket makes it quiet.
        let mut found = check_descriptors(items)?;
        found += check_sockets(items)?;
        let waiting = found == 0 && deadline.left().is_ok();
        if waiting {
            found = sleep(items, deadline)?;
        } else if found == 0 && last_look(items)? {
            found = check_sockets(items)?;
        }
        if found > 0 || !waiting {
            return Ok(found);
        }
    }
}

/// The same; if it is due the caller is to take the `nap`, and to call again with the same items.
/// The result means nothing then.
pub fn poll_or_nap(
    items: &mut [PollItem<'static>],
    timeout: Option<Duration>,
    nap: &mut Nap,
) -> Result<usize> {
    let deadline = match nap.take() {
        Some(slept) => end_nap(&slept).map(|()| Deadline::again(&slept))?,
        None => Deadline::after(timeout),
    };
    loop {
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

/// What a thread that takes a nap has left behind.
struct Left {
    armed: Armed,
    readers: Vec<Reader<'static>>,
    began: Instant,
}

thread_local! {
    static LEFT: RefCell<ManuallyDrop<Option<Left>>> =
        const { RefCell::new(ManuallyDrop::new(None)) };
}

/// Has a thread that is cancelled in a nap let go of its sockets.
static FAREWELL: Farewell = Farewell::new(forget_nap);

/// The caller does not come back from its nap.
pub fn forget_nap() {
    drop(take_left());
}

fn take_left() -> Option<Left> {
    FAREWELL.cancel();
    LEFT.with_borrow_mut(|left| left.take())
}

fn leave(left: Left) {
    FAREWELL.expect();
    // What was there before is for nobody to come back to; it goes when nothing is borrowed.
    drop(LEFT.with_borrow_mut(|kept| kept.replace(left)));
}

/// True if the caller is to sleep.
fn begin_nap(items: &[PollItem<'static>], deadline: Deadline, nap: &mut Nap) -> Result<bool> {
    let Bed { mut fds, mailboxes, readers, .. } = make_bed(items)?;
    let left = deadline.left().unwrap_or(Some(Duration::ZERO));
    if is_awake(&readers, left) && look(&mut fds, &mailboxes, &readers)? {
        return pump(&fds, readers).map(|()| false);
    }
    // A nap that never ended must not disarm them after this.
    forget_nap();
    let armed = Armed(mailboxes);
    // All of them are armed before any of them counts.
    if armed.0.iter().filter(|mailbox| !mailbox.arm()).count() > 0 {
        return Ok(false);
    }
    nap.lie_down(&mut fds, left, deadline.at());
    leave(Left { armed, readers, began: Instant::now() });
    Ok(true)
}

fn end_nap(slept: &Sleep) -> Result<()> {
    let mut fds = Vec::new();
    let polled = slept.end(&mut fds);
    let Some(Left { armed, readers, began }) = take_left() else { return Ok(()) };
    drop(armed);
    polled?;
    note_slept(&readers, began.elapsed())?;
    pump(&fds, readers)
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
            item.revents = socket.with(|core| core.events_in(round))? & item.events;
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

/// Sleeps until a descriptor is ready or a socket is told something.
fn sleep(items: &mut [PollItem<'_>], deadline: Deadline) -> Result<usize> {
    let Bed { mut fds, plain, mailboxes, readers } = make_bed(items)?;
    let left = deadline.left().unwrap_or(Some(Duration::ZERO));
    if !(is_awake(&readers, left) && look(&mut fds, &mailboxes, &readers)?) {
        sleep_on(&mut fds, mailboxes, &readers, left)?;
    }
    pump(&fds, readers)?;
    Ok(take_descriptors(items, &fds[..plain]))
}

/// What there is to sleep on.
struct Bed<'a> {
    fds: Vec<PollFd>,
    /// So many of them are no sockets' own.
    plain: usize,
    mailboxes: Vec<Arc<Mailbox>>,
    readers: Vec<Reader<'a>>,
}

fn make_bed<'a>(items: &[PollItem<'a>]) -> Result<Bed<'a>> {
    let mut fds = descriptors(items);
    let plain = fds.len();
    let mut mailboxes = Vec::new();
    let mut readers = Vec::new();
    let sockets = items.iter().filter(|item| matches!(item.source, PollSource::Socket(_))).count();
    for item in items.iter() {
        let PollSource::Socket(socket) = item.source else { continue };
        let mailbox = socket.with(|core| {
            core.settle();
            if item.events & POLLIN != 0 && sockets <= MAX_READERS {
                let start = fds.len();
                core.claim(&mut fds);
                let asked = core.receives && core.answers.begin();
                let awake = asked && core.answers.pays();
                readers.push(Reader { socket, fds: start..fds.len(), asked, awake });
            }
            Ok(core.mailbox.clone())
        })?;
        fds.push(PollFd::new(mailbox.fd(), sys::POLLIN));
        mailboxes.push(mailbox);
    }
    Ok(Bed { fds, plain, mailboxes, readers })
}

/// Is it worth while to wait a moment without sleeping?
fn is_awake(readers: &[Reader<'_>], left: Option<Duration>) -> bool {
    readers.iter().any(|reader| reader.awake) && left.is_none_or(|left| left > MOMENT)
}

/// Reads from the connections that are ready.
fn pump(fds: &[PollFd], readers: Vec<Reader<'_>>) -> Result<()> {
    for Reader { socket, fds: range, .. } in readers {
        if fds[range.clone()].iter().any(PollFd::is_ready) {
            socket.with(|core| Ok(core.pump(Some(&fds[range]))))?;
        }
    }
    Ok(())
}

/// A socket that is to receive.
struct Reader<'a> {
    socket: &'a RawSocket,
    /// Where the connections stand that it reads by itself.
    fds: std::ops::Range<usize>,
    /// It has sent something since its last wait.
    asked: bool,
    /// Its last answers came soon enough to be waited for awake.
    awake: bool,
}

/// Waits a moment without sleeping. True if there is something.
fn look(fds: &mut [PollFd], mailboxes: &[Arc<Mailbox>], readers: &[Reader<'_>]) -> Result<bool> {
    let mut looks = Looks::begin(MOMENT);
    let mut over = false;
    while !over && looks.go_on() {
        over = mailboxes.iter().any(|mailbox| mailbox.is_pending())
            || sys::poll(fds, Some(Duration::ZERO))? > 0;
        if !over {
            std::thread::yield_now();
        }
    }
    for reader in readers.iter().filter(|reader| reader.awake) {
        reader.socket.with(|core| {
            core.answers.was_awake(&looks, over);
            Ok(())
        })?;
    }
    Ok(over)
}

fn sleep_on(
    fds: &mut [PollFd],
    mailboxes: Vec<Arc<Mailbox>>,
    readers: &[Reader<'_>],
    left: Option<Duration>,
) -> Result<()> {
    returns::give_back();
    let start = Instant::now();
    let mut told = false;
    let armed = Armed(mailboxes);
    for mailbox in &armed.0 {
        told |= !mailbox.arm();
    }
    let polled = sys::poll(fds, if told { Some(Duration::ZERO) } else { left });
    drop(armed);
    polled?;
    note_slept(readers, start.elapsed())
}

fn note_slept(readers: &[Reader<'_>], slept: Duration) -> Result<()> {
    for reader in readers.iter().filter(|reader| reader.asked) {
        reader.socket.with(|core| {
            core.answers.was_asleep(slept);
            Ok(())
        })?;
    }
    Ok(())
}

/// Sockets that are to write their descriptors when told something; no more so when dropped.
struct Armed(Vec<Arc<Mailbox>>);

impl Drop for Armed {
    fn drop(&mut self) {
        for mailbox in &self.0 {
            mailbox.disarm();
        }
    }
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
