//! From an endpoint to an established stream: resolve, connect, SOCKS, and again after a failure.
#![forbid(unsafe_code)]

use super::*;
use crate::error::Result;
use crate::sys::process::random_u32;
use crate::transport::{is_retryable, Failed, Target};
use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

impl Session {
    /// Starts an attempt.
    pub(super) fn connect(&mut self, io: &mut dyn Reactor) {
        let Some(endpoint) = self.destination() else { return self.end(io) };
        match endpoint.try_numeric(&self.profile.transport) {
            Ok(Some(target)) => self.connect_to(io, target),
            Ok(None) => {
                self.state = State::Resolving;
                io.resolve(endpoint, self.profile.transport.clone());
            }
            Err(error) => self.retry(io, error.errno()),
        }
    }

    /// Where the descriptor connects to: the peer, or the proxy in front of it.
    fn destination(&self) -> Option<Endpoint> {
        let target = self.target.as_ref()?;
        let proxy = &self.profile.options.socks_proxy;
        if proxy.is_empty() || !target.is_tcp() {
            return Some(target.clone());
        }
        let proxy = crate::options::text(proxy)?;
        Endpoint::parse(&format!("tcp://{proxy}")).ok()
    }

    /// The resolver has answered.
    pub(crate) fn resolved(&mut self, io: &mut dyn Reactor, target: Result<Target>) {
        if !matches!(self.state, State::Resolving) {
            return;
        }
        match target {
            Ok(target) => self.connect_to(io, target),
            Err(error) => self.retry(io, error.errno()),
        }
    }

    fn connect_to(&mut self, io: &mut dyn Reactor, target: Target) {
        let mut connecting = match target.connect(&self.profile.transport) {
            Ok(connecting) => connecting,
            Err(failed) => return self.not_started(io, failed),
        };
        let finished = connecting.finish();
        // Local connections are there at once or not at all; others are under way, however quick.
        if !matches!(finished, Ok(Some(_))) || self.target.as_ref().is_some_and(Endpoint::is_tcp) {
            self.event(ids::EVENT_CONNECT_DELAYED, libc::EINPROGRESS);
        }
        match finished {
            Ok(None) => {}
            Ok(Some(established)) => return self.connection_made(io, established),
            Err(error) => {
                self.state = State::Connecting(connecting);
                return self.connect_failed(io, errno_of(error));
            }
        }
        if !io.watch_new(connecting.as_raw_fd(), true, true) {
            return self.retry(io, libc::ENOMEM);
        }
        if let Some(limit) = positive_millis(self.profile.options.connect_timeout) {
            io.set_timer(Timer::Connect, limit);
        }
        self.state = State::Connecting(connecting);
    }

    /// An attempt failed at once.
    fn not_started(&mut self, io: &mut dyn Reactor, failed: Failed) {
        if let Some(fd) = failed.closed {
            self.event(ids::EVENT_CLOSED, fd);
        }
        match is_retryable(failed.error) {
            true => self.retry(io, failed.error.errno()),
            false => self.end(io),
        }
    }

    /// The descriptor became writable: it worked, or it failed.
    pub(super) fn connected(&mut self, io: &mut dyn Reactor) {
        let State::Connecting(connecting) = &mut self.state else { return };
        let fd = connecting.as_raw_fd();
        match connecting.finish() {
            Ok(None) => {}
            Ok(Some(established)) => {
                io.unwatch(fd);
                io.cancel_timer(Timer::Connect);
                self.state = State::Idle;
                self.connection_made(io, established);
            }
            Err(error) => {
                self.connect_failed(io, error.raw_os_error().unwrap_or(libc::ECONNREFUSED))
            }
        }
    }

    pub(super) fn connect_failed(&mut self, io: &mut dyn Reactor, errno: i32) {
        let State::Connecting(connecting) = &self.state else { return };
        let fd = connecting.as_raw_fd();
        io.unwatch(fd);
        io.cancel_timer(Timer::Connect);
        self.state = State::Idle;
        self.event(ids::EVENT_CLOSED, fd);
        self.retry(io, errno);
    }

    /// A stream stands. If it only reaches the proxy, that comes first.
    fn connection_made(&mut self, io: &mut dyn Reactor, established: Established) {
        let options = &self.profile.options;
        let tcp_target = self.target.as_ref().filter(|target| target.is_tcp());
        let (false, Some(target)) = (options.socks_proxy.is_empty(), tcp_target) else {
            return self.establish(io, established);
        };
        let text = |value: &[u8]| crate::options::text(value).unwrap_or_default().to_owned();
        let (user, password) = (text(&options.socks_username), text(&options.socks_password));
        let credentials = (!user.is_empty()).then_some((user.as_str(), password.as_str()));
        let Ok(mut socks) = Socks5::new(target.address(), credentials) else { return self.end(io) };
        let output = socks.output();
        if !io.watch(established.stream.as_raw_fd(), true, true) {
            return self.retry(io, libc::ENOMEM);
        }
        self.state = State::Proxying(Box::new((established, socks, output)));
        self.proxy(io);
    }

    /// Talks to the proxy.
    pub(super) fn proxy(&mut self, io: &mut dyn Reactor) {
        match self.talk_to_proxy() {
            Ok(false) => {}
            Ok(true) => {
                let State::Proxying(proxying) = std::mem::replace(&mut self.state, State::Idle)
                else {
                    return;
                };
                io.unwatch(proxying.0.stream.as_raw_fd());
                self.establish(io, proxying.0);
            }
            Err(errno) => {
                let State::Proxying(proxying) = std::mem::replace(&mut self.state, State::Idle)
                else {
                    return;
                };
                let fd = proxying.0.stream.as_raw_fd();
                io.unwatch(fd);
                self.event(ids::EVENT_CLOSED, fd);
                self.retry(io, errno);
            }
        }
    }

    /// True once the way is free. The proxy speaks when spoken to, so what it sends is read one answer at
    /// a time, and not a byte of the peer behind it.
    fn talk_to_proxy(&mut self) -> Result<bool, i32> {
        let State::Proxying(proxying) = &mut self.state else { return Ok(false) };
        let (established, socks, output) = &mut **proxying;
        loop {
            if !send_all(&established.stream, output).map_err(errno_of)? {
                return Ok(false);
            }
            let mut byte = [0];
            match established.stream.recv(&mut byte) {
                Ok(0) => return Err(libc::ECONNRESET),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(errno_of(error)),
            }
            let (_, done) = socks.input(&byte).map_err(|error| error.errno())?;
            output.extend(socks.output());
            if done {
                return Ok(true);
            }
        }
    }

    /// Waits before the next attempt, or gives up.
    pub(super) fn retry(&mut self, io: &mut dyn Reactor, errno: i32) {
        let options = &self.profile.options;
        let refused = errno == libc::ECONNREFUSED;
        if self.target.is_none()
            || options.reconnect_ivl <= 0
            || (refused && stops_reconnecting(options, ids::RECONNECT_STOP_CONN_REFUSED))
            || self.needs_no_connection()
        {
            return self.end(io);
        }
        self.state = State::Idle;
        let interval = self.next_interval();
        self.event(ids::EVENT_CONNECT_RETRIED, interval);
        io.set_timer(Timer::Reconnect, Duration::from_millis(interval as u64));
    }

    /// The interval to wait, with a random part so that many clients do not come back at once; then the
    /// base doubles, up to the maximum if there is one.
    fn next_interval(&mut self) -> i32 {
        let options = &self.profile.options;
        let (base, max) = (options.reconnect_ivl, options.reconnect_ivl_max);
        if max > 0 {
            let interval = if self.interval > 0 { self.interval } else { base };
            self.interval = interval.saturating_mul(2).min(max.max(base));
            return interval;
        }
        let jitter = if base > 0 { (random_u32() % base as u32) as i32 } else { 0 };
        base.saturating_add(jitter)
    }
}

/// Sends from the front of `bytes`; true once all is out.
pub(super) fn send_all(stream: &Stream, bytes: &mut Vec<u8>) -> io::Result<bool> {
    while !bytes.is_empty() {
        match stream.send(bytes) {
            Ok(sent) => drop(bytes.drain(..sent)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

pub(super) fn errno_of(error: io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}

fn positive_millis(value: i32) -> Option<Duration> {
    millis(value).filter(|limit| !limit.is_zero())
}
