//! Data files: which were read, and which are the session's own work.
//!
//! What the session itself wrote is no dependency: a file or directory that it made, and a file that
//! it read first and then wrote over.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use testmonx_core::kinds::{file_fact, missing_fact};
use testmonx_core::path::fold;
use testmonx_core::{Digest, Fact, RelPath};

/// How a file was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its content was to be read.
    Read,
    /// Its content was to be changed without being read.
    Write,
    /// Its content was to be read and changed.
    Update,
}

/// The files that the session has made or changed.
#[derive(Debug, Default)]
pub(super) struct Files {
    own: HashSet<PathBuf>,
    /// Facts about files, by the place that they are about, to find those that the session's own
    /// writing overtook.
    observed: HashMap<u32, PathBuf>,
}

impl Files {
    /// Notes that the session made or changed what is at `place`.
    pub(super) fn wrote(&mut self, place: &Path) {
        self.own.insert(fold(place));
    }

    /// How many files and directories the session has made or changed so far.
    pub(super) fn written(&self) -> usize {
        self.own.len()
    }

    /// Whether the session made what is at `place`, or a directory above it.
    pub(super) fn is_own(&self, place: &Path) -> bool {
        !self.own.is_empty() && place.ancestors().any(|at| self.own.contains(at))
    }

    /// Notes which place the fact with this id is about.
    pub(super) fn observed(&mut self, fact: u32, place: PathBuf) {
        self.observed.insert(fact, place);
    }

    /// Those of `facts` that the session's own writing has not overtaken.
    pub(super) fn standing(&self, facts: &BTreeSet<u32>) -> BTreeSet<u32> {
        facts.iter().copied().filter(|fact| !self.is_overtaken(*fact)).collect()
    }

    fn is_overtaken(&self, fact: u32) -> bool {
        self.observed.get(&fact).is_some_and(|place| self.is_own(place))
    }
}

/// The fact that a reader of `path` saw, given what is there; `None` for a directory, a device or
/// what cannot be read (the reader saw no content either).
pub(super) fn read_fact(path: &RelPath, place: &Path) -> Option<Fact> {
    match std::fs::metadata(place) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(missing_fact(path)),
        Ok(meta) if meta.is_file() => {
            Some(file_fact(path, Digest::of(&std::fs::read(place).ok()?)))
        }
        _ => None,
    }
}
