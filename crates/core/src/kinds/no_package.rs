//! `no_package`: that an import of a top-level name finds nothing among the installed distributions,
//! keyed by the name. Who tried it must try again once it is there.

use super::{FactKind, Kind};
use crate::world::World;
use crate::{Digest, Fact, RelPath};

pub(super) struct NoPackageKind;

fn digest_of_absence() -> Digest {
    Digest::of_value("no package", &())
}

/// The fact that nothing installed can be imported as `name`.
#[must_use]
pub fn no_package_fact(name: &str) -> Fact {
    Fact::new(Kind::NoPackage, name, digest_of_absence())
}

impl FactKind for NoPackageKind {
    fn name(&self) -> &'static str {
        "no_package"
    }

    fn file(&self, _key: &str) -> Option<RelPath> {
        None
    }

    fn subject(&self, key: &str) -> String {
        format!("{key} (package)")
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        (!world.is_importable(key)).then(digest_of_absence)
    }

    fn describe(&self, key: &str, _is_gone: bool) -> String {
        format!("package `{key}` is new")
    }
}
