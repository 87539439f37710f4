//! Hello, the asking side: a REQ socket sends a request, then waits for its reply.
//! Usage: `hello_client [endpoint] [count]`
mod arguments;

use zeroxide::{Context, Result, SocketType};

fn main() -> Result<()> {
    let context = Context::new()?;
    let socket = context.socket(SocketType::Req)?;
    socket.connect(&arguments::text(1, "tcp://localhost:5555"))?;

    for number in 1..=arguments::count(2, 10) {
        println!("Sending request: Hello {number}");
        socket.send(format!("Hello {number}"))?;
        println!("Received reply: {}", socket.recv()?.to_text());
    }
    drop(socket);
    context.terminate()
}
