//! `implied`: what pytest finds in a source file without being told its name, keyed by the path: hooks,
//! `autouse` fixtures, set-ups and teardowns of the module, and the lists that pytest reads. One that
//! appears in a conftest file or a test file shapes tests that mention nothing of it.
//!
//! Digest: their definitions; what they do is in facts of those for whom they ran.

use super::{FactKind, Kind};
use crate::source::{Outline, autouse_key};
use crate::world::World;
use crate::{Digest, Fact, RelPath};

pub(super) struct ImpliedKind;

/// All hooks of pytest and of its plugins.
const HOOKS: &str = "pytest_*";

/// What pytest calls or reads in a module, but for hooks
/// (<https://docs.pytest.org/en/stable/how-to/xunit_setup.html>).
const NAMES: &[&str] = &[
    "__test__",
    "collect_ignore",
    "collect_ignore_glob",
    "pytestmark",
    "setUpModule",
    "setup_function",
    "setup_module",
    "tearDownModule",
    "teardown_function",
    "teardown_module",
];

/// The fact of what `outline`, that of the file at `path`, has for pytest to find.
#[must_use]
pub fn implied_fact(path: &RelPath, outline: &Outline) -> Fact {
    Fact::new(Kind::Implied, path.as_str(), digest(outline))
}

fn digest(outline: &Outline) -> Digest {
    let keys = NAMES.iter().copied().chain([HOOKS, autouse_key()]);
    let found: Vec<(&str, Digest)> =
        keys.filter_map(|key| Some((key, outline.binding(key)?))).collect();
    Digest::of_value("implied/1", &found)
}

impl FactKind for ImpliedKind {
    fn name(&self) -> &'static str {
        "implied"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(RelPath::new(key))
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        Some(digest(&*world.outline(&RelPath::new(key))?))
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        if is_gone {
            format!("{key} is gone")
        } else {
            format!("hooks or autouse fixtures in {key} changed")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceModel;

    fn of(text: &str) -> Digest {
        digest(&SourceModel::parse(text.as_bytes()).unwrap().outline())
    }

    #[test]
    fn what_nobody_asks_for_counts_and_the_rest_does_not() {
        let nothing = of("import pytest\n");
        for text in [
            "@pytest.fixture(autouse=True)\ndef e(): pass\n",
            "@pytest.fixture(autouse=FLAG)\ndef e(): pass\n",
            "class TestC:\n    @pytest.fixture(autouse=True)\n    def e(self): pass\n",
            "def pytest_runtest_setup(item): pass\n",
            "def setup_module(): pass\n",
            "pytestmark = []\n",
        ] {
            assert_ne!(of(text), nothing, "{text}");
        }
        for text in [
            "@pytest.fixture(autouse=False)\ndef e(): pass\n",
            "@pytest.fixture\ndef e(): pass\n",
            "def setup_things(): pass\n",
        ] {
            assert_eq!(of(text), nothing, "{text}");
        }
    }

    #[test]
    fn bodies_do_not_count() {
        assert_eq!(of("def setup_module(): pass\n"), of("def setup_module(): return 1\n"));
    }
}
