//! What is remembered of a source file's content: the digests of its parts.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::digest::DigestBuilder;

/// The version of [`Outline`] as it is serialised and of the rules that its digests are made by.
///
/// An outline that was stored under another version says nothing.
pub const OUTLINE_VERSION: u32 = 1;

/// The digests of the parts of one content of a source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    module: Digest,
    /// Sorted by name.
    blocks: Vec<(Box<str>, Digest)>,
    /// Sorted by the name of what they document.
    docstrings: Vec<(Box<str>, Digest)>,
}

impl Outline {
    /// An outline with these parts, function bodies and docstrings each with a name of its own.
    #[must_use]
    pub fn new(
        module: Digest,
        mut blocks: Vec<(Box<str>, Digest)>,
        mut docstrings: Vec<(Box<str>, Digest)>,
    ) -> Self {
        blocks.sort_unstable();
        docstrings.sort_unstable();
        Self { module, blocks, docstrings }
    }

    /// The digest of all that stands outside of function bodies.
    #[must_use]
    pub fn module(&self) -> Digest {
        self.module
    }

    /// The digest of the function body `name`; `None` if there is none of that name.
    #[must_use]
    pub fn block(&self, name: &str) -> Option<Digest> {
        find(&self.blocks, name)
    }

    /// The digest of the docstring of `name` (a function or class by its qualified name, the module
    /// itself by `<module>`); `None` if it has none.
    #[must_use]
    pub fn docstring(&self, name: &str) -> Option<Digest> {
        find(&self.docstrings, name)
    }

    /// The digest of all docstrings, with the names of what they document.
    #[must_use]
    pub fn docstrings(&self) -> Digest {
        let mut builder = DigestBuilder::new("docstrings/1");
        for (name, digest) in &self.docstrings {
            builder.write_usize(name.len());
            builder.write(name.as_bytes());
            builder.write(digest.as_bytes());
        }
        builder.digest()
    }
}

fn find(parts: &[(Box<str>, Digest)], name: &str) -> Option<Digest> {
    let at = parts.binary_search_by(|(other, _)| (**other).cmp(name)).ok()?;
    Some(parts[at].1)
}
