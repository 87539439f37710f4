//! Runs pyzmq's own test-suite, whole, on one of the two libraries, and reads how each test went. It
//! repeats no test but those that the suite itself marks as unsteady, and never changes a file of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::library::{Library, SONAME};
use crate::prefix::prefix;
use crate::python::{self, Pyzmq};
use crate::trouble::Trouble;
use crate::{during, process, work, Result};

/// For one test. The slowest, a first run of mypy, takes 20 s on a machine that is busy.
const TEST_LIMIT: Duration = Duration::from_secs(120);

const SUITE_LIMIT: Duration = Duration::from_secs(900);

/// What the suite needs beside itself, as it lies in the source package.
const FOLDERS: [&str; 3] = ["tests", "examples", "mypy_tests"];
const FILES: [&str; 3] = ["pytest.ini", "mypy.ini", "pyproject.toml"];

/// How one test went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Skipped(String),
    Failed(String),
}

/// How the suite went.
#[derive(Debug, Default)]
pub struct Report {
    pub tests: BTreeMap<String, Outcome>,
    /// Each libzmq that the process had loaded.
    pub libraries: Vec<PathBuf>,
    /// Runs that were repeated: the suite marks a few tests that may fail at first.
    pub repeated: Vec<String>,
    /// pytest came to its end.
    pub complete: bool,
    pub output: String,
}

impl Report {
    pub fn count(&self, wanted: impl Fn(&Outcome) -> bool) -> usize {
        self.tests.values().filter(|outcome| wanted(outcome)).count()
    }

    pub fn summary(&self) -> String {
        let passed = self.count(|outcome| *outcome == Outcome::Passed);
        let skipped = self.count(|outcome| matches!(outcome, Outcome::Skipped(_)));
        let failed = self.count(|outcome| matches!(outcome, Outcome::Failed(_)));
        let repeated = self.repeated.len();
        format!("{passed} passed, {skipped} skipped, {failed} failed, {repeated} repeated")
    }
}

/// The interpreter with pyzmq in it, so that what it runs is answered by the library.
pub fn python(pyzmq: Pyzmq, library: Library) -> std::result::Result<Command, Trouble> {
    let mut python = Command::new(python::interpreter(pyzmq)?);
    // What is built against our prefix finds our library there; all else has to be told.
    if library == Library::Reference || pyzmq == Pyzmq::Wheel {
        python.env("LD_PRELOAD", file(library)?);
    }
    python.env_remove("PYTHONPATH").env_remove("PYTHONHOME").env_remove("PYZMQ_BACKEND");
    Ok(python)
}

/// The file that answers.
pub fn file(library: Library) -> Result<PathBuf> {
    let file = match library {
        Library::Ours => prefix()?.join("lib").join(SONAME),
        Library::Reference => Library::Reference.file()?,
    };
    during(fs::canonicalize(&file), file.display())
}

/// Runs the suite, or only the named tests of it.
pub fn run(
    pyzmq: Pyzmq,
    library: Library,
    only: &[String],
) -> std::result::Result<Report, Trouble> {
    let mut python = python(pyzmq, library)?;
    let folder = lay_out(&format!("{}-{library}", pyzmq.name()))?;
    let record = folder.join("record.tsv");
    // The suite leaves what it makes in the system's folder for temporary files.
    let temporary = process::RunFolder::new()?;
    python
        .args(["-m", "pytest", "-v", "-p", "witness", "-p", "no:cacheprovider", "--timeout"])
        .arg(TEST_LIMIT.as_secs().to_string())
        .arg("--override-ini")
        .arg(format!("pythonpath=tests {}", python::numpy()?.display()))
        .args(only)
        .current_dir(&folder)
        .env("PYTHONPATH", python::script(""))
        .env("ZEROXIDE_RECORD", &record)
        .env("TMPDIR", &temporary.path)
        // One of the tests compiles an extension that includes zmq.h, which pyzmq leaves to the compiler to find.
        .env("CFLAGS", format!("-I{}", prefix()?.join("include").display()));
    work::say(&format!("pyzmq's suite, {} on {library}, some minutes", pyzmq.name()));
    let output = process::run(&mut python, &folder.join("output.log"), SUITE_LIMIT);
    let mut report = read(&record);
    report.output = output.unwrap_or_else(|error| error);
    Ok(report)
}

/// A folder with the suite and nothing else: beside pyzmq's sources, Python would take those for pyzmq.
fn lay_out(name: &str) -> Result<PathBuf> {
    let folder = python::folder().join("run").join(name);
    let _ = fs::remove_dir_all(&folder);
    for name in FOLDERS {
        work::copy_tree(&python::sources().join(name), &folder.join(name))?;
    }
    for name in FILES {
        work::copy_changed(&python::sources().join(name), &folder.join(name))?;
    }
    Ok(folder)
}

/// Reads what the plugin wrote; it says itself in which form.
fn read(record: &Path) -> Report {
    let mut report = Report::default();
    for line in fs::read_to_string(record).unwrap_or_default().lines() {
        let mut fields = line.split('\t');
        let mut field = || fields.next().unwrap_or_default().to_owned();
        let (what, name, reason) = (field(), field(), field());
        let outcome = match what.as_str() {
            "passed" | "xfailed" => Outcome::Passed,
            "skipped" => Outcome::Skipped(reason),
            "failed" => Outcome::Failed(reason),
            "rerun" => {
                report.repeated.push(name);
                continue;
            }
            "library" => {
                report.libraries.push(PathBuf::from(name));
                continue;
            }
            "end" => {
                report.complete = true;
                continue;
            }
            _ => continue,
        };
        report.tests.insert(name, outcome);
    }
    report
}

/// To which file the extension's uses of libzmq are bound, by name of the function: the dynamic linker itself
/// says it.
pub fn bindings(
    pyzmq: Pyzmq,
    library: Library,
) -> std::result::Result<BTreeMap<String, PathBuf>, Trouble> {
    let mut python = python(pyzmq, library)?;
    python.args(["-c", "import zmq; zmq.Context().term()"]);
    python.env("LD_DEBUG", "bindings").env("LD_BIND_NOW", "1");
    let log = python::folder().join(format!("bindings-{}-{library}.log", pyzmq.name()));
    let said = process::run(&mut python, &log, TEST_LIMIT)?;
    Ok(said.lines().filter_map(|line| binding(line, pyzmq.extension())).collect())
}

/// Reads `PID: binding file USER [0] to PROVIDER [0]: normal symbol `NAME'`.
fn binding(line: &str, extension: &str) -> Option<(String, PathBuf)> {
    let (user, rest) = line.split_once("binding file ")?.1.split_once(" [0] to ")?;
    let (provider, rest) = rest.split_once(" [0]: ")?;
    let name = rest.split_once('`')?.1.split('\'').next()?;
    // The CFFI back end has a helper of its own whose name begins like that, too.
    let wanted = user.contains(extension) && user != provider && name.starts_with("zmq_");
    wanted.then(|| (name.to_owned(), fs::canonicalize(provider).unwrap_or(provider.into())))
}
