//! The Rust binding `zmq`, as crates.io has it, on our library: its own tests and examples, linked to our
//! prefix as pkg-config describes it.
//!
//! The package would build a libzmq of its own and link it in. Cargo's own means against that is used: the
//! configuration says what the build script of a package that `links = "zmq"` would have said.
#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use compat_tests::library::SONAME;
use compat_tests::prefix::prefix;
use compat_tests::process::{self, Background};
use compat_tests::trials::may_lack;
use compat_tests::trouble::Trouble;
use compat_tests::{during, skips, work};
use libtest_mimic::Arguments;

const VERSION: &str = "0.10.0";

/// The package has 80; fewer than this are not its tests.
const FEWEST: usize = 75;

const BUILD_LIMIT: Duration = Duration::from_secs(600);
const PLAY_LIMIT: Duration = Duration::from_secs(120);

/// Some of the examples take their time.
const THREADS: usize = 8;

/// Examples that work together.
struct Play {
    /// Also whom to ask for its ports: they are fixed, and nobody else's.
    name: &'static str,
    /// These go on for ever.
    background: &'static [&'static str],
    /// These come to an end.
    foreground: &'static [&'static str],
    /// What the last one says.
    ending: &'static str,
}

const PLAYS: [Play; 9] = [
    Play { name: "version", background: &[], foreground: &["version"], ending: "version is 4.3.5" },
    Play { name: "mtrelay", background: &[], foreground: &["mtrelay"], ending: "successful!" },
    Play { name: "msgsend", background: &[], foreground: &["msgsend"], ending: "Count is 10000" },
    Play {
        name: "5555",
        background: &["helloworld_server"],
        foreground: &["helloworld_client"],
        ending: "Received World World: 9",
    },
    Play { name: "5570", background: &[], foreground: &["asyncsrv"], ending: "request" },
    Play { name: "5671", background: &[], foreground: &["rtreq"], ending: "completed" },
    Play {
        name: "5559",
        background: &["rrbroker", "rrworker"],
        foreground: &["rrclient"],
        ending: "Received reply 9 World",
    },
    Play {
        name: "5557",
        background: &["taskwork", "taskwork"],
        foreground: &["taskvent", "tasksink"],
        ending: "Total elapsed time",
    },
    Play {
        name: "5561",
        background: &["syncsub"; 9],
        foreground: &["syncpub", "syncsub"],
        ending: "Received 1000000 updates",
    },
];

type Result<T> = std::result::Result<T, Trouble>;

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let mut trials = vec![may_lack("tests", tests_pass)];
    for play in &PLAYS {
        let name = format!("example::{}", play.foreground[0]);
        trials.push(may_lack(name, || perform(play)));
    }
    skips::run(&arguments, trials)
}

fn folder() -> PathBuf {
    work::root().join("rust-zmq")
}

fn tests_pass() -> Result<()> {
    let output = built()?;
    let results: Vec<_> =
        output.lines().filter(|line| line.starts_with("test ") && line.contains(" ... ")).collect();
    let passed = results.iter().filter(|result| result.ends_with("... ok")).count();
    println!("zmq {VERSION}: {passed} tests passed");
    match results.len() {
        count if count < FEWEST => Err(format!("only {count} tests ran:\n{output}").into()),
        count if count > passed => {
            Err(format!("{} did not pass:\n{output}", count - passed).into())
        }
        _ => Ok(()),
    }
}

/// Builds the package's tests and examples and runs the former, once a process. What the tests say.
fn built() -> Result<String> {
    static OUTPUT: OnceLock<Result<String>> = OnceLock::new();
    OUTPUT
        .get_or_init(|| {
            lay_out()?;
            work::say(
                "the Rust binding zmq: building its tests and examples, and running the tests",
            );
            let mut cargo = cargo();
            cargo.args(["test", "--locked", "--no-fail-fast", "--target-dir"]);
            cargo.arg(folder().join("target")).current_dir(folder());
            // One test compares the words of the compiler with those of years ago.
            cargo.args(["--", "--skip", "compile_fail"]);
            cargo.env("LD_LIBRARY_PATH", prefix()?.join("lib"));
            Ok(process::run(&mut cargo, &folder().join("tests.log"), BUILD_LIMIT)?)
        })
        .clone()
}

/// A workspace with a copy of the package, and Cargo told to link our library.
fn lay_out() -> Result<()> {
    let source = fetch()?;
    let link = link_arguments()?;
    let _lock = work::lock()?;
    let copy = folder().join("zmq");
    work::copy_tree(&source, &copy)?;
    work::copy_changed(&source.join("Cargo.lock"), &folder().join("Cargo.lock"))?;
    let workspace = "[workspace]\nmembers = [\"zmq\"]\nresolver = \"2\"\n";
    work::write_changed(&folder().join("Cargo.toml"), workspace.as_bytes())?;
    fs::create_dir_all(folder().join(".cargo")).map_err(|error| error.to_string())?;
    let configuration = folder().join(".cargo/config.toml");
    Ok(work::write_changed(&configuration, link.as_bytes())?)
}

/// Has Cargo get the package, and says where it put it.
fn fetch() -> Result<PathBuf> {
    let project = folder().join("fetch");
    fs::create_dir_all(&project).map_err(|error| error.to_string())?;
    let manifest = format!(
        "[package]\nname = \"fetch\"\nedition = \"2021\"\n[lib]\npath = \"nothing.rs\"\n\
         [dependencies]\nzmq = \"={VERSION}\"\n[workspace]\n"
    );
    work::write_changed(&project.join("nothing.rs"), b"")?;
    work::write_changed(&project.join("Cargo.toml"), manifest.as_bytes())?;
    let mut cargo = cargo();
    cargo.args(["metadata", "--format-version", "1"]).current_dir(&project);
    let output = process::run(&mut cargo, &project.join("fetch.log"), BUILD_LIMIT);
    let output = output.map_err(|error| {
        let why = error.lines().find(|line| line.starts_with("error")).unwrap_or_default();
        Trouble::Missing(format!("cargo cannot get the package zmq {VERSION}: {why}"))
    })?;
    let end = format!("/zmq-{VERSION}/Cargo.toml");
    let mut paths = output.split('"').filter_map(|word| word.strip_suffix(end.as_str()));
    let parent = paths.next().ok_or("cargo does not say where zmq is".to_owned())?;
    Ok(PathBuf::from(format!("{parent}/zmq-{VERSION}")))
}

/// What pkg-config says of our prefix, as Cargo's configuration has it.
fn link_arguments() -> Result<String> {
    let prefix = prefix()?;
    let mut probe = Command::new("pkg-config");
    probe.args(["--libs", "libzmq"]).env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
    let said = match probe.output() {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Trouble::Failed(format!("pkg-config: {why}")));
        }
        Err(_) => {
            return Err(Trouble::Missing("there is no pkg-config: install pkg-config".into()))
        }
    };
    let all = |flag: &str| {
        let words = said.split_whitespace().filter_map(|word| word.strip_prefix(flag));
        words.map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
    };
    Ok(format!(
        "[target.{}.zmq]\nrustc-link-search = [{}]\nrustc-link-lib = [{}]\n",
        env!("COMPAT_TRIPLE"),
        all("-L"),
        all("-l"),
    ))
}

fn perform(play: &Play) -> Result<()> {
    built()?;
    let _ports = process::alone(play.name)?;
    let stage = folder().join("stage").join(play.name);
    fs::create_dir_all(&stage).map_err(|error| error.to_string())?;
    let log = |number: usize| stage.join(format!("{number}.log"));
    let mut running = Vec::new();
    let (last, helpers) = play.foreground.split_last().ok_or("an empty play".to_owned())?;
    for (number, name) in play.background.iter().chain(helpers).enumerate() {
        running.push(Background::start(&mut example(name, &stage)?, &log(number))?);
    }
    let said = process::run(&mut example(last, &stage)?, &log(running.len()), PLAY_LIMIT)?;
    if said.contains(play.ending) {
        Ok(())
    } else {
        Err(format!("{last} does not say {:?}:\n{}", play.ending, process::tail(&said)).into())
    }
}

/// The example, which the dynamic linker is known to give our library.
fn example(name: &str, stage: &Path) -> Result<Command> {
    let ours = prefix()?.join("lib");
    let file = folder().join("target/debug/examples").join(name);
    let mut list = Command::new(&file);
    list.env("LD_TRACE_LOADED_OBJECTS", "1").env("LD_LIBRARY_PATH", &ours);
    let listed = during(list.output(), file.display())?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let wanted = format!("{SONAME} => {}", ours.join(SONAME).display());
    if !listed.contains(&wanted) {
        return Err(format!("{name} is not on our library:\n{listed}").into());
    }
    let mut command = Command::new(file);
    command.current_dir(stage).env("LD_LIBRARY_PATH", ours);
    Ok(command)
}

fn cargo() -> Command {
    let mut cargo = work::cargo();
    cargo.env_remove("CARGO_BUILD_TARGET").env_remove("RUSTFLAGS");
    cargo
}
