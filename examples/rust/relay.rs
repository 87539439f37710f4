//! Relay: three threads pass a word on over inproc PAIR sockets; no locks, no shared state but the context,
//! and each socket belongs to one thread. Usage: `relay [word]`
mod arguments;

use std::thread;
use zeroxide::{Context, Error, Result, Socket, SocketType};

fn main() -> Result<()> {
    let context = Context::new()?;
    let (second, third) = (bound(&context, "inproc://second")?, bound(&context, "inproc://third")?);

    let shared = context.clone();
    let threads = [
        thread::spawn(move || {
            let word = second.recv()?.to_text().into_owned();
            pass_on(second.context(), "Second", &word, "inproc://third")
        }),
        thread::spawn(move || {
            pass_on(&shared, "First", &arguments::text(1, "Hello"), "inproc://second")
        }),
    ];
    println!("Third has: {}", third.recv()?.to_text());
    for thread in threads {
        thread.join().map_err(|_| Error::State)??;
    }
    drop(third);
    context.terminate()
}

fn bound(context: &Context, endpoint: &str) -> Result<Socket> {
    let socket = context.socket(SocketType::Pair)?;
    socket.bind(endpoint)?;
    Ok(socket)
}

fn pass_on(context: &Context, name: &str, word: &str, output: &str) -> Result<()> {
    println!("{name} passes on: {word}");
    let next = context.socket(SocketType::Pair)?;
    next.connect(output)?;
    next.send(format!("{word}!"))
}
