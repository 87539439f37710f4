//! Weather, the publishing side: a PUB socket sends each report to those who subscribed to its beginning,
//! and knows neither how many they are nor what they want. Usage: `weather_server [endpoint] [rounds]`
mod arguments;

use std::time::Duration;
use zeroxide::{Context, Result, SocketType};

fn main() -> Result<()> {
    let rounds = arguments::count(2, 100);
    let context = Context::new()?;
    let publisher = context.socket(SocketType::Pub)?;
    publisher.bind(&arguments::text(1, "tcp://*:5556"))?;

    for round in 0..rounds {
        for (warmth, place) in (0..).zip(["Lisbon", "Oslo", "Quito"]) {
            publisher.send(format!("{place} {}", 10 * warmth + round % 10))?;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("Published {rounds} rounds");
    drop(publisher);
    context.terminate()
}
