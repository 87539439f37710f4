//! Builds one of upstream's test programs and runs it: in a process of its own, in an empty folder
//! of its own, against one of the two libraries, and never longer than its time limit.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::{kill_process_group, Pid, Signal};

use crate::compile::{self, Language, Unit};
use crate::ledger::{self, State};
use crate::library::Library;
use crate::{corpus, during, process, work, Result};

/// Programs end themselves by `alarm`, after a minute in most cases; this is for those that cannot.
pub const TIME_LIMIT: Duration = Duration::from_secs(125);

/// What a program says by its exit code when it cannot run here: the rule of automake.
const SKIPPED: i32 = 77;

/// Upstream builds these into a program that looks inside of the library.
const INTERNALS: &[(&str, &[&str])] = &[("test_security_curve", &["err", "random", "clock"])];

/// Fixed ports that more than one program binds or connects to.
const SHARED_PORTS: &[(&str, &[&str])] = &[
    ("5555", &["test_bind_src_address", "test_reconnect_options", "test_req_relaxed"]),
    ("5556", &["test_immediate", "test_last_endpoint"]),
];

const SUPPORT: &[&str] =
    &["testutil", "testutil_monitoring", "testutil_security", "testutil_unity"];

/// How a run went.
pub struct Run {
    pub outcome: Outcome,
    pub took: Duration,
    pub output: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All tests passed that were not ignored.
    Passed {
        ignored: u32,
    },
    /// The program found that it cannot run on this machine.
    Skipped,
    Failed(String),
}

/// The names of all programs in upstream's `tests/`, sorted.
pub fn names() -> Result<Vec<String>> {
    let folder = work::upstream().join("tests");
    let mut names = Vec::new();
    for path in work::entries(&folder)? {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let source = path.extension().is_some_and(|suffix| suffix == "cpp");
        if source && name.starts_with("test_") {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Builds all the named programs that are out of date.
pub fn build(names: &[String]) -> Result<()> {
    let ledger = ledger::read()?;
    let is_draft = |name: &String| ledger.get(name) == Some(&State::Draft);
    // What is DRAFT is not in the reference: it is a stable build.
    let ours = names.iter().any(is_draft).then(|| Library::Ours.file()).transpose()?;
    let reference = Library::Reference.file()?;
    let _lock = work::lock()?;
    work::lay_out()?;
    let includes = includes()?;
    let support = support_units(includes);
    let objects: Vec<_> = support.iter().map(|unit| unit.output.clone()).collect();
    compile::bring_up_to_date("files that upstream's tests share", support)?;
    let units = names.iter().map(|name| match &ours {
        Some(ours) if is_draft(name) => {
            let mut unit = program_unit(name, &objects, ours, includes);
            unit.arguments.push("-DZMQ_BUILD_DRAFT_API".into());
            unit
        }
        _ => program_unit(name, &objects, &reference, includes),
    });
    compile::bring_up_to_date("of upstream's test programs", units.collect())?;
    Ok(())
}

/// Runs a program that has been built.
pub fn run(name: &str, library: Library, limit: Duration) -> Result<Run> {
    let _alone = alone(name)?;
    let folder = process::RunFolder::new()?;
    corpus::provide(name, &folder.path)?;
    let log = folder.path.join("output.log");
    let mut command = command(name);
    command.current_dir(&folder.path).env("LD_LIBRARY_PATH", library.folder()?);
    let start = Instant::now();
    let child = process::spawn(&mut command, &log)?;
    let status = wait(child, limit)?;
    let took = start.elapsed();
    let output = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
    Ok(Run { outcome: judge(status, &output, limit), took, output })
}

/// The words of `ZEROXIDE_WRAPPER`, such as `valgrind --quiet`, go before the program.
fn command(name: &str) -> Command {
    let wrapper = std::env::var("ZEROXIDE_WRAPPER").unwrap_or_default();
    let mut words = wrapper.split_whitespace();
    let Some(first) = words.next() else { return Command::new(executable(name)) };
    let mut command = Command::new(first);
    command.args(words).arg(executable(name));
    command
}

/// No two runs of one program at a time, nor of two that share a port, on the whole machine.
fn alone(name: &str) -> Result<process::Alone> {
    let group = SHARED_PORTS.iter().find(|(_, names)| names.contains(&name));
    process::alone(group.map_or(name, |(port, _)| port))
}

/// Waits at most so long, then ends the program together with what it forked.
pub(crate) fn wait(mut child: Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let group = Pid::from_child(&child);
    let deadline = Instant::now() + limit;
    let mut status = None;
    while status.is_none() && Instant::now() < deadline {
        status = during(child.try_wait(), "waiting")?;
        if status.is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    // Also after a normal end, since a forked child may live on. An empty group is no error.
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
    Ok(status)
}

fn judge(status: Option<ExitStatus>, output: &str, limit: Duration) -> Outcome {
    let Some(status) = status else {
        return Outcome::Failed(format!("killed after {} s", limit.as_secs()));
    };
    match (status.code(), status.signal()) {
        (Some(0), _) => Outcome::Passed { ignored: ignored_tests(output) },
        (Some(SKIPPED), _) => Outcome::Skipped,
        (Some(code), _) => Outcome::Failed(format!("exit code {code}")),
        (None, Some(signal)) => Outcome::Failed(format!("signal {}", signal_name(signal))),
        (None, None) => Outcome::Failed(status.to_string()),
    }
}

/// Reads `12 Tests 0 Failures 1 Ignored`, which Unity prints at the end.
fn ignored_tests(output: &str) -> u32 {
    let summary = output.lines().rev().find(|line| line.contains(" Failures "));
    let count = summary.and_then(|line| line.split_whitespace().rev().nth(1));
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM (its own time limit)",
        15 => "SIGTERM",
        _ => return signal.to_string(),
    };
    name.to_owned()
}

fn includes() -> Result<u64> {
    static FINGERPRINT: OnceLock<Result<u64>> = OnceLock::new();
    let folders = ["tests", "src", "include", "external/unity"].map(|name| work::tree().join(name));
    FINGERPRINT.get_or_init(|| compile::fingerprint(&compile::headers(&folders)?)).clone()
}

fn support_units(includes: u64) -> Vec<Unit> {
    let mut sources: Vec<PathBuf> =
        SUPPORT.iter().map(|name| work::tree().join("tests").join(name)).collect();
    for source in &mut sources {
        source.set_extension("cpp");
    }
    sources.push(work::tree().join("external/unity/unity.c"));
    sources
        .into_iter()
        .map(|source| Unit {
            language: language(&source),
            output: folder().join(source.file_stem().unwrap_or_default()).with_extension("o"),
            inputs: vec![source],
            arguments: [OsString::from("-c")].into_iter().chain(arguments()).collect(),
            includes,
        })
        .collect()
}

fn program_unit(name: &str, objects: &[PathBuf], library: &Path, includes: u64) -> Unit {
    let mut inputs = vec![work::tree().join("tests").join(name).with_extension("cpp")];
    for internal in internals(name) {
        inputs.push(work::tree().join("src").join(internal).with_extension("cpp"));
    }
    inputs.extend_from_slice(objects);
    let mut arguments = arguments();
    arguments.push(library.into());
    arguments.push(work::sodium().join("libsodium.a").into());
    Unit { language: Language::Cpp, inputs, output: executable(name), arguments, includes }
}

fn internals(name: &str) -> &'static [&'static str] {
    INTERNALS.iter().find(|(program, _)| *program == name).map_or(&[], |(_, sources)| sources)
}

fn arguments() -> Vec<OsString> {
    let mut arguments: Vec<OsString> = [
        "-O1",
        "-w",
        "-pthread",
        "-D_GNU_SOURCE",
        "-DUNITY_USE_COMMAND_LINE_ARGS",
        "-DUNITY_EXCLUDE_FLOAT",
        "-I",
    ]
    .map(OsString::from)
    .to_vec();
    arguments.push(work::tree().join("external/unity").into());
    arguments.push("-I".into());
    arguments.push(work::sodium().into());
    arguments
}

fn language(source: &Path) -> Language {
    match source.extension() {
        Some(suffix) if suffix == "c" => Language::C,
        _ => Language::Cpp,
    }
}

fn folder() -> PathBuf {
    work::root().join("programs")
}

pub fn executable(name: &str) -> PathBuf {
    folder().join(name)
}
