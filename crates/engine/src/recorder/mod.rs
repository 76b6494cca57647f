//! The recorder: takes what the tracer, the audit hook and pytest's hooks tell, charges it to the
//! open span, and makes traces of finished runs.
//!
//! Spans form a stack. A code object that runs, a file that is opened and a module whose import
//! starts are charged to the innermost open span; a span that is opened inside a fixture or a test
//! is used by it. What a span observed becomes facts only when a batch is taken: by then imports
//! that happened later, inside the same functions, are known too.

mod children;
mod closure;
mod files;
mod intern;
mod sights;
mod source;
mod span;
mod teardown;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use testmonx_core::kinds::missing_fact;
use testmonx_core::trace::{Batch, NodeId, Outcome, Subject, Trace};
use testmonx_core::{Fact, RelPath};

use self::children::Children;
use self::closure::{Closures, Scene};
use self::files::Files;
use self::intern::Interner;
use self::sights::Sights;
use self::source::{Source, Sources};
use self::span::{Observed, Span, SpanKind};
use self::teardown::Teardowns;
use crate::observer::{CodeId, Observer, SourceId};
use crate::project::Project;
use crate::witness::Access;

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
            interner: &mut $recorder.interner,
        }
    };
}

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
    sources: Sources,
    spans: Vec<Span>,
    open: Vec<SpanId>,
    collections: HashMap<RelPath, SpanId>,
    files: Files,
    sights: Sights,
    children: Children,
    closures: Closures,
    interner: Interner,
    finished: Vec<Finished>,
    teardowns: Teardowns,
    amended: Vec<Trace>,
}

impl Recorder {
    /// A recorder for `project`, with only the session's span open.
    #[must_use]
    pub fn new(project: Project) -> Self {
        let mut recorder = Self {
            project,
            sources: Sources::default(),
            spans: Vec::new(),
            open: Vec::new(),
            collections: HashMap::new(),
            files: Files::default(),
            sights: Sights::default(),
            children: Children::default(),
            closures: Closures::default(),
            interner: Interner::default(),
            finished: Vec::new(),
            teardowns: Teardowns::default(),
            amended: Vec::new(),
        };
        recorder.push(SpanKind::Session);
        recorder
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
        self.closures.start_batch();
        let mut scene = scene!(self);
        let span = self.closures.used_span(&mut scene, teardown);
        for mut trace in traces {
            if let Err(at) = trace.body.spans.binary_search(&span) {
                trace.body.spans.insert(at, span);
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

    /// Charges the docstrings of the source file `path`, which a doctest reads.
    pub fn docstrings_read(&mut self, path: &RelPath) {
        let docstrings = self.sources.at(path).and_then(|id| self.sources.get(id).docstrings());
        if let Some(fact) = docstrings {
            self.charge(fact);
        }
    }

    /// Notes a module that was imported before the tracer was on; the session depends on it.
    pub fn module_found(&mut self, name: &str, package: &str, place: &Path) {
        let Some(place) = place.to_str() else { return };
        if let Some(source) = self.source(place) {
            self.sources.name(source, name, package);
            self.spans[SESSION as usize].observed.imported.insert(source);
        }
    }

    /// How many runs ended that are in no batch yet.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.finished.len()
    }

    /// Makes traces of all runs that ended since the last call.
    pub fn take_batch(&mut self) -> Batch {
        let finished = std::mem::take(&mut self.finished);
        self.files.settle(&mut self.interner);
        self.closures.start_batch();
        let mut traces = std::mem::take(&mut self.amended);
        traces.extend(finished.into_iter().map(|run| self.trace(run)));
        self.interner.take_batch(traces)
    }

    fn trace(&mut self, run: Finished) -> Trace {
        let file = match &run.subject {
            Subject::Test(test) => test.file(),
            Subject::Collection(file) => file.clone(),
        };
        let (conftests, absent) = self.conftests(&file);
        let mut observed = self.spans[run.span as usize].observed.clone();
        observed.facts.extend(absent);
        let base = conftests.into_iter().chain(self.sources.at(&file)).collect();
        let mut scene = scene!(self);
        let body = self.closures.body(&mut scene, &observed, base);
        let trace = Trace {
            subject: run.subject,
            outcome: run.outcome,
            micros: run.micros,
            body,
            collected: run.collected,
        };
        if matches!(trace.subject, Subject::Test(_)) {
            self.teardowns.keep(&trace, &observed.uses, &self.spans);
            self.spans[run.span as usize].observed = Observed::default();
        }
        trace
    }

    /// The conftest files that shape the tests of `file`: those that were imported, and the facts
    /// that there are none in the other directories above it.
    fn conftests(&mut self, file: &RelPath) -> (Vec<SourceId>, Vec<u32>) {
        let (mut present, mut absent) = (Vec::new(), Vec::new());
        let mut dir = file.parent();
        while let Some(at) = dir {
            let conftest = at.join("conftest.py");
            match self.sources.at(&conftest) {
                Some(source) => present.push(source),
                None if !conftest.under(self.project.root()).exists() => {
                    absent.push(self.interner.fact(missing_fact(&conftest)));
                }
                // There, but not in use: `--noconftest`, or a rootdir above `confcutdir`.
                None => {}
            }
            dir = at.parent();
        }
        (present, absent)
    }

    fn push(&mut self, kind: SpanKind) -> SpanId {
        let span = SpanId::try_from(self.spans.len()).unwrap_or(SpanId::MAX);
        self.spans.push(Span { kind, observed: Observed::default() });
        self.open.push(span);
        span
    }

    fn top(&self) -> SpanId {
        self.open.last().copied().unwrap_or(SESSION)
    }

    /// What the innermost open span observes; for an import, what the module's source keeps.
    fn observed(&mut self) -> &mut Observed {
        let top = self.top() as usize;
        match self.spans[top].kind {
            SpanKind::Import(source) => &mut self.sources.get_mut(source).import,
            _ => &mut self.spans[top].observed,
        }
    }

    fn charge(&mut self, fact: Fact) -> u32 {
        let id = self.interner.fact(fact);
        self.observed().facts.insert(id);
        id
    }
}

impl Observer for Recorder {
    fn source(&mut self, filename: &str) -> Option<SourceId> {
        let place = PathBuf::from(filename);
        let path = self.project.relative(&place)?;
        if self.files.is_own(&place) {
            return None;
        }
        if let Some(known) = self.sources.at(&path) {
            return Some(known);
        }
        let source = Source::read(&place, path)?;
        self.closures.invalidate();
        Some(self.sources.add(source))
    }

    fn code(&mut self, source: SourceId, qualname: &str, first_line: u32) -> CodeId {
        self.sources.add_code(source, qualname, first_line)
    }

    fn ran(&mut self, _line: u32, codes: &[CodeId]) {
        self.observed().codes.extend(codes);
    }

    fn import_started(
        &mut self,
        module: CodeId,
        name: &str,
        package: &str,
        importer: Option<CodeId>,
    ) {
        let source = self.sources.code(module).source;
        self.sources.name(source, name, package);
        self.closures.invalidate();
        // A conftest file shapes the tests below its directory, not whoever happens to be collected
        // when pytest loads it.
        let is_conftest =
            importer.is_none() && self.sources.get(source).path.name() == "conftest.py";
        if !is_conftest {
            self.observed().imported.insert(source);
        }
        if let Some(importer) = importer {
            self.closures.add_function_edge(importer, source);
        }
        self.push(SpanKind::Import(source));
    }

    fn import_finished(&mut self, module: CodeId) {
        let source = self.sources.code(module).source;
        let open = self
            .open
            .iter()
            .rposition(|span| self.spans[*span as usize].kind == SpanKind::Import(source));
        if let Some(at) = open {
            self.open.truncate(at);
        }
    }
}
