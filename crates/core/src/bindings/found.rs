//! What a closure has found so far, in the order in which it was found, so that it can go back.

/// A set of numbers that remembers their order.
#[derive(Debug, Default)]
pub(super) struct Found {
    is_in: Vec<bool>,
    list: Vec<u32>,
}

impl Found {
    /// Adds a number, and tells whether it is new.
    #[inline]
    pub(super) fn add(&mut self, number: u32) -> bool {
        let at = number as usize;
        if at >= self.is_in.len() {
            self.is_in.resize((at + 1).next_power_of_two(), false);
        }
        let is_new = !std::mem::replace(&mut self.is_in[at], true);
        if is_new {
            self.list.push(number);
        }
        is_new
    }

    /// Adds numbers that are not in it.
    pub(super) fn extend(&mut self, numbers: &[u32]) {
        for number in numbers {
            self.add(*number);
        }
    }

    /// Whether a number is in it.
    #[inline]
    pub(super) fn has(&self, number: u32) -> bool {
        self.is_in.get(number as usize) == Some(&true)
    }

    /// The numbers, in the order in which they were added.
    #[inline]
    pub(super) fn list(&self) -> &[u32] {
        &self.list
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Takes out all but the first `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        for number in self.list.drain(len.min(self.list.len())..) {
            self.is_in[number as usize] = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_back() {
        let mut found = Found::default();
        assert!(found.add(7) && found.add(2) && !found.add(7));
        found.truncate(1);
        assert!(found.has(7) && !found.has(2) && !found.has(99));
        assert!(found.add(2));
        assert_eq!(found.list(), [7, 2]);
    }
}
