//! The kinds of fact, one file each: how it is keyed, digested, checked against the tree, and
//! worded as a reason. A new kind of dependency is one new file here, one observer, and its tests.

mod absent;
mod asked;
mod binding;
mod block;
mod docstring;
mod effects;
mod entry;
mod file;
mod implied;
mod imports;
mod listing;
mod metadata;
mod missing;
mod module;
mod no_package;
mod package;
mod resolves;
mod star;
mod subclasses;
mod variable;
mod whole;

use serde::{Deserialize, Serialize};

use crate::world::World;
use crate::{Digest, RelPath};

pub use absent::{absences_fact, absent_fact};
pub use asked::asked_fact;
pub use binding::binding_fact;
pub use block::block_fact;
pub use docstring::{docstring_fact, docstrings_fact};
pub use effects::{effects_fact, effects_on_fact};
pub use entry::entry_fact;
pub use file::file_fact;
pub use implied::{implied_fact, implied_of_tests_fact};
pub use imports::{KnownImports, imports_fact};
pub use listing::listing_fact;
pub use metadata::metadata_fact;
pub use missing::missing_fact;
pub use module::module_fact;
pub use no_package::no_package_fact;
pub use package::package_fact;
pub use resolves::resolves_fact;
pub use star::star_fact;
pub use subclasses::subclasses_fact;
pub use variable::variable_fact;
pub use whole::whole_fact;

/// What every kind of fact can do. Nothing outside of this folder asks which kind a fact is of.
pub trait FactKind: Sync {
    /// The name that the store and `testmonx explain` know it by; never reused for another meaning.
    fn name(&self) -> &'static str;

    /// The file that the fact is about, for a summary by file; `None` if it is about none.
    fn file(&self, key: &str) -> Option<RelPath>;

    /// What a summary calls that which the fact is about: the file, if it is about one.
    fn subject(&self, key: &str) -> String {
        self.file(key).map_or_else(|| key.to_owned(), |file| file.to_string())
    }

    /// Of several files that the fact is about, the one that changed so that it holds no longer.
    fn changed_file(&self, _key: &str, _world: &dyn World) -> Option<RelPath> {
        None
    }

    /// The digest that `key` has now; `None` if there is nothing that it could be.
    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest>;

    /// A lowercase phrase that says what changed, e.g. "`C.f` in pkg/a.py changed", or "… is gone"
    /// when `is_gone` says that there is nothing any more.
    fn describe(&self, key: &str, is_gone: bool) -> String;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $rule:expr),* $(,)?) => {
        /// A kind of fact.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind { $($(#[$doc])* $variant),* }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// What the kind can do.
            #[must_use]
            pub fn rule(self) -> &'static dyn FactKind {
                match self { $(Self::$variant => &$rule),* }
            }
        }
    };
}

kinds! {
    /// A function's body.
    Block = block::BlockKind,
    /// All that a source file says outside of function bodies.
    Module = module::ModuleKind,
    /// One docstring, or all of a file.
    Docstring = docstring::DocstringKind,
    /// A file's content.
    File = file::FileKind,
    /// That there was nothing at a path.
    Missing = missing::MissingKind,
    /// What a name was bound to.
    Binding = binding::BindingKind,
    /// That a name was not bound.
    Absent = absent::AbsentKind,
    /// That many classes had none of the attributes that something asked for.
    Asked = asked::AskedKind,
    /// That a name was not bound in any module that another takes all names of.
    Star = star::StarKind,
    /// What a module does when it is imported.
    Effects = effects::EffectsKind,
    /// All that a source file says outside of function bodies, by a rule for what cannot be told.
    Whole = whole::WholeKind,
    /// The classes with bases in a source file.
    Subclasses = subclasses::SubclassesKind,
    /// What pytest finds in a source file without being told.
    Implied = implied::ImpliedKind,
    /// Which modules with effects a module imports.
    Imports = imports::ImportsKind,
    /// What an import gets from the installed distributions.
    Package = package::PackageKind,
    /// That an import finds nothing among them.
    NoPackage = no_package::NoPackageKind,
    /// Which file of the project an import finds.
    Resolves = resolves::ResolvesKind,
    /// A distribution's metadata, or that of all.
    Metadata = metadata::MetadataKind,
    /// What was at a path: a file, a directory, a link.
    Entry = entry::EntryKind,
    /// The names in a directory.
    Listing = listing::ListingKind,
    /// The value of an environment variable.
    Variable = variable::VariableKind,
}

impl Kind {
    /// The kind with this name; `None` if this version knows none.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.rule().name() == name)
    }
}

/// `path::name`, the key of a fact about a part of a source file, taken apart.
fn split_key(key: &str) -> (RelPath, &str) {
    let (path, name) = key.split_once("::").unwrap_or((key, ""));
    (RelPath::new(path), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_found_again() {
        for kind in Kind::ALL {
            assert_eq!(Kind::by_name(kind.rule().name()), Some(*kind));
        }
    }
}
