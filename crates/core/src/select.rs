//! The selection rule: `fresh iff some passing trace ⊆ snapshot`.
//!
//! A file's collection is a subject like a test: its trace holds what shaped it and the tests that
//! it found. A file may go uncollected only if one of its collection traces holds and every test
//! that this trace found is fresh, so that a new test, parameter or mark cannot hide; and a test
//! that the holding collection does not name is no longer there, whatever else is known of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::reason::{Change, Reason};
use crate::snapshot::Snapshot;
use crate::trace::{NodeId, Outcome, SpanBody, Subject};
use crate::{Fact, RelPath};

/// How many broken facts a [`Reason`] names.
const NAMED_CHANGES: usize = 32;

/// What is known of one of a subject's runs.
#[derive(Clone, Copy, Debug)]
pub struct KnownTrace<'a> {
    /// How it ended.
    pub outcome: Outcome,
    /// What it observed.
    pub body: &'a SpanBody,
    /// For a collection, the tests it found.
    pub collected: &'a [NodeId],
}

/// What is known of a subject.
#[derive(Clone, Debug)]
pub struct KnownSubject<'a> {
    /// What runs.
    pub subject: &'a Subject,
    /// How its last run ended.
    pub last: Outcome,
    /// What is kept of its runs, the most recently used first.
    pub traces: Vec<KnownTrace<'a>>,
}

/// All that is known in one environment.
#[derive(Clone, Debug, Default)]
pub struct Knowledge<'a> {
    /// Facts by id.
    pub facts: &'a [Fact],
    /// Spans by id.
    pub spans: &'a [SpanBody],
    /// What ran in it, each once.
    pub subjects: Vec<KnownSubject<'a>>,
}

/// Whether a subject has to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// One of its passing traces holds.
    Fresh,
    /// None does.
    Stale(Reason),
}

impl Standing {
    /// Whether nothing that it depends on has changed since it passed.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        matches!(self, Self::Fresh)
    }
}

/// What is to be done with a test file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePlan {
    /// Whether the collection itself is fresh: it would find exactly `tests`.
    pub collection: Standing,
    /// The tests that it has, as far as is known, in pytest's order.
    pub tests: Vec<NodeId>,
}

/// The answer for a whole tree.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Each test that is known.
    pub tests: BTreeMap<NodeId, Standing>,
    /// Each test file whose collection is known.
    pub files: BTreeMap<RelPath, FilePlan>,
    /// The passing traces that hold, by subject: indices of [`KnownSubject::traces`].
    pub holding: HashMap<Subject, Vec<usize>>,
}

impl Selection {
    /// Applies the rule to all that is known.
    #[must_use]
    pub fn make(known: &Knowledge<'_>, snapshot: &Snapshot) -> Self {
        let mut selection = Self::default();
        for known_subject in &known.subjects {
            let KnownSubject { subject, traces, .. } = known_subject;
            let holds =
                |trace: &KnownTrace<'_>| trace.outcome.is_passing() && snapshot.holds(trace.body);
            let holding: Vec<usize> =
                (0..traces.len()).filter(|index| holds(&traces[*index])).collect();
            let standing = if holding.is_empty() {
                Standing::Stale(reason(known_subject, known, snapshot))
            } else {
                Standing::Fresh
            };
            match subject {
                Subject::Test(test) => {
                    selection.tests.insert(test.clone(), standing);
                }
                Subject::Collection(file) => {
                    let nearest = traces.get(holding.first().copied().unwrap_or(0));
                    let tests = nearest.map_or_else(Vec::new, |trace| trace.collected.to_vec());
                    selection.files.insert(file.clone(), FilePlan { collection: standing, tests });
                }
            }
            selection.holding.insert((*subject).clone(), holding);
        }
        selection
    }

    /// Whether the test is known and fresh.
    #[must_use]
    pub fn is_fresh(&self, test: &NodeId) -> bool {
        self.tests.get(test).is_some_and(Standing::is_fresh)
    }

    /// The tests of a file that need not be imported: its collection and all its tests are fresh.
    /// `None` if it has to be collected.
    #[must_use]
    pub fn skippable(&self, file: &RelPath) -> Option<&[NodeId]> {
        let plan = self.files.get(file)?;
        let fresh = plan.collection.is_fresh() && plan.tests.iter().all(|test| self.is_fresh(test));
        fresh.then_some(&plan.tests[..])
    }

    /// The tests that exist, as far as is known: those that the latest or a holding collection of
    /// their file found, and those of files that were never collected whole.
    pub fn known_tests(&self) -> impl Iterator<Item = (&NodeId, &Standing)> {
        let listed: BTreeSet<&NodeId> = self.files.values().flat_map(|plan| &plan.tests).collect();
        self.tests.iter().filter(move |(test, _)| {
            listed.contains(test) || !self.files.contains_key(&test.file())
        })
    }
}

fn reason(subject: &KnownSubject<'_>, known: &Knowledge<'_>, snapshot: &Snapshot) -> Reason {
    if !subject.last.is_passing() {
        return Reason::FailedLastTime;
    }
    let Some(nearest) = subject.traces.iter().find(|trace| trace.outcome.is_passing()) else {
        return Reason::NeverRan;
    };
    let change = |id: u32| {
        let fact = known.facts.get(id as usize)?.clone();
        Some(Change {
            fact,
            is_gone: snapshot.is_gone(id),
            file: snapshot.changed_file(id).cloned(),
        })
    };
    let broken = snapshot.broken(nearest.body, known.spans, NAMED_CHANGES);
    Reason::Changed(broken.into_iter().filter_map(change).collect())
}
