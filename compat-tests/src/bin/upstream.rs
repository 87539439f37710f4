//! Runs chosen test programs of upstream, as often as wanted, against our library or the reference.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Mutex;
use std::time::Duration;

use compat_tests::ledger::{self, State};
use compat_tests::library::Library;
use compat_tests::program::{self, Outcome, Run};
use compat_tests::{compile, Result};

const USAGE: &str = "\
usage: upstream [OPTIONS] PROGRAM...

PROGRAM is the name of one of upstream's test programs, with or without `test_`, or a state of the
ledger: `pass`, `not-yet` or `all` (both).

  --reference    run against the reference library, not ours
  --repeat N     run each program N times
  --jobs N       run N programs at a time [1 for one program, else 4]
  --load         keep every core busy meanwhile
  --timeout S    end a program after S seconds [125]
  --list         print the names and leave

ZEROXIDE_LIB names a folder with a libzmq.so.5 to use as ours; without it ours is built.
ZEROXIDE_WRAPPER is put before each program: `valgrind --quiet`, for instance.";

struct Options {
    library: Library,
    repeat: u32,
    jobs: Option<usize>,
    load: bool,
    timeout: Duration,
    list: bool,
    programs: Vec<String>,
}

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)).and_then(|options| run_all(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options> {
    let mut options = Options {
        library: Library::Ours,
        repeat: 1,
        jobs: None,
        load: false,
        timeout: program::TIME_LIMIT,
        list: false,
        programs: Vec::new(),
    };
    let mut chosen = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--reference" => options.library = Library::Reference,
            "--repeat" => options.repeat = number(&argument, arguments.next())?,
            "--jobs" => options.jobs = Some(number(&argument, arguments.next())?),
            "--load" => options.load = true,
            "--timeout" => {
                options.timeout = Duration::from_secs(number(&argument, arguments.next())?)
            }
            "--list" => options.list = true,
            _ if argument.starts_with('-') => return Err(USAGE.to_owned()),
            _ => chosen.push(argument),
        }
    }
    options.programs = choose(&chosen)?;
    if options.programs.is_empty() {
        return Err(USAGE.to_owned());
    }
    Ok(options)
}

fn number<T: std::str::FromStr>(option: &str, value: Option<String>) -> Result<T> {
    value.and_then(|value| value.parse().ok()).ok_or_else(|| format!("{option} takes a number"))
}

fn choose(chosen: &[String]) -> Result<Vec<String>> {
    let ledger = ledger::read()?;
    let mut programs = Vec::new();
    for word in chosen {
        let wanted = |state: &State| match word.as_str() {
            "pass" => *state == State::Pass,
            "not-yet" => matches!(state, State::NotYet(_)),
            "all" => !matches!(state, State::NotApplicable(_)),
            _ => false,
        };
        let of_state: Vec<_> = ledger.iter().filter(|(_, state)| wanted(state)).collect();
        if !of_state.is_empty() {
            programs.extend(of_state.into_iter().map(|(name, _)| name.clone()));
            continue;
        }
        let full = format!("test_{word}");
        let name = [word, &full].into_iter().find(|name| ledger.contains_key(*name));
        programs.push(name.ok_or_else(|| format!("upstream has no program {word}"))?.clone());
    }
    Ok(programs)
}

fn run_all(options: &Options) -> Result<bool> {
    if options.list {
        options.programs.iter().for_each(|name| println!("{name}"));
        return Ok(true);
    }
    options.library.folder()?;
    program::build(&options.programs)?;
    let jobs = options.jobs.unwrap_or(if options.programs.len() == 1 { 1 } else { 4 });
    let queue: Mutex<VecDeque<&String>> = Mutex::new(options.programs.iter().collect());
    let failed = Mutex::new(Vec::new());
    let done = AtomicBool::new(!options.load);
    std::thread::scope(|scope| {
        for _ in 0..compile::parallelism() {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let workers: Vec<_> =
            (0..jobs).map(|_| scope.spawn(|| drain(options, &queue, &failed))).collect();
        workers.into_iter().for_each(|worker| drop(worker.join()));
        done.store(true, Ordering::Relaxed);
    });
    let failed = failed.into_inner().unwrap_or_default();
    let count = options.programs.len();
    println!("{} of {count} programs pass with {}", count - failed.len(), options.library);
    if !failed.is_empty() {
        println!("failed: {}", failed.join(" "));
    }
    Ok(failed.is_empty())
}

fn drain(options: &Options, queue: &Mutex<VecDeque<&String>>, failed: &Mutex<Vec<String>>) {
    let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
    while let Some(name) = next() {
        if !repeat(options, name) {
            if let Ok(mut failed) = failed.lock() {
                failed.push(name.clone());
            }
        }
    }
}

/// Runs one program as often as asked for, and prints one line, and what failures printed.
fn repeat(options: &Options, name: &str) -> bool {
    let mut report = String::new();
    let mut passed = 0;
    let mut longest = Duration::ZERO;
    let mut note = String::new();
    for _ in 0..options.repeat {
        match program::run(name, options.library, options.timeout) {
            Ok(Run { outcome: Outcome::Failed(why), output, took }) => {
                report += &format!("--- {name}: {why} after {took:.2?}\n{output}\n");
            }
            Ok(Run { outcome, took, .. }) => {
                passed += 1;
                longest = longest.max(took);
                note = match outcome {
                    Outcome::Skipped => " (skipped itself)".to_owned(),
                    Outcome::Passed { ignored: 1.. } => " (some tests ignored)".to_owned(),
                    _ => String::new(),
                };
            }
            Err(error) => report += &format!("--- {name}: {error}\n"),
        }
    }
    let mark = if passed == options.repeat { "ok  " } else { "FAIL" };
    println!("{report}{mark} {name} {passed}/{} {longest:.2?}{note}", options.repeat);
    passed == options.repeat
}
