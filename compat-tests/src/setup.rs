//! The program behind `cargo setup`, as the tests run it: built once, working on the same target
//! folder as everything else here.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::{during, work, Result};

/// A command of `cargo setup`, ready to run.
pub fn setup(arguments: &[&str]) -> Result<Command> {
    static BINARY: OnceLock<Result<PathBuf>> = OnceLock::new();
    let mut command = Command::new(BINARY.get_or_init(build).clone()?);
    command
        .args(arguments)
        .env("CARGO_TARGET_DIR", work::target())
        .env_remove("CARGO_BUILD_TARGET");
    Ok(command)
}

/// Runs a command to its end, and hands over what it said if it succeeded.
pub fn said(command: &mut Command) -> Result<String> {
    let output = run(command)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}\n{text}{errors}", output.status))
}

/// What a command says that has to fail: one line, ours, and an exit code that is not 0.
pub fn refusal(command: &mut Command) -> Result<String> {
    let output = run(command)?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    // What cargo says, which setup runs, ends with this line.
    let all: Vec<_> = errors.lines().collect();
    let of_cargo = all.iter().rposition(|line| line.trim_start().starts_with("Finished "));
    let lines = &all[of_cargo.map_or(0, |at| at + 1)..];
    match (output.status.code(), lines) {
        (Some(1 | 2), [line]) if line.starts_with("cargo setup: ") => Ok((*line).to_owned()),
        _ => Err(format!("{command:?}: {}, and not one line of ours:\n{errors}", output.status)),
    }
}

/// Whether a program is there.
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn run(command: &mut Command) -> Result<Output> {
    let what = format!("cannot run {}", command.get_program().to_string_lossy());
    during(command.output(), what)
}

fn build() -> Result<PathBuf> {
    let _lock = work::lock()?;
    work::say("building cargo setup");
    said(&mut work::cargo_build(&["--quiet", "--package", "zeroxide-setup"]))?;
    Ok(work::target().join("debug/zeroxide-setup"))
}
