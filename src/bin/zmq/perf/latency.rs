//! There and back again, one message at a time. The end that asks measures each round trip.
#![forbid(unsafe_code)]

use super::{report, stranger, Plan, Side};
use crate::failure::{Failure, Outcome};
use crate::live::grouped;
use std::time::Instant;
use zeroxide::Message;

const TEST: &str = "latency";
const USUAL: u64 = 10_000;
/// Round trips before those that count.
const WARM_UP: u64 = 100;

/// Answers each message with itself: as many as the other end has announced.
pub(super) fn echo(side: &mut Side<'_>) -> Outcome {
    let plan = side.recv_all()?;
    let Plan { count, .. } = Plan::read(&plan, TEST)?;
    side.send_all(&plan)?;
    for number in 0..count.saturating_add(WARM_UP) {
        side.stop.check()?;
        side.progress(|_| format!("{} of {} round trips", grouped(number), grouped(count)));
        let message = side.recv()?;
        side.send(&message)?;
    }
    Ok(())
}

pub(super) fn ask(side: &mut Side<'_>) -> Outcome {
    let plan = Plan::of(side.args, USUAL);
    side.send_all(&plan.write(TEST))?;
    Plan::read(&side.recv_all()?, TEST)?;
    let message = Message::from(vec![0; plan.size]);
    let mut times: Vec<u64> = Vec::new();
    let room = usize::try_from(plan.count).unwrap_or(usize::MAX);
    let reserved = times.try_reserve_exact(room);
    reserved.map_err(|_| Failure::Error("there is no memory for so many round trips".into()))?;
    for number in 0..plan.count + WARM_UP {
        side.stop.check()?;
        let start = Instant::now();
        side.send(&message)?;
        let echo = side.recv()?;
        let time = start.elapsed();
        if echo.len() != plan.size {
            return Err(stranger());
        }
        if number >= WARM_UP {
            times.push(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        }
        let last = times.last().map_or(0, |time| time / 1000);
        let (done, count) = (times.len() as u64, plan.count);
        side.progress(|_| {
            format!("{} of {} round trips, the last {last} us", grouped(done), grouped(count))
        });
    }
    times.sort_unstable();
    side.live.clear();
    report::latency(&times, plan.size, side.args.output)
}
