//! The names of all sources, by number.

use std::sync::Arc;

use rustc_hash::FxHashMap;

/// Number of a name in one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Word(pub(super) u32);

/// Number of a set of names in one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct WordSet(u32);

#[derive(Debug, Default)]
pub(super) struct Words {
    numbers: FxHashMap<Box<str>, Word>,
    texts: Vec<Box<str>>,
    set_numbers: FxHashMap<Arc<[Word]>, WordSet>,
    sets: Vec<Arc<[Word]>>,
}

impl Words {
    /// The number of `text`.
    pub(super) fn number(&mut self, text: &str) -> Word {
        if let Some(known) = self.numbers.get(text) {
            return *known;
        }
        let word = Word(self.texts.len() as u32);
        self.numbers.insert(text.into(), word);
        self.texts.push(text.into());
        word
    }

    /// The number of `text`, if it has one.
    pub(super) fn known(&self, text: &str) -> Option<Word> {
        self.numbers.get(text).copied()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn text(&self, word: Word) -> &str {
        &self.texts[word.0 as usize]
    }

    /// The number of a set of names, which are distinct and ascending.
    pub(super) fn set(&mut self, names: &[Word]) -> WordSet {
        if let Some(known) = self.set_numbers.get(names) {
            return *known;
        }
        let (set, names) = (WordSet(self.sets.len() as u32), Arc::<[Word]>::from(names));
        self.sets.push(Arc::clone(&names));
        self.set_numbers.insert(names, set);
        set
    }

    /// The names of a set, in alphabetical order.
    pub(super) fn texts(&self, set: WordSet) -> Vec<&str> {
        let names = self.sets[set.0 as usize].iter();
        let mut texts: Vec<&str> = names.map(|name| self.text(*name)).collect();
        texts.sort_unstable();
        texts
    }
}
