//! The environment variables that pytest was started with.
//!
//! What code finds in a variable is a dependency as long as it is what the variable was before anything ran. What a
//! conftest file, a plugin or a test has put there follows from its own code, which is one already.

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use testmonx_core::Digest;
use testmonx_core::world::Surroundings;

/// What pytest, its workers and testmonx tell themselves: other ones for each test, worker and run.
const MACHINERY: &[&str] = &["PYTEST_", "TESTMON"];

/// The values that variables had at some time, those of the machinery left out.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    values: Arc<HashMap<String, Digest>>,
    /// Of those that were written before that time, the values before; `None` if there was none.
    before: Arc<BTreeMap<String, Option<Digest>>>,
}

impl Variables {
    /// Those that this process has now.
    #[must_use]
    pub fn now() -> Self {
        Self { values: Arc::new(present().collect()), before: Arc::default() }
    }

    /// Those that have another value in this process now, with the values here.
    #[must_use]
    pub fn written(&self) -> BTreeMap<String, Option<Digest>> {
        let now: HashMap<String, Digest> = present().collect();
        let all = self.values.keys().chain(now.keys());
        let written = all.filter(|name| self.values.get(*name) != now.get(*name));
        written.map(|name| (name.clone(), self.variable(name))).collect()
    }

    /// The same for a process that inherits these, some of them written since they had the values in `before`.
    #[must_use]
    pub fn inherited(&self, before: BTreeMap<String, Option<Digest>>) -> Self {
        Self { values: Arc::clone(&self.values), before: Arc::new(before) }
    }

    /// Whether who finds this value in a variable depends on it. Of one that was written before, nobody can tell
    /// whether that went by what it was.
    #[must_use]
    pub fn tells(&self, name: &str, value: Option<Digest>) -> bool {
        !is_machinery(name)
            && (self.before.contains_key(name) || self.values.get(name).copied() == value)
    }
}

impl Surroundings for Variables {
    fn variable(&self, name: &str) -> Option<Digest> {
        match self.before.get(name) {
            Some(before) => *before,
            None => self.values.get(name).copied(),
        }
    }
}

/// The digest of a variable's value.
#[must_use]
pub fn value_digest(value: &OsStr) -> Digest {
    Digest::of(value.as_encoded_bytes())
}

fn present() -> impl Iterator<Item = (String, Digest)> {
    let of = |(name, value): (OsString, OsString)| {
        let name = name.into_string().ok().filter(|name| !is_machinery(name))?;
        Some((name, value_digest(&value)))
    };
    env::vars_os().filter_map(of)
}

fn is_machinery(name: &str) -> bool {
    MACHINERY.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(value: &str) -> Option<Digest> {
        Some(value_digest(OsStr::new(value)))
    }

    fn variables(values: &[(&str, &str)]) -> Variables {
        let values =
            values.iter().map(|(name, value)| ((*name).to_owned(), digest(value).unwrap()));
        Variables { values: Arc::new(values.collect()), before: Arc::default() }
    }

    #[test]
    fn only_what_nobody_has_written_tells_something() {
        let variables = variables(&[("MODE", "fast"), ("PYTEST_X", "1")]);
        assert!(variables.tells("MODE", digest("fast")));
        assert!(!variables.tells("MODE", digest("slow")), "a test has set it");
        assert!(!variables.tells("MODE", None), "a test has taken it out");
        assert!(variables.tells("OTHER", None));
        assert!(!variables.tells("PYTEST_X", digest("1")));
    }

    #[test]
    fn what_was_written_before_counts_as_what_it_was_then() {
        let before = BTreeMap::from([("MODE".to_owned(), None)]);
        let variables = variables(&[("MODE", "fast")]).inherited(before);
        assert!(variables.tells("MODE", digest("fast")) && variables.tells("MODE", digest("slow")));
        assert_eq!(variables.variable("MODE"), None);
    }

    #[test]
    fn what_is_written_is_found_out() {
        assert_eq!(Variables::now().written(), BTreeMap::new());
        let mut values: HashMap<String, Digest> = present().collect();
        let value = digest("gone since").unwrap();
        values.insert("TESTS_OF_VARIABLES".to_owned(), value);
        let variables = Variables { values: Arc::new(values), before: Arc::default() };
        assert_eq!(variables.written(), [("TESTS_OF_VARIABLES".to_owned(), Some(value))].into());
    }
}
