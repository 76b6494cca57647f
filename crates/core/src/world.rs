//! What a kind of fact may ask of the working tree. The only way from `core` to a disk.

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

/// What a [`crate::kinds::FactKind`] may ask when it checks a fact: the tree, and what is derived
/// from it and remembered.
pub trait World: Tree {
    /// The digests of the blocks of a source file, parsed at most once for each content; `None` if
    /// there is no readable file.
    fn outline(&self, path: &RelPath) -> Option<Arc<Outline>>;
}
