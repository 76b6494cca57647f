//! A set of ids of rows.

/// Ids that were marked. As large as the greatest of them, so mark only ids that come from rows
/// whose hash was checked: a damaged row could claim any id, and with it any amount of memory.
#[derive(Debug, Default)]
pub(crate) struct Marks(Vec<bool>);

impl Marks {
    /// Marks `ids`, which come in any order.
    pub(crate) fn mark(&mut self, ids: &[u32]) {
        let Some(&greatest) = ids.iter().max() else { return };
        if greatest as usize >= self.0.len() {
            self.0.resize(greatest as usize + 1, false);
        }
        for &id in ids {
            self.0[id as usize] = true;
        }
    }

    /// One past the greatest marked id.
    pub(crate) fn end(&self) -> usize {
        self.0.len()
    }

    /// The row's id, if it is marked.
    pub(crate) fn find(&self, id: i64) -> Option<usize> {
        usize::try_from(id).ok().filter(|&id| self.0.get(id) == Some(&true))
    }
}
