//! Who is told of the events of a socket.
//!
//! The sink itself (a PAIR socket) belongs to the socket layer; here is only the place where it is kept,
//! so that any thread can tell it something, in order.
//!
//! A program connects, and then starts its monitor; with libzmq it sees how the connection fares, since
//! that takes longer than a call. Here it may all be over by then, so the first events after a connect are
//! kept for a moment.
#![forbid(unsafe_code)]

use crate::engine::Event;
use crate::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use crate::sync::lock::Mutex;
use std::time::{Duration, Instant};

/// How long after a connect events are kept, and how many.
const MOMENT: Duration = Duration::from_millis(if cfg!(loom) { 1_000_000 } else { 100 });
const MAX_KEPT: usize = 16;

/// Takes events. Must not block.
pub trait EventSink: Send {
    /// Takes an event.
    fn tell(&mut self, event: &Event);

    /// Somebody has come to listen.
    fn listener_came(&mut self);
}

/// See the module.
#[derive(Default)]
pub struct Monitor {
    mask: AtomicI32,
    /// There is a use for events although nobody is told of them.
    keeping: AtomicBool,
    place: Mutex<Place>,
}

#[derive(Default)]
struct Place {
    sink: Option<Box<dyn EventSink>>,
    kept: Vec<Event>,
    /// Nothing is kept after that.
    until: Option<Instant>,
}

impl Monitor {
    /// Replaces the sink; the old one is returned. A new one is told what has been kept.
    pub fn set(&self, mask: i32, sink: Option<Box<dyn EventSink>>) -> Option<Box<dyn EventSink>> {
        let mut place = self.place.lock();
        self.mask.store(mask, Ordering::Relaxed);
        let old = std::mem::replace(&mut place.sink, sink);
        let Place { sink: Some(sink), kept, until } = &mut *place else { return old };
        let kept = std::mem::take(kept);
        if until.take().is_some_and(|until| Instant::now() < until) {
            kept.iter().filter(|event| mask & event.id != 0).for_each(|event| sink.tell(event));
        }
        self.keeping.store(false, Ordering::Release);
        old
    }

    /// A connection is about to be made: a monitor may follow.
    pub fn keep(&self) {
        let mut place = self.place.lock();
        if place.sink.is_none() {
            place.until = Some(Instant::now() + MOMENT);
            self.keeping.store(true, Ordering::Relaxed);
        }
    }

    /// Somebody has come to listen.
    pub(crate) fn listener_came(&self) {
        if let Some(sink) = &mut self.place.lock().sink {
            sink.listener_came();
        }
    }

    /// Tells of an event, if it is wanted.
    pub fn tell(&self, event: &Event) {
        // In this order: a monitor that comes sets its mask before events are no longer kept for
        // it.
        let keeping = self.keeping.load(Ordering::Acquire);
        if !keeping && self.mask.load(Ordering::Relaxed) & event.id == 0 {
            return;
        }
        let mut place = self.place.lock();
        match &mut place.sink {
            // Asked again under the lock: the sink may have come meanwhile.
            Some(sink) if self.mask.load(Ordering::Relaxed) & event.id != 0 => sink.tell(event),
            Some(_) => {}
            None => self.keep_event(&mut place, event),
        }
    }

    fn keep_event(&self, place: &mut Place, event: &Event) {
        let fresh = place.until.is_some_and(|until| Instant::now() < until);
        if fresh && place.kept.len() < MAX_KEPT {
            place.kept.push(event.clone());
        } else {
            place.kept = Vec::new();
            place.until = None;
            self.keeping.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    struct Heard(Arc<Mutex<Vec<i32>>>);

    impl EventSink for Heard {
        fn tell(&mut self, event: &Event) {
            self.0.lock().push(event.id);
        }

        fn listener_came(&mut self) {}
    }

    fn tell(monitor: &Monitor, ids: &[i32]) {
        ids.iter().for_each(|id| monitor.tell(&Event::new(*id, 0, "")));
    }

    fn listen(monitor: &Monitor, mask: i32) -> Arc<Mutex<Vec<i32>>> {
        let heard = Arc::default();
        monitor.set(mask, Some(Box::new(Heard(Arc::clone(&heard)))));
        heard
    }

    #[test]
    fn a_monitor_that_follows_a_connect_misses_nothing() {
        let monitor = Monitor::default();
        tell(&monitor, &[1]);
        monitor.keep();
        tell(&monitor, &[2, 4, 8]);
        drop(monitor.set(0, None));
        let heard = listen(&monitor, 2 | 8 | 16);
        tell(&monitor, &[16, 32]);
        assert_eq!(*heard.lock(), [2, 8, 16]);
        assert_eq!(*listen(&monitor, -1).lock(), [0; 0], "told once");
    }

    #[test]
    fn a_monitor_that_comes_later_hears_of_what_comes_then() {
        let monitor = Monitor::default();
        monitor.keep();
        tell(&monitor, &[1]);
        std::thread::sleep(MOMENT);
        assert_eq!(*listen(&monitor, -1).lock(), [0; 0]);
        drop(monitor.set(0, None));
        monitor.keep();
        tell(&monitor, &[1; MAX_KEPT + 1]);
        tell(&monitor, &[2]);
        assert_eq!(*listen(&monitor, -1).lock(), [0; 0], "no more than a few");
    }
}
