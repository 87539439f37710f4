//! Runs the compiler on what is out of date, in parallel. A unit is out of date when the compiler,
//! its arguments, the source or anything the unit includes differs from what its stamp recorded.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use crate::{during, work, Result};

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    C,
    Cpp,
}

/// One run of the compiler.
pub struct Unit {
    pub language: Language,
    /// What is compiled or linked; also the first arguments.
    pub inputs: Vec<PathBuf>,
    pub output: PathBuf,
    pub arguments: Vec<OsString>,
    /// A fingerprint of what the inputs include.
    pub includes: u64,
}

/// Brings all outputs up to date and says how many were not. Reports every error, not the first.
pub fn bring_up_to_date(what: &str, units: Vec<Unit>) -> Result<usize> {
    let mut stale = VecDeque::new();
    for unit in units {
        let stamp = unit.stamp()?;
        if !unit.is_fresh(&stamp) {
            stale.push_back((unit, stamp));
        }
    }
    let count = stale.len();
    if count > 0 {
        work::say(&format!("compiling {count} {what}"));
    }
    let queue = Mutex::new(stale);
    let errors = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..parallelism().min(count) {
            scope.spawn(|| drain(&queue, &errors));
        }
    });
    let errors = errors.into_inner().unwrap_or_default();
    if errors.is_empty() {
        Ok(count)
    } else {
        Err(errors.join("\n"))
    }
}

pub fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(2, |count| count.get())
}

/// A fingerprint of the contents of files, for `Unit::includes`.
pub fn fingerprint(files: &[PathBuf]) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        during(fs::read(file), file.display())?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// The headers that lie in some folders, sorted.
pub fn headers(folders: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in folders {
        for path in work::entries(folder)? {
            if path.extension().is_some_and(|suffix| suffix == "h" || suffix == "hpp") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn drain(queue: &Mutex<VecDeque<(Unit, String)>>, errors: &Mutex<Vec<String>>) {
    let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
    while let Some((unit, stamp)) = next() {
        if let Err(error) = unit.compile(&stamp) {
            if let Ok(mut errors) = errors.lock() {
                errors.push(error);
            }
        }
    }
}

impl Unit {
    fn stamp(&self) -> Result<String> {
        let mut hasher = DefaultHasher::new();
        compiler(self.language).get_program().hash(&mut hasher);
        compiler(self.language).get_args().for_each(|argument| argument.hash(&mut hasher));
        self.arguments.hash(&mut hasher);
        self.includes.hash(&mut hasher);
        let sources: Vec<_> = self.inputs.iter().filter(|file| is_source(file)).cloned().collect();
        fingerprint(&sources)?.hash(&mut hasher);
        // Objects and archives may not exist yet; they have stamps or dates of their own.
        for object in self.inputs.iter().filter(|file| !is_source(file)) {
            let stamp = fs::read_to_string(stamp_path(object)).ok();
            object.hash(&mut hasher);
            stamp.hash(&mut hasher);
        }
        Ok(format!("{:016x}", hasher.finish()))
    }

    fn is_fresh(&self, stamp: &str) -> bool {
        self.output.exists()
            && fs::read_to_string(stamp_path(&self.output)).is_ok_and(|old| old == stamp)
    }

    fn compile(&self, stamp: &str) -> Result<()> {
        if let Some(folder) = self.output.parent() {
            during(fs::create_dir_all(folder), folder.display())?;
        }
        // A program that runs, or a library that is mapped, keeps its old file.
        let _ = fs::remove_file(stamp_path(&self.output));
        let _ = fs::remove_file(&self.output);
        let mut command = compiler(self.language);
        command.args(&self.inputs).arg("-o").arg(&self.output).args(&self.arguments);
        let done = during(command.output(), "cannot start the compiler")?;
        if !done.status.success() {
            let report = String::from_utf8_lossy(&done.stderr);
            let arguments: Vec<_> = command.get_args().map(|part| part.to_string_lossy()).collect();
            let program = command.get_program().to_string_lossy();
            return Err(format!("{program} {} failed:\n{report}", arguments.join(" ")));
        }
        during(fs::write(stamp_path(&self.output), stamp), self.output.display())
    }
}

/// The compiler as Rust's `cc` finds it: `CC`, `CXX`, `CFLAGS` and `CXXFLAGS` are honoured.
pub fn compiler(language: Language) -> Command {
    static C: OnceLock<cc::Tool> = OnceLock::new();
    static CPP: OnceLock<cc::Tool> = OnceLock::new();
    let (cell, cpp) = match language {
        Language::C => (&C, false),
        Language::Cpp => (&CPP, true),
    };
    cell.get_or_init(|| {
        cc::Build::new()
            .target(env!("COMPAT_TRIPLE"))
            .host(env!("COMPAT_TRIPLE"))
            .opt_level(0)
            .no_default_flags(true)
            .warnings(false)
            .cargo_metadata(false)
            .cpp(cpp)
            .get_compiler()
    })
    .to_command()
}

fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|suffix| suffix == "c" || suffix == "cpp")
}

fn stamp_path(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".stamp");
    PathBuf::from(name)
}
