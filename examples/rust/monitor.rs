//! Monitor: a server is told of what happens to its connections, by a socket that is polled beside its own;
//! clients are `hello_client`. Usage: `monitor [endpoint] [count]`
mod arguments;

use zeroxide::{poll, Context, EventKind, Events, Result, SocketType};

fn main() -> Result<()> {
    let count = arguments::count(2, 10);
    let context = Context::new()?;
    let socket = context.socket(SocketType::Rep)?;
    let monitor = socket.monitor()?;
    socket.bind(&arguments::text(1, "tcp://*:5555"))?;

    let (mut served, mut disconnected) = (0, false);
    // Until the last client has gone.
    while served < count || !disconnected {
        let mut items = [socket.poll_item(Events::IN), monitor.socket().poll_item(Events::IN)];
        poll(&mut items, None)?;
        if items[0].ready().is_readable() {
            socket.send(socket.recv()?)?;
            served += 1;
        }
        if items[1].ready().is_readable() {
            let event = monitor.recv()?;
            println!("Event: {}", event.kind.name());
            disconnected = event.kind == EventKind::Disconnected;
        }
    }
    println!("Served {served} requests");
    drop(socket);
    // The last one says that there are no more.
    monitor.for_each(|event| println!("Event: {}", event.kind.name()));
    context.terminate()
}
