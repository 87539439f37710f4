//! One way, as fast as it goes. The end that receives measures: from the first message to the last.
#![forbid(unsafe_code)]

use super::{report, stranger, Plan, Side};
use crate::failure::{Failure, Outcome};
use crate::live::{grouped, rate};
use std::time::Instant;
use zeroxide::Message;

const TEST: &str = "throughput";
const USUAL: u64 = 1_000_000;
/// The clock and the signals are looked at this seldom.
const EVERY: u64 = 1024;

pub(super) fn send(side: &mut Side<'_>) -> Outcome {
    let plan = Plan::of(side.args, USUAL);
    if plan.count < 2 {
        return Err(Failure::Usage(
            "the throughput of one message says nothing; --count is 2 or more".into(),
        ));
    }
    side.send_all(&plan.write(TEST))?;
    let message = Message::from(vec![0; plan.size]);
    for number in 0..plan.count {
        if number % EVERY == 0 {
            side.stop.check()?;
            show(side, number, &plan, "sent");
        }
        side.send(&message)?;
    }
    side.live.clear();
    if side.alone {
        let line = format!("{} messages of {} bytes sent\n", grouped(plan.count), plan.size);
        return report::note(side.args.output, &line);
    }
    Ok(())
}

pub(super) fn receive(side: &mut Side<'_>) -> Outcome {
    let plan = Plan::read(&side.recv_all()?, TEST)?;
    let mut started = Instant::now();
    for number in 0..plan.count {
        if number % EVERY == 0 {
            side.stop.check()?;
            show(side, number, &plan, "received");
        }
        if side.recv()?.len() != plan.size {
            return Err(stranger());
        }
        // The way of the first message is no part of how many go it in a time.
        if number == 0 {
            started = Instant::now();
        }
    }
    let time = started.elapsed();
    side.live.clear();
    report::throughput(plan.count, plan.size, time, side.args.output)
}

fn show(side: &mut Side<'_>, number: u64, plan: &Plan, what: &str) {
    let count = plan.count;
    let shown = side.shown;
    let line = |time| {
        let per_second = rate(number - shown, time) as u64;
        format!("{} of {} {what}, {}/s", grouped(number), grouped(count), grouped(per_second))
    };
    if side.progress(line) {
        side.shown = number;
    }
}
