//! Why the tool ends, and with which exit code. The codes are part of what the man page promises.
#![forbid(unsafe_code)]

use crate::cli::Cli;
use clap::CommandFactory;
use std::io;
use std::process::ExitCode;
use zeroxide::Error;

/// For the help and the man page.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    done; also when Ctrl-C ends what would go on for ever, or nobody reads the output any more
  1    something went wrong
  2    wrong use: an unknown option, a value that makes no sense
  3    the time given with --timeout or --linger was over
  126  run: the program cannot be run on the library
  127  run: there is no such program
  130  Ctrl-C (143: SIGTERM) ended it before it was done
Otherwise `zmq run` ends as the program ends that it runs.";

/// How a command ended.
pub type Outcome = Result<(), Failure>;

#[derive(Debug)]
pub enum Failure {
    /// Wrong use.
    Usage(String),
    /// Whatever else went wrong.
    Error(String),
    /// A time that the user gave was over.
    Timeout(String),
    /// A signal.
    Stopped(i32),
    /// Nobody reads what is printed.
    OutputClosed,
    /// `run` cannot do it.
    CannotRun(String),
    /// `run` cannot find it.
    NoProgram(String),
}

impl Failure {
    /// Of a call on a socket, with what was being done.
    pub fn of(error: Error, doing: impl std::fmt::Display) -> Self {
        let text = match error {
            Error::ProtocolNotSupported => format!("{doing}: this transport is not supported"),
            Error::IncompatibleProtocol => {
                format!("{doing}: this transport does not work with this socket type")
            }
            Error::Invalid => format!("{doing}: this value makes no sense"),
            error => format!("{doing}: {error}"),
        };
        match error {
            Error::Invalid | Error::ProtocolNotSupported | Error::IncompatibleProtocol => {
                Failure::Usage(text)
            }
            _ => Failure::Error(text),
        }
    }

    pub fn of_io(error: &io::Error, doing: impl std::fmt::Display) -> Self {
        Failure::Error(format!("{doing}: {}", describe(error)))
    }
}

/// What the system says, without the number.
pub fn describe(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(errno) => Error::describe(errno),
        None => error.to_string(),
    }
}

/// Of a write to stdout.
pub fn of_output(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::OutputClosed,
        _ => Failure::of_io(&error, "cannot write the output"),
    }
}

/// What clap says: help and the version are no errors; errors are made one line.
pub fn of_arguments(error: clap::Error) -> Outcome {
    use clap::error::ErrorKind::*;
    if error.kind() == DisplayHelpOnMissingArgumentOrSubcommand {
        return Err(Failure::Usage("no command is given (see: zmq --help)".into()));
    }
    let text = error.render().to_string();
    if matches!(error.kind(), DisplayHelp | DisplayVersion) {
        return crate::print(text.as_bytes());
    }
    Err(Failure::Usage(one_line(&text)))
}

fn one_line(text: &str) -> String {
    let is_message = |line: &&str| !line.starts_with("Usage:") && !line.starts_with("For more");
    let lines = text.lines().take_while(is_message).map(str::trim);
    let mut message = String::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let hint = line.starts_with("tip:") || line.starts_with('[');
        message.push_str(if message.is_empty() || message.ends_with(':') {
            " "
        } else if hint {
            "; "
        } else {
            ", "
        });
        message.push_str(line);
    }
    let message = message.trim_start();
    let message = message.strip_prefix("error: ").unwrap_or(message);
    format!("{message} (see: {} --help)", command())
}

/// The tool, and the command that was asked of it if there is such a one.
fn command() -> String {
    let tool = Cli::command();
    let first = std::env::args_os().nth(1);
    let first =
        first.and_then(|name| tool.find_subcommand(name).map(|found| found.get_name().to_owned()));
    first.map_or_else(|| "zmq".to_owned(), |name| format!("zmq {name}"))
}

/// Says what there is to be said, and picks the exit code.
pub fn exit_code(outcome: Outcome) -> ExitCode {
    let (code, text) = match outcome {
        Ok(()) | Err(Failure::OutputClosed) => (0, None),
        Err(Failure::Error(text)) => (1, Some(text)),
        Err(Failure::Usage(text)) => (2, Some(text)),
        Err(Failure::Timeout(text)) => (3, Some(text)),
        Err(Failure::CannotRun(text)) => (126, Some(text)),
        Err(Failure::NoProgram(text)) => (127, Some(text)),
        Err(Failure::Stopped(signal)) => (u8::try_from(128 + signal).unwrap_or(1), None),
    };
    if let Some(text) = text {
        say(&text);
    }
    ExitCode::from(code)
}

/// A line on stderr, if that is still there.
pub fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(io::stderr(), "zmq: {text}");
}
