//! The followed calls that are open, and what was noted for them.
//!
//! What runs in a call that leaves something behind counts for it, and for the calls and the span around it. Each of them
//! wants to hear of a code object once; whether one of them has not is told without asking all of them at every event.

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::record::Key;

/// The stack of followed calls.
#[derive(Debug, Default)]
pub(super) struct FollowedCalls {
    open: Vec<Call>,
    /// What was noted for the calls with a name so far, in this and earlier ones.
    noted: FxHashMap<Key, FixedBitSet>,
}

/// A call that is open.
#[derive(Debug)]
struct Call {
    /// The moment from which on all that is heard is noted for it.
    since: u64,
    /// The entry of which it is a call, if all of them leave things in one place.
    name: Option<Key>,
}

impl FollowedCalls {
    /// Opens a call, at the beginning of a moment.
    pub(super) fn open(&mut self, name: Option<Key>, since: u64) {
        self.open.push(Call { since, name });
    }

    /// Closes the innermost call.
    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    /// Notes an entry, heard last in the moment `heard`, for all that are open. Tells whether it is news to one of them.
    pub(super) fn note(&mut self, key: Key, heard: u64) -> bool {
        let Self { open, noted } = self;
        let mut is_news = false;
        for call in open.iter().filter(|call| heard < call.since) {
            is_news |= call.name.is_none_or(|name| {
                let noted = noted.entry(name).or_default();
                noted.grow(key.0 + 1);
                !noted.put(key.0)
            });
        }
        is_news
    }

    /// Whether an entry was not noted for the innermost call, which is open since just now.
    pub(super) fn is_news(&self, key: Key) -> bool {
        let noted = self.open.last().and_then(|call| self.noted.get(&call.name?));
        noted.is_none_or(|noted| !noted.contains(key.0))
    }

    /// Forgets when anything was heard: of an import that is over, nothing was noted for the calls around it.
    pub(super) fn begin_again(&mut self, moment: u64) {
        for call in &mut self.open {
            call.since = moment;
        }
    }

    /// Forgets what was noted.
    pub(super) fn forget(&mut self) {
        self.noted.clear();
    }
}
