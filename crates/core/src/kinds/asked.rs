//! `asked`: that none of some classes, which can be in many files, had any of the attributes that something asked for,
//! whether or not they exist (`hasattr`, `getattr` with a computed name), keyed `{a.py::C,b.py::*}.{x,y}`, with `*` for
//! all classes of a file. One such fact stands for hundreds of [`absent`](super::absent_fact) ones: a test that can
//! reach two hundred classes can name a dozen attributes.

use super::{FactKind, Kind, split_key};
use crate::world::{Outlines, World};
use crate::{Digest, Fact, RelPath};

pub(super) struct AskedKind;

fn digest_of_absence() -> Digest {
    Digest::of_value("asked", &())
}

/// The fact that none of these classes had any attribute of these names. Classes are given with their files; both are
/// ascending.
#[must_use]
pub fn asked_fact(classes: &[(&RelPath, &str)], names: &[&str]) -> Fact {
    let classes: Vec<String> =
        classes.iter().map(|(path, class)| format!("{path}::{class}")).collect();
    let key = format!("{{{}}}.{{{}}}", classes.join(","), names.join(","));
    Fact::new(Kind::Asked, key, digest_of_absence())
}

/// The classes with their files, and the names of attributes.
fn classes_and_names(key: &str) -> (Vec<(RelPath, &str)>, Vec<&str>) {
    let inner = key.strip_prefix('{').and_then(|key| key.strip_suffix('}')).unwrap_or(key);
    let (classes, names) = inner.split_once("}.{").unwrap_or_default();
    (classes.split(',').map(split_key).collect(), names.split(',').collect())
}

/// The file with a class that has one of the attributes.
fn owner(key: &str, world: &dyn Outlines) -> Option<RelPath> {
    let (classes, names) = classes_and_names(key);
    let has_one = |(path, class): &(RelPath, &str)| {
        world.outline(path).is_some_and(|outline| outline.has_any(class, &names))
    };
    classes.into_iter().find(has_one).map(|(path, _)| path)
}

impl FactKind for AskedKind {
    fn name(&self) -> &'static str {
        "asked"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        classes_and_names(key).0.into_iter().next().map(|(path, _)| path)
    }

    fn changed_file(&self, key: &str, world: &dyn World) -> Option<RelPath> {
        owner(key, world)
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        owner(key, world).is_none().then(digest_of_absence)
    }

    fn describe(&self, key: &str, _is_gone: bool) -> String {
        match &classes_and_names(key).1[..] {
            [name] => format!("a class that can be reached has `{name}` now"),
            names => {
                format!("a class that can be reached has one of {} attributes now", names.len())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_classes_and_attributes() {
        let [first, second] = ["a.py", "b.py"].map(RelPath::new);
        let fact = asked_fact(&[(&first, "C"), (&second, "D.E")], &["x", "y"]);
        assert_eq!(&*fact.key, "{a.py::C,b.py::D.E}.{x,y}");
        let (classes, names) = classes_and_names(&fact.key);
        assert_eq!((classes, names), (vec![(first, "C"), (second, "D.E")], vec!["x", "y"]));
    }
}
