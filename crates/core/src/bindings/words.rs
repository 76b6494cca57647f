//! The names of all sources, by number.

use rustc_hash::FxHashMap;

/// Number of a name in one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Word(pub(super) u32);

#[derive(Debug, Default)]
pub(super) struct Words {
    numbers: FxHashMap<Box<str>, Word>,
    texts: Vec<Box<str>>,
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
}
