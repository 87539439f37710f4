//! A C++ program on our library through cppzmq, which Debian packages as `cppzmq-dev`. The package is
//! unpacked into the work folder and not installed.
#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use compat_tests::compile::{self, Language, Unit};
use compat_tests::prefix::prefix;
use compat_tests::process;
use compat_tests::skips;
use compat_tests::trials::may_lack;
use compat_tests::trouble::Trouble;
use compat_tests::work;
use libtest_mimic::Arguments;

const PACKAGE: &str = "cppzmq-dev";

/// The last step of `cpp/session.cpp`.
const ENDING: &str = "ending";

const APT_LIMIT: Duration = Duration::from_secs(120);
const RUN_LIMIT: Duration = Duration::from_secs(120);

type Result<T> = std::result::Result<T, Trouble>;

fn main() {
    let arguments = Arguments::from_args();
    skips::run(&arguments, vec![may_lack("session", session)])
}

fn session() -> Result<()> {
    let prefix = prefix()?;
    let folder = work::root().join("cppzmq");
    let program = {
        let _lock = work::lock()?;
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let header = header(&folder)?;
        build(&folder, &header, &prefix)?
    };
    let mut command = Command::new(program);
    command.current_dir(&folder).env("LD_LIBRARY_PATH", prefix.join("lib"));
    let said = process::run(&mut command, &folder.join("session.log"), RUN_LIMIT)?;
    match said.lines().last() {
        Some(ENDING) => Ok(()),
        _ => Err(format!("the program ended early:\n{said}").into()),
    }
}

fn build(folder: &Path, header: &Path, prefix: &Path) -> Result<PathBuf> {
    let output = folder.join("session");
    let includes = [header.to_owned(), prefix.join("include")];
    let mut arguments: Vec<std::ffi::OsString> =
        ["-std=c++17", "-O1", "-Wall", "-Wextra", "-pthread"].map(Into::into).to_vec();
    for folder in &includes {
        arguments.push("-I".into());
        arguments.push(folder.into());
    }
    arguments.push(prefix.join("lib/libzmq.so").into());
    let unit = Unit {
        language: Language::Cpp,
        inputs: vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("cpp/session.cpp")],
        output: output.clone(),
        arguments,
        includes: compile::fingerprint(&compile::headers(&includes)?)?,
    };
    compile::bring_up_to_date("program with cppzmq", vec![unit])?;
    Ok(output)
}

/// The folder with `zmq.hpp`.
fn header(folder: &Path) -> Result<PathBuf> {
    let unpacked = folder.join("unpacked");
    let include = unpacked.join("usr/include");
    if include.join("zmq_addon.hpp").exists() {
        return Ok(include);
    }
    let mut unpack = Command::new("dpkg");
    unpack.arg("-x").arg(download(folder)?).arg(&unpacked);
    process::run(&mut unpack, &folder.join("dpkg.log"), APT_LIMIT)?;
    Ok(include)
}

/// The file of the package. Where nobody has asked for the lists of packages yet, only root can.
fn download(folder: &Path) -> Result<PathBuf> {
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(arguments).current_dir(folder);
        process::run(&mut apt, &folder.join("apt.log"), APT_LIMIT)
    };
    let get = || apt(&["--quiet", "download", PACKAGE]);
    get().or_else(|_| apt(&["--quiet", "update"]).and_then(|_| get())).map_err(|error| {
        let why = error.lines().find(|line| line.starts_with("E:"));
        let why = why.unwrap_or("there is no apt here");
        Trouble::Missing(format!("apt-get cannot get {PACKAGE}: {why} (it takes Debian's archive, and lists that apt-get update has got)"))
    })?;
    for path in work::entries(folder)? {
        if path.extension().is_some_and(|extension| extension == "deb") {
            return Ok(path);
        }
    }
    Err(Trouble::Missing(format!("apt-get leaves no file of {PACKAGE}")))
}
