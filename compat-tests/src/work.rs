//! The work folder under the target directory: where everything lies, and upstream's sources laid
//! out as the test programs expect them. It never writes outside of that folder.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rustix::fs::{flock, FlockOperation};

use crate::{during, Result};

/// libzmq 4.3.5 as the `zeromq-src` package ships it.
pub fn upstream() -> &'static Path {
    Path::new(env!("COMPAT_UPSTREAM"))
}

/// Everything that is built here lies below this folder.
pub fn root() -> &'static Path {
    Path::new(env!("COMPAT_WORK"))
}

/// Where cargo builds, and in which the work folder lies.
pub fn target() -> &'static Path {
    root().parent().unwrap_or(Path::new("target"))
}

/// The workspace that this crate is a member of.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Tells somebody who waits at a terminal what takes so long, also amid a test whose output is held back.
pub fn say(what: &str) {
    let _ = writeln!(std::io::stderr().lock(), "compat-tests: {what}");
}

/// Cargo: the one that runs this, if one does.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// `cargo build` on the workspace, into the target folder, for this machine.
pub fn cargo_build(arguments: &[&str]) -> Command {
    let mut cargo = cargo();
    cargo.arg("build").args(arguments).arg("--target-dir").arg(target());
    cargo.current_dir(workspace()).env_remove("CARGO_BUILD_TARGET");
    cargo
}

/// libsodium's headers and archive. Copies, since cargo keeps one build of it for each profile and
/// nothing here should depend on which profile this runs in.
pub fn sodium() -> PathBuf {
    root().join("sodium")
}

/// Upstream's layout, with the three files that a configure run or an install would provide.
pub fn tree() -> PathBuf {
    root().join("tree")
}

/// The folder with the `zmq.h` that programs are compiled with: ours as soon as there is one.
pub fn include() -> PathBuf {
    if let Some(given) = std::env::var_os("ZEROXIDE_INCLUDE") {
        return PathBuf::from(given);
    }
    let ours = workspace().join("include");
    let written = fs::metadata(ours.join("zmq.h")).is_ok_and(|file| file.len() > 0);
    if written {
        ours
    } else {
        upstream().join("include")
    }
}

/// Holds back every other process that wants to build in the work folder until it is dropped.
pub fn lock() -> Result<File> {
    during(fs::create_dir_all(root()), root().display())?;
    let path = root().join("lock");
    let file = during(File::create(&path), path.display())?;
    during(flock(&file, FlockOperation::LockExclusive), path.display())?;
    Ok(file)
}

/// Brings libsodium's copies and the tree up to date, once a process. Call it with the lock held.
pub fn lay_out() -> Result<()> {
    static DONE: OnceLock<Result<()>> = OnceLock::new();
    DONE.get_or_init(|| {
        for folder in ["tests", "src", "perf", "unittests", "external/unity", "external/sha1"] {
            copy_folder(&upstream().join(folder), &tree().join(folder))?;
        }
        copy_folder(&include(), &tree().join("include"))?;
        let headers = Path::new(env!("COMPAT_SODIUM_INCLUDE"));
        copy_folder(headers, &sodium())?;
        copy_folder(&headers.join("sodium"), &sodium().join("sodium"))?;
        let archive = Path::new(env!("COMPAT_SODIUM_LIB")).join("libsodium.a");
        copy_changed(&archive, &sodium().join("libsodium.a"))?;
        let platform = Path::new(env!("CARGO_MANIFEST_DIR")).join("platform.hpp");
        copy_changed(&platform, &tree().join("src/platform.hpp"))
    })
    .clone()
}

/// What lies in a folder.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = during(fs::read_dir(folder), folder.display())?;
    entries.map(|entry| Ok(during(entry, folder.display())?.path())).collect()
}

/// A folder with nothing in it, whatever was there before.
pub fn emptied(folder: PathBuf) -> Result<PathBuf> {
    let _ = fs::remove_dir_all(&folder);
    during(fs::create_dir_all(&folder), folder.display())?;
    Ok(folder)
}

/// Copies the files of one folder, not those of the folders in it.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    during(fs::create_dir_all(to), to.display())?;
    for path in entries(from)? {
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            copy_changed(&path, &to.join(name))?;
        }
    }
    Ok(())
}

/// Copies a folder with all that is in it.
pub fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    copy_folder(from, to)?;
    for path in entries(from)? {
        if let (true, Some(name)) = (path.is_dir(), path.file_name()) {
            copy_tree(&path, &to.join(name))?;
        }
    }
    Ok(())
}

pub fn copy_changed(from: &Path, to: &Path) -> Result<()> {
    write_changed(to, &during(fs::read(from), from.display())?)
}

/// Leaves alone what is equal already, so that nothing looks newer than it is. What is replaced is
/// replaced whole: a program may have the old file mapped.
pub fn write_changed(to: &Path, wanted: &[u8]) -> Result<()> {
    if fs::read(to).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    let mut name = to.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    during(fs::write(&new, wanted), new.display())?;
    during(fs::rename(&new, to), to.display())
}
