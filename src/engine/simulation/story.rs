//! One seed from its beginning to its end: a storm, a calm in which all that is due arrives, and
//! the end.
#![forbid(unsafe_code)]

use super::network::Way;
use super::plan::Kind;
use super::socket::Socket;
use super::trace;
use super::traffic::Name;
use super::world::World;
use crate::link::LinkId;
use crate::sync::queue::testing::held;
use crate::sys::testing::{set_chance, set_now};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// So many steps are more than enough for all that is left to do.
const ENOUGH: usize = 50_000;
/// A queue that is empty may keep so much.
const FLOOR: isize = 256 * 1024;

/// Plays a seed through. Says how many messages arrived.
pub(super) fn play(seed: u64) -> u64 {
    set_chance(Some(seed));
    let before = held();
    let mut world = World::new(seed);
    for _ in 0..world.plan.steps {
        world.step();
    }
    world.calm_down();
    world.check_memory(before);
    world.end();
    let arrived = world.ledger.arrived;
    drop(world);
    assert_eq!(held(), before, "queues are left over");
    set_chance(None);
    set_now(None);
    arrived
}

impl World {
    /// Anything.
    fn step(&mut self) {
        self.storm();
        match self.random.below(16) {
            0..3 => self.send_somewhere(),
            3..5 => self.receive_somewhere(),
            5..9 => self.carry_something(),
            9..12 => drop(self.turn()),
            12 => drop(self.settle()),
            13 => self.pass_time(),
            14 => self.meddle(),
            _ => self.claim_somewhere(),
        }
    }

    /// Now and then a connection is lost.
    fn storm(&mut self) {
        if self.calm || self.pipes.is_empty() || self.random.below(self.plan.cuts) > 0 {
            return;
        }
        let index = self.random.below(self.pipes.len());
        match self.random.below(4) {
            0 => self.stall(index),
            _ if self.plan.lossless => self.pipes[index].cut_gently(&mut self.desk),
            1 => self.pipes[index].lose_near(&mut self.desk),
            _ => self.cut(index),
        }
    }

    fn stall(&mut self, index: usize) {
        let time = Duration::from_millis(1 + self.random.below(200) as u64);
        self.pipes[index].stalled_until = Some(self.desk.now() + time);
    }

    fn send_somewhere(&mut self) {
        let sockets = self.sockets();
        let first = usize::from(self.plan.kind == Kind::Push);
        let count = if self.plan.kind == Kind::Subscribe { 1 } else { sockets.len() };
        let socket = &sockets[first + self.random.below(count - first)];
        let ids = socket.ids();
        if ids.is_empty() {
            return;
        }
        let id = ids[self.random.below(ids.len())];
        for _ in 0..1 + self.random.below(4) {
            socket.send(id, &mut self.random, true);
        }
        if self.random.below(20) == 0 {
            socket.roll_back(id);
        }
        self.note_streams();
    }

    fn receive_somewhere(&mut self) {
        let sockets = self.sockets();
        let socket = &sockets[self.random.below(sockets.len())];
        self.hear_elders();
        socket.tend();
        for id in socket.ids() {
            let most = 1 + self.random.below(20);
            socket.receive(id, &mut self.ledger, most);
        }
    }

    fn carry_something(&mut self) {
        if self.pipes.is_empty() {
            return;
        }
        for _ in 0..1 + self.random.below(3) {
            let index = self.random.below(self.pipes.len());
            let way = [Way::Forth, Way::Back][self.random.below(2)];
            let most = 1 + self.random.below(self.plan.piece);
            self.carry(index, way, most);
            if self.pipes.is_empty() {
                return;
            }
        }
    }

    fn pass_time(&mut self) {
        let next = self.desk.next_timer().unwrap_or_default();
        let time = match self.random.below(4) {
            0 => next,
            1 => Duration::from_micros(self.random.below(100) as u64),
            2 => Duration::from_millis(self.random.below(10) as u64),
            _ => Duration::from_micros(1),
        };
        self.advance(time);
        let idle = [0, 5, 1000][self.random.below(3)];
        self.desk.pokes.idle.store(idle, Ordering::Relaxed);
    }

    /// What happens rarely.
    fn meddle(&mut self) {
        let client = self.random.below(self.clients.len());
        match self.random.below(8) {
            0 => self.unbind(client),
            1..4 => self.bind(client),
            4 => drop(self.server.answer()),
            5 => {
                let fails = self.random.below(4) == 0;
                self.look_up(fails);
            }
            _ if self.plan.kind == Kind::Subscribe => {
                let topic = self.random.below(8) as u8;
                let fails = self.random.below(8) == 0;
                self.clients[client].socket.toggle(topic, fails);
            }
            _ => drop(self.server.answer()),
        }
    }

    /// A thread reads for itself for a while.
    fn claim_somewhere(&mut self) {
        let sockets = self.sockets();
        let socket = &sockets[self.random.below(sockets.len())];
        for id in socket.ids() {
            let Some(peer) = socket.peer(id) else { continue };
            let choice = self.random.below(8);
            trace(|| format!("claim, pump, release, look or press: {id:?}, {choice}"));
            match choice {
                0 | 1 => drop(peer.claim()),
                2 | 3 => drop(peer.pump()),
                4 => peer.release(),
                5 => peer.look(),
                6 => peer.pressure(),
                _ => {}
            }
        }
    }

    /// Notes how far clients have come: their links may go.
    fn note_streams(&mut self) {
        for client in &mut self.clients {
            for line in client.socket.state.lock().lines.values() {
                client.streams.insert(line.stream, line.sent);
            }
        }
    }

    /// The network heals, and what is due arrives.
    fn calm_down(&mut self) {
        self.calm = true;
        self.cut_lame();
        (0..self.clients.len()).for_each(|client| self.bind(client));
        self.go_on_until(|world| world.is_connected());
        self.send_until_all_is_there();
        self.note_streams();
        self.check_streams();
    }

    /// What was lost before shows when more comes. It is sent again only if that was lost as well.
    fn send_until_all_is_there(&mut self) {
        for _ in 0..20 {
            let connections = self.connections;
            self.send_last();
            let has_arrived =
                |world: &Self| world.connections > connections || world.is_all_there();
            self.go_on_until(|world| world.is_connected() && has_arrived(world));
            if self.is_all_there() {
                return;
            }
        }
        panic!("no connection lasts");
    }

    /// Ends hear of what they have not heard of yet.
    fn cut_lame(&mut self) {
        for index in (0..self.pipes.len()).rev() {
            let pipe = &self.pipes[index];
            if pipe.is_dead_end() || pipe.is_lame() && !self.plan.lossless {
                self.cut(index);
            }
        }
    }

    /// Does what there is to do, and lets time pass when there is nothing.
    fn go_on_until(&mut self, done: impl Fn(&Self) -> bool) {
        for _ in 0..ENOUGH {
            let busy = self.go_on();
            if busy {
                continue;
            }
            if done(self) {
                return;
            }
            let Some(time) = self.desk.next_timer() else {
                panic!("nothing will ever happen again")
            };
            self.advance(time);
        }
        panic!("it does not come to an end");
    }

    fn go_on(&mut self) -> bool {
        let mut busy = self.settle();
        for index in (0..self.pipes.len()).rev() {
            for way in [Way::Forth, Way::Back] {
                busy |= index < self.pipes.len() && self.carry(index, way, 1 << 20);
            }
        }
        for socket in self.sockets() {
            busy |= socket.tend();
            for id in socket.ids() {
                busy |= socket.receive(id, &mut self.ledger, usize::MAX);
            }
        }
        busy |= self.hear_elders();
        busy | self.server.answer() | self.look_up(false)
    }

    fn is_connected(&self) -> bool {
        let active = |client: &super::world::Client| {
            client.socket.story(&client.handle.endpoint, super::monitor::Story::is_active)
        };
        self.clients.iter().all(active)
            && [self.pipes.len(), self.peers()] == [self.clients.len(); 2]
    }

    /// One more message by each link that is there: it finds out what was lost before.
    fn send_last(&mut self) {
        for (index, socket) in self.sockets().iter().enumerate() {
            let sends = match self.plan.kind {
                Kind::Talk => true,
                Kind::Push => index > 0,
                Kind::Subscribe => index == 0,
            };
            for id in socket.ids().into_iter().filter(|_| sends) {
                self.send_surely(socket, id);
            }
        }
    }

    /// There is room after a while: claims lapse, and nothing waits.
    fn send_surely(&mut self, socket: &Socket, id: LinkId) {
        for _ in 0..200 {
            if !socket.ids().contains(&id) || socket.send(id, &mut self.random, false) {
                return;
            }
            let next = self.desk.next_timer().unwrap_or(Duration::MAX);
            self.advance(next.min(Duration::from_millis(2)));
            while self.go_on() {}
        }
        panic!("no room where nothing waits");
    }

    fn is_all_there(&self) -> bool {
        let arrived =
            |stream: u32, sent: u32| sent == 0 || self.ledger.last(stream) == Some(sent - 1);
        let all = |socket: &std::sync::Arc<Socket>| {
            socket.state.lock().lines.values().all(|line| arrived(line.stream, line.sent))
        };
        self.sockets().iter().all(all) && self.is_subscribed()
    }

    fn is_subscribed(&self) -> bool {
        let wanted = self.clients.iter().map(|client| client.socket.state.lock().topics.clone());
        let mut wanted: Vec<_> = wanted.collect();
        let server = self.server.state.lock();
        let mut heard: Vec<_> = server.lines.values().map(|line| line.topics.clone()).collect();
        wanted.sort();
        heard.sort();
        self.plan.kind != Kind::Subscribe || wanted == heard
    }

    fn check_memory(&self, before: isize) {
        let links: usize = self.sockets().iter().map(|socket| socket.ids().len()).sum();
        let most = FLOOR * 2 * links as isize;
        assert!(held() - before <= most, "queues hold {} bytes", held() - before);
    }

    /// All are told to end, and do.
    fn end(&mut self) {
        self.calm = self.plan.linger < 0 || self.random.below(2) == 0;
        for _ in 0..self.random.below(5) {
            self.send_somewhere();
        }
        self.note_streams();
        for client in &self.clients {
            client.socket.set_linger(self.plan.linger);
            client.socket.close();
            client.handle.stop();
        }
        self.settle();
        self.wait_for_clients();
        self.calm = true;
        self.cut_lame();
        self.go_on_until(|world| world.pipes.is_empty());
        if self.plan.linger < 0 && self.plan.lossless && !self.plan.client.immediate {
            self.check_delivered();
        }
        self.check_streams();
        self.stop_server();
        self.settle();
        assert!(!self.has_sessions(), "a session does not end");
        assert_eq!(self.desk.next_timer(), None);
    }

    fn wait_for_clients(&mut self) {
        let limit = u64::try_from(self.plan.linger).map(Duration::from_millis);
        let end = limit.ok().map(|limit| self.desk.now() + limit);
        for _ in 0..ENOUGH {
            if end.is_some_and(|end| self.desk.now() >= end) {
                self.settle();
                assert!(!self.has_clients(), "a client lingers for too long");
            }
            if !self.has_clients() {
                return;
            }
            if !self.calm {
                self.step();
            }
            if !(self.calm && self.go_on()) && self.random.below(3) == 0 {
                let time = self.desk.next_timer().unwrap_or_default();
                self.advance(time);
                self.settle();
            }
        }
        panic!("a client does not end");
    }

    fn has_clients(&self) -> bool {
        self.clients.iter().any(|client| self.is_there(client))
    }

    fn check_delivered(&self) {
        for (stream, sent) in self.clients.iter().flat_map(|client| &client.streams) {
            let newest = Name { stream: *stream, number: sent.wrapping_sub(1) };
            let last = self.ledger.last(*stream);
            assert!(*sent == 0 || last == Some(newest.number), "{newest:?} is lost: {last:?}");
        }
    }
}
