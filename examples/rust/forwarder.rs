//! Forwarder: publishers connect to an XSUB, subscribers to an XPUB, and neither knows of the other;
//! subscriptions go the other way through the proxy. Ends with SIGINT. Usage: `forwarder [in] [out]`
mod arguments;

use signal_hook::{consts::SIGINT, iterator::Signals};
use std::time::Duration;
use zeroxide::{proxy, Context, Error, SocketType};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let context = Context::new()?;
    let frontend = context.socket(SocketType::XSub)?;
    frontend.bind(&arguments::text(1, "tcp://*:5561"))?;
    let backend = context.socket(SocketType::XPub)?;
    backend.bind(&arguments::text(2, "tcp://*:5556"))?;
    for socket in [&frontend, &backend] {
        socket.set_linger(Some(Duration::ZERO))?;
    }

    let (ends, mut signals) = (context.clone(), Signals::new([SIGINT])?);
    std::thread::spawn(move || signals.forever().for_each(|_| ends.shutdown()));
    println!("Forwarder runs");
    loop {
        match proxy(&frontend, &backend, None) {
            Err(Error::Terminated) => break,
            // The thread above is about to shut down the context.
            Err(Error::Interrupted) => {}
            other => other?,
        }
    }
    println!("Forwarder ends");
    drop((frontend, backend));
    Ok(context.terminate()?)
}
