//! Broker, a service behind it: a REP socket as in `hello_server`, but it connects, so that there can be many
//! of them; clients are `hello_client`. Usage: `broker_service [endpoint] [count] [name]`
mod arguments;

use zeroxide::{Context, Result, SocketType};

fn main() -> Result<()> {
    let name = arguments::text(3, "service");
    let context = Context::new()?;
    let socket = context.socket(SocketType::Rep)?;
    socket.connect(&arguments::text(1, "tcp://localhost:5560"))?;

    for _ in 0..arguments::count(2, 10) {
        let request = socket.recv()?;
        println!("{name} received: {}", request.to_text());
        socket.send(format!("{name} answers {}", request.to_text()))?;
    }
    drop(socket);
    context.terminate()
}
