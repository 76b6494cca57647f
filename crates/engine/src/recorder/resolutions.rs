//! Which file each import statement finds, as facts: an import of another file is another program.
//!
//! The import path is what pytest's hooks told last; a module that was found otherwise (the path was
//! another when it was imported) is looked up from the directory on in which it was found. Of a module
//! that no lookup explains, one that was loaded from a file by hand, there is no fact.

use std::collections::BTreeSet;
use std::path::PathBuf;

use testmonx_core::kinds::resolves_fact;
use testmonx_core::search::{Found, find};
use testmonx_core::source::Import;
use testmonx_core::world::Tree;
use testmonx_core::{Fact, RelPath};

use super::files::Files;
use super::packages::PackageFacts;
use super::source::{Source, Sources};
use crate::disk::Disk;
use crate::project::Project;

/// The directories of the project that imports are looked up in.
#[derive(Debug, Default)]
pub(super) struct ImportPath {
    dirs: Vec<RelPath>,
    /// How many of them come before the standard library and what is installed.
    first: usize,
}

impl ImportPath {
    /// The project's part of Python's `sys.path`. The directories are listed now: what appears in them
    /// later did not take part in the imports.
    pub(super) fn new(
        path: &[PathBuf],
        project: &Project,
        packages: &PackageFacts,
        disk: &Disk,
    ) -> Self {
        let mut found = Self::default();
        let mut is_before = true;
        for place in path {
            if packages.is_standard_dir(place) {
                is_before = false;
            }
            let Some(dir) = project.relative(place) else { continue };
            if !found.dirs.contains(&dir) {
                disk.importable(&dir, "");
                found.dirs.push(dir);
                found.first += usize::from(is_before);
            }
        }
        found
    }
}

/// What is looked at to tell which file an import finds.
pub(super) struct Lookup<'a> {
    pub(super) path: &'a ImportPath,
    pub(super) sources: &'a Sources,
    pub(super) packages: &'a PackageFacts,
    pub(super) files: &'a Files,
    pub(super) disk: &'a Disk,
}

impl Lookup<'_> {
    /// The facts behind the import statements of `importer`.
    pub(super) fn facts(&self, importer: &Source, imports: &[Import]) -> BTreeSet<Fact> {
        let mut facts = BTreeSet::new();
        for import in imports {
            let module = import.module.as_deref().unwrap_or_default();
            let package = match import.level {
                0 => self.absolute(module, &mut facts),
                level => ancestor(importer, level).and_then(|dir| {
                    let init = find("__init__", std::slice::from_ref(&dir), self.disk);
                    let package = match init.file() {
                        Some(file) => Found::Package(file.clone()),
                        None => Found::Portions(vec![dir]),
                    };
                    self.below(package, "", module, &mut facts)
                }),
            };
            let Some(package) = package else { continue };
            let init = package.file().and_then(|file| self.sources.at(file));
            for name in &import.names {
                // A name that the package binds comes before a submodule.
                if !init.is_some_and(|init| self.sources.get(init).binds(name)) {
                    let full = match import.level {
                        0 => format!("{module}.{name}"),
                        _ => String::new(),
                    };
                    self.part(name, &full, package.dirs(), &mut facts);
                }
            }
        }
        facts
    }

    /// What an absolute import of the dotted `module` finds; `None` if it is not told.
    fn absolute(&self, module: &str, facts: &mut BTreeSet<Fact>) -> Option<Found> {
        let (top, rest) = module.split_once('.').unwrap_or((module, ""));
        let loaded = self.sources.named(top).map(|source| &self.sources.get(source).path);
        let is_outside = loaded.is_none() && self.packages.is_there(top);
        let ImportPath { dirs, first } = self.path;
        let mut dirs = if is_outside { &dirs[..*first] } else { &dirs[..] };
        let own;
        if let Some(loaded) = loaded
            && find(top, dirs, self.disk).file() != Some(loaded)
        {
            // When it was imported other directories came first, or only this one was there.
            own = [directory_of(loaded)?];
            let at = dirs.iter().position(|dir| *dir == own[0]);
            dirs = at.map_or(&own[..], |at| &dirs[at..]);
        }
        let found = self.found(top, loaded, dirs)?;
        facts.extend(self.fact(top, &found, dirs, is_outside));
        self.below(found, top, rest, facts)
    }

    /// What the dotted `rest` finds below `package`, whose own name is `above` if it is known.
    fn below(
        &self,
        package: Found,
        above: &str,
        rest: &str,
        facts: &mut BTreeSet<Fact>,
    ) -> Option<Found> {
        let mut found = package;
        let mut full = above.to_owned();
        for part in rest.split('.').filter(|part| !part.is_empty()) {
            if !above.is_empty() {
                full = format!("{full}.{part}");
            }
            found = self.part(part, &full, found.dirs(), facts)?;
        }
        Some(found)
    }

    /// What the submodule `name` of the package in `dirs` is; `full` is its whole name if it is known.
    fn part(
        &self,
        name: &str,
        full: &str,
        dirs: Vec<RelPath>,
        facts: &mut BTreeSet<Fact>,
    ) -> Option<Found> {
        let loaded = self.sources.named(full).map(|source| &self.sources.get(source).path);
        let found = self.found(name, loaded, &dirs)?;
        facts.extend(self.fact(name, &found, &dirs, false));
        Some(found)
    }

    /// The fact that `name` finds `found`; none where there is nothing to search. What is behind the
    /// directory of a file that wins makes no difference.
    fn fact(&self, name: &str, found: &Found, dirs: &[RelPath], is_outside: bool) -> Option<Fact> {
        let winner = found.file().and_then(directory_of);
        let last = winner.and_then(|winner| dirs.iter().position(|dir| *dir == winner));
        let dirs = last.map_or(dirs, |last| &dirs[..=last]);
        (!dirs.is_empty()).then(|| resolves_fact(name, dirs, is_outside, self.disk))
    }

    /// What `name` finds in `dirs`; `None` if that is not what was loaded, or is the session's own work.
    fn found(&self, name: &str, loaded: Option<&RelPath>, dirs: &[RelPath]) -> Option<Found> {
        let found = find(name, dirs, self.disk);
        let is_own = |path: &RelPath| self.files.is_own(&path.under(self.disk.root()));
        let is_made = found.file().is_some_and(is_own) || found.dirs().iter().any(is_own);
        let is_other = loaded.is_some_and(|loaded| found.file() != Some(loaded));
        (!is_made && !is_other).then_some(found)
    }
}

/// The directory in which an import finds the module in `file`.
fn directory_of(file: &RelPath) -> Option<RelPath> {
    let dir = file.parent()?;
    if file.name().starts_with("__init__.") { dir.parent() } else { Some(dir) }
}

/// The directory of the package that a relative import with so many dots begins in.
fn ancestor(importer: &Source, level: u32) -> Option<RelPath> {
    let mut dir = importer.path.parent();
    for _ in 1..level {
        dir = dir?.parent();
    }
    dir
}
