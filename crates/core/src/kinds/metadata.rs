//! `metadata`: name and version of an installed distribution, for those who read its metadata; keyed by
//! its normalised name, or by `*` for those who read the metadata of all.

use super::{FactKind, Kind};
use crate::world::{Installed, World};
use crate::{Digest, Fact, RelPath};

pub(super) struct MetadataKind;

/// The key that stands for all distributions.
const ALL: &str = "*";

/// The fact of the metadata that the distribution `name` has now, or all have if it is `None`; no fact
/// if there is none.
#[must_use]
pub fn metadata_fact(name: Option<&str>, installed: &dyn Installed) -> Option<Fact> {
    let key = name.unwrap_or(ALL);
    Some(Fact::new(Kind::Metadata, key, digest(key, installed)?))
}

fn digest<I: Installed + ?Sized>(key: &str, installed: &I) -> Option<Digest> {
    if key == ALL { Some(installed.distributions()) } else { installed.distribution(key) }
}

impl FactKind for MetadataKind {
    fn name(&self) -> &'static str {
        "metadata"
    }

    fn file(&self, _key: &str) -> Option<RelPath> {
        None
    }

    fn subject(&self, key: &str) -> String {
        if key == ALL { "installed packages".to_owned() } else { format!("{key} (package)") }
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        digest(key, world)
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        if key == ALL {
            return "the list of installed packages changed".to_owned();
        }
        format!("metadata of package `{key}` {}", if is_gone { "is gone" } else { "changed" })
    }
}
