//! `resolves`: which file of the project an import of a name finds, or that it finds none.
//!
//! An import that failed can succeed, and another file can win over the one that was found: a package
//! over a module, a directory that comes earlier on the path, a new `json.py` over the standard library.
//! Files that change no winner make no difference.
//!
//! Key: `name@dir,dir`, the directories being those that are searched, in their order; for a submodule
//! those of its package. `name!@dir,dir` if the name is found outside of the project, which a directory
//! without `__init__` does not change. Digest: the winner ([`crate::search`]).

use super::{FactKind, Kind};
use crate::search::{Found, find};
use crate::world::{Tree, World};
use crate::{Digest, Fact, RelPath};

pub(super) struct ResolvesKind;

/// Follows the name if it is found outside of the project.
const OUTSIDE: char = '!';

/// The fact that an import of `name`, looked up in `dirs`, finds what it finds now. `is_outside` says
/// that there is something outside of the project that it finds otherwise.
#[must_use]
pub fn resolves_fact(name: &str, dirs: &[RelPath], is_outside: bool, tree: &dyn Tree) -> Fact {
    let mut key = name.to_owned();
    if is_outside {
        key.push(OUTSIDE);
    }
    key.push('@');
    let dirs: Vec<&str> = dirs.iter().map(RelPath::as_str).collect();
    key.push_str(&dirs.join(","));
    let digest = digest(&key, tree);
    Fact::new(Kind::Resolves, key, digest)
}

fn digest(key: &str, tree: &dyn Tree) -> Digest {
    let (name, dirs) = split(key);
    let dirs: Vec<RelPath> = dirs.map(RelPath::new).collect();
    let found = match (name.strip_suffix(OUTSIDE), find(called(name), &dirs, tree)) {
        (Some(_), Found::Portions(_)) => Found::Nothing,
        (_, found) => found,
    };
    Digest::of_value("resolves/1", &found)
}

fn split(key: &str) -> (&str, impl Iterator<Item = &str>) {
    let (name, dirs) = key.split_once('@').unwrap_or((key, ""));
    (name, dirs.split(',').filter(|dir| !dir.is_empty()))
}

/// What the import statement says.
fn called(name: &str) -> &str {
    name.trim_end_matches(OUTSIDE)
}

impl FactKind for ResolvesKind {
    fn name(&self) -> &'static str {
        "resolves"
    }

    fn file(&self, _key: &str) -> Option<RelPath> {
        None
    }

    fn subject(&self, key: &str) -> String {
        format!("import of {}", called(split(key).0))
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        Some(digest(key, world))
    }

    fn describe(&self, key: &str, _is_gone: bool) -> String {
        format!("an import of `{}` finds something else", called(split(key).0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::tests::Files;

    fn fact(files: &[&str], is_outside: bool) -> Fact {
        let dirs = [RelPath::new("a"), RelPath::new(".")];
        resolves_fact("x", &dirs, is_outside, &Files(files))
    }

    #[test]
    fn only_another_winner_is_another_fact() {
        assert_eq!(&*fact(&[], false).key, "x@a,.");
        assert_eq!(&*fact(&[], true).key, "x!@a,.");
        let before = fact(&["x.py"], false);
        assert_eq!(before, fact(&["x.py", "y.py", "x/y.txt", "b/x.py"], false));
        for other in [&["x.py", "a/x.py"][..], &["x.py", "x/__init__.py"], &[]] {
            assert_ne!(before, fact(other, false), "{other:?}");
        }
    }

    #[test]
    fn a_bare_directory_is_a_package_unless_there_is_another() {
        assert_ne!(fact(&["x/y.txt"], false), fact(&[], false));
        assert_eq!(fact(&["x/y.txt"], true), fact(&[], true));
        assert_ne!(fact(&["x.py"], true), fact(&[], true));
    }
}
