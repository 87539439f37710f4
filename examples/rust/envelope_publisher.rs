//! Envelopes: each message has a first part that is compared with subscriptions, and the content behind it,
//! which no filter can match by accident. Usage: `envelope_publisher [endpoint] [count]`
mod arguments;

use zeroxide::{Context, Result, SocketType};

fn main() -> Result<()> {
    let count = arguments::count(2, 3);
    let context = Context::new()?;
    let publisher = context.socket(SocketType::XPub)?;
    publisher.bind(&arguments::text(1, "tcp://*:5563"))?;

    // An XPUB sees subscriptions: without a listener there would be nothing to show.
    publisher.recv()?;
    for number in 1..=count {
        publisher.send_multipart(["sports", "news: not for you"])?;
        publisher.send_multipart(["news", &format!("number {number}")])?;
    }
    println!("Published {count} of each");
    drop(publisher);
    context.terminate()
}
