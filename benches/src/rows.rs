//! What is measured: sections of rows, a row being one program with its arguments.
//!
//! A row is named by words, such as `push-pull tcp 64B send split`, and chosen by them.

/// What a program reports, and how to read it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Its name in the program's output.
    pub name: &'static str,
    pub title: &'static str,
    pub unit: Unit,
    pub better: Better,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    PerSecond,
    Nanoseconds,
    Bytes,
    /// Nanoseconds of CPU time in a second.
    Load,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Higher,
    Lower,
}

pub struct Section {
    pub name: &'static str,
    pub title: &'static str,
    pub note: &'static str,
    /// The first one is what the chart shows.
    pub metrics: &'static [Metric],
    /// The metric that a bare socket has too.
    pub raw: Option<&'static str>,
    rows: fn() -> Vec<Row>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub words: Vec<String>,
    pub program: &'static str,
    pub pinning: &'static str,
    pub arguments: Vec<String>,
    /// The arguments by which the program `raw` measures the limit.
    pub raw: Option<Vec<String>>,
    /// Belongs to the quick mode.
    pub quick: bool,
    /// Takes long to set up: a time limit in proportion.
    pub slow: bool,
    /// What ours divided by the reference's is to be, by the name of the metric.
    pub wanted: Vec<(&'static str, f64)>,
}

impl Row {
    pub fn name(&self) -> String {
        self.words.join(" ")
    }

    /// A filter is a list of alternatives with commas, each a list of words that the row must have.
    pub fn is_chosen(&self, filter: &str) -> bool {
        filter.split(',').any(|alternative| {
            alternative.split_whitespace().all(|word| self.words.iter().any(|own| own == word))
        })
    }

    pub fn wanted(&self, metric: &str) -> Option<f64> {
        self.wanted.iter().find(|(name, _)| *name == metric).map(|(_, ratio)| *ratio)
    }

    fn new(section: &str, words: &[&str], program: &'static str, pinning: &'static str) -> Row {
        let words = [&[section], words, &[pinning]].concat();
        Row {
            words: words.into_iter().map(str::to_owned).collect(),
            program,
            pinning,
            arguments: Vec::new(),
            raw: None,
            quick: false,
            slow: false,
            wanted: Vec::new(),
        }
    }
}

const fn metric(name: &'static str, title: &'static str, unit: Unit, better: Better) -> Metric {
    Metric { name, title, unit, better }
}

const CPU: Metric = metric("cpu", "CPU time each, all ends", Unit::Nanoseconds, Better::Lower);
/// Of round trips.
const LATENCY: [Metric; 3] = [
    metric("p50", "p50", Unit::Nanoseconds, Better::Lower),
    metric("p99", "p99", Unit::Nanoseconds, Better::Lower),
    CPU,
];

pub const SECTIONS: &[Section] = &[
    Section {
        name: "push-pull",
        title: "PUSH/PULL throughput",
        note: "`send` is `zmq_send` and `zmq_recv`, `msg` is `zmq_msg_send` and `zmq_msg_recv`, \
               `ref` sends the body by reference.",
        metrics: &[metric("rate", "messages", Unit::PerSecond, Better::Higher), CPU],
        raw: Some("rate"),
        rows: push_pull,
    },
    Section {
        name: "req-rep",
        title: "REQ/REP latency",
        note: "The full round trip.",
        metrics: &LATENCY,
        raw: Some("p50"),
        rows: req_rep,
    },
    Section {
        name: "round-trip",
        title: "Latency in other ways",
        note: "64 bytes, the full round trip. Between two DEALERs, `poll` waits by `zmq_poll`, `events` by \
               `poll` on `ZMQ_FD` while `ZMQ_EVENTS` has nothing; both take messages with `ZMQ_DONTWAIT` \
               until there is none. `pipes` is between PUSHes and PULLs, with one connection for each \
               direction.",
        metrics: &LATENCY,
        raw: Some("p50"),
        rows: round_trip,
    },
    Section {
        name: "curve-push-pull",
        title: "PUSH/PULL throughput with CURVE",
        note: "Over tcp. The bare socket seals nothing.",
        metrics: &[metric("rate", "messages", Unit::PerSecond, Better::Higher), CPU],
        raw: Some("rate"),
        rows: curve_push_pull,
    },
    Section {
        name: "curve-req-rep",
        title: "REQ/REP latency with CURVE",
        note: "Over tcp, the full round trip. The bare socket seals nothing.",
        metrics: &LATENCY,
        raw: Some("p50"),
        rows: curve_req_rep,
    },
    Section {
        name: "dealer-router",
        title: "ROUTER that answers many DEALERs",
        note:
            "64 bytes, one request under way on each connection; all DEALERs are in one process. \
               The bare sockets that answer are in an `epoll` loop.",
        metrics: &[metric("rate", "round trips", Unit::PerSecond, Better::Higher), CPU],
        raw: Some("rate"),
        rows: dealer_router,
    },
    Section {
        name: "pub-sub",
        title: "PUB to many SUBs",
        note: "Messages delivered, over all SUBs, which are in one process. `wait` is a PUB with \
               `ZMQ_XPUB_NODROP`, `drop` one that drops what a SUB has no room for.",
        metrics: &[metric("rate", "messages", Unit::PerSecond, Better::Higher), CPU],
        raw: None,
        rows: pub_sub,
    },
    Section {
        name: "pub-delay",
        title: "PUB to several SUBs, message by message",
        note: "64 bytes, from when a message is due to when a SUB has it. The PUB sends one every 100 to 1000 µs, and \
               is awake in between; in *split*, its I/O thread has to take the processor from it.",
        metrics: &[
            metric("p50", "p50", Unit::Nanoseconds, Better::Lower),
            metric("p99", "p99", Unit::Nanoseconds, Better::Lower),
        ],
        raw: None,
        rows: pub_delay,
    },
    Section {
        name: "subscriptions",
        title: "PUB with many subscriptions",
        note:
            "Prefixes of 12 bytes from one SUB. A hit matches one of them, a miss differs in the \
               last byte.",
        metrics: &[
            metric("hit", "hits", Unit::PerSecond, Better::Higher),
            metric("miss", "misses", Unit::PerSecond, Better::Higher),
            metric("subscribe", "subscribe", Unit::PerSecond, Better::Higher),
            metric("pub-bytes", "PUB memory each", Unit::Bytes, Better::Lower),
            metric("sub-bytes", "SUB memory each", Unit::Bytes, Better::Lower),
        ],
        raw: None,
        rows: subscriptions,
    },
    Section {
        name: "proxy",
        title: "`zmq_proxy`",
        note: "64 bytes. The proxy has one side, both its neighbours the other. `router-dealer` \
               counts round trips, 128 under way.",
        metrics: &[metric("rate", "messages", Unit::PerSecond, Better::Higher), CPU],
        raw: None,
        rows: proxy,
    },
    Section {
        name: "idle",
        title: "Idle connections",
        note:
            "PUSH to one PULL. CPU time of making one counts both ends; idle load is that of all \
               processes together.",
        metrics: &[
            metric("server-bytes", "server memory each", Unit::Bytes, Better::Lower),
            metric("connect", "connections", Unit::PerSecond, Better::Higher),
            CPU,
            metric("idle", "idle load", Unit::Load, Better::Lower),
        ],
        raw: None,
        rows: idle,
    },
];

/// The rows of all sections that a filter lets through, with their sections.
pub fn chosen(filter: Option<&str>, quick: bool) -> Vec<(&'static Section, Row)> {
    let all = SECTIONS.iter().flat_map(|section| {
        let rows = (section.rows)().into_iter();
        rows.map(move |row| (section, row))
    });
    all.filter(|(_, row)| row.quick || !quick)
        .filter(|(_, row)| filter.is_none_or(|filter| row.is_chosen(filter)))
        .collect()
}

const TRANSPORTS: [&str; 3] = ["tcp", "ipc", "inproc"];
const PINNINGS: [&str; 3] = ["split", "core", "free"];
const SIZES: [(&str, usize); 7] = [
    ("1B", 1),
    ("64B", 64),
    ("256B", 256),
    ("1KiB", 1 << 10),
    ("8KiB", 8 << 10),
    ("64KiB", 64 << 10),
    ("1MiB", 1 << 20),
];
/// Those of the quick mode.
const FIRST_SIZES: [usize; 5] = [1, 64, 1 << 10, 64 << 10, 1 << 20];

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn push_pull() -> Vec<Row> {
    let mut rows = Vec::new();
    for (pinning, transport) in product(&PINNINGS, &TRANSPORTS) {
        for (how, (label, size)) in product(&["send", "msg", "ref"], &SIZES) {
            // Below this size it costs more to refer than to copy, with any library.
            if (how == "ref" && size < 8 << 10) || (how != "send" && pinning != "split") {
                continue;
            }
            let bytes = size.to_string();
            let mut row = Row::new("push-pull", &[transport, label, how], "perf", pinning);
            row.arguments = strings(&[how, transport, &bytes]);
            if transport != "inproc" {
                row.raw = Some(strings(&["bulk", transport, &bytes]));
            }
            row.quick = how == "send" && pinning == "split" && FIRST_SIZES.contains(&size);
            row.wanted = push_pull_wanted(transport, size, pinning);
            rows.push(row);
        }
    }
    rows
}

fn push_pull_wanted(transport: &str, size: usize, pinning: &str) -> Vec<(&'static str, f64)> {
    let rate = match (transport, size) {
        ("inproc", ..=256) => 4.0,
        ("inproc", _) => 1.0,
        (_, ..=1024) => 3.0,
        (_, ..=8192) => 2.0,
        _ => 1.3,
    };
    let mut wanted = vec![("rate", if pinning == "split" { rate } else { 1.0 })];
    if pinning == "split" && transport != "inproc" && size <= 256 {
        wanted.push(("cpu", 1.0 / 3.0));
    }
    wanted
}

fn req_rep() -> Vec<Row> {
    let mut rows = Vec::new();
    for (pinning, transport) in product(&PINNINGS, &TRANSPORTS) {
        for (label, size) in SIZES.into_iter().filter(|(_, size)| FIRST_SIZES.contains(size)) {
            let bytes = size.to_string();
            let mut row = Row::new("req-rep", &[transport, label], "perf", pinning);
            row.arguments = strings(&["latency", transport, &bytes]);
            if transport != "inproc" || size == 1 {
                row.raw = Some(strings(&["latency", transport, &bytes]));
            }
            row.quick = pinning == "split";
            let small = size <= 1024;
            row.wanted = match (transport, pinning) {
                ("inproc", "core") if small => vec![("p50", 0.6)],
                ("inproc", "split") if small => vec![("p50", 0.25)],
                (_, "core") if small => vec![("p50", 0.4), ("p99", 0.6)],
                (_, "split") if small => vec![("p50", 1.0), ("p99", 0.6)],
                _ => vec![("p50", 1.0)],
            };
            rows.push(row);
        }
    }
    rows
}

fn round_trip() -> Vec<Row> {
    let mut rows = Vec::new();
    for (pinning, transport) in product(&PINNINGS, &TRANSPORTS) {
        for how in ["poll", "events", "pipes"] {
            let mut row = Row::new("round-trip", &[transport, how], "perf", pinning);
            row.arguments = strings(&[how, transport, "64"]);
            row.raw = (transport != "inproc").then(|| strings(&["latency", transport, "64"]));
            row.quick = pinning == "split" && transport == "tcp";
            row.wanted = vec![("p50", 1.0)];
            rows.push(row);
        }
    }
    rows
}

fn curve_push_pull() -> Vec<Row> {
    let make = |(label, size): (&str, usize)| {
        let bytes = size.to_string();
        let mut row = Row::new("curve-push-pull", &["curve", label], "perf", "split");
        row.arguments = strings(&["send", "curve", &bytes]);
        row.raw = Some(strings(&["bulk", "tcp", &bytes]));
        row.quick = label == "64B" || label == "64KiB";
        row.wanted = vec![("rate", 2.0)];
        row
    };
    SIZES.into_iter().map(make).collect()
}

fn curve_req_rep() -> Vec<Row> {
    let make = |(pinning, label): (&'static str, &str)| {
        let size = SIZES.iter().find(|(name, _)| *name == label).map_or(1, |(_, size)| *size);
        let bytes = size.to_string();
        let mut row = Row::new("curve-req-rep", &["curve", label], "perf", pinning);
        row.arguments = strings(&["latency", "curve", &bytes]);
        row.raw = Some(strings(&["latency", "tcp", &bytes]));
        row.quick = pinning == "split" && label == "1B";
        row.wanted = vec![("p50", 0.5)];
        row
    };
    product(&PINNINGS, &["1B", "1KiB", "64KiB"]).into_iter().map(make).collect()
}

fn dealer_router() -> Vec<Row> {
    let mut rows = Vec::new();
    for (pinning, transport) in product(&["split", "free"], &["tcp", "ipc"]) {
        for connections in ["100", "1000"] {
            let mut row = Row::new("dealer-router", &[transport, connections], "echo", pinning);
            row.arguments = strings(&[transport, connections, "64"]);
            // What a body of 64 bytes is on the wire.
            row.raw = Some(strings(&["echo", transport, connections, "66"]));
            row.quick = (pinning, transport) == ("split", "tcp");
            row.wanted = vec![("rate", 2.5)];
            rows.push(row);
        }
    }
    rows
}

fn pub_sub() -> Vec<Row> {
    let mut rows = Vec::new();
    for (how, pinning) in [("wait", "split"), ("wait", "free"), ("drop", "free")] {
        for (subscribers, (label, size)) in
            product(&["8", "64"], &[("64B", "64"), ("1KiB", "1024")])
        {
            let words = ["tcp", subscribers, label, how];
            let mut row = Row::new("pub-sub", &words, "fan", pinning);
            row.arguments = strings(&[how, "tcp", subscribers, size]);
            row.quick = pinning == "split" && size == "64";
            row.wanted = vec![("rate", 3.0)];
            rows.push(row);
        }
    }
    rows
}

fn pub_delay() -> Vec<Row> {
    let ways = [("2", "100"), ("8", "100"), ("8", "300"), ("64", "1000")];
    let make = |(pinning, (subscribers, pace)): (&'static str, (&str, &str))| {
        let every = format!("{pace}us");
        let mut row = Row::new("pub-delay", &["tcp", subscribers, &every], "fan", pinning);
        row.arguments = strings(&[pace, "tcp", subscribers, "64"]);
        row.quick = (pinning, subscribers, pace) == ("free", "8", "300");
        row.wanted = vec![("p50", 1.0)];
        row
    };
    product(&["split", "free"], &ways).into_iter().map(make).collect()
}

fn subscriptions() -> Vec<Row> {
    let counts = [("1", "1"), ("1k", "1000"), ("100k", "100000"), ("1M", "1000000")];
    let make = |(label, count): (&str, &str)| {
        let mut row = Row::new("subscriptions", &["tcp", label], "subs", "split");
        row.arguments = strings(&["tcp", count]);
        row.quick = label == "1k" || label == "100k";
        row.slow = label == "1M";
        row.wanted = vec![("hit", 2.0), ("miss", 2.0), ("subscribe", 2.0)];
        row.wanted.extend([("pub-bytes", 0.5), ("sub-bytes", 0.5)]);
        row
    };
    counts.into_iter().map(make).collect()
}

fn proxy() -> Vec<Row> {
    let mut rows = Vec::new();
    for (pinning, transport) in product(&["split", "free"], &["tcp", "ipc"]) {
        for kind in ["pull-push", "router-dealer"] {
            let mut row = Row::new("proxy", &[kind, transport, "64B"], "proxy", pinning);
            row.arguments = strings(&[kind, transport, "64"]);
            row.quick = (pinning, transport) == ("split", "tcp");
            row.wanted = vec![("rate", 3.0)];
            rows.push(row);
        }
    }
    rows
}

fn idle() -> Vec<Row> {
    let make = |(transport, count): (&str, &str)| {
        let mut row = Row::new("idle", &[transport, count], "idle", "split");
        row.arguments = strings(&[transport, count]);
        row.quick = count == "1000";
        row.slow = count == "10000";
        // With CURVE, keys take most of the time.
        let connect = if transport == "curve" { 1.0 } else { 1.5 };
        row.wanted = vec![("server-bytes", 1.0 / 3.0), ("connect", connect)];
        row
    };
    [("tcp", "1000"), ("curve", "1000"), ("tcp", "10000"), ("ipc", "10000")]
        .into_iter()
        .map(make)
        .collect()
}

fn product<A: Copy, B: Copy>(first: &[A], second: &[B]) -> Vec<(A, B)> {
    first.iter().flat_map(|a| second.iter().map(move |b| (*a, *b))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_has_a_name_of_its_own() {
        let rows = chosen(None, false);
        let names: BTreeSet<_> = rows.iter().map(|(_, row)| row.name()).collect();
        assert_eq!(names.len(), rows.len());
    }

    #[test]
    fn words_choose_rows() {
        let names = |filter, quick| -> Vec<String> {
            chosen(Some(filter), quick).iter().map(|(_, row)| row.name()).collect()
        };
        assert_eq!(names("push-pull tcp 1B msg", false), ["push-pull tcp 1B msg split"]);
        assert_eq!(
            names("core ipc 1B req-rep,idle tcp 1000", false),
            ["req-rep ipc 1B core", "idle tcp 1000 split"]
        );
        assert_eq!(names("1M", true), [""; 0]);
    }

    #[test]
    fn what_is_wanted_is_measured() {
        for (section, row) in chosen(None, false) {
            for (name, _) in &row.wanted {
                assert!(section.metrics.iter().any(|metric| metric.name == *name), "{name}");
            }
        }
    }
}
