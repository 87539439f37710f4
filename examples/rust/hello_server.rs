//! Hello, the answering side: a REP socket takes one request at a time and answers each.
//! Usage: `hello_server [endpoint] [count]`
mod arguments;

use zeroxide::{Context, Result, SocketType};

fn main() -> Result<()> {
    let context = Context::new()?;
    let socket = context.socket(SocketType::Rep)?;
    socket.bind(&arguments::text(1, "tcp://*:5555"))?;

    for _ in 0..arguments::count(2, 10) {
        let request = socket.recv()?;
        println!("Received request: {}", request.to_text());
        socket.send(request.to_text().replace("Hello", "World"))?;
    }
    drop(socket);
    context.terminate()
}
