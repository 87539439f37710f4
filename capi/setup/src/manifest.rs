//! What an installation laid: a text file in the prefix, a line for each file, link and folder. What
//! is in it is only ever taken for a path below the prefix, whoever wrote it.

use crate::{during, Result};
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// Where it lies, relative to the prefix.
pub const PATH: &str = "share/zeroxide/manifest";

const TITLE: &str = "zeroxide's installation: kind, content, path";

#[derive(Default)]
pub struct Manifest {
    pub files: Vec<Laid>,
    /// The folders that were made for them, outer ones first; relative to the prefix.
    pub folders: Vec<PathBuf>,
}

/// A file or link, and how to tell whether it is still the one that was laid.
#[derive(PartialEq, Eq)]
pub struct Laid {
    pub path: PathBuf,
    pub content: String,
}

impl Laid {
    /// What lies at `path` in `root`.
    pub fn look(root: &Path, path: &Path) -> Result<Laid> {
        let full = root.join(path);
        let content = match fs::read_link(&full) {
            Ok(target) => format!("link {}", target.display()),
            Err(_) => format!("file {:016x}", hash(&during(fs::read(&full), full.display())?)),
        };
        Ok(Laid { path: path.to_owned(), content })
    }
}

/// FNV-1a: it has to notice another file, not an adversary.
fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

impl Manifest {
    /// The manifest in `root`, if there is one.
    pub fn read(root: &Path) -> Result<Option<Manifest>> {
        let path = root.join(PATH);
        match fs::read_to_string(&path) {
            Ok(text) => Manifest::parse(&text).map(Some).ok_or_else(|| {
                format!(
                    "{} is damaged: nothing is done, since it has to say what is ours",
                    path.display()
                )
            }),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(error) => Err(format!("cannot read {}: {error}", path.display())),
        }
    }

    fn parse(text: &str) -> Option<Manifest> {
        let mut lines = text.lines();
        lines.next().filter(|title| *title == TITLE)?;
        let mut manifest = Manifest::default();
        for line in lines {
            let (content, path) = line.split_once('\t')?;
            let path = PathBuf::from(path);
            let below = path.components().all(|part| matches!(part, Component::Normal(_)));
            let above = path.components().all(|part| matches!(part, Component::ParentDir));
            match content.split_once(' ') {
                Some(("file" | "link", _)) if below && path != Path::new("") => {
                    manifest.files.push(Laid { path, content: content.into() });
                }
                // The prefix itself, and what it lies in, may have been made for it.
                None if content == "folder" && (below || above) => manifest.folders.push(path),
                _ => return None,
            }
        }
        Some(manifest)
    }

    pub fn text(&self) -> String {
        let mut text = format!("{TITLE}\n");
        for folder in &self.folders {
            text += &format!("folder\t{}\n", folder.display());
        }
        for file in &self.files {
            text += &format!("{}\t{}\n", file.content, file.path.display());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Manifest> {
        Manifest::parse(&format!("{TITLE}\n{line}\n"))
    }

    #[test]
    fn what_is_written_is_read() {
        let text =
            format!("{TITLE}\nfolder\t..\nfolder\t\nfolder\tlib\nlink a\tlib/b\nfile 0f\tlib/a\n");
        let manifest = Manifest::parse(&text).unwrap();
        assert_eq!((manifest.files.len(), manifest.folders.len()), (2, 3));
        assert_eq!(manifest.text(), text);
    }

    #[test]
    fn paths_stay_in_the_prefix() {
        for bad in
            ["file 0\t/etc/passwd", "file 0\t../x", "file 0\ta/../../x", "folder\t../x", "file 0\t"]
        {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn damage_is_noticed() {
        for bad in ["file", "file 0 lib/x", "socket 0\tx", "folder 1\tx"] {
            assert!(parse(bad).is_none(), "{bad}");
        }
        assert!(Manifest::parse("").is_none());
        assert!(Manifest::parse("another program's\n").is_none());
    }
}
