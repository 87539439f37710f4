//! Synchronised subscriber: a greeting proves that the subscription stands; then it reports itself, and
//! receives everything from the first number on. Usage: `sync_subscriber [data] [ready]`
mod arguments;

use zeroxide::{Context, Error, Result, SocketType};

fn main() -> Result<()> {
    let context = Context::new()?;
    let subscriber = context.socket(SocketType::Sub)?;
    subscriber.set_recv_hwm(0)?;
    subscriber.connect(&arguments::text(1, "tcp://localhost:5561"))?;
    subscriber.subscribe("")?;
    let report = context.socket(SocketType::Req)?;
    report.connect(&arguments::text(2, "tcp://localhost:5562"))?;

    subscriber.recv()?;
    report.send("I hear you")?;
    report.recv()?;
    let mut taken = 0;
    loop {
        let message = subscriber.recv()?;
        match &*message.to_text() {
            "HELLO" => {}
            "END" => break,
            text => {
                taken += 1;
                if text != taken.to_string() {
                    eprintln!("{text} came where {taken} was due");
                    return Err(Error::Protocol);
                }
            }
        }
    }
    println!("Received {taken} in order");
    drop((subscriber, report));
    context.terminate()
}
