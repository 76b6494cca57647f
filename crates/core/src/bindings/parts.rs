//! The facts of what was reached, and the sets of them that closures share.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::modules::{ModuleId, Modules, Source};
use super::roots::{Body, Part, PartId};
use super::vertices::{Item, Vertex, VertexId, Vertices};
use super::words::{Word, Words};
use crate::kinds::{
    KnownImports, absences_fact, absent_fact, binding_fact, block_fact, effects_fact,
    effects_on_fact, file_fact, imports_fact, star_fact, subclasses_fact, whole_fact,
};
use crate::source::{
    Outline, acts_key, effects_key, effects_on_key, hint_key, owners_key, raising_key,
    signature_key, subclasses_key,
};
use crate::world::Outlines;
use crate::{Fact, RelPath};

/// Number of a fact in one program: counted from 0, distinct ones for distinct facts.
pub type FactId = u32;

/// Fewer names than this that a module and its classes lack are told one by one: others can share that.
const FEW_ABSENCES: usize = 64;

/// Facts and parts, each once.
#[derive(Debug, Default)]
pub(super) struct Parts {
    facts: Vec<Fact>,
    fact_ids: FxHashMap<Fact, FactId>,
    of_vertices: Vec<Option<Option<FactId>>>,
    /// The vertices whose facts are about several modules.
    of_stars: Vec<VertexId>,
    parts: Vec<Part>,
    part_ids: FxHashMap<Part, PartId>,
    first_symbols: FxHashMap<ModuleId, Vec<Option<u32>>>,
}

impl Parts {
    /// The part that has this number.
    pub(super) fn get(&self, part: PartId) -> &Part {
        &self.parts[part.0 as usize]
    }

    /// The fact that has this number.
    pub(super) fn fact_of(&self, fact: FactId) -> &Fact {
        &self.facts[fact as usize]
    }

    /// The part that has these facts and these parts, each ascending and distinct.
    pub(super) fn part(&mut self, facts: Vec<FactId>, parts: Vec<PartId>) -> PartId {
        let next = PartId(self.parts.len() as u32);
        let all = &mut self.parts;
        *self.part_ids.entry(Part { facts, parts }).or_insert_with_key(|part| {
            all.push(part.clone());
            next
        })
    }

    pub(super) fn number(&mut self, fact: Fact) -> FactId {
        if let Some(known) = self.fact_ids.get(&fact) {
            return *known;
        }
        let id = self.facts.len() as FactId;
        self.facts.push(fact.clone());
        self.fact_ids.insert(fact, id);
        id
    }

    /// The fact that a vertex stands for, if it stands for one.
    pub(super) fn of_vertex(
        &mut self,
        id: VertexId,
        vertex: Vertex,
        modules: &Modules,
        words: &Words,
    ) -> Option<FactId> {
        if let Some(Some(known)) = self.of_vertices.get(id as usize) {
            return *known;
        }
        let fact = self.fact(vertex, modules, words).map(|fact| self.number(fact));
        if let Item::Unstarred(_) = vertex.item {
            self.of_stars.push(id);
        }
        if self.of_vertices.len() <= id as usize {
            self.of_vertices.resize(id as usize + 1, None);
        }
        self.of_vertices[id as usize] = Some(fact);
        fact
    }

    /// Has facts worked out again that are about several modules, of which there are more now.
    pub(super) fn forget_stars(&mut self) {
        for id in self.of_stars.drain(..) {
            self.of_vertices[id as usize] = None;
        }
    }

    fn fact(&mut self, vertex: Vertex, modules: &Modules, words: &Words) -> Option<Fact> {
        let Vertex { module, item } = vertex;
        let at = modules.get(module);
        let path = &at.path;
        let Some(source) = &at.source else { return Some(file_fact(path, at.content)) };
        let (bindings, outline) = (source.bindings(), &source.outline);
        let binding = |key: &str| match outline.binding(key) {
            Some(digest) => binding_fact(path, key, digest),
            None => absent_fact(path, key),
        };
        let symbol_key = |symbol: u32| {
            let symbol = &bindings.symbols[symbol as usize];
            bindings.key(symbol.class, bindings.name(symbol.name))
        };
        let function = |index: u32| source.model.functions().get(index as usize);
        let signature = |index: u32| {
            Some(signature_key(function(index)?.name().split('#').next().unwrap_or_default()))
        };
        let first_symbols = &mut self.first_symbols;
        let mut first_symbol = |node: u32| {
            first_symbols.entry(module).or_insert_with(|| bindings.first_symbols())[node as usize]
        };
        match item {
            Item::Node(node) => {
                if let Some(symbol) = first_symbol(node) {
                    return Some(binding(&symbol_key(symbol)));
                }
                let group = bindings.nodes[node as usize].groups.first()?;
                let name = bindings.group_name(*group);
                let digest = outline.binding(&effects_on_key(name))?;
                Some(effects_on_fact(path, name, digest))
            }
            Item::Body(index) => {
                let function = function(index)?;
                Some(block_fact(path, function.name(), function.digest()))
            }
            Item::Signature(index) => Some(binding(&signature(index)?)),
            Item::Annotations(index) => Some(binding(&hint_key(&signature(index)?))),
            Item::Hint(node) => Some(binding(&hint_key(&symbol_key(first_symbol(node)?)))),
            Item::Symbol(symbol) => Some(binding(&symbol_key(symbol))),
            Item::Absent(class, name) => {
                Some(absent_fact(path, &bindings.key(class, words.text(name))))
            }
            Item::Unstarred(name) => {
                let stars = modules.stars(module);
                let lacking = stars.lacking(name).map(|module| &modules.get(module).path);
                let mut files: Vec<&RelPath> = lacking.collect();
                files.sort_unstable();
                Some(star_fact(path, words.text(name), &files))
            }
            Item::Stars => None,
            Item::Lacks(class, names) => {
                let class = &*bindings.classes[class as usize].name;
                Some(absences_fact(path, &[class], &words.texts(names)))
            }
            Item::Owners(name) => Some(binding(&owners_key(words.text(name)))),
            Item::Class(class) => Some(binding(&bindings.key(Some(class), "*"))),
            Item::Alike(class, prefix) => {
                Some(binding(&bindings.key(Some(class), &format!("{}*", words.text(prefix)))))
            }
            Item::OwnersAlike(prefix) => {
                Some(binding(&owners_key(&format!("{}*", words.text(prefix)))))
            }
            Item::Raising => Some(binding(raising_key())),
            Item::Whole(rule) => Some(whole_fact(path, rule, outline.module())),
            Item::Effects(group) => {
                let name = bindings.group_name(group);
                let digest = outline.binding(&effects_on_key(name))?;
                Some(effects_on_fact(path, name, digest))
            }
        }
    }

    /// The facts that a module lacks names and its classes lack attributes, which is what the vertices `ids` stand
    /// for. Where they are many, attributes are told by class or by name, whichever takes fewer facts.
    pub(super) fn of_absences(
        &mut self,
        module: ModuleId,
        ids: impl ExactSizeIterator<Item = VertexId>,
        vertices: &Vertices,
        modules: &Modules,
        words: &Words,
    ) -> Vec<FactId> {
        if ids.len() < FEW_ABSENCES {
            let fact = |id| self.of_vertex(id, vertices.get(id), modules, words);
            return ids.filter_map(fact).collect();
        }
        let pair = |id| match vertices.get(id).item {
            Item::Absent(class, name) => Some((class, name)),
            _ => None,
        };
        let mut pairs: Vec<(Option<u32>, Word)> = ids.filter_map(pair).collect();
        let at = modules.get(module);
        let Some(source) = &at.source else {
            return vec![self.number(file_fact(&at.path, at.content))];
        };
        let class = |class: u32| &*source.bindings().classes[class as usize].name;
        let fact = |group: &[(Option<u32>, Word)]| {
            let mut classes: Vec<&str> = group.iter().filter_map(|it| it.0.map(class)).collect();
            let mut names: Vec<&str> = group.iter().map(|it| words.text(it.1)).collect();
            for all in [&mut classes, &mut names] {
                all.sort_unstable();
                all.dedup();
            }
            absences_fact(&at.path, &classes, &names)
        };
        pairs.sort_unstable();
        let classes = pairs.chunk_by(|a, b| a.0 == b.0).count();
        let mut names: Vec<Word> = pairs.iter().map(|(_, name)| *name).collect();
        names.sort_unstable();
        names.dedup();
        let facts: Vec<Fact> = if classes <= names.len() {
            pairs.chunk_by(|a, b| a.0 == b.0).map(fact).collect()
        } else {
            let of_module = pairs.partition_point(|(class, _)| class.is_none());
            let (of_module, of_classes) = pairs.split_at_mut(of_module);
            of_classes.sort_unstable_by_key(|(class, name)| (*name, *class));
            let of_classes = of_classes.chunk_by(|a, b| a.1 == b.1);
            of_classes.chain((!of_module.is_empty()).then_some(&*of_module)).map(fact).collect()
        };
        facts.into_iter().map(|fact| self.number(fact)).collect()
    }

    /// The fact of what a function acts on that has a name.
    pub(super) fn of_acts(&mut self, body: Body, modules: &Modules) -> Option<FactId> {
        let at = modules.get(body.module);
        let Source { model, outline, .. } = at.source.as_ref()?;
        let name = model.functions().get(body.function)?.name().split('#').next()?;
        let key = acts_key(name);
        Some(self.number(match outline.binding(&key) {
            Some(digest) => binding_fact(&at.path, &key, digest),
            None => absent_fact(&at.path, &key),
        }))
    }

    /// The fact of all who import a module.
    pub(super) fn of_import(&mut self, module: ModuleId, modules: &Modules) -> FactId {
        let at = modules.get(module);
        let effects = at.source.as_ref().and_then(|source| source.outline.binding(&effects_key()));
        self.number(match effects {
            Some(effects) => effects_fact(&at.path, effects),
            None => file_fact(&at.path, at.content),
        })
    }

    /// The fact of what the imports of a module do.
    pub(super) fn of_imports(
        &mut self,
        module: ModuleId,
        counts_derived: bool,
        modules: &Modules,
        known: &mut KnownImports,
        beyond: &dyn Outlines,
    ) -> Option<FactId> {
        let world = Loaded { modules, beyond };
        let at = modules.get(module);
        let fact =
            imports_fact(&at.path, &modules.roots_of(module), counts_derived, known, &world)?;
        Some(self.number(fact))
    }

    /// The fact of all who can see the subclasses in a module.
    pub(super) fn of_subclasses(&mut self, module: ModuleId, modules: &Modules) -> FactId {
        let at = modules.get(module);
        let outline = at.source.as_ref().map(|source| &source.outline);
        let subclasses = outline.and_then(|outline| outline.binding(&subclasses_key()));
        self.number(match outline {
            Some(_) => subclasses_fact(&at.path, subclasses),
            None => file_fact(&at.path, at.content),
        })
    }
}

/// The world as it was imported, so far as it was.
struct Loaded<'a> {
    modules: &'a Modules,
    beyond: &'a dyn Outlines,
}

impl Outlines for Loaded<'_> {
    fn outline(&self, path: &RelPath) -> Option<Arc<Outline>> {
        // A test file that was collected, and of which nothing ran, is known and not parsed.
        let source = self.modules.at(path).and_then(|module| self.modules.source(module));
        match source {
            Some(source) => Some(Arc::clone(&source.outline)),
            None => self.beyond.outline(path),
        }
    }
}
