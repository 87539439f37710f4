//! Reliable requests, the unreliable side: a ROUTER that loses its second request, as a server that crashes
//! would, and answers all others. Usage: `pirate_server [endpoint] [replies]`
mod arguments;

use zeroxide::{Context, Error, Result, SocketType};

fn main() -> Result<()> {
    let mut replies = arguments::count(2, 3);
    let context = Context::new()?;
    let socket = context.socket(SocketType::Router)?;
    socket.bind(&arguments::text(1, "tcp://*:5555"))?;
    println!("Listening");

    let mut received = 0;
    while replies > 0 {
        let message = socket.recv_multipart()?;
        let request = message.last().ok_or(Error::Protocol)?.to_text().into_owned();
        received += 1;
        if received == 2 {
            println!("Lost: {request}");
            continue;
        }
        println!("Answered: {request}");
        // The client's name and the delimiter are in front, as they have to be.
        socket.send_multipart(message)?;
        replies -= 1;
    }
    drop(socket);
    context.terminate()
}
