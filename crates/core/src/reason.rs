//! Why a test is selected, as a value with one wording.

use std::fmt;

use crate::{Fact, RelPath};

/// Why a subject is stale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing is known of it in this environment.
    NeverRan,
    /// It failed the last time it ran, and has not passed since.
    FailedLastTime,
    /// Facts of its latest passing trace hold no longer.
    Changed(Vec<Change>),
}

/// A fact that holds no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What was true.
    pub fact: Fact,
    /// Whether there is nothing any more that it could be about.
    pub is_gone: bool,
    /// The file that changed, where the fact is about several.
    pub file: Option<RelPath>,
}

impl Change {
    /// What the change is about, as a summary names it: mostly a file.
    #[must_use]
    pub fn subject(&self) -> String {
        match &self.file {
            Some(file) => file.to_string(),
            None => self.fact.kind.rule().subject(&self.fact.key),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fact.kind.rule().describe(&self.fact.key, self.is_gone))
    }
}

impl Reason {
    /// The changes behind it; none for the reasons that are not about changes.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        match self {
            Self::Changed(changes) => changes,
            Self::NeverRan | Self::FailedLastTime => &[],
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverRan => f.write_str("never ran to its end here"),
            Self::FailedLastTime => f.write_str("failed the last time"),
            Self::Changed(changes) => match &**changes {
                [] => f.write_str("something it depends on changed"),
                [first] => first.fmt(f),
                [first, rest @ ..] => write!(f, "{first} (and {} more)", rest.len()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Digest;
    use crate::kinds::{block_fact, missing_fact};

    #[test]
    fn one_wording() {
        let path = RelPath::new("pkg/a.py");
        let body = block_fact(&path, "C.f", Digest::of(b""));
        let body = Change { fact: body, is_gone: false, file: None };
        let new = missing_fact(&RelPath::new("conftest.py"));
        let new = Change { fact: new, is_gone: true, file: None };
        assert_eq!(Reason::Changed(vec![body.clone()]).to_string(), "`C.f` in pkg/a.py changed");
        assert_eq!(Reason::Changed(vec![new, body]).to_string(), "conftest.py is new (and 1 more)");
        assert_eq!(Reason::FailedLastTime.to_string(), "failed the last time");
    }
}
