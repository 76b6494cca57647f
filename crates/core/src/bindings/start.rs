//! From the roots of a closure to the first of what it reaches.

use std::sync::Arc;

use super::Widening;
use super::classes::absence;
use super::expand::level_vertices;
use super::functions::own_name;
use super::modules::ModuleId;
use super::paths::Root;
use super::program::Program;
use super::resolve::End;
use super::roots::{Body, Roots};
use super::vertices::{Item, VertexId, fixed};
use super::words::Word;
use crate::source::bindings::{CONTENT, Imported, NodeKind, is_implicit};

/// What somebody reaches who looks a name up.
#[derive(Debug)]
pub(super) struct LookedUp {
    vertices: Vec<VertexId>,
    /// The attributes in it.
    attrs: Vec<Word>,
    is_bound: bool,
}

impl Program {
    pub(super) fn start_at(&mut self, root: Root) {
        match root {
            Root::Body(body) => match self.body_vertex(body) {
                Some(vertex) => {
                    self.scratch.reach(vertex);
                    self.mention_method(body);
                }
                None => self.enter(body.module),
            },
            Root::Line(module, line) => {
                for vertex in self.vertices_at(module, line) {
                    self.scratch.reach(vertex);
                }
            }
            Root::Module(module) => self.enter(module),
            Root::Whole(module) => {
                let whole = self.vertices.number(module, Item::Whole(Widening::WholeModule));
                self.scratch.reach(whole);
            }
        }
    }

    /// A method that ran was asked for by its name, if only by a library: `write` of a file, `data_received` of a protocol.
    /// A class derived from its own may have another one some day.
    fn mention_method(&mut self, body: Body) {
        let Some(source) = self.modules.source(body.module) else { return };
        let is_method =
            source.bindings().functions.get(body.function).is_some_and(|it| it.class.is_some());
        let name = own_name(source, body.function).filter(|name| is_method && !is_implicit(name));
        if let Some(name) = name.and_then(|name| self.words.known(name)) {
            self.mention(name);
        }
    }

    /// Reaches what somebody outside of the sources looks up by name: fixtures, the test itself.
    pub(super) fn start_at_names(&mut self, roots: &Roots) {
        for (module, name) in &roots.names {
            self.look_up(*module, name);
        }
        if let Some((module, name)) = &roots.test
            && !self.look_up(*module, name)
        {
            for module in &roots.modules {
                self.reach_all_effects(*module);
            }
            self.reach_all_effects(*module);
        }
    }

    /// The modules that the import statements of these name, and those that they take all names of in their turn: what
    /// these define, pytest can find in the first.
    #[must_use]
    pub fn imported_for_names(&self, modules: &[ModuleId]) -> Vec<ModuleId> {
        let mut found: Vec<ModuleId> = Vec::new();
        let mut waiting: Vec<(ModuleId, bool)> = modules.iter().map(|it| (*it, false)).collect();
        while let Some((module, is_star)) = waiting.pop() {
            let Some(source) = self.modules.source(module) else { continue };
            let bindings = source.bindings();
            for import in bindings.level_imports() {
                let import = &bindings.imports[import as usize];
                let takes_all = import.what == Imported::Star;
                if is_star && !takes_all {
                    continue;
                }
                for imported in self.modules.run_by_import(module, import) {
                    if !found.contains(&imported) && !modules.contains(&imported) {
                        found.push(imported);
                        waiting.extend(takes_all.then_some((imported, true)));
                    }
                }
            }
        }
        found
    }

    /// The names that functions look up in the module of whatever test it is (`request.module`), so far as they tell;
    /// `None` if that can be any.
    #[must_use]
    pub fn asked_of_test_module(&self, functions: &[Body]) -> Option<Vec<Box<str>>> {
        let mut names = Vec::new();
        for asker in self.functions.askers(functions) {
            let Some(source) = self.modules.source(asker.module) else { continue };
            let bindings = source.bindings();
            let unit = &bindings.units[bindings.functions[asker.function].body as usize];
            let texts = unit.attrs.iter().map(|name| bindings.name(*name));
            names.extend(texts.map(Box::from));
        }
        (!names.iter().any(|name| &**name == CONTENT)).then_some(names)
    }

    /// The strings in a test's own file may be the names that something looks up which computes them.
    pub(super) fn ask_for_strings(&mut self, roots: &Roots) {
        let Some((module, _)) = &roots.test else { return };
        let Some(source) = self.modules.source(*module) else { return };
        let bindings = source.bindings();
        let own = roots.bodies.iter().filter(|body| body.module == *module);
        let units = own.filter_map(|body| bindings.functions.get(body.function));
        let strings = units.flat_map(|units| &bindings.units[units.body as usize].strings);
        let asked: Vec<Word> = strings.map(|name| source.words[name.0 as usize]).collect();
        for name in asked {
            self.scratch.probes.add(name.0);
        }
    }

    /// Reaches a dotted name as somebody outside of the sources looks it up, and tells whether it is
    /// bound.
    fn look_up(&mut self, module: ModuleId, dotted: &str) -> bool {
        let found = self.looked_up(module, dotted);
        for vertex in &found.vertices {
            self.scratch.reach(*vertex);
        }
        for attr in &found.attrs {
            self.mention(*attr);
        }
        found.is_bound
    }

    /// What looking a name up reaches, which is worked out once: the names of a few fixtures are looked up for
    /// thousands of tests.
    fn looked_up(&mut self, module: ModuleId, dotted: &str) -> Arc<LookedUp> {
        let key = (module, self.words.number(dotted));
        let known = self.index.as_ref().and_then(|index| index.looked_up.get(&key));
        if let Some(known) = known {
            return Arc::clone(known);
        }
        let trail = self.resolver().looked_up(module, dotted);
        let attrs = dotted.split('.').skip(1).map(|part| self.words.number(part)).collect();
        let mut found = LookedUp { vertices: trail.vertices, attrs, is_bound: false };
        for end in trail.ends {
            found.is_bound |= match end {
                End::Bound { module, symbol, .. } => {
                    let has_it = self.has_attributes(module, symbol, &found.attrs);
                    if !has_it {
                        found.vertices.extend(self.absences(module, symbol, found.attrs[0]));
                    }
                    has_it
                }
                End::Unbound { .. } => false,
                End::Module(_) | End::Dict(_) | End::External(_) => true,
            };
        }
        let found = Arc::new(found);
        if let Some(index) = &mut self.index {
            index.looked_up.insert(key, Arc::clone(&found));
        }
        found
    }

    /// The nodes that code of the module or class level belongs to that begins in this line; the whole
    /// module where that is not known.
    fn vertices_at(&mut self, module: ModuleId, line: u32) -> Vec<VertexId> {
        let mut resolver = self.resolver();
        level_vertices(&mut resolver, module, line)
    }

    /// Whether a symbol has an attribute by a statement of its class, as far as that can be told.
    fn has_attributes(&self, module: ModuleId, symbol: u32, attrs: &[Word]) -> bool {
        let (Some(index), Some(attr)) = (&self.index, attrs.first()) else { return true };
        let mut classes = index.classes.at_symbol(&self.modules, module, symbol).peekable();
        if classes.peek().is_none() {
            return true;
        }
        let mut classes = classes;
        attrs.len() > 1
            || classes.any(|class| index.classes.attribute(class, *attr, &self.modules).is_some())
    }

    /// That neither a class nor its bases have an attribute counts for who looks for it.
    fn absences(&mut self, module: ModuleId, symbol: u32, attr: Word) -> Vec<VertexId> {
        let Self { index: Some(index), modules, vertices, .. } = self else { return Vec::new() };
        let classes = index.classes.at_symbol(modules, module, symbol);
        let order = classes.flat_map(|class| &index.classes.get(class).order);
        order
            .map(|base| {
                let base = index.classes.get(*base);
                let absence = absence(modules, base.module, base.class, attr);
                vertices.number(base.module, absence)
            })
            .collect()
    }

    fn reach_all_effects(&mut self, module: ModuleId) {
        let Some(index) = &self.index else { return };
        let effects = index.effects.of_module(module).len();
        for effect in 0..effects {
            self.reach_effect(module, effect);
        }
        // Loops and calls that bind the name of no test show as plain statements.
        let Some(source) = self.modules.source(module) else { return };
        let first = self.modules.get(module).first;
        for (index, node) in source.bindings().nodes.iter().enumerate() {
            if node.kind == NodeKind::Statement && node.is_effect {
                let item = Item::Node(index as u32);
                self.scratch.reach(fixed(first, source.bindings(), item));
            }
        }
    }
}
