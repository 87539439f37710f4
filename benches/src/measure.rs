//! Builds the C programs and runs one measurement: a program in processes of its own, on one library,
//! never longer than its time limit. What has no C API brings a program of its own.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use compat_tests::compile::{self, Language, Unit};
use compat_tests::library::{Library, SONAME};
use compat_tests::process::RunFolder;
use compat_tests::{during, work, Result};
use rustix::process::{kill_process_group, Pid, Signal};

use crate::rows::Row;

/// What a program reported, by name.
pub type Values = BTreeMap<String, f64>;

/// A name in the report, and what it stands for.
#[derive(Clone)]
pub struct Side {
    pub name: String,
    pub subject: Subject,
}

#[derive(Clone)]
pub enum Subject {
    /// The folder with a `libzmq.so.5` that the C programs run on.
    Library(PathBuf),
    /// What runs in place of the C programs: it takes the name of one, and then what that takes.
    Program(PathBuf),
}

impl Side {
    pub fn of(library: Library) -> Result<Side> {
        Ok(Side { name: library.to_string(), subject: Subject::Library(library.folder()?) })
    }

    /// Reads `NAME=FOLDER`.
    pub fn peer(text: &str) -> Result<Side> {
        let (name, folder) = text.split_once('=').ok_or("--peer takes NAME=FOLDER")?;
        let folder = during(fs::canonicalize(folder), folder)?;
        if !folder.join(SONAME).exists() {
            return Err(format!("--peer: there is no {SONAME} in {}", folder.display()));
        }
        Ok(Side { name: name.to_owned(), subject: Subject::Library(folder) })
    }

    fn command(&self, program: &str) -> Command {
        match &self.subject {
            Subject::Library(folder) => {
                let mut command = Command::new(executable(program));
                command.env("LD_LIBRARY_PATH", folder);
                command
            }
            Subject::Program(path) => {
                let mut command = Command::new(path);
                command.arg(program);
                command
            }
        }
    }
}

/// What a program of a peer exits with if the peer has nothing to measure in that row.
const UNABLE: i32 = 69;

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

/// Nothing if the side has no such thing.
pub fn run(row: &Row, side: &Side, seconds: f64) -> Option<Result<Values>> {
    let mut command = side.command(row.program);
    command.args([&seconds.to_string(), row.pinning]).args(&row.arguments);
    values_of(command, limit(row, seconds))
}

/// The limit beside a row, if it has one.
pub fn run_raw(row: &Row, seconds: f64) -> Option<Result<Values>> {
    let arguments = row.raw.as_ref()?;
    let mut command = Command::new(executable(RAW));
    command.args([&seconds.to_string(), row.pinning]).args(arguments);
    values_of(command, limit(row, seconds))
}

fn limit(row: &Row, seconds: f64) -> Duration {
    Duration::from_secs_f64(if row.slow { 60.0 } else { 10.0 } + 5.0 * seconds)
}

fn values_of(command: Command, limit: Duration) -> Option<Result<Values>> {
    match output_of(command, limit) {
        Ok(output) if output.status.code() == Some(UNABLE) => None,
        output => Some(output.and_then(|output| parse(&output))),
    }
}

fn output_of(mut command: Command, limit: Duration) -> Result<Output> {
    // Processes that are ended leave there what libzmq made for `ipc://*`.
    let folder = RunFolder::new()?;
    command.current_dir(&folder.path);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let child = command.spawn().map_err(|error| format!("cannot start: {error}"))?;
    let group = Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    // Waits in another thread: looking every now and then would disturb what is measured.
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    match receiver.recv_timeout(limit) {
        Ok(output) => output.map_err(|error| format!("cannot wait: {error}")),
        Err(_) => {
            let _ = kill_process_group(group, Signal::KILL);
            Err(format!("timed out after {:.0} s", limit.as_secs_f64()))
        }
    }
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

    fn shell(script: &str) -> Option<Result<Values>> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        values_of(command, Duration::from_millis(500))
    }

    fn complaint(script: &str) -> String {
        shell(script).unwrap().unwrap_err()
    }

    #[test]
    fn a_result_is_read() {
        let values = shell("echo rate 1.5e6; echo cpu 12").unwrap().unwrap();
        assert_eq!(
            values.into_iter().collect::<Vec<_>>(),
            [("cpu".to_owned(), 12.0), ("rate".to_owned(), 1.5e6)]
        );
    }

    #[test]
    fn a_failure_is_told() {
        assert!(complaint("echo rate 1; echo broken >&2; exit 3").ends_with("3: broken"));
        assert!(complaint("true").starts_with("not a result"));
        assert!(complaint("echo rate nan").starts_with("not a result"));
        assert!(complaint("sleep 9 & sleep 9").starts_with("timed out"));
    }

    #[test]
    fn what_a_side_does_not_have_is_no_failure() {
        assert!(shell("exit 69").is_none());
    }

    #[test]
    fn a_program_takes_the_name_of_the_one_it_stands_for() {
        let side = |subject| Side { name: "a peer".to_owned(), subject };
        let own = side(Subject::Program("/peer".into())).command("perf");
        assert_eq!((own.get_program(), own.get_args().count()), ("/peer".as_ref(), 1));
        let shared = side(Subject::Library("/folder".into())).command("perf");
        assert_eq!(
            (shared.get_program(), shared.get_args().count()),
            (executable("perf").as_os_str(), 0)
        );
        assert!(shared.get_envs().eq([("LD_LIBRARY_PATH".as_ref(), Some("/folder".as_ref()))]));
    }
}
