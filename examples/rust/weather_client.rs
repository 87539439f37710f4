//! Weather, the subscribing side: a SUB socket receives what begins with the place it subscribed to,
//! and nothing else. Usage: `weather_client [endpoint] [place] [count]`
mod arguments;

use zeroxide::{Context, Error, Result, SocketType};

fn main() -> Result<()> {
    let count = arguments::count(3, 10);
    let context = Context::new()?;
    let subscriber = context.socket(SocketType::Sub)?;
    subscriber.connect(&arguments::text(1, "tcp://localhost:5556"))?;
    subscriber.subscribe(arguments::text(2, "Oslo"))?;

    let mut sum = 0;
    for _ in 0..count {
        let message = subscriber.recv()?;
        let report = message.to_text();
        println!("Report: {report}");
        let number = report.rsplit(' ').next().and_then(|number| number.parse::<u32>().ok());
        sum += number.ok_or(Error::Protocol)?;
    }
    if let Some(average) = sum.checked_div(count) {
        println!("Average of {count}: {average}");
    }
    drop(subscriber);
    context.terminate()
}
