use super::*;
use crate::options::ids;
use crate::runtime::Context;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A context whose sockets give up after a while, and do not linger.
struct Bench {
    context: Context,
}

impl Bench {
    fn new() -> Self {
        Self { context: Context::new().unwrap() }
    }

    fn socket(&self, socket_type: i32) -> Arc<RawSocket> {
        let socket = Arc::new(RawSocket::default());
        socket.open(&self.context, socket_type).unwrap();
        for (id, value) in [(ids::LINGER, 0i32), (ids::RCVTIMEO, 5000)] {
            set(&socket, id, value);
        }
        socket
    }

    fn bound(&self, socket_type: i32, name: &str) -> Arc<RawSocket> {
        let socket = self.socket(socket_type);
        socket.with(|core| core.bind(&format!("inproc://{name}"))).unwrap();
        socket
    }

    fn connected(&self, socket_type: i32, name: &str) -> Arc<RawSocket> {
        let socket = self.socket(socket_type);
        connect(&socket, name);
        socket
    }

    /// Runs a proxy that closes its sockets at its end.
    fn run(&self, sockets: [Option<&Arc<RawSocket>>; 4]) -> JoinHandle<(Result<()>, u64)> {
        let [frontend, backend, capture, control] = sockets.map(|socket| socket.cloned());
        thread::spawn(move || {
            let (frontend, backend) = (frontend.unwrap(), backend.unwrap());
            let result =
                proxy_steerable(&frontend, &backend, capture.as_deref(), control.as_deref());
            let time = processor_time();
            for socket in [Some(frontend), Some(backend), capture, control].into_iter().flatten() {
                let _ = socket.close();
            }
            (result, time)
        })
    }

    fn end(self, proxy: JoinHandle<(Result<()>, u64)>, sockets: &[&Arc<RawSocket>]) -> u64 {
        self.context.shutdown();
        let (result, time) = proxy.join().unwrap();
        assert_eq!(result, Err(Error::Terminated));
        for socket in sockets {
            socket.close().unwrap();
        }
        self.context.terminate().unwrap();
        time
    }
}

/// Nanoseconds that this thread has run.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0)
}

fn set(socket: &RawSocket, id: i32, value: i32) {
    socket.with(|core| core.set_option(id, &value.to_ne_bytes())).unwrap();
}

fn connect(socket: &RawSocket, name: &str) {
    socket.with(|core| core.connect(&format!("inproc://{name}"))).unwrap();
}

fn send(socket: &RawSocket, parts: &[&[u8]]) {
    for (index, part) in parts.iter().enumerate() {
        let more = index + 1 < parts.len();
        socket.send(&mut Frame::bytes(part, more), false).unwrap();
    }
}

fn recv(socket: &RawSocket) -> Vec<Message> {
    let mut parts = Vec::new();
    loop {
        parts.push(socket.recv_message(false).unwrap());
        if !socket.with(|core| Ok(core.more())).unwrap() {
            return parts;
        }
    }
}

fn command(control: &RawSocket, text: &str) -> Vec<Message> {
    send(control, &[text.as_bytes()]);
    recv(control)
}

#[test]
fn requests_go_forth_and_replies_back() {
    let bench = Bench::new();
    let (frontend, backend) = (bench.bound(ids::ROUTER, "f"), bench.bound(ids::DEALER, "b"));
    let proxy = bench.run([Some(&frontend), Some(&backend), None, None]);
    let (client, server) = (bench.connected(ids::REQ, "f"), bench.connected(ids::REP, "b"));
    let large = vec![7; 100_000];
    for parts in [&[&b"one"[..]][..], &[b"", b"two"], &[b"head", &large, b""]] {
        send(&client, parts);
        assert_eq!(recv(&server), parts);
        send(&server, parts);
        assert_eq!(recv(&client), parts);
    }
    bench.end(proxy, &[&client, &server]);
}

#[test]
fn many_messages_keep_their_order_between_any_transports() {
    const COUNT: u32 = 20_000;
    let bench = Bench::new();
    let (frontend, backend) = (bench.socket(ids::PULL), bench.socket(ids::PUSH));
    let (client, server) = (bench.socket(ids::PUSH), bench.socket(ids::PULL));
    for (bound, other) in [(&frontend, &client), (&backend, &server)] {
        bound.with(|core| core.bind("tcp://127.0.0.1:*")).unwrap();
        let mut name = [0; 64];
        let len = bound.with(|core| core.option(ids::LAST_ENDPOINT, &mut name)).unwrap();
        let name = std::str::from_utf8(&name[..len - 1]).unwrap();
        other.with(|core| core.connect(name)).unwrap();
    }
    let proxy = bench.run([Some(&frontend), Some(&backend), None, None]);
    let sender = {
        let client = client.clone();
        thread::spawn(move || {
            for number in 0..COUNT {
                // Small ones, and some that travel by reference.
                let body = vec![1; if number % 100 == 0 { 10_000 } else { 64 }];
                send(&client, &[&number.to_be_bytes(), &body]);
            }
        })
    };
    for number in 0..COUNT {
        let parts = recv(&server);
        assert_eq!(parts[0], &number.to_be_bytes(), "{number}");
        assert_eq!(parts[1].len(), if number % 100 == 0 { 10_000 } else { 64 });
    }
    sender.join().unwrap();
    bench.end(proxy, &[&client, &server]);
}

#[test]
fn subscriptions_pass_through() {
    let bench = Bench::new();
    let (frontend, backend) = (bench.bound(ids::XSUB, "f"), bench.bound(ids::XPUB, "b"));
    let proxy = bench.run([Some(&frontend), Some(&backend), None, None]);
    let publisher = bench.connected(ids::XPUB, "f");
    let subscriber = bench.connected(ids::SUB, "b");
    subscriber.with(|core| core.set_option(ids::SUBSCRIBE, b"a")).unwrap();
    assert_eq!(recv(&publisher), [b"\x01a"]);
    send(&publisher, &[b"b", b"not wanted"]);
    send(&publisher, &[b"abc", b"wanted"]);
    assert_eq!(recv(&subscriber), [&b"abc"[..], b"wanted"]);
    bench.end(proxy, &[&publisher, &subscriber]);
}

#[test]
fn one_socket_answers_itself() {
    let bench = Bench::new();
    let echo = bench.bound(ids::REP, "e");
    let proxy = bench.run([Some(&echo), Some(&echo), None, None]);
    let client = bench.connected(ids::REQ, "e");
    for parts in [&[&b"one"[..]][..], &[b"two", b"", b"parts"]] {
        send(&client, parts);
        assert_eq!(recv(&client), parts);
    }
    bench.end(proxy, &[&client]);
}

#[test]
fn what_passes_is_captured() {
    let bench = Bench::new();
    let (frontend, backend) = (bench.bound(ids::ROUTER, "f"), bench.bound(ids::DEALER, "b"));
    let (capture, log) = (bench.bound(ids::PUSH, "c"), bench.connected(ids::PULL, "c"));
    let proxy = bench.run([Some(&frontend), Some(&backend), Some(&capture), None]);
    let (client, server) = (bench.connected(ids::REQ, "f"), bench.connected(ids::REP, "b"));
    send(&client, &[b"question"]);
    assert_eq!(recv(&server), [b"question"]);
    assert_eq!(recv(&log)[2], b"question");
    send(&server, &[b"answer"]);
    assert_eq!(recv(&client), [b"answer"]);
    assert_eq!(recv(&log)[2], b"answer");
    bench.end(proxy, &[&client, &server, &log]);
}

#[test]
fn a_capture_is_neither_side() {
    let bench = Bench::new();
    let (frontend, backend) = (bench.socket(ids::PULL), bench.socket(ids::PUSH));
    for capture in [&frontend, &backend] {
        assert_eq!(proxy_steerable(&frontend, &backend, Some(capture), None), Err(Error::Invalid));
    }
}

#[test]
fn it_does_what_it_is_told() {
    let bench = Bench::new();
    let (frontend, backend) = (bench.bound(ids::PULL, "f"), bench.bound(ids::PUSH, "b"));
    let (client, server) = (bench.connected(ids::PUSH, "f"), bench.connected(ids::PULL, "b"));
    let (control, controller) = (bench.bound(ids::REP, "c"), bench.connected(ids::REQ, "c"));
    let proxy = bench.run([Some(&frontend), Some(&backend), None, Some(&control)]);

    send(&client, &[b"one", b"two"]);
    assert_eq!(recv(&server), [b"one", b"two"]);
    assert_eq!(statistics(&controller), [2, 6, 0, 0, 0, 0, 2, 6]);

    assert_eq!(command(&controller, "PAUSE"), [b""]);
    send(&client, &[b"later"]);
    set(&server, ids::RCVTIMEO, 100);
    assert_eq!(server.recv_message(false), Err(Error::Again));
    set(&server, ids::RCVTIMEO, 5000);
    assert_eq!(command(&controller, "RESUME"), [b""]);
    assert_eq!(recv(&server), [b"later"]);

    for nonsense in ["", "PAUSED", "\u{5}PAUSE"] {
        assert_eq!(command(&controller, nonsense), [b""]);
    }
    send(&controller, &[b"TERMINATE", b"not alone"]);
    assert_eq!(recv(&controller), [b""]);
    assert_eq!(statistics(&controller), [3, 11, 0, 0, 0, 0, 3, 11]);

    assert_eq!(command(&controller, "TERMINATE"), [b""]);
    assert_eq!(proxy.join().unwrap().0, Ok(()));
    for socket in [client, server, controller] {
        socket.close().unwrap();
    }
    bench.context.terminate().unwrap();
}

fn statistics(controller: &RawSocket) -> Vec<u64> {
    let parts = command(controller, "STATISTICS");
    parts.iter().map(|part| u64::from_ne_bytes(part[..].try_into().unwrap())).collect()
}

#[test]
fn whoever_cannot_be_answered_is_obeyed_all_the_same() {
    let bench = Bench::new();
    let (frontend, backend) = (bench.bound(ids::PULL, "f"), bench.bound(ids::PUSH, "b"));
    let (control, controller) = (bench.bound(ids::PULL, "c"), bench.connected(ids::PUSH, "c"));
    let proxy = bench.run([Some(&frontend), Some(&backend), None, Some(&control)]);
    for text in ["STATISTICS", "PAUSE", "TERMINATE"] {
        send(&controller, &[text.as_bytes()]);
    }
    assert_eq!(proxy.join().unwrap().0, Ok(()));
}

#[test]
fn nothing_is_taken_that_cannot_be_passed_on() {
    let bench = Bench::new();
    let (frontend, backend) = (bench.bound(ids::PULL, "f"), bench.bound(ids::PUSH, "b"));
    let (control, controller) = (bench.bound(ids::REP, "c"), bench.connected(ids::REQ, "c"));
    let client = bench.connected(ids::PUSH, "f");
    let proxy = bench.run([Some(&frontend), Some(&backend), None, Some(&control)]);
    for number in 0..10u8 {
        send(&client, &[&[number]]);
    }
    thread::sleep(Duration::from_millis(200));
    // It can be steered although nobody takes what is to be passed on.
    assert_eq!(statistics(&controller), [0; 8]);
    let server = bench.connected(ids::PULL, "b");
    for number in 0..10u8 {
        assert_eq!(recv(&server), [&[number]]);
    }
    // What it had to do took next to no time, whatever it waited for.
    let time = bench.end(proxy, &[&client, &server, &controller]);
    assert!(time < 100_000_000, "{time} ns");
}

#[test]
fn an_idle_proxy_sleeps() {
    for (front, back) in [
        (ids::PULL, ids::PUSH),
        (ids::XSUB, ids::XPUB),
        (ids::SUB, ids::PUB),
        (ids::ROUTER, ids::DEALER),
        (ids::PAIR, ids::PAIR),
    ] {
        let bench = Bench::new();
        let (frontend, backend) = (bench.bound(front, "f"), bench.bound(back, "b"));
        let proxy = bench.run([Some(&frontend), Some(&backend), None, None]);
        thread::sleep(Duration::from_millis(200));
        let time = bench.end(proxy, &[]);
        assert!(time < 50_000_000, "{front} and {back}: {time} ns");
    }
}

#[test]
fn messages_keep_what_is_known_of_their_origin() {
    let bench = Bench::new();
    let (frontend, backend) = (bench.socket(ids::PULL), bench.bound(ids::PUSH, "b"));
    frontend.with(|core| core.bind("tcp://127.0.0.1:*")).unwrap();
    let mut name = [0; 64];
    let len = frontend.with(|core| core.option(ids::LAST_ENDPOINT, &mut name)).unwrap();
    let (client, server) = (bench.socket(ids::PUSH), bench.connected(ids::PULL, "b"));
    let name = std::str::from_utf8(&name[..len - 1]).unwrap();
    client.with(|core| core.connect(name)).unwrap();
    let proxy = bench.run([Some(&frontend), Some(&backend), None, None]);
    send(&client, &[b"hello"]);
    let parts = recv(&server);
    assert_eq!(parts, [b"hello"]);
    assert_eq!(parts[0].property("Peer-Address"), Some("127.0.0.1"));
    bench.end(proxy, &[&client, &server]);
}
