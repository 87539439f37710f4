//! Every test program of upstream as a named test: `reference::NAME` runs it against the reference
//! library, so that a failing machine is told apart from a failing library, and `upstream::NAME`
//! runs it against ours and holds the result against the ledger.
#![forbid(unsafe_code)]

use std::time::Duration;

use compat_tests::ledger::{self, State};
use compat_tests::library::Library;
use compat_tests::program::{self, Outcome, Run, TIME_LIMIT};
use compat_tests::skips;
use compat_tests::trials::is_chosen;
use libtest_mimic::{Arguments, Failed, Trial};

/// A program that is not expected to pass yet may hang: not for long.
const TIME_LIMIT_NOT_YET: Duration = Duration::from_secs(20);

/// These take half a minute each, so they start first.
const LONG: &[&str] = &["test_heartbeats", "test_security_zap", "test_security_curve"];

const REFERENCE_ATTEMPTS: u32 = 3;

const NOT_APPLICABLE: &str =
    "of upstream, for what is not in this build: compat-tests/ledger.toml says what";

/// The programs mostly sleep: more of them at a time than there are cores.
const THREADS: usize = 4;

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let mut programs: Vec<_> = match ledger::read() {
        Ok(ledger) => ledger.into_iter().collect(),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    };
    programs.sort_by_key(|(name, _)| !LONG.contains(&name.as_str()));
    build_what_is_chosen(&arguments, &programs);
    let mut trials = vec![Trial::test("ledger::names_every_program", ledger_is_complete)];
    trials.extend(programs.iter().filter_map(|(name, state)| reference_trial(name, state)));
    trials.extend(programs.iter().map(|(name, state)| upstream_trial(name, state)));
    skips::run(&arguments, trials)
}

/// Compiles everything before the first program runs, so that no compiler disturbs its timing.
/// What cannot be built is reported by the test of that program.
fn build_what_is_chosen(arguments: &Arguments, programs: &[(String, State)]) {
    let chosen = |prefix: &str, name: &str| is_chosen(arguments, &format!("{prefix}{name}"));
    let of = |prefix: &str| -> Vec<String> {
        let left_out = |state: &State| match state {
            State::NotApplicable(_) => true,
            State::Draft => prefix == "reference::",
            State::Pass | State::NotYet(_) => false,
        };
        let applicable = programs.iter().filter(|(_, state)| !left_out(state));
        applicable.map(|(name, _)| name.clone()).filter(|name| chosen(prefix, name)).collect()
    };
    let (ours, mut names) = (of("upstream::"), of("reference::"));
    if !ours.is_empty() {
        let _ = Library::Ours.folder();
    }
    names.extend(ours);
    names.sort();
    names.dedup();
    if !names.is_empty() {
        let _ = program::build(&names);
    }
}

fn ledger_is_complete() -> Result<(), Failed> {
    let differences = ledger::differences(&ledger::read()?, &program::names()?);
    if differences.is_empty() {
        Ok(())
    } else {
        Err(differences.join("\n").into())
    }
}

fn reference_trial(name: &str, state: &State) -> Option<Trial> {
    if matches!(state, State::NotApplicable(_) | State::Draft) {
        return None;
    }
    let program = name.to_owned();
    Some(Trial::test(format!("reference::{name}"), move || reference_can_pass(&program)))
}

/// Some programs fail now and then with upstream's own library. One success in a few attempts
/// shows that the machine is able to run the program.
fn reference_can_pass(program: &str) -> Result<(), Failed> {
    let mut last = String::new();
    for attempt in 1..=REFERENCE_ATTEMPTS {
        let run = run(program, Library::Reference, TIME_LIMIT)?;
        match run.outcome {
            Outcome::Failed(why) => last = format!("{why}\n{}", run.output),
            _ if attempt == 1 => return Ok(()),
            _ => {
                eprintln!("note: the reference passes {program} on attempt {attempt} only");
                return Ok(());
            }
        }
    }
    Err(format!("the REFERENCE fails on this machine: ours cannot be judged by it: {last}").into())
}

fn upstream_trial(name: &str, state: &State) -> Trial {
    let program = name.to_owned();
    let title = format!("upstream::{name}");
    match state.clone() {
        State::Pass => Trial::test(title, move || must_pass(&program)),
        State::Draft => Trial::test(title, move || must_pass_alone(&program)).with_kind("draft"),
        State::NotYet(reason) => Trial::test(title, move || must_not_pass_yet(&program))
            .with_kind(format!("not yet: {reason}")),
        State::NotApplicable(reason) => {
            skips::note(&title, NOT_APPLICABLE);
            Trial::test(title, || Ok(()))
                .with_kind(format!("n/a: {reason}"))
                .with_ignored_flag(true)
        }
    }
}

fn must_pass(program: &str) -> Result<(), Failed> {
    let ours = run(program, Library::Ours, TIME_LIMIT)?;
    if ours.outcome == (Outcome::Passed { ignored: 0 }) {
        return Ok(());
    }
    let reference = run(program, Library::Reference, TIME_LIMIT)?;
    match (&ours.outcome, &reference.outcome) {
        (Outcome::Failed(why), Outcome::Failed(_)) => Err(format!(
            "{why}; the REFERENCE fails too, so this may be the machine\n{}",
            ours.output
        )),
        (Outcome::Failed(why), _) => Err(format!("{why}; the reference passes\n{}", ours.output)),
        (ours, reference) if ours == reference => Ok(()),
        (ours, reference) => {
            Err(format!("not all of it was run: {ours:?}, but {reference:?} with the reference"))
        }
    }
    .map_err(Failed::from)
}

fn must_pass_alone(program: &str) -> Result<(), Failed> {
    let ours = run(program, Library::Ours, TIME_LIMIT)?;
    match ours.outcome {
        Outcome::Passed { ignored: 0 } => Ok(()),
        other => Err(format!("{other:?}\n{}", ours.output).into()),
    }
}

fn must_not_pass_yet(program: &str) -> Result<(), Failed> {
    let ours = run(program, Library::Ours, TIME_LIMIT_NOT_YET)?;
    match ours.outcome {
        Outcome::Failed(_) => Ok(()),
        _ => Err("it passes now: say so in compat-tests/ledger.toml".into()),
    }
}

fn run(name: &str, library: Library, limit: Duration) -> Result<Run, Failed> {
    library.folder()?;
    program::build(&[name.to_owned()])?;
    Ok(program::run(name, library, limit)?)
}
