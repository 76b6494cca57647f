//! A fact: something about the world that was true when it was observed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Digest, Kind};

/// `(kind, key, digest)`, e.g. `(block, "pkg/a.py::C.f", 9f3…)`.
///
/// Content-addressed and free of the machine (relative paths, no times), so that equal facts from
/// two checkouts are equal bytes. What a key means and how its digest is made is the kind's business
/// ([`crate::kinds`]).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fact {
    /// What sort of thing it is about.
    pub kind: Kind,
    /// Which one, in the kind's own notation.
    pub key: Arc<str>,
    /// What it was.
    pub digest: Digest,
}

impl Fact {
    /// The fact that `key` of `kind` was `digest`.
    pub fn new(kind: Kind, key: impl Into<Arc<str>>, digest: Digest) -> Self {
        Self { kind, key: key.into(), digest }
    }
}
