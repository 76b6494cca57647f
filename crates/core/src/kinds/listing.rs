//! `listing`: the names in a directory with their types, keyed by the directory.
//!
//! Left out are what tools write beside the sources ([`is_byproduct_name`]), and what the session that
//! looked had made there itself: their names follow in the key, each after `//`, which no path
//! holds. So a listing is the same whether such a file was left behind or not.

use super::{FactKind, Kind};
use crate::path::is_byproduct_name;
use crate::world::{Listed, World};
use crate::{Digest, Fact, RelPath};

pub(super) struct ListingKind;

const SEPARATOR: &str = "//";

/// The fact that the directory at `path` held `entries`, less those named in `own`.
#[must_use]
pub fn listing_fact<'a>(
    path: &RelPath,
    entries: &[Listed],
    own: impl Iterator<Item = &'a str>,
) -> Fact {
    let mut own: Vec<&str> = own.filter(|name| !is_byproduct_name(name)).collect();
    own.sort_unstable();
    let mut key = path.as_str().to_owned();
    for name in &own {
        key.push_str(SEPARATOR);
        key.push_str(name);
    }
    Fact::new(Kind::Listing, key, digest_of(entries, &own))
}

fn digest_of(entries: &[Listed], own: &[&str]) -> Digest {
    let mut counted: Vec<&Listed> = entries
        .iter()
        .filter(|entry| !is_byproduct_name(&entry.name) && !own.contains(&&*entry.name))
        .collect();
    counted.sort_unstable();
    Digest::of_value("listing", &counted)
}

impl FactKind for ListingKind {
    fn name(&self) -> &'static str {
        "listing"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        key.split(SEPARATOR).next().map(RelPath::new)
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        let mut parts = key.split(SEPARATOR);
        let path = RelPath::new(parts.next()?);
        Some(digest_of(&world.list(&path)?, &parts.collect::<Vec<_>>()))
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        let path = key.split(SEPARATOR).next().unwrap_or(key);
        if is_gone {
            format!("{path} is no directory any more")
        } else {
            format!("names in {path} changed")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Target;

    fn listed(name: &str) -> Listed {
        Listed { name: name.to_owned(), is_link: false, target: Target::File }
    }

    fn fact(names: &[&str], own: &[&str]) -> Fact {
        let entries: Vec<Listed> = names.iter().map(|name| listed(name)).collect();
        listing_fact(&RelPath::new("d"), &entries, own.iter().copied())
    }

    #[test]
    fn order_and_byproducts_make_no_difference() {
        assert_eq!(fact(&["a", "b"], &[]), fact(&["b", "__pycache__", ".coverage", "a"], &[]));
        assert_ne!(fact(&["a", "b"], &[]), fact(&["a"], &[]));
    }

    #[test]
    fn what_the_session_made_is_left_out_by_name() {
        assert_eq!(fact(&["a"], &["x"]).digest, fact(&["a", "x"], &["x"]).digest);
        assert_eq!(&*fact(&["a"], &["y", "x"]).key, "d//x//y");
        assert_eq!(ListingKind.file("d//x//y"), Some(RelPath::new("d")));
        assert_eq!(ListingKind.describe("d//x", false), "names in d changed");
    }

    #[test]
    fn another_type_is_another_listing() {
        let dir = Listed { target: Target::Directory, ..listed("a") };
        let made = listing_fact(&RelPath::new("d"), &[dir], std::iter::empty());
        assert_ne!(made, fact(&["a"], &[]));
    }
}
