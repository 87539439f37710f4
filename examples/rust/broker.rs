//! Broker: ROUTER takes requests from any number of clients, DEALER hands them to any number of services, and
//! `proxy` passes them on and their replies back, until SIGINT. Usage: `broker [clients] [services]`
mod arguments;

use signal_hook::{consts::SIGINT, iterator::Signals};
use std::time::Duration;
use zeroxide::{proxy, Context, Error, SocketType};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let context = Context::new()?;
    let frontend = context.socket(SocketType::Router)?;
    frontend.bind(&arguments::text(1, "tcp://*:5555"))?;
    let backend = context.socket(SocketType::Dealer)?;
    backend.bind(&arguments::text(2, "tcp://*:5560"))?;
    for socket in [&frontend, &backend] {
        socket.set_linger(Some(Duration::ZERO))?;
    }

    let (ends, mut signals) = (context.clone(), Signals::new([SIGINT])?);
    std::thread::spawn(move || signals.forever().for_each(|_| ends.shutdown()));
    println!("Broker runs");
    loop {
        match proxy(&frontend, &backend, None) {
            Err(Error::Terminated) => break,
            // The thread above is about to shut down the context.
            Err(Error::Interrupted) => {}
            other => other?,
        }
    }
    println!("Broker ends");
    drop((frontend, backend));
    Ok(context.terminate()?)
}
