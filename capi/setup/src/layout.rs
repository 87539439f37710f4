//! The files of an installation, made as a tree of their own: the image. Nothing here touches the
//! place where they are to go.

use crate::build::{workspace, Built};
use crate::{during, Result};
use std::fs::{self, Permissions};
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Output};

/// libzmq's version that the API is of.
pub const VERSION: &str = "4.3.5";
pub const SONAME: &str = "libzmq.so.5";
/// The file behind the soname, called as upstream's release of that version calls it.
pub const SHARED: &str = "libzmq.so.5.2.5";

/// What a program needs that links to `libzmq.a`: the standard library's wishes.
/// The compiler brings the unwinder (`libgcc_s` or `libgcc_eh`) itself, the right one for `-static`.
const PRIVATE: &[&str] = &["-lrt", "-lpthread", "-lm", "-ldl"];

/// How a tree is laid out.
pub struct Layout {
    pub prefix: String,
    /// Relative to the prefix.
    pub libdir: String,
}

impl Layout {
    pub fn new(prefix: &Path, libdir: &str) -> Result<Layout> {
        let text = prefix.to_str().filter(|text| !text.contains(char::is_control));
        let text = text.ok_or_else(|| format!("--prefix {prefix:?}: it is to be plain text"))?;
        let plain =
            |path: &Path| path.components().all(|part| !matches!(part, Component::ParentDir));
        if !prefix.is_absolute() || !plain(prefix) {
            return Err(format!("--prefix {text}: it has to be an absolute path without '..'"));
        }
        let inside =
            Path::new(libdir).components().all(|part| matches!(part, Component::Normal(_)));
        if libdir.is_empty() || libdir.contains(char::is_control) || !inside {
            return Err(format!(
                "--libdir {libdir}: it has to be relative to the prefix, like lib"
            ));
        }
        let prefix = match text.trim_end_matches('/') {
            "" => "/",
            text => text,
        };
        Ok(Layout { prefix: prefix.into(), libdir: libdir.trim_end_matches('/').into() })
    }
}

/// A tree on its way to somewhere else. It is gone when this is dropped.
pub struct Image {
    pub root: PathBuf,
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

impl Image {
    /// Lays out `built` in a folder of its own below `folder`.
    pub fn new(built: &Built, layout: &Layout, folder: &Path) -> Result<Image> {
        let image = Image { root: folder.join(format!("image-{}", std::process::id())) };
        let _ = fs::remove_dir_all(&image.root);
        image.library(built, layout)?;
        image.development(built, layout)?;
        if let Some(tool) = &built.tool {
            image.tool(tool)?;
        }
        Ok(image)
    }

    fn library(&self, built: &Built, layout: &Layout) -> Result<()> {
        let libdir = &layout.libdir;
        self.copy(&built.shared, &format!("{libdir}/{SHARED}"), 0o755)?;
        self.link(SHARED, &format!("{libdir}/{SONAME}"))
    }

    fn development(&self, built: &Built, layout: &Layout) -> Result<()> {
        let libdir = &layout.libdir;
        self.link(SONAME, &format!("{libdir}/libzmq.so"))?;
        self.copy(&built.archive, &format!("{libdir}/libzmq.a"), 0o644)?;
        for header in ["zmq.h", "zmq_utils.h"] {
            let from = workspace().join("include").join(header);
            self.copy(&from, &format!("include/{header}"), 0o644)?;
        }
        for (template, name) in [
            (include_str!("../templates/libzmq.pc"), "pkgconfig/libzmq.pc"),
            (include_str!("../templates/ZeroMQConfig.cmake"), "cmake/ZeroMQ/ZeroMQConfig.cmake"),
            (
                include_str!("../templates/ZeroMQConfigVersion.cmake"),
                "cmake/ZeroMQ/ZeroMQConfigVersion.cmake",
            ),
        ] {
            let text = match name.ends_with(".pc") {
                // What pkg-config prints is read as words of a shell.
                true => fill(template, layout, " ", |path| path.replace(' ', "\\ ")),
                false => fill(template, layout, ";", str::to_owned),
            };
            self.write(&text, &format!("{libdir}/{name}"))?;
        }
        Ok(())
    }

    /// The tool, with the manual pages and completions that it writes itself.
    fn tool(&self, tool: &Path) -> Result<()> {
        self.copy(tool, "bin/zmq", 0o755)?;
        let manual = self.path("share/man/man1/zmq.1")?.with_file_name("");
        output(Command::new(tool).args(["man", "--output"]).arg(&manual))?;
        make_readable(&manual)?;
        for (shell, path) in [
            ("bash", "share/bash-completion/completions/zmq"),
            ("zsh", "share/zsh/site-functions/_zmq"),
            ("fish", "share/fish/vendor_completions.d/zmq.fish"),
        ] {
            self.write(&output(Command::new(tool).args(["completions", shell]))?, path)?;
        }
        Ok(())
    }

    fn copy(&self, from: &Path, to: &str, mode: u32) -> Result<()> {
        let to = self.path(to)?;
        during(fs::copy(from, &to), format!("cannot copy {} to {}", from.display(), to.display()))?;
        during(fs::set_permissions(&to, Permissions::from_mode(mode)), to.display())
    }

    pub fn write(&self, text: &str, to: &str) -> Result<()> {
        let to = self.path(to)?;
        during(fs::write(&to, text), format!("cannot write {}", to.display()))?;
        during(fs::set_permissions(&to, Permissions::from_mode(0o644)), to.display())
    }

    fn link(&self, target: &str, name: &str) -> Result<()> {
        let name = self.path(name)?;
        during(symlink(target, &name), format!("cannot make the link {}", name.display()))
    }

    /// A path in the image, with the folder it lies in.
    pub fn path(&self, relative: &str) -> Result<PathBuf> {
        let path = self.root.join(relative);
        let folder = path.parent().unwrap_or(&self.root);
        if !folder.exists() {
            during(fs::create_dir_all(folder), format!("cannot make {}", folder.display()))?;
            // Whatever the umask is: packages are for everybody.
            for folder in folder.ancestors().take_while(|folder| folder.starts_with(&self.root)) {
                during(
                    fs::set_permissions(folder, Permissions::from_mode(0o755)),
                    folder.display(),
                )?;
            }
        }
        Ok(path)
    }

    /// Files and links, sorted, relative to the root.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in during(fs::read_dir(&folder), folder.display())? {
                let path = during(entry, folder.display())?.path();
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                } else if let Ok(relative) = path.strip_prefix(&self.root) {
                    files.push(relative.to_owned());
                }
            }
        }
        files.sort();
        Ok(files)
    }
}

fn fill(
    template: &str,
    layout: &Layout,
    separator: &str,
    quote: impl Fn(&str) -> String,
) -> String {
    let depth = Path::new(&layout.libdir).components().count();
    let pointer = size_of::<usize>().to_string();
    let private = PRIVATE.join(separator);
    [
        ("@prefix@", quote(&layout.prefix).as_str()),
        ("@libdir@", &quote(&layout.libdir)),
        ("@up@", &vec![".."; depth].join("/")),
        ("@version@", VERSION),
        ("@soname@", SONAME),
        ("@shared@", SHARED),
        ("@private@", &private),
        ("@pointer@", &pointer),
        ("@url@", env!("CARGO_PKG_REPOSITORY")),
    ]
    .iter()
    .fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// What a program prints; that it fails is an error.
pub fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = during(command.output(), format!("cannot run {name}"))?;
    if !done.status.success() {
        return Err(format!("{name} failed: {}", last_line(&done)));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// The last words of a program, which are mostly the reason why it failed. Some say it on stdout.
fn last_line(done: &Output) -> String {
    let said = [&done.stderr, &done.stdout].map(|said| String::from_utf8_lossy(said));
    let mut lines = said.iter().filter_map(|said| said.trim().lines().last());
    lines.next().map_or_else(|| done.status.to_string(), str::to_owned)
}

/// Lets everybody read the files of a folder, whatever the umask of the program that wrote them.
fn make_readable(folder: &Path) -> Result<()> {
    for entry in during(fs::read_dir(folder), folder.display())? {
        let file = during(entry, folder.display())?.path();
        during(fs::set_permissions(&file, Permissions::from_mode(0o644)), file.display())?;
    }
    Ok(())
}
