//! Reliable requests: who gets no reply in time closes the REQ socket, which waits for ever, opens another and asks
//! again, a few times. Usage: `pirate_client [endpoint] [count] [timeout in ms] [tries]`
mod arguments;

use std::time::Duration;
use zeroxide::{Context, Error, Result, Socket, SocketType};

fn main() -> Result<()> {
    let context = Context::new()?;
    let mut socket = connected(&context)?;
    for number in 1..=arguments::count(2, 3) {
        let request = format!("Hello {number}");
        let mut tries = arguments::count(4, 3);
        loop {
            socket.send(&request)?;
            match socket.recv() {
                Ok(reply) => {
                    println!("Received reply: {}", reply.to_text());
                    break;
                }
                Err(Error::Again) if tries > 1 => tries -= 1,
                Err(error) => {
                    eprintln!("The server does not answer");
                    return Err(error);
                }
            }
            println!("No reply to: {request}");
            socket = connected(&context)?;
        }
    }
    drop(socket);
    context.terminate()
}

fn connected(context: &Context) -> Result<Socket> {
    let socket = context.socket(SocketType::Req)?;
    socket.set_recv_timeout(Some(Duration::from_millis(arguments::count(3, 1000).into())))?;
    // An unsent request is not worth waiting for.
    socket.set_linger(Some(Duration::ZERO))?;
    socket.connect(&arguments::text(1, "tcp://localhost:5555"))?;
    Ok(socket)
}
