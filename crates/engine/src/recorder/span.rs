//! Open spans: to what an observation is charged.

use std::collections::{BTreeSet, HashSet};

use testmonx_core::RelPath;
use testmonx_core::trace::NodeId;

use crate::observer::{CodeId, SourceId};

/// Number of a span within one recorder.
pub type SpanId = u32;

/// What a span is the span of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SpanKind {
    /// All that happens outside of the other spans: plugins and conftest files, session hooks.
    Session,
    /// The collection of a test file, its import aside.
    Collection(RelPath),
    /// One set-up of a fixture.
    Fixture,
    /// One run of a test.
    Test(NodeId),
    /// The execution of a module's body.
    Import(SourceId),
}

/// What was observed while a span was the innermost open one.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    /// Code objects that ran.
    pub(super) codes: HashSet<CodeId>,
    /// Facts that do not come from code, by id.
    pub(super) facts: BTreeSet<u32>,
    /// Modules that were imported.
    pub(super) imported: BTreeSet<SourceId>,
    /// Spans whose facts are its facts too.
    pub(super) uses: BTreeSet<SpanId>,
}

/// A span and what it observed so far.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) kind: SpanKind,
    pub(super) observed: Observed,
}

impl Observed {
    /// Whether nothing was observed.
    pub(super) fn is_empty(&self) -> bool {
        self.codes.is_empty()
            && self.facts.is_empty()
            && self.imported.is_empty()
            && self.uses.is_empty()
    }
}
