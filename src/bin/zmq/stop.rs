//! Waiting for sockets and descriptors in a way that nothing is waited for in vain: Ctrl-C, SIGTERM and a closed output
//! end every wait. A signal that comes between two waits is not lost: it lies in a pipe that each wait looks at.
#![forbid(unsafe_code)]

use crate::failure::{Failure, Outcome};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroxide::{poll, Error, Events, PollItem, Socket};

pub struct Stop {
    /// The last signal; 0 is none.
    signal: Arc<AtomicUsize>,
    /// Readable once there was one.
    pipe: UnixStream,
    /// What is printed goes to somebody who may close it.
    output: Option<File>,
    watched: AtomicBool,
}

impl Stop {
    pub fn new() -> Result<Self, Failure> {
        Self::listen().map_err(|error| Failure::of_io(&error, "cannot watch for signals"))
    }

    fn listen() -> io::Result<Self> {
        let signal = Arc::new(AtomicUsize::new(0));
        let (pipe, writer) = UnixStream::pair()?;
        pipe.set_nonblocking(true)?;
        for number in [SIGINT, SIGTERM, SIGHUP] {
            let value = usize::try_from(number).unwrap_or_default();
            signal_hook::flag::register_usize(number, signal.clone(), value)?;
            signal_hook::low_level::pipe::register(number, writer.try_clone()?)?;
        }
        Ok(Self { signal, pipe, output: output(), watched: AtomicBool::new(false) })
    }

    /// From now on a closed output ends waits, too.
    pub fn watch_output(&self) {
        self.watched.store(true, Ordering::Relaxed);
    }

    /// Fails if there was a signal.
    pub fn check(&self) -> Outcome {
        match self.signal.load(Ordering::Relaxed) {
            0 => Ok(()),
            signal => Err(Failure::Stopped(i32::try_from(signal).unwrap_or(SIGTERM))),
        }
    }

    /// Forgets the signal that ended the main work, so that only another one ends what is left to do.
    pub fn forget(&self) {
        let _ = (&self.pipe).read(&mut [0; 64]);
        self.signal.store(0, Ordering::Relaxed);
        self.watched.store(false, Ordering::Relaxed);
    }

    /// Waits until one of the items has what is wanted; says which ones have. None at all: the time is over.
    pub fn wait<const N: usize>(
        &self,
        wanted: [PollItem<'_>; N],
        limit: Option<Duration>,
    ) -> Result<[bool; N], Failure> {
        let mut items = Vec::with_capacity(N + 2);
        items.extend(wanted);
        items.push(PollItem::of_descriptor(self.pipe.as_fd(), Events::IN));
        let output = self.output.as_ref().filter(|_| self.watched.load(Ordering::Relaxed));
        if let Some(output) = output {
            items.push(PollItem::of_descriptor(output.as_fd(), Events::ERROR));
        }
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        loop {
            self.check()?;
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            match poll(&mut items, left) {
                Ok(_) => break,
                Err(Error::Interrupted) => {}
                Err(error) => return Err(Failure::of(error, "cannot wait for messages")),
            }
        }
        self.check()?;
        if items.get(N + 1).is_some_and(|output| !output.ready().is_empty()) {
            return Err(Failure::OutputClosed);
        }
        let mut ready = [false; N];
        for (ready, item) in ready.iter_mut().zip(&items) {
            *ready = !item.ready().is_empty();
        }
        Ok(ready)
    }

    /// Waits for one socket. False if the time is over.
    pub fn wait_for(
        &self,
        socket: &Socket,
        events: Events,
        limit: Option<Duration>,
    ) -> Result<bool, Failure> {
        self.wait([socket.poll_item(events)], limit).map(|[ready]| ready)
    }

    /// Does nothing for a while.
    pub fn pause(&self, time: Duration) -> Outcome {
        self.wait([], Some(time)).map(|_| ())
    }
}

/// What is printed to, if its reader can go away.
fn output() -> Option<File> {
    let output = File::from(io::stdout().as_fd().try_clone_to_owned().ok()?);
    let kind = output.metadata().ok()?.file_type();
    (kind.is_fifo() || kind.is_socket()).then_some(output)
}
