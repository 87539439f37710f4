//! Pipeline, its end: a PULL socket collects the results of all workers; an XPUB tells when to begin and
//! when to stop, and sees who listens. Usage: `pipeline_sink [results] [control] [workers]`
mod arguments;

use zeroxide::{Context, Error, Result, SocketType};

fn main() -> Result<()> {
    let workers = arguments::count(3, 2);
    let context = Context::new()?;
    let sink = context.socket(SocketType::Pull)?;
    sink.bind(&arguments::text(1, "tcp://*:5558"))?;
    let signals = context.socket(SocketType::XPub)?;
    // Else only the first of equal subscriptions is shown.
    signals.set_xpub_verbose(true)?;
    signals.bind(&arguments::text(2, "tcp://*:5559"))?;

    // The ventilator and all workers have to listen, so that no signal is missed.
    let mut listeners = 0;
    while listeners < workers + 1 {
        listeners += u32::from(signals.recv()?.starts_with(&[1]));
    }
    signals.send("GO")?;

    let (mut taken, mut expected, mut sum) = (0, None, 0);
    while expected != Some(taken) {
        let message = sink.recv()?;
        let text = message.to_text();
        let (kind, number) = text.split_once(' ').ok_or(Error::Protocol)?;
        let number: u64 = number.parse().map_err(|_| Error::Protocol)?;
        match kind {
            "TASKS" => expected = Some(number),
            _ => {
                taken += 1;
                sum += number;
            }
        }
    }
    println!("Sum of {taken} results: {sum}");
    signals.send("END")?;
    drop((sink, signals));
    context.terminate()
}
