//! A descriptor that is readable from the ringing until somebody drains it.

use loom::sync::{Arc, Condvar, Mutex};

#[derive(Clone)]
pub struct Bell(Arc<(Mutex<bool>, Condvar)>);

impl Bell {
    pub fn new() -> Self {
        Self(Arc::new((Mutex::new(false), Condvar::new())))
    }

    /// Says, as writing to a descriptor does, that it went well.
    pub fn ring(&self) -> bool {
        *self.0 .0.lock().unwrap() = true;
        self.0 .1.notify_one();
        true
    }

    /// Sleeps until it rings; it goes on ringing.
    pub fn poll(&self) {
        let mut ringing = self.0 .0.lock().unwrap();
        while !*ringing {
            ringing = self.0 .1.wait(ringing).unwrap();
        }
    }

    pub fn drain(&self) {
        *self.0 .0.lock().unwrap() = false;
    }

    pub fn is_ringing(&self) -> bool {
        *self.0 .0.lock().unwrap()
    }

    pub fn wait(&self) {
        self.poll();
        self.drain();
    }
}
