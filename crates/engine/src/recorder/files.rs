//! What was seen of the disk, and what of it is the session's own work.
//!
//! What the session itself wrote is no dependency: a file or directory that it made, and a file that
//! it read first and then wrote over. Of a file that was opened for both, or by code that does not say
//! for which (a database), only its stat tells whether it was written. Which facts stand, of these and of environment
//! variables, is asked here when a batch is made.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};
use testmonx_core::kinds::{entry_fact, file_fact, listing_fact, missing_fact};
use testmonx_core::path::fold;
use testmonx_core::world::Listed;
use testmonx_core::{Digest, Fact, RelPath};
use testmonx_store::FileStat;

use super::intern::Interner;
use crate::looking;

/// The files that the session has made or changed, and what it saw of the others.
#[derive(Debug, Default)]
pub(super) struct Files {
    own: FxHashSet<OsString>,
    /// Of those, the ones that were not there before, by directory.
    made: FxHashMap<PathBuf, BTreeSet<String>>,
    /// Facts about files, by the place that they are about, to find those that the session's own
    /// writing overtook.
    observed: FxHashMap<u32, PathBuf>,
    /// The facts that it did overtake.
    overtaken: FxHashSet<u32>,
    /// Facts that turned out to be none, for other reasons.
    struck: FxHashSet<u32>,
    /// Files that were opened by code that may change them, with their stat before.
    suspected: FxHashMap<PathBuf, Option<FileStat>>,
    listings: Vec<Seen>,
    /// Directories with listings in which something was made since.
    unsettled: FxHashSet<PathBuf>,
    /// The fact that one stands for now, by the fact that it was first: of listings, mostly.
    settled: FxHashMap<u32, u32>,
    digests: RefCell<FxHashMap<PathBuf, Hashed>>,
}

/// A listing as it was seen.
#[derive(Debug)]
struct Seen {
    fact: u32,
    path: RelPath,
    place: PathBuf,
    entries: Vec<Listed>,
}

/// A file's digest, and for which stat and since when it is known.
#[derive(Clone, Copy, Debug)]
struct Hashed {
    stat: FileStat,
    at_ns: i64,
    digest: Digest,
}

impl Files {
    /// Notes that the session changed what is at `place`.
    pub(super) fn wrote(&mut self, place: &Path) {
        self.own.insert(fold(place).into_os_string());
    }

    /// How many facts stand no longer as they were observed, since the session made or changed things itself.
    pub(super) fn unsteady(&self) -> usize {
        self.overtaken.len() + self.settled.len()
    }

    /// Notes that the session made what is at `place`.
    pub(super) fn made(&mut self, place: &Path) {
        let place = fold(place);
        if let (Some(dir), Some(name)) =
            (place.parent(), place.file_name().and_then(|n| n.to_str()))
            && !self.is_own(dir)
        {
            if self.listings.iter().any(|seen| seen.place == dir) {
                self.unsettled.insert(dir.to_owned());
            }
            self.made.entry(dir.to_owned()).or_default().insert(name.to_owned());
        }
        self.own.insert(place.into_os_string());
    }

    /// Notes that code opened the file at `place` that may change it without saying so.
    pub(super) fn suspect(&mut self, place: &Path) {
        let stat = looking::stat(place);
        self.suspected.entry(fold(place)).or_insert(stat);
    }

    /// Whether the session made what is at `place`, or a directory above it.
    pub(super) fn is_own(&self, place: &Path) -> bool {
        if self.own.is_empty() {
            return false;
        }
        // By bytes: to take a path into its components for each directory above it costs ten times as much.
        let bytes = place.as_os_str().as_bytes();
        let mut ends = (1..bytes.len()).filter(|at| bytes[*at] == b'/').chain([bytes.len()]);
        ends.any(|end| self.own.contains(OsStr::from_bytes(&bytes[..end])))
    }

    /// Notes which place the fact with this id is about.
    pub(super) fn observed(&mut self, fact: u32, place: PathBuf) {
        self.observed.insert(fact, place);
    }

    /// Has another fact stand in for the one with this id, wherever it was charged.
    pub(super) fn replace(&mut self, fact: u32, other: u32) {
        self.settled.insert(fact, other);
    }

    /// Takes back the fact with this id.
    pub(super) fn strike(&mut self, fact: u32) {
        self.struck.insert(fact);
    }

    /// The fact that the directory at `place` holds what it holds now, less what the session made.
    pub(super) fn listing(
        &mut self,
        path: &RelPath,
        place: &Path,
        interner: &mut Interner,
    ) -> Option<u32> {
        let entries = looking::list(place)?;
        let place = fold(place);
        let fact = interner.fact(listing_fact(path, &entries, self.made_in(&place)));
        if !self.listings.iter().any(|seen| seen.fact == fact) {
            self.listings.push(Seen { fact, path: path.clone(), place, entries });
        }
        Some(fact)
    }

    /// Brings listings up to what the session has made since they were seen, and finds out which
    /// suspected files it has changed.
    pub(super) fn settle(&mut self, interner: &mut Interner) {
        for seen in self.listings.iter().filter(|seen| self.unsettled.contains(&seen.place)) {
            let fact = listing_fact(&seen.path, &seen.entries, self.made_in(&seen.place));
            self.settled.insert(seen.fact, interner.fact(fact));
        }
        self.unsettled.clear();
        let own = &mut self.own;
        self.suspected.retain(|place, before| {
            let is_unchanged = looking::stat(place) == *before;
            if !is_unchanged {
                own.insert(place.clone().into_os_string());
            }
            is_unchanged
        });
        let observed = self.observed.iter().filter(|(_, place)| self.is_own(place));
        self.overtaken =
            observed.map(|(fact, _)| *fact).chain(self.struck.iter().copied()).collect();
    }

    /// Those of `facts` that the session's own writing has not overtaken.
    pub(super) fn standing(&self, mut facts: Vec<u32>) -> Vec<u32> {
        if !self.overtaken.is_empty() {
            facts.retain(|fact| !self.overtaken.contains(fact));
        }
        if !self.settled.is_empty() {
            facts.iter_mut().for_each(|fact| *fact = *self.settled.get(fact).unwrap_or(fact));
        }
        facts
    }

    /// The fact that a reader of `path` saw, given what is there; `None` for a directory, a device or
    /// what cannot be read (the reader saw no content either).
    pub(super) fn read_fact(&self, path: &RelPath, place: &Path) -> Option<Fact> {
        match std::fs::metadata(place) {
            // Nothing, or a link that leads to nothing.
            Err(error) if error.kind() == ErrorKind::NotFound => asked_fact(path, place),
            Ok(meta) if meta.is_file() => Some(file_fact(path, self.digest(place)?)),
            _ => None,
        }
    }

    /// The digest of the file at `place` as it is now. Many tests may read the same large file.
    fn digest(&self, place: &Path) -> Option<Digest> {
        let stat = looking::stat(place)?;
        if let Some(known) = self.digests.borrow().get(place)
            && known.stat == stat
            && looking::is_settled(&stat, known.at_ns)
        {
            return Some(known.digest);
        }
        let at_ns = looking::now_ns();
        let digest = looking::digest(place)?;
        self.digests.borrow_mut().insert(place.to_owned(), Hashed { stat, at_ns, digest });
        Some(digest)
    }

    fn made_in(&self, dir: &Path) -> impl Iterator<Item = &str> {
        self.made.get(dir).into_iter().flatten().map(String::as_str)
    }
}

/// The fact that who asks what is at `path` is told; `None` if that cannot be told.
pub(super) fn asked_fact(path: &RelPath, place: &Path) -> Option<Fact> {
    match looking::entry(place) {
        Ok(entry) => Some(entry_fact(path, &entry)),
        Err(error) if error.kind() == ErrorKind::NotFound => Some(missing_fact(path)),
        // `a/b`, where `a` is a file.
        Err(error) if error.kind() == ErrorKind::NotADirectory => Some(missing_fact(path)),
        Err(_) => None,
    }
}
