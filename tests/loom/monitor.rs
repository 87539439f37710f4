//! The monitor of a socket, set by the application while I/O threads tell of events.

use super::check_deep;
use loom::sync::Arc;
use loom::thread;
use std::sync::Mutex;
use zeroxide::internal::engine::Event;
use zeroxide::internal::runtime::monitor::{EventSink, Monitor};

/// No thread is stopped while it has this lock: loom knows nothing of it.
type Ids = std::sync::Arc<Mutex<Vec<i32>>>;

struct Heard(Ids);

impl EventSink for Heard {
    fn tell(&mut self, event: &Event) {
        self.0.lock().unwrap().push(event.id);
    }

    fn listener_came(&mut self) {}
}

/// A connection was begun, and then the monitor was set: whatever happens is told or kept.
#[test]
fn a_monitor_that_comes_while_something_happens_hears_of_it_once() {
    check_deep(5, || {
        let monitor = Arc::new(Monitor::default());
        monitor.keep();
        let theirs = monitor.clone();
        let teller = thread::spawn(move || {
            [1, 2].iter().for_each(|id| theirs.tell(&Event::new(*id, 0, "")));
        });
        let heard = Ids::default();
        monitor.set(-1, Some(Box::new(Heard(heard.clone()))));
        teller.join().unwrap();
        assert_eq!(*heard.lock().unwrap(), [1, 2]);
    });
}

/// Of two monitors, one after the other, one or the other hears of each event.
#[test]
fn what_happens_while_a_monitor_is_replaced_is_heard_of_once() {
    check_deep(5, || {
        let monitor = Arc::new(Monitor::default());
        let heard = Ids::default();
        let sink = || Some(Box::new(Heard(heard.clone())) as Box<dyn EventSink>);
        monitor.set(-1, sink());
        let theirs = monitor.clone();
        let teller = thread::spawn(move || {
            [1, 2].iter().for_each(|id| theirs.tell(&Event::new(*id, 0, "")));
        });
        drop(monitor.set(-1, sink()));
        teller.join().unwrap();
        assert_eq!(*heard.lock().unwrap(), [1, 2]);
    });
}
