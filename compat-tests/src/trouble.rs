//! Why a test of a binding ends early: something is missing on this machine, which is no fault of the
//! library, or something failed.

use libtest_mimic::{Completion, Failed};

#[derive(Clone, Debug)]
pub enum Trouble {
    /// What cannot be had here, in one line.
    Missing(String),
    Failed(String),
}

impl From<String> for Trouble {
    fn from(what: String) -> Trouble {
        Trouble::Failed(what)
    }
}

/// For those to whom it is all one.
impl From<Trouble> for String {
    fn from(trouble: Trouble) -> String {
        match trouble {
            Trouble::Missing(what) | Trouble::Failed(what) => what,
        }
    }
}

/// What libtest is told: what is missing makes a test ignored, and with `STRICT=1` failed.
pub fn completion(result: Result<(), Trouble>) -> Result<Completion, Failed> {
    let strict = std::env::var_os("STRICT").is_some_and(|value| value == "1");
    match result {
        Ok(()) => Ok(Completion::Completed),
        Err(Trouble::Missing(what)) if !strict => Ok(Completion::ignored_with(what)),
        Err(Trouble::Missing(what) | Trouble::Failed(what)) => Err(what.into()),
    }
}
