//! `binding`: what a name was bound to, keyed `path::name`; of an attribute `path::C.attr`, of the
//! parameters of a function `path::f()`, of what it acts on `path::f>`, of annotations `path::name:` and `path::f():`, of all names that begin alike `path::C.visit_*`
//! and `path::C.*`, of the classes that have an attribute `path::*.attr`.
//!
//! Digest: the statements that bind the name, in their order, with the conditions that guard them; of
//! a function its definition, of a class its skeleton ([`crate::source`]).

use super::{FactKind, Kind, split_key};
use crate::source::raising_key;
use crate::world::World;
use crate::{Digest, Fact, RelPath};

pub(super) struct BindingKind;

/// The fact that `name` was bound in `path` as `digest` says.
#[must_use]
pub fn binding_fact(path: &RelPath, name: &str, digest: Digest) -> Fact {
    Fact::new(Kind::Binding, format!("{path}::{name}"), digest)
}

impl FactKind for BindingKind {
    fn name(&self) -> &'static str {
        "binding"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(split_key(key).0)
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        let (path, name) = split_key(key);
        world.outline(&path)?.binding(name)
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        let (path, name) = split_key(key);
        let verb = if is_gone { "is gone" } else { "changed" };
        if name == raising_key() {
            format!("statements of {path} that could raise changed")
        } else if let Some(annotated) = name.strip_suffix(':') {
            format!("annotations of `{annotated}` in {path} changed")
        } else if let Some(function) = name.strip_suffix('>') {
            format!("what `{function}` in {path} acts on changed")
        } else if let Some(function) = name.strip_suffix("()") {
            format!("parameters of `{function}` in {path} changed")
        } else if let Some(attribute) = name.strip_prefix("*.") {
            format!("which classes in {path} have `{attribute}` changed")
        } else if let Some(class) = name.strip_suffix(".*") {
            format!("class `{class}` in {path} {verb}")
        } else {
            format!("`{name}` in {path} {verb}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_changed() {
        let of = |key: &str| BindingKind.describe(key, false);
        assert_eq!(of("cfg.py::LIMIT"), "`LIMIT` in cfg.py changed");
        assert_eq!(of("cfg.py::f()"), "parameters of `f` in cfg.py changed");
        assert_eq!(of("cfg.py::f>"), "what `f` in cfg.py acts on changed");
        assert_eq!(of("cfg.py::f():"), "annotations of `f()` in cfg.py changed");
        assert_eq!(of("cfg.py::*.x"), "which classes in cfg.py have `x` changed");
        assert_eq!(of("cfg.py::C.*"), "class `C` in cfg.py changed");
        assert_eq!(of("cfg.py::C.visit_*"), "`C.visit_*` in cfg.py changed");
        assert_eq!(BindingKind.describe("cfg.py::C", true), "`C` in cfg.py is gone");
    }
}
