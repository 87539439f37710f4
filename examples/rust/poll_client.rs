//! Polling, the other side: sends tasks by PUSH, asks by REQ how many have arrived until all have, and then
//! stops the server. Usage: `poll_client [tasks] [questions] [count]`
mod arguments;

use zeroxide::{Context, Error, Result, Socket, SocketType};

fn main() -> Result<()> {
    let count = arguments::count(3, 5);
    let context = Context::new()?;
    let push = context.socket(SocketType::Push)?;
    push.connect(&arguments::text(1, "tcp://localhost:5557"))?;
    let req = context.socket(SocketType::Req)?;
    req.connect(&arguments::text(2, "tcp://localhost:5555"))?;

    for task in 1..=count {
        push.send(format!("Task {task}"))?;
    }
    while ask(&req, "how many?")? < count {}
    println!("The server has taken {} tasks", ask(&req, "stop")?);
    drop((push, req));
    context.terminate()
}

fn ask(req: &Socket, question: &str) -> Result<u32> {
    req.send(question)?;
    req.recv()?.to_text().parse().map_err(|_| Error::Protocol)
}
