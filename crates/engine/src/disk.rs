//! The working tree on a disk, with what is remembered of it.
//!
//! A file's digest is taken from the record of an earlier session only if the file's stat (size,
//! mtime, ctime, inode) is the same *and* older than that record: a write in the same tick as the
//! record could have left the stat alone. It is the rule that git applies to racily clean entries
//! (Documentation/technical/racy-git); content decides everywhere else.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use testmonx_core::source::{Outline, SourceModel};
use testmonx_core::world::{Installed, Outlines, Tree};
use testmonx_core::{Digest, RelPath};
use testmonx_store::{FileStat, StatRecord};

use crate::packages::Packages;

/// How much older than its record a stat must be: the coarsest clock that a common file system
/// stamps files with, and some slack for clocks that differ between a file server and this machine.
const RACY_NS: i64 = 2_500_000_000;

/// The working tree under a rootdir, and what is installed for it.
#[derive(Debug, Default)]
pub struct Disk {
    root: PathBuf,
    packages: Packages,
    recorded_stats: HashMap<RelPath, StatRecord>,
    recorded_outlines: HashMap<Digest, Arc<Outline>>,
    contents: RefCell<HashMap<RelPath, Option<Digest>>>,
    outlines: RefCell<HashMap<RelPath, Option<Arc<Outline>>>>,
    learned: RefCell<Learned>,
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
    /// The tree under `root`, knowing the stats that earlier sessions recorded of it, with `packages`.
    #[must_use]
    pub fn new(root: &Path, stats: Vec<StatRecord>, packages: Packages) -> Self {
        Self {
            root: root.to_owned(),
            packages,
            recorded_stats: stats.into_iter().map(|stat| (stat.path.clone(), stat)).collect(),
            ..Self::default()
        }
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
        let Some(before) = stat(&place) else {
            if self.recorded_stats.contains_key(path) {
                self.learned.borrow_mut().gone.push(path.clone());
            }
            return None;
        };
        if let Some(known) = self.recorded_stats.get(path)
            && known.stat == before
            && before.mtime_ns.max(before.ctime_ns) + RACY_NS < known.recorded_at_ns
        {
            return Some(known.content);
        }
        let recorded_at_ns = now_ns();
        let content = Digest::of(&fs::read(&place).ok()?);
        // A file that changed while it was read gets no record.
        if stat(&place) == Some(before) {
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

    fn list(&self, path: &RelPath) -> Option<Vec<String>> {
        let mut names = fs::read_dir(path.under(&self.root))
            .ok()?
            .map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect::<Option<Vec<_>>>()?;
        names.sort_unstable();
        Some(names)
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

/// The stat of a regular file.
fn stat(path: &Path) -> Option<FileStat> {
    let meta = fs::metadata(path).ok()?;
    meta.is_file().then(|| FileStat {
        size: meta.len(),
        mtime_ns: meta.mtime().saturating_mul(1_000_000_000).saturating_add(meta.mtime_nsec()),
        ctime_ns: meta.ctime().saturating_mul(1_000_000_000).saturating_add(meta.ctime_nsec()),
        inode: meta.ino(),
    })
}

fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
