//! Calls that leave something behind: which were followed, how often, and what they left in objects.
//!
//! What is left in a module, a class or a decorator's cache is found by name, and kept by the program of
//! bindings. What a method leaves in its object (`if self._table is None: self._table = build()`) is found by
//! calling the method again: it is kept here, by object.

use super::Seen;
use super::span::SpanId;
use crate::observer::CodeId;
use rustc_hash::{FxHashMap, FxHashSet};

/// How many calls of one function are followed in a session. Following one costs a few microseconds, and
/// a function that is called more often than this mostly finds what it left.
const MOST_CALLS: u32 = 10_000;

/// Calls that find what each other left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct MemoId {
    /// The function.
    pub(super) code: CodeId,
    /// The object whose method it is, if it leaves things there.
    pub(super) receiver: Option<u32>,
}

/// The functions whose calls leave something behind.
#[derive(Debug, Default)]
pub(super) struct Memos {
    calls: FxHashMap<CodeId, u32>,
    spans: FxHashMap<MemoId, SpanId>,
    crowded: FxHashSet<CodeId>,
    left: FxHashMap<MemoId, FxHashSet<Seen>>,
}

impl Memos {
    /// Whether one more call of the function is to be followed.
    ///
    /// Of one that leaves something with a name, more are accounted for in another way
    /// ([`Memos::crowded`]); a method that is called so often is no cache.
    pub(super) fn admits(&mut self, code: CodeId, receiver: Option<u32>) -> bool {
        let calls = self.calls.entry(code).or_default();
        *calls += 1;
        if *calls > MOST_CALLS && receiver.is_none() {
            self.crowded.insert(code);
        }
        *calls <= MOST_CALLS
    }

    /// Which of these functions were called too often to be followed on: for them all that runs along
    /// counts.
    pub(super) fn crowded(&self, codes: &[CodeId]) -> Vec<CodeId> {
        if self.crowded.is_empty() {
            return Vec::new();
        }
        codes.iter().copied().filter(|code| self.crowded.contains(code)).collect()
    }

    /// The span of these calls, if there was one.
    pub(super) fn span(&self, memo: MemoId) -> Option<SpanId> {
        self.spans.get(&memo).copied()
    }

    /// Notes which span that is.
    pub(super) fn opened(&mut self, memo: MemoId, span: SpanId) {
        self.spans.insert(memo, span);
    }

    /// Notes what happened under a call that leaves things in its object.
    pub(super) fn leave(&mut self, memo: MemoId, seen: Seen) {
        self.left.entry(memo).or_default().insert(seen);
    }

    /// What happened under earlier calls on the same object.
    pub(super) fn left(&self, memo: MemoId) -> Vec<Seen> {
        self.left.get(&memo).into_iter().flatten().copied().collect()
    }
}
