//! `zmq send`, `push` and `pub`.
#![forbid(unsafe_code)]

use crate::cli::SendArgs;
use crate::ends::Ends;
use crate::failure::{Failure, Outcome};
use crate::input::Source;
use zeroxide::{Socket, SocketType};

pub fn send(socket_type: SocketType, wait: Option<usize>, drop: bool, args: &SendArgs) -> Outcome {
    if socket_type != SocketType::Pub && (wait.is_some() || drop) {
        return Err(Failure::Usage("--wait and --drop are for --type pub".into()));
    }
    // An XPUB is a PUB that sees its subscribers come.
    let publish = socket_type == SocketType::Pub;
    let made = if publish { SocketType::XPub } else { socket_type };
    let mut source = Source::new(&args.input, &args.messages)?;
    let ends = Ends::open(&args.socket, made, |socket| configure(socket, drop))?;
    let result = (if publish { subscribers(&ends, wait.unwrap_or(1)) } else { Ok(()) })
        .and_then(|()| send_all(&ends, &mut source, args));
    ends.finish(result)
}

fn configure(socket: &Socket, drop: bool) -> zeroxide::Result<()> {
    match socket.socket_type() {
        SocketType::XPub => {
            socket.set_xpub_verbose(true)?;
            socket.set_xpub_nodrop(!drop)
        }
        SocketType::Router => socket.set_router_mandatory(true),
        _ => Ok(()),
    }
}

/// Waits for subscriptions.
fn subscribers(ends: &Ends, wanted: usize) -> Outcome {
    let mut there = 0;
    while there < wanted {
        let message = ends.recv(|| Ok(())).map_err(|failure| match failure {
            Failure::Timeout(_) => {
                ends.too_late(&format!("{there} of {wanted} subscriptions came"))
            }
            failure => failure,
        })?;
        match message.first().and_then(|part| part.first()) {
            Some(1) => there += 1,
            Some(0) => there = there.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

fn send_all(ends: &Ends, source: &mut Source, args: &SendArgs) -> Outcome {
    let usual = if source.is_arguments() { 1 } else { u64::MAX };
    for number in 0..args.messages.count.unwrap_or(usual) {
        if let Some(interval) = args.input.interval.filter(|_| number > 0) {
            ends.stop.pause(interval)?;
        }
        let Some(message) = source.next(&ends.stop)? else { break };
        ends.send(&message)?;
    }
    Ok(())
}
