//! Runs a program in a process group of its own, its output in a file, never longer than its time
//! limit, and leaves nothing behind that it started.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::{during, program, Result};

/// How many lines of a long output are worth showing.
const TAIL: usize = 60;

/// Runs the command to its end and gives back all that it said; an error says how it ended.
pub fn run(command: &mut Command, log: &Path, limit: Duration) -> Result<String> {
    let output = during(File::create(log), log.display())?;
    command
        .stdin(Stdio::null())
        .stdout(during(output.try_clone(), log.display())?)
        .stderr(output)
        .process_group(0);
    let name = command.get_program().to_string_lossy().into_owned();
    let child = during(command.spawn(), format!("cannot start {name}"))?;
    let status = program::wait(child, limit)?;
    let said = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    match status {
        Some(status) if status.success() => Ok(said),
        Some(status) => Err(format!("{name}: {status}\n{}", tail(&said))),
        None => Err(format!("{name}: killed after {} s\n{}", limit.as_secs(), tail(&said))),
    }
}

/// The last lines.
pub fn tail(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}
