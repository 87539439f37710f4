//! What tests with a `main` of their own share: how they expect, and how they are ignored or chosen.

use libtest_mimic::{Arguments, Failed, Trial};

pub type Tested = Result<(), Failed>;

pub fn expect(holds: bool, what: impl Into<String>) -> Tested {
    if holds {
        return Ok(());
    }
    Err(what.into().into())
}

/// A test that is not run here, said in one line.
pub fn ignored(name: &str, why: String) -> Trial {
    eprintln!("{name} is ignored: {why}");
    Trial::test(name, || Ok(())).with_kind(why).with_ignored_flag(true)
}

/// Whether the test is going to run, for who prepares what it needs.
pub fn is_chosen(arguments: &Arguments, title: &str) -> bool {
    let matches = |wanted: &String| match arguments.exact {
        true => title == wanted,
        false => title.contains(wanted),
    };
    !arguments.list
        && arguments.filter.as_ref().is_none_or(matches)
        && !arguments.skip.iter().any(matches)
}
