//! What a vertex reaches by itself.

use thin_vec::ThinVec;

use super::Widening;
use super::classes::{ClassId, ClassInfo, Classes, inside};
use super::modules::{ModuleId, Source};
use super::parts::{FactId, Parts};
use super::resolve::{End, Resolver, Trail};
use super::roots::{Body, Charge};
use super::vertices::{Item, Vertex, VertexId, fixed};
use super::words::Word;
use crate::source::bindings::{CONTENT, Chain, Dynamic, NameId, NodeKind, is_implicit};

/// What one vertex reaches by itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expansion {
    pub(super) vertices: ThinVec<VertexId>,
    /// Attributes that it mentions.
    pub(super) attrs: ThinVec<Word>,
    /// Attributes that it asks for whether or not they exist.
    pub(super) probes: ThinVec<Word>,
    /// What the names of attributes begin with that it computes.
    pub(super) prefixes: ThinVec<Word>,
    /// Modules that it imports.
    pub(super) modules: ThinVec<ModuleId>,
    /// The class whose skeleton it is.
    pub(super) class: Option<ClassId>,
    /// The class all of whose members it can read, and those of the classes derived from it.
    pub(super) family: Option<ClassId>,
    pub(super) dynamic: Dynamic,
    /// Facts that were observed when it ran.
    pub(super) observed: ThinVec<FactId>,
}

/// Works out expansions.
pub(super) struct Expander<'a, 'b> {
    pub(super) resolver: &'a mut Resolver<'b>,
    pub(super) classes: &'a Classes,
    pub(super) parts: &'a mut Parts,
    /// What a body imported while it ran, as was seen.
    pub(super) imported_by: &'a dyn Fn(Body) -> Vec<ModuleId>,
    /// Whether anything can look at annotations.
    pub(super) counts_annotations: bool,
}

impl Expander<'_, '_> {
    pub(super) fn expand(&mut self, vertex: Vertex) -> Expansion {
        let mut out = Expansion::default();
        let module = vertex.module;
        let modules = self.resolver.modules;
        out.modules.push(module);
        let Some(source) = modules.source(module) else { return out };
        let first = modules.get(module).first;
        let bindings = source.bindings();
        let at = |item| fixed(first, bindings, item);
        match vertex.item {
            Item::Node(index) => self.node(module, source, index, &mut out),
            Item::Body(function) => self.body(module, source, function, &mut out),
            Item::Signature(function) => {
                if let Some(unit) = bindings.functions[function as usize].signature {
                    self.unit(module, source, unit, &mut out);
                }
            }
            Item::Annotations(function) => {
                if let Some(unit) = bindings.functions[function as usize].signature {
                    self.annotations(module, source, unit, &mut out);
                }
            }
            Item::Hint(node) => {
                let unit = bindings.nodes[node as usize].unit;
                self.annotations(module, source, unit, &mut out);
            }
            Item::Symbol(index) => {
                let symbol = &bindings.symbols[index as usize];
                out.vertices
                    .extend(bindings.binders(symbol).iter().map(|it| at(Item::Node(it.node))));
            }
            Item::Class(class) => {
                out.vertices.push(at(Item::Node(bindings.classes[class as usize].node)));
                out.vertices.extend(inside(bindings, class).into_iter().map(at));
            }
            Item::Alike(class, prefix) => {
                let prefix = self.resolver.words.text(prefix);
                for symbol in bindings.symbols_of(Some(class)) {
                    if bindings.name(bindings.symbols[symbol].name).starts_with(prefix) {
                        out.vertices.push(at(Item::Symbol(symbol as u32)));
                    }
                }
            }
            Item::Whole(_) => {
                out.vertices.extend((0..bindings.nodes.len() as u32).map(Item::Node).map(at));
                let functions = 0..bindings.functions.len() as u32;
                out.vertices.extend(functions.map(Item::Signature).map(at));
            }
            Item::Stars => {
                let stars = modules.stars(module);
                out.vertices.extend(self.resolver.taken(&stars));
            }
            Item::Absent(..)
            | Item::Raising
            | Item::Unstarred(_)
            | Item::Owners(_)
            | Item::OwnersAlike(_)
            | Item::Lacks(..)
            | Item::Effects(_) => {}
        }
        out.vertices.sort_unstable();
        out.vertices.dedup();
        out
    }

    fn node(&mut self, module: ModuleId, source: &Source, index: u32, out: &mut Expansion) {
        let bindings = source.bindings();
        let first = self.resolver.modules.get(module).first;
        let at = |item| fixed(first, bindings, item);
        let node = &bindings.nodes[index as usize];
        out.vertices.extend(node.guard.map(|guard| at(Item::Node(guard))));
        let class = node.class.map(|class| at(Item::Node(bindings.classes[class as usize].node)));
        out.vertices.extend(class);
        self.unit(module, source, node.unit, out);
        let class = class.and_then(|class| self.classes.at_node(class));
        let makes_field = class.is_some_and(|class| self.classes.reads_hints(class));
        if node.hint.is_some() && (self.counts_annotations || makes_field) {
            out.vertices.push(self.resolver.vertices.number(module, Item::Hint(index)));
        }
        match &node.kind {
            NodeKind::Guard(members) => {
                out.vertices.extend(members.clone().map(|member| at(Item::Node(member))));
                for member in members.clone() {
                    self.guarded_import(module, source, member, out);
                }
            }
            NodeKind::Function(function) => {
                let units = &bindings.functions[*function as usize];
                let mut unknown = units.unknown_decorators.iter();
                if unknown.any(|it| self.resolver.looks_at_function(module, *it)) {
                    out.vertices.push(at(Item::Signature(*function)));
                    out.vertices.push(at(Item::Annotations(*function)));
                }
            }
            NodeKind::Class(class) => {
                out.class = self.classes.at_node(at(Item::Node(index)));
                if bindings.classes[*class as usize].is_checkable
                    && let Some(class) = out.class
                {
                    self.ask_for_members(class, out);
                }
                if out.class.is_some_and(|class| self.classes.reads_hints(class)) {
                    let is_field = |other: &&u32| {
                        let other = &bindings.nodes[**other as usize];
                        other.class == Some(*class) && other.kind == NodeKind::Statement
                    };
                    let all: Vec<u32> = (0..bindings.nodes.len() as u32).collect();
                    out.vertices.extend(all.iter().filter(is_field).map(|it| at(Item::Node(*it))));
                }
            }
            NodeKind::Import(_) | NodeKind::Statement => {}
        }
        // What runs while the frame stands at an import is charged to all names that it takes.
        let told: Vec<ModuleId> = bindings
            .statement_of(index)
            .flat_map(|node| &bindings.units[node.unit as usize].imports)
            .map(|import| &bindings.imports[*import as usize])
            .flat_map(|import| self.resolver.modules.run_by_import(module, import))
            .collect();
        for charge in self.resolver.modules.get(module).charges(index) {
            self.charge(charge, out);
            if let Charge::Imported(imported) = charge
                && !self.is_told(*imported, &told)
            {
                out.vertices.push(self.whole(*imported, Widening::DynamicImport));
            }
        }
    }

    /// An import in the body of a `try`, which decides what else happens: what counts is all of the module that could
    /// raise.
    fn guarded_import(
        &mut self,
        module: ModuleId,
        source: &Source,
        node: u32,
        out: &mut Expansion,
    ) {
        let bindings = source.bindings();
        let NodeKind::Import(import) = bindings.nodes[node as usize].kind else { return };
        let import = &bindings.imports[import as usize];
        let around = self.resolver.modules.packages_of(module);
        for imported in self.resolver.modules.run_by_import(module, import) {
            if imported != module && !around.contains(&imported) {
                out.vertices.push(self.resolver.vertices.number(imported, Item::Raising));
            }
        }
    }

    /// `isinstance` asks an object for all members of a protocol.
    fn ask_for_members(&self, protocol: ClassId, out: &mut Expansion) {
        for base in &self.classes.get(protocol).order {
            let ClassInfo { module, class, .. } = *self.classes.get(*base);
            let Some(source) = self.resolver.modules.source(module) else { continue };
            let bindings = source.bindings();
            let members = bindings.symbols_of(Some(class)).map(|at| bindings.symbols[at].name);
            let members = members.map(|name| source.words[name.0 as usize]);
            let members = members.filter(|name| !is_implicit(self.resolver.words.text(*name)));
            for member in members {
                out.attrs.push(member);
                out.probes.push(member);
            }
        }
    }

    /// Whether imports that the source tells run a module, or the package that it is on the way to.
    fn is_told(&self, imported: ModuleId, told: &[ModuleId]) -> bool {
        told.contains(&imported)
            || told.iter().any(|told| self.resolver.modules.packages_of(*told).contains(&imported))
    }

    /// What happened for the sake of something that is reached.
    pub(super) fn charge(&mut self, charge: &Charge, out: &mut Expansion) {
        match charge {
            Charge::RanAt(module, line) => {
                out.vertices.extend(level_vertices(self.resolver, *module, *line));
            }
            Charge::Ran(body) => {
                if let Some(source) = self.resolver.modules.source(body.module) {
                    let first = self.resolver.modules.get(body.module).first;
                    let item = Item::Body(body.function as u32);
                    out.vertices.push(fixed(first, source.bindings(), item));
                }
            }
            Charge::Imported(module) => out.modules.push(*module),
            Charge::Observed(fact) => out.observed.push(self.parts.number(fact.clone())),
        }
    }

    fn body(&mut self, module: ModuleId, source: &Source, function: u32, out: &mut Expansion) {
        let bindings = source.bindings();
        let first = self.resolver.modules.get(module).first;
        let at = |item| fixed(first, bindings, item);
        let Some(units) = bindings.functions.get(function as usize) else { return };
        out.vertices.extend(units.node.map(|node| at(Item::Node(node))));
        out.vertices.extend(units.signature.map(|_| at(Item::Signature(function))));
        if self.counts_annotations && units.signature.is_some() {
            out.vertices.push(at(Item::Annotations(function)));
        }
        out.vertices.extend(units.outer.map(|outer| at(Item::Body(outer))));
        self.unit(module, source, units.body, out);
        let unit = &bindings.units[units.body as usize];
        let mut told: Vec<ModuleId> = Vec::new();
        for import in &unit.imports {
            let import = &bindings.imports[*import as usize];
            told.extend(self.resolver.modules.run_by_import(module, import));
        }
        let body = Body { module, function: function as usize };
        for imported in (self.imported_by)(body) {
            out.modules.push(imported);
            let packages = self.resolver.modules.packages_of(imported);
            if !self.is_told(imported, &told) {
                out.vertices.push(self.whole(imported, Widening::DynamicImport));
            }
            out.modules.extend(packages);
        }
        out.modules.extend(told);
        if unit.dynamic.own_members
            && let Some(class) = units.class
        {
            let node = at(Item::Node(bindings.classes[class as usize].node));
            out.family = self.classes.at_node(node);
        }
    }

    /// What annotations name.
    fn annotations(&mut self, module: ModuleId, source: &Source, unit: u32, out: &mut Expansion) {
        for chain in &source.bindings().units[unit as usize].annotations {
            self.read(module, *chain, out);
        }
    }

    fn unit(&mut self, module: ModuleId, source: &Source, unit: u32, out: &mut Expansion) {
        let bindings = source.bindings();
        let unit = &bindings.units[unit as usize];
        for chain in &unit.loads {
            self.read(module, *chain, out);
        }
        for chain in &unit.writes {
            // Storing into a module reads nothing else of it.
            out.vertices.extend(self.resolver.chain(module, *chain).vertices);
        }
        for import in &unit.imports {
            let trail = self.resolver.imported(module, *import as usize);
            out.vertices.extend(trail.vertices);
            // The names that a star takes are looked up where they are used.
        }
        for dotted in &unit.dotted {
            let trail = self.resolver.dotted(bindings.name(*dotted));
            self.take(trail, out);
        }
        let word = |name: &NameId| source.words[name.0 as usize];
        out.attrs.extend(unit.attrs.iter().map(word));
        out.probes.extend(unit.probes.iter().map(word));
        out.prefixes.extend(unit.prefixes.iter().map(word));
        out.dynamic.merge(unit.dynamic);
        if unit.dynamic.namespace {
            out.vertices.push(self.whole(module, Widening::Namespace));
        }
    }

    /// What code reads by a chain of names.
    fn read(&mut self, module: ModuleId, chain: Chain, out: &mut Expansion) {
        let trail = self.resolver.chain(module, chain);
        let is_dict = |source: &Source| {
            let mut names = source.bindings().chain(chain).iter();
            names.any(|name| source.bindings().name(*name) == CONTENT)
        };
        let reads_dict = self.resolver.modules.source(module).is_some_and(is_dict);
        for end in &trail.ends {
            if let End::Bound { module: of, symbol, rest } = end {
                let modules = self.resolver.modules;
                let next_name = modules.source(module).and_then(|source| {
                    let names = source.bindings().chain(chain);
                    let next = names.get(names.len().checked_sub(*rest)?)?;
                    Some(source.words[next.0 as usize])
                });
                let found = self.classes.at_symbol(modules, *of, *symbol);
                for class in found.collect::<Vec<_>>() {
                    let info = self.classes.get(class);
                    // An enum can be iterated over and looked up by value; what is no member of it gives
                    // them all away.
                    let is_all = |classes: &Classes| {
                        next_name
                            .is_none_or(|next| classes.attribute(class, next, modules).is_none())
                    };
                    if reads_dict || (info.is_enum && is_all(self.classes)) {
                        for base in &info.order {
                            let ClassInfo { module, class, .. } = *self.classes.get(*base);
                            let item = Item::Class(class);
                            out.vertices.push(self.resolver.vertices.number(module, item));
                        }
                    }
                }
            }
        }
        self.take(trail, out);
    }

    /// What code can read that has the end of a trail in its hands.
    pub(super) fn take(&mut self, trail: Trail, out: &mut Expansion) {
        out.vertices.extend(trail.vertices);
        for end in trail.ends {
            match end {
                End::Module(module) => {
                    out.modules.push(module);
                    out.vertices.push(self.whole(module, Widening::ModuleValue));
                }
                End::Dict(module) => {
                    out.modules.push(module);
                    out.vertices.push(self.whole(module, Widening::ModuleDict));
                }
                End::Bound { .. } | End::Unbound { .. } | End::External(_) => {}
            }
        }
    }

    fn whole(&mut self, module: ModuleId, rule: Widening) -> VertexId {
        self.resolver.vertices.number(module, Item::Whole(rule))
    }
}

/// The nodes that code of the module or class level belongs to that begins in `line`; the whole module
/// where that is not known.
pub(super) fn level_vertices(
    resolver: &mut Resolver<'_>,
    module: ModuleId,
    line: u32,
) -> Vec<VertexId> {
    let nodes = resolver.modules.source(module).map(|source| {
        let first = resolver.modules.get(module).first;
        let nodes = source.bindings().nodes_at(line).into_iter();
        nodes.map(|node| fixed(first, source.bindings(), Item::Node(node))).collect()
    });
    match nodes {
        Some(nodes) if !Vec::is_empty(&nodes) => nodes,
        _ => vec![resolver.vertices.number(module, Item::Whole(Widening::WholeModule))],
    }
}
