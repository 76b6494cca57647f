//! The working tree now, as the set of known facts that still hold.

use std::collections::HashMap;

use crate::trace::SpanBody;
use crate::world::World;
use crate::{Digest, Fact, Kind, RelPath};

/// Which of some facts and spans hold now.
///
/// Ids are indices into the slices that [`Snapshot::take`] was given.
#[derive(Debug, Default)]
pub struct Snapshot {
    facts: Vec<Check>,
    spans: Vec<bool>,
    /// The files that changed, of facts about several that do not hold.
    changed_files: HashMap<u32, RelPath>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Holds,
    Changed,
    Gone,
}

impl Snapshot {
    /// Checks every fact against `world`, each `(kind, key)` once, and from them every span.
    ///
    /// A span may use only spans before it; one that uses others does not hold.
    #[must_use]
    pub fn take(facts: &[Fact], spans: &[SpanBody], world: &dyn World) -> Self {
        let mut now: HashMap<(Kind, &str), Option<Digest>> = HashMap::new();
        let mut changed_files = HashMap::new();
        let facts = (0..)
            .zip(facts)
            .map(|(id, fact)| {
                let rule = fact.kind.rule();
                let digest = *now
                    .entry((fact.kind, &fact.key))
                    .or_insert_with(|| rule.digest_now(&fact.key, world));
                if digest == Some(fact.digest) {
                    return Check::Holds;
                }
                if let Some(file) = rule.changed_file(&fact.key, world) {
                    changed_files.insert(id, file);
                }
                digest.map_or(Check::Gone, |_| Check::Changed)
            })
            .collect();
        let mut snapshot = Self { facts, spans: Vec::with_capacity(spans.len()), changed_files };
        for span in spans {
            let holds = snapshot.holds(span);
            snapshot.spans.push(holds);
        }
        snapshot
    }

    /// Whether all that `body` holds is true now: `trace ⊆ snapshot`.
    #[must_use]
    pub fn holds(&self, body: &SpanBody) -> bool {
        body.facts.iter().all(|fact| self.fact_holds(*fact))
            && body.spans.iter().all(|span| self.spans.get(*span as usize) == Some(&true))
    }

    /// Whether the fact with this id is true now.
    #[must_use]
    pub fn fact_holds(&self, fact: u32) -> bool {
        self.facts.get(fact as usize) == Some(&Check::Holds)
    }

    /// Whether there is nothing any more that the fact with this id could be about.
    #[must_use]
    pub fn is_gone(&self, fact: u32) -> bool {
        self.facts.get(fact as usize) == Some(&Check::Gone)
    }

    /// The file that changed so that the fact with this id is not true now, if it is about several.
    #[must_use]
    pub fn changed_file(&self, fact: u32) -> Option<&RelPath> {
        self.changed_files.get(&fact)
    }

    /// The ids of the facts in `body`, those of its spans included, that do not hold: its own
    /// first, each once, at most `limit`.
    #[must_use]
    pub fn broken(&self, body: &SpanBody, spans: &[SpanBody], limit: usize) -> Vec<u32> {
        let mut broken = Vec::new();
        let mut queue = vec![body];
        let mut seen = vec![false; spans.len()];
        while let Some(body) = queue.pop() {
            for fact in body.facts.iter().copied().filter(|fact| !self.fact_holds(*fact)) {
                if broken.len() == limit {
                    return broken;
                }
                if !broken.contains(&fact) {
                    broken.push(fact);
                }
            }
            for span in body.spans.iter().rev().map(|span| *span as usize) {
                if self.spans.get(span) == Some(&false) && !seen[span] {
                    seen[span] = true;
                    queue.push(&spans[span]);
                }
            }
        }
        broken
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::kinds::{file_fact, missing_fact};
    use crate::source::Outline;
    use crate::world::{Entry, Installed, Listed, Outlines, Surroundings, Target, Tree};

    struct OneFile;

    impl Tree for OneFile {
        fn content(&self, path: &RelPath) -> Option<Digest> {
            self.read(path).map(|bytes| Digest::of(&bytes))
        }
        fn read(&self, path: &RelPath) -> Option<Vec<u8>> {
            (path.as_str() == "a.txt").then(|| b"one".to_vec())
        }
        fn exists(&self, path: &RelPath) -> bool {
            path.as_str() == "a.txt"
        }
        fn entry(&self, path: &RelPath) -> Option<Entry> {
            self.exists(path).then_some(Entry { link: None, target: Target::File })
        }
        fn list(&self, _path: &RelPath) -> Option<Vec<Listed>> {
            None
        }
    }

    impl Installed for OneFile {
        fn package(&self, _name: &str, _providers: &BTreeSet<String>) -> Option<Digest> {
            None
        }
        fn is_importable(&self, _name: &str) -> bool {
            false
        }
        fn distribution(&self, _name: &str) -> Option<Digest> {
            None
        }
        fn distributions(&self) -> Digest {
            Digest::of(b"")
        }
    }

    impl Surroundings for OneFile {
        fn variable(&self, _name: &str) -> Option<Digest> {
            None
        }
    }

    impl Outlines for OneFile {
        fn outline(&self, _path: &RelPath) -> Option<Arc<Outline>> {
            None
        }
    }

    #[test]
    fn holds_changed_and_gone() {
        let facts = [
            file_fact(&RelPath::new("a.txt"), Digest::of(b"one")),
            file_fact(&RelPath::new("a.txt"), Digest::of(b"two")),
            file_fact(&RelPath::new("b.txt"), Digest::of(b"one")),
            missing_fact(&RelPath::new("b.txt")),
            missing_fact(&RelPath::new("a.txt")),
        ];
        let spans = [
            SpanBody { facts: vec![0, 3], spans: vec![] },
            SpanBody { facts: vec![1], spans: vec![0] },
            SpanBody { facts: vec![], spans: vec![1] },
            SpanBody { facts: vec![], spans: vec![4] },
        ];
        let snapshot = Snapshot::take(&facts, &spans, &OneFile);
        assert_eq!(
            (0..5).map(|id| snapshot.fact_holds(id)).collect::<Vec<_>>(),
            [true, false, false, true, false]
        );
        assert!(snapshot.is_gone(2) && !snapshot.is_gone(1));
        assert!(snapshot.holds(&spans[0]));
        assert!(!snapshot.holds(&spans[1]) && !snapshot.holds(&spans[2]));
        assert!(!snapshot.holds(&spans[3]), "a span that is not there yet never holds");
        assert_eq!(snapshot.broken(&spans[2], &spans, 9), [1]);
        assert_eq!(
            snapshot.broken(&SpanBody { facts: vec![2], spans: vec![2] }, &spans, 9),
            [2, 1]
        );
        assert_eq!(snapshot.broken(&SpanBody { facts: vec![2], spans: vec![2] }, &spans, 1), [2]);
    }
}
