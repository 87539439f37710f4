//! Where our library is, and under which path the loader finds it as `libzmq.so.5`.
#![forbid(unsafe_code)]

use super::elf::{Elf, Machine};
use crate::failure::{describe, Failure};
use std::collections::hash_map::DefaultHasher;
use std::env::{self, consts::ARCH};
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const SONAME: &str = "libzmq.so.5";
/// As cargo names it.
const BUILT: &str = "libzmq.so";
/// Only our library looks for this variable: that is how it is told from any other.
const OURS: &[u8] = b"ZEROXIDE_INLINE_SEND";

pub(super) struct Library {
    /// The file itself.
    pub file: PathBuf,
    /// A path to it that ends in its soname.
    pub link: PathBuf,
    pub machine: Machine,
}

pub(super) fn find(given: Option<&Path>) -> Result<Library, Failure> {
    match given {
        Some(path) => {
            let path = if path.is_dir() { path.join(SONAME) } else { path.to_owned() };
            open(&path)
                .map_err(|error| Failure::Error(format!("--library {}: {error}", path.display())))
        }
        None => search(),
    }
}

/// The first one of ours. Others are passed over: to run a program on those takes no tool.
fn search() -> Result<Library, Failure> {
    let tool =
        env::current_exe().map_err(|error| Failure::of_io(&error, "cannot find this tool"))?;
    let folder = tool.parent().unwrap_or(Path::new("/"));
    let mut places = vec![folder.join(SONAME)];
    for lib in ["../lib", &format!("../lib/{ARCH}-linux-gnu"), "../lib64"] {
        places.push(folder.join(lib).join(SONAME));
    }
    // Where cargo puts it.
    places.push(folder.join(BUILT));
    let mut seen = None;
    for place in places.iter().filter(|place| place.exists()) {
        match open(place) {
            Ok(library) if library.is_ours() => return Ok(library),
            Ok(_) => seen = Some(format!("; {} is not it", place.display())),
            Err(error) => seen = Some(format!("; {}: {error}", place.display())),
        }
    }
    Err(Failure::Error(format!(
        "{SONAME} of this tool is not in {} nor in ../lib: build it with 'cargo build --release', or say where it is with \
         --library FILE{}",
        folder.display(),
        seen.unwrap_or_default()
    )))
}

impl Library {
    fn is_ours(&self) -> bool {
        fs::read(&self.file).is_ok_and(|bytes| bytes.windows(OURS.len()).any(|found| found == OURS))
    }
}

fn open(path: &Path) -> Result<Library, String> {
    let file = path.canonicalize().map_err(|error| describe(&error))?;
    let elf = Elf::open(&file).map_err(|error| describe(&error))?.ok_or("this is no library")?;
    let symbols = elf.symbols().map_err(|error| describe(&error))?;
    if !symbols.defines {
        return Err("this is no libzmq".into());
    }
    let absolute = std::path::absolute(path).map_err(|error| describe(&error))?;
    let link = match path.file_name() {
        Some(name) if name == SONAME => absolute,
        _ => link(&file)?,
    };
    // The loader takes both for the end of a path.
    if link.as_os_str().as_bytes().iter().any(|byte| b": ".contains(byte)) {
        return Err("the loader cannot take a path with a space or a colon".into());
    }
    Ok(Library { machine: elf.machine(), file, link })
}

/// A folder that has nothing but the link: beside the library, or where the user's own files are.
fn link(file: &Path) -> Result<PathBuf, String> {
    let beside = file.parent().map(|folder| folder.join("zmq-run"));
    let mut hasher = DefaultHasher::new();
    file.hash(&mut hasher);
    let own = format!("zmq-run/{:016x}", hasher.finish());
    let home = env::var_os("HOME").map(|home| Path::new(&home).join(".cache").join(&own));
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(|folder| Path::new(&folder).join(&own));
    let mut error = None;
    for folder in [beside, runtime, home].into_iter().flatten() {
        match link_in(&folder, file) {
            Ok(link) => return Ok(link),
            Err(failed) => error = Some(failed),
        }
    }
    let error = error.map_or_else(String::new, |error| describe(&error));
    Err(format!("it is not called {SONAME}, and no link to it can be made: {error}"))
}

fn link_in(folder: &Path, file: &Path) -> io::Result<PathBuf> {
    let link = folder.join(SONAME);
    if fs::read_link(&link).is_ok_and(|target| target == file) {
        return Ok(link);
    }
    fs::create_dir_all(folder)?;
    // Made under another name, so that nobody who starts at the same time finds none.
    let temporary = folder.join(format!("{SONAME}.{}", std::process::id()));
    symlink(file, &temporary)?;
    fs::rename(&temporary, &link).inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })?;
    Ok(link)
}
