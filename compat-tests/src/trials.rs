//! What tests with a `main` of their own share: how they expect, and how they are ignored or chosen.

use crate::skips;
use crate::trouble::Trouble;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

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
    skips::note(name, &why);
    Trial::test(name, || Ok(())).with_kind(why).with_ignored_flag(true)
}

/// A test that may find out that something is missing on this machine: it is ignored then, and with
/// `STRICT=1` failed.
pub fn may_lack(
    name: impl Into<String>,
    test: impl FnOnce() -> Result<(), Trouble> + Send + 'static,
) -> Trial {
    let name = name.into();
    Trial::ignorable_test(name.clone(), move || completion(&name, test()))
}

fn completion(name: &str, result: Result<(), Trouble>) -> Result<Completion, Failed> {
    let strict = std::env::var_os("STRICT").is_some_and(|value| value == "1");
    match result {
        Ok(()) => Ok(Completion::Completed),
        Err(Trouble::Missing(what)) if !strict => {
            skips::note(name, &what);
            Ok(Completion::ignored_with(what))
        }
        Err(Trouble::Missing(what) | Trouble::Failed(what)) => Err(what.into()),
    }
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
