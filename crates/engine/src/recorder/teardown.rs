//! What the teardown of a shared fixture observes belongs to all tests that used the fixture.
//!
//! The teardown comes when the last of them is over, inside the span of whichever test comes last
//! (which need not use the fixture at all), and after traces of the earlier ones were handed over.
//! So it has a span of its own, which the fixture's span uses from then on, and traces that were
//! handed over are handed over once more, with that span in addition.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use testmonx_core::trace::Trace;

use super::span::{Span, SpanId};

/// The fixtures that are set up, and the traces that will need what their teardown observes.
#[derive(Debug, Default)]
pub(super) struct Teardowns {
    live: BTreeSet<SpanId>,
    open: FxHashMap<SpanId, SpanId>,
    handed_over: FxHashMap<SpanId, Vec<Trace>>,
}

impl Teardowns {
    /// Notes that the fixture with this span is being set up.
    pub(super) fn set_up(&mut self, fixture: SpanId) {
        self.live.insert(fixture);
    }

    /// Notes that `teardown` is the span of the fixture's teardown.
    pub(super) fn start(&mut self, fixture: SpanId, teardown: SpanId) {
        self.open.insert(fixture, teardown);
    }

    /// The fixture is no more. Returns the span of its teardown, and the traces that were handed
    /// over while it was set up.
    pub(super) fn finish(&mut self, fixture: SpanId) -> Option<(SpanId, Vec<Trace>)> {
        self.live.remove(&fixture);
        let traces = self.handed_over.remove(&fixture).unwrap_or_default();
        Some((self.open.remove(&fixture)?, traces))
    }

    /// Keeps a trace that is handed over, if fixtures that it uses are still set up.
    pub(super) fn keep(&mut self, trace: &Trace, uses: &BTreeSet<SpanId>, spans: &[Span]) {
        if self.live.is_empty() {
            return;
        }
        let mut queue: Vec<SpanId> = uses.iter().copied().collect();
        let mut seen: BTreeSet<SpanId> = BTreeSet::new();
        while let Some(span) = queue.pop() {
            if !seen.insert(span) {
                continue;
            }
            if self.live.contains(&span) {
                self.handed_over.entry(span).or_default().push(trace.clone());
            }
            queue.extend(&spans[span as usize].observed.uses);
        }
    }

    /// Replaces a kept trace by one that says more, wherever it is kept.
    pub(super) fn amend(&mut self, amended: &Trace) {
        for traces in self.handed_over.values_mut() {
            for trace in traces.iter_mut().filter(|trace| trace.subject == amended.subject) {
                trace.body.clone_from(&amended.body);
            }
        }
    }
}
