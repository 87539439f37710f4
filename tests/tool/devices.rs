//! Proxies, measurements and monitors.

use crate::{start, zmq, zmq_with, Folder, Running};
use serde_json::Value;
use std::io::Read;

fn proxy(folder: &Folder, device: &str) -> (Running, String, String) {
    let (front, back) = (folder.endpoint("front"), folder.endpoint("back"));
    let proxy =
        start(["proxy", device, "--frontend", &front, "--backend", &back, "--output", "json"]);
    (proxy, front, back)
}

fn summary(proxy: Running) -> Value {
    proxy.signal("INT");
    let done = proxy.done();
    // Not on a terminal, nothing is shown on the way.
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    serde_json::from_str(&done.out).unwrap()
}

#[test]
fn a_queue_passes_requests_and_replies() {
    let folder = Folder::new();
    let (proxy, front, back) = proxy(&folder, "queue");
    let rep = start(["rep", "-c", &back, "-n", "2", "--echo"]);
    zmq_with(["req", "-c", &front], b"one\ntwo\n").printed("one\ntwo\n");
    rep.done().printed("one\ntwo\n");
    let summary = summary(proxy);
    // Name, delimiter and body.
    assert_eq!(summary["frontend_to_backend"]["parts"], 6);
    assert_eq!(summary["backend_to_frontend"]["parts"], 6);
}

#[test]
fn a_forwarder_passes_what_is_subscribed_to() {
    let folder = Folder::new();
    let (proxy, front, back) = proxy(&folder, "forwarder");
    let sub = start(["sub", "-c", &back, "-T", "b", "-n", "2"]);
    zmq_with(["pub", "-c", &front], b"a1\nb1\nb2\n").printed("");
    sub.done().printed("b1\nb2\n");
    let summary = summary(proxy);
    assert_eq!(summary["frontend_to_backend"]["bytes"], 4);
}

#[test]
fn a_streamer_passes_work_and_copies_of_it() {
    let folder = Folder::new();
    let (front, back, copies) =
        (folder.endpoint("front"), folder.endpoint("back"), folder.endpoint("copies"));
    let capture = start(["sub", "-c", &copies, "-n", "1"]);
    let args = ["proxy", "streamer", "-f", &front, "-b", &back, "--capture", &copies];
    let proxy = start(args);
    let pull = start(["pull", "-c", &back]);
    let push = start(["push", "-c", &front, "--interval", "20ms", "-n", "1000", "task"]);
    assert_eq!(pull.line(), "task");
    assert_eq!(capture.done().out, "task\n");
    drop(push);
    proxy.signal("TERM");
    let done = proxy.done();
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.starts_with("frontend to backend: "), "{}", done.out);
}

#[test]
fn a_proxy_can_connect() {
    let folder = Folder::new();
    let (front, back) = (folder.endpoint("front"), folder.endpoint("back"));
    let pull = start(["pull", "-b", &back, "-n", "1"]);
    let push = start(["push", "-b", &front, "task"]);
    let proxy =
        start(["proxy", "streamer", "--frontend-connect", &front, "--backend-connect", &back]);
    pull.done().printed("task\n");
    push.done().printed("");
    proxy.signal("INT");
    assert_eq!(proxy.done().code, Some(0));
}

#[test]
fn a_terminal_is_shown_rates() {
    // The only way to a terminal that every machine has.
    let script = r#"
import os, pty, signal, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
while b"parts/s" not in seen:
    seen += os.read(fd, 4096)
os.kill(pid, signal.SIGINT)
try:
    while True:
        data = os.read(fd, 4096)
        if not data:
            break
        seen += data
except OSError:
    pass
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.count(b"frontend to backend"))
"#;
    let folder = Folder::new();
    let (front, back) = (folder.endpoint("front"), folder.endpoint("back"));
    let mut python = std::process::Command::new("python3");
    python.args(["-c", script, crate::TOOL, "proxy", "queue", "--interval", "50ms"]);
    python.args(["-f", &front, "-b", &back]);
    Running::start(&mut python, b"").done().printed("0 1\n");
}

#[test]
fn both_ends_here_are_measured() {
    for transport in ["tcp", "ipc", "inproc"] {
        let args = [
            "perf",
            "throughput",
            "--transport",
            transport,
            "-n",
            "5000",
            "-s",
            "10",
            "-o",
            "json",
        ];
        let done = zmq(args);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{transport}");
        let report: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!((&report["messages"], &report["size"]), (&5000.into(), &10.into()));
        assert!(report["messages_per_second"].as_f64().unwrap() > 0.0);

        let done = zmq(["perf", "latency", "--transport", transport, "-n", "200", "-o", "json"]);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{transport}");
        let report: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!(report["round_trips"], 200);
        let times =
            ["min", "p50", "p90", "p99", "p99.9", "max"].map(|name| report[name].as_f64().unwrap());
        assert!(times[0] > 0.0 && times.is_sorted(), "{times:?}");
    }
}

#[test]
fn two_processes_are_measured() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let receiver = start(["perf", "throughput", "-b", &endpoint]);
    zmq(["perf", "throughput", "-c", &endpoint, "-n", "5000", "-s", "0"])
        .printed("5,000 messages of 0 bytes sent\n");
    let done = receiver.done();
    assert!(done.out.starts_with("5,000 messages of 0 bytes in "), "{done:?}");
    let echo = start(["perf", "latency", "-b", &endpoint]);
    let done = zmq(["perf", "latency", "-c", &endpoint, "-n", "50"]);
    assert!(done.out.starts_with("50 round trips of 100 bytes, in microseconds:"), "{done:?}");
    echo.done().printed("");
}

#[test]
fn only_the_other_end_is_measured() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    for (test, command) in [("throughput", "push"), ("latency", "req")] {
        let end = start(["perf", test, "-b", &endpoint]);
        let stranger = start([command, "-c", &endpoint, "hello"]);
        end.done().failed(1, "the other end is no 'zmq perf' of the same test");
        drop(stranger);
        zmq(["perf", test, "-b", &endpoint, "-t", "100ms"])
            .failed(3, "was not heard of within 100ms");
        zmq(["perf", test, "-c", &endpoint, "-t", "100ms"])
            .failed(3, "was not heard of within 100ms");
    }
}

#[test]
fn events_are_printed_as_they_happen() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let monitor = start(["monitor", "--type", "pull", "-b", &endpoint, "-o", "json", "-n", "4"]);
    let event = |line: String| -> Value { serde_json::from_str(&line).unwrap() };
    let first = event(monitor.line());
    assert_eq!(
        (&first["event"], &first["endpoint"]),
        (&"LISTENING".into(), &endpoint.clone().into())
    );
    zmq(["push", "-c", &endpoint, "x"]).printed("");
    let names =
        [monitor.line(), monitor.line(), monitor.line()].map(|line| event(line)["event"].clone());
    assert_eq!(names, ["ACCEPTED", "HANDSHAKE_SUCCEEDED", "DISCONNECTED"]);
    monitor.done().printed("");
}

#[test]
fn events_of_a_connection_that_fails_are_printed() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let monitor = start(["monitor", "--type", "sub", "-c", &endpoint]);
    assert!(monitor.line().contains(&endpoint));
    monitor.signal("INT");
    assert_eq!(monitor.done().code, Some(0));
    zmq(["monitor", "--type", "pull", "-b", &folder.endpoint("b"), "-t", "100ms", "-n", "9"])
        .err
        .lines()
        .for_each(|line| assert!(line.contains("nothing happened within 100ms"), "{line}"));
    let done = zmq(["monitor", "--type", "pull", "-b", "ipc:///no/such/folder/x"]);
    assert!(done.out.is_empty() || done.out.starts_with("CLOSED"), "{}", done.out);
}

#[test]
fn what_is_no_zeromq_is_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
    let req = start(["req", "-c", &endpoint, "-t", "300ms", "x"]);
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_exact(&mut [0; 10]).unwrap();
    req.done().failed(3, "says nothing, and may be no ZeroMQ peer");
}
