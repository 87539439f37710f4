//! Synchronised publisher: greets on its PUB until the expected subscribers have said by REQ that they hear it, and
//! only then publishes: none misses the beginning. Usage: `sync_publisher [data] [ready] [subscribers] [count]`
mod arguments;

use std::time::Duration;
use zeroxide::{Context, Events, Result, SocketType};

fn main() -> Result<()> {
    let subscribers = arguments::count(3, 2);
    let count = arguments::count(4, 1000);
    let context = Context::new()?;
    let publisher = context.socket(SocketType::Pub)?;
    // Without a limit, since nothing is to be lost.
    publisher.set_send_hwm(0)?;
    publisher.bind(&arguments::text(1, "tcp://*:5561"))?;
    let reports = context.socket(SocketType::Rep)?;
    reports.bind(&arguments::text(2, "tcp://*:5562"))?;

    let mut heard = 0;
    while heard < subscribers {
        publisher.send("HELLO")?;
        if reports.poll(Events::IN, Some(Duration::from_millis(20)))?.is_readable() {
            reports.recv()?;
            reports.send("")?;
            heard += 1;
        }
    }
    for number in 1..=count {
        publisher.send(number.to_string())?;
    }
    publisher.send("END")?;
    println!("Published {count} to {subscribers} subscribers");
    drop((publisher, reports));
    context.terminate()
}
