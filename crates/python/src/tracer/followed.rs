//! The followed calls that are open, and what was noted for them.
//!
//! What runs in a call that leaves something behind counts for it, and for the calls and the span around it. Each of them
//! wants to hear of a code object once; whether one of them has not is told without asking all of them at every event.

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::record::Key;

/// For how many objects, and calls on them, it is remembered what was noted. To forget costs to hear of it once more.
const OBJECTS: usize = 1024;

/// Where a call leaves things, and others find them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// The entry of which it is a call.
    pub(super) key: Key,
    /// The number of its object, if it leaves them there.
    pub(super) receiver: Option<u32>,
}

/// The stack of followed calls.
#[derive(Debug, Default)]
pub(super) struct FollowedCalls {
    open: Vec<Call>,
    /// What was noted for the places so far, in this and earlier calls. Of most objects there is only one call: what is
    /// noted in the first is not remembered.
    noted: FxHashMap<Place, FixedBitSet>,
    met: FxHashSet<Place>,
}

/// A call that is open.
#[derive(Debug)]
struct Call {
    /// The moment from which on all that is heard is noted for it.
    since: u64,
    /// Where it leaves things, if what is noted for it is remembered.
    place: Option<Place>,
}

impl FollowedCalls {
    /// Opens a call, at the beginning of a moment.
    pub(super) fn open(&mut self, place: Place, since: u64) {
        if self.met.len() >= OBJECTS {
            self.met.clear();
            self.noted.retain(|place, _| place.receiver.is_none());
        }
        let is_known = place.receiver.is_none() || !self.met.insert(place);
        self.open.push(Call { since, place: is_known.then_some(place) });
    }

    /// Closes the innermost call.
    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    /// Notes an entry, heard last in the moment `heard`, for all that are open. Tells whether it is news to one of them.
    pub(super) fn note(&mut self, key: Key, heard: u64) -> bool {
        let Self { open, noted, .. } = self;
        let mut is_news = false;
        for call in open.iter().filter(|call| heard < call.since) {
            is_news |= call.place.is_none_or(|place| {
                let noted = noted.entry(place).or_default();
                noted.grow(key.0 + 1);
                !noted.put(key.0)
            });
        }
        is_news
    }

    /// Whether an entry was not noted for the innermost call, which is open since just now.
    pub(super) fn is_news(&self, key: Key) -> bool {
        let noted = self.open.last().and_then(|call| self.noted.get(&call.place?));
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
        self.met.clear();
        self.noted.clear();
    }
}
