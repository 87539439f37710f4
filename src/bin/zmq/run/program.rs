//! What would be started: a program, or a script and its interpreter. Says why our library would not get there.
#![forbid(unsafe_code)]

use super::elf::Elf;
use super::library::Library;
use crate::failure::{describe, Failure};
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// An interpreter may be a script as well; the kernel goes no deeper than this.
const DEPTH: usize = 4;
/// As much of a first line is read.
const LINE: usize = 256;
const SETUID: u32 = 0o6000;

/// Where the shell would find it.
pub(super) fn find(name: &OsStr) -> Result<PathBuf, Failure> {
    let missing = || Failure::NoProgram(format!("there is no program {}", name.to_string_lossy()));
    if name.as_bytes().contains(&b'/') {
        let path = PathBuf::from(name);
        return match fs::metadata(&path) {
            Ok(found) if found.is_dir() => Err(refused(&path, "it is a folder")),
            Ok(_) if !is_executable(&path) => Err(refused(&path, "it is not executable")),
            Ok(_) => Ok(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing()),
            Err(error) => Err(refused(&path, &describe(&error))),
        };
    }
    let folders = env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/bin:/bin"));
    let found = env::split_paths(&folders).map(|folder| folder.join(name));
    found.into_iter().find(|path| is_executable(path)).ok_or_else(missing)
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Fails if the program would not use our library; returns what else one should know.
pub(super) fn examine(path: &Path, library: &Library) -> Result<Vec<String>, Failure> {
    let program = interpreter(path)?;
    let unreadable = |error: io::Error| refused(&program, &describe(&error));
    // A program that may be run and not read is run without further ado.
    let elf = match Elf::open(&program) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
        Ok(None) => {
            return Err(refused(&program, "it is neither a program of this system nor a script"))
        }
        Ok(Some(elf)) => elf,
    };
    if elf.machine() != library.machine {
        return Err(refused(&program, "it is for another kind of machine than the library"));
    }
    let Some(loader) = elf.interpreter().map_err(unreadable)? else {
        return Err(refused(
            &program,
            "it is statically linked, so that no library can take the place of what it carries",
        ));
    };
    let mode = fs::metadata(&program).map_err(unreadable)?.permissions().mode();
    if mode & SETUID != 0 {
        return Err(refused(
            &program,
            "it gains privileges (setuid or setgid), for which the loader takes no LD_PRELOAD",
        ));
    }
    let symbols = elf.symbols().map_err(unreadable)?;
    if symbols.defines {
        return Err(refused(
            &program,
            "it carries its own static copy of libzmq, which it would use",
        ));
    }
    let mut warnings = Vec::new();
    if loader.contains("musl") != cfg!(target_env = "musl") {
        return Err(refused(
            &program,
            &format!("its loader {loader} is of another C library than ours"),
        ));
    }
    if !symbols.uses && elf.contains(b"inproc://zeromq.zap.01").map_err(unreadable)? {
        warnings.push(format!(
            "{} seems to carry its own static copy of libzmq, which it would use",
            program.display()
        ));
    }
    Ok(warnings)
}

/// What runs a script; a program is run by itself.
fn interpreter(path: &Path) -> Result<PathBuf, Failure> {
    let mut program = path.to_owned();
    for _ in 0..DEPTH {
        let Some(line) = first_line(&program) else { return Ok(program) };
        let words: Vec<&[u8]> =
            line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty()).collect();
        let Some((first, rest)) = words.split_first() else {
            return Err(refused(&program, "its first line names no interpreter"));
        };
        program = match OsStr::from_bytes(first) {
            env if Path::new(env).file_name() == Some(OsStr::new("env")) => {
                let is_name = |word: &&&[u8]| !word.starts_with(b"-") && !word.contains(&b'=');
                match rest.iter().find(is_name) {
                    Some(name) => find(OsStr::from_bytes(name))?,
                    None => find(env)?,
                }
            }
            name => find(name)?,
        };
    }
    Ok(program)
}

/// What follows `#!`, if that is how the file begins.
fn first_line(path: &Path) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    File::open(path).ok()?.take(LINE as u64).read_to_end(&mut line).ok()?;
    let line = line.strip_prefix(b"#!")?;
    Some(line.split(|byte| *byte == b'\n').next().unwrap_or_default().to_vec())
}

fn refused(program: &Path, why: &str) -> Failure {
    Failure::CannotRun(format!("{} cannot be run on this library: {why}", program.display()))
}
