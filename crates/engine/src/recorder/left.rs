//! What tests leave behind on disk and in the environment for those that run after them, and which of them did.
//!
//! It is no fact that could be looked up in a later run; but who finds it depends on all that ran in the test that left
//! it. Only what was written last counts, and only in one process: workers do not tell each other what they write.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};
use testmonx_core::path::fold;

use super::span::SpanId;

/// What pytest calls the directory in which each test has one of its own.
const OF_PYTEST: &str = "/pytest-of-";

/// What was left, and by whom.
#[derive(Debug, Default)]
pub(super) struct Left {
    files: FxHashMap<OsString, SpanId>,
    variables: FxHashMap<Box<str>, SpanId>,
    by: FxHashSet<SpanId>,
}

impl Left {
    /// Notes that a span wrote or made what is at `place`.
    pub(super) fn file(&mut self, place: &Path, span: SpanId) {
        self.files.insert(fold(place).into_os_string(), span);
        self.by.insert(span);
    }

    /// Notes that a span set an environment variable, or removed it.
    pub(super) fn variable(&mut self, name: &str, span: SpanId) {
        // pytest says there which test is running.
        if !name.starts_with("PYTEST_") {
            self.variables.insert(name.into(), span);
            self.by.insert(span);
        }
    }

    /// Who wrote what is at `place`, or else made the nearest directory above it.
    pub(super) fn who_wrote(&self, place: &Path) -> Option<SpanId> {
        if self.files.is_empty() {
            return None;
        }
        let bytes = place.as_os_str().as_bytes();
        let above = (1..bytes.len()).rev().filter(|at| bytes[*at] == b'/');
        let mut ends = std::iter::once(bytes.len()).chain(above);
        ends.find_map(|end| self.files.get(OsStr::from_bytes(&bytes[..end])).copied())
    }

    /// Who was the last to set an environment variable.
    pub(super) fn who_set(&self, name: &str) -> Option<SpanId> {
        self.variables.get(name).copied()
    }

    /// Whether a span left something that others can find.
    pub(super) fn is_by(&self, span: SpanId) -> bool {
        self.by.contains(&span)
    }
}

/// Whether a place is in the directory that pytest gives to one test, in which mostly nothing is for others:
/// `…/pytest-of-me/pytest-1/test_a0`, with one for the worker before it. Those of `tmp_path_factory` have names of
/// their own.
pub(super) fn is_of_one_test(place: &Path) -> bool {
    let inside = place.to_str().and_then(|text| text.split_once(OF_PYTEST));
    let Some((_, inside)) = inside else { return false };
    let mut parts = inside.split('/').skip(2).skip_while(|part| part.starts_with("popen-"));
    parts.next().is_some_and(|name| name.starts_with("test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_to_write_a_file_or_to_make_the_nearest_directory() {
        let mut left = Left::default();
        left.file(Path::new("/p/out"), 1);
        left.file(Path::new("/p/out/a.txt"), 2);
        left.file(Path::new("/p/out/a.txt"), 3);
        for (place, who) in [
            ("/p/out/a.txt", Some(3)),
            ("/p/out/b/c.txt", Some(1)),
            ("/p/out", Some(1)),
            ("/p/other", None),
        ] {
            assert_eq!(left.who_wrote(Path::new(place)), who, "{place}");
        }
        assert!(left.is_by(2) && !left.is_by(4));
    }

    #[test]
    fn what_pytest_gives_to_one_test_is_left_for_nobody() {
        for (place, is_it) in [
            ("/tmp/pytest-of-me/pytest-1/test_a0/x", true),
            ("/tmp/pytest-of-me/pytest-1/popen-gw0/test_a0/x", true),
            ("/tmp/pytest-of-me/pytest-1/shared0/x", false),
            ("/home/me/test_a0/x", false),
        ] {
            assert_eq!(is_of_one_test(Path::new(place)), is_it, "{place}");
        }
    }
}
