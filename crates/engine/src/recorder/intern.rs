//! Numbers for facts and spans, and the batch of those not handed over yet.

use rustc_hash::FxHashMap;
use testmonx_core::Fact;
use testmonx_core::trace::{Batch, SpanBody, Trace};

/// Gives facts and spans their ids within one recorder, each distinct one once.
#[derive(Debug, Default)]
pub(super) struct Interner {
    facts: Vec<Fact>,
    fact_ids: FxHashMap<Fact, u32>,
    span_ids: FxHashMap<SpanBody, u32>,
    pending: Batch,
}

impl Interner {
    /// The id of `fact`.
    pub(super) fn fact(&mut self, fact: Fact) -> u32 {
        let next = to_id(self.fact_ids.len());
        let (pending, facts) = (&mut self.pending.facts, &mut self.facts);
        *self.fact_ids.entry(fact).or_insert_with_key(|fact| {
            pending.push(fact.clone());
            facts.push(fact.clone());
            next
        })
    }

    /// The fact with this id.
    pub(super) fn get(&self, id: u32) -> &Fact {
        &self.facts[id as usize]
    }

    /// The id of a span with this body, whose ids must be ascending and distinct.
    pub(super) fn span(&mut self, body: SpanBody) -> u32 {
        let next = to_id(self.span_ids.len());
        let pending = &mut self.pending.spans;
        *self.span_ids.entry(body).or_insert_with_key(|body| {
            pending.push(body.clone());
            next
        })
    }

    /// All that was numbered since the last call, with `traces` that use it.
    pub(super) fn take_batch(&mut self, traces: Vec<Trace>) -> Batch {
        let next = Batch {
            first_fact: to_id(self.fact_ids.len()),
            first_span: to_id(self.span_ids.len()),
            ..Batch::default()
        };
        Batch { traces, ..std::mem::replace(&mut self.pending, next) }
    }
}

/// Ids are 32 bits: a session that sees four billion facts would run out of memory first.
fn to_id(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
