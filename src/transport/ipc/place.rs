//! Where a listening socket lives in the file system: the file itself, and for `ipc://*` the
//! directory made for it. What we made we remove, and nothing else: a path may have been taken
//! over by another process meanwhile, which the manual allows.
#![forbid(unsafe_code)]

use std::env;
use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::sys::fork;
use crate::sys::process::random_u32;

/// A path (or abstract name) to bind to; left when dropped.
#[derive(Debug)]
pub(super) struct Place {
    address: String,
    /// The directory that was made for the socket.
    directory: Option<PathBuf>,
    /// Device and inode of the socket's file, once it is bound.
    file: Option<(u64, u64)>,
    /// A forked child leaves alone what its parent still uses.
    generation: u32,
}

impl Place {
    /// The place that an address means: for `*`, a new directory of our own.
    pub(super) fn choose(address: &str) -> Result<Place> {
        let generation = fork::generation();
        if !address.starts_with('*') {
            return Ok(Place {
                address: address.to_owned(),
                directory: None,
                file: None,
                generation,
            });
        }
        let directory = make_directory(&temporary_directory())?;
        let address = directory.join("socket").to_str().map(str::to_owned);
        let place = Place {
            address: address.clone().unwrap_or_default(),
            directory: Some(directory),
            file: None,
            generation,
        };
        match address {
            Some(_) => Ok(place),
            // Only now, so that the directory goes again.
            None => Err(Error::Invalid),
        }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The file, unless the address is an abstract name.
    fn path(&self) -> Option<&Path> {
        (!self.address.starts_with('@')).then(|| Path::new(&self.address))
    }

    /// Removes what is in the way of binding: a socket, in use or left by a crash, or an empty
    /// file, as made by programs that reserve a temporary name. A file with content stays, and
    /// binding fails.
    pub(super) fn make_way(&self) {
        let Some(path) = self.path() else { return };
        let Ok(found) = fs::symlink_metadata(path) else { return };
        let kind = found.file_type();
        if kind.is_socket() || kind.is_symlink() || (kind.is_file() && found.len() == 0) {
            // If it cannot be removed, binding will say why.
            let _ = fs::remove_file(path);
        }
    }

    /// The socket is bound: remembers which file is ours.
    pub(super) fn taken(&mut self) {
        self.file = self.path().and_then(|path| fs::symlink_metadata(path).ok()).map(identity);
    }

    /// Removes the file, if it is still ours, and the directory made for it.
    pub(super) fn leave(mut self) -> io::Result<()> {
        self.clear()
    }

    fn clear(&mut self) -> io::Result<()> {
        let (file, directory) = (self.file.take(), self.directory.take());
        if self.generation != fork::generation() {
            return Ok(());
        }
        if let (Some(ours), Some(path)) = (file, self.path()) {
            match fs::symlink_metadata(path).map(identity) {
                Ok(found) if found == ours => fs::remove_file(path)?,
                // Gone with all we made, which is as good; or another's by now.
                _ => {}
            }
        }
        match directory {
            Some(directory) => fs::remove_dir(directory),
            None => Ok(()),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Nobody is left to tell.
        let _ = self.clear();
    }
}

fn identity(found: Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

/// The first of the usual variables that names a directory, or else `/tmp`.
fn temporary_directory() -> PathBuf {
    ["TMPDIR", "TEMPDIR", "TMP"]
        .iter()
        .filter_map(env::var_os)
        .map(PathBuf::from)
        .find(|path| path.is_dir())
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// A new directory with a name nobody has, that nobody else may look into.
fn make_directory(parent: &Path) -> io::Result<PathBuf> {
    const ATTEMPTS: usize = 100;
    let mut last = io::ErrorKind::AlreadyExists.into();
    for _ in 0..ATTEMPTS {
        let path = parent.join(format!("tmp{:08x}", random_u32()));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// A directory that goes with the test.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Scratch {
            Scratch(make_directory(&temporary_directory()).unwrap())
        }

        fn file(&self, name: &str) -> String {
            self.0.join(name).to_str().unwrap().to_owned()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_wildcard_gets_a_directory_that_goes_again() {
        let mut place = Place::choose("*").unwrap();
        let directory = Path::new(place.address()).parent().unwrap().to_owned();
        assert_eq!(fs::metadata(&directory).unwrap().mode() & 0o777, 0o700);
        let _socket = UnixListener::bind(place.address()).unwrap();
        place.taken();
        place.leave().unwrap();
        assert!(!directory.exists());

        let unused = Place::choose("*").unwrap();
        let directory = Path::new(unused.address()).parent().unwrap().to_owned();
        drop(unused);
        assert!(!directory.exists());
    }

    #[test]
    fn only_sockets_and_empty_files_make_way() {
        let scratch = Scratch::new();
        let stale = scratch.file("stale");
        drop(UnixListener::bind(&stale).unwrap());
        let empty = scratch.file("empty");
        fs::write(&empty, b"").unwrap();
        let full = scratch.file("full");
        fs::write(&full, b"precious").unwrap();
        for path in [&stale, &empty, &full] {
            Place::choose(path).unwrap().make_way();
        }
        assert!(!Path::new(&stale).exists());
        assert!(!Path::new(&empty).exists());
        assert_eq!(fs::read(&full).unwrap(), b"precious");
    }

    #[test]
    fn a_path_that_another_took_over_stays() {
        let scratch = Scratch::new();
        let path = scratch.file("shared");
        let mut place = Place::choose(&path).unwrap();
        let _ours = UnixListener::bind(&path).unwrap();
        place.taken();
        fs::remove_file(&path).unwrap();
        let _theirs = UnixListener::bind(&path).unwrap();
        place.leave().unwrap();
        assert!(Path::new(&path).exists());
    }

    #[test]
    fn an_abstract_name_is_no_file() {
        let mut place = Place::choose("@name").unwrap();
        place.make_way();
        place.taken();
        assert_eq!(place.file, None);
        place.leave().unwrap();
    }
}
