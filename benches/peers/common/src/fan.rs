//! A PUB in one process, many SUBs in another, all of which want everything:
//! `fan SECONDS PIN drop|wait tcp|ipc SUBSCRIBERS SIZE`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use crate::sides::{Orders, Other, Stretch};
use crate::test::{self, Test};
use crate::{connected, Kind, Package, Result, Socket};

pub fn measure<P: Package>(test: &Test) -> Result<()> {
    let mut other = Other::process()?;
    test.pin(0)?;
    crate::runtime()?.block_on(async {
        let context = P::new()?;
        let endpoint = other.hear()?;
        let size = test.number(3)?;
        let mut subs = connected(&context, Kind::Sub, &endpoint, test.number(2)?).await?;
        for sub in &mut subs {
            sub.receive().await?.of_size(size)?;
        }
        other.tell("run")?;
        let counters: Vec<_> = subs.into_iter().map(|sub| count(sub, size)).collect();
        let received = || counters.iter().map(|one| one.load(Ordering::Relaxed)).sum::<u64>();
        tokio::time::sleep(test.warm_up).await;
        let (stretch, before) = (Stretch::begin(&other)?, received());
        tokio::time::sleep(test.duration).await;
        stretch.report((received() - before) as f64, &other)?;
        test::clear(&endpoint);
        Ok(())
    })
}

/// Receives in a task of its own. A counter for each: one for all would have the tasks wait for each other.
fn count(mut sub: impl Socket, size: usize) -> Arc<AtomicU64> {
    let counter = Arc::new(AtomicU64::new(0));
    let received = counter.clone();
    tokio::spawn(async move {
        loop {
            match sub.receive().await.and_then(|head| head.of_size(size)) {
                Ok(_) => received.fetch_add(1, Ordering::Relaxed),
                Err(error) => crate::fail(error),
            };
        }
    });
    counter
}

pub async fn other_side<P: Package>(context: P, test: &Test, orders: Orders) -> Result<()> {
    let waits = test.word(0) == "wait";
    let body = vec![0; test.number(3)?];
    let mut publisher = context.open(Kind::Pub { waits }).await?;
    let endpoint = publisher.bind(&test::free_endpoint(test.word(1))).await?;
    println!("{endpoint}");
    let all_have_joined = orders.awaited();
    while !all_have_joined.load(Ordering::Relaxed) {
        publisher.send(&body).await?;
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    loop {
        publisher.send(&body).await?;
    }
}
