//! pyzmq on our library, in each way in which it gets there: built from its source package against our
//! prefix, with its Cython and with its CFFI back end, and as the index has it, with our library in
//! place of its own by `LD_PRELOAD`. Of each, its own test-suite runs whole, and a Jupyter
//! kernel is started, used, interrupted, restarted and shut down.
#![forbid(unsafe_code)]

use std::fs;
use std::process::Command;
use std::time::Duration;

use compat_tests::library::Library;
use compat_tests::python::{self, Pyzmq};
use compat_tests::pyzmq::{self, Outcome, Report};
use compat_tests::trials::may_lack;
use compat_tests::trouble::Trouble;
use compat_tests::{during, process, skips};
use libtest_mimic::Arguments;

const WAYS: [Pyzmq; 3] = [Pyzmq::Cython, Pyzmq::Cffi, Pyzmq::Wheel];

/// The suite of 27.3 has 460; fewer than this is not the suite.
const FEWEST: usize = 430;

/// Each extension uses at least so many functions of libzmq.
const FEWEST_FUNCTIONS: usize = 30;

/// One suite after the other: each has a test that binds to a port that it does not choose, 5555.
const THREADS: usize = 1;

const KERNEL_LIMIT: Duration = Duration::from_secs(300);

/// What does not pass on any library.
const BROKEN: [(Pyzmq, &str, &str); 1] = [(
    Pyzmq::Cffi,
    "tests/test_message.py::TestFrame::test_buffer_numpy",
    "a Frame of the CFFI back end is no buffer to NumPy",
)];

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let mut trials = Vec::new();
    for way in WAYS {
        let name = way.name();
        trials.push(may_lack(format!("{name}::suite"), move || suite_passes(way)));
    }
    for way in WAYS {
        let name = way.name();
        trials.push(may_lack(format!("{name}::is_bound_to_ours"), move || is_bound_to_ours(way)));
        trials.push(may_lack(format!("{name}::jupyter_kernel"), move || jupyter_kernel(way)));
    }
    skips::run(&arguments, trials)
}

/// Every function that pyzmq calls is ours, whatever else is in the process.
fn is_bound_to_ours(way: Pyzmq) -> Result<(), Trouble> {
    let bindings = pyzmq::bindings(way, Library::Ours)?;
    let ours = pyzmq::file(Library::Ours)?;
    if bindings.len() < FEWEST_FUNCTIONS {
        return Err(format!("only {} functions are bound: {bindings:?}", bindings.len()).into());
    }
    match bindings.iter().find(|(_, provider)| **provider != ours) {
        Some((name, provider)) => Err(format!("{name} is bound to {}", provider.display()).into()),
        None => Ok(()),
    }
}

fn suite_passes(way: Pyzmq) -> Result<(), Trouble> {
    // One of its tests builds an extension.
    python::need_headers()?;
    let report = pyzmq::run(way, Library::Ours, &[])?;
    println!("pyzmq {} ({}) on ours: {}", python::PYZMQ, way.name(), report.summary());
    let ours = pyzmq::file(Library::Ours)?;
    if !report.complete || report.tests.len() < FEWEST {
        let (count, end) = (report.tests.len(), process::tail(&report.output));
        return Err(format!("the suite ended after {count} tests:\n{end}").into());
    }
    if !report.libraries.contains(&ours) {
        return Err(format!("not on our library, but on {:?}", report.libraries).into());
    }
    let differences = differences(way, &report)?;
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!("{}\n{}", differences.join("\n"), process::tail(&report.output)).into())
}

/// What did not pass on ours, judged by what the reference does with just these tests: a test that
/// skips itself has to do so there too. A failure is one in any case.
fn differences(way: Pyzmq, report: &Report) -> Result<Vec<String>, Trouble> {
    let unpassed = report.tests.iter().filter(|(_, outcome)| **outcome != Outcome::Passed);
    let names: Vec<_> = unpassed.map(|(name, _)| name.clone()).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let reference = pyzmq::run(way, Library::Reference, &names)?;
    let judge = |name: &String| match (&report.tests[name], reference.tests.get(name)) {
        (Outcome::Skipped(_), Some(Outcome::Skipped(_))) => None,
        (Outcome::Failed(_), Some(Outcome::Failed(_))) if is_broken(way, name) => None,
        (Outcome::Failed(why), Some(Outcome::Failed(_))) => {
            Some(format!("{name}: {why}; the REFERENCE fails too, so this may be the machine"))
        }
        (ours, reference) => Some(format!("{name}: {ours:?}, with the reference {reference:?}")),
    };
    Ok(names.iter().filter_map(judge).collect())
}

fn is_broken(way: Pyzmq, name: &str) -> bool {
    let known = BROKEN.iter().find(|(where_, test, _)| *where_ == way && *test == name);
    if let Some((_, _, why)) = known {
        println!("{name} fails on the reference as well: {why}");
    }
    known.is_some()
}

fn jupyter_kernel(way: Pyzmq) -> Result<(), Trouble> {
    let mut python: Command = pyzmq::python(way, Library::Ours)?;
    python.arg(python::script("kernel.py")).arg(pyzmq::file(Library::Ours)?);
    let log = python::folder().join(format!("kernel-{}.log", way.name()));
    // Nothing of the user's own takes part, and nothing is left there.
    let home = python::folder().join("run").join(format!("kernel-{}", way.name()));
    for variable in ["IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"]
    {
        let folder = home.join(variable);
        during(fs::create_dir_all(&folder), folder.display())?;
        python.env(variable, folder);
    }
    let said = process::run(&mut python, &log, KERNEL_LIMIT)?;
    println!("{}: {}", way.name(), said.trim().replace('\n', "; "));
    Ok(())
}
