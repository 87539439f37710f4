//! Interrupts: SIGINT is turned into a byte on a pipe, which is polled beside the socket, so that the server leaves
//! in good order and no signal is missed between two calls. Usage: `interrupt [endpoint]`
mod arguments;

use signal_hook::{consts::SIGINT, low_level::pipe};
use std::os::{fd::AsFd, unix::net::UnixStream};
use std::time::Duration;
use zeroxide::{poll, Context, Error, Events, PollItem, SocketType};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (interrupted, interrupts) = UnixStream::pair()?;
    pipe::register(SIGINT, interrupts)?;
    let context = Context::new()?;
    let socket = context.socket(SocketType::Rep)?;
    socket.set_linger(Some(Duration::from_millis(100)))?;
    socket.bind(&arguments::text(1, "tcp://*:5555"))?;

    println!("Serving until interrupted");
    loop {
        let pipe = PollItem::of_descriptor(interrupted.as_fd(), Events::IN);
        let mut items = [socket.poll_item(Events::IN), pipe];
        match poll(&mut items, None) {
            // The pipe has the byte by now.
            Err(Error::Interrupted) => continue,
            result => result?,
        };
        if items[1].ready().is_readable() {
            break;
        }
        // A signal may come here, too: then the request stays where it is.
        let request = match socket.try_recv() {
            Err(Error::Again | Error::Interrupted) => continue,
            result => result?,
        };
        println!("Received request: {}", request.to_text());
        socket.send(request)?;
    }
    println!("Interrupted, leaving");
    drop(socket);
    Ok(context.terminate()?)
}
