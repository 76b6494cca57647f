//! Which installed packages the project's code uses: the names that its import statements say and that
//! are no modules of the project, and what it was seen to read from the directories of distributions.
//!
//! An import statement counts with the text that it stands in: at the module level for whoever depends on
//! the module, in a function for whoever runs it. An import of another kind (`import_module`, a plugin's
//! entry point) shows when files are opened, once in a process; so it is kept with the function that it
//! happened in, for all that run this function later and find the module cached.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use testmonx_core::Fact;
use testmonx_core::kinds::{metadata_fact, no_package_fact, package_fact};
use testmonx_core::source::Import;
use testmonx_core::world::Installed;

use crate::observer::CodeId;
use crate::packages::{Packages, Place};

/// The facts about packages, as they are needed.
#[derive(Debug, Default)]
pub(super) struct PackageFacts {
    /// `None` where nothing is known of what is installed: then there are no such facts.
    packages: Option<Packages>,
    known: RefCell<HashMap<Box<str>, Option<Fact>>>,
    /// What was read while the function that this code object runs was running.
    used: HashMap<CodeId, BTreeSet<Fact>>,
}

impl PackageFacts {
    /// The facts about `packages`.
    pub(super) fn new(packages: Packages) -> Self {
        Self { packages: Some(packages), ..Self::default() }
    }

    /// The facts behind import statements. `is_project` says which modules are the project's.
    pub(super) fn imported(
        &self,
        imports: &[Import],
        is_project: impl Fn(&str) -> bool,
    ) -> BTreeSet<Fact> {
        let absolute = imports.iter().filter(|import| import.level == 0);
        absolute
            .filter_map(|import| import.module.as_deref()?.split('.').next())
            .filter(|name| !is_project(name))
            .filter_map(|name| self.of_name(name))
            .collect()
    }

    /// Whether something that is installed looks at annotations by itself; in doubt it does.
    pub(super) fn watches_annotations(&self) -> bool {
        self.packages.as_ref().is_none_or(Packages::watches_annotations)
    }

    /// Whether one of the packages behind import statements can look at annotations. `is_project` says which modules
    /// are the project's.
    pub(super) fn reads_annotations(
        &self,
        imports: &[Import],
        is_project: impl Fn(&str) -> bool,
    ) -> bool {
        let Some(packages) = &self.packages else { return true };
        let absolute = imports.iter().filter(|import| import.level == 0);
        let mut names = absolute.filter_map(|import| import.module.as_deref()?.split('.').next());
        names.any(|name| {
            !is_project(name) && !packages.is_standard(name) && packages.reads_annotations(name)
        })
    }

    /// What was read while the function that `code` runs was running.
    pub(super) fn used_by(&self, code: CodeId) -> impl Iterator<Item = &Fact> {
        self.used.get(&code).into_iter().flatten()
    }

    /// What the file at `place` belongs to, if it is a distribution's.
    pub(super) fn at(&self, place: &Path) -> Option<Place> {
        self.packages.as_ref()?.at(place)
    }

    /// The fact behind reading a file in `place`; `reader` is the innermost project code on the stack.
    ///
    /// Metadata that pytest and its plugins read for themselves is no test's business.
    pub(super) fn read(&mut self, place: &Place, reader: Option<CodeId>) -> Option<Fact> {
        let packages = self.packages.as_ref()?;
        let fact = match place {
            Place::Package(name) => self.of_name(name),
            Place::Metadata(_) | Place::AllMetadata if reader.is_none() => None,
            Place::Metadata(name) => metadata_fact(Some(name), packages),
            Place::AllMetadata => metadata_fact(None, packages),
        }?;
        if let Some(reader) = reader {
            self.used.entry(reader).or_default().insert(fact.clone());
        }
        Some(fact)
    }

    /// Whether something outside of the project can be imported as `name`.
    pub(super) fn is_there(&self, name: &str) -> bool {
        let packages = self.packages.as_ref();
        packages.is_some_and(|all| all.is_standard(name) || all.is_importable(name))
    }

    /// Whether `dir` holds the standard library's modules.
    pub(super) fn is_standard_dir(&self, dir: &Path) -> bool {
        self.packages.as_ref().is_some_and(|packages| packages.is_standard_dir(dir))
    }

    fn of_name(&self, name: &str) -> Option<Fact> {
        let packages = self.packages.as_ref()?;
        if packages.is_standard(name) {
            return None;
        }
        let mut known = self.known.borrow_mut();
        known.entry(name.into()).or_insert_with(|| fact_of_name(name, packages)).clone()
    }
}

fn fact_of_name(name: &str, packages: &Packages) -> Option<Fact> {
    match packages.providers(name) {
        Some(providers) => package_fact(name, &providers, packages),
        None => Some(no_package_fact(name)),
    }
}
