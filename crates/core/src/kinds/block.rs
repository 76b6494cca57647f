//! `block`: a function's body, keyed `path::qualified.name`.
//!
//! Digest: the body's syntax tree without positions, comments, layout and docstring; nested
//! functions count by their own blocks, lambdas and comprehensions with the body they stand in.

use super::{FactKind, Kind, split_key};
use crate::world::World;
use crate::{Digest, Fact, RelPath};

pub(super) struct BlockKind;

/// The fact that the function `name` in `path` had the body `digest`.
#[must_use]
pub fn block_fact(path: &RelPath, name: &str, digest: Digest) -> Fact {
    Fact::new(Kind::Block, format!("{path}::{name}"), digest)
}

impl FactKind for BlockKind {
    fn name(&self) -> &'static str {
        "block"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(split_key(key).0)
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        let (path, name) = split_key(key);
        world.outline(&path)?.block(name)
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        let (path, name) = split_key(key);
        format!("`{name}` in {path} {}", if is_gone { "is gone" } else { "changed" })
    }
}
