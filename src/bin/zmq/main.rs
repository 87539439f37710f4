//! `zmq`: ZeroMQ from a terminal.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`cli`] | what can be said on the command line; help, completions and man pages come from it |
//! | [`failure`] | what can go wrong, and the exit code of each |
//! | [`stop`] | waiting, in a way that Ctrl-C and a closed output end |
//! | [`ends`], [`zap`], [`peers`] | a socket as the options describe it, from its first endpoint to its last message |
//! | [`input`], [`output`], [`json`] | messages as arguments, files, lines; lines as messages |
//! | [`send`], [`recv`], [`req`], [`rep`] | the commands that talk |
//! | [`proxy`], [`perf`], [`monitor`], [`keygen`] | those that do other things with sockets and keys |
//! | [`run`] | runs other programs on our library |
//! | [`live`], [`generate`] | the line that changes on a terminal; completions and man pages |
//!
//! It is a program of the Rust API, and uses nothing that other programs could not. Whatever is wrong is told in one
//! line on stderr. It never panics over what somebody typed, a file, or a peer.
#![forbid(unsafe_code)]

mod cli;
mod ends;
mod failure;
mod generate;
mod input;
mod json;
mod keygen;
mod live;
mod monitor;
mod output;
mod peers;
mod perf;
mod proxy;
mod recv;
mod rep;
mod req;
mod run;
mod send;
mod stop;
mod zap;

use clap::Parser;
use cli::{Cli, Command};
use failure::{Failure, Outcome};
use std::process::ExitCode;
use zeroxide::SocketType;

fn main() -> ExitCode {
    let outcome = match Cli::try_parse() {
        Ok(cli) => dispatch(cli.command),
        Err(error) => failure::of_arguments(error),
    };
    failure::exit_code(outcome)
}

fn dispatch(command: Command) -> Outcome {
    match command {
        Command::Run(args) => Err(run::run(&args)),
        Command::Send(args) => {
            send::send(args.socket_type.into(), args.wait, args.drop, &args.send)
        }
        Command::Recv(args) => recv::recv(args.socket_type.into(), &args.topic, &args.recv),
        Command::Req(args) => req::req(&args),
        Command::Rep(args) => rep::rep(&args),
        Command::Pub(args) => send::send(SocketType::Pub, args.wait, args.drop, &args.send),
        Command::Sub(args) => recv::recv(SocketType::Sub, &args.topic, &args.recv),
        Command::Push(args) => send::send(SocketType::Push, None, false, &args),
        Command::Pull(args) => recv::recv(SocketType::Pull, &[], &args),
        Command::Proxy(args) => proxy::proxy(&args),
        Command::Perf(args) => perf::perf(&args),
        Command::Keygen(args) => keygen::keygen(&args),
        Command::Monitor(args) => monitor::monitor(&args),
        Command::Completions(args) => generate::completions(args.shell),
        Command::Man(args) => generate::man(&args),
        Command::Help(args) => {
            failure::of_arguments(Cli::explain("--help", args.command.as_deref()))
        }
        Command::Version => failure::of_arguments(Cli::explain("--version", None)),
    }
}

/// What is printed goes through here, so that a closed output is no error.
fn print(text: &[u8]) -> Result<(), Failure> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(text).and_then(|()| out.flush()).map_err(failure::of_output)
}
