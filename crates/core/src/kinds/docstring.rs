//! `docstring`: docstrings, which are no part of other digests. Keyed `path::qualified.name` for one
//! object's (the module's own is `<module>`), `path` for all of the file with the names that bear them.

use super::{FactKind, Kind, split_key};
use crate::world::World;
use crate::{Digest, Fact, RelPath};

pub(super) struct DocstringKind;

/// The fact that the docstring of `name` in `path` was `digest`.
#[must_use]
pub fn docstring_fact(path: &RelPath, name: &str, digest: Digest) -> Fact {
    Fact::new(Kind::Docstring, format!("{path}::{name}"), digest)
}

/// The fact that the docstrings in `path` were, all together, `digest`.
#[must_use]
pub fn docstrings_fact(path: &RelPath, digest: Digest) -> Fact {
    Fact::new(Kind::Docstring, path.as_str(), digest)
}

impl FactKind for DocstringKind {
    fn name(&self) -> &'static str {
        "docstring"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(split_key(key).0)
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        let (path, name) = split_key(key);
        let outline = world.outline(&path)?;
        if name.is_empty() { Some(outline.docstrings()) } else { outline.docstring(name) }
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        let (path, name) = split_key(key);
        match (name, is_gone) {
            ("", false) => format!("docstrings in {path} changed"),
            ("", true) => format!("{path} is gone"),
            ("<module>", false) => format!("docstring of {path} changed"),
            ("<module>", true) => format!("docstring of {path} is gone"),
            (name, false) => format!("docstring of `{name}` in {path} changed"),
            (name, true) => format!("docstring of `{name}` in {path} is gone"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_whose_docstring_it_is() {
        let of = |key: &str| DocstringKind.describe(key, false);
        assert_eq!(of("d.py::f"), "docstring of `f` in d.py changed");
        assert_eq!(of("d.py::<module>"), "docstring of d.py changed");
        assert_eq!(of("d.py"), "docstrings in d.py changed");
    }
}
