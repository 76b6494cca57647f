//! The modules that are loaded, and the names they go by.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::roots::Charge;
use super::stars::Stars;
use super::words::{Word, Words};
use crate::source::bindings::{Bindings, ImportTarget, Imported};
use crate::source::{Outline, SourceModel};
use crate::{Digest, RelPath};

/// Number of a module in one [`Program`](super::Program).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub(super) u32);

impl ModuleId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A loaded module.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) path: RelPath,
    pub(super) content: Digest,
    /// `None` if the parser could not read it, or has not been asked.
    pub(super) source: Option<Source>,
    /// Its `__name__` and `__package__`, as far as it was imported under a name.
    names: Vec<(Box<str>, Box<str>)>,
    /// What happened while its body stood at which line, until it is known which nodes it has.
    waiting: Option<FxHashSet<(u32, Charge)>>,
    /// What happened while its body stood at a node.
    charges: FxHashMap<u32, Vec<Charge>>,
    /// The same as pairs, to tell what is new.
    charged: FxHashSet<(Option<u32>, Charge)>,
    /// The nodes of lines that were asked for: many functions run for one line.
    nodes: FxHashMap<u32, Box<[u32]>>,
    /// What happened while its body stood at no node that is known.
    pub(super) loose: Vec<Charge>,
    /// Number of its first vertex.
    pub(super) first: u32,
}

impl Module {
    /// Adds the directories in which its names are looked up: `src` for `src/pkg/a.py`, that is
    /// `pkg.a`.
    fn add_roots(&self, roots: &mut Vec<RelPath>) {
        let stem = self.path.as_str().trim_end_matches(".py");
        let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
        for (name, _) in &self.names {
            let name = name.replace('.', "/");
            match stem.strip_suffix(&*name) {
                Some("") => roots.push(RelPath::new(".")),
                Some(root) => roots.extend(root.strip_suffix('/').map(RelPath::new)),
                None => {}
            }
        }
    }

    /// Notes what happened while the body stood at `line`. Returns whether that is new.
    pub(super) fn charge(&mut self, line: u32, charge: Charge) -> bool {
        if let Some(waiting) = &mut self.waiting {
            return waiting.insert((line, charge));
        }
        let nodes = self.nodes.entry(line).or_insert_with(|| {
            let source = self.source.as_ref();
            source.map_or_else(Box::default, |source| source.bindings().nodes_at(line).into())
        });
        let mut is_new = false;
        for node in &**nodes {
            if self.charged.insert((Some(*node), charge.clone())) {
                self.charges.entry(*node).or_default().push(charge.clone());
                is_new = true;
            }
        }
        if nodes.is_empty() && self.charged.insert((None, charge.clone())) {
            self.loose.push(charge);
            is_new = true;
        }
        is_new
    }

    /// What happened for the sake of a node.
    pub(super) fn charges(&self, node: u32) -> &[Charge] {
        self.charges.get(&node).map_or(&[], |charges| charges)
    }

    /// All that happened, by node.
    pub(super) fn all_charges(&self) -> impl Iterator<Item = (Option<u32>, &Charge)> {
        let placed = self.charges.iter();
        let placed = placed.flat_map(|(node, all)| all.iter().map(move |it| (Some(*node), it)));
        placed.chain(self.loose.iter().map(|charge| (None, charge)))
    }
}

/// A parsed source, with the program's numbers for its names.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) model: Arc<SourceModel>,
    pub(super) outline: Arc<Outline>,
    /// By number of the name in the source.
    pub(super) words: Vec<Word>,
    /// The module's own names.
    symbols: FxHashMap<Word, u32>,
    /// Indices of `from m import *` imports.
    pub(super) stars: Vec<usize>,
}

impl Source {
    fn new(model: Arc<SourceModel>, words: &mut Words) -> Self {
        let bindings = model.bindings();
        let numbers: Vec<Word> = bindings.names.iter().map(|name| words.number(name)).collect();
        let symbols = bindings
            .symbols_of(None)
            .map(|index| (numbers[bindings.symbols[index].name.0 as usize], index as u32));
        let symbols = symbols.collect();
        let is_star = |index: &usize| bindings.imports[*index].what == Imported::Star;
        let stars = bindings.level_imports().map(|import| import as usize).filter(is_star);
        let stars = stars.collect();
        let outline = Arc::new(model.outline());
        Self { words: numbers, symbols, stars, outline, model }
    }

    pub(super) fn bindings(&self) -> &Bindings {
        self.model.bindings()
    }

    /// The index of the module's own symbol of this name.
    pub(super) fn symbol(&self, name: Word) -> Option<u32> {
        self.symbols.get(&name).copied()
    }

    /// The module's own names, in no order.
    pub(super) fn names(&self) -> impl Iterator<Item = Word> {
        self.symbols.keys().copied()
    }
}

/// What imports stand for, by module and number of the import.
type ImportedModules = FxHashMap<(ModuleId, usize), Arc<[ModuleId]>>;

/// All modules that are loaded.
#[derive(Debug, Default)]
pub(super) struct Modules {
    all: Vec<Module>,
    by_path: FxHashMap<RelPath, ModuleId>,
    by_name: FxHashMap<Box<str>, Vec<ModuleId>>,
    /// Every beginning of a module's name: packages, also those without a file.
    packages: FxHashSet<Box<str>>,
    /// What imports were asked for, by module and import.
    imported: RefCell<ImportedModules>,
    /// What star imports were asked for, by module.
    stars: RefCell<FxHashMap<ModuleId, Arc<Stars>>>,
}

impl Modules {
    pub(super) fn add(&mut self, path: RelPath, content: Digest) -> ModuleId {
        self.by_path.insert(path.clone(), ModuleId(self.all.len() as u32));
        self.all.push(Module {
            path,
            content,
            source: None,
            waiting: Some(FxHashSet::default()),
            names: Vec::new(),
            charges: FxHashMap::default(),
            charged: FxHashSet::default(),
            nodes: FxHashMap::default(),
            loose: Vec::new(),
            first: 0,
        });
        ModuleId(self.all.len() as u32 - 1)
    }

    /// Says what is in a module, whose first vertex has the number `first`.
    pub(super) fn fill(
        &mut self,
        id: ModuleId,
        model: Option<Arc<SourceModel>>,
        words: &mut Words,
        first: u32,
    ) {
        let module = &mut self.all[id.index()];
        module.source = model.map(|model| Source::new(model, words));
        module.first = first;
        for (line, charge) in module.waiting.take().into_iter().flatten() {
            module.charge(line, charge);
        }
        self.forget_imports();
    }

    /// Notes that a module goes by `name`, with `__package__` as given. Returns whether that is new.
    pub(super) fn name(&mut self, id: ModuleId, name: &str, package: &str) -> bool {
        let names = &mut self.all[id.index()].names;
        if names.iter().any(|known| (&*known.0, &*known.1) == (name, package)) {
            return false;
        }
        names.push((name.into(), package.into()));
        self.forget_imports();
        let ids = self.by_name.entry(name.into()).or_default();
        if !ids.contains(&id) {
            ids.push(id);
        }
        for dot in name.match_indices('.') {
            self.packages.insert(name[..dot.0].into());
        }
        true
    }

    fn forget_imports(&mut self) {
        self.imported.get_mut().clear();
        self.stars.get_mut().clear();
    }

    /// The module of a file.
    pub(super) fn at(&self, path: &RelPath) -> Option<ModuleId> {
        self.by_path.get(path).copied()
    }

    /// The directories in which the absolute imports of a module were found, and its own name.
    pub(super) fn roots_of(&self, id: ModuleId) -> Vec<RelPath> {
        let mut roots = vec![RelPath::new(".")];
        self.get(id).add_roots(&mut roots);
        if let Some(source) = self.source(id) {
            let bindings = source.bindings();
            for import in bindings.level_imports().map(|import| &bindings.imports[import as usize])
            {
                if import.level == 0 {
                    for imported in self.run_by_import(id, import) {
                        self.get(imported).add_roots(&mut roots);
                    }
                }
            }
        }
        roots.sort_unstable();
        roots.dedup();
        roots
    }

    pub(super) fn get(&self, id: ModuleId) -> &Module {
        &self.all[id.index()]
    }

    pub(super) fn get_mut(&mut self, id: ModuleId) -> &mut Module {
        &mut self.all[id.index()]
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = ModuleId> + use<> {
        (0..self.all.len() as u32).map(ModuleId)
    }

    /// The parsed source of a module.
    pub(super) fn source(&self, id: ModuleId) -> Option<&Source> {
        self.all[id.index()].source.as_ref()
    }

    /// The modules that go by this name: one, but for files of one name in directories that are no
    /// packages.
    pub(super) fn named(&self, name: &str) -> &[ModuleId] {
        self.by_name.get(name).map_or(&[], |ids| ids)
    }

    /// Whether a module or package of this name is loaded.
    pub(super) fn is_known(&self, name: &str) -> bool {
        self.by_name.contains_key(name) || self.packages.contains(name)
    }

    /// The names that the module of an import can have, as seen from `importer`.
    pub(super) fn imported_names(&self, importer: ModuleId, import: &ImportTarget) -> Vec<String> {
        if import.level == 0 {
            return vec![import.module.to_string()];
        }
        let mut found = Vec::new();
        for (_, package) in &self.get(importer).names {
            let Some(base) = ancestor(package, import.level - 1) else { continue };
            found.push(match &*import.module {
                "" => base.to_owned(),
                module => format!("{base}.{module}"),
            });
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The modules that the module of an import can be, as seen from `importer`.
    pub(super) fn imported_modules(&self, importer: ModuleId, import: usize) -> Arc<[ModuleId]> {
        let find = || {
            let source = self.source(importer);
            let import = source.map(|source| &source.bindings().imports[import]);
            let names = import.map(|import| self.imported_names(importer, import));
            names.iter().flatten().flat_map(|name| self.named(name)).copied().collect()
        };
        Arc::clone(self.imported.borrow_mut().entry((importer, import)).or_insert_with(find))
    }

    /// Where names can come from that `module` takes over with `from m import *`.
    pub(super) fn stars(&self, module: ModuleId) -> Arc<Stars> {
        if let Some(known) = self.stars.borrow().get(&module) {
            return Arc::clone(known);
        }
        let stars = Stars::of(module, self);
        self.stars.borrow_mut().insert(module, Arc::clone(&stars));
        stars
    }

    /// The modules that an import runs the bodies of: the packages above, the module, and a
    /// submodule that it takes by name.
    pub(super) fn run_by_import(&self, importer: ModuleId, import: &ImportTarget) -> Vec<ModuleId> {
        let mut found = Vec::new();
        for name in self.imported_names(importer, import) {
            found.extend(prefixes(&name).flat_map(|name| self.named(name)));
            if let Imported::Name(submodule) = &import.what {
                found.extend(self.named(&format!("{name}.{submodule}")));
            }
        }
        found
    }

    /// The packages that a module is part of.
    pub(super) fn packages_of(&self, id: ModuleId) -> Vec<ModuleId> {
        let names = self.get(id).names.iter();
        names
            // Of its own name there can be others, in directories that are no packages.
            .flat_map(|(name, _)| prefixes(name).filter(|prefix| prefix.len() < name.len()))
            .flat_map(|name| self.named(name))
            .copied()
            .collect()
    }
}

/// `a`, `a.b`, `a.b.c` of `a.b.c`.
fn prefixes(dotted: &str) -> impl Iterator<Item = &str> {
    let dots = dotted.match_indices('.').map(|(at, _)| at);
    dots.chain([dotted.len()]).map(|end| &dotted[..end]).filter(|name| !name.is_empty())
}

/// The package `up` levels above `package`.
fn ancestor(package: &str, up: u32) -> Option<&str> {
    let mut package = package;
    for _ in 0..up {
        package = package.rsplit_once('.')?.0;
    }
    (!package.is_empty()).then_some(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_names() {
        assert_eq!(prefixes("a.b.c").collect::<Vec<_>>(), ["a", "a.b", "a.b.c"]);
        assert_eq!(ancestor("a.b.c", 2), Some("a"));
        assert_eq!(ancestor("a", 1), None);
    }
}
