//! `install` and `uninstall`. Everything is made and checked before the first file of the prefix
//! changes; on any error the prefix is as it was.

use crate::build::{self, Built, Profile};
use crate::layout::{Image, Layout, SONAME};
use crate::manifest::{self, Laid, Manifest};
use crate::place::{self, Placement};
use crate::{during, Result};
use clap::Args;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where an installation lies.
#[derive(Args)]
pub struct Place {
    /// Where the library is to be used from
    #[arg(long, value_name = "DIR", default_value = "/usr/local")]
    pub prefix: PathBuf,
    /// A folder that stands for the root of the file system, for packagers
    #[arg(long, value_name = "DIR")]
    pub destdir: Option<PathBuf>,
    /// Where libraries go, relative to the prefix: Debian's is lib/x86_64-linux-gnu or the like
    #[arg(long, value_name = "DIR", default_value = "lib")]
    pub libdir: String,
    /// Build as the user who calls, and have only the files laid or removed by root, through sudo
    #[arg(long)]
    pub sudo: bool,
}

impl Place {
    fn needs_sudo(&self) -> bool {
        self.sudo && !is_root()
    }

    /// Root lays what the user has built: cargo does not run as root, and `target/` stays the user's.
    fn install_by_sudo(&self, built: &Built) -> Result<()> {
        let folder = built.folder("setup");
        during(fs::create_dir_all(&folder), folder.display())?;
        let of = built.shared.parent().unwrap_or(&folder);
        self.by_sudo("install", &[OsStr::new("--built"), of.as_os_str()])
    }

    /// Runs a command of ours once more, as root.
    fn by_sudo(&self, command: &str, more: &[&OsStr]) -> Result<()> {
        let ourselves = during(std::env::current_exe(), "where this program lies")?;
        let mut sudo = Command::new("sudo");
        sudo.arg(ourselves).arg(command).arg("--prefix").arg(&self.prefix);
        sudo.args(["--libdir", &self.libdir]).args(more);
        if let Some(destdir) = &self.destdir {
            sudo.arg("--destdir").arg(during(std::path::absolute(destdir), "--destdir")?);
        }
        match during(sudo.status(), "cannot run sudo")? {
            status if status.success() => Ok(()),
            status => Err(format!("{command} as root failed: {status}")),
        }
    }

    fn layout(&self) -> Result<Layout> {
        Layout::new(&self.prefix, &self.libdir)
    }

    /// The folder that is the prefix for now.
    fn root(&self, layout: &Layout) -> Result<PathBuf> {
        let Some(destdir) = &self.destdir else { return Ok(PathBuf::from(&layout.prefix)) };
        let destdir = during(std::path::absolute(destdir), "--destdir")?;
        let inside = layout.prefix.trim_start_matches('/');
        Ok(if inside.is_empty() { destdir } else { destdir.join(inside) })
    }
}

#[derive(Args)]
pub struct Install {
    #[command(flatten)]
    pub place: Place,
    /// How to build
    #[arg(long, value_enum, default_value = "release")]
    pub profile: Profile,
    /// Lay what was built before, in this folder
    #[arg(long, value_name = "DIR", hide = true)]
    pub built: Option<PathBuf>,
}

pub fn install(options: &Install) -> Result<()> {
    let layout = options.place.layout()?;
    if options.place.needs_sudo() {
        let built = build::build(options.profile)?;
        return options.place.install_by_sudo(&built);
    }
    let root = options.place.root(&layout)?;
    let before = Manifest::read(&root)?.unwrap_or_default();
    writable(&root)?;
    let built = match &options.built {
        Some(folder) => Built::in_folder(folder)?,
        None => build::build(options.profile)?,
    };
    place::hold_signals()?;
    let image = Image::new(&built, &layout, &built.folder("setup"))?;
    let count = lay(&image, &root, &before)?;
    println!("{count} files are installed in {}", root.display());
    if options.place.destdir.is_none() {
        tell_the_linker(&layout);
    }
    Ok(())
}

pub fn uninstall(place: &Place) -> Result<()> {
    let layout = place.layout()?;
    if place.needs_sudo() {
        return place.by_sudo("uninstall", &[]);
    }
    let root = place.root(&layout)?;
    let Some(laid) = Manifest::read(&root)? else {
        return Err(format!("nothing of ours is installed in {}", root.display()));
    };
    for laid in &laid.files {
        if !remove(&root, laid)? {
            println!("{} was changed since, and stays", root.join(&laid.path).display());
        }
    }
    let list = root.join(manifest::PATH);
    during(fs::remove_file(&list), format!("cannot remove {}", list.display()))?;
    remove_folders(&root, &laid.folders);
    println!("what was installed in {} is removed", root.display());
    if place.destdir.is_none() && searched(&layout) && is_root() {
        ldconfig();
    }
    Ok(())
}

/// Puts an image in place, with a manifest that also knows what an earlier one laid.
pub fn lay(image: &Image, root: &Path, before: &Manifest) -> Result<usize> {
    let mut files = image.files()?;
    let mut laid = Manifest::default();
    for file in &files {
        laid.files.push(Laid::look(&image.root, file)?);
    }
    files.push(manifest::PATH.into());
    let mut placement = Placement::new(root, &files)?;
    for folder in files.iter().filter_map(|file| file.parent()) {
        placement.folder(&root.join(folder))?;
    }
    let fresh = placement.folders.iter().map(|folder| seen_from(root, folder));
    laid.folders = before.folders.iter().cloned().chain(fresh).collect();
    image.write(&laid.text(), manifest::PATH)?;
    for file in &files {
        placement.stage(&image.root.join(file), root.join(file))?;
    }
    placement.commit()?;
    placement.finish();
    // What only the earlier installation had. The new one is complete without it.
    for old in before.files.iter().filter(|old| !files.contains(&old.path)) {
        remove(root, old)?;
    }
    Ok(files.len())
}

/// `folder` as a path from `root`, which it is in, or which is in it.
fn seen_from(root: &Path, folder: &Path) -> PathBuf {
    match (folder.strip_prefix(root), root.strip_prefix(folder)) {
        (Ok(below), _) => below.to_owned(),
        (_, Ok(above)) => above.components().map(|_| "..").collect(),
        _ => folder.to_owned(),
    }
}

/// Removes a file of ours if it still is ours: false if it is not.
fn remove(root: &Path, laid: &Laid) -> Result<bool> {
    let path = root.join(&laid.path);
    if fs::symlink_metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok(true);
    }
    if !Laid::look(root, &laid.path).is_ok_and(|present| present == *laid) {
        return Ok(false);
    }
    during(fs::remove_file(&path), format!("cannot remove {}", path.display()))?;
    Ok(true)
}

/// The inner ones first; those that somebody else has something in stay.
fn remove_folders(root: &Path, folders: &[PathBuf]) {
    let mut below: Vec<_> = folders.iter().filter(|folder| !folder.starts_with("..")).collect();
    below.sort_by_key(|folder| std::cmp::Reverse(folder.components().count()));
    let mut above: Vec<_> = folders.iter().filter(|folder| folder.starts_with("..")).collect();
    above.sort_by_key(|folder| folder.components().count());
    for folder in below {
        let _ = fs::remove_dir(root.join(folder));
    }
    for folder in above {
        if let Some(outer) = root.ancestors().nth(folder.components().count()) {
            let _ = fs::remove_dir(outer);
        }
    }
}

/// Finds out before a build of minutes that the prefix cannot be written to.
fn writable(root: &Path) -> Result<()> {
    let present = root.ancestors().find(|folder| fs::symlink_metadata(folder).is_ok());
    let folder = present.unwrap_or(Path::new("/"));
    if !folder.is_dir() {
        return Err(format!("{} is in the way: it is not a folder", folder.display()));
    }
    let probe = folder.join(format!(".zeroxide-{}", std::process::id()));
    fs::create_dir(&probe).map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::PermissionDenied => " (with --sudo, you build and root lays the files)",
            _ => "",
        };
        format!("cannot write to {}: {error}{advice}", folder.display())
    })?;
    during(fs::remove_dir(&probe), probe.display())
}

/// The dynamic linker finds libraries in a cache that only root may bring up to date.
fn tell_the_linker(layout: &Layout) {
    let libdir = format!("{}/{}", layout.prefix.trim_end_matches('/'), layout.libdir);
    if !searched(layout) {
        println!("programs find {SONAME} with LD_LIBRARY_PATH={libdir}");
    } else if is_root() && ldconfig() {
        println!("ldconfig was run: programs find {SONAME} from now on");
    } else {
        println!("run ldconfig as root, for programs to find {SONAME} in {libdir}");
    }
}

/// Whether this is a prefix that the linker's cache is made for.
fn searched(layout: &Layout) -> bool {
    ["/", "/usr", "/usr/local"].contains(&layout.prefix.as_str())
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

fn ldconfig() -> bool {
    let candidates = ["/sbin/ldconfig", "/usr/sbin/ldconfig", "ldconfig"];
    candidates.iter().any(|path| Command::new(path).status().is_ok_and(|status| status.success()))
}
