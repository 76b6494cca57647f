//! What is remembered of a source file's content: the digests of its parts.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};

use super::bindings::{ALL, HINT, subclasses_key};
use crate::Digest;
use crate::digest::DigestBuilder;

/// The version of [`Outline`] as it is serialised and of the rules that its digests are made by.
///
/// An outline that was stored under another version says nothing.
pub const OUTLINE_VERSION: u32 = 8;

/// The digests of the parts of one content of a source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    level: ModuleLevel,
    /// Sorted by name.
    blocks: Vec<(Box<str>, Digest)>,
    /// Sorted by the name of what they document.
    docstrings: Vec<(Box<str>, Digest)>,
}

/// What a source file says outside of function bodies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleLevel {
    /// Of all of it.
    pub digest: Digest,
    /// What is bound, by key: see [`Outline::binding`].
    pub bindings: Vec<(Box<str>, Digest)>,
    /// What is imported, each once, in its order.
    pub imports: Vec<OutlineImport>,
    /// Whether an import of the file does anything beyond binding its own names.
    pub has_effects: bool,
    /// Whether it changes something of another module that it names.
    pub patches: bool,
}

/// A module that a source file imports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OutlineImport {
    /// How many dots lead: 0 for an absolute import.
    pub level: u32,
    /// The module after the dots; empty for `from . import x`.
    pub module: Box<str>,
    /// The name that is taken from it, which may be a submodule.
    pub name: Option<Box<str>>,
}

impl Outline {
    /// An outline with these parts, function bodies, docstrings and bindings each with a name of its
    /// own.
    #[must_use]
    pub fn new(
        mut level: ModuleLevel,
        mut blocks: Vec<(Box<str>, Digest)>,
        mut docstrings: Vec<(Box<str>, Digest)>,
    ) -> Self {
        blocks.sort_unstable();
        docstrings.sort_unstable();
        level.bindings.sort_unstable();
        Self { level, blocks, docstrings }
    }

    /// What the module level imports, in its order.
    #[must_use]
    pub fn imports(&self) -> &[OutlineImport] {
        &self.level.imports
    }

    /// Whether an import of the file does anything beyond binding its own names.
    #[must_use]
    pub fn has_effects(&self) -> bool {
        self.level.has_effects
    }

    /// Whether an import of the file changes something of another module that it names.
    #[must_use]
    pub fn patches(&self) -> bool {
        self.level.patches
    }

    /// Whether a class of the file has a base.
    #[must_use]
    pub fn has_derived_classes(&self) -> bool {
        self.binding(&subclasses_key()).is_some()
    }

    /// The digest of all that stands outside of function bodies.
    #[must_use]
    pub fn module(&self) -> Digest {
        self.level.digest
    }

    /// The digest of the function body `name`; `None` if there is none of that name.
    #[must_use]
    pub fn block(&self, name: &str) -> Option<Digest> {
        find(&self.blocks, name)
    }

    /// The digest of the docstring of `name` (a function or class by its qualified name, the module
    /// itself by `<module>`); `None` if it has none.
    #[must_use]
    pub fn docstring(&self, name: &str) -> Option<Digest> {
        find(&self.docstrings, name)
    }

    /// The digest of what is bound under `key`; `None` if nothing is.
    ///
    /// A key is a name of the module (`LIMIT`), an attribute of a class (`C.limit`), the parameters of
    /// a function (`f()`), what it acts on (`f>`), the annotations of any of these (`LIMIT:`, `f():`), all names that begin alike
    /// (`C.visit_*`, `C.*`), or the classes that have an attribute (`*.limit`). Names that begin alike count
    /// without their annotations, but all that a class has with them.
    #[must_use]
    pub fn binding(&self, key: &str) -> Option<Digest> {
        let Some(prefix) = key.strip_suffix(ALL) else { return find(&self.level.bindings, key) };
        let start = self.level.bindings.partition_point(|(other, _)| &**other < prefix);
        let alike = self.level.bindings[start..].iter();
        let is_all = prefix.ends_with('.');
        let counts = |key: &str| is_all || !key.ends_with(HINT);
        let alike = alike.take_while(|(other, _)| other.starts_with(prefix));
        let mut alike = alike.filter(|(other, _)| counts(other)).peekable();
        alike.peek()?;
        let mut builder = DigestBuilder::new("bindings/1");
        for (name, digest) in alike {
            builder.write_usize(name.len());
            builder.write(name.as_bytes());
            builder.write(digest.as_bytes());
        }
        Some(builder.digest())
    }

    /// Whether `class` binds any of these attributes itself; `*` stands for all classes. It is looked for in the few
    /// keys of the class: thousands of names are asked for at the start of a session.
    #[must_use]
    pub fn has_any(&self, class: &str, names: &[&str]) -> bool {
        let prefix = format!("{class}.");
        let start = self.level.bindings.partition_point(|(key, _)| **key < *prefix);
        let own = &self.level.bindings[start..];
        let own = &own[..own.partition_point(|(key, _)| key.starts_with(&*prefix))];
        let has = |name: &&str| own.binary_search_by(|(key, _)| key[prefix.len()..].cmp(name));
        names.iter().any(|name| has(name).is_ok())
    }

    /// The digest of all docstrings, with the names of what they document.
    #[must_use]
    pub fn docstrings(&self) -> Digest {
        let mut builder = DigestBuilder::new("docstrings/1");
        for (name, digest) in &self.docstrings {
            builder.write_usize(name.len());
            builder.write(name.as_bytes());
            builder.write(digest.as_bytes());
        }
        builder.digest()
    }
}

fn find(parts: &[(Box<str>, Digest)], name: &str) -> Option<Digest> {
    let at = parts.binary_search_by(|(other, _)| (**other).cmp(name)).ok()?;
    Some(parts[at].1)
}
