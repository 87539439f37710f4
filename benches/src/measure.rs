//! Builds the C programs and runs one measurement: a program in processes of its own, on one library,
//! never longer than its time limit.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use compat_tests::compile::{self, Language, Unit};
use compat_tests::library::{Library, SONAME};
use compat_tests::{work, Result};
use rustix::process::{kill_process_group, Pid, Signal};

use crate::rows::Row;

/// What a program reported, by name.
pub type Values = BTreeMap<String, f64>;

/// A name in the report, and the library that it stands for.
#[derive(Clone)]
pub struct Side {
    pub name: String,
    pub folder: PathBuf,
}

impl Side {
    pub fn of(library: Library) -> Result<Side> {
        Ok(Side { name: library.to_string(), folder: library.folder()? })
    }

    /// Reads `NAME=FOLDER`.
    pub fn peer(text: &str) -> Result<Side> {
        let (name, folder) = text.split_once('=').ok_or("--peer takes NAME=FOLDER")?;
        let folder = PathBuf::from(folder);
        if !folder.join(SONAME).exists() {
            return Err(format!("--peer: there is no {SONAME} in {}", folder.display()));
        }
        Ok(Side { name: name.to_owned(), folder })
    }
}

/// The program that needs no library.
const RAW: &str = "raw";
const PROGRAMS: &[&str] = &["perf", "echo", "fan", "subs", "proxy", "idle"];

/// Builds all programs that are out of date. Which library they run on is decided later.
pub fn build() -> Result<()> {
    let reference = Library::Reference.folder()?;
    let include = work::include();
    let _lock = work::lock()?;
    let includes = compile::fingerprint(&compile::headers(&[sources(), include.clone()])?)?;
    let unit = |name: &str, sources: &[&str], libraries: Vec<String>| {
        let mut arguments =
            ["-O2", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-pthread"].map(str::to_owned).to_vec();
        arguments.extend(libraries);
        Unit {
            language: Language::C,
            inputs: sources.iter().map(|file| self::sources().join(file)).collect(),
            output: executable(name),
            arguments: arguments.into_iter().map(Into::into).collect(),
            includes,
        }
    };
    let mut units = vec![unit(RAW, &["raw.c", "common.c"], Vec::new())];
    for name in PROGRAMS {
        let libraries = vec![
            format!("-I{}", include.display()),
            format!("-L{}", reference.display()),
            format!("-l:{SONAME}"),
        ];
        units.push(unit(name, &[&format!("{name}.c"), "common.c", "sockets.c"], libraries));
    }
    compile::bring_up_to_date("programs of the bench", units)?;
    Ok(())
}

pub fn run(row: &Row, side: &Side, seconds: f64) -> Result<Values> {
    let mut command = Command::new(executable(row.program));
    command.args([&seconds.to_string(), row.pinning]).args(&row.arguments);
    command.env("LD_LIBRARY_PATH", &side.folder);
    values_of(command, limit(row, seconds))
}

/// The limit beside a row, if it has one.
pub fn run_raw(row: &Row, seconds: f64) -> Option<Result<Values>> {
    let arguments = row.raw.as_ref()?;
    let mut command = Command::new(executable(RAW));
    command.args([&seconds.to_string(), row.pinning]).args(arguments);
    Some(values_of(command, limit(row, seconds)))
}

fn limit(row: &Row, seconds: f64) -> Duration {
    Duration::from_secs_f64(if row.slow { 60.0 } else { 10.0 } + 5.0 * seconds)
}

fn values_of(mut command: Command, limit: Duration) -> Result<Values> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let child = command.spawn().map_err(|error| format!("cannot start: {error}"))?;
    let group = Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    // Waits in another thread: looking every now and then would disturb what is measured.
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let output = match receiver.recv_timeout(limit) {
        Ok(output) => output.map_err(|error| format!("cannot wait: {error}"))?,
        Err(_) => {
            let _ = kill_process_group(group, Signal::KILL);
            return Err(format!("timed out after {:.0} s", limit.as_secs_f64()));
        }
    };
    parse(&output)
}

fn parse(output: &Output) -> Result<Values> {
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let first = complaint.lines().next().unwrap_or("it said nothing");
        return Err(format!("{}: {first}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let values: Option<Values> = text
        .lines()
        .map(|line| {
            let (name, value) = line.split_once(' ')?;
            let value: f64 = value.parse().ok()?;
            value.is_finite().then(|| (name.to_owned(), value))
        })
        .collect();
    values.filter(|values| !values.is_empty()).ok_or(format!("not a result: {text:?}"))
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("side_by_side")
}

fn executable(name: &str) -> PathBuf {
    work::root().join("bench").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Values> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        values_of(command, Duration::from_millis(500))
    }

    #[test]
    fn a_result_is_read() {
        let values = shell("echo rate 1.5e6; echo cpu 12").unwrap();
        assert_eq!(
            values.into_iter().collect::<Vec<_>>(),
            [("cpu".to_owned(), 12.0), ("rate".to_owned(), 1.5e6)]
        );
    }

    #[test]
    fn a_failure_is_told() {
        assert!(shell("echo rate 1; echo broken >&2; exit 3").unwrap_err().ends_with("3: broken"));
        assert!(shell("true").unwrap_err().starts_with("not a result"));
        assert!(shell("echo rate nan").unwrap_err().starts_with("not a result"));
        assert!(shell("sleep 9 & sleep 9").unwrap_err().starts_with("timed out"));
    }
}
