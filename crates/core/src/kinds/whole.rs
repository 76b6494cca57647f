//! `whole`: all that a source file says outside of function bodies, where nothing tells which of it
//! is read. Keyed `path::rule`, so that a reason can say why.
//!
//! Digest: as of `module`.

use super::{FactKind, Kind, split_key};
use crate::bindings::Widening;
use crate::world::World;
use crate::{Digest, Fact, RelPath};

pub(super) struct WholeKind;

/// The fact that the module at `path`, all of which can be read by `rule`, had the statements
/// `digest`.
#[must_use]
pub fn whole_fact(path: &RelPath, rule: Widening, digest: Digest) -> Fact {
    Fact::new(Kind::Whole, format!("{path}::{}", rule.name()), digest)
}

impl FactKind for WholeKind {
    fn name(&self) -> &'static str {
        "whole"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(split_key(key).0)
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        Some(world.outline(&split_key(key).0)?.module())
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        let (path, rule) = split_key(key);
        match (is_gone, Widening::by_name(rule)) {
            (true, _) => format!("{path} is gone"),
            (false, Some(rule)) => format!("module level of {path} changed ({rule})"),
            (false, None) => format!("module level of {path} changed"),
        }
    }
}
