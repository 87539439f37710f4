//! A process that runs out of descriptors is told so by an errno, and goes on when there are some again.
//!
//! Each test runs itself once more in a process with a low limit, which a shell sets.
#![forbid(unsafe_code)]

mod common;

use common::bytes::{Dialect, DEALER, ROUTER};
use common::{context, finish, Peer, Socket};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};
use zeroxide::internal::error::Error;
use zeroxide::internal::options::ids;
use zeroxide::internal::runtime::Context;

const TCP: &str = "tcp://127.0.0.1:*";
/// Set in the process with the limit.
const INSIDE: &str = "ZEROXIDE_TEST_FEW_DESCRIPTORS";

/// Runs one test of this program again, with 64 descriptors.
fn again(test: &str) -> Child {
    Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

#[test]
fn calls_fail_with_emfile_and_work_again_later() {
    if !is_inside() {
        let output = again("calls_fail_with_emfile_and_work_again_later").wait_with_output();
        let output = output.unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let context = context();
    let mut sockets = vec![Socket::new(&context, ids::PULL)];
    sockets[0].bind(TCP);
    // Sockets until there is no more.
    let error = loop {
        match Socket::try_new(&context, ids::PUSH) {
            Ok(socket) => sockets.push(socket),
            Err(error) => break error,
        }
        assert!(sockets.len() < 64, "no limit");
    };
    assert_eq!(error, Error::TooManyFiles);
    assert_eq!(error.errno(), libc::EMFILE);
    assert_eq!(Context::new().map(drop), Err(Error::TooManyFiles));
    // Everything else that takes one.
    for address in [TCP, "ipc://*", "ipc://@zeroxide-few-descriptors"] {
        assert_eq!(sockets[0].try_bind(address), Err(Error::TooManyFiles), "{address}");
    }
    sockets[1].set(ids::RECONNECT_IVL, 10);
    sockets[1].set(ids::IMMEDIATE, 0);
    let endpoint = {
        // Give one back, for a listener and nothing else.
        sockets.pop().unwrap().close();
        sockets[0].bind(TCP)
    };
    // There is none for the connection, but there will be: it is tried again.
    sockets[1].connect(&endpoint);
    sockets[1].send(&[b"at last"]);
    assert!(sockets[0].is_silent(Duration::from_millis(50)));
    for _ in 0..4 {
        sockets.pop().unwrap().close();
    }
    assert_eq!(sockets[0].recv(), [b"at last"]);
    finish(&context, sockets);
}

/// A conversation with the other process, line by line.
struct Line {
    child: Child,
    to: ChildStdin,
    from: BufReader<std::process::ChildStdout>,
}

impl Line {
    fn new(mut child: Child) -> Self {
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, to, from: BufReader::new(from) }
    }

    /// What follows the word, in the first line that has it.
    fn hear(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).unwrap() > 0, "no {word}");
            if let Some((_, rest)) = line.split_once(word) {
                return rest.trim().to_owned();
            }
        }
    }

    fn say(&mut self, what: &str) {
        writeln!(self.to, "{what}").unwrap();
    }
}

/// More peers come than there are descriptors.
#[test]
fn a_listener_at_the_limit_neither_spins_nor_dies() {
    if is_inside() {
        return listen();
    }
    let mut line = Line::new(again("a_listener_at_the_limit_neither_spins_nor_dies"));
    let endpoint = line.hear("endpoint ");
    let mut peers: Vec<_> = (0..100).map(|_| Peer::connect(&endpoint)).collect();
    // The first ones are in and are served, while the last ones wait.
    let serve = |peer: &mut Peer, id: &[u8]| {
        peer.write(&Dialect::V3(1).hello(DEALER, id));
        peer.expect(&Dialect::V3(1).answer(ROUTER, b""));
        peer.write(&Dialect::V3(1).message(&[b"hello"]));
        assert_eq!(peer.message(), [b"hello"]);
    };
    serve(&mut peers[0], b"first");
    line.hear("at the limit");
    let used: u64 = line.hear("used milliseconds ").parse().unwrap();
    assert!(used < 200, "{used} ms of CPU time in a second of waiting");
    serve(&mut peers[1], b"second");
    // When others go, the last one gets in, and somebody new as well.
    let mut last = peers.pop().unwrap();
    drop(peers);
    serve(&mut last, b"last");
    serve(&mut Peer::connect(&endpoint), b"new");
    line.say("enough");
    assert!(line.child.wait().unwrap().success());
}

/// The process with the limit: echoes what it is told, and watches itself.
fn listen() {
    // Opened while that is possible.
    let mut clock = Clock::new();
    let context = context();
    let (router, endpoint) = Socket::bound(&context, ids::ROUTER, TCP);
    let monitor = router.monitor(&context);
    router.set(ids::RCVTIMEO, 20);
    println!("\nendpoint {endpoint}");
    let watching = std::thread::spawn(move || {
        assert_eq!(monitor.wait_for(ids::EVENT_ACCEPT_FAILED), libc::EMFILE);
        println!("at the limit");
        let before = clock.milliseconds();
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(100));
        }
        println!("used milliseconds {}", clock.milliseconds() - before);
        monitor
    });
    let end = std::thread::spawn(|| std::io::stdin().read_line(&mut String::new()).unwrap());
    let started = Instant::now();
    while !end.is_finished() && started.elapsed() < Duration::from_secs(30) {
        if let Some(parts) = router.try_recv() {
            router.send(&parts.iter().map(|part| &part[..]).collect::<Vec<_>>());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    finish(&context, [router, watching.join().unwrap().0]);
}

/// Tells how much CPU time this process has used so far.
struct Clock(File);

impl Clock {
    fn new() -> Self {
        Self(File::open("/proc/self/stat").unwrap())
    }

    fn milliseconds(&mut self) -> u64 {
        let mut text = String::new();
        self.0.seek(SeekFrom::Start(0)).unwrap();
        self.0.read_to_string(&mut text).unwrap();
        // The second field is a name in brackets; user and system time are the 14th and the 15th.
        let fields: Vec<_> = text[text.rfind(')').unwrap()..].split(' ').collect();
        (fields[12].parse::<u64>().unwrap() + fields[13].parse::<u64>().unwrap()) * 10
    }
}
