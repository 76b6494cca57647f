//! `absent`: that a name was not bound, keyed `path::name` or `path::C.attr`. Who looked for it found
//! it elsewhere, among the builtins or in a base class, or did not find it; a binding that appears
//! can shadow that. `path::{C,D}.{a,b}` says that none of these classes had any of these attributes: a test that
//! uses hundreds of classes with a common base would have a fact for each of them and each attribute of the base.
//! `path::{a,b}` says the same of names of the module.

use super::{FactKind, Kind, split_key};
use crate::source::raising_key;
use crate::world::World;
use crate::{Digest, Fact, RelPath};

pub(super) struct AbsentKind;

fn digest_of_absence() -> Digest {
    Digest::of_value("absent", &())
}

/// The fact that `name` was not bound in `path`.
#[must_use]
pub fn absent_fact(path: &RelPath, name: &str) -> Fact {
    Fact::new(Kind::Absent, format!("{path}::{name}"), digest_of_absence())
}

/// The fact that none of these classes had any of these attributes; without classes, that the module had none of
/// these names.
#[must_use]
pub fn absences_fact(path: &RelPath, classes: &[&str], names: &[&str]) -> Fact {
    let name = match (classes, names) {
        ([], [name]) => (*name).to_owned(),
        ([], names) => format!("{{{}}}", names.join(",")),
        ([class], [attribute]) => format!("{class}.{attribute}"),
        _ => format!("{{{}}}.{{{}}}", classes.join(","), names.join(",")),
    };
    absent_fact(path, &name)
}

/// The names that a key stands for.
fn names(name: &str) -> Vec<String> {
    let Some(inner) = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else {
        return vec![name.to_owned()];
    };
    let Some((classes, attributes)) = inner.split_once("}.{") else {
        return inner.split(',').map(str::to_owned).collect();
    };
    let of_class = |class| attributes.split(',').map(move |it| format!("{class}.{it}"));
    classes.split(',').flat_map(of_class).collect()
}

impl FactKind for AbsentKind {
    fn name(&self) -> &'static str {
        "absent"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(split_key(key).0)
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        let (path, name) = split_key(key);
        let outline = world.outline(&path)?;
        let is_bound = names(name).iter().any(|name| outline.binding(name).is_some());
        (!is_bound).then(digest_of_absence)
    }

    fn describe(&self, key: &str, _is_gone: bool) -> String {
        let (path, name) = split_key(key);
        if name == raising_key() {
            return format!("a statement of {path} could raise now");
        }
        if let Some(function) = name.strip_suffix('>') {
            return format!("`{function}` in {path} acts on something now");
        }
        if let Some(attribute) = name.strip_prefix("*.") {
            return format!("a class in {path} has `{attribute}` now");
        }
        match &names(name)[..] {
            [first, rest @ ..] if !rest.is_empty() => {
                format!("one of {} names in {path} is new, such as `{first}`", 1 + rest.len())
            }
            _ => format!("`{name}` in {path} is new"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_for_all_pairs() {
        let fact = absences_fact(&RelPath::new("a.py"), &["C", "D.E"], &["x", "set_*"]);
        assert_eq!(&*fact.key, "a.py::{C,D.E}.{x,set_*}");
        let (_, name) = split_key(&fact.key);
        assert_eq!(names(name), ["C.x", "C.set_*", "D.E.x", "D.E.set_*"]);
        assert_eq!(names("C.x"), ["C.x"]);
        let fact = absences_fact(&RelPath::new("a.py"), &[], &["x", "y"]);
        assert_eq!(names(split_key(&fact.key).1), ["x", "y"]);
    }
}
