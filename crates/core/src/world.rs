//! What a kind of fact may ask of the working tree. The only way from `core` to a disk.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::search::stem;
use crate::source::Outline;
use crate::{Digest, RelPath};

/// What a path leads to, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A file that its owner may not execute.
    File,
    /// A file that its owner may execute.
    Program,
    /// A directory.
    Directory,
    /// A socket, a device, a pipe.
    Other,
    /// Nothing: a link that leads nowhere.
    Nothing,
}

/// What is at a path: all that `stat` says and that is the same in another checkout.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// If it is a link, its text.
    pub link: Option<String>,
    /// What it leads to.
    pub target: Target,
}

/// One entry of a directory, as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Whether it is a link.
    pub is_link: bool,
    /// What it leads to. A listing does not tell [`Target::Program`] from [`Target::File`].
    pub target: Target,
}

/// Plain answers about the working tree, given by whoever owns the disk.
pub trait Tree {
    /// The digest of the file's content; `None` if there is no readable file.
    fn content(&self, path: &RelPath) -> Option<Digest>;
    /// The file's bytes; `None` if there is no readable file.
    fn read(&self, path: &RelPath) -> Option<Vec<u8>>;
    /// Whether anything is there: a file, a directory, a link that leads somewhere.
    fn exists(&self, path: &RelPath) -> bool;
    /// What is there; `None` if nothing is.
    fn entry(&self, path: &RelPath) -> Option<Entry>;
    /// What is in a directory, in no order; `None` if it is none.
    fn list(&self, path: &RelPath) -> Option<Vec<Listed>>;
    /// What is in a directory by `name`, whatever follows it behind a dot: `name.py`, the directory
    /// `name`. Nothing if it is no directory.
    fn importable(&self, dir: &RelPath, name: &str) -> Vec<Listed> {
        let mut listed = self.list(dir).unwrap_or_default();
        listed.retain(|entry| stem(&entry.name) == name);
        listed
    }
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

/// Plain answers about what a process finds around it.
pub trait Surroundings {
    /// The digest of the value that this environment variable was given to pytest with; `None` if it was not set.
    fn variable(&self, name: &str) -> Option<Digest>;
}

/// What is derived from the tree and remembered.
pub trait Outlines {
    /// The digests of the blocks of a source file, parsed at most once for each content; `None` if
    /// there is no readable file.
    fn outline(&self, path: &RelPath) -> Option<Arc<Outline>>;
}

/// What a [`crate::kinds::FactKind`] may ask when it checks a fact.
pub trait World: Tree + Installed + Surroundings + Outlines {}

impl<T: Tree + Installed + Surroundings + Outlines> World for T {}
