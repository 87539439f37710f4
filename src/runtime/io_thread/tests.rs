use super::*;
use crate::engine::session::Profile;
use crate::engine::{Event, Owner, SessionHandle};
use crate::link::{Link, LinkEnd, LinkId, Peer};
use crate::options::{ContextOptions, Options, SocketType};

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
    let options = Options::for_socket(SocketType::Pull, &ContextOptions::default());
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

/// The thread, which cannot wait for anything: `failure` says why not, so often.
fn failing(
    failure: i32,
    times: usize,
) -> (Arc<IoHandle>, Arc<Nobody>, std::thread::JoinHandle<()>) {
    let mut io_thread = idle_loop();
    let (handle, owner) = (io_thread.handle.clone(), Arc::<Nobody>::default());
    io_thread.insert(Object::Session(session(&handle, &owner)));
    let join = std::thread::spawn(move || {
        let failures = AtomicUsize::new(0);
        io_thread.run(|io_thread, events| match failures.fetch_add(1, Ordering::Relaxed) {
            failed if failed < times => Err(std::io::Error::from_raw_os_error(failure)),
            _ => io_thread.sleep(events),
        });
    });
    (handle, owner, join)
}

#[test]
fn an_io_thread_that_cannot_wait_ends_all_it_has_and_all_that_comes_later() {
    let (handle, owner, join) = failing(libc::EBADF, usize::MAX);
    join.join().unwrap();
    assert_eq!(owner.ended(), 1);
    handle.send(Task::Session(session(&handle, &owner)));
    assert_eq!(owner.ended(), 2);
    assert!(handle.is_over());
}

#[test]
fn an_io_thread_waits_again_after_a_shortage_of_memory() {
    let (handle, owner, join) = failing(libc::ENOMEM, 3);
    handle.send(Task::Session(session(&handle, &owner)));
    let started = Instant::now();
    while handle.load() < 2 && started.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!((handle.load(), owner.ended()), (2, 0));
    handle.send(Task::End);
    join.join().unwrap();
    assert_eq!(owner.ended(), 2);
}
