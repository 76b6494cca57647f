//! What ran since the last hand-over: pure bookkeeping, no Python.
//!
//! An *epoch* is a stretch in which a code object needs to be noted only once: the time between two
//! hand-overs and, while a module is imported, the time that its body spends on one line. Beginning
//! a new epoch is one addition, so it costs the same whether ten code objects are known or a
//! hundred thousand: an entry is stale when it carries another epoch's number.
//!
//! A followed call begins no epoch. It begins a *moment*: what was heard in an earlier one is looked at once more, whether
//! it was noted for the calls that are open now ([`FollowedCalls`]).

use std::collections::{BTreeSet, HashMap};

use testmonx_engine::observer::{CodeId, LibraryId, SourceId};

use super::followed::FollowedCalls;

/// The number of calls in one epoch after which a code object of `size` code units is no longer worth
/// hearing of.
///
/// A ski-rental choice. To hear of one more call costs 35 to 45 ns. To disable the event means to set it
/// again for the next epoch, for which the interpreter goes through the whole code twice: 1.0 µs for a function of
/// 10 units, 1.8 µs for one of 110, 4.6 µs for 410, 17 µs for 1,680 (3.12 and 3.13). So the limit grows with the
/// code. Reckoned for the calls of 2,793 tests of networkx (14 ms would be the best in hindsight): 944 ms
/// without disabling, 39 with a limit of 12 for all code, 19 with this one, 20 with `8 + size / 4` and with
/// `20 + size * 2 / 3`.
pub(super) fn hits_to_disable(size: usize) -> u16 {
    u16::try_from(4 + size / 2).unwrap_or(u16::MAX)
}

/// An entry of the [`Record`]: all code objects that the observer knows under one [`CodeId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key(pub(super) usize);

/// What kind of code an entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A function, a lambda, a comprehension, a class body inside of a function.
    Function,
    /// The body of a module: its start opens an import.
    Module(SourceId),
    /// The body of a class that no function is around: in an import it says at which statement that is.
    Class(SourceId),
    /// A function whose calls leave something behind: its start opens a call.
    Memo {
        /// Whether they leave it in `self`.
        in_receiver: bool,
        /// Whether they go on and off, as those of generators and coroutines: none of them is followed to its end.
        suspends: bool,
    },
    /// The `__init__` of objects that cannot be told apart otherwise: its start says that one is new.
    Birth,
    /// A function of an installed library that keeps what it read. Nothing else is noted of it.
    Library {
        /// Which.
        function: LibraryId,
        /// Whether it is its arguments that tell what it gives out.
        by_arguments: bool,
    },
}

#[derive(Debug)]
struct Entry {
    epoch: u64,
    /// The moment in which it was heard last.
    heard: u64,
    hits: u16,
    /// After how many hits it is not worth hearing in an epoch.
    limit: u16,
    kind: Kind,
    code: CodeId,
}

impl Entry {
    /// Notes that it was heard in a moment in which it was not before, and tells whether that is news to the span or to
    /// one of the calls.
    fn hear(&mut self, key: Key, epoch: u64, moment: u64, calls: &mut FollowedCalls) -> bool {
        let is_new = self.epoch != epoch;
        if is_new {
            self.epoch = epoch;
            self.hits = 0;
        }
        let is_new_to_call = calls.note(key, self.heard);
        self.heard = moment;
        is_new || is_new_to_call
    }
}

/// The code objects seen so far, and which of them ran since the last hand-over.
#[derive(Debug)]
pub(super) struct Record {
    entries: Vec<Entry>,
    keys: HashMap<CodeId, Key>,
    epoch: u64,
    moment: u64,
    calls: FollowedCalls,
    line: u32,
    ran: Vec<CodeId>,
    ran_at: BTreeSet<(u32, CodeId)>,
}

impl Record {
    /// An empty record, in its first epoch.
    pub(super) fn new() -> Self {
        // Epoch and moment 0 mark entries that never ran.
        Self {
            entries: Vec::new(),
            keys: HashMap::new(),
            epoch: 1,
            moment: 1,
            calls: FollowedCalls::default(),
            line: 0,
            ran: Vec::new(),
            ran_at: BTreeSet::new(),
        }
    }

    /// The entry of `code`, whose code objects have `size` code units; a new one if it has none.
    pub(super) fn add(&mut self, code: CodeId, kind: Kind, size: usize) -> Key {
        let next = Key(self.entries.len());
        let key = *self.keys.entry(code).or_insert(next);
        if key == next {
            let limit = hits_to_disable(size);
            self.entries.push(Entry { epoch: 0, heard: 0, hits: 0, limit, kind, code });
        }
        key
    }

    /// A new entry for a function of a library.
    pub(super) fn add_library(&mut self, function: LibraryId, by_arguments: bool) -> Key {
        let key = Key(self.entries.len());
        let kind = Kind::Library { function, by_arguments };
        self.entries.push(Entry { epoch: 0, heard: 0, hits: 0, limit: 0, kind, code: CodeId::MAX });
        key
    }

    /// How many entries there are: the first key that is not in use.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The kind of an entry.
    #[inline]
    pub(super) fn kind(&self, key: Key) -> Option<Kind> {
        self.entries.get(key.0).map(|entry| entry.kind)
    }

    /// Whether calls of an entry leave something in `self`.
    pub(super) fn is_in_receiver(&self, key: Key) -> bool {
        matches!(self.kind(key), Some(Kind::Memo { in_receiver: true, .. }))
    }

    /// Whether calls of an entry go on and off.
    pub(super) fn suspends(&self, key: Key) -> bool {
        matches!(self.kind(key), Some(Kind::Memo { suspends: true, .. }))
    }

    /// From now on the starts of an entry are births, if it is a function like any other.
    pub(super) fn make_birth(&mut self, key: Key) {
        if let Some(entry) = self.entries.get_mut(key.0)
            && entry.kind == Kind::Function
        {
            entry.kind = Kind::Birth;
        }
    }

    /// From now on an entry is a function like any other.
    pub(super) fn make_plain(&mut self, key: Key) {
        if let Some(entry) = self.entries.get_mut(key.0) {
            entry.kind = Kind::Function;
        }
    }

    /// The observer's id of an entry.
    pub(super) fn code(&self, key: Key) -> Option<CodeId> {
        let is_library = |entry: &Entry| matches!(entry.kind, Kind::Library { .. });
        self.entries.get(key.0).filter(|entry| !is_library(entry)).map(|entry| entry.code)
    }

    /// Whether an entry was heard in this moment, outside of imports, and is a function like any other.
    #[cfg(not(Py_3_12))]
    #[inline]
    pub(super) fn has_plain(&self, key: Key) -> bool {
        let entry = self.entries.get(key.0);
        entry.is_some_and(|entry| entry.heard == self.moment && entry.kind == Kind::Function)
    }

    /// Notes a call outside of an import, unless a module body starts by it. Tells the kind of the entry, and whether
    /// the call is the last worth hearing of.
    #[inline]
    pub(super) fn hit(&mut self, key: Key) -> (Option<Kind>, bool) {
        let Some(entry) = self.entries.get_mut(key.0) else { return (None, false) };
        if let Kind::Module(_) | Kind::Library { .. } = entry.kind {
            return (Some(entry.kind), false);
        }
        if entry.heard != self.moment && entry.hear(key, self.epoch, self.moment, &mut self.calls) {
            self.ran.push(entry.code);
        }
        entry.hits = entry.hits.saturating_add(1);
        (Some(entry.kind), entry.hits >= entry.limit)
    }

    /// Notes a call while the body of the module being imported stands at `line`.
    pub(super) fn hit_at(&mut self, line: u32, key: Key) {
        if line != self.line {
            self.line = line;
            self.epoch += 1;
        }
        let Some(entry) = self.entries.get_mut(key.0) else { return };
        if entry.epoch != self.epoch {
            entry.epoch = self.epoch;
            entry.hits = 1;
            // A set, because a loop in a module body comes back to its lines.
            self.ran_at.insert((line, entry.code));
        }
    }

    /// Whether there is nothing to hand over.
    pub(super) fn is_empty(&self) -> bool {
        self.ran.is_empty() && self.ran_at.is_empty()
    }

    /// Hands over what ran, by line (0: outside of imports), each code once a line.
    pub(super) fn drain(&mut self, mut ran: impl FnMut(u32, &[CodeId])) {
        if !self.ran.is_empty() {
            ran(0, &self.ran);
            self.ran.clear();
        }
        let pairs: Vec<_> = std::mem::take(&mut self.ran_at).into_iter().collect();
        for group in pairs.chunk_by(|a, b| a.0 == b.0) {
            let codes: Vec<_> = group.iter().map(|pair| pair.1).collect();
            ran(group[0].0, &codes);
        }
    }

    /// Notes that a call is followed from now on. Calls with a `name` all leave things in one place: what ran in one of them
    /// is no news in the next.
    pub(super) fn follow(&mut self, name: Option<Key>) {
        self.moment += 1;
        self.calls.open(name, self.moment);
    }

    /// Notes that the innermost of the followed calls ended. What was heard in it was noted for those around it, too.
    pub(super) fn unfollow(&mut self) {
        self.calls.close();
    }

    /// Whether an entry whose events are disabled is news to the call that is followed since just now. Its events are then
    /// set again, and its hits counted anew.
    pub(super) fn awaits(&mut self, key: Key) -> bool {
        let is_news = self.calls.is_news(key);
        if is_news && let Some(entry) = self.entries.get_mut(key.0) {
            entry.hits = 0;
        }
        is_news
    }

    /// Forgets what ran, without handing it over, and what ran in followed calls.
    pub(super) fn forget(&mut self) {
        self.ran.clear();
        self.ran_at.clear();
        self.calls.forget();
        self.begin_epoch();
    }

    /// Forgets in one step that anything ran: whatever runs now is news, to the open spans if not to calls with a name.
    pub(super) fn begin_epoch(&mut self) {
        self.epoch += 1;
        self.moment += 1;
        self.calls.begin_again(self.moment);
        self.line = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(record: &mut Record) -> Vec<(u32, Vec<CodeId>)> {
        let mut rows = Vec::new();
        record.drain(|line, codes| rows.push((line, codes.to_vec())));
        rows
    }

    #[test]
    fn a_code_is_handed_over_once_an_epoch() {
        let mut record = Record::new();
        let f = record.add(7, Kind::Function, 8);
        assert!(!record.hit(f).1);
        assert!(!record.hit(f).1);
        assert_eq!(drained(&mut record), [(0, vec![7])]);
        record.begin_epoch();
        assert!(record.is_empty());
        record.hit(f);
        assert_eq!(drained(&mut record), [(0, vec![7])]);
    }

    #[test]
    fn code_objects_with_one_id_share_an_entry() {
        let mut record = Record::new();
        let first = record.add(7, Kind::Function, 8);
        let again = record.add(7, Kind::Function, 8);
        assert_eq!(first, again);
        assert_eq!(record.len(), 1);
    }

    #[test]
    fn the_last_hit_worth_hearing_of_is_counted_from_the_epoch() {
        let mut record = Record::new();
        let f = record.add(0, Kind::Function, 8);
        for _ in 1..hits_to_disable(8) {
            assert!(!record.hit(f).1);
        }
        assert!(record.hit(f).1);
        record.begin_epoch();
        assert!(!record.hit(f).1);
    }

    #[test]
    fn a_loop_in_a_module_body_gives_one_row_a_line() {
        let mut record = Record::new();
        let (f, g) = (record.add(1, Kind::Function, 8), record.add(2, Kind::Function, 8));
        for _ in 0..3 {
            record.hit_at(4, f);
            record.hit_at(5, g);
            record.hit_at(5, f);
        }
        assert_eq!(drained(&mut record), [(4, vec![1]), (5, vec![1, 2])]);
    }

    #[test]
    fn the_line_of_one_import_is_not_taken_for_that_of_the_next() {
        let mut record = Record::new();
        let f = record.add(1, Kind::Function, 8);
        record.hit_at(4, f);
        drained(&mut record);
        record.begin_epoch();
        record.hit_at(4, f);
        assert_eq!(drained(&mut record), [(4, vec![1])]);
    }
}
