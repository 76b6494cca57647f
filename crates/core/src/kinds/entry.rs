//! `entry`: what is at a path, keyed by the path: a file, an executable one, a directory, a link and
//! its text. What `exists`, `is_file`, `access` and `readlink` answer when the answer is no plain no.
//!
//! Neither size nor times: a checkout changes times, and who asks for a size depends on the content.

use super::{FactKind, Kind};
use crate::world::{Entry, World};
use crate::{Digest, Fact, RelPath};

pub(super) struct EntryKind;

fn digest_of(entry: &Entry) -> Digest {
    Digest::of_value("entry", entry)
}

/// The fact that `entry` was at `path`.
#[must_use]
pub fn entry_fact(path: &RelPath, entry: &Entry) -> Fact {
    Fact::new(Kind::Entry, path.as_str(), digest_of(entry))
}

impl FactKind for EntryKind {
    fn name(&self) -> &'static str {
        "entry"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(RelPath::new(key))
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        world.entry(&RelPath::new(key)).as_ref().map(digest_of)
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        if is_gone { format!("{key} is gone") } else { format!("{key} is of another kind") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Target;

    #[test]
    fn a_link_is_told_from_what_it_leads_to() {
        let path = RelPath::new("a");
        let file = Entry { link: None, target: Target::File };
        let link = Entry { link: Some("b".to_owned()), target: Target::File };
        let moved = Entry { link: Some("c".to_owned()), target: Target::File };
        assert_ne!(entry_fact(&path, &file), entry_fact(&path, &link));
        assert_ne!(entry_fact(&path, &link), entry_fact(&path, &moved));
    }
}
