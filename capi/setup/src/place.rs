//! Puts an image in place, whole or not at all. New files are written beside their places, under
//! names of their own, and then renamed: a program that runs keeps the library that it has, and
//! nobody ever sees half a file. It never follows or keeps a file that is in the way of one of ours.

use crate::{during, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{symlink, DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// From now on Ctrl-C and the like do not end us amid the work: [`go_on`] says no instead.
pub fn hold_signals() -> Result<()> {
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        let interrupted = INTERRUPTED.get_or_init(Arc::default).clone();
        during(signal_hook::flag::register(signal, interrupted), "signals")?;
    }
    Ok(())
}

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

fn go_on() -> Result<()> {
    let interrupted = INTERRUPTED.get().is_some_and(|flag| flag.load(Ordering::Relaxed));
    if interrupted {
        return Err("interrupted: everything is as it was".into());
    }
    Ok(())
}

/// What was done so far; a drop before [`Placement::finish`] undoes it.
pub struct Placement {
    /// In the order in which they were made.
    pub folders: Vec<PathBuf>,
    files: Vec<Placed>,
    finished: bool,
}

struct Placed {
    target: PathBuf,
    fresh: PathBuf,
    /// What was there before, under another name.
    old: Option<PathBuf>,
    renamed: bool,
}

impl Placement {
    /// Nothing is done yet; but whatever is in the way is found now.
    pub fn new(root: &Path, files: &[PathBuf]) -> Result<Placement> {
        for file in files {
            check(&root.join(file))?;
        }
        Ok(Placement { folders: Vec::new(), files: Vec::new(), finished: false })
    }

    /// Makes a folder, and those that it lies in.
    pub fn folder(&mut self, folder: &Path) -> Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        if let Some(outer) = folder.parent() {
            self.folder(outer)?;
        }
        let what = || format!("cannot make the folder {}", folder.display());
        during(DirBuilder::new().mode(0o755).create(folder), what())?;
        self.folders.push(folder.to_owned());
        let readable = fs::set_permissions(folder, fs::Permissions::from_mode(0o755));
        during(readable, what())
    }

    /// Writes a file or link beside its place.
    pub fn stage(&mut self, from: &Path, target: PathBuf) -> Result<()> {
        go_on()?;
        let what = format!("cannot write {}", target.display());
        if let Some(folder) = target.parent() {
            self.folder(folder)?;
        }
        let fresh = beside(&target, "new");
        let placed = Placed { target, fresh: fresh.clone(), old: None, renamed: false };
        self.files.push(placed);
        during(copy(from, &fresh), what)
    }

    /// Renames all that was staged. From here on the new tree is the one that is seen.
    pub fn commit(&mut self) -> Result<()> {
        for file in &mut self.files {
            go_on()?;
            let what = format!("cannot put {} in place", file.target.display());
            if fs::symlink_metadata(&file.target).is_ok() {
                let old = beside(&file.target, "old");
                during(fs::hard_link(&file.target, &old), &what)?;
                file.old = Some(old);
            }
            during(fs::rename(&file.fresh, &file.target), &what)?;
            file.renamed = true;
        }
        Ok(())
    }

    /// Forgets how to go back.
    pub fn finish(mut self) {
        self.finished = true;
        for old in self.files.iter().filter_map(|file| file.old.as_ref()) {
            let _ = fs::remove_file(old);
        }
    }
}

impl Drop for Placement {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        for file in self.files.iter().rev() {
            let _ = match (&file.old, file.renamed) {
                (Some(old), true) => fs::rename(old, &file.target),
                (Some(old), false) => fs::remove_file(old),
                (None, true) => fs::remove_file(&file.target),
                (None, false) => Ok(()),
            };
            let _ = fs::remove_file(&file.fresh);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// A name in the same folder that nothing else has.
fn beside(target: &Path, what: &str) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{what}-{}", std::process::id()))
}

/// Nothing may be where `target` goes but a file, and it lies in folders.
fn check(target: &Path) -> Result<()> {
    if fs::symlink_metadata(target).is_ok_and(|present| present.is_dir()) {
        return Err(format!("{} is in the way: it is a folder", target.display()));
    }
    for outer in target.ancestors().skip(1) {
        match fs::metadata(outer) {
            Ok(present) if present.is_dir() => return Ok(()),
            Ok(_) => return Err(format!("{} is in the way: it is not a folder", outer.display())),
            // A link that leads nowhere is there, and yet is nothing.
            Err(_) if outer.is_symlink() => {
                return Err(format!("{} is in the way: it leads nowhere", outer.display()));
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// Copies a file with its mode, or a link as a link, and sees that it reaches the disk.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let _ = fs::remove_file(to);
    if let Ok(target) = fs::read_link(from) {
        return symlink(target, to);
    }
    let mut source = File::open(from)?;
    let mut copy = File::create_new(to)?;
    io::copy(&mut source, &mut copy)?;
    copy.set_permissions(source.metadata()?.permissions())?;
    copy.sync_all()
}
