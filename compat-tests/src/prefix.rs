//! Our library as it is installed under a prefix, for bindings that are built against it. It never
//! writes outside of the work folder.

use std::fs;
use std::path::PathBuf;

use crate::library::{Library, SONAME};
use crate::{during, work, Result};

/// Lays the prefix out, or brings it up to date, and says where it is: `include`, `lib` with
/// the library and its links, `lib/pkgconfig`.
pub fn prefix() -> Result<PathBuf> {
    let library = Library::Ours.file()?;
    let _lock = work::lock()?;
    let prefix = work::root().join("prefix");
    let lib = prefix.join("lib");
    work::copy_folder(&work::include(), &prefix.join("include"))?;
    during(fs::create_dir_all(lib.join("pkgconfig")), lib.display())?;
    work::copy_changed(&library, &lib.join(SONAME))?;
    if fs::read_link(lib.join("libzmq.so")).is_err() {
        let link = lib.join("libzmq.so");
        during(std::os::unix::fs::symlink(SONAME, &link), link.display())?;
    }
    let pc = lib.join("pkgconfig/libzmq.pc");
    during(fs::write(&pc, package(&prefix)), pc.display())?;
    Ok(prefix)
}

/// What pkg-config is told.
fn package(prefix: &std::path::Path) -> String {
    format!(
        "prefix={}\nlibdir=${{prefix}}/lib\nincludedir=${{prefix}}/include\n\n\
         Name: libzmq\nDescription: ZeroMQ in Rust\nVersion: 4.3.5\n\
         Libs: -L${{libdir}} -lzmq\nCflags: -I${{includedir}}\n",
        prefix.display()
    )
}
