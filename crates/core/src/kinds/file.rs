//! `file`: a file's content, keyed by its path. What tests read that is no source code of theirs.

use super::{FactKind, Kind};
use crate::world::World;
use crate::{Digest, Fact, RelPath};

pub(super) struct FileKind;

/// The fact that the file at `path` had the content `digest`.
#[must_use]
pub fn file_fact(path: &RelPath, digest: Digest) -> Fact {
    Fact::new(Kind::File, path.as_str(), digest)
}

impl FactKind for FileKind {
    fn name(&self) -> &'static str {
        "file"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(RelPath::new(key))
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        world.content(&RelPath::new(key))
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        format!("{key} {}", if is_gone { "is gone" } else { "changed" })
    }
}
