//! Envelopes, the receiving side: a message comes whole, with all of its parts.
//! Usage: `envelope_subscriber [endpoint] [topic] [count]`
mod arguments;

use zeroxide::{Context, Result, SocketType};

fn main() -> Result<()> {
    let context = Context::new()?;
    let subscriber = context.socket(SocketType::Sub)?;
    subscriber.connect(&arguments::text(1, "tcp://localhost:5563"))?;
    subscriber.subscribe(arguments::text(2, "news"))?;

    for _ in 0..arguments::count(3, 3) {
        let message = subscriber.recv_multipart()?;
        let content: Vec<_> = message[1..].iter().map(|part| part.to_text()).collect();
        println!("[{}] {}", message[0].to_text(), content.join(" "));
    }
    drop(subscriber);
    context.terminate()
}
