//! Runs cargo on the workspace, and says which files came of it. It never guesses where cargo puts
//! things: cargo says so itself, whatever its configuration is.

use crate::{during, Result};
use clap::ValueEnum;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    Release,
    Debug,
}

/// So that nobody takes link-time optimisation for a standstill.
const SILENCE: &str = "if anything is new, its last step takes a minute or two without a word";

/// The files of one build.
pub struct Built {
    pub shared: PathBuf,
    pub archive: PathBuf,
    /// The tool `zmq`.
    pub tool: Option<PathBuf>,
}

impl Built {
    /// What an earlier build left in a folder.
    pub fn in_folder(folder: &Path) -> Result<Built> {
        let present = |name: &str| Some(folder.join(name)).filter(|file| file.is_file());
        let needed =
            |name: &str| present(name).ok_or_else(|| format!("no {name} in {}", folder.display()));
        Ok(Built {
            shared: needed("libzmq.so")?,
            archive: needed("libzmq.a")?,
            tool: present("zmq"),
        })
    }

    /// A folder of ours under cargo's target folder.
    pub fn folder(&self, name: &str) -> PathBuf {
        let profile = self.shared.parent().unwrap_or(Path::new("."));
        profile.parent().unwrap_or(profile).join(name)
    }
}

/// The root of the sources.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."))
}

/// Builds the library, and the tool.
pub fn build(profile: Profile) -> Result<Built> {
    // Two runs: the library does without what the tool takes, and would be built with it in one.
    let library = cargo(profile, &["--package", "capi", "--lib"])?;
    let tool = cargo(profile, &["--package", "zeroxide", "--bins"])?;
    let expected =
        |name: &str| artifact(&library, name).ok_or_else(|| format!("cargo build made no {name}"));
    Ok(Built {
        shared: expected("libzmq.so")?,
        archive: expected("libzmq.a")?,
        tool: artifact(&tool, "zmq"),
    })
}

/// What cargo says of a build, line by line. What it says to people goes to stderr.
fn cargo(profile: Profile, what: &[&str]) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(&cargo);
    command
        .arg("build")
        .args(what)
        .arg("--message-format=json-render-diagnostics")
        .current_dir(workspace())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if profile == Profile::Release {
        command.arg("--release");
    }
    let failed = || format!("cannot run {}", cargo.to_string_lossy());
    let child = during(command.spawn(), failed())?;
    if profile == Profile::Release {
        eprintln!("== cargo build --release {}: {SILENCE}", what.join(" "));
    }
    let done = during(child.wait_with_output(), failed())?;
    if !done.status.success() {
        return Err("cargo build failed".into());
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// The file of that name among those that cargo says it made.
fn artifact(said: &str, name: &str) -> Option<PathBuf> {
    let artifacts = said.lines().filter(|line| line.contains("\"compiler-artifact\""));
    let mut files = artifacts.flat_map(|line| {
        let of = line.split_once("\"filenames\":").map_or("", |(_, files)| files);
        of.split('"').map(Path::new)
    });
    files
        .find(|file| file.is_absolute() && file.file_name().is_some_and(|it| it == name))
        .map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_are_found_by_name() {
        let said = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"zmq","src_path":"/s/zmq"},"#,
            r#""filenames":["/t/release/libzmq.so","/t/release/libzmq.a"],"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","filenames":["/t/release/zmq"],"executable":"/t/release/zmq"}"#,
            "\n",
            r#"{"reason":"build-script-executed","out_dir":"/t/x/libother.so"}"#,
        );
        assert_eq!(artifact(said, "libzmq.so"), Some("/t/release/libzmq.so".into()));
        assert_eq!(artifact(said, "libzmq.a"), Some("/t/release/libzmq.a".into()));
        assert_eq!(artifact(said, "zmq"), Some("/t/release/zmq".into()));
        assert_eq!(artifact(said, "libother.so"), None);
    }
}
