//! The working tree on a disk, with what is remembered of it.
//!
//! A file's digest is taken from the record of an earlier session only if the file's stat (size,
//! mtime, ctime, inode) is the same *and* older than that record: a write in the same tick as the
//! record could have left the stat alone. It is the rule that git applies to racily clean entries
//! (Documentation/technical/racy-git); content decides everywhere else.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use testmonx_core::search::stem;
use testmonx_core::source::{Outline, SourceModel};
use testmonx_core::world::{Entry, Installed, Listed, Outlines, Surroundings, Tree};
use testmonx_core::{Digest, RelPath};
use testmonx_store::StatRecord;

use crate::looking;
use crate::packages::Packages;
use crate::variables::Variables;

/// The working tree under a rootdir, what is installed for it, and the environment that pytest was started in.
#[derive(Debug, Default)]
pub struct Disk {
    root: PathBuf,
    packages: Packages,
    variables: Variables,
    recorded_stats: HashMap<RelPath, StatRecord>,
    recorded_outlines: HashMap<Digest, Arc<Outline>>,
    contents: RefCell<HashMap<RelPath, Option<Digest>>>,
    outlines: RefCell<HashMap<RelPath, Option<Arc<Outline>>>>,
    learned: RefCell<Learned>,
    /// What is in directories that imports are looked up in, by stem.
    importable: RefCell<HashMap<RelPath, HashMap<String, Vec<Listed>>>>,
}

/// What was found out by reading, worth remembering for the next session.
#[derive(Debug, Default)]
pub struct Learned {
    /// Stats of files that were hashed.
    pub stats: Vec<StatRecord>,
    /// Files of which there was a record, and that are gone.
    pub gone: Vec<RelPath>,
    /// Outlines of contents that were parsed.
    pub outlines: Vec<(Digest, Outline)>,
}

impl Disk {
    /// The tree under `root`, knowing the stats that earlier sessions recorded of it, with `packages` and
    /// `variables`.
    #[must_use]
    pub fn new(
        root: &Path,
        stats: Vec<StatRecord>,
        packages: Packages,
        variables: Variables,
    ) -> Self {
        Self {
            root: root.to_owned(),
            packages,
            variables,
            recorded_stats: stats.into_iter().map(|stat| (stat.path.clone(), stat)).collect(),
            ..Self::default()
        }
    }

    /// The rootdir.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Adds outlines that earlier sessions made of some contents.
    pub fn remember_outlines(&mut self, outlines: impl IntoIterator<Item = (Digest, Outline)>) {
        let shared = outlines.into_iter().map(|(content, outline)| (content, Arc::new(outline)));
        self.recorded_outlines.extend(shared);
    }

    /// Takes what was learned since the last call.
    #[must_use]
    pub fn take_learned(&self) -> Learned {
        self.learned.take()
    }

    fn digest_file(&self, path: &RelPath) -> Option<Digest> {
        let place = path.under(&self.root);
        let Some(before) = looking::stat(&place) else {
            if self.recorded_stats.contains_key(path) {
                self.learned.borrow_mut().gone.push(path.clone());
            }
            return None;
        };
        if let Some(known) = self.recorded_stats.get(path)
            && known.stat == before
            && looking::is_settled(&before, known.recorded_at_ns)
        {
            return Some(known.content);
        }
        let recorded_at_ns = looking::now_ns();
        let content = looking::digest(&place)?;
        // A file that changed while it was read gets no record.
        if looking::stat(&place) == Some(before) {
            let record = StatRecord { path: path.clone(), stat: before, content, recorded_at_ns };
            self.learned.borrow_mut().stats.push(record);
        }
        Some(content)
    }

    fn outline_of(&self, path: &RelPath) -> Option<Arc<Outline>> {
        let content = self.content(path)?;
        if let Some(outline) = self.recorded_outlines.get(&content) {
            return Some(Arc::clone(outline));
        }
        let bytes = self.read(path)?;
        let outline = match SourceModel::parse(&bytes) {
            Ok(model) => model.outline(),
            // None of its facts can hold: whoever depends on it runs, and shows the error.
            Err(_) => return None,
        };
        self.learned.borrow_mut().outlines.push((Digest::of(&bytes), outline.clone()));
        Some(Arc::new(outline))
    }
}

impl Tree for Disk {
    fn content(&self, path: &RelPath) -> Option<Digest> {
        if let Some(known) = self.contents.borrow().get(path) {
            return *known;
        }
        let digest = self.digest_file(path);
        self.contents.borrow_mut().insert(path.clone(), digest);
        digest
    }

    fn read(&self, path: &RelPath) -> Option<Vec<u8>> {
        fs::read(path.under(&self.root)).ok()
    }

    fn exists(&self, path: &RelPath) -> bool {
        path.under(&self.root).exists()
    }

    fn entry(&self, path: &RelPath) -> Option<Entry> {
        looking::entry(&path.under(&self.root)).ok()
    }

    fn list(&self, path: &RelPath) -> Option<Vec<Listed>> {
        looking::list(&path.under(&self.root))
    }

    /// Each directory is listed once, when it is first asked for.
    fn importable(&self, dir: &RelPath, name: &str) -> Vec<Listed> {
        let mut known = self.importable.borrow_mut();
        let by_stem = known.entry(dir.clone()).or_insert_with(|| {
            let mut by_stem: HashMap<String, Vec<Listed>> = HashMap::new();
            for entry in self.list(dir).unwrap_or_default() {
                by_stem.entry(stem(&entry.name).to_owned()).or_default().push(entry);
            }
            by_stem
        });
        by_stem.get(name).cloned().unwrap_or_default()
    }
}

impl Installed for Disk {
    fn package(&self, name: &str, providers: &BTreeSet<String>) -> Option<Digest> {
        self.packages.package(name, providers)
    }

    fn is_importable(&self, name: &str) -> bool {
        self.packages.is_importable(name)
    }

    fn distribution(&self, name: &str) -> Option<Digest> {
        self.packages.distribution(name)
    }

    fn distributions(&self) -> Digest {
        self.packages.distributions()
    }
}

impl Surroundings for Disk {
    fn variable(&self, name: &str) -> Option<Digest> {
        self.variables.variable(name)
    }
}

impl Outlines for Disk {
    fn outline(&self, path: &RelPath) -> Option<Arc<Outline>> {
        if let Some(known) = self.outlines.borrow().get(path) {
            return known.clone();
        }
        let outline = self.outline_of(path);
        self.outlines.borrow_mut().insert(path.clone(), outline.clone());
        outline
    }
}
