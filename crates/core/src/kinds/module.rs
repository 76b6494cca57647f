//! `module`: all that a source file says outside of function bodies, keyed by its path.
//!
//! Digest: the top-level statements, class skeletons, decorators, defaults and signatures, without
//! positions, comments, layout and docstrings that nothing can read.

use super::{FactKind, Kind};
use crate::world::World;
use crate::{Digest, Fact, RelPath};

pub(super) struct ModuleKind;

/// The fact that the module at `path` had the statements `digest`.
#[must_use]
pub fn module_fact(path: &RelPath, digest: Digest) -> Fact {
    Fact::new(Kind::Module, path.as_str(), digest)
}

impl FactKind for ModuleKind {
    fn name(&self) -> &'static str {
        "module"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(RelPath::new(key))
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        Some(world.outline(&RelPath::new(key))?.module())
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        if is_gone { format!("{key} is gone") } else { format!("module level of {key} changed") }
    }
}
