//! `cargo setup`: installs the library and removes it again, packs it for Debian, and shows it at
//! work. Whatever goes wrong is one line on stderr and an exit code that is not 0.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`build`] | runs cargo, and says which files came of it |
//! | [`layout`] | the files of an installation, as a tree of their own: the image |
//! | [`place`] | puts an image in place, whole or not at all |
//! | [`manifest`] | what an installation laid, so that just that can be removed |
//! | [`install`] | the commands `install` and `uninstall` |
//! | [`deb`] | the command `deb`: Debian packages |
//! | [`hello`] | the command `hello`: the tutorials' pair on our library |
//! | [`talk`] | two processes that talk, and where their calls went |
#![forbid(unsafe_code)]

mod build;
mod deb;
mod hello;
mod install;
mod layout;
mod manifest;
mod place;
mod talk;

use clap::{Parser, Subcommand};
use std::fmt::Display;
use std::process::ExitCode;

/// What went wrong, in words: everything here ends on a terminal.
type Result<T> = std::result::Result<T, String>;

/// Installs zeroxide's libzmq, packs it for Debian, and shows it at work.
#[derive(Parser)]
#[command(name = "cargo setup", bin_name = "cargo setup", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the library and lay it out under a prefix
    Install(install::Install),
    /// Remove what `install` laid under a prefix
    Uninstall(install::Place),
    /// Build Debian packages that take the place of libzmq5 and libzmq3-dev
    Deb(deb::Deb),
    /// Show the library at work: a tutorial's Hello pair with pyzmq, two processes, on ours
    Hello(hello::Hello),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let done = match arguments.command {
        Command::Install(options) => install::install(&options),
        Command::Uninstall(place) => install::uninstall(&place),
        Command::Deb(options) => deb::deb(&options),
        Command::Hello(options) => hello::hello(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, 1),
    }
}

/// Help and version as clap has them; a wrong use in one line.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        print!("{error}");
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or("which command? One is needed");
    fail(&format!("{line} (cargo setup --help says what there is)"), 2)
}

fn fail(error: &str, code: u8) -> ExitCode {
    eprintln!("cargo setup: {error}");
    ExitCode::from(code)
}

/// Adds what was being done to an error.
fn during<T, E: Display>(result: std::result::Result<T, E>, what: impl Display) -> Result<T> {
    result.map_err(|error| format!("{what}: {error}"))
}
