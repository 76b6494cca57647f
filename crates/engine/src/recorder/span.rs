//! Open spans: to what an observation is charged.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;
use testmonx_core::RelPath;
use testmonx_core::trace::NodeId;

use super::memos::MemoId;
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
    /// The execution of a module's body. What happens then is kept by the program of bindings, with
    /// the statement that it happened for.
    Import(SourceId),
    /// A call that leaves something behind for later ones. What happens then is kept by the program of
    /// bindings, for all who find what was left, and counts for the span around it, too.
    Memo(MemoId),
}

/// What was observed while a span was the innermost open one.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    /// Code objects that ran.
    pub(super) codes: FxHashSet<CodeId>,
    /// Facts that do not come from code, by id.
    pub(super) facts: BTreeSet<u32>,
    /// Modules that were imported.
    pub(super) imported: BTreeSet<SourceId>,
    /// Modules all of which can be read.
    pub(super) whole: BTreeSet<SourceId>,
    /// Names of modules all of which can be read, if they are imported.
    pub(super) named: BTreeSet<Box<str>>,
    /// Spans whose facts are its facts too.
    pub(super) uses: BTreeSet<SpanId>,
    /// Names that pytest looked up for it: those of the fixtures that it requested.
    pub(super) fixtures: BTreeSet<Box<str>>,
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
            && self.whole.is_empty()
            && self.named.is_empty()
            && self.uses.is_empty()
    }
}
