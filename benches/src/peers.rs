//! Other libraries with libzmq's C API, built from their packages in a project of their own, so that
//! nothing of theirs is a dependency here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use compat_tests::library::SONAME;
use compat_tests::{work, Result};

use crate::measure::Side;

/// A package whose library target is a shared library as well.
struct Package {
    name: &'static str,
    version: &'static str,
    library: &'static str,
}

const PACKAGES: &[Package] =
    &[Package { name: "omq-libzmq", version: "=0.8.0", library: "omq_zmq" }];

/// Builds them all. That takes minutes the first time.
pub fn build() -> Result<Vec<Side>> {
    PACKAGES.iter().map(Package::build).collect()
}

impl Package {
    fn build(&self) -> Result<Side> {
        let project = work::root().join("peers").join(self.name);
        let target = project.join("target");
        let failed = |error| format!("{}: {error}", project.display());
        fs::create_dir_all(project.join("src")).map_err(failed)?;
        fs::write(project.join("Cargo.toml"), self.manifest()).map_err(failed)?;
        fs::write(project.join("src/lib.rs"), "").map_err(failed)?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--release", "--target-dir"]).arg(&target).current_dir(&project);
        let status = build.status().map_err(failed)?;
        if !status.success() {
            return Err(format!("cannot build {}", self.name));
        }
        let library = self.find(&target.join("release/deps")).map_err(failed)?;
        let library = library.ok_or(format!("{} made no shared library", self.name))?;
        let link = project.join(SONAME);
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(library, &link).map_err(failed)?;
        Ok(Side { name: self.name.to_owned(), folder: project })
    }

    fn manifest(&self) -> String {
        let Package { name, version, .. } = self;
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
