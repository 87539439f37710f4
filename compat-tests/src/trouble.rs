//! Why a test of a binding ends early: something is missing on this machine, which is no fault of the
//! library, or something failed.

#[derive(Clone, Debug)]
pub enum Trouble {
    /// What cannot be had here, and behind a colon what would help, in one line.
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
