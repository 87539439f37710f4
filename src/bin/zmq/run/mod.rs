//! `zmq run`: becomes another program, with our library in the place of the libzmq that it would use. The loader does
//! that, by `LD_PRELOAD`; so here is first found out whether it will.
#![forbid(unsafe_code)]

mod elf;
mod library;
mod program;

use crate::cli::RunArgs;
use crate::failure::{describe, say, Failure};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Returns only if the program cannot be run.
pub fn run(args: &RunArgs) -> Failure {
    prepare(args)
        .map_or_else(|failure| failure, |(mut command, name)| failed(&command.exec(), &name))
}

fn prepare(args: &RunArgs) -> Result<(Command, OsString), Failure> {
    let usage = || Failure::Usage("no program is given".into());
    let (name, arguments) = args.program.split_first().ok_or_else(usage)?;
    let path = program::find(name)?;
    let library = library::find(args.library.as_deref())?;
    for warning in program::examine(&path, &library)? {
        say(&warning);
    }
    if args.verbose {
        say(&format!("{} runs on {}", path.display(), library.file.display()));
    }
    let mut command = Command::new(&path);
    command.arg0(name).args(arguments);
    command.env("LD_PRELOAD", joined(&library.link, "LD_PRELOAD"));
    if let Some(folder) = library.link.parent() {
        command.env("LD_LIBRARY_PATH", joined(folder, "LD_LIBRARY_PATH"));
    }
    Ok((command, name.clone()))
}

/// Before what the variable has already.
fn joined(first: &Path, variable: &str) -> OsString {
    let mut value = first.as_os_str().to_owned();
    if let Some(rest) =
        std::env::var_os(variable).filter(|rest| !rest.is_empty() && rest != first.as_os_str())
    {
        value.push(":");
        value.push(rest);
    }
    value
}

fn failed(error: &io::Error, name: &OsStr) -> Failure {
    let text = format!("cannot run {}: {}", name.to_string_lossy(), describe(error));
    match error.kind() {
        io::ErrorKind::NotFound => Failure::NoProgram(text),
        _ => Failure::CannotRun(text),
    }
}
