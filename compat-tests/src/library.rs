//! The two libraries that are compared. Both are a folder with a `libzmq.so.5` in it, so that a
//! program changes sides by its `LD_LIBRARY_PATH` alone.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::compile::{self, Language, Unit};
use crate::{during, work, Result};

pub const SONAME: &str = "libzmq.so.5";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    Ours,
    Reference,
}

impl fmt::Display for Library {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Library::Ours => "ours",
            Library::Reference => "reference",
        })
    }
}

impl Library {
    /// Builds the library if need be, once a process, and says in which folder it lies.
    pub fn folder(self) -> Result<PathBuf> {
        static OURS: OnceLock<Result<PathBuf>> = OnceLock::new();
        static REFERENCE: OnceLock<Result<PathBuf>> = OnceLock::new();
        match self {
            Library::Ours => OURS.get_or_init(ours).clone(),
            Library::Reference => REFERENCE.get_or_init(reference).clone(),
        }
    }

    pub fn file(self) -> Result<PathBuf> {
        Ok(self.folder()?.join(SONAME))
    }
}

/// What `ZEROXIDE_LIB` points at, or else a release build of the workspace.
fn ours() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("ZEROXIDE_LIB") {
        let folder = during(fs::canonicalize(&given), format!("ZEROXIDE_LIB {given:?}"))?;
        return if folder.join(SONAME).exists() {
            Ok(folder)
        } else {
            Err(format!("ZEROXIDE_LIB: there is no {SONAME} in {}", folder.display()))
        };
    }
    let _lock = work::lock()?;
    work::say("cargo build --release --package capi (if anything is new, this takes minutes)");
    let mut build = work::cargo_build(&["--release", "--package", "capi"]);
    let status = during(build.status(), "cannot start cargo")?;
    if !status.success() {
        return Err(format!("{build:?} failed"));
    }
    let folder = work::root().join("ours");
    during(fs::create_dir_all(&folder), folder.display())?;
    link(&work::target().join("release/libzmq.so"), &folder.join(SONAME))?;
    Ok(folder)
}

fn link(file: &Path, name: &Path) -> Result<()> {
    if fs::read_link(name).is_ok_and(|present| present == file) {
        return Ok(());
    }
    let _ = fs::remove_file(name);
    during(std::os::unix::fs::symlink(file, name), name.display())
}

/// libzmq 4.3.5 as a distribution builds it, to be the judge and the opponent.
fn reference() -> Result<PathBuf> {
    let _lock = work::lock()?;
    work::lay_out()?;
    let folder = work::root().join("reference");
    let sources = reference_sources()?;
    let includes = reference_includes()?;
    let arguments = reference_arguments();
    let unit = |source: PathBuf| Unit {
        language: Language::Cpp,
        output: object(&folder, &source),
        inputs: vec![source],
        arguments: arguments.clone(),
        includes,
    };
    let objects = sources.iter().map(|source| object(&folder, source)).collect();
    let units = sources.into_iter().map(unit).collect();
    compile::bring_up_to_date("files of the reference library", units)?;
    let shared = Unit {
        language: Language::Cpp,
        inputs: objects,
        output: folder.join(SONAME),
        arguments: reference_link_arguments(),
        includes: 0,
    };
    compile::bring_up_to_date("reference library", vec![shared])?;
    Ok(folder)
}

fn reference_sources() -> Result<Vec<PathBuf>> {
    let folder = work::upstream().join("src");
    let mut sources = Vec::new();
    for path in work::entries(&folder)? {
        // WebSockets are DRAFT: upstream leaves these out of a stable build.
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".cpp") && !name.starts_with("ws") {
            sources.push(path);
        }
    }
    sources.sort();
    Ok(sources)
}

fn reference_includes() -> Result<u64> {
    let folders = [
        work::upstream().join("src"),
        work::upstream().join("include"),
        PathBuf::from(env!("CARGO_MANIFEST_DIR")),
        work::sodium(),
        work::sodium().join("sodium"),
    ];
    compile::fingerprint(&compile::headers(&folders)?)
}

fn reference_arguments() -> Vec<OsString> {
    let mut arguments: Vec<OsString> = [
        "-c",
        "-O2",
        "-std=gnu++11",
        "-fPIC",
        "-fvisibility=hidden",
        "-pthread",
        "-D_GNU_SOURCE",
        "-D_REENTRANT",
        "-D_THREAD_SAFE",
        "-w",
    ]
    .map(OsString::from)
    .to_vec();
    let folders =
        [Path::new(env!("CARGO_MANIFEST_DIR")), &work::upstream().join("include"), &work::sodium()];
    for folder in folders {
        arguments.push("-I".into());
        arguments.push(folder.into());
    }
    arguments
}

/// libsodium goes in whole and is not exported again.
fn reference_link_arguments() -> Vec<OsString> {
    vec![
        "-shared".into(),
        "-pthread".into(),
        format!("-Wl,-soname,{SONAME}").into(),
        "-Wl,-z,defs".into(),
        "-Wl,--exclude-libs,ALL".into(),
        work::sodium().join("libsodium.a").into(),
        "-lrt".into(),
    ]
}

fn object(folder: &Path, source: &Path) -> PathBuf {
    let name = source.file_stem().unwrap_or_default();
    folder.join("objects").join(name).with_extension("o")
}
