//! A server, its clients, and the network between them, of which each step is chosen by a seed.
#![forbid(unsafe_code)]

use super::elder::Elder;
use super::monitor::Story;
use super::network::{Pipe, Way};
use super::plan::{handle, Kind, Plan, Zap};
use super::reactor::{Desk, Io, Seat};
use super::socket::{Socket, CONNECTION};
use super::trace;
use super::traffic::{Ledger, Sent};
use crate::engine::reactor::Waker;
use crate::engine::session::limits;
use crate::engine::{Reactor, Ready, Session, SessionHandle};
use crate::error::Error;
use crate::link::{pair, Link, LinkOrigin};
use crate::sys::io::{self, adopt, Stream};
use crate::sys::net::set_option;
use crate::transport::{Endpoint, Established, Listener, TransportOptions};
use crate::wire::testing::Random;
use std::collections::BTreeMap;
use std::os::fd::IntoRawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

/// So many turns of the I/O thread without anything from outside mean that it spins.
const TURNS: usize = 100;

/// See the module.
pub(super) struct World {
    pub(super) random: Random,
    pub(super) plan: Plan,
    pub(super) desk: Desk,
    sessions: Vec<Option<Session>>,
    free: Vec<usize>,
    pub(super) clients: Vec<Client>,
    pub(super) server: Arc<Socket>,
    /// The server's sessions.
    accepted: Vec<Arc<SessionHandle>>,
    elders: Vec<Elder>,
    pub(super) pipes: Vec<Pipe>,
    pub(super) connections: u32,
    pub(super) ledger: Ledger,
    /// The storm is over.
    pub(super) calm: bool,
}

/// A socket that connects.
pub(super) struct Client {
    pub(super) socket: Arc<Socket>,
    pub(super) handle: Arc<SessionHandle>,
    session: usize,
    /// Where the server listens for it.
    place: Endpoint,
    listener: Option<Listener>,
    /// What each connection has taken.
    taken: BTreeMap<u32, u64>,
    /// Streams that are over, and how many messages they had.
    pub(super) streams: BTreeMap<u32, u32>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::new(&mut random);
        let has_zap = plan.zap == Zap::Present;
        let server = Socket::new(plan.size, (0, 4), has_zap, plan.kind == Kind::Subscribe);
        let mut world = Self {
            random,
            plan,
            desk: Desk::new(),
            sessions: Vec::new(),
            free: Vec::new(),
            clients: Vec::new(),
            server,
            accepted: Vec::new(),
            elders: Vec::new(),
            pipes: Vec::new(),
            connections: 0,
            ledger: Ledger::default(),
            calm: false,
        };
        (0..world.plan.clients).for_each(|index| world.add_client(index));
        world
    }

    fn add_client(&mut self, index: usize) {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let place = format!("ipc://@zeroxide-simulation-{}-{count}", std::process::id());
        let place = Endpoint::parse(&place).unwrap();
        let name = format!("client {index}");
        let socket = Socket::new(self.plan.size, (1 + index as u32, 4), false, false);
        socket.follow(name.clone(), Story::connecter(self.plan.longest_interval()));
        let waker: Arc<dyn Waker> = self.desk.pokes.clone();
        let handle = handle(waker, name);
        let options = &self.plan.client;
        let link = (!options.immediate).then(|| {
            socket.open_link(&handle, |peer| {
                let limits = |hwm| limits(options, hwm);
                let (ours, theirs) = pair(limits(options.rcvhwm), limits(options.sndhwm)).unwrap();
                (Link::new(theirs, peer, LinkOrigin::Connected, "".into(), None), ours)
            })
        });
        let target = match self.plan.named {
            true => Endpoint::parse("tcp://server:1").unwrap(),
            false => place.clone(),
        };
        let profile = self.plan.profile(socket.clone(), true);
        let session = Session::connecter(handle.clone(), profile, target, link);
        let (taken, streams) = (BTreeMap::new(), BTreeMap::new());
        let client = Client { socket, handle, session: 0, place, listener: None, taken, streams };
        self.clients.push(client);
        if self.random.below(2) == 0 {
            self.bind(index);
        }
        self.clients[index].session = self.insert(session);
        self.admit(index);
    }

    /// Puts a session on the I/O thread. Numbers are used again.
    fn insert(&mut self, session: Session) -> usize {
        let index = self.free.pop().unwrap_or(self.sessions.len());
        self.sessions.resize_with(self.sessions.len().max(index + 1), || None);
        self.sessions[index] = Some(session);
        self.run(index, |session, io| session.start(io, index));
        index
    }

    /// Runs something of a session. One that is over leaves nothing behind.
    fn run(&mut self, index: usize, act: impl FnOnce(&mut Session, &mut dyn Reactor)) {
        let Some(Some(session)) = self.sessions.get_mut(index) else { return };
        act(session, &mut Io { desk: &mut self.desk, session: index });
        if session.is_over() {
            let traces = self.desk.traces(index);
            assert!(traces.is_empty(), "an ended session leaves {traces:?}");
            self.sessions[index] = None;
            self.free.push(index);
        }
    }

    /// One turn of the I/O thread. Says whether there was anything to do.
    pub(super) fn turn(&mut self) -> bool {
        let mut any = false;
        let mut ready = self.desk.take_ready();
        while !ready.is_empty() {
            let (session, ready) = ready.swap_remove(self.random.below(ready.len()));
            let Ready { readable, ended, writable } = ready;
            trace(|| format!("session {session}: ready {readable} {ended} {writable}"));
            self.run(session, |session, io| session.ready(io, ready));
            any = true;
        }
        let poked = std::mem::take(&mut *self.desk.pokes.poked.lock());
        for session in poked {
            trace(|| format!("session {session}: poked"));
            self.run(session, |session, io| session.poked(io));
            any = true;
        }
        while let Some((index, timer)) = self.desk.expire() {
            assert!(self.sessions[index].is_some(), "{timer:?} of an ended session");
            trace(|| format!("session {index}: {timer:?}"));
            self.run(index, |session, io| session.timer(io, timer));
            any = true;
        }
        for session in std::mem::take(&mut self.desk.later) {
            self.run(session, |session, io| session.poked(io));
            any = true;
        }
        (0..self.clients.len()).for_each(|client| self.admit(client));
        any
    }

    /// Has the I/O thread run until it has nothing to do at this moment.
    pub(super) fn settle(&mut self) -> bool {
        for turn in 0..TURNS {
            if !self.turn() {
                return turn > 0;
            }
        }
        panic!("the I/O thread spins");
    }

    pub(super) fn bind(&mut self, client: usize) {
        let Client { place, listener, .. } = &mut self.clients[client];
        if listener.is_none() {
            *listener = Some(place.bind(&TransportOptions::default()).unwrap());
        }
    }

    pub(super) fn unbind(&mut self, client: usize) {
        self.clients[client].listener = None;
    }

    /// Lets a client in that has connected.
    fn admit(&mut self, client: usize) {
        let listener = self.clients[client].listener.as_ref();
        let Some(near) = listener.and_then(|listener| listener.accept().unwrap()) else { return };
        self.connections += 1;
        let number = self.connections;
        let seat = self.desk.seat(self.clients[client].session);
        self.narrow(seat);
        let answers = self.calm || self.plan.client.handshake_ivl == 0 || self.random.below(10) > 0;
        let far = answers.then(|| self.accept(number));
        self.pipes.push(Pipe::new(number, client, (near.stream, seat), far));
    }

    /// A session of the server begins. Returns the network's end of its stream.
    fn accept(&mut self, number: u32) -> (Stream, Option<Seat>) {
        let (ours, theirs) = io::pair().unwrap();
        if let Some(version) = self.plan.elder {
            self.elders.push(Elder::new(theirs, version, number));
            return (ours, None);
        }
        if let Some(size) = self.plan.buffer {
            set_option(&theirs, libc::SOL_SOCKET, libc::SO_SNDBUF, size).unwrap();
        }
        let endpoint = format!("{CONNECTION}{number}");
        self.server.follow(endpoint.clone(), Story::accepted());
        let handle = handle(self.desk.pokes.clone(), endpoint);
        self.accepted.push(handle.clone());
        let profile = self.plan.profile(self.server.clone(), false);
        let established = Established { stream: theirs, peer_address: String::new() };
        let index = self.insert(Session::accepted(handle, profile, established));
        (ours, self.desk.seat(index))
    }

    /// Has the kernel hold little of what a session sends.
    fn narrow(&self, seat: Option<Seat>) {
        let (Some(size), Some(seat)) = (self.plan.buffer, seat) else { return };
        let stream = Stream::from(adopt(seat.fd).unwrap());
        set_option(&stream, libc::SOL_SOCKET, libc::SO_SNDBUF, size).unwrap();
        // It belongs to the session.
        assert_eq!(stream.into_raw_fd(), seat.fd);
    }

    /// Moves bytes of a connection.
    pub(super) fn carry(&mut self, index: usize, way: Way, most: usize) -> bool {
        let pipe = &mut self.pipes[index];
        if pipe.stalled_until.is_some_and(|until| until > self.desk.now()) && !self.calm {
            return false;
        }
        let moved = pipe.carry(&mut self.desk, way, most);
        trace(|| format!("carried {way:?}: {}", pipe.describe()));
        if self.pipes[index].is_over() {
            self.cut(index);
        }
        moved
    }

    /// Both ends of a connection lose it.
    pub(super) fn cut(&mut self, index: usize) {
        let mut pipe = self.pipes.swap_remove(index);
        pipe.cut(&mut self.desk);
        self.clients[pipe.client].taken.insert(pipe.number, pipe.taken());
    }

    /// Answers the oldest question for an address.
    pub(super) fn look_up(&mut self, fails: bool) -> bool {
        if self.desk.lookups.is_empty() {
            return false;
        }
        let (session, _) = self.desk.lookups.remove(0);
        let client = self.clients.iter().find(|client| client.session == session).unwrap();
        let place = client.place.try_numeric(&TransportOptions::default()).unwrap();
        let target = if fails { Err(Error::HostUnreachable) } else { Ok(place.unwrap()) };
        self.run(session, |session, io| session.resolved(io, target));
        true
    }

    /// Has peers from before ZMTP 3 hear what there is.
    pub(super) fn hear_elders(&mut self) -> bool {
        let Self { elders, ledger, plan, .. } = self;
        let any = elders.iter_mut().fold(false, |any, elder| elder.hear(ledger, plan.size) | any);
        elders.retain(|elder| !elder.is_over());
        any
    }

    /// How many peers clients have.
    pub(super) fn peers(&self) -> usize {
        self.server.ids().len() + self.elders.len()
    }

    /// Is the session of this client still there?
    pub(super) fn is_there(&self, client: &Client) -> bool {
        !client.socket.story(&client.handle.endpoint, Story::is_over)
    }

    /// Ends the server's sessions.
    pub(super) fn stop_server(&mut self) {
        self.server.close();
        self.accepted.iter().for_each(|handle| handle.stop());
    }

    pub(super) fn has_sessions(&self) -> bool {
        self.sessions.iter().any(Option::is_some)
    }

    /// Each socket, the server first.
    pub(super) fn sockets(&self) -> Vec<Arc<Socket>> {
        let clients = self.clients.iter().map(|client| client.socket.clone());
        std::iter::once(self.server.clone()).chain(clients).collect()
    }

    pub(super) fn advance(&mut self, time: Duration) {
        trace(|| format!("{time:?} pass"));
        self.desk.advance(time);
    }

    /// What stands where, for a failure.
    pub(super) fn describe(&self) -> String {
        let pipes: Vec<_> = self.pipes.iter().map(Pipe::describe).collect();
        let sockets: Vec<_> = self.sockets().iter().map(|socket| socket.describe()).collect();
        let (plan, desk, ledger) =
            (self.plan.describe(), self.desk.describe(), self.ledger.describe());
        format!("{plan}\n{desk}\n{ledger}\n{}\n{}", pipes.join("\n"), sockets.join("\n"))
    }

    /// What has arrived is what should have.
    pub(super) fn check_streams(&mut self) {
        for pipe in &self.pipes {
            self.clients[pipe.client].taken.insert(pipe.number, pipe.taken());
        }
        for client in &self.clients {
            for stream in client.streams.keys() {
                self.ledger.check(&Sent {
                    stream: *stream,
                    size: self.plan.size,
                    taken: &client.taken,
                    lossless: self.plan.lossless,
                });
            }
        }
    }
}

impl Drop for World {
    /// A failure tells where it happened.
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.describe());
        }
    }
}
