//! `zmq req`: a request, a reply, and so on.
#![forbid(unsafe_code)]

use crate::cli::ReqArgs;
use crate::ends::Ends;
use crate::failure::Outcome;
use crate::input::Source;
use crate::output::Output;
use zeroxide::SocketType;

pub fn req(args: &ReqArgs) -> Outcome {
    let mut source = Source::new(&args.input, &args.messages)?;
    let ends = Ends::open(&args.socket, SocketType::Req, |_| Ok(()))?;
    let result = ask_all(&ends, &mut source, args);
    ends.finish(result)
}

fn ask_all(ends: &Ends, source: &mut Source, args: &ReqArgs) -> Outcome {
    let mut output = Output::new(&args.output, &args.messages, &ends.stop)?;
    let usual = if source.is_arguments() { 1 } else { u64::MAX };
    for number in 0..args.messages.count.unwrap_or(usual) {
        if let Some(interval) = args.input.interval.filter(|_| number > 0) {
            ends.stop.pause(interval)?;
        }
        let Some(request) = source.next(&ends.stop)? else { break };
        ends.send(&request)?;
        let reply = ends.recv(|| Ok(()))?;
        output.write(&reply)?;
        output.flush()?;
    }
    Ok(())
}
