//! `implied`: what pytest finds in a source file without being told its name, keyed by the path: hooks,
//! `autouse` fixtures, set-ups and teardowns of the module, and the lists that pytest reads. One that
//! appears in a conftest file or a test file shapes tests that mention nothing of it. Keyed `path::imports` it has what
//! such a file imports and does not mention, too, which are fixtures most likely: that of a conftest or test file, since
//! other modules do so to hand names on.
//!
//! Digest: their definitions; what they do is in facts of those for whom they ran.

use super::{FactKind, Kind, split_key};
use crate::source::{Outline, autouse_key, unused_key};
use crate::world::World;
use crate::{Digest, Fact, RelPath};

pub(super) struct ImpliedKind;

/// All hooks of pytest and of its plugins.
const HOOKS: &str = "pytest_*";

const IMPORTS: &str = "imports";

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
    Fact::new(Kind::Implied, path.as_str(), digest(outline, false))
}

/// The same of a conftest or test file, with what it imports for pytest to find.
#[must_use]
pub fn implied_of_tests_fact(path: &RelPath, outline: &Outline) -> Fact {
    Fact::new(Kind::Implied, format!("{path}::{IMPORTS}"), digest(outline, true))
}

fn digest(outline: &Outline, with_imports: bool) -> Digest {
    let imports = with_imports.then(unused_key);
    let keys = NAMES.iter().copied().chain([HOOKS, autouse_key()]).chain(imports);
    let found: Vec<(&str, Digest)> =
        keys.filter_map(|key| Some((key, outline.binding(key)?))).collect();
    Digest::of_value("implied/1", &found)
}

impl FactKind for ImpliedKind {
    fn name(&self) -> &'static str {
        "implied"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(split_key(key).0)
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        let (path, what) = split_key(key);
        Some(digest(&*world.outline(&path)?, what == IMPORTS))
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        let path = split_key(key).0;
        if is_gone {
            format!("{path} is gone")
        } else {
            format!("hooks or autouse fixtures in {path} changed")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceModel;

    fn of(text: &str) -> Digest {
        digest(&SourceModel::parse(text.as_bytes()).unwrap().outline(), true)
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
            "from fixtures import made\n",
        ] {
            assert_ne!(of(text), nothing, "{text}");
        }
        for text in [
            "@pytest.fixture(autouse=False)\ndef e(): pass\n",
            "@pytest.fixture\ndef e(): pass\n",
            "def setup_things(): pass\n",
            "from helpers import made\ndef f(): return made\n",
            "from __future__ import annotations\n",
            "import helpers\n",
        ] {
            assert_eq!(of(text), nothing, "{text}");
        }
    }

    #[test]
    fn bodies_do_not_count() {
        assert_eq!(of("def setup_module(): pass\n"), of("def setup_module(): return 1\n"));
    }
}
