//! The calls on objects that were followed loosely of late.

use super::record::Key;

/// How many are remembered: those of the methods and objects that a test has in its hands at one time.
const SLOTS: usize = 1024;

/// A call of an entry on an object, by its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Call {
    key: usize,
    receiver: u32,
    generation: u32,
}

/// A memory that forgets: each call has one place, and the latest one keeps it.
#[derive(Debug)]
pub(super) struct Loose {
    calls: Box<[Call]>,
    generation: u32,
}

impl Loose {
    /// One that knows of no call.
    pub(super) fn new() -> Self {
        Self { calls: vec![Call::default(); SLOTS].into(), generation: 1 }
    }

    /// Whether such a call was added since it was cleared, as far as is remembered.
    #[inline]
    pub(super) fn has(&self, key: Key, receiver: u32) -> bool {
        let call = self.call(key, receiver);
        self.calls[place(call)] == call
    }

    /// Adds a call.
    pub(super) fn add(&mut self, key: Key, receiver: u32) {
        let call = self.call(key, receiver);
        self.calls[place(call)] = call;
    }

    /// Forgets all calls.
    pub(super) fn clear(&mut self) {
        match self.generation.checked_add(1) {
            Some(next) => self.generation = next,
            None => *self = Self::new(),
        }
    }

    fn call(&self, Key(key): Key, receiver: u32) -> Call {
        Call { key, receiver, generation: self.generation }
    }
}

/// Where a call is remembered. Objects are numbered in a row.
#[inline]
fn place(call: Call) -> usize {
    (call.receiver as usize).wrapping_add(call.key.wrapping_mul(37)) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_remembered_until_they_are_cleared() {
        let mut loose = Loose::new();
        assert!(!loose.has(Key(0), 0));
        loose.add(Key(3), 7);
        assert!(loose.has(Key(3), 7));
        assert!(!loose.has(Key(3), 8) && !loose.has(Key(4), 7));
        loose.clear();
        assert!(!loose.has(Key(3), 7));
    }

    #[test]
    fn calls_in_one_place_are_not_taken_for_each_other() {
        let mut loose = Loose::new();
        loose.add(Key(0), 1);
        loose.add(Key(0), 1 + SLOTS as u32);
        assert!(!loose.has(Key(0), 1));
        assert!(loose.has(Key(0), 1 + SLOTS as u32));
    }
}
