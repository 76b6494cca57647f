//! The closure: everything that some roots can reach, as facts by module.

use rustc_hash::FxHashMap;

use super::Widening;
use super::expand::level_vertices;
use super::modules::ModuleId;
use super::parts::FactId;
use super::program::Program;
use super::resolve::End;
use super::roots::{Body, PartId, Reached, Roots};
use super::scratch::{Checkpoint, alike};
use super::vertices::{Item, VertexId, fixed};
use super::words::Word;
use crate::source::bindings::NodeKind;
use crate::world::Outlines;

impl Program {
    /// Everything that the roots of one test can reach, as facts by module.
    ///
    /// The facts of the root bodies themselves need not be among them: the caller has them.
    pub fn closure(&mut self, roots: &Roots, world: &dyn Outlines) -> Reached {
        self.closures(std::slice::from_ref(roots), world).pop().unwrap_or_default()
    }

    /// The closures of many tests, in their order. Neighbours that run much the same functions cost
    /// far less than one by one. `world` is asked for sources that are not loaded.
    pub fn closures(&mut self, tests: &[Roots], world: &dyn Outlines) -> Vec<Reached> {
        self.prepare();
        let tests: Vec<Roots> = tests.iter().map(normal).collect();
        let mut answers: FxHashMap<&Roots, usize> = FxHashMap::default();
        let mut reached: Vec<Reached> = Vec::with_capacity(tests.len());
        let mut rest = &tests[..];
        while !rest.is_empty() {
            let (count, shared) = alike(rest);
            let (group, others) = rest.split_at(count.max(1));
            self.make_base(if group.len() > 1 { &shared } else { &group[0] }, world);
            for roots in group {
                let at = reached.len();
                reached.push(match answers.get(roots) {
                    Some(known) => reached[*known].clone(),
                    None => self.closure_from_base(roots, world),
                });
                answers.entry(roots).or_insert(at);
            }
            rest = others;
        }
        reached
    }

    fn closure_from_base(&mut self, roots: &Roots, world: &dyn Outlines) -> Reached {
        self.scratch.go_back(self.scratch.base.end);
        self.start(roots);
        loop {
            self.run();
            self.settle(roots);
            if self.scratch.is_done() {
                break;
            }
        }
        self.collect(roots, world)
    }

    /// Works out what closures have in common that share these roots. Rules that look at a closure as
    /// a whole wait for the whole.
    fn make_base(&mut self, shared: &Roots, world: &dyn Outlines) {
        self.scratch.go_back(Checkpoint::default());
        let shared = Roots { names: Vec::new(), test: None, ..shared.clone() };
        self.start(&shared);
        self.run();
        self.scratch.base.end = self.scratch.checkpoint();
        let mut facts = std::mem::take(&mut self.scratch.base.facts);
        facts.iter_mut().for_each(Vec::clear);
        self.add_facts(Checkpoint::default(), &shared.bodies, world, &mut |module, fact| {
            push_at(&mut facts, module, fact);
        });
        let mut parts = vec![None; facts.len()];
        for (facts, part) in facts.iter_mut().zip(&mut parts) {
            if !facts.is_empty() {
                facts.sort_unstable();
                facts.dedup();
                *part = Some(self.parts.part(facts));
            }
        }
        let base = &mut self.scratch.base;
        (base.facts, base.parts) = (facts, parts);
    }

    /// Tells the facts of what was found since `from`, by module, but for the bodies in `roots`.
    fn add_facts(
        &mut self,
        from: Checkpoint,
        roots: &[Body],
        world: &dyn Outlines,
        add: &mut dyn FnMut(ModuleId, FactId),
    ) {
        let Self { index: Some(index), modules, words, vertices, parts, scratch, .. } = self else {
            return;
        };
        for id in &scratch.vertices.list()[from.vertices..] {
            let vertex = vertices.get(*id);
            if let Item::Body(function) = vertex.item {
                let body = Body { module: vertex.module, function: function as usize };
                if roots.binary_search(&body).is_ok() {
                    continue;
                }
            }
            if let Some(fact) = parts.of_vertex(*id, vertex, modules, words) {
                add(vertex.module, fact);
            }
        }
        for module in &scratch.modules.list()[from.modules..] {
            let module = ModuleId(*module);
            add(module, parts.of_import(module, modules));
            let imports = index.imports.entry((module, false));
            let imports =
                imports.or_insert_with(|| parts.of_imports(module, false, modules, world));
            if let Some(fact) = imports {
                add(module, *fact);
            }
        }
    }

    fn collect(&mut self, roots: &Roots, world: &dyn Outlines) -> Reached {
        let mut own: Vec<(ModuleId, FactId)> = Vec::new();
        let base = self.scratch.base.end;
        self.add_facts(base, &roots.bodies, world, &mut |module, fact| own.push((module, fact)));
        let Self { index: Some(index), modules, vertices, parts, scratch, .. } = self else {
            return Reached::default();
        };
        for (module, fact) in &scratch.observed {
            own.push((*module, parts.number(fact.clone())));
        }
        if scratch.sees_subclasses {
            for module in scratch.modules.list() {
                let module = ModuleId(*module);
                own.push((module, parts.of_subclasses(module, modules)));
                let imports = index.imports.entry((module, true));
                let imports =
                    imports.or_insert_with(|| parts.of_imports(module, true, modules, world));
                own.extend(imports.map(|fact| (module, fact)));
            }
        }
        own.sort_unstable();
        own.dedup();
        let mut of_modules: Vec<Option<PartId>> = scratch.base.parts.clone();
        for own in own.chunk_by(|a, b| a.0 == b.0) {
            let module = own[0].0.index();
            let shared = scratch.base.facts.get(module).map_or(&[][..], |facts| facts);
            let mut facts: Vec<FactId> = own.iter().map(|(_, fact)| *fact).collect();
            facts.extend(shared);
            facts.sort_unstable();
            facts.dedup();
            if of_modules.len() <= module {
                of_modules.resize(module + 1, None);
            }
            of_modules[module] = Some(parts.part(&facts));
        }
        let mut found: Vec<PartId> = of_modules.into_iter().flatten().collect();
        found.sort_unstable();
        let whole = scratch.vertices.list().iter().map(|id| vertices.get(*id));
        let mut widenings: Vec<(Widening, ModuleId)> = whole
            .filter_map(|vertex| match vertex.item {
                Item::Whole(rule) => Some((rule, vertex.module)),
                _ => None,
            })
            .collect();
        widenings.sort_unstable();
        let modules = scratch.modules.list().iter().copied().map(ModuleId).collect();
        Reached { parts: found, modules, widenings }
    }

    fn start(&mut self, roots: &Roots) {
        for body in &roots.bodies {
            match self.body_vertex(*body) {
                Some(vertex) => self.scratch.reach(vertex),
                None => self.enter(body.module),
            }
        }
        for (module, line) in &roots.lines {
            for vertex in self.vertices_at(*module, *line) {
                self.scratch.reach(vertex);
            }
        }
        for module in &roots.modules {
            self.enter(*module);
        }
        for module in &roots.whole {
            let whole = self.vertices.number(*module, Item::Whole(Widening::WholeModule));
            self.scratch.reach(whole);
        }
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

    /// Reaches a dotted name as somebody outside of the sources looks it up, and tells whether it is
    /// bound.
    fn look_up(&mut self, module: ModuleId, dotted: &str) -> bool {
        let trail = self.resolver().looked_up(module, dotted);
        let attrs: Vec<Word> =
            dotted.split('.').skip(1).map(|part| self.words.number(part)).collect();
        for vertex in trail.vertices {
            self.scratch.reach(vertex);
        }
        let mut is_bound = false;
        for end in trail.ends {
            is_bound |= match end {
                End::Bound { module, symbol, .. } => {
                    let has_it = self.has_attributes(module, symbol, &attrs);
                    if !has_it {
                        self.reach_absence(module, symbol, attrs[0]);
                    }
                    has_it
                }
                End::Unbound { .. } => false,
                End::Module(_) | End::Dict(_) | End::External(_) => true,
            };
        }
        for attr in attrs {
            self.mention(attr);
        }
        is_bound
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
    fn reach_absence(&mut self, module: ModuleId, symbol: u32, attr: Word) {
        let Self { index: Some(index), modules, vertices, scratch, .. } = self else { return };
        for class in index.classes.at_symbol(modules, module, symbol) {
            for base in &index.classes.get(class).order {
                let base = index.classes.get(*base);
                let absent = Item::Absent(Some(base.class), attr);
                scratch.reach(vertices.number(base.module, absent));
            }
        }
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

/// The same roots in one order, each once.
fn normal(roots: &Roots) -> Roots {
    let mut roots = roots.clone();
    roots.bodies.sort_unstable();
    roots.bodies.dedup();
    roots.lines.sort_unstable();
    roots.lines.dedup();
    for modules in [&mut roots.modules, &mut roots.whole] {
        modules.sort_unstable();
        modules.dedup();
    }
    roots.names.sort_unstable();
    roots.names.dedup();
    roots
}

fn push_at(facts: &mut Vec<Vec<FactId>>, module: ModuleId, fact: FactId) {
    if facts.len() <= module.index() {
        facts.resize_with(module.index() + 1, Vec::new);
    }
    facts[module.index()].push(fact);
}
