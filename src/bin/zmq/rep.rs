//! `zmq rep`: prints requests, and replies with the same each time, the request, what a command prints, or lines of stdin.
#![forbid(unsafe_code)]

use crate::cli::RepArgs;
use crate::ends::Ends;
use crate::failure::{say, Failure, Outcome};
use crate::input::Source;
use crate::output::Output;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::thread;
use zeroxide::{Multipart, SocketType};

pub fn rep(args: &RepArgs) -> Outcome {
    let mut replies = match (&args.exec, args.echo) {
        (Some(command), _) => Replies::Command(command),
        (None, true) => Replies::Echo,
        (None, false) => Replies::Source(Source::new(&args.input, &args.messages)?),
    };
    let ends = Ends::open(&args.socket, SocketType::Rep, |_| Ok(()))?;
    let result = reply_all(&ends, &mut replies, args);
    match ends.finish(result) {
        Err(Failure::Stopped(_)) if args.messages.count.is_none() => Ok(()),
        result => result,
    }
}

enum Replies<'a> {
    Echo,
    Command(&'a OsStr),
    Source(Source),
}

impl Replies<'_> {
    fn to(&mut self, request: &Multipart, ends: &Ends) -> Result<Option<Multipart>, Failure> {
        match self {
            Replies::Echo => Ok(Some(request.clone())),
            Replies::Command(command) => run(command, request).map(Some),
            Replies::Source(source) => source.next(&ends.stop),
        }
    }

    fn are_over(&mut self, ends: &Ends) -> Result<bool, Failure> {
        match self {
            Replies::Source(source) => source.is_over(&ends.stop),
            _ => Ok(false),
        }
    }
}

fn reply_all(ends: &Ends, replies: &mut Replies<'_>, args: &RepArgs) -> Outcome {
    let mut output = Output::new(&args.output, &args.messages, &ends.stop)?;
    for _ in 0..args.messages.count.unwrap_or(u64::MAX) {
        ends.stop.check()?;
        if replies.are_over(ends)? {
            break;
        }
        let request = ends.recv(|| output.flush())?;
        output.write(&request)?;
        output.flush()?;
        let Some(reply) = replies.to(&request, ends)? else {
            return Err(Failure::Error("stdin is at its end, and a request has no reply".into()));
        };
        if let Some(interval) = args.input.interval {
            ends.stop.pause(interval)?;
        }
        ends.send(&reply)?;
    }
    Ok(())
}

/// What a shell command prints. Its input are the parts of the request, one after the other.
fn run(command: &OsStr, request: &Multipart) -> Result<Multipart, Failure> {
    let failed = |error: io::Error| Failure::of_io(&error, "cannot run the command");
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = shell.spawn().map_err(failed)?;
    let input = child.stdin.take();
    let output = thread::scope(|scope| {
        // Of its own, as the command may print before it has read all. One that reads nothing is no error.
        scope.spawn(move || {
            let mut input = input?;
            request.iter().try_for_each(|part| input.write_all(part)).ok()
        });
        child.wait_with_output()
    });
    let output = output.map_err(failed)?;
    if !output.status.success() {
        say(&format!("the command ended with {}", output.status));
    }
    let mut reply = output.stdout;
    if reply.last() == Some(&b'\n') {
        reply.pop();
    }
    Ok([reply].into())
}
