//! `deb`: Debian packages that take the place of the distribution's. `dpkg-deb` writes them; no
//! package runs anything when it is installed, since a trigger brings the linker's cache up to date.

use crate::build::{self, workspace, Profile};
use crate::layout::{output, Image, Layout, SONAME, VERSION};
use crate::place::{self, Placement};
use crate::{during, Result};
use clap::Args;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Args)]
pub struct Deb {
    /// Where the packages go
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub output: PathBuf,
    /// How to build
    #[arg(long, value_enum, default_value = "release")]
    pub profile: Profile,
}

/// One binary package.
struct Package {
    name: &'static str,
    section: &'static str,
    /// Which files are its own, by how their path in /usr begins or ends. The first package fits.
    files: fn(&str) -> bool,
    /// What its control file says of other packages; `@version@` and `@libc@` are filled in.
    relations: &'static [(&'static str, &'static str)],
    title: &'static str,
    text: &'static str,
}

const PACKAGES: &[Package] = &[
    Package {
        name: "libzmq5-zeroxide",
        section: "libs",
        files: |path| path.contains("/libzmq.so.5"),
        relations: &[
            ("Depends", "@libc@, libgcc-s1 (>= 4.2)"),
            ("Provides", "libzmq5 (= @version@)"),
            ("Conflicts", "libzmq5"),
            ("Replaces", "libzmq5"),
            ("Multi-Arch", "same"),
        ],
        title: "ZeroMQ's shared library, by zeroxide",
        text: "Takes the place of libzmq5: what is linked to libzmq.so.5 runs on it unchanged.",
    },
    Package {
        name: "libzmq3-dev-zeroxide",
        section: "libdevel",
        files: |path| path.starts_with("include/") || path.starts_with("lib/"),
        relations: &[
            ("Depends", "libzmq5-zeroxide (= @version@)"),
            ("Provides", "libzmq3-dev (= @version@), libzmq5-dev (= @version@)"),
            ("Conflicts", "libzmq3-dev, libzmq5-dev, libzmq-dev"),
            ("Replaces", "libzmq3-dev, libzmq5-dev"),
            ("Multi-Arch", "same"),
        ],
        title: "ZeroMQ's headers and static library, by zeroxide",
        text: "Takes the place of libzmq3-dev: what is needed to build programs with ZeroMQ.",
    },
    Package {
        name: "zeroxide-tools",
        section: "net",
        files: |_| true,
        relations: &[("Depends", "@libc@, libgcc-s1 (>= 4.2)"), ("Recommends", "libzmq5-zeroxide")],
        title: "command-line tool for ZeroMQ",
        text: "The tool zmq talks to any ZeroMQ peer, and runs programs on zeroxide's library.",
    },
];

pub fn deb(options: &Deb) -> Result<()> {
    let architecture = output(Command::new("dpkg").arg("--print-architecture"));
    let architecture = during(architecture, "Debian packages are made on Debian")?;
    let folder = during(fs::canonicalize(&options.output), options.output.display())?;
    let built = build::build(options.profile)?;
    let layout = Layout::new(Path::new("/usr"), &format!("lib/{}", triplet()?))?;
    place::hold_signals()?;
    let image = Image::new(&built, &layout, &built.folder("setup"))?;
    let packer = Packer {
        version: format!("{VERSION}+zeroxide{}-1", env!("CARGO_PKG_VERSION")),
        architecture: architecture.trim().into(),
        libc: libc(&[Some(&built.shared), built.tool.as_ref()])?,
        files: image.files()?,
        image: &image,
    };
    let mut names = Vec::new();
    for (at, package) in PACKAGES.iter().enumerate() {
        names.extend(packer.pack(at, package)?);
    }
    let mut placement = Placement::new(&folder, &names)?;
    for name in &names {
        placement.stage(&image.root.join(name), folder.join(name))?;
    }
    placement.commit()?;
    placement.finish();
    for name in &names {
        println!("{}", folder.join(name).display());
    }
    Ok(())
}

struct Packer<'a> {
    image: &'a Image,
    files: Vec<PathBuf>,
    version: String,
    architecture: String,
    libc: String,
}

impl Packer<'_> {
    /// Makes the package in the image: its file name there, or nothing if it would be empty.
    fn pack(&self, at: usize, package: &Package) -> Result<Option<PathBuf>> {
        let own = |path: &&PathBuf| {
            let path = path.to_string_lossy();
            PACKAGES.iter().position(|package| (package.files)(&path)) == Some(at)
        };
        let files: Vec<_> = self.files.iter().filter(own).collect();
        if files.is_empty() {
            return Ok(None);
        }
        let root = format!("{}.d", package.name);
        let tree = Image { root: self.image.root.join(&root) };
        for file in files {
            let to = tree.path(&format!("usr/{}", debians(&file.to_string_lossy())))?;
            during(fs::rename(self.image.root.join(file), &to), to.display())?;
            strip(&to)?;
        }
        self.document(&tree, package)?;
        self.control(&tree, package)?;
        let name = format!("{}_{}_{}.deb", package.name, self.version, self.architecture);
        let mut command = Command::new("dpkg-deb");
        command.args(["--root-owner-group", "-Zxz", "-z3", "--build"]).arg(&tree.root);
        output(command.arg(self.image.root.join(&name)))?;
        Ok(Some(name.into()))
    }

    fn document(&self, tree: &Image, package: &Package) -> Result<()> {
        let folder = format!("usr/share/doc/{}", package.name);
        let licence = workspace().join("LICENSE-MIT");
        let licence = during(fs::read_to_string(&licence), licence.display())?;
        let paragraphs: Vec<_> = licence.lines().map(indented).collect();
        let text = include_str!("../templates/copyright")
            .replace("@url@", env!("CARGO_PKG_REPOSITORY"))
            .replace("@expat@", &paragraphs.join("\n"));
        tree.write(&text, &format!("{folder}/copyright"))?;
        let changes = format!(
            "zeroxide ({}) unstable; urgency=medium\n\n  * See {}/blob/main/CHANGELOG.md\n\n -- {}  {}",
            self.version,
            env!("CARGO_PKG_REPOSITORY"),
            maintainer(),
            date()?
        );
        let path = format!("{folder}/changelog.Debian");
        tree.write(&changes, &path)?;
        compress(&tree.root.join(path))?;
        for page in tree.files()?.iter().filter(|page| page.starts_with("usr/share/man")) {
            compress(&tree.root.join(page))?;
        }
        Ok(())
    }

    fn control(&self, tree: &Image, package: &Package) -> Result<()> {
        let files = tree.files()?;
        let mut sums = Command::new("md5sum");
        sums.arg("--").current_dir(&tree.root);
        let mut size = 0;
        for file in &files {
            let full = tree.root.join(file);
            let metadata = during(fs::symlink_metadata(&full), full.display())?;
            size += metadata.len().div_ceil(1024);
            if metadata.is_file() {
                sums.arg(file);
            }
        }
        tree.write(&output(&mut sums)?, "DEBIAN/md5sums")?;
        if package.section == "libs" {
            tree.write("activate-noawait ldconfig\n", "DEBIAN/triggers")?;
            let (library, major) = SONAME.split_once(".so.").unwrap_or((SONAME, ""));
            let wanted = format!("{library} {major} libzmq5 (>= {VERSION})\n");
            tree.write(&wanted, "DEBIAN/shlibs")?;
        }
        let mut text = format!(
            "Package: {}\nSource: zeroxide\nVersion: {}\nArchitecture: {}\nMaintainer: {}\n\
             Installed-Size: {size}\nSection: {}\nPriority: optional\nHomepage: {}\n",
            package.name,
            self.version,
            self.architecture,
            maintainer(),
            package.section,
            env!("CARGO_PKG_REPOSITORY")
        );
        for (field, value) in package.relations {
            let value = value.replace("@version@", &self.version).replace("@libc@", &self.libc);
            text += &format!("{field}: {value}\n");
        }
        text += &format!("Description: {}\n {}\n", package.title, package.text);
        tree.write(&text, "DEBIAN/control")
    }
}

/// Where Debian has a file that upstreams have elsewhere.
fn debians(path: &str) -> String {
    path.replace("share/zsh/site-functions/", "share/zsh/vendor-completions/")
}

/// A line of a licence, as a control file has it.
fn indented(line: &str) -> String {
    match line.trim() {
        "" => " .".into(),
        line => format!(" {line}"),
    }
}

/// Takes out what only a debugger reads. Libraries are not executable in Debian.
fn strip(file: &Path) -> Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let option = match (name.contains(".so."), name.ends_with(".a"), file.is_symlink()) {
        (_, _, true) => return Ok(()),
        (true, ..) => "--strip-unneeded",
        (_, true, _) => "--strip-debug",
        _ if file.ends_with("bin/zmq") => "--strip-all",
        _ => return Ok(()),
    };
    output(Command::new("strip").args([option, "--enable-deterministic-archives"]).arg(file))?;
    let mode = if option == "--strip-all" { 0o755 } else { 0o644 };
    during(fs::set_permissions(file, fs::Permissions::from_mode(mode)), file.display())
}

fn compress(file: &Path) -> Result<()> {
    output(Command::new("gzip").arg("-9n").arg(file)).map(drop)
}

fn maintainer() -> String {
    let or = |name, otherwise: &str| env::var(name).unwrap_or_else(|_| otherwise.into());
    format!("{} <{}>", or("DEBFULLNAME", "Zeroxide"), or("DEBEMAIL", "root@localhost"))
}

fn date() -> Result<String> {
    let mut date = Command::new("date");
    date.arg("-R").env("LC_ALL", "C");
    if let Ok(seconds) = env::var("SOURCE_DATE_EPOCH") {
        date.args(["-u", "-d", &format!("@{seconds}")]);
    }
    output(&mut date)
}

/// The folder of this machine's libraries.
fn triplet() -> Result<&'static str> {
    Ok(match env::consts::ARCH {
        "x86_64" => "x86_64-linux-gnu",
        "aarch64" => "aarch64-linux-gnu",
        "x86" => "i386-linux-gnu",
        "arm" => "arm-linux-gnueabihf",
        "riscv64" => "riscv64-linux-gnu",
        "powerpc64" => "powerpc64le-linux-gnu",
        "s390x" => "s390x-linux-gnu",
        other => return Err(format!("Debian's name for libraries of {other} is not known here")),
    })
}

/// The oldest libc that has everything that the files ask for: they name its versions.
fn libc(files: &[Option<&PathBuf>]) -> Result<String> {
    let mut newest = (2, 17);
    for file in files.iter().flatten() {
        newest =
            newest.max(newest_glibc(&during(fs::read(file), file.display())?).unwrap_or(newest));
    }
    Ok(format!("libc6 (>= {}.{})", newest.0, newest.1))
}

fn newest_glibc(file: &[u8]) -> Option<(u32, u32)> {
    const NAME: &[u8] = b"GLIBC_";
    let places = (0..file.len()).filter(|at| file[*at..].starts_with(NAME));
    let versions = places.filter_map(|at| {
        let text = &file[at + NAME.len()..];
        let text = text.split(|byte| *byte == 0).next()?;
        let (major, minor) = std::str::from_utf8(text).ok()?.split_once('.')?;
        Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
    });
    versions.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_glibc_is_found() {
        let file = b"\x7fELF\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.9\0GLIBC_PRIVATE\0GLIBC_";
        assert_eq!(newest_glibc(file), Some((2, 34)));
        assert_eq!(newest_glibc(b"none"), None);
    }

    #[test]
    fn each_file_has_its_package() {
        let of = |path| PACKAGES.iter().find(|package| (package.files)(path)).map(|it| it.name);
        assert_eq!(of("lib/x86_64-linux-gnu/libzmq.so.5.2.5"), Some("libzmq5-zeroxide"));
        assert_eq!(of("lib/x86_64-linux-gnu/libzmq.so.5"), Some("libzmq5-zeroxide"));
        assert_eq!(of("lib/x86_64-linux-gnu/libzmq.so"), Some("libzmq3-dev-zeroxide"));
        assert_eq!(of("include/zmq.h"), Some("libzmq3-dev-zeroxide"));
        assert_eq!(of("share/man/man1/zmq.1"), Some("zeroxide-tools"));
    }
}
