//! `missing`: that there was nothing at a path, keyed by the path. Who looked for it must look again
//! once it is there.

use super::{FactKind, Kind};
use crate::world::World;
use crate::{Digest, Fact, RelPath};

pub(super) struct MissingKind;

fn digest_of_absence() -> Digest {
    Digest::of_value("missing", &())
}

/// The fact that nothing was at `path`.
#[must_use]
pub fn missing_fact(path: &RelPath) -> Fact {
    Fact::new(Kind::Missing, path.as_str(), digest_of_absence())
}

impl FactKind for MissingKind {
    fn name(&self) -> &'static str {
        "missing"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(RelPath::new(key))
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        world.entry(&RelPath::new(key)).is_none().then(digest_of_absence)
    }

    fn describe(&self, key: &str, _is_gone: bool) -> String {
        format!("{key} is new")
    }
}
