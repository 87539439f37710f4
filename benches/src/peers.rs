//! Other packages, built in projects of their own, so that nothing of theirs is a dependency here: some
//! have libzmq's C API, and run the C programs; for the others there are programs in `benches/peers`.

use std::fs;
use std::path::{Path, PathBuf};

use compat_tests::library::SONAME;
use compat_tests::{work, Result};

use crate::measure::{Side, Subject};

/// A package whose library target is a shared library as well.
struct Library {
    name: &'static str,
    version: &'static str,
    library: &'static str,
}

const LIBRARIES: &[Library] =
    &[Library { name: "omq-libzmq", version: "=0.8.0", library: "omq_zmq" }];

/// Packages with an API of their own. The versions are in `benches/peers`.
const PROGRAMS: &[&str] = &["rzmq", "zeromq"];

/// Builds them all. That takes minutes the first time.
pub fn build() -> Result<Vec<Side>> {
    let mut sides = LIBRARIES.iter().map(Library::build).collect::<Result<Vec<_>>>()?;
    sides.extend(build_programs()?);
    Ok(sides)
}

/// From a copy of the sources, so that cargo leaves nothing beside them.
fn build_programs() -> Result<Vec<Side>> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let project = folder("programs");
    work::copy_folder(&sources, &project)?;
    for part in [&["common"], PROGRAMS].concat() {
        work::copy_tree(&sources.join(part), &project.join(part))?;
    }
    let built = build_release(&project)?;
    let side = |name: &&str| Side {
        name: (*name).to_owned(),
        subject: Subject::Program(built.join(format!("peer-{name}"))),
    };
    Ok(PROGRAMS.iter().map(side).collect())
}

fn folder(name: &str) -> PathBuf {
    work::root().join("peers").join(name)
}

/// Says where the results are.
fn build_release(project: &Path) -> Result<PathBuf> {
    let target = project.join("target");
    let mut build = work::cargo();
    build.args(["build", "--release", "--target-dir"]).arg(&target).current_dir(project);
    let status = build.status().map_err(|error| format!("cannot run cargo: {error}"))?;
    if !status.success() {
        return Err(format!("cannot build what is in {}", project.display()));
    }
    Ok(target.join("release"))
}

impl Library {
    fn build(&self) -> Result<Side> {
        let project = folder(self.name);
        let failed = |error| format!("{}: {error}", project.display());
        fs::create_dir_all(project.join("src")).map_err(failed)?;
        fs::write(project.join("Cargo.toml"), self.manifest()).map_err(failed)?;
        fs::write(project.join("src/lib.rs"), "").map_err(failed)?;
        let library = self.find(&build_release(&project)?.join("deps")).map_err(failed)?;
        let library = library.ok_or(format!("{} made no shared library", self.name))?;
        let link = project.join(SONAME);
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(library, &link).map_err(failed)?;
        Ok(Side { name: self.name.to_owned(), subject: Subject::Library(project) })
    }

    fn manifest(&self) -> String {
        let Library { name, version, .. } = self;
        format!(
            "[package]\nname = \"peer\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n\
             [dependencies]\n{name} = \"{version}\"\n\n[workspace]\n"
        )
    }

    /// The newest, if several builds left one.
    fn find(&self, folder: &Path) -> std::io::Result<Option<PathBuf>> {
        let start = format!("lib{}-", self.library);
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(&start) && name.ends_with(".so") {
                found.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        Ok(found.into_iter().max().map(|(_, path)| path))
    }
}
