//! Throughput or latency between two sockets: `perf SECONDS PIN send|latency tcp|ipc|inproc SIZE`.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::sides::{Orders, Other, Stretch};
use crate::test::{self, Test};
use crate::{Kind, Package, Result, Socket};

/// The first byte of the last message.
const LAST: u8 = 1;

pub fn measure<P: Package>(test: &Test) -> Result<()> {
    let (transport, size) = (test.word(1), test.number(2)?);
    let process = if transport == "inproc" { None } else { Some(Other::process()?) };
    test.pin(0)?;
    crate::runtime()?.block_on(async {
        let context = P::new()?;
        let is_latency = is_latency(test);
        let mut socket = context.open(if is_latency { Kind::Req } else { Kind::Pull }).await?;
        let endpoint = socket.bind(&test::free_endpoint(transport)).await?;
        let mut other = match process {
            Some(other) => other,
            None => thread(context, test.clone())?,
        };
        other.tell(&endpoint)?;
        if is_latency {
            ask(socket, size, test, &other).await?;
        } else {
            pull(socket, size, test, &mut other).await?;
        }
        test::clear(&endpoint);
        Ok(())
    })
}

fn is_latency(test: &Test) -> bool {
    test.word(0) == "latency"
}

fn thread<P: Package>(context: P, test: Test) -> Result<Other> {
    Other::thread(move |orders| {
        test.pin(1)?;
        crate::runtime()?.block_on(other_side(context, &test, orders))
    })
}

/// Answers, or pushes until it is told to stop. It never ends, so that nothing on its way is lost.
pub async fn other_side<P: Package>(context: P, test: &Test, mut orders: Orders) -> Result<()> {
    let mut body = vec![0; test.number(2)?];
    let is_latency = is_latency(test);
    let mut socket = context.open(if is_latency { Kind::Rep } else { Kind::Push }).await?;
    socket.connect(&orders.next()?).await?;
    if is_latency {
        loop {
            socket.answer().await?;
        }
    }
    let stop = orders.awaited();
    while !stop.load(Ordering::Relaxed) {
        socket.send(&body).await?;
    }
    body[0] = LAST;
    socket.send(&body).await?;
    std::future::pending().await
}

async fn pull(mut socket: impl Socket, size: usize, test: &Test, other: &mut Other) -> Result<()> {
    // Before the first messages there was no connection.
    pull_for(Duration::ZERO, &mut socket, size).await?;
    pull_for(test.warm_up, &mut socket, size).await?;
    let stretch = Stretch::begin(other)?;
    let mut messages = pull_for(test.duration, &mut socket, size).await?;
    other.tell("stop")?;
    while socket.receive().await?.of_size(size)?.first != LAST {
        messages += 1;
    }
    stretch.report(messages as f64, other)
}

/// How many messages came, which looks at the clock now and then, and once at least.
async fn pull_for(time: Duration, socket: &mut impl Socket, size: usize) -> Result<u64> {
    let step = if size < 4096 { 64 } else { 1 };
    let start = Instant::now();
    let mut messages = 0;
    loop {
        for _ in 0..step {
            socket.receive().await?.of_size(size)?;
        }
        messages += step;
        if start.elapsed() >= time {
            return Ok(messages);
        }
    }
}

async fn ask(mut socket: impl Socket, size: usize, test: &Test, other: &Other) -> Result<()> {
    let body = vec![0; size];
    ask_for(Duration::ZERO, &mut socket, &body).await?;
    ask_for(test.warm_up, &mut socket, &body).await?;
    let cpu = other.cpu_of_all()?;
    let mut times = ask_for(test.duration, &mut socket, &body).await?;
    let spent = test::nanoseconds(other.cpu_of_all()? - cpu);
    times.sort_unstable();
    let trips = times.len();
    test::report("p50", test::nanoseconds(times[trips / 2]));
    test::report("p99", test::nanoseconds(times[trips * 99 / 100]));
    test::report("mean", test::nanoseconds(times.iter().sum()) / trips as f64);
    test::report("cpu", spent / trips as f64);
    Ok(())
}

/// How long each round trip took; there is one at least.
async fn ask_for(time: Duration, socket: &mut impl Socket, body: &[u8]) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(1 << 20);
    let start = Instant::now();
    loop {
        let begin = Instant::now();
        socket.send(body).await?;
        socket.receive().await?.of_size(body.len())?;
        times.push(begin.elapsed());
        if start.elapsed() >= time {
            return Ok(times);
        }
    }
}
