//! What is remembered of a source file's content: the digests of its parts.

use serde::{Deserialize, Serialize};

use crate::Digest;

/// The digests of the parts of one content of a source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    module: Digest,
    /// Sorted by name.
    blocks: Vec<(Box<str>, Digest)>,
}

impl Outline {
    /// An outline with these parts.
    #[must_use]
    pub fn new(module: Digest, mut blocks: Vec<(Box<str>, Digest)>) -> Self {
        blocks.sort_unstable();
        Self { module, blocks }
    }

    /// The digest of all that stands outside of function bodies.
    #[must_use]
    pub fn module(&self) -> Digest {
        self.module
    }

    /// The digest of the function body `name`; `None` if there is none of that name.
    #[must_use]
    pub fn block(&self, name: &str) -> Option<Digest> {
        let at = self.blocks.binary_search_by(|(other, _)| (**other).cmp(name)).ok()?;
        Some(self.blocks[at].1)
    }
}
