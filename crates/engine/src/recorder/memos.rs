//! Calls that leave something behind: which were followed, and how often.

use std::collections::{HashMap, HashSet};

use super::span::SpanId;
use crate::observer::CodeId;

/// How many calls of one function are followed in a session. Following one costs a few microseconds, and
/// a function that is called more often than this mostly finds what it left.
const MOST_CALLS: u32 = 10_000;

/// The functions whose calls leave something behind.
#[derive(Debug, Default)]
pub(super) struct Memos {
    calls: HashMap<CodeId, (u32, Option<SpanId>)>,
    crowded: HashSet<CodeId>,
}

impl Memos {
    /// Whether one more call of the function is to be followed.
    pub(super) fn admits(&mut self, code: CodeId) -> bool {
        let (calls, _) = self.calls.entry(code).or_default();
        *calls += 1;
        if *calls > MOST_CALLS {
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

    /// The span of the function's calls, if there was one.
    pub(super) fn span(&self, code: CodeId) -> Option<SpanId> {
        self.calls.get(&code)?.1
    }

    /// Notes which span that is.
    pub(super) fn opened(&mut self, code: CodeId, span: SpanId) {
        self.calls.entry(code).or_default().1 = Some(span);
    }
}
