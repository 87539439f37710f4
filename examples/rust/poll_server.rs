//! Polling: one thread waits for two sockets at once, counts the tasks that come to its PULL, and answers
//! questions that come to its REP in between. Usage: `poll_server [tasks] [questions]`
mod arguments;

use zeroxide::{poll, Context, Events, Result, SocketType};

fn main() -> Result<()> {
    let context = Context::new()?;
    let pull = context.socket(SocketType::Pull)?;
    pull.bind(&arguments::text(1, "tcp://*:5557"))?;
    let rep = context.socket(SocketType::Rep)?;
    rep.bind(&arguments::text(2, "tcp://*:5555"))?;

    let (mut taken, mut running) = (0, true);
    while running {
        let mut items = [pull.poll_item(Events::IN), rep.poll_item(Events::IN)];
        poll(&mut items, None)?;
        if items[0].ready().is_readable() {
            println!("Task: {}", pull.recv()?.to_text());
            taken += 1;
        }
        if items[1].ready().is_readable() {
            running = rep.recv()? != "stop";
            rep.send(taken.to_string())?;
        }
    }
    println!("Stopped after {taken} tasks");
    drop((pull, rep));
    context.terminate()
}
