//! Hard times: every call of the library to the system fails, one after the other, with each errno
//! that it can give, and so does every allocation from some size on. The program in
//! `c/hard_times.c` uses all that there is meanwhile. It must live, every failing call must say
//! why, all must close, nothing may hang, no descriptor may stay open, and sockets made afterwards
//! must work.
//!
//! A place is a chain of calls within the library. A dry run finds them; then each is a case with
//! each errno, in an order drawn by a seed, until the time is up. `ZEROXIDE_FAULTS_SECONDS` gives
//! more time (`all` for as much as it takes), `ZEROXIDE_FAULTS_SEED` another order. A case that
//! fails is named by what `FAULT` has to be.
#![forbid(unsafe_code)]

mod errors;

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use compat_tests::compile::{self, Language, Unit};
use compat_tests::library::{Library, SONAME};
use compat_tests::trials::may_lack;
use compat_tests::trouble::Trouble;
use compat_tests::{process, skips, work};
use libtest_mimic::Arguments;

type Result<T> = std::result::Result<T, Trouble>;

/// For each of the two tests, if nobody says otherwise.
const TIME: Duration = Duration::from_secs(10);
/// A case that takes longer hangs; the program says so itself after 20 seconds.
const LIMIT: Duration = Duration::from_secs(40);
/// Programs mostly wait for their time limits, so that many go at once.
const AT_ONCE: usize = 8;
/// Memory fails from these sizes on.
const SHORTAGES: [usize; 4] = [1 << 16, 1 << 12, 256, 1];
/// Dry runs: threads do not go the same way each time.
const DRY_RUNS: usize = 3;

fn main() {
    let arguments = Arguments::from_args();
    let tests = vec![
        may_lack("system_calls", system_calls),
        may_lack("memory", memory),
        may_lack("no_import_is_missed", no_import_is_missed),
    ];
    skips::run(&arguments, tests)
}

fn system_calls() -> Result<()> {
    let stage = Stage::new()?;
    let mut cases = Vec::new();
    for place in stage.places()?.iter().filter(|place| place.function != "memory") {
        for error in errors::of(&place.function) {
            let times = errors::times(&place.function, *error).iter();
            cases.extend(times.map(|times| place.case(*times, 0, *error)));
        }
    }
    stage.go_through(cases)
}

fn memory() -> Result<()> {
    let stage = Stage::new()?;
    let mut cases = Vec::new();
    let places = stage.places()?;
    for place in places.iter().filter(|place| place.function == "memory") {
        cases.extend([1, 20, 0].map(|times| place.case(times, 0, errors::ENOMEM)));
    }
    // All from some size on, beginning with any of them.
    let everywhere = Place { function: "memory".into(), name: "0".into() };
    for size in SHORTAGES {
        for skip in 0..8 {
            cases.push(format!("{} {skip} 0 {size} {}", everywhere.id(), errors::ENOMEM));
        }
    }
    stage.go_through(cases)
}

/// What the library imports either can be made to fail, or does not fail.
fn no_import_is_missed() -> Result<()> {
    let stage = Stage::new()?;
    let imports = symbols(&stage.folder.join(SONAME), "--undefined-only")?;
    let faulty = symbols(&stage.program, "--defined-only")?;
    let missed: Vec<_> = imports
        .iter()
        .filter(|name| !faulty.contains(*name) && !errors::NEVER_FAILS.contains(&name.as_str()))
        .collect();
    match missed.is_empty() {
        true => Ok(()),
        false => Err(format!("nothing makes these fail, see c/faults.c: {missed:?}").into()),
    }
}

fn symbols(file: &Path, which: &str) -> Result<BTreeSet<String>> {
    let done = Command::new("nm").args(["-D", which]).arg(file).output();
    let done = done.map_err(|error| Trouble::Missing(format!("nm: {error}")))?;
    let name = |line: &str| line.split_whitespace().last().map(|name| name.to_owned());
    let names = String::from_utf8_lossy(&done.stdout).lines().filter_map(name).collect::<Vec<_>>();
    Ok(names.iter().filter_map(|name| name.split('@').next()).map(str::to_owned).collect())
}

/// Where the library calls something that can fail.
struct Place {
    function: String,
    /// The hash of the chain of calls.
    name: String,
}

impl Place {
    fn id(&self) -> String {
        format!("{} {}", self.function, self.name)
    }

    fn case(&self, times: u32, size: usize, error: i32) -> String {
        format!("{} 0 {times} {size} {error}", self.id())
    }
}

/// The program, and the library that it runs on.
struct Stage {
    program: PathBuf,
    folder: PathBuf,
}

impl Stage {
    fn new() -> Result<Self> {
        if cfg!(not(all(target_os = "linux", target_env = "gnu"))) {
            return Err(Trouble::Missing(
                "no glibc: the faults stand in front of its names".into(),
            ));
        }
        let folder = Library::Ours.folder()?;
        Ok(Self { program: build(&folder)?, folder })
    }

    /// Runs the program; what it said, if anything went wrong.
    fn run(&self, name: &str, value: &str) -> std::result::Result<String, String> {
        let folder = process::RunFolder::new()?;
        let mut command = Command::new(&self.program);
        command.current_dir(&folder.path).env("LD_LIBRARY_PATH", &self.folder).env(name, value);
        // A socket file cannot be removed where just that fails.
        command.env("TMPDIR", &folder.path);
        process::run(&mut command, &folder.path.join("output.log"), LIMIT)
    }

    fn places(&self) -> Result<Vec<Place>> {
        let mut found = BTreeSet::new();
        for _ in 0..DRY_RUNS {
            for line in self.run("FAULT_LOG", "1")?.lines() {
                if let ["place", function, name, ..] = line.split(' ').collect::<Vec<_>>()[..] {
                    found.insert((function.to_owned(), name.to_owned()));
                }
            }
        }
        let places = found.into_iter();
        Ok(places.map(|(function, name)| Place { function, name }).collect())
    }

    /// As many cases as there is time for.
    fn go_through(&self, cases: Vec<String>) -> Result<()> {
        let (all, end) = (cases.len(), Instant::now() + time());
        let queue = Mutex::new(shuffled(cases));
        let failures = Mutex::new(Vec::new());
        let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some(case) = (Instant::now() < end).then(next).flatten() {
                        if let (Err(why), Ok(mut list)) =
                            (self.run("FAULT", &case), failures.lock())
                        {
                            list.push(format!("FAULT='{case}': {why}"));
                        }
                    }
                });
            }
        });
        let done = all - queue.into_inner().map_or(0, |queue| queue.len());
        println!("{done} of {all} cases");
        let failures = failures.into_inner().unwrap_or_default();
        match failures.is_empty() {
            true => Ok(()),
            false => {
                Err(format!("{} of {done} cases failed\n{}", failures.len(), failures.join("\n"))
                    .into())
            }
        }
    }
}

fn time() -> Duration {
    match std::env::var("ZEROXIDE_FAULTS_SECONDS") {
        Ok(value) => value.parse().map_or(Duration::from_secs(1 << 20), Duration::from_secs),
        Err(_) => TIME,
    }
}

/// The order of the seed.
fn shuffled(mut cases: Vec<String>) -> VecDeque<String> {
    let seed = std::env::var("ZEROXIDE_FAULTS_SEED").ok().and_then(|seed| seed.parse().ok());
    let mut state: u64 = seed.unwrap_or(1);
    for index in (1..cases.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        cases.swap(index, (state >> 33) as usize % (index + 1));
    }
    cases.into()
}

fn build(library: &Path) -> Result<PathBuf> {
    // In the folder of the library that it is linked with, since others may run with another.
    let folder = work::root().join("faults").join(library.to_string_lossy().replace('/', "-"));
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("c");
    let include = work::workspace().join("include");
    let mut arguments: Vec<OsString> =
        ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-pthread", "-rdynamic", "-I"]
            .map(Into::into)
            .to_vec();
    arguments.push(include.clone().into());
    arguments.push(library.join(SONAME).into());
    let mut includes = compile::headers(&[sources.clone(), include])?;
    includes.sort();
    let unit = Unit {
        language: Language::C,
        inputs: ["faults.c", "hard_times.c"].map(|name| sources.join(name)).to_vec(),
        output: folder.join("hard_times"),
        arguments,
        includes: compile::fingerprint(&includes)?,
    };
    let output = unit.output.clone();
    let _lock = work::lock()?;
    compile::bring_up_to_date("program for hard times", vec![unit])?;
    Ok(output)
}
