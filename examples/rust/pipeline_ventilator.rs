//! Pipeline, its beginning: a PUSH socket deals tasks out to the workers that are there, in turns.
//! Usage: `pipeline_ventilator [tasks] [results] [control] [count]`
mod arguments;

use zeroxide::{Context, Result, SocketType};

fn main() -> Result<()> {
    let count = arguments::count(4, 20);
    let context = Context::new()?;
    let workers = context.socket(SocketType::Push)?;
    workers.bind(&arguments::text(1, "tcp://*:5557"))?;
    let sink = context.socket(SocketType::Push)?;
    sink.connect(&arguments::text(2, "tcp://localhost:5558"))?;
    let signals = context.socket(SocketType::Sub)?;
    signals.connect(&arguments::text(3, "tcp://localhost:5559"))?;
    signals.subscribe("GO")?;

    // The sink tells when all workers are there.
    signals.recv()?;
    sink.send(format!("TASKS {count}"))?;
    for task in 1..=count {
        workers.send(task.to_string())?;
    }
    println!("Sent {count} tasks");
    drop((workers, sink, signals));
    context.terminate()
}
