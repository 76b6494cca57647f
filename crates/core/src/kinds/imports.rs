//! `imports`: which modules of the project an import of a module runs that do something by it.
//!
//! A module that registers or patches something counts for all who import it, even if they take no
//! name of it; so an import that appears or vanishes can matter to tests that mention nothing of it.
//! An import of a module without effects, of another package, or of one more name does not.
//!
//! Keyed `path::roots`: the directories, with commas between, that absolute imports are looked up
//! in; with `<` among them, modules with derived classes count, too, for those who can see the
//! subclasses of a class. Digest: the paths of the modules that the module imports itself, so far as
//! they or what they import has effects, in the order of the imports: two modules that register something do so in
//! that order. If one of them patches another module, all imports count: those before it found what it was before.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{FactKind, Kind, split_key};
use crate::source::{Outline, OutlineImport};
use crate::world::{Outlines, World};
use crate::{Digest, Fact, RelPath};

pub(super) struct ImportsKind;

/// How many modules are looked through for effects. After that there are some, in doubt: looking on
/// would cost more with every module of the project.
const PATIENCE: usize = 16;

/// Stands among the roots where derived classes count.
const DERIVED: &str = "<";

/// Which files modules import, by the directories that are looked in: worth keeping while outlines stay the same,
/// since one module is looked through for all that import it.
#[derive(Debug, Default)]
pub struct KnownImports(FxHashMap<Vec<RelPath>, OfRoots>);

type OfRoots = FxHashMap<RelPath, Arc<[RelPath]>>;

/// The fact of what the imports of `path` do, with absolute ones looked up in `roots`, which are
/// directories in ascending order. `None` if there is no such file.
#[must_use]
pub fn imports_fact(
    path: &RelPath,
    roots: &[RelPath],
    counts_derived: bool,
    known: &mut KnownImports,
    world: &dyn Outlines,
) -> Option<Fact> {
    let mut names: Vec<&str> = roots.iter().map(RelPath::as_str).collect();
    if counts_derived {
        names.push(DERIVED);
    }
    let key = format!("{path}::{}", names.join(","));
    let digest = digest(&key, known, world)?;
    Some(Fact::new(Kind::Imports, key, digest))
}

fn digest(key: &str, known: &mut KnownImports, world: &dyn Outlines) -> Option<Digest> {
    let (path, roots) = split_key(key);
    let counts_derived = roots.split(',').any(|root| root == DERIVED);
    let roots = roots.split(',').filter(|root| !root.is_empty() && *root != DERIVED);
    let roots: Vec<RelPath> = roots.map(RelPath::new).collect();
    let known = known.0.entry(roots.clone()).or_default();
    let mut search = Search { roots, counts_derived, known, world };
    let outline = world.outline(&path)?;
    let imported = search.imported(&path, &outline);
    let is_patched = imported.iter().any(|file| search.patches(file));
    let acting = imported.iter().filter(|file| is_patched || search.acts(file, &path));
    let acting: Vec<&str> = acting.map(RelPath::as_str).collect();
    Some(Digest::of_value("imports/2", &acting))
}

impl FactKind for ImportsKind {
    fn name(&self) -> &'static str {
        "imports"
    }

    fn file(&self, key: &str) -> Option<RelPath> {
        Some(split_key(key).0)
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        digest(key, &mut KnownImports::default(), world)
    }

    fn describe(&self, key: &str, is_gone: bool) -> String {
        let path = split_key(key).0;
        if is_gone { format!("{path} is gone") } else { format!("imports of {path} changed") }
    }
}

struct Search<'a> {
    roots: Vec<RelPath>,
    counts_derived: bool,
    known: &'a mut OfRoots,
    world: &'a dyn Outlines,
}

impl Search<'_> {
    /// The files that a module imports, with the packages on the way to them.
    fn imported(&mut self, path: &RelPath, outline: &Outline) -> Arc<[RelPath]> {
        if let Some(known) = self.known.get(path) {
            return Arc::clone(known);
        }
        let mut seen = FxHashSet::from_iter([path.clone()]);
        let found = self.look_up(path, outline).into_iter();
        let imported: Arc<[RelPath]> = found.filter(|file| seen.insert(file.clone())).collect();
        self.known.insert(path.clone(), Arc::clone(&imported));
        imported
    }

    fn look_up(&self, path: &RelPath, outline: &Outline) -> Vec<RelPath> {
        let mut found = Vec::new();
        for import in outline.imports() {
            if import.level == 0 {
                self.roots.iter().for_each(|root| self.find(root, import, &mut found));
                continue;
            }
            let mut directory = path.parent();
            for _ in 1..import.level {
                directory = directory.and_then(|directory| directory.parent());
            }
            if let Some(directory) = directory {
                self.find(&directory, import, &mut found);
            }
        }
        found
    }

    fn find(&self, root: &RelPath, import: &OutlineImport, found: &mut Vec<RelPath>) {
        let mut at = root.clone();
        let parts = import.module.split('.').filter(|part| !part.is_empty());
        for part in parts.chain(import.name.as_deref()) {
            let file = at.join(&format!("{part}.py"));
            at = at.join(part);
            let package = at.join("__init__.py");
            // A package comes before a module of the same name.
            let is_there = |file: &RelPath| self.world.outline(file).is_some();
            found.extend([package, file].into_iter().find(is_there));
        }
    }

    /// Whether the import of a file itself changes something of another module.
    fn patches(&self, file: &RelPath) -> bool {
        self.world.outline(file).is_some_and(|outline| outline.patches())
    }

    /// Whether the import of a file does anything.
    fn acts(&mut self, file: &RelPath, importer: &RelPath) -> bool {
        let mut seen = FxHashSet::from_iter([importer.clone(), file.clone()]);
        let mut queue = vec![file.clone()];
        while let Some(file) = queue.pop() {
            let Some(outline) = self.world.outline(&file) else { continue };
            let derives = self.counts_derived && outline.has_derived_classes();
            if outline.has_effects() || derives || seen.len() > PATIENCE {
                return true;
            }
            let imported = self.imported(&file, &outline);
            queue.extend(imported.iter().filter(|file| seen.insert((*file).clone())).cloned());
        }
        false
    }
}
