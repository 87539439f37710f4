//! Forwarder, a publisher in front of it: a PUB socket that connects, and sends reports of one place;
//! subscribers are `weather_client`. Usage: `forwarder_publisher [endpoint] [place] [rounds]`
mod arguments;

use std::time::Duration;
use zeroxide::{Context, Result, SocketType};

fn main() -> Result<()> {
    let place = arguments::text(2, "Oslo");
    let rounds = arguments::count(3, 100);
    let context = Context::new()?;
    let publisher = context.socket(SocketType::Pub)?;
    publisher.connect(&arguments::text(1, "tcp://localhost:5561"))?;

    for round in 0..rounds {
        publisher.send(format!("{place} {}", round % 10))?;
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("Published {rounds} rounds");
    drop(publisher);
    context.terminate()
}
