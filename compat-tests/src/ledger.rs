//! What each of upstream's programs is expected to do. The ledger is a file of the repository, so
//! that a change of it shows in a commit; see the comment at its top for the form.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{during, Result};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Pass,
    /// It passes if it is built for the DRAFT API. The reference is a stable build, and has no part
    /// in it.
    Draft,
    /// It is ours to make it pass, for the reason given.
    NotYet(String),
    /// It cannot pass on a stable build, not with the reference either.
    NotApplicable(String),
}

/// Reads the ledger of this repository.
pub fn read() -> Result<BTreeMap<String, State>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ledger.toml");
    let text = during(fs::read_to_string(&path), path.display())?;
    parse(&text)
}

fn parse(text: &str) -> Result<BTreeMap<String, State>> {
    let mut programs = BTreeMap::new();
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let wrong = || format!("ledger: cannot read `{line}`");
        let (name, value) = line.split_once('=').ok_or_else(wrong)?;
        let value = value.trim().strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let state = value.and_then(state).ok_or_else(wrong)?;
        if programs.insert(name.trim().to_owned(), state).is_some() {
            return Err(format!("ledger: {} is there twice", name.trim()));
        }
    }
    Ok(programs)
}

fn state(text: &str) -> Option<State> {
    match text {
        "pass" => return Some(State::Pass),
        "draft" => return Some(State::Draft),
        _ => {}
    }
    let (word, reason) = text.split_once(": ")?;
    match word {
        "not-yet" => Some(State::NotYet(reason.to_owned())),
        "n/a" => Some(State::NotApplicable(reason.to_owned())),
        _ => None,
    }
}

/// Names every difference between the ledger and the programs that exist.
pub fn differences(ledger: &BTreeMap<String, State>, programs: &[String]) -> Vec<String> {
    let unlisted = programs.iter().filter(|name| !ledger.contains_key(*name));
    let unknown = ledger.keys().filter(|name| !programs.contains(name));
    unlisted
        .map(|name| format!("{name} is not in the ledger"))
        .chain(unknown.map(|name| format!("{name} is in the ledger, but upstream has none")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_has_three_states() {
        let text = "# comment\na = \"pass\"\nd = \"draft\"\n\nb = \"not-yet: later\"\nc = \"n/a: DRAFT\"\n";
        let ledger = parse(text).unwrap();
        assert_eq!(ledger["a"], State::Pass);
        assert_eq!(ledger["b"], State::NotYet("later".into()));
        assert_eq!(ledger["c"], State::NotApplicable("DRAFT".into()));
        assert_eq!(ledger["d"], State::Draft);
    }

    #[test]
    fn a_ledger_with_a_mistake_is_refused() {
        for text in
            ["a", "a = pass", "a = \"passes\"", "a = \"not-yet\"", "a = \"pass\"\na = \"pass\""]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn differences_go_both_ways() {
        let ledger = parse("a = \"pass\"\nb = \"pass\"").unwrap();
        let found = differences(&ledger, &["b".to_owned(), "c".to_owned()]);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("c ") && found[1].starts_with("a "));
    }
}
