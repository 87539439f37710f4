//! Our library as `cargo setup install` lays it out under a prefix, for bindings that are built against it.
//! It never writes outside of the work folder.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::library::{Library, SONAME};
use crate::setup::{said, setup};
use crate::{work, Result};

/// Installs the library, or what has changed of it, and says where: `include`, `lib` with the library and
/// its links, `lib/pkgconfig`.
pub fn prefix() -> Result<PathBuf> {
    static PREFIX: OnceLock<Result<PathBuf>> = OnceLock::new();
    PREFIX.get_or_init(install).clone()
}

fn install() -> Result<PathBuf> {
    let prefix = work::root().join("prefix");
    work::say("installing the library and the tool, which are built first, into the work folder");
    said(&mut setup(&["install", "--prefix", &prefix.to_string_lossy()])?)?;
    if std::env::var_os("ZEROXIDE_LIB").is_some() {
        // Another library is to be tried in its place.
        work::copy_changed(&Library::Ours.file()?, &prefix.join("lib").join(SONAME))?;
    }
    Ok(prefix)
}
