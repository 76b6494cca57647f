//! `absent`: that a name was not bound, keyed `path::name` or `path::C.attr`. Who looked for it found
//! it elsewhere, among the builtins or in a base class, or did not find it; a binding that appears
//! can shadow that.

use super::{FactKind, Kind, split_key};
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

impl FactKind for AbsentKind {
    fn name(&self) -> &'static str {
        "absent"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(split_key(key).0)
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        let (path, name) = split_key(key);
        world.outline(&path)?.binding(name).is_none().then(digest_of_absence)
    }

    fn describe(&self, key: &str, _is_gone: bool) -> String {
        let (path, name) = split_key(key);
        format!("`{name}` in {path} is new")
    }
}
