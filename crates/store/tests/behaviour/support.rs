//! What the store's tests share: a store in a directory of its own, and short ways to say what a run
//! observed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testmonx_core::trace::{Batch, NodeId, Outcome, SpanBody, Subject, Trace};
use testmonx_core::{Digest, Fact, Kind};
use testmonx_store::{EnvironmentId, Importer, Loaded, SessionId, Store, StoredTrace, TraceId};

/// A store in a temporary directory, with an environment and a session.
pub struct Scene {
    pub directory: TempDir,
    pub path: PathBuf,
    pub store: Store,
    pub environment: EnvironmentId,
    pub session: SessionId,
}

impl Scene {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".testmondata");
        let mut store = open(&path);
        let environment = store.environment(&components("3.13.1")).unwrap();
        let session = store.begin_session(environment, "first").unwrap();
        Self { directory, path, store, environment, session }
    }

    pub fn next_session(&mut self) -> SessionId {
        self.session = self.store.begin_session(self.environment, "next").unwrap();
        self.session
    }

    /// Records one run of `test`, by a recorder of its own.
    pub fn run(&mut self, test: &str, outcome: Outcome, facts: &[Fact]) -> TraceId {
        self.run_retiring(test, outcome, facts, &[])
    }

    pub fn run_retiring(
        &mut self,
        test: &str,
        outcome: Outcome,
        facts: &[Fact],
        retire: &[TraceId],
    ) -> TraceId {
        let batch = batch_of(test, outcome, facts);
        let (environment, session) = (self.environment, self.session);
        let mut importer = Importer::new();
        let recorded = self.store.record(environment, session, &mut importer, &batch, retire);
        recorded.unwrap().traces[0]
    }

    pub fn load(&self) -> Loaded {
        self.store.load(self.environment).unwrap()
    }

    /// The traces of `test`, the most recently used first.
    pub fn traces(&self, test: &str) -> Vec<StoredTrace> {
        let loaded = self.load();
        let found = loaded.subjects.into_iter().find(|other| other.subject == subject(test));
        found.map(|found| found.traces).unwrap_or_default()
    }
}

/// Opens a store and requires that nothing was in its place.
pub fn open(path: &Path) -> Store {
    let opened = Store::open(path).unwrap();
    assert_eq!(opened.set_aside, None);
    opened.store
}

pub fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub fn components(python: &str) -> Vec<(String, String)> {
    vec![("python".to_owned(), python.to_owned()), ("pytest".to_owned(), "9.0.0".to_owned())]
}

pub fn subject(test: &str) -> Subject {
    Subject::Test(NodeId::new(test))
}

/// The fact that the function `key` was `version`.
pub fn fact(key: &str, version: u32) -> Fact {
    Fact::new(Kind::Block, key, Digest::of_value("test", &version))
}

/// A trace whose body names the first `facts` facts of its batch.
pub fn batch_of(test: &str, outcome: Outcome, facts: &[Fact]) -> Batch {
    let body = SpanBody { facts: (0..facts.len() as u32).collect(), spans: Vec::new() };
    let collected = Vec::new();
    let trace = Trace { subject: subject(test), outcome, micros: 1_500, body, collected };
    Batch { facts: facts.to_vec(), traces: vec![trace], ..Batch::default() }
}

/// What a body holds, whatever the ids: two stores, or a store and a model, can be compared by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resolved {
    pub facts: BTreeSet<Fact>,
    pub spans: BTreeSet<Resolved>,
}

pub fn resolve(body: &SpanBody, facts: &[Fact], spans: &[SpanBody]) -> Resolved {
    Resolved {
        facts: body.facts.iter().map(|&id| facts[id as usize].clone()).collect(),
        spans: body.spans.iter().map(|&id| resolve(&spans[id as usize], facts, spans)).collect(),
    }
}

/// A trace without ids.
pub type Content = (Subject, Outcome, Resolved, Vec<NodeId>);

/// All traces of an environment, without ids.
pub fn contents(loaded: &Loaded) -> BTreeSet<Content> {
    let of = |trace: &StoredTrace| resolve(&trace.body, &loaded.facts, &loaded.spans);
    loaded
        .subjects
        .iter()
        .flat_map(|subject| subject.traces.iter().map(move |trace| (&subject.subject, trace)))
        .map(|(subject, trace)| {
            (subject.clone(), trace.outcome, of(trace), trace.collected.clone())
        })
        .collect()
}

/// Numbers that are the same in every run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % end
    }
}
