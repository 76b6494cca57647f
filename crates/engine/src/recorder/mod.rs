//! The recorder: takes what the tracer, the audit hook and pytest's hooks tell, charges it to the
//! open span, and makes traces of finished runs.
//!
//! Spans form a stack. A code object that runs, a file that is opened and a module whose import
//! starts are charged to the innermost open span; a span that is opened inside a fixture or a test
//! is used by it. What happens while a module is imported belongs to the statement that it happened
//! for, and is told to the [`Program`] of bindings. What a span observed becomes facts only when a batch
//! is taken: by then imports that happened later, inside the same functions, are known too.

mod batch;
mod children;
mod closure;
mod components;
mod doctests;
mod files;
mod intern;
mod keepers;
mod left;
mod memos;
mod observing;
mod packages;
mod resolutions;
mod sights;
mod source;
mod span;
mod teardown;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;
use testmonx_core::bindings::{Charge, Program};
use testmonx_core::kinds::variable_fact;
use testmonx_core::trace::{NodeId, Outcome, Subject, Trace};
use testmonx_core::{Fact, RelPath};

use self::children::Children;
use self::closure::{Closures, Scene, Standpoint};
use self::files::Files;
use self::intern::Interner;
use self::keepers::Keepers;
use self::memos::Memos;
use self::packages::PackageFacts;
use self::resolutions::ImportPath;
use self::sights::Sights;
use self::source::{Block, Sources};
use self::span::{Observed, Span, SpanKind};
use self::teardown::Teardowns;
use crate::disk::Disk;
use crate::observer::{CodeId, Observer, SourceId};
use crate::packages::{Packages, Place};
use crate::project::Project;
use crate::variables::Variables;
use crate::witness::Access;
use left::Left;

pub use span::SpanId;

/// The span that is open when no other is.
const SESSION: SpanId = 0;

/// The parts of a recorder that its closures look at.
macro_rules! scene {
    ($recorder:ident) => {
        Scene {
            sources: &$recorder.sources,
            spans: &$recorder.spans,
            files: &$recorder.files,
            packages: &$recorder.packages,
            import_path: &$recorder.import_path,
            disk: &$recorder.disk,
            interner: &mut $recorder.interner,
        }
    };
}
use scene;

/// A run that ended and is not in a batch yet.
#[derive(Debug)]
struct Finished {
    subject: Subject,
    outcome: Outcome,
    micros: u64,
    span: SpanId,
    collected: Vec<NodeId>,
}

/// Records one process's part of a session.
#[derive(Debug)]
pub struct Recorder {
    project: Project,
    disk: Disk,
    sources: Sources,
    program: Program,
    spans: Vec<Span>,
    open: Vec<SpanId>,
    collections: FxHashMap<RelPath, SpanId>,
    files: Files,
    left: Left,
    packages: PackageFacts,
    import_path: ImportPath,
    /// `None`: they are not observed.
    variables: Option<Variables>,
    /// The facts about variables that were charged, by their names.
    looked_up: FxHashMap<Box<str>, u32>,
    sights: Sights,
    children: Children,
    closures: Closures,
    /// The code that was seen to run.
    started: FixedBitSet,
    memos: Memos,
    keepers: Keepers,
    interner: Interner,
    finished: Vec<Finished>,
    teardowns: Teardowns,
    amended: Vec<Trace>,
    /// The modules that the doctests of a file name, of those that ran.
    named_in_doctests: FxHashMap<RelPath, Arc<[Box<str>]>>,
    /// Whether libraries that can look at annotations were looked for.
    has_looked: bool,
    /// The line that the body of the module being imported has reached.
    line: u32,
}

impl Recorder {
    /// A recorder for `project`, with only the session's span open.
    #[must_use]
    pub fn new(project: Project) -> Self {
        let mut recorder = Self {
            disk: Disk::new(project.root(), Vec::new(), Packages::default(), Variables::default()),
            project,
            sources: Sources::default(),
            program: Program::new(),
            spans: Vec::new(),
            open: Vec::new(),
            collections: FxHashMap::default(),
            files: Files::default(),
            left: Left::default(),
            packages: PackageFacts::default(),
            import_path: ImportPath::default(),
            variables: None,
            looked_up: FxHashMap::default(),
            sights: Sights::default(),
            children: Children::default(),
            closures: Closures::default(),
            started: FixedBitSet::new(),
            memos: Memos::default(),
            keepers: Keepers::default(),
            interner: Interner::default(),
            finished: Vec::new(),
            teardowns: Teardowns::default(),
            amended: Vec::new(),
            named_in_doctests: FxHashMap::default(),
            has_looked: false,
            line: 0,
        };
        recorder.push(SpanKind::Session);
        recorder
    }

    /// Makes it know what is installed, and so which packages the project uses.
    #[must_use]
    pub fn with_packages(mut self, packages: Packages) -> Self {
        self.packages = PackageFacts::new(packages);
        self
    }

    /// Makes it observe who looks up these environment variables, or nobody. What was looked up before is told as
    /// these have it.
    pub fn observe_variables(&mut self, variables: Option<Variables>) {
        let Self { files, interner, looked_up, .. } = self;
        for (name, fact) in std::mem::take(looked_up) {
            let Some(variables) = &variables else {
                files.strike(fact);
                continue;
            };
            let now = interner.fact(variable_fact(&name, variables));
            if now != fact {
                files.replace(fact, now);
            }
            looked_up.insert(name, now);
        }
        self.variables = variables;
    }

    /// Notes the directories that imports are looked up in, Python's `sys.path`.
    pub fn search_path(&mut self, path: &[PathBuf]) {
        let Self { project, packages, disk, .. } = self;
        self.import_path = ImportPath::new(path, project, packages, disk);
    }

    /// The project that it records.
    #[must_use]
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// Opens the span of the collection of `file`, or opens it again: pytest collects a file's
    /// classes one after another.
    pub fn open_collection(&mut self, file: &RelPath) -> SpanId {
        if let Some(span) = self.collections.get(file) {
            self.open.push(*span);
            return *span;
        }
        let span = self.push(SpanKind::Collection(file.clone()));
        self.spans[span as usize].observed.uses.insert(SESSION);
        self.collections.insert(file.clone(), span);
        span
    }

    /// Opens the span of one set-up of a fixture, which the span around it uses.
    pub fn open_fixture(&mut self) -> SpanId {
        let around = self.top();
        let span = self.push(SpanKind::Fixture);
        self.spans[around as usize].observed.uses.insert(span);
        self.teardowns.set_up(span);
        span
    }

    /// Opens the span of the teardown of the fixture whose set-up had the span `fixture`.
    pub fn open_teardown(&mut self, fixture: SpanId) {
        let span = self.push(SpanKind::Fixture);
        self.teardowns.start(fixture, span);
    }

    /// Closes that span: all tests that used the fixture use it too.
    pub fn close_teardown(&mut self, fixture: SpanId) {
        let Some((teardown, traces)) = self.teardowns.finish(fixture) else { return };
        self.close(teardown);
        if self.spans[teardown as usize].observed.is_empty() {
            return;
        }
        self.spans[fixture as usize].observed.uses.insert(teardown);
        if traces.is_empty() {
            return;
        }
        self.start_batch();
        let mut scene = scene!(self);
        let observed = &self.spans[teardown as usize].observed;
        let (roots, _) =
            self.closures.roots(&scene, &self.program, observed, &Standpoint::default());
        let reached = self.program.closure(&roots, &self.disk);
        let mut spans = vec![self.closures.used_span(&mut scene, teardown)];
        spans.extend(self.closures.reached(&mut scene, &self.program, &reached));
        for mut trace in traces {
            let before = trace.body.spans.len();
            trace.body.spans.extend(&spans);
            trace.body.spans.sort_unstable();
            trace.body.spans.dedup();
            if trace.body.spans.len() > before {
                self.teardowns.amend(&trace);
                self.amended.push(trace);
            }
        }
    }

    /// Opens the span of a run of `test`, which uses what its file's collection observed.
    pub fn open_test(&mut self, test: &NodeId) -> SpanId {
        let collection = self.collections.get(&test.file()).copied().unwrap_or(SESSION);
        let span = self.push(SpanKind::Test(test.clone()));
        self.spans[span as usize].observed.uses.insert(collection);
        span
    }

    /// Notes that the innermost open span uses `spans`, which were open before. Those that are open
    /// still are passed over: a span never uses itself, not even through others.
    pub fn use_spans(&mut self, spans: &[SpanId]) {
        let known = self.spans.len();
        let is_closed = |span: &SpanId| (*span as usize) < known && !self.open.contains(span);
        let closed: Vec<SpanId> = spans.iter().copied().filter(is_closed).collect();
        let top = self.top();
        self.spans[top as usize].observed.uses.extend(closed);
    }

    /// Notes that the innermost open span, a test's, requested the fixtures with these names.
    pub fn use_fixtures(&mut self, names: &[String]) {
        let top = self.top();
        let names = names.iter().map(|name| name.as_str().into());
        self.spans[top as usize].observed.fixtures.extend(names);
    }

    /// Closes `span`, and those opened after it that were left open.
    pub fn close(&mut self, span: SpanId) {
        if let Some(at) = self.open.iter().rposition(|open| *open == span) {
            self.open.truncate(at.max(1));
        }
    }

    /// Notes that a run of the test whose span was `span` ended.
    pub fn finish_test(&mut self, span: SpanId, outcome: Outcome, micros: u64) {
        if let SpanKind::Test(test) = &self.spans[span as usize].kind {
            let subject = Subject::Test(test.clone());
            self.finished.push(Finished { subject, outcome, micros, span, collected: Vec::new() });
        }
    }

    /// Notes that the collection of `file` ended without error and found exactly `tests`.
    pub fn finish_collection(&mut self, file: &RelPath, tests: Vec<NodeId>) {
        if let Some(span) = self.collections.get(file).copied() {
            self.finished.push(Finished {
                subject: Subject::Collection(file.clone()),
                outcome: Outcome::Passed,
                micros: 0,
                span,
                collected: tests,
            });
        }
    }

    /// What the file at `place` belongs to, if it is an installed distribution's.
    #[must_use]
    pub fn installed_at(&self, place: &Path) -> Option<Place> {
        self.packages.at(place)
    }

    /// Charges the opening of a file in `place`; `reader` is the innermost project code on the stack.
    pub fn installed_read(&mut self, place: &Place, reader: Option<CodeId>) {
        if let Some(fact) = self.packages.read(place, reader) {
            self.charge(fact);
        }
    }

    /// Notes a module that was imported before the tracer was on; the session depends on all of it,
    /// since nobody has seen what its import did.
    pub fn module_found(&mut self, name: &str, package: &str, place: &Path) {
        let Some(place) = place.to_str() else { return };
        if let Some(source) = self.source(place) {
            self.program.name(self.sources.get(source).module, name, package);
            self.sources.name(source, name);
            let session = &mut self.spans[SESSION as usize].observed;
            session.imported.insert(source);
            session.whole.insert(source);
        }
    }

    /// How many runs ended that are in no batch yet.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.finished.len()
    }

    fn push(&mut self, kind: SpanKind) -> SpanId {
        let span = SpanId::try_from(self.spans.len()).unwrap_or(SpanId::MAX);
        self.spans.push(Span { kind, observed: Observed::default() });
        self.open.push(span);
        span
    }

    /// The innermost open span that is no memoised call.
    fn top(&self) -> SpanId {
        let is_memo =
            |span: &&SpanId| matches!(self.spans[**span as usize].kind, SpanKind::Memo(_));
        self.open.iter().rev().find(|span| !is_memo(span)).copied().unwrap_or(SESSION)
    }

    /// Charges something to the spans that are open: to the innermost that is no memoised call, and to
    /// the memoised calls in it. In an import it belongs to the statement that the body stands at.
    fn note(&mut self, line: u32, seen: Seen) {
        let Self { open, spans, sources, program, interner, memos, keepers, .. } = self;
        for code in keepers.leave(seen) {
            if let Block::Body(body) = sources.code(code).block {
                program.memoised(body, seen.charge(sources, interner));
            }
        }
        for span in open.iter().rev() {
            match spans[*span as usize].kind {
                SpanKind::Memo(memo) if memo.receiver.is_some() => memos.leave(memo, seen),
                SpanKind::Memo(memo) => {
                    if let Block::Body(body) = sources.code(memo.code).block {
                        program.memoised(body, seen.charge(sources, interner));
                        if let Seen::Found(source) = seen {
                            program.imported_by(body, sources.get(source).module);
                        }
                    }
                }
                SpanKind::Import(source) => {
                    let module = sources.get(source).module;
                    return program.charge(module, line, seen.charge(sources, interner));
                }
                _ => return seen.add_to(&mut spans[*span as usize].observed),
            }
        }
    }

    fn charge(&mut self, fact: Fact) -> u32 {
        let id = self.interner.fact(fact);
        self.note(self.line, Seen::Fact(id));
        id
    }
}

/// Something that was observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Seen {
    Code(CodeId),
    Fact(u32),
    Imported(SourceId),
    /// A module that code has in its hands, of which it can read anything.
    Found(SourceId),
}

impl Seen {
    fn add_to(self, observed: &mut Observed) {
        match self {
            Self::Code(code) => drop(observed.codes.insert(code)),
            Self::Fact(fact) => drop(observed.facts.insert(fact)),
            Self::Imported(source) => drop(observed.imported.insert(source)),
            Self::Found(source) => {
                observed.imported.insert(source);
                observed.whole.insert(source);
            }
        }
    }

    /// What it is to the program of bindings.
    fn charge(self, sources: &Sources, interner: &Interner) -> Charge {
        match self {
            Self::Code(code) => sources.code(code).block.charge(),
            Self::Fact(fact) => Charge::Observed(interner.get(fact).clone()),
            Self::Imported(source) | Self::Found(source) => {
                Charge::Imported(sources.get(source).module)
            }
        }
    }
}
