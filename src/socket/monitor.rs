//! Telling the application what happens to a socket's endpoints, through a PAIR socket.
#![forbid(unsafe_code)]

use super::{Core, POLLOUT};
use crate::engine::Event;
use crate::error::{Error, Result};
use crate::link::Frame;
use crate::options::{ids, SocketType};
use crate::runtime::monitor::EventSink;
use crate::transport::Endpoint;

impl Core {
    /// `zmq_socket_monitor`: sends the events of the mask to whoever connects a PAIR socket to `address`;
    /// without an address, stops.
    pub fn monitor(&mut self, address: Option<&str>, mask: i32) -> Result<()> {
        self.enter()?;
        if mask >> 16 != 0 {
            return Err(Error::Invalid);
        }
        let Some(address) = address else {
            drop(self.mailbox.monitor.set(0, None));
            return Ok(());
        };
        if !Endpoint::parse(address)?.is_inproc() {
            return Err(Error::ProtocolNotSupported);
        }
        // Only one at a time; the name of the old one may be the name of the new one.
        drop(self.mailbox.monitor.set(0, None));
        let mut pair = Core::new(&self.context, SocketType::Pair)?;
        pair.set_option(ids::LINGER, &0i32.to_ne_bytes())?;
        pair.mailbox.tell_of(&self.mailbox);
        pair.bind(address)?;
        let stopped = mask & ids::EVENT_MONITOR_STOPPED != 0;
        let sink = PairSink { pair, stopped, early: Some(Vec::new()) };
        self.mailbox.monitor.set(mask, Some(Box::new(sink)));
        Ok(())
    }
}

struct PairSink {
    pair: Core,
    /// The end is to be told as well.
    stopped: bool,
    /// What happened before anybody came to listen; `None` since then. The application starts the monitor
    /// first and connects its socket next, and is to miss nothing in between.
    early: Option<Vec<Event>>,
}

/// More is not kept for listeners who do not come.
const MAX_EARLY: usize = 1000;

impl EventSink for PairSink {
    fn tell(&mut self, event: &Event) {
        self.listener_came();
        match &mut self.early {
            Some(early) if early.len() < MAX_EARLY => early.push(event.clone()),
            Some(_) => {}
            None => self.send(event),
        }
    }

    fn listener_came(&mut self) {
        if self.early.is_none() || !self.pair.events().is_ok_and(|ready| ready & POLLOUT != 0) {
            return;
        }
        for event in self.early.take().unwrap_or_default() {
            self.send(&event);
        }
    }
}

impl PairSink {
    fn send(&mut self, event: &Event) {
        let mut head = [0; 6];
        head[..2].copy_from_slice(&(event.id as u16).to_ne_bytes());
        head[2..].copy_from_slice(&event.value.to_ne_bytes());
        // Nobody listens, or listens too slowly: the event is lost, nothing waits for it.
        if self.pair.try_send(&mut Frame::bytes(&head, true)).is_ok() {
            let _ = self.pair.try_send(&mut Frame::bytes(event.endpoint.as_bytes(), false));
        }
    }
}

impl Drop for PairSink {
    fn drop(&mut self) {
        if self.stopped {
            self.tell(&Event::new(ids::EVENT_MONITOR_STOPPED, 0, ""));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Context;

    #[test]
    fn a_listener_that_comes_late_misses_nothing() {
        let context = Context::new().unwrap();
        let mut socket = Core::new(&context, SocketType::Pull).unwrap();
        socket.monitor(Some("inproc://monitor"), ids::EVENT_ALL).unwrap();
        for _ in 0..3 {
            socket.bind("tcp://127.0.0.1:*").unwrap();
        }
        let mut listener = Core::new(&context, SocketType::Pair).unwrap();
        listener.connect("inproc://monitor").unwrap();
        socket.bind("tcp://127.0.0.1:*").unwrap();
        for _ in 0..4 {
            let head = listener.try_recv_message().unwrap();
            assert_eq!(head[..2], (ids::EVENT_LISTENING as u16).to_ne_bytes());
            assert!(listener.try_recv_message().unwrap().starts_with(b"tcp://127.0.0.1:"));
        }
        assert_eq!(listener.try_recv_message().err(), Some(Error::Again));
        drop((socket, listener));
        context.terminate().unwrap();
    }
}
