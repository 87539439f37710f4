//! Pipeline, its middle: takes tasks from a PULL socket, squares them, and passes the results on by PUSH,
//! until the end is published. Usage: `pipeline_worker [tasks] [results] [control]`
mod arguments;

use zeroxide::{poll, Context, Error, Events, Result, SocketType};

fn main() -> Result<()> {
    let context = Context::new()?;
    let ventilator = context.socket(SocketType::Pull)?;
    ventilator.connect(&arguments::text(1, "tcp://localhost:5557"))?;
    let sink = context.socket(SocketType::Push)?;
    sink.connect(&arguments::text(2, "tcp://localhost:5558"))?;
    let signals = context.socket(SocketType::Sub)?;
    signals.connect(&arguments::text(3, "tcp://localhost:5559"))?;
    signals.subscribe("END")?;

    let mut done = 0;
    loop {
        let mut items = [ventilator.poll_item(Events::IN), signals.poll_item(Events::IN)];
        poll(&mut items, None)?;
        if items[0].ready().is_readable() {
            let task = ventilator.recv()?;
            let task: u64 = task.to_text().parse().map_err(|_| Error::Protocol)?;
            sink.send(format!("RESULT {}", task * task))?;
            done += 1;
        }
        if items[1].ready().is_readable() {
            break;
        }
    }
    println!("Done with {done} tasks");
    drop((ventilator, sink, signals));
    context.terminate()
}
