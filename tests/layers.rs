//! The order of the house: imports go one way, unsafe code lives where it may, files stay small.
//!
//! The arrows are those of the map in `src/lib.rs`. A module may use what lies before it on any way along
//! the arrows, and itself.
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Who may use whom directly. What these may use in turn comes with them.
const ARROWS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("options", &["error"]),
    ("sys", &["error", "options"]),
    ("sync", &["sys"]),
    ("message", &["sys", "sync"]),
    ("wire", &["message"]),
    ("security", &["wire"]),
    ("link", &["message"]),
    ("pattern", &["link"]),
    ("transport", &["sys"]),
    ("engine", &["wire", "security", "transport", "link"]),
    ("runtime", &["engine"]),
    ("socket", &["pattern", "engine", "runtime"]),
];

/// What the protocol must not know: descriptors, clocks, the network.
const SANS_IO: &[&str] = &["wire", "security"];
const IO: &[&str] = &["std::os::fd", "std::time", "std::net", "std::fs", "std::thread", "libc::"];

/// Where unsafe code may be.
const UNSAFE: &[&str] = &[
    "src/sys/",
    "src/sync/",
    "src/message/block.rs",
    "src/message/inline.rs",
    "src/message/lent.rs",
];

/// Lines of code, that is without comments, blank lines and a test module at the end.
const LONGEST_FILE: usize = 600;

#[test]
fn imports_go_one_way() {
    let allowed = closure();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for source in sources() {
        let Some(module) = module_of(&source.path) else { continue };
        let Some(allowed) = allowed.get(module.as_str()) else {
            wrong.push(format!("{}: `{module}` has no place in the order", source.path));
            continue;
        };
        for used in used_modules(&source.statements()) {
            seen += 1;
            if used != module && !allowed.contains(used) {
                wrong.push(format!("{}: {module} uses {used}", source.path));
            }
        }
    }
    assert!(seen > 100, "the walk found next to nothing");
    assert!(wrong.is_empty(), "against the grain:\n{}", wrong.join("\n"));
}

#[test]
fn the_protocol_knows_no_descriptor_and_no_clock() {
    let mut wrong = Vec::new();
    for source in sources() {
        if !module_of(&source.path).is_some_and(|module| SANS_IO.contains(&module.as_str())) {
            continue;
        }
        for (number, line) in source.code() {
            for name in IO.iter().filter(|name| line.contains(*name)) {
                wrong.push(format!("{}:{number}: {name}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_forbidden_where_it_does_not_belong() {
    let mut wrong = Vec::new();
    for source in sources() {
        let may_be_unsafe = UNSAFE.iter().any(|place| source.path.starts_with(place));
        // Folders of modules with unsafe ones among them cannot forbid it for all.
        let parent = ["src/lib.rs", "src/message/mod.rs"].contains(&source.path.as_str());
        if !may_be_unsafe && !parent && !source.is_test() && !forbids_unsafe(&source.text) {
            wrong.push(source.path);
        }
    }
    assert!(wrong.is_empty(), "without #![forbid(unsafe_code)]:\n{}", wrong.join("\n"));
}

#[test]
fn files_can_be_held_in_the_head() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|source| (source.code().count(), source.path))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, path)| format!("{path}: {lines} lines of code"))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

struct Source {
    /// Relative to the crate.
    path: String,
    text: String,
}

impl Source {
    /// Numbered lines without comments and blank lines, up to a test module at the end.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        let end = if self.is_test() { 0 } else { self.production_lines() };
        numbered.take(end).filter(|(_, line)| !line.is_empty() && !line.starts_with("//"))
    }

    /// The code on one line, so that a `use` over several lines is like any other.
    fn statements(&self) -> String {
        self.code().map(|(_, line)| line).collect::<Vec<_>>().join(" ")
    }

    fn production_lines(&self) -> usize {
        let lines: Vec<&str> = self.text.lines().collect();
        let starts_tests = |(index, line): (usize, &&str)| {
            line.starts_with("#[cfg(")
                && line.contains("test")
                && lines[index + 1..]
                    .first()
                    .is_some_and(|next| next.starts_with("mod ") && next.trim_end().ends_with('{'))
        };
        lines.iter().enumerate().position(starts_tests).unwrap_or(lines.len())
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs")
            || self.path.ends_with("/testing.rs")
            || self.path.contains("/tests/")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join("src"), &mut files);
    assert!(files.len() > 50, "the walk found {} files", files.len());
    let read = |file: PathBuf| Source {
        path: file.strip_prefix(root).unwrap().to_str().unwrap().to_owned(),
        text: fs::read_to_string(&file).unwrap(),
    };
    files.into_iter().map(read).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|suffix| suffix == "rs") {
            files.push(path);
        }
    }
    files.sort();
}

/// `src/link/end.rs` belongs to `link`, `src/error.rs` to `error`, the crate's root to none.
fn module_of(path: &str) -> Option<String> {
    let name = path.strip_prefix("src/")?.split('/').next()?;
    let name = name.strip_suffix(".rs").unwrap_or(name);
    // The root, what it hands out, and what is a program on top of the library.
    (!["lib", "internal", "bin"].contains(&name)).then(|| name.to_owned())
}

/// All `x` of `crate::x`, and of `crate::{x, y::z}`.
fn used_modules(code: &str) -> Vec<&str> {
    let mut used = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '$') {
            continue;
        }
        let rest = &code[at + found.len()..];
        match rest.strip_prefix('{') {
            Some(list) => used.extend(top_level_names(list)),
            None => used.extend(name_at(rest)),
        }
    }
    used.retain(|name| ARROWS.iter().any(|(module, _)| module == name));
    used
}

fn top_level_names(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (at, char) in list.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.extend(name_at(list[start..at].trim()));
                return names;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.extend(name_at(list[start..at].trim()));
                start = at + 1;
            }
            _ => {}
        }
    }
    names
}

fn name_at(text: &str) -> Option<&str> {
    let end = text.find(|char: char| !char.is_alphanumeric() && char != '_');
    let name = &text[..end.unwrap_or(text.len())];
    (!name.is_empty()).then_some(name)
}

fn forbids_unsafe(text: &str) -> bool {
    let attribute = |line: &&str| !line.is_empty() && !line.starts_with("//");
    text.lines()
        .map(str::trim)
        .filter(attribute)
        .take(3)
        .any(|line| line == "#![forbid(unsafe_code)]")
}

/// All that each module may use.
fn closure() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut all: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (module, direct) in ARROWS {
        let mut may: BTreeSet<&str> = direct.iter().copied().collect();
        for used in *direct {
            may.extend(all.get(used).expect("a module comes after those it uses"));
        }
        // Both are usable by all, but for each other.
        if !["error", "options"].contains(module) {
            may.extend(["error", "options"]);
        }
        all.insert(module, may);
    }
    all
}

#[test]
fn the_walk_reads_imports_as_they_are_written() {
    assert_eq!(used_modules("use crate::sys::io::Stream; use crate::link;"), ["sys", "link"]);
    assert_eq!(
        used_modules("use crate::{error::Error, link::{a, b}, wire};"),
        ["error", "link", "wire"]
    );
    assert_eq!(
        used_modules("let x = crate::options::ids::FD + crate::link::MORE;"),
        ["options", "link"]
    );
    assert!(used_modules("pub(crate) use mycrate::sys::io;").is_empty());
    assert!(closure()["pattern"].contains("sync"));
    assert!(!closure()["pattern"].contains("transport"));
    assert!(!closure()["options"].contains("sys"));
}
