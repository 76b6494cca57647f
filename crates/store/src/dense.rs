//! From the store's ids, which have holes and serve all environments, to indices for one load.
//!
//! Facts and spans that no trace of the environment uses are neither checked nor even held in
//! memory. The order of ids is kept, so that ascending lists stay ascending and a span still uses
//! only those before it.

use rusqlite::Connection;
use testmonx_core::Fact;
use testmonx_core::trace::SpanBody;

use crate::codec::decode_body;
use crate::error::Fault;
use crate::intern::{fact_of, span_hash};
use crate::marks::Marks;

/// Finds out what is used.
#[derive(Default)]
pub(crate) struct Numbering {
    facts: Marks,
    spans: Marks,
}

impl Numbering {
    /// Notes what `body`, in the store's ids, uses.
    pub(crate) fn mark(&mut self, body: &SpanBody) {
        self.facts.mark(&body.facts);
        self.spans.mark(&body.spans);
    }

    /// Reads what is used and numbers it.
    pub(crate) fn finish(mut self, connection: &Connection) -> Result<Numbered, Fault> {
        let mut bodies = self.read_spans(connection)?;
        bodies.reverse();
        let (facts, fact_index) = read_facts(connection, &self.facts)?;
        let mut numbered = Numbered {
            facts,
            spans: Vec::with_capacity(bodies.len()),
            fact_index,
            span_index: vec![ABSENT; self.spans.end()],
        };
        for (id, mut body) in bodies {
            numbered.span_index[id] = if numbered.renumber(&mut body)? {
                numbered.spans.push(body);
                last_index(&numbered.spans)?
            } else {
                UNKNOWN
            };
        }
        Ok(numbered)
    }

    /// The used spans, the greatest id first: a span is used by greater ones only, so that all users
    /// of a span have been seen when it is its turn.
    fn read_spans(&mut self, connection: &Connection) -> Result<Vec<(usize, SpanBody)>, Fault> {
        let mut bodies = Vec::new();
        let mut select =
            connection.prepare_cached("SELECT id, body, hash FROM spans ORDER BY id DESC")?;
        let mut rows = select.query(())?;
        while let Some(row) = rows.next()? {
            let Some(id) = self.spans.find(row.get(0)?) else { continue };
            let bytes = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            if span_hash(bytes) != row.get(2)? {
                return Err(Fault::damaged("a span is not what was written"));
            }
            let body = decode_body(bytes)?;
            if body.spans.last().is_some_and(|&last| last as usize >= id) {
                return Err(Fault::damaged("a span uses one that came after it"));
            }
            self.mark(&body);
            bodies.push((id, body));
        }
        Ok(bodies)
    }
}

fn read_facts(connection: &Connection, used: &Marks) -> Result<(Vec<Fact>, Vec<u32>), Fault> {
    let (mut facts, mut index) = (Vec::new(), vec![ABSENT; used.end()]);
    let mut select = connection.prepare_cached(
        "SELECT facts.id, key, digest, hash, name
         FROM facts CROSS JOIN kinds ON kinds.id = facts.kind ORDER BY facts.id",
    )?;
    let mut rows = select.query(())?;
    while let Some(row) = rows.next()? {
        let Some(id) = used.find(row.get(0)?) else { continue };
        let text = |at| -> rusqlite::Result<&str> { Ok(row.get_ref(at)?.as_str()?) };
        index[id] = match fact_of(text(4)?, text(1)?, row.get(2)?, row.get(3)?)? {
            Some(fact) => {
                facts.push(fact);
                last_index(&facts)?
            }
            None => UNKNOWN,
        };
    }
    Ok((facts, index))
}

/// What is used, and where it went.
pub(crate) struct Numbered {
    pub(crate) facts: Vec<Fact>,
    pub(crate) spans: Vec<SpanBody>,
    fact_index: Vec<u32>,
    span_index: Vec<u32>,
}

/// In place of an index: there is no such row.
const ABSENT: u32 = u32::MAX;
/// In place of an index: a fact of a kind that this version does not know, or a span that uses one.
const UNKNOWN: u32 = u32::MAX - 1;

impl Numbered {
    /// Writes indices in place of the store's ids. `false` if the body holds a fact of an unknown
    /// kind: then it is of no use, and what is left of it must not be.
    pub(crate) fn renumber(&self, body: &mut SpanBody) -> Result<bool, Fault> {
        let are_facts_known = replace(&mut body.facts, &self.fact_index)?;
        let are_spans_known = replace(&mut body.spans, &self.span_index)?;
        Ok(are_facts_known && are_spans_known)
    }
}

fn replace(ids: &mut [u32], index: &[u32]) -> Result<bool, Fault> {
    let mut greatest = 0;
    for id in ids {
        *id = index.get(*id as usize).copied().unwrap_or(ABSENT);
        greatest = greatest.max(*id);
    }
    match greatest {
        ABSENT => Err(Fault::damaged("a trace uses what is not there")),
        UNKNOWN => Ok(false),
        _ => Ok(true),
    }
}

fn last_index<T>(items: &[T]) -> Result<u32, Fault> {
    let index = u32::try_from(items.len() - 1).ok().filter(|&index| index < UNKNOWN);
    index.ok_or_else(|| Fault::damaged("there are too many facts or spans"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_and_unknown_is_not_absent() {
        let numbered = Numbered {
            facts: Vec::new(),
            spans: Vec::new(),
            fact_index: vec![ABSENT, 0, UNKNOWN, 1],
            span_index: Vec::new(),
        };
        let renumber = |facts: &[u32]| {
            let mut body = SpanBody { facts: facts.to_vec(), spans: Vec::new() };
            numbered.renumber(&mut body).map(|is_known| (is_known, body.facts))
        };
        assert_eq!(renumber(&[1, 3]).unwrap(), (true, vec![0, 1]));
        assert!(!renumber(&[1, 2, 3]).unwrap().0);
        assert!(renumber(&[0, 1]).is_err());
        assert!(renumber(&[2, 9]).is_err());
    }
}
