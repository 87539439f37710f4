//! `zmq recv`, `pull` and `sub`.
#![forbid(unsafe_code)]

use crate::cli::RecvArgs;
use crate::ends::Ends;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use zeroxide::{Socket, SocketType};

pub fn recv(socket_type: SocketType, topics: &[OsString], args: &RecvArgs) -> Outcome {
    if socket_type != SocketType::Sub && !topics.is_empty() {
        return Err(Failure::Usage("--topic is for --type sub".into()));
    }
    let ends = Ends::open(&args.socket, socket_type, |socket| subscribe(socket, topics))?;
    let result = recv_all(&ends, args);
    let result = ends.finish(result);
    // Without a number of messages, this is the only end there is.
    match result {
        Err(Failure::Stopped(_)) if args.messages.count.is_none() => Ok(()),
        result => result,
    }
}

fn subscribe(socket: &Socket, topics: &[OsString]) -> zeroxide::Result<()> {
    match socket.socket_type() {
        SocketType::Sub if topics.is_empty() => socket.subscribe(""),
        SocketType::Sub => topics.iter().try_for_each(|topic| socket.subscribe(topic.as_bytes())),
        _ => Ok(()),
    }
}

fn recv_all(ends: &Ends, args: &RecvArgs) -> Outcome {
    let mut output = Output::new(&args.output, &args.messages, &ends.stop)?;
    for _ in 0..args.messages.count.unwrap_or(u64::MAX) {
        // What a fast peer sends leaves no other moment to look.
        ends.stop.check()?;
        let message = ends.recv(|| output.flush())?;
        output.write(&message)?;
    }
    output.flush()
}
