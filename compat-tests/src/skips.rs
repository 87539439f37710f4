//! What was not run on this machine, and what would run it.
//!
//! Each test program notes what it skips. When it has run whole, the notes are written to a file of its
//! own in the work folder, in place of those of its last run; [`table`] shows those of all programs.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use libtest_mimic::{Arguments, Trial};

use crate::{during, work, Result};

/// Name and reason of each test that was skipped so far.
static NOTES: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// A test is skipped. The reason names what is missing and, behind a colon, what would help.
pub fn note(test: &str, why: &str) {
    if let Ok(mut notes) = NOTES.lock() {
        notes.push((test.to_owned(), why.replace(['\n', '\t'], " ")));
    }
}

/// Runs the tests of a program, and ends it.
pub fn run(arguments: &Arguments, trials: Vec<Trial>) -> ! {
    let conclusion = libtest_mimic::run(arguments, trials);
    conclude(arguments);
    conclusion.exit()
}

/// Writes the notes of a program that has run whole.
pub fn conclude(arguments: &Arguments) {
    let whole = !arguments.list && arguments.filter.is_none() && arguments.skip.is_empty();
    if let (true, Err(error)) = (whole, write()) {
        eprintln!("what was skipped cannot be written down: {error}");
    }
}

fn write() -> Result<()> {
    let notes = NOTES.lock().map_or_else(|_| Vec::new(), |notes| notes.clone());
    let lines: String = notes.iter().map(|(test, why)| format!("{test}\t{why}\n")).collect();
    during(fs::create_dir_all(folder()), folder().display())?;
    work::write_changed(&folder().join(program()), lines.as_bytes())
}

fn folder() -> PathBuf {
    work::root().join("skipped")
}

/// The name of this test program, without what Cargo puts behind it.
fn program() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.rsplit_once('-').map_or(name.clone(), |(name, _)| name.to_owned())
}

/// All that the test programs skipped when they last ran whole: how many tests for which reason.
pub fn table() -> Result<String> {
    let mut reasons = BTreeMap::new();
    if folder().exists() {
        for file in work::entries(&folder())? {
            count(&file, &mut reasons)?;
        }
    }
    Ok(render(reasons))
}

/// For each reason the names of the tests, with that of their program.
type Reasons = BTreeMap<String, Vec<String>>;

fn count(file: &Path, reasons: &mut Reasons) -> Result<()> {
    let program = file.file_name().unwrap_or_default().to_string_lossy();
    let text = during(fs::read_to_string(file), file.display())?;
    for (test, why) in text.lines().filter_map(|line| line.split_once('\t')) {
        reasons.entry(why.to_owned()).or_default().push(format!("{program} {test}"));
    }
    Ok(())
}

fn render(reasons: Reasons) -> String {
    let total: usize = reasons.values().map(Vec::len).sum();
    let mut table = format!("== {total} tests were skipped\n");
    let mut rows: Vec<_> = reasons.into_iter().collect();
    rows.sort_by_key(|(_, tests)| std::cmp::Reverse(tests.len()));
    for (why, tests) in rows {
        let more = if tests.len() > 1 { ", ..." } else { "" };
        let _ = writeln!(table, "{:5}  {why} ({}{more})", tests.len(), tests[0]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commonest_reason_comes_first() {
        let reasons = [
            ("no b: get b".to_owned(), vec!["p one".to_owned()]),
            ("no c: get c".to_owned(), vec!["p two".to_owned(), "q three".to_owned()]),
        ];
        let table = render(reasons.into_iter().collect());
        let expected = "== 3 tests were skipped\n    2  no c: get c (p two, ...)\n    \
                        1  no b: get b (p one)\n";
        assert_eq!(table, expected);
    }
}
