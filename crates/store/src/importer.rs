//! From a recorder's own numbering to the store's.

use testmonx_core::Fact;
use testmonx_core::trace::{Batch, SpanBody};

use crate::error::{BatchError, Fault};
use crate::intern::Interner;

/// What one recorder has sent so far, and which ids the store gave it. One recorder, one importer.
///
/// It keeps the facts and spans themselves, not only their ids: what no trace uses yet can be
/// collected as garbage by another session between two batches, and the whole store can be replaced
/// when it turns out to be damaged. Then the ids are void and everything is interned again, instead
/// of a later trace naming rows that are gone or, worse, are something else now.
#[derive(Debug, Default)]
pub struct Importer {
    facts: Vec<Fact>,
    spans: Vec<SpanBody>,
    fact_ids: Vec<u32>,
    span_ids: Vec<u32>,
    epoch: Option<Epoch>,
}

/// As long as this is the same, ids are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch {
    /// Which store.
    pub(crate) identity: [u8; 16],
    /// How many garbage collections it has seen.
    pub(crate) collections: i64,
}

impl Importer {
    /// An importer for a recorder that has sent nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the facts and spans of `batch`. Those that came before are skipped, so that a batch
    /// which could not be written can be recorded again.
    pub(crate) fn accept(&mut self, batch: &Batch) -> Result<(), BatchError> {
        let facts = new_part(&batch.facts, batch.first_fact, self.facts.len(), "fact")?;
        let spans = new_part(&batch.spans, batch.first_span, self.spans.len(), "span")?;
        let known_facts = self.facts.len() + facts.len();
        let first_span = self.spans.len();
        for (id, span) in (first_span..).zip(spans) {
            check_ids(span, known_facts, id, || format!("span {id}"))?;
        }
        for trace in &batch.traces {
            let known_spans = first_span + spans.len();
            check_ids(&trace.body, known_facts, known_spans, || format!("{:?}", trace.subject))?;
        }
        self.facts.extend_from_slice(facts);
        self.spans.extend_from_slice(spans);
        Ok(())
    }

    /// Gives an id to everything that has none in this epoch.
    pub(crate) fn intern(
        &mut self,
        interner: &mut Interner<'_>,
        epoch: Epoch,
    ) -> Result<(), Fault> {
        if self.epoch != Some(epoch) {
            self.forget_ids();
            self.epoch = Some(epoch);
        }
        for fact in &self.facts[self.fact_ids.len()..] {
            self.fact_ids.push(interner.fact(fact)?);
        }
        for at in self.span_ids.len()..self.spans.len() {
            let id = interner.span(&self.translate(&self.spans[at]))?;
            self.span_ids.push(id);
        }
        Ok(())
    }

    /// To be called when the transaction that interned was not committed.
    pub(crate) fn forget_ids(&mut self) {
        self.fact_ids.clear();
        self.span_ids.clear();
        self.epoch = None;
    }

    /// A body in the store's ids; all that it uses must be interned.
    pub(crate) fn translate(&self, body: &SpanBody) -> SpanBody {
        SpanBody {
            facts: translate(&body.facts, &self.fact_ids),
            spans: translate(&body.spans, &self.span_ids),
        }
    }
}

fn translate(local: &[u32], ids: &[u32]) -> Vec<u32> {
    let mut translated: Vec<u32> = local.iter().map(|&id| ids[id as usize]).collect();
    translated.sort_unstable();
    translated.dedup();
    translated
}

/// The part of `items`, the first of which has the id `first`, that is not among the `known`.
fn new_part<'a, T>(
    items: &'a [T],
    first: u32,
    known: usize,
    what: &'static str,
) -> Result<&'a [T], BatchError> {
    let Some(seen) = known.checked_sub(first as usize) else {
        return Err(BatchError::Gap { what, first, known });
    };
    Ok(items.get(seen..).unwrap_or_default())
}

fn check_ids(
    body: &SpanBody,
    known_facts: usize,
    known_spans: usize,
    user: impl Fn() -> String,
) -> Result<(), BatchError> {
    let check = |ids: &[u32], known: usize, what| match ids.iter().find(|&&id| id as usize >= known)
    {
        Some(&id) => Err(BatchError::Unknown { user: user().into(), what, id }),
        None => Ok(()),
    };
    check(&body.facts, known_facts, "fact")?;
    check(&body.spans, known_spans, "span")
}

#[cfg(test)]
mod tests {
    use testmonx_core::{Digest, Kind};

    use super::*;

    fn fact(key: &str) -> Fact {
        Fact::new(Kind::File, key, Digest::of(b""))
    }

    #[test]
    fn a_batch_sent_twice_counts_once() {
        let mut importer = Importer::new();
        let batch = Batch { facts: vec![fact("a"), fact("b")], ..Batch::default() };
        importer.accept(&batch).unwrap();
        importer.accept(&batch).unwrap();
        assert_eq!(importer.facts.len(), 2);
        let next = Batch { first_fact: 1, facts: vec![fact("b"), fact("c")], ..Batch::default() };
        importer.accept(&next).unwrap();
        assert_eq!(importer.facts, [fact("a"), fact("b"), fact("c")]);
    }

    #[test]
    fn gaps_and_unknown_ids_are_refused_and_change_nothing() {
        let mut importer = Importer::new();
        let gap = Batch { first_fact: 1, facts: vec![fact("b")], ..Batch::default() };
        let error = importer.accept(&gap).unwrap_err();
        assert_eq!(error.to_string(), "a batch starts at fact 1, but only 0 came before");
        let own = SpanBody { facts: vec![0], spans: vec![0] };
        let ahead = Batch { facts: vec![fact("a")], spans: vec![own], ..Batch::default() };
        let error = importer.accept(&ahead).unwrap_err();
        assert_eq!(error.to_string(), "span 0 uses span 0, which did not come before it");
        assert!(importer.facts.is_empty() && importer.spans.is_empty());
    }
}
