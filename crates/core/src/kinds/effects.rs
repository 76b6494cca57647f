//! `effects`: what a module does when it is imported, beyond binding its own names. Keyed by its path
//! for the names of all that it acts on, `path::name` for what it does to `name`, and `path::?` for
//! what it does to something that has no name.
//!
//! The first is a fact of all who import the module, so that a new effect is seen; the others are
//! facts of those whom the effect can reach.

use super::{FactKind, Kind, split_key};
use crate::source::{effects_key, effects_on_key};
use crate::world::World;
use crate::{Digest, Fact, RelPath};

pub(super) struct EffectsKind;

/// The fact that the effects of `path` acted on names with this digest.
#[must_use]
pub fn effects_fact(path: &RelPath, digest: Digest) -> Fact {
    Fact::new(Kind::Effects, path.as_str(), digest)
}

/// The fact that the effects of `path` on `name` (`?` if it has none) had this digest.
#[must_use]
pub fn effects_on_fact(path: &RelPath, name: &str, digest: Digest) -> Fact {
    Fact::new(Kind::Effects, format!("{path}::{name}"), digest)
}

impl FactKind for EffectsKind {
    fn name(&self) -> &'static str {
        "effects"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(split_key(key).0)
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        let (path, name) = split_key(key);
        let outline = world.outline(&path)?;
        outline.binding(&if name.is_empty() { effects_key() } else { effects_on_key(name) })
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        match (split_key(key), is_gone) {
            ((path, ""), false) => format!("importing {path} does something else"),
            ((path, ""), true) => format!("{path} is gone"),
            ((path, "?"), _) => format!("what importing {path} does changed"),
            ((path, name), _) => format!("what importing {path} does with `{name}` changed"),
        }
    }
}
