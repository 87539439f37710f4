//! `cargo setup install`, `uninstall` and `hello`, and an installation as programs use it: through
//! pkg-config, through CMake and through cargo-c. Nothing outside of the work folder is touched.
#![forbid(unsafe_code)]

mod layout;
mod tools;
mod wrong;

use compat_tests::setup::{said, setup};
use compat_tests::trials::{expect, ignored, Tested};
use compat_tests::{skips, work};
use libtest_mimic::{Arguments, Trial};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = layout::trials();
    trials.extend(wrong::trials());
    trials.extend(tools::trials(!arguments.list));
    trials.extend([
        Trial::test("hello::the_pair_runs_on_our_library", the_pair_runs_on_our_library),
        Trial::test("hello::a_taken_port_is_no_obstacle", a_taken_port_is_no_obstacle),
    ]);
    skips::run(&arguments, trials)
}

/// A folder for one test, empty.
fn folder(name: &str) -> Result<PathBuf, String> {
    work::emptied(folder_of(name))
}

fn folder_of(name: &str) -> PathBuf {
    work::root().join("install").join(name)
}

/// A prefix with an installation, that tests only read.
fn prefix() -> Result<PathBuf, String> {
    static PREFIX: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let make = || {
        let prefix = folder("prefix")?;
        said(&mut install(&prefix)?)?;
        Ok(prefix)
    };
    PREFIX.get_or_init(make).clone()
}

fn install(prefix: &Path) -> Result<Command, String> {
    setup(&["install", "--prefix", &prefix.to_string_lossy()])
}

/// A test, or if something is missing on this machine, why it is not run here.
fn needs(missing: Option<String>, name: &str, test: fn() -> Tested) -> Trial {
    match missing {
        None => Trial::test(name, test),
        Some(why) => ignored(name, why),
    }
}

/// One at a time, in C, so that it needs no network.
fn hello() -> Result<String, String> {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock();
    said(&mut setup(&["hello", "--c"])?)
}

fn the_pair_runs_on_our_library() -> Tested {
    let text = hello()?;
    for line in [
        "the same pair in C takes its place",
        "server | Received request: Hello",
        "client | Received reply 9: World",
        "zmq_version() 4.3.5, zmq_has(\"zeroxide\") 1",
        "10 requests, 10 replies, all by ",
    ] {
        expect(text.contains(line), format!("{line:?} is missing:\n{text}"))?;
    }
    Ok(())
}

fn a_taken_port_is_no_obstacle() -> Tested {
    // If somebody else has it, that is as good.
    let _taken = std::net::TcpListener::bind("0.0.0.0:5555");
    let text = hello()?;
    expect(text.contains("10 requests, 10 replies, all by "), text)
}
