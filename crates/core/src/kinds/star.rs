//! `star`: that none of the modules that a module takes all names of (`from m import *`), nor those that these do,
//! bound a name, keyed `path::name::{a.py,b.py}`: the module, the name, the files that could have had it. Who looked
//! for the name found it elsewhere, or did not find it; a binding that appears can shadow that.

use super::{FactKind, Kind, split_key};
use crate::world::{Outlines, World};
use crate::{Digest, Fact, RelPath};

pub(super) struct StarKind;

fn digest_of_absence() -> Digest {
    Digest::of_value("star", &())
}

/// The fact that none of `files` bound `name` for `path` to take over.
#[must_use]
pub fn star_fact(path: &RelPath, name: &str, files: &[&RelPath]) -> Fact {
    let files: Vec<&str> = files.iter().map(|file| file.as_str()).collect();
    let key = format!("{path}::{name}::{{{}}}", files.join(","));
    Fact::new(Kind::Star, key, digest_of_absence())
}

fn name_and_files(key: &str) -> (&str, impl Iterator<Item = RelPath>) {
    let (name, files) = split_key(key).1.split_once("::").unwrap_or_default();
    let files = files.strip_prefix('{').and_then(|files| files.strip_suffix('}'));
    (name, files.unwrap_or_default().split(',').map(RelPath::new))
}

/// The file that binds the name.
fn binder(key: &str, world: &dyn Outlines) -> Option<RelPath> {
    let (name, mut files) = name_and_files(key);
    files.find(|file| world.outline(file).is_some_and(|it| it.binding(name).is_some()))
}

impl FactKind for StarKind {
    fn name(&self) -> &'static str {
        "star"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(split_key(key).0)
    }

    fn changed_file(&self, key: &str, world: &dyn World) -> Option<RelPath> {
        binder(key, world)
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        binder(key, world).is_none().then(digest_of_absence)
    }

    fn describe(&self, key: &str, _is_gone: bool) -> String {
        let (path, (name, _)) = (split_key(key).0, name_and_files(key));
        format!("`{name}` is new in a module that {path} takes all names of")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_the_files() {
        let [first, second] = ["b.py", "c/__init__.py"].map(RelPath::new);
        let fact = star_fact(&RelPath::new("a.py"), "x", &[&first, &second]);
        assert_eq!(&*fact.key, "a.py::x::{b.py,c/__init__.py}");
        let (name, files) = name_and_files(&fact.key);
        assert_eq!((name, files.collect::<Vec<_>>()), ("x", vec![first, second]));
    }
}
