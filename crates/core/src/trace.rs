//! Spans and traces: what was observed, and what is kept of one test run.
//!
//! Ids in a [`Batch`] are local to the recorder that made it and count on from batch to batch; the
//! store gives its own.

use serde::{Deserialize, Serialize};

use crate::{Fact, RelPath};

/// A pytest node ID, e.g. `tests/test_a.py::TestC::test_x[1]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(Box<str>);

impl NodeId {
    /// The node ID that pytest writes as `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// As pytest writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file part, which pytest writes relative to the rootdir.
    #[must_use]
    pub fn file(&self) -> RelPath {
        RelPath::new(self.0.split_once("::").map_or(&*self.0, |(file, _)| file))
    }
}

/// What a span holds: facts, and other spans whose facts it shares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SpanBody {
    /// Ids of facts, ascending.
    pub facts: Vec<u32>,
    /// Ids of spans, ascending; always of spans that came before.
    pub spans: Vec<u32>,
}

/// What a trace is a trace of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// One test's run.
    Test(NodeId),
    /// The collection of one test file.
    Collection(RelPath),
}

/// How a run of a subject ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// It passed (xpassed, when not strict, included).
    Passed,
    /// It was skipped.
    Skipped,
    /// It failed as expected.
    Xfailed,
    /// It failed, in setup, call or teardown.
    Failed,
}

impl Outcome {
    /// Whether a trace with this outcome can make its subject fresh.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        !matches!(self, Self::Failed)
    }
}

/// What is kept of one run of a subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// What ran.
    pub subject: Subject,
    /// How it ended.
    pub outcome: Outcome,
    /// How long setup, call and teardown took together, in microseconds.
    pub micros: u64,
    /// What it observed.
    pub body: SpanBody,
    /// For a collection: the tests that it found, in pytest's order. Empty for a test.
    pub collected: Vec<NodeId>,
}

/// What a recorder hands over at once: new facts and spans, and the traces that use them.
///
/// The first fact of the batch has the id `first_fact`, the first span `first_span`; earlier ids
/// are those of the same recorder's earlier batches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Id of `facts[0]`.
    pub first_fact: u32,
    /// Facts not sent before.
    pub facts: Vec<Fact>,
    /// Id of `spans[0]`.
    pub first_span: u32,
    /// Spans not sent before.
    pub spans: Vec<SpanBody>,
    /// Finished runs.
    pub traces: Vec<Trace>,
}

impl Batch {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.spans.is_empty() && self.traces.is_empty()
    }
}
