//! The child's side: takes what the tracer and the audit hook tell, and writes it down.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use testmonx_core::Digest;

use super::{CodeRef, FIRST_OWN, Note, Origin};
use crate::observer::{CodeId, Follow, Leaves, Observer, Receiver, SourceId};
use crate::project::Project;
use crate::witness::{Looker, Sight, Witness};

/// The file that tells children what the project is.
const PROJECT: &str = "project";

/// Why children cannot be observed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The directory for journals cannot be written.
    #[error(
        "child processes cannot be observed: `{}` cannot be written \
         (make room there, or set TMPDIR to another directory)", path.display()
    )]
    Unwritable {
        /// What was to be written.
        path: PathBuf,
        /// Why it was not.
        #[source]
        source: std::io::Error,
    },
    /// The project's place cannot be told to children.
    #[error("child processes cannot be observed: the path of the project is no UTF-8 (move it)")]
    Unspeakable,
    /// What the directory holds is not from a session of this version.
    #[error("`{}` is of no session of this version of testmonx", path.display())]
    Unreadable {
        /// What was read.
        path: PathBuf,
    },
}

/// What a child tells the session.
pub struct Journal {
    dir: PathBuf,
    project: Project,
    origin: Origin,
    /// `None` until there is something to say.
    file: Option<File>,
    is_broken: bool,
    epoch: Box<dyn Fn() -> u64 + Send>,
    written: Box<dyn Fn() + Send>,
    noted_in: u64,
    has_turned: bool,
    sources: Vec<PathBuf>,
    source_ids: HashMap<PathBuf, SourceId>,
    codes: Vec<CodeRef>,
    code_ids: HashMap<(SourceId, Box<str>, u32), CodeId>,
    seen: HashSet<Sight>,
    looked_up: HashSet<(Box<str>, Option<Digest>, Looker)>,
    ran: HashSet<CodeId>,
}

impl Journal {
    /// Tells the children that find `dir` what `project` is.
    ///
    /// # Errors
    /// If that cannot be written.
    pub fn prepare(dir: &Path, project: &Project) -> Result<(), JournalError> {
        let told = (env!("CARGO_PKG_VERSION"), project);
        let bytes = postcard::to_stdvec(&told).map_err(|_| JournalError::Unspeakable)?;
        let path = dir.join(PROJECT);
        fs::write(&path, bytes).map_err(|source| JournalError::Unwritable { path, source })
    }

    /// What [`Journal::prepare`] told.
    ///
    /// # Errors
    /// If it was another version of testmonx, or the session is over.
    pub fn project(dir: &Path) -> Result<Project, JournalError> {
        let path = dir.join(PROJECT);
        let bytes = fs::read(&path).unwrap_or_default();
        match postcard::from_bytes::<(String, Project)>(&bytes) {
            Ok((version, project)) if version == env!("CARGO_PKG_VERSION") => Ok(project),
            _ => Err(JournalError::Unreadable { path }),
        }
    }

    /// A journal in `dir`. `epoch` is the session's present epoch; `written` tells it of news.
    pub fn new(
        dir: &Path,
        project: Project,
        origin: Origin,
        epoch: Box<dyn Fn() -> u64 + Send>,
        written: Box<dyn Fn() + Send>,
    ) -> Self {
        Self {
            dir: dir.to_owned(),
            project,
            origin,
            file: None,
            is_broken: false,
            noted_in: epoch(),
            has_turned: false,
            epoch,
            written,
            sources: Vec::new(),
            source_ids: HashMap::new(),
            codes: Vec::new(),
            code_ids: HashMap::new(),
            seen: HashSet::new(),
            looked_up: HashSet::new(),
            ran: HashSet::new(),
        }
    }

    /// Goes on in a journal of its own: this process was forked.
    pub fn forked(&mut self) {
        self.file = None;
        self.seen.clear();
        self.looked_up.clear();
        self.ran.clear();
        self.noted_in = (self.epoch)();
        self.has_turned = false;
    }

    /// Notes that this child cannot be observed.
    pub fn failed(&mut self, why: String) {
        self.write(&Note::Failed(why));
    }

    fn turn(&mut self) {
        let epoch = (self.epoch)();
        if self.noted_in != epoch {
            self.noted_in = epoch;
            self.has_turned = true;
            self.seen.clear();
            self.looked_up.clear();
            self.ran.clear();
            if self.file.is_some() {
                self.write(&Note::Turned);
            }
        }
    }

    fn write(&mut self, note: &Note) {
        let Some(frame) = note.framed() else { return };
        if self.file.is_none() && !self.is_broken {
            self.file = self.open();
            // The session is over, or the disk is full: nobody will read this.
            self.is_broken = self.file.is_none();
        }
        if let Some(file) = &mut self.file {
            self.is_broken |= file.write_all(&frame).is_err();
            (self.written)();
        }
    }

    fn open(&self) -> Option<File> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!("{}-{}.journal", std::process::id(), since.as_nanos());
        let path = self.dir.join(name);
        let mut file = OpenOptions::new().append(true).create_new(true).open(path).ok()?;
        file.write_all(&Note::Began(self.origin).framed()?).ok()?;
        if self.has_turned {
            // It had nothing to note in the epoch in which it began.
            file.write_all(&Note::Turned.framed()?).ok()?;
        }
        Some(file)
    }

    fn code_ref(&self, code: CodeId) -> Option<CodeRef> {
        match code.checked_sub(FIRST_OWN) {
            None => Some(CodeRef::Known(code)),
            Some(own) => self.codes.get(own as usize).cloned(),
        }
    }
}

impl Observer for Journal {
    fn source(&mut self, filename: &str) -> Option<SourceId> {
        let place = PathBuf::from(filename);
        self.project.relative(&place)?;
        if let Some(known) = self.source_ids.get(&place) {
            return Some(*known);
        }
        if !place.is_file() {
            return None;
        }
        let id = next_id(self.sources.len());
        self.sources.push(place.clone());
        self.source_ids.insert(place, id);
        Some(id)
    }

    fn code(&mut self, source: SourceId, qualname: &str, first_line: u32) -> CodeId {
        let next = next_id(self.codes.len());
        let id = *self.code_ids.entry((source, qualname.into(), first_line)).or_insert(next);
        if id == next {
            let own = source.checked_sub(FIRST_OWN).and_then(|own| self.sources.get(own as usize));
            self.codes.push(match own {
                Some(place) => CodeRef::At(place.clone(), qualname.into(), first_line),
                None => CodeRef::In(source, qualname.into(), first_line),
            });
        }
        id
    }

    fn leaves(&mut self, _code: CodeId, _suspends: bool) -> Leaves {
        // What a child leaves behind is lost with it, or counts through its own span.
        Leaves::Nothing
    }

    fn ran(&mut self, _line: u32, codes: &[CodeId]) {
        self.turn();
        for code in codes {
            if self.ran.insert(*code)
                && let Some(code) = self.code_ref(*code)
            {
                self.write(&Note::Ran(code));
            }
        }
    }

    fn import_started(
        &mut self,
        module: CodeId,
        name: &str,
        package: &str,
        importer: Option<CodeId>,
        _line: u32,
    ) {
        self.turn();
        let importer = importer.and_then(|code| self.code_ref(code));
        if let Some(module) = self.code_ref(module) {
            let (name, package) = (name.into(), package.into());
            self.write(&Note::Imported { module, name, package, importer });
        }
    }

    fn import_found(
        &mut self,
        source: SourceId,
        name: &str,
        package: &str,
        importer: CodeId,
        line: u32,
    ) {
        let module = self.code(source, "<module>", 1);
        self.import_started(module, name, package, Some(importer), line);
    }

    fn import_finished(&mut self, _module: CodeId) {}

    fn memo_met(&mut self, _code: CodeId, _receiver: Option<Receiver>, _suspends: bool) -> Follow {
        Follow::NoMore
    }

    fn memo_started(&mut self, _code: CodeId, _receiver: Option<Receiver>) {}

    fn memo_finished(&mut self, _code: CodeId) {}
}

impl Witness for Journal {
    fn stands_at(&mut self, _line: u32) {}

    fn wants(&mut self, sight: &Sight) -> bool {
        self.turn();
        !self.seen.contains(sight) && self.project.relative(sight.place()).is_some()
    }

    fn saw(&mut self, sight: Sight) {
        // What is made outside of the project can be a link into it, and is cheap to tell.
        let is_made = matches!(sight, Sight::Made { .. });
        if (self.wants(&sight) || is_made) && self.seen.insert(sight.clone()) {
            self.write(&Note::Saw(sight));
        }
    }

    fn looked_up(&mut self, name: &str, value: Option<Digest>, looker: Looker) {
        self.turn();
        if self.looked_up.insert((name.into(), value, looker)) {
            self.write(&Note::LookedUp { name: name.into(), value, looker });
        }
    }
}

fn next_id(count: usize) -> u32 {
    u32::try_from(count).map_or(u32::MAX, |count| FIRST_OWN.saturating_add(count))
}
