//! `package`: what an import of a top-level name gets from the installed distributions.
//!
//! Key: `name@distribution,distribution`, the distributions being those that provided it when it was
//! observed; none for what no distribution owns. Naming them here spares a search through all installed
//! distributions at each check. Digest: names and versions of the distributions and, transitively, of
//! those that they require and that are installed; code of theirs that was changed by hand.

use std::collections::BTreeSet;

use super::{FactKind, Kind};
use crate::world::{Installed, World};
use crate::{Digest, Fact, RelPath};

pub(super) struct PackageKind;

/// The fact of what `import name` gets now from `providers`; `None` if it finds nothing.
#[must_use]
pub fn package_fact(
    name: &str,
    providers: &BTreeSet<String>,
    installed: &dyn Installed,
) -> Option<Fact> {
    let digest = installed.package(name, providers)?;
    let providers: Vec<&str> = providers.iter().map(String::as_str).collect();
    Some(Fact::new(Kind::Package, format!("{name}@{}", providers.join(",")), digest))
}

fn split(key: &str) -> (&str, &str) {
    key.split_once('@').unwrap_or((key, ""))
}

/// What it is called: as its distributions are, which is what one installs.
fn called(key: &str) -> String {
    let (name, providers) = split(key);
    if providers.is_empty() { name.to_owned() } else { providers.replace(',', ", ") }
}

impl FactKind for PackageKind {
    fn name(&self) -> &'static str {
        "package"
    }

    fn file(&self, _key: &str) -> Option<RelPath> {
        None
    }

    fn subject(&self, key: &str) -> String {
        format!("{} (package)", called(key))
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        let (name, providers) = split(key);
        let providers = providers.split(',').filter(|name| !name.is_empty()).map(str::to_owned);
        world.package(name, &providers.collect())
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        let called = called(key);
        if is_gone {
            format!("package `{called}` is gone")
        } else {
            format!("package `{called}` or one that it requires changed")
        }
    }
}
