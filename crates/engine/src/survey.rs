//! The look at a store and a working tree that comes before everything else: what is known, what
//! still holds, and what therefore has to run.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use testmonx_core::reason::Reason;
use testmonx_core::select::{Knowledge, KnownSubject, KnownTrace, Selection, Standing};
use testmonx_core::snapshot::Snapshot;
use testmonx_core::source::OUTLINE_VERSION;
use testmonx_core::trace::{NodeId, Subject};
use testmonx_core::world::Tree;
use testmonx_core::{Digest, RelPath};
use testmonx_store::{EnvironmentId, Loaded, Reader, StoreError, TraceId};

use crate::disk::{Disk, Learned};
use crate::packages::Packages;
use crate::variables::Variables;

/// What is known in one environment, and what of it holds now.
#[derive(Debug, Default)]
pub struct Survey {
    /// What has to run.
    pub selection: Selection,
    /// How long each known test took when it last ran, in microseconds.
    pub last_micros: HashMap<NodeId, u64>,
    /// The passing traces that hold now, by subject: what a failure disproves, and what a fresh
    /// subject owes its freshness to.
    pub holding: HashMap<Subject, Vec<TraceId>>,
    /// The subjects of which other traces than a holding one are kept.
    pub with_alternatives: BTreeSet<Subject>,
    /// What reading the tree taught, for the store to remember.
    pub learned: Learned,
}

impl Survey {
    /// Compares what `store` knows of `environment` with the tree under `root`, with `packages` and `variables`.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn make(
        store: &Reader,
        environment: EnvironmentId,
        root: &Path,
        packages: Packages,
        variables: Variables,
    ) -> Result<Self, StoreError> {
        let loaded = store.load(environment)?;
        let mut disk = Disk::new(root, store.stats()?, packages, variables);
        let contents = contents(&loaded, &disk);
        let outlines = store.outlines(OUTLINE_VERSION, &contents)?;
        let outlines = contents.into_iter().zip(outlines);
        disk.remember_outlines(outlines.filter_map(|(content, outline)| Some((content, outline?))));
        Ok(Self::of(&loaded, &disk))
    }

    fn of(loaded: &Loaded, disk: &Disk) -> Self {
        let snapshot = Snapshot::take(&loaded.facts, &loaded.spans, disk);
        let selection = Selection::make(&knowledge(loaded), &snapshot);
        let mut survey = Self { selection, learned: disk.take_learned(), ..Self::default() };
        for stored in &loaded.subjects {
            if let Subject::Test(test) = &stored.subject {
                survey.last_micros.insert(test.clone(), stored.last.micros);
            }
            let holding = survey.selection.holding.get(&stored.subject);
            let ids = holding.into_iter().flatten().map(|index| stored.traces[*index].id).collect();
            survey.holding.insert(stored.subject.clone(), ids);
            if stored.traces.len() > 1 {
                survey.with_alternatives.insert(stored.subject.clone());
            }
        }
        survey
    }

    /// The traces to which fresh subjects owe their freshness, where others could displace them.
    #[must_use]
    pub fn relied_on(&self) -> Vec<TraceId> {
        let first = |subject| self.holding.get(subject)?.first().copied();
        self.with_alternatives.iter().filter_map(first).collect()
    }

    /// The tests that exist, as far as is known, with their standing. Those of files that are gone
    /// do not.
    pub fn tests<'a>(&'a self, root: &Path) -> Vec<(&'a NodeId, &'a Standing)> {
        let mut exists: HashMap<RelPath, bool> = HashMap::new();
        self.selection
            .known_tests()
            .filter(|(test, _)| {
                let file = test.file();
                *exists.entry(file.clone()).or_insert_with(|| file.under(root).is_file())
            })
            .collect()
    }

    /// The files and packages whose changes make tests or collections stale, by name.
    #[must_use]
    pub fn changed(&self) -> BTreeSet<String> {
        let tests = self.selection.known_tests().map(|(_, standing)| standing);
        let collections = self.selection.files.values().map(|plan| &plan.collection);
        tests
            .chain(collections)
            .filter_map(|standing| match standing {
                Standing::Stale(reason) => Some(reason.changes()),
                Standing::Fresh => None,
            })
            .flatten()
            .map(testmonx_core::reason::Change::subject)
            .collect()
    }

    /// How many known tests failed the last time, of those that exist.
    #[must_use]
    pub fn failed(&self, root: &Path) -> usize {
        let is_failed = |standing: &Standing| *standing == Standing::Stale(Reason::FailedLastTime);
        self.tests(root).iter().filter(|(_, standing)| is_failed(standing)).count()
    }
}

/// The present contents of all files that some fact is about.
fn contents(loaded: &Loaded, disk: &Disk) -> Vec<Digest> {
    let files = loaded.facts.iter().filter_map(|fact| fact.kind.rule().file(&fact.key));
    let files: BTreeSet<RelPath> = files.collect();
    files.iter().filter_map(|file| disk.content(file)).collect()
}

fn knowledge(loaded: &Loaded) -> Knowledge<'_> {
    let subjects = loaded
        .subjects
        .iter()
        .map(|stored| KnownSubject {
            subject: &stored.subject,
            last: stored.last.outcome,
            traces: stored
                .traces
                .iter()
                .map(|trace| KnownTrace {
                    outcome: trace.outcome,
                    body: &trace.body,
                    collected: &trace.collected,
                })
                .collect(),
        })
        .collect();
    Knowledge { facts: &loaded.facts, spans: &loaded.spans, subjects }
}
