//! The names of one source, by number.

use rustc_hash::FxHashMap;

/// Number of a name within one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NameId(pub(crate) u32);

/// Gives names their numbers, each distinct one once.
#[derive(Debug, Default)]
pub(in super::super) struct Names<'a> {
    ids: FxHashMap<&'a str, NameId>,
    texts: Vec<&'a str>,
}

impl<'a> Names<'a> {
    /// The number of `text`.
    #[inline]
    pub(super) fn id(&mut self, text: &'a str) -> NameId {
        // A source of less than 4 GiB has fewer names than numbers.
        let next = NameId(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        let texts = &mut self.texts;
        *self.ids.entry(text).or_insert_with(|| {
            texts.push(text);
            next
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The name that has this number.
    pub(super) fn text(&self, id: NameId) -> &'a str {
        self.texts.get(id.0 as usize).copied().unwrap_or_default()
    }

    /// All names, in the order of their numbers.
    pub(super) fn into_texts(self) -> Vec<Box<str>> {
        self.texts.into_iter().map(Box::from).collect()
    }
}
