use super::*;
use crate::engine::connection::{RecvFraming, RecvHalf, SendFraming, SendHalf};
use crate::link::{pair, Limits};
use crate::sys::io;

/// An I/O thread that has had nothing to do for so long.
struct Idle(Duration);

impl Waker for Idle {
    fn poke(&self, _session: usize) {}

    fn idle(&self) -> Duration {
        self.0
    }

    fn stop_reading(&self, _session: usize, _fd: RawFd, _writable: bool) {}
}

struct Nobody;

impl Peer for Nobody {
    fn readable(&self) {}
    fn writable(&self) {}
    fn closed(&self) {}
}

fn connected(idle: Duration) -> Arc<SessionHandle> {
    let handle = SessionHandle::new(Arc::new(Idle(idle)), String::new());
    let (_, end) = pair(Limits::Messages(10), Limits::Messages(10)).unwrap();
    let (stream, _) = io::pair().unwrap();
    let send = SendHalf::new(end.rx, Arc::new(Nobody), SendFraming::Direct, Vec::new());
    let recv = RecvHalf::new(end.tx, Arc::new(Nobody), RecvFraming::Direct, None, false);
    handle.set_connection(Some(Arc::new(Connection::new(stream, send, recv))), false);
    handle
}

#[test]
fn to_start_over_is_not_to_disconnect() {
    let handle = connected(Duration::ZERO);
    handle.start_over();
    assert_eq!(handle.take_wanted(), wake::REPEAT | wake::BROKEN);
    handle.disconnect();
    assert_eq!(handle.take_wanted() & (wake::REPEAT | wake::BROKEN), 0);
}
