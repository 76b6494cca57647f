//! What a kind of fact may ask of the working tree. The only way from `core` to a disk.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::source::Outline;
use crate::{Digest, RelPath};

/// Plain answers about the working tree, given by whoever owns the disk.
pub trait Tree {
    /// The digest of the file's content; `None` if there is no readable file.
    fn content(&self, path: &RelPath) -> Option<Digest>;
    /// The file's bytes; `None` if there is no readable file.
    fn read(&self, path: &RelPath) -> Option<Vec<u8>>;
    /// Whether anything is there: a file, a directory, a link that leads somewhere.
    fn exists(&self, path: &RelPath) -> bool;
    /// The names in a directory, sorted; `None` if it is none.
    fn list(&self, path: &RelPath) -> Option<Vec<String>>;
}

/// Plain answers about what is installed for the interpreter, outside of the project.
pub trait Installed {
    /// The digest of what an import of the top-level `name` gets from the distributions `providers` and
    /// those that they require; `None` if it finds nothing, or if one of them is not installed.
    fn package(&self, name: &str, providers: &BTreeSet<String>) -> Option<Digest>;
    /// Whether an import of the top-level `name` finds anything.
    fn is_importable(&self, name: &str) -> bool;
    /// The digest of name and version of a distribution; `None` if it is not installed.
    fn distribution(&self, name: &str) -> Option<Digest>;
    /// The digest of names and versions of all distributions.
    fn distributions(&self) -> Digest;
}

/// What is derived from the tree and remembered.
pub trait Outlines {
    /// The digests of the blocks of a source file, parsed at most once for each content; `None` if
    /// there is no readable file.
    fn outline(&self, path: &RelPath) -> Option<Arc<Outline>>;
}

/// What a [`crate::kinds::FactKind`] may ask when it checks a fact.
pub trait World: Tree + Installed + Outlines {}

impl<T: Tree + Installed + Outlines> World for T {}
