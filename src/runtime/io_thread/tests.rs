use super::*;
use crate::engine::session::Profile;
use crate::engine::{Event, Owner, SessionHandle};
use crate::link::{Link, LinkEnd, LinkId, Peer};
use crate::options::{ids, ContextOptions, Options};
use crate::wire::SocketType;

/// A socket that wants to hear of nothing but how many sessions have ended.
#[derive(Default)]
struct Nobody(AtomicUsize);

impl Nobody {
    fn ended(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Peer for Nobody {
    fn readable(&self) {}
    fn writable(&self) {}
    fn closed(&self) {}
}

impl Owner for Nobody {
    fn reserve_link(&self) -> (LinkId, Arc<dyn Peer>) {
        (LinkId(0), Arc::new(Self::default()))
    }

    fn attach(&self, _: LinkId, _: Link) {}
    fn hiccup(&self, _: LinkId) {}
    fn event(&self, _: Event) {}

    fn linger(&self) -> i32 {
        0
    }

    fn ask_zap(&self, _: LinkEnd, _: Arc<dyn Peer>) -> Option<Arc<dyn Peer>> {
        None
    }

    fn session_ended(&self, _: &Arc<SessionHandle>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn session(handle: &Arc<IoHandle>, owner: &Arc<Nobody>) -> Box<Session> {
    let options = Options::for_socket(ids::PULL, &ContextOptions::default());
    let profile = Profile {
        owner: owner.clone(),
        options: Arc::new(options),
        transport: TransportOptions::default(),
        socket_type: SocketType::Pull,
        raw: None,
    };
    let target = Endpoint::parse("tcp://127.0.0.1:1").unwrap();
    let session_handle = SessionHandle::new(handle.clone(), String::new());
    Box::new(Session::connecter(session_handle, profile, target, None))
}

fn idle_loop() -> Loop {
    let poll = Poll::new().unwrap();
    let handle = IoHandle::new(&poll).unwrap();
    Loop::new(poll, handle)
}

#[test]
fn a_session_that_panics_leaves_no_timers_to_the_next_one() {
    let mut io_thread = idle_loop();
    let owner = Arc::default();
    let index = io_thread.insert(Object::Session(session(&io_thread.handle, &owner)));
    io_thread.session(index, |_, io| {
        Timer::ALL.into_iter().for_each(|timer| io.set_timer(timer, Duration::ZERO));
        panic!("a bug, for the sake of the test");
    });
    assert_eq!(owner.ended(), 1);
    assert_eq!(io_thread.timers.next(), None);
}
