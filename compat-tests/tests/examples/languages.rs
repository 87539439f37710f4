//! How programs of each language are built and started. What is built lies in the work folder, nothing beside
//! the sources.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use compat_tests::compile::{self, Unit};
use compat_tests::library::Library;
use compat_tests::python::{self, PYZMQ};
use compat_tests::{work, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    C,
    Python,
    Rust,
}

/// Files beside the programs that are none themselves.
const SHARED: &[&str] = &["arguments", "keys"];

/// Says whether it is our library that pyzmq calls.
const IS_OURS: &str = "
import zmq
if not zmq.has('zeroxide'):
    raise SystemExit('pyzmq runs on another library than ours')
";

pub fn folder() -> PathBuf {
    work::workspace().join("examples")
}

impl Language {
    /// Builds what there is to build, once a process.
    pub fn prepare(self) -> Result<()> {
        static C: OnceLock<Result<()>> = OnceLock::new();
        static RUST: OnceLock<Result<()>> = OnceLock::new();
        match self {
            Language::C => C.get_or_init(compile_c).clone(),
            Language::Python => python_with_pyzmq().map(|_| ()),
            Language::Rust => RUST.get_or_init(build_rust).clone(),
        }
    }

    /// A program, ready to be given its arguments.
    pub fn command(self, name: &str) -> Result<Command> {
        Ok(match self {
            Language::C => {
                let mut command = Command::new(built().join("c").join(name));
                command.env("LD_LIBRARY_PATH", Library::Ours.folder()?);
                command
            }
            Language::Python => {
                let mut command = python_with_pyzmq()?;
                command.arg(self.sources().join(name).with_extension("py"));
                command
            }
            Language::Rust => Command::new(work::target().join("debug/examples").join(name)),
        })
    }

    pub fn programs(self) -> Result<BTreeSet<String>> {
        let suffix = match self {
            Language::C => "c",
            Language::Python => "py",
            Language::Rust => "rs",
        };
        let files = files(&self.sources(), suffix)?;
        let stem = |file: PathBuf| Some(file.file_stem()?.to_str()?.to_owned());
        let names = files.into_iter().filter_map(stem);
        Ok(names.filter(|name| !SHARED.contains(&name.as_str())).collect())
    }

    fn sources(self) -> PathBuf {
        folder().join(match self {
            Language::C => "c",
            Language::Python => "python",
            Language::Rust => "rust",
        })
    }
}

fn compile_c() -> Result<()> {
    let library = Library::Ours.file()?;
    let _lock = work::lock()?;
    let sources = Language::C.sources();
    let headers = compile::headers(&[sources.clone(), work::include()])?;
    let includes = compile::fingerprint(&headers)?;
    let unit = |name: String| Unit {
        language: compile::Language::C,
        inputs: vec![sources.join(&name).with_extension("c")],
        output: built().join("c").join(name),
        arguments: c_arguments(&library),
        includes,
    };
    let units = Language::C.programs()?.into_iter().map(unit).collect();
    compile::bring_up_to_date("examples", units).map(|_| ())
}

/// Examples are held to what careful readers compile with.
fn c_arguments(library: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> =
        ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-pthread"]
            .map(Into::into)
            .into();
    arguments.push("-I".into());
    arguments.push(work::include().into());
    arguments.push(library.into());
    arguments
}

fn build_rust() -> Result<()> {
    work::say("building the examples in Rust");
    // The profile that `cargo test` has built them with already.
    run(&mut work::cargo_build(&["--package", "zeroxide", "--examples", "--profile", "test"]))
}

/// A Python that has pyzmq and runs it on our library.
fn python_with_pyzmq() -> Result<Command> {
    static PYTHON: OnceLock<Result<PathBuf>> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let library = Library::Ours.file()?;
        let python = python::with_only(&format!("pyzmq=={PYZMQ}"))?.join("python");
        run(Command::new(&python).args(["-c", IS_OURS]).env("LD_PRELOAD", library))?;
        Ok(python)
    });
    let mut command = Command::new(python.clone()?);
    command.env("LD_PRELOAD", Library::Ours.file()?).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// Runs a command to its end; the last line it wrote is the reason why it failed.
fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let words = [output.stdout, output.stderr].concat();
    let words = String::from_utf8_lossy(&words);
    // Builds tell more than one can say in a line.
    let told = if name.contains("cargo") { Some(&*words) } else { words.trim().lines().last() };
    Err(format!("{name}: {}", told.unwrap_or("no reason given")))
}

fn files(folder: &Path, suffix: &str) -> Result<Vec<PathBuf>> {
    let paths = work::entries(folder)?.into_iter();
    Ok(paths.filter(|path| path.extension().is_some_and(|found| found == suffix)).collect())
}

fn built() -> PathBuf {
    work::root().join("examples")
}
