//! The session's side: reads what is new in the journals of its children.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{Note, Origin};

/// The number of a child within one session.
pub(crate) type ChildId = u32;

/// What a child noted since it was last read.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) child: ChildId,
    pub(crate) origin: Origin,
    /// Each with whether it was noted in the epoch in which the child began.
    pub(crate) notes: Vec<(bool, Note)>,
}

/// The journals of a session's children.
#[derive(Debug)]
pub struct Journals {
    dir: PathBuf,
    known: HashMap<OsString, Known>,
    count: ChildId,
}

#[derive(Debug)]
struct Known {
    child: ChildId,
    origin: Origin,
    is_new: bool,
    read: u64,
}

impl Journals {
    /// The journals in `dir`.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), known: HashMap::new(), count: 0 }
    }

    /// What was written since the last call. Journals of children that have ended are removed.
    pub(crate) fn read_news(&mut self) -> Vec<News> {
        let mut found = Vec::new();
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        for name in entries.map(|entry| entry.file_name()) {
            let Some(pid) = name.to_str().and_then(pid_of) else { continue };
            // Asked first: what is read after it has ended is all there is.
            let has_ended = !Path::new("/proc").join(pid).exists();
            found.extend(self.read(&name));
            if has_ended {
                self.known.remove(&name);
                // A journal that cannot be removed is read again to no effect.
                let _ = fs::remove_file(self.dir.join(&name));
            }
        }
        found
    }

    fn read(&mut self, name: &OsString) -> Option<News> {
        let known = self.known.entry(name.clone()).or_insert_with(|| {
            self.count += 1;
            Known { child: self.count, origin: Origin::Program, is_new: true, read: 0 }
        });
        let mut bytes = Vec::new();
        let mut file = File::open(self.dir.join(name)).ok()?;
        file.seek(SeekFrom::Start(known.read)).ok()?;
        file.read_to_end(&mut bytes).ok()?;
        let (read, length) = Note::read_all(&bytes);
        known.read += length as u64;
        let mut notes = Vec::new();
        for note in read {
            match note {
                Note::Began(origin) => known.origin = origin,
                Note::Turned => known.is_new = false,
                note => notes.push((known.is_new, note)),
            }
        }
        let news = News { child: known.child, origin: known.origin, notes };
        (!news.notes.is_empty()).then_some(news)
    }
}

fn pid_of(name: &str) -> Option<&str> {
    name.strip_suffix(".journal")?.split_once('-').map(|(pid, _)| pid)
}
