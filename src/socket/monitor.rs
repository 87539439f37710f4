//! Telling the application what happens to a socket's endpoints, through a PAIR socket.
#![forbid(unsafe_code)]

use super::Core;
use crate::engine::Event;
use crate::error::{Error, Result};
use crate::link::Frame;
use crate::options::ids;
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
        let mut pair = Core::new(&self.context, ids::PAIR)?;
        pair.set_option(ids::LINGER, &0i32.to_ne_bytes())?;
        pair.bind(address)?;
        let stopped = mask & ids::EVENT_MONITOR_STOPPED != 0;
        self.mailbox.monitor.set(mask, Some(Box::new(PairSink { pair, stopped })));
        Ok(())
    }
}

struct PairSink {
    pair: Core,
    /// The end is to be told as well.
    stopped: bool,
}

impl EventSink for PairSink {
    fn tell(&mut self, event: &Event) {
        let mut head = [0; 6];
        head[..2].copy_from_slice(&(event.id as u16).to_ne_bytes());
        head[2..].copy_from_slice(&event.value.to_ne_bytes());
        // Nobody listens, or listens too slowly: the event is lost, nothing waits for it.
        if self.pair.send(&mut Frame::bytes(&head, true), true).is_ok() {
            let _ = self.pair.send(&mut Frame::bytes(event.endpoint.as_bytes(), false), true);
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
