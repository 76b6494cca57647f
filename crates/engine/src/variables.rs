//! The environment variables that pytest was started with.
//!
//! What code finds in a variable is a dependency as long as it is what the variable was before anything ran. What a
//! conftest file, a plugin or a test has put there follows from its own code, which is one already.

use std::collections::{BTreeMap, HashMap, HashSet};
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
    /// The names of those whose value says more than a switch.
    long: Arc<HashSet<String>>,
    /// Of those that were written before that time, the values before; `None` if there was none.
    before: Arc<BTreeMap<String, Option<Digest>>>,
}

impl Variables {
    /// Those that this process has now.
    #[must_use]
    pub fn now() -> Self {
        let long = env::vars_os().filter(|(_, value)| !looks_like_switch(value));
        let long = long.filter_map(|(name, _)| name.into_string().ok()).collect();
        Self { values: Arc::new(present().collect()), long: Arc::new(long), before: Arc::default() }
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
        Self { before: Arc::new(before), ..self.clone() }
    }

    /// Whether a variable has no value, or one that looks like a switch or a choice and not like a place or a number.
    #[must_use]
    pub fn is_switch(&self, name: &str) -> bool {
        !self.long.contains(name)
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

/// Whether this is a short word, or a single digit.
fn looks_like_switch(value: &OsStr) -> bool {
    let Some(text) = value.to_str() else { return false };
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() <= 16 && digits < 2 && text.bytes().all(is_word)
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
        Variables { values: Arc::new(values.collect()), ..Variables::default() }
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
    fn a_switch_is_told_from_a_place_and_a_number() {
        for text in ["", "1", "true", "fast", "py-3", "some_choice"] {
            assert!(looks_like_switch(OsStr::new(text)), "{text}");
        }
        for text in
            ["/tmp/x", "out.json", "4711", "run-12", "3f9a1c", "a, b", "a_very_long_sentence"]
        {
            assert!(!looks_like_switch(OsStr::new(text)), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_found_out() {
        assert_eq!(Variables::now().written(), BTreeMap::new());
        let mut values: HashMap<String, Digest> = present().collect();
        let value = digest("gone since").unwrap();
        values.insert("TESTS_OF_VARIABLES".to_owned(), value);
        let variables = Variables { values: Arc::new(values), ..Variables::default() };
        assert_eq!(variables.written(), [("TESTS_OF_VARIABLES".to_owned(), Some(value))].into());
    }
}
