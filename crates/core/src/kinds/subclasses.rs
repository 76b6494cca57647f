//! `subclasses`: the classes of a source file that have a base, keyed by its path. Who can see the
//! subclasses of a class (by `__init_subclass__`, `__subclasses__()` or a metaclass) sees a new one.

use super::{FactKind, Kind};
use crate::source::subclasses_key;
use crate::world::World;
use crate::{Digest, Fact, RelPath};

pub(super) struct SubclassesKind;

fn digest_of_none() -> Digest {
    Digest::of_value("subclasses", &())
}

/// The fact that the classes with a base in `path` were `digest`; `None` if there were none.
#[must_use]
pub fn subclasses_fact(path: &RelPath, digest: Option<Digest>) -> Fact {
    Fact::new(Kind::Subclasses, path.as_str(), digest.unwrap_or_else(digest_of_none))
}

impl FactKind for SubclassesKind {
    fn name(&self) -> &'static str {
        "subclasses"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(RelPath::new(key))
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        let outline = world.outline(&RelPath::new(key))?;
        Some(outline.binding(&subclasses_key()).unwrap_or_else(digest_of_none))
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        if is_gone {
            format!("{key} is gone")
        } else {
            format!("classes with bases in {key} changed")
        }
    }
}
