//! The loaded modules, with all that is known of their import.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::asking::Asking;
use super::classes::{ClassId, Classes};
use super::effects::Effects;
use super::expand::{Expander, Expansion};
use super::functions::Functions;
use super::modules::{ModuleId, Modules};
use super::parts::{FactId, Parts};
use super::resolve::Resolver;
use super::roots::{Body, Charge, Part, PartId};
use super::scratch::Scratch;
use super::start::LookedUp;
use super::vertices::{Item, VertexId, Vertices, fixed};
use super::words::{Word, Words};
use crate::kinds::KnownImports;
use crate::source::{Outline, SourceModel};
use crate::{Digest, Fact, RelPath};

/// The modules of one process, as they were imported.
///
/// Told what is loaded and what ran for what, it answers [`Program::closures`]. Answers are worked out
/// from what is known when they are asked for, so ask late: an import that another test does later
/// can add to what a function reaches.
#[derive(Debug, Default)]
pub struct Program {
    pub(super) modules: Modules,
    pub(super) words: Words,
    pub(super) vertices: Vertices,
    pub(super) imported_by: FxHashMap<Body, Vec<ModuleId>>,
    pub(super) memo: FxHashMap<Body, FxHashSet<Charge>>,
    /// What is in `memo` and not in the index.
    pub(super) new_memo: Vec<(Body, Charge)>,
    pub(super) index: Option<Index>,
    pub(super) functions: Functions,
    counts_annotations: bool,
    pub(super) parts: Parts,
    pub(super) scratch: Scratch,
}

/// What follows from all modules together.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) classes: Classes,
    pub(super) effects: Effects,
    /// The nodes for which a body ran, by body.
    pub(super) makers: FxHashMap<VertexId, Vec<VertexId>>,
    /// What ran under memoised calls, by what reaches it.
    pub(super) memo: FxHashMap<VertexId, Vec<Charge>>,
    pub(super) expansions: Vec<Option<Arc<Expansion>>>,
    /// The expansion of the many that reach nothing by themselves.
    nothing: Arc<Expansion>,
    pub(super) module_edges: Vec<Option<Arc<Expansion>>>,
    /// What names reach that were looked up from outside of the sources.
    pub(super) looked_up: FxHashMap<(ModuleId, Word), Arc<LookedUp>>,
    pub(super) asking: Asking,
    /// The names of a class that begin alike, where there are any.
    pub(super) alike: FxHashMap<(ClassId, Word), Option<VertexId>>,
    /// What the names begin with of attributes that some code asks for whether or not they exist.
    pub(super) asked_prefixes: FxHashSet<Word>,
    /// What the imports of each module do, derived classes counted and not.
    pub(super) imports: FxHashMap<(ModuleId, bool), Option<FactId>>,
    pub(super) known_imports: KnownImports,
}

impl Index {
    /// Has what a vertex reaches worked out again.
    fn forget(&mut self, vertex: VertexId) {
        if let Some(expansion) = self.expansions.get_mut(vertex as usize) {
            *expansion = None;
        }
    }
}

impl Program {
    /// A program without modules.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a module: the file at `path` with this `content`, `None` for a `model` if the parser
    /// could not read it.
    pub fn add(
        &mut self,
        path: RelPath,
        content: Digest,
        model: Option<Arc<SourceModel>>,
    ) -> ModuleId {
        let id = self.announce(path, content);
        self.fill(id, model);
        id
    }

    /// Adds a module of which nothing but the content's digest is known, which counts as a whole until it is filled.
    pub fn announce(&mut self, path: RelPath, content: Digest) -> ModuleId {
        self.index = None;
        self.modules.add(path, content)
    }

    /// Says what is in a module that was announced: `None` for a `model` if the parser could not read it.
    pub fn fill(&mut self, module: ModuleId, model: Option<Arc<SourceModel>>) {
        self.index = None;
        let first = self.vertices.len();
        self.modules.fill(module, model, &mut self.words, first);
        if let Some(source) = self.modules.source(module) {
            self.vertices.add_source(module, source.bindings());
            self.functions.add(module, source, &mut self.words);
        }
    }

    /// Notes that something outside of the project can look at the annotations of whatever it is given.
    pub fn count_annotations(&mut self) {
        if !self.counts_annotations {
            self.counts_annotations = true;
            self.index = None;
        }
    }

    /// The outline of a module; `None` if the parser could not read it.
    #[must_use]
    pub fn outline(&self, module: ModuleId) -> Option<&Arc<Outline>> {
        self.modules.source(module).map(|source| &source.outline)
    }

    /// Notes that a module goes by `name` (its `__name__`), in the package `package` (its
    /// `__package__`, empty if it has none).
    pub fn name(&mut self, module: ModuleId, name: &str, package: &str) {
        if self.modules.name(module, name, package) {
            self.index = None;
        }
    }

    /// Notes what happened while the body of `module` stood at `line` (0 if that is not known).
    pub fn charge(&mut self, module: ModuleId, line: u32, charge: Charge) {
        if self.modules.get_mut(module).charge(line, charge) {
            self.index = None;
        }
    }

    /// Notes that the import of `module` began while `body` ran: whoever runs it depends on the
    /// module, also when it finds it imported already.
    pub fn imported_by(&mut self, body: Body, module: ModuleId) {
        let known = self.imported_by.entry(body).or_default();
        if !known.contains(&module) {
            known.push(module);
            if let (Some(vertex), Some(index)) = (self.body_vertex(body), &mut self.index) {
                index.forget(vertex);
            }
        }
    }

    /// Whether the body of a function names a module, so that what it takes of it is told by its text.
    #[must_use]
    pub fn names_module(&self, body: Body, module: ModuleId, name: &str) -> bool {
        let Some(source) = self.modules.source(body.module) else { return false };
        let bindings = source.bindings();
        let Some(function) = bindings.functions.get(body.function) else { return false };
        let unit = &bindings.units[function.body as usize];
        let is_import = |import: &u32| {
            let import = &bindings.imports[*import as usize];
            self.modules.run_by_import(body.module, import).contains(&module)
        };
        let mut texts = unit.dotted.iter().chain(&unit.strings).map(|text| bindings.name(*text));
        texts.any(|text| text == name) || unit.imports.iter().any(is_import)
    }

    /// The part that has this number.
    #[must_use]
    pub fn part(&self, part: PartId) -> &Part {
        self.parts.get(part)
    }

    /// The fact that has this number.
    #[must_use]
    pub fn fact(&self, fact: FactId) -> &Fact {
        self.parts.fact_of(fact)
    }

    /// All facts of a part, those of the parts in it included: each at least once.
    #[must_use]
    pub fn facts(&self, part: PartId) -> Vec<&Fact> {
        let (mut facts, mut rest) = (Vec::new(), vec![part]);
        while let Some(part) = rest.pop().map(|part| self.part(part)) {
            facts.extend(part.facts.iter().map(|fact| self.fact(*fact)));
            rest.extend(&part.parts);
        }
        facts
    }

    pub(super) fn resolver(&mut self) -> Resolver<'_> {
        let Self { modules, words, vertices, .. } = self;
        Resolver { modules, words, vertices }
    }

    /// Works out what follows from all modules together, if anything is new.
    pub(super) fn prepare(&mut self) {
        let new_memo = std::mem::take(&mut self.new_memo);
        if let Some(mut index) = self.index.take() {
            for (body, charge) in new_memo {
                for vertex in self.memo_vertices(body, &index.classes) {
                    index.memo.entry(vertex).or_default().push(charge.clone());
                    index.forget(vertex);
                }
            }
            self.index = Some(index);
            return;
        }
        self.parts.forget_stars();
        let mut resolver = self.resolver();
        let classes = Classes::of(&mut resolver);
        let effects = Effects::of(&mut resolver, &classes);
        let asking = Asking::of(&self.modules);
        let makers = self.makers();
        let memo = self.memo_by_vertex(&classes);
        self.index = Some(Index {
            classes,
            effects,
            makers,
            memo,
            expansions: Vec::new(),
            nothing: Arc::default(),
            module_edges: Vec::new(),
            looked_up: FxHashMap::default(),
            asking,
            alike: FxHashMap::default(),
            asked_prefixes: self.asked_prefixes(),
            imports: FxHashMap::default(),
            known_imports: KnownImports::default(),
        });
    }

    fn asked_prefixes(&self) -> FxHashSet<Word> {
        let sources = self.modules.ids().filter_map(|module| self.modules.source(module));
        let prefixes = sources.flat_map(|source| {
            let prefixes = source.bindings().asked_prefixes.iter();
            prefixes.map(|name| source.words[name.0 as usize])
        });
        prefixes.collect()
    }

    fn makers(&self) -> FxHashMap<VertexId, Vec<VertexId>> {
        let mut makers: FxHashMap<VertexId, Vec<VertexId>> = FxHashMap::default();
        for module in self.modules.ids() {
            let at = self.modules.get(module);
            let Some(source) = &at.source else { continue };
            for (node, charge) in at.all_charges() {
                if let (Some(node), Charge::Ran(body)) = (node, charge)
                    && let Some(body) = self.body_vertex(*body)
                {
                    let node = fixed(at.first, source.bindings(), Item::Node(node));
                    makers.entry(body).or_default().push(node);
                }
            }
        }
        makers
    }

    pub(super) fn body_vertex(&self, body: Body) -> Option<VertexId> {
        let source = self.modules.source(body.module)?;
        let bindings = source.bindings();
        bindings.functions.get(body.function)?;
        let first = self.modules.get(body.module).first;
        Some(fixed(first, bindings, Item::Body(body.function as u32)))
    }

    /// What a vertex reaches by itself.
    pub(super) fn expansion(&mut self, vertex: VertexId) -> Arc<Expansion> {
        let Self {
            modules, words, vertices, parts, imported_by, index, counts_annotations, ..
        } = self;
        let Some(index) = index else { return Arc::default() };
        if index.expansions.len() <= vertex as usize {
            index.expansions.resize_with(vertices.len() as usize + 1, || None);
        }
        if let Some(known) = &index.expansions[vertex as usize] {
            return Arc::clone(known);
        }
        let at = vertices.get(vertex);
        let mut resolver = Resolver { modules, words, vertices };
        let imported_by = |body: Body| imported_by.get(&body).cloned().unwrap_or_default();
        let mut expander = Expander {
            resolver: &mut resolver,
            classes: &index.classes,
            parts,
            imported_by: &imported_by,
            counts_annotations: *counts_annotations,
        };
        let mut expansion = expander.expand(at);
        for charge in index.memo.get(&vertex).into_iter().flatten() {
            expander.charge(charge, &mut expansion);
        }
        let expansion = match expansion {
            nothing if nothing == Expansion::default() => Arc::clone(&index.nothing),
            something => Arc::new(something),
        };
        index.expansions[vertex as usize] = Some(Arc::clone(&expansion));
        expansion
    }

    /// What the import of a module leads to.
    pub(super) fn module_edges(&mut self, module: ModuleId) -> Arc<Expansion> {
        let Self { modules, words, vertices, parts, index, counts_annotations, .. } = self;
        let Some(index) = index else { return Arc::default() };
        if index.module_edges.len() <= module.index() {
            index.module_edges.resize_with(module.index() + 1, || None);
        }
        if let Some(known) = &index.module_edges[module.index()] {
            return Arc::clone(known);
        }
        let mut edges =
            Expansion { modules: modules.packages_of(module).into(), ..Expansion::default() };
        let at = modules.get(module);
        if let Some(source) = &at.source {
            let bindings = source.bindings();
            for import in bindings.level_imports() {
                let import = &bindings.imports[import as usize];
                edges.modules.extend(modules.run_by_import(module, import));
            }
        }
        for (node, charge) in at.all_charges() {
            if let Charge::Ran(body) = charge {
                // It may begin to act on something whose users know nothing of it.
                edges.observed.extend(parts.of_acts(*body, modules));
            }
            if let Charge::Imported(imported) = charge {
                edges.modules.push(*imported);
            } else if node.is_none() {
                let mut resolver = Resolver { modules, words, vertices };
                let imported_by = |_: Body| Vec::new();
                let classes = &index.classes;
                let mut expander = Expander {
                    resolver: &mut resolver,
                    classes,
                    parts,
                    imported_by: &imported_by,
                    counts_annotations: *counts_annotations,
                };
                expander.charge(charge, &mut edges);
            }
        }
        let edges = Arc::new(edges);
        index.module_edges[module.index()] = Some(Arc::clone(&edges));
        edges
    }
}
