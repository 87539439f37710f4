//! The patterns: which programs talk to each other, and what they are to print.

use compat_tests::Result;

use crate::stage::Stage;

pub type Scene = fn(&Stage) -> Result<()>;

pub const ALL: &[(&str, Scene)] = &[
    ("hello", hello),
    ("weather", weather),
    ("pipeline", pipeline),
    ("broker", broker),
    ("forwarder", forwarder),
    ("poll", poll),
    ("envelope", envelope),
    ("relay", relay),
    ("sync", sync),
    ("balancer", balancer),
    ("interrupt", interrupt),
    ("pirate", pirate),
    ("pirate_without_a_server", pirate_without_a_server),
    ("curve", curve),
    ("monitor", monitor),
    ("wrong_arguments", wrong_arguments),
];

fn hello(stage: &Stage) -> Result<()> {
    let endpoint = stage.tcp()?;
    let server = stage.start("hello_server", &[&endpoint, "3"])?;
    let client = stage.start("hello_client", &[&endpoint, "3"])?;
    let mut lines = client.finish()?;
    // In Rust there is no library to be asked for its version.
    if lines.last().is_some_and(|line| line.starts_with("ZeroMQ ")) {
        same(lines.pop(), Some("ZeroMQ 4.3.5".to_owned()))?;
    }
    same(
        lines,
        [
            "Sending request: Hello 1",
            "Received reply: World 1",
            "Sending request: Hello 2",
            "Received reply: World 2",
            "Sending request: Hello 3",
            "Received reply: World 3",
        ],
    )?;
    same(server.finish()?, numbered("Received request: Hello", 3))
}

fn weather(stage: &Stage) -> Result<()> {
    let endpoint = stage.ipc("reports");
    // For as long as it takes the client to come.
    let server = stage.start("weather_server", &[&endpoint, "1000000"])?;
    let client = stage.start("weather_client", &[&endpoint, "Oslo", "5"])?;
    reports(client.finish()?, "Oslo", 10)?;
    drop(server);
    let brief = stage.start("weather_server", &[&endpoint, "2"])?;
    same(brief.finish()?, ["Published 2 rounds"])
}

/// Five reports of one place that follow on each other, and their average.
fn reports(lines: Vec<String>, place: &str, warmth: u32) -> Result<()> {
    let prefix = format!("Report: {place} ");
    let number = |line: &String| line.strip_prefix(&prefix)?.parse::<u32>().ok();
    let numbers: Vec<_> = lines.iter().take(5).filter_map(number).collect();
    let first = numbers.first().copied().unwrap_or_default() % 10;
    let expected: Vec<_> = (first..first + 5).map(|number| warmth + number % 10).collect();
    same(&numbers, &expected)?;
    let average = format!("Average of 5: {}", numbers.iter().sum::<u32>() / 5);
    same(&lines[5..], [average])
}

fn pipeline(stage: &Stage) -> Result<()> {
    let (tasks, results) = (stage.ipc("tasks"), stage.ipc("results"));
    let control = stage.ipc("control");
    let all = [tasks.as_str(), &results, &control];
    let sink = stage.start("pipeline_sink", &[&results, &control, "2"])?;
    let workers = [stage.start("pipeline_worker", &all)?, stage.start("pipeline_worker", &all)?];
    let ventilator = stage.start("pipeline_ventilator", &[&tasks, &results, &control, "20"])?;
    same(sink.finish()?, ["Sum of 20 results: 2870"])?;
    same(ventilator.finish()?, ["Sent 20 tasks"])?;
    let mut done = 0;
    for worker in workers {
        let lines = worker.finish()?;
        done += number_in(&lines, "Done with ", " tasks")?;
    }
    same(done, 20)
}

fn broker(stage: &Stage) -> Result<()> {
    let (clients, services) = (stage.ipc("clients"), stage.ipc("services"));
    let mut broker = stage.start("broker", &[&clients, &services])?;
    broker.wait_for("Broker runs")?;
    let service = stage.start("broker_service", &[&services, "6", "oracle"])?;
    let both = [(); 2].map(|()| stage.start("hello_client", &[&clients, "3"]));
    for client in both {
        let replies = starting_with(&client?.finish()?, "Received reply: ");
        same(replies, numbered("Received reply: oracle answers Hello", 3))?;
    }
    let mut requests = service.finish()?;
    requests.sort();
    let mut expected = numbered("oracle received: Hello", 3);
    expected.extend(numbered("oracle received: Hello", 3));
    expected.sort();
    same(requests, expected)?;
    broker.interrupt()?;
    same(broker.finish()?, ["Broker runs", "Broker ends"])
}

fn forwarder(stage: &Stage) -> Result<()> {
    let (into, out) = (stage.ipc("in"), stage.ipc("out"));
    let mut forwarder = stage.start("forwarder", &[&into, &out])?;
    forwarder.wait_for("Forwarder runs")?;
    let publishers = ["Oslo", "Quito"]
        .map(|place| stage.start("forwarder_publisher", &[&into, place, "1000000"]));
    let client = stage.start("weather_client", &[&out, "Quito", "5"])?;
    reports(client.finish()?, "Quito", 0)?;
    for publisher in publishers {
        drop(publisher?);
    }
    let brief = stage.start("forwarder_publisher", &[&into, "Rome", "2"])?;
    same(brief.finish()?, ["Published 2 rounds"])?;
    forwarder.interrupt()?;
    same(forwarder.finish()?, ["Forwarder runs", "Forwarder ends"])
}

fn poll(stage: &Stage) -> Result<()> {
    let (tasks, questions) = (stage.ipc("tasks"), stage.ipc("questions"));
    let server = stage.start("poll_server", &[&tasks, &questions])?;
    let client = stage.start("poll_client", &[&tasks, &questions, "5"])?;
    same(client.finish()?, ["The server has taken 5 tasks"])?;
    let mut expected = numbered("Task: Task", 5);
    expected.push("Stopped after 5 tasks".to_owned());
    same(server.finish()?, expected)
}

fn envelope(stage: &Stage) -> Result<()> {
    let endpoint = stage.ipc("news");
    let publisher = stage.start("envelope_publisher", &[&endpoint, "3"])?;
    let subscriber = stage.start("envelope_subscriber", &[&endpoint, "news", "3"])?;
    same(subscriber.finish()?, numbered("[news] number", 3))?;
    same(publisher.finish()?, ["Published 3 of each"])
}

fn relay(stage: &Stage) -> Result<()> {
    let lines = stage.start("relay", &["Hello"])?.finish()?;
    same(lines, ["First passes on: Hello", "Second passes on: Hello!", "Third has: Hello!!"])
}

fn sync(stage: &Stage) -> Result<()> {
    let (data, ready) = (stage.ipc("data"), stage.ipc("ready"));
    let publisher = stage.start("sync_publisher", &[&data, &ready, "2", "1000"])?;
    let subscribers = [(); 2].map(|()| stage.start("sync_subscriber", &[&data, &ready]));
    for subscriber in subscribers {
        same(subscriber?.finish()?, ["Received 1000 in order"])?;
    }
    same(publisher.finish()?, ["Published 1000 to 2 subscribers"])
}

fn balancer(stage: &Stage) -> Result<()> {
    let (clients, workers) = (stage.ipc("clients"), stage.ipc("workers"));
    let mut balancer = stage.start("balancer", &[&clients, &workers, "6", "2"])?;
    let ann = stage.start("balancer_worker", &[&workers, "ann"])?;
    balancer.wait_for("ann is there")?;
    let bob = stage.start("balancer_worker", &[&workers, "bob"])?;
    balancer.wait_for("bob is there")?;
    // One request at a time: the two take turns, since each was idle longer than the other.
    let client = stage.start("hello_client", &[&clients, "6"])?;
    let expected = ["ann", "bob", "ann", "bob", "ann", "bob"].iter().zip(1..);
    let expected: Vec<_> = expected
        .map(|(name, number)| format!("Received reply: {name} did Hello {number}"))
        .collect();
    same(starting_with(&client.finish()?, "Received reply: "), expected)?;
    same(ann.finish()?.last().map(String::as_str), Some("ann ends after 3"))?;
    same(bob.finish()?.last().map(String::as_str), Some("bob ends after 3"))?;
    same(balancer.finish()?, ["ann is there", "bob is there", "Balanced 6 requests"])
}

fn interrupt(stage: &Stage) -> Result<()> {
    let endpoint = stage.ipc("server");
    let mut server = stage.start("interrupt", &[&endpoint])?;
    server.wait_for("Serving until interrupted")?;
    let client = stage.start("hello_client", &[&endpoint, "2"])?;
    let replies = starting_with(&client.finish()?, "Received reply: ");
    same(replies, numbered("Received reply: Hello", 2))?;
    server.interrupt()?;
    same(
        server.finish()?,
        [
            "Serving until interrupted",
            "Received request: Hello 1",
            "Received request: Hello 2",
            "Interrupted, leaving",
        ],
    )
}

fn pirate(stage: &Stage) -> Result<()> {
    let endpoint = stage.ipc("server");
    let mut server = stage.start("pirate_server", &[&endpoint, "3"])?;
    server.wait_for("Listening")?;
    let client = stage.start("pirate_client", &[&endpoint, "3", "2000"])?;
    same(
        client.finish()?,
        [
            "Received reply: Hello 1",
            "No reply to: Hello 2",
            "Received reply: Hello 2",
            "Received reply: Hello 3",
        ],
    )?;
    same(
        server.finish()?,
        [
            "Listening",
            "Answered: Hello 1",
            "Lost: Hello 2",
            "Answered: Hello 2",
            "Answered: Hello 3",
        ],
    )
}

fn pirate_without_a_server(stage: &Stage) -> Result<()> {
    let client = stage.start("pirate_client", &[&stage.ipc("nobody"), "1", "50", "2"])?;
    same(&client.fail()?[..1], ["The server does not answer"])
}

fn curve(stage: &Stage) -> Result<()> {
    let (keys, others) = (stage.folder("keys")?, stage.folder("others")?);
    for folder in [&keys, &others] {
        same(stage.start("curve_keys", &[folder])?.finish()?, ["Wrote two key pairs"])?;
    }
    // Keys that are there are not replaced.
    stage.start("curve_keys", &[&keys])?.fail()?;

    let endpoint = stage.tcp()?;
    let server = stage.start("curve_server", &[&endpoint, &keys, "2"])?;
    let client = stage.start("curve_client", &[&endpoint, &keys, "1"])?;
    same(client.finish()?, ["Received secret reply: Hello 1"])?;
    // A stranger knows the server, but the server does not know him.
    std::fs::copy(format!("{keys}/server.public"), format!("{others}/server.public"))
        .map_err(|error| error.to_string())?;
    let stranger = stage.start("curve_client", &[&endpoint, &others, "1", "500"])?;
    check(stranger.fail()?.concat().contains("No reply"), "a stranger was let in")?;
    let client = stage.start("curve_client", &[&endpoint, &keys, "1"])?;
    same(client.finish()?, ["Received secret reply: Hello 1"])?;

    let lines = server.finish()?;
    let received = starting_with(&lines, "Received ");
    same(received, ["Received secret request: Hello 1"; 2])?;
    same(lines.iter().filter(|line| *line == "Let in the client").count(), 2)?;
    check(lines.iter().any(|line| line == "Turned away a stranger"), "nobody was turned away")
}

fn monitor(stage: &Stage) -> Result<()> {
    let endpoint = stage.tcp()?;
    let mut server = stage.start("monitor", &[&endpoint, "3"])?;
    server.wait_for("Event: LISTENING")?;
    let client = stage.start("hello_client", &[&endpoint, "3"])?;
    let replies = starting_with(&client.finish()?, "Received reply: ");
    same(replies, numbered("Received reply: Hello", 3))?;
    let lines = server.finish()?;
    same(
        &lines[..5.min(lines.len())],
        [
            "Event: LISTENING",
            "Event: ACCEPTED",
            "Event: HANDSHAKE_SUCCEEDED",
            "Event: DISCONNECTED",
            "Served 3 requests",
        ],
    )?;
    same(lines.last().map(String::as_str), Some("Event: MONITOR_STOPPED"))
}

fn wrong_arguments(stage: &Stage) -> Result<()> {
    for _ in 0..3 {
        let count = stage.start("weather_server", &[&stage.ipc("reports"), "many"])?;
        same(count.fail()?, ["not a count: many"])?;
    }
    for _ in 0..3 {
        let endpoint = stage.start("weather_server", &["nowhere"])?;
        check(!endpoint.fail()?.is_empty(), "a wrong endpoint is not mentioned")?;
    }
    Ok(())
}

fn numbered(text: &str, count: u32) -> Vec<String> {
    (1..=count).map(|number| format!("{text} {number}")).collect()
}

fn starting_with(lines: &[String], prefix: &str) -> Vec<String> {
    lines.iter().filter(|line| line.starts_with(prefix)).cloned().collect()
}

fn number_in(lines: &[String], before: &str, after: &str) -> Result<u32> {
    let number = lines.last().and_then(|line| line.strip_prefix(before)?.strip_suffix(after));
    number.and_then(|number| number.parse().ok()).ok_or(format!("no number in {lines:?}"))
}

fn check(good: bool, what: &str) -> Result<()> {
    good.then_some(()).ok_or_else(|| what.to_owned())
}

fn same<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(
    found: T,
    expected: U,
) -> Result<()> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("found    {found:?}\nexpected {expected:?}")),
    }
}
