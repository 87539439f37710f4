//! What a peer can cost us: each thing that it can make a socket keep or work out has a bound, as
//! the table in SECURITY.md says, and where memory is short its connection ends, and nothing else.
//!
//! What is measured, or wants less memory than there is, runs in a process of its own: this program
//! again. The peers in it are bare streams, which take nothing, so that what is allocated is the
//! library's.

#[path = "../common/mod.rs"]
mod common;

mod connections;
mod handshakes;
mod memory;
mod messages;
mod shortage;
mod subscriptions;

use common::bytes::{Dialect, Kind, LONG, PUSH};
use common::{context, finish, Monitor, Peer, Socket};
use std::process::Command;
use zeroxide::internal::options::ids;
use zeroxide::internal::runtime::Context;

const TCP: &str = "tcp://127.0.0.1:*";
const V3_1: Dialect = Dialect::V3(1);
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// What the process keeps of memory that queues have used, for all of them.
const SPARE: usize = 5 * MIB;

/// Says that this is a process for one test.
const ALONE: &str = "ZEROXIDE_BOUNDS_ALONE";

/// Runs the body of a test in a process of its own.
fn alone(name: &str, body: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    let run = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .arg("--test-threads=1")
        .env(ALONE, "1")
        // Each arena of the allocator would take a part of the address space for itself.
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (said(&run.stdout), said(&run.stderr));
    assert!(run.status.success() && out.contains("1 passed"), "{}\n{out}\n{err}", run.status);
    print!("{err}");
}

/// The test that a closure stands in: its path is that of the function, within this crate.
fn test_of<Body>() -> String {
    let path = std::any::type_name::<Body>().split("::").skip(1);
    path.take_while(|part| !part.starts_with('{')).collect::<Vec<_>>().join("::")
}

/// Runs `body` in a process that can have `more` bytes of address space than it had at first.
fn with_memory<Body: FnOnce()>(more: usize, body: Body) {
    alone(&test_of::<Body>(), || {
        prepare();
        memory::limit(more);
        body();
    });
}

/// Runs `body` in a process of its own, and has what is made when it is first needed made before.
fn measured<Body: FnOnce()>(body: Body) {
    alone(&test_of::<Body>(), || {
        prepare();
        body();
    });
}

fn prepare() {
    let context = context();
    let (pull, endpoint) = Socket::bound(&context, ids::PULL, TCP);
    let mut peer = Peer::greet(&endpoint, V3_1, PUSH, b"");
    peer.write(&V3_1.message(&[b"a message"]));
    pull.recv();
    finish(&context, [pull]);
}

/// A socket that peers attack, and what it tells of them.
struct Victim {
    context: Context,
    socket: Socket,
    monitor: Monitor,
    endpoint: String,
}

impl Victim {
    fn new(kind: i32, configure: impl FnOnce(&Socket)) -> Self {
        let context = context();
        let socket = Socket::new(&context, kind);
        configure(&socket);
        let monitor = socket.monitor(&context);
        let endpoint = socket.bind(TCP);
        Self { context, socket, monitor, endpoint }
    }

    /// A peer whose handshake is over.
    fn peer(&self, dialect: Dialect, kind: Kind) -> Peer {
        let peer = Peer::greet(&self.endpoint, dialect, kind, b"");
        self.monitor.wait_for(ids::EVENT_HANDSHAKE_SUCCEEDED);
        peer
    }

    /// Waits until the attacker was thrown out.
    fn is_left_alone(&self) {
        self.monitor.wait_for(ids::EVENT_DISCONNECTED);
    }

    fn finish(self) {
        finish(&self.context, [self.socket, self.monitor.0]);
    }
}

/// The header of a frame of this length.
fn header(flags: u8, len: u64) -> Vec<u8> {
    [&[flags | LONG][..], &len.to_be_bytes()].concat()
}

/// A PULL under attack goes on serving.
fn pull_survives(attack: impl FnOnce(&Context, &Socket, &str) -> Vec<Peer>) {
    let context = context();
    let (pull, endpoint) = Socket::bound(&context, ids::PULL, TCP);
    let attackers = attack(&context, &pull, &endpoint);
    for round in 0..3 {
        let mut good = Peer::greet(&endpoint, V3_1, PUSH, b"");
        good.write(&V3_1.message(&[&[round; 100]]));
        assert_eq!(pull.recv(), [[round; 100]]);
    }
    drop(attackers);
    finish(&context, [pull]);
}

/// Writes until the other end has closed the connection, and says how much that took.
fn write_until_closed(peer: &mut Peer, most: usize) -> usize {
    let piece = vec![7; MIB];
    let mut written = 0;
    while written < most && peer.keeps(&piece) {
        written += piece.len();
    }
    written
}
