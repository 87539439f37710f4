//! Who is told of the events of a socket.
//!
//! The sink itself (a PAIR socket) belongs to the socket layer; here is only the place where it is kept,
//! so that any thread can tell it something, in order.
#![forbid(unsafe_code)]

use crate::engine::Event;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};

/// Takes events. Must not block.
pub trait EventSink: Send {
    fn tell(&mut self, event: &Event);
}

/// See the module.
#[derive(Default)]
pub struct Monitor {
    mask: AtomicI32,
    sink: Mutex<Option<Box<dyn EventSink>>>,
}

impl Monitor {
    /// Replaces the sink; the old one is returned.
    pub fn set(&self, mask: i32, sink: Option<Box<dyn EventSink>>) -> Option<Box<dyn EventSink>> {
        let mut place = self.sink.lock();
        self.mask.store(mask, Ordering::Relaxed);
        std::mem::replace(&mut *place, sink)
    }

    /// Tells of an event, if it is wanted.
    pub fn tell(&self, event: &Event) {
        if self.mask.load(Ordering::Relaxed) & event.id == 0 {
            return;
        }
        if let Some(sink) = &mut *self.sink.lock() {
            sink.tell(event);
        }
    }
}
