//! What statements at import can change, beyond the names that they bind.
//!
//! An effect goes to what it names: `REGISTRY["k"] = v`, `Other.attr = v`, `register(handler)`,
//! `@app.route("/")` to the project's bindings among these names, and to the globals that the
//! functions change which ran for it. A function that changes something without naming it (`x` of `x = REGISTRY[key];
//! x.add(v)`, a parameter, what a call returns) can have got it from any variable that is read on the way. Who uses one
//! of these depends on the effect, if the module of the effect is in the closure of the imports. An effect on something
//! outside of the project
//! (`sys.path.insert(0, …)`), or on something without a name, goes to all who import the module.

use rustc_hash::{FxHashMap, FxHashSet};

use super::classes::Classes;
use super::modules::{ModuleId, Modules, Source};
use super::resolve::{End, Resolver};
use super::roots::{Body, Charge};
use super::vertices::{Item, VertexId, fixed};
use super::words::Word;
use crate::source::bindings::{Bindings, Chain, NameId, NodeKind, Unit, Value};

/// An effect of a module's import.
#[derive(Debug)]
pub(super) struct Effect {
    /// The node that has it.
    pub(super) node: VertexId,
    /// The defaults of the function that it defines, if something was called for them.
    pub(super) defaults: Option<VertexId>,
    /// What it can change.
    pub(super) targets: Vec<VertexId>,
    /// Whether it can change more than that.
    pub(super) is_untold: bool,
    /// What it acts on, by the source's own names.
    pub(super) groups: Vec<Option<NameId>>,
}

/// More names for names than this are taken for something that can change.
const MAX_ALIASES: u32 = 8;

/// The effects of all modules.
#[derive(Debug, Default)]
pub(super) struct Effects {
    by_module: Vec<Vec<Effect>>,
    /// Where the effects are that can change something: module, and index in it.
    by_target: FxHashMap<VertexId, Vec<(ModuleId, usize)>>,
}

impl Effects {
    pub(super) fn of(resolver: &mut Resolver<'_>, classes: &Classes) -> Self {
        let mut effects = Self::default();
        for module in resolver.modules.ids() {
            let found = match resolver.modules.source(module) {
                Some(source) => of_module(module, source, resolver, classes),
                None => Vec::new(),
            };
            for (index, effect) in found.iter().enumerate() {
                for target in &effect.targets {
                    effects.by_target.entry(*target).or_default().push((module, index));
                }
            }
            effects.by_module.push(found);
        }
        effects
    }

    /// The effects of a module's import.
    pub(super) fn of_module(&self, module: ModuleId) -> &[Effect] {
        self.by_module.get(module.index()).map_or(&[], |effects| effects)
    }

    /// Where the effects are that can change this.
    pub(super) fn on(&self, target: VertexId) -> &[(ModuleId, usize)] {
        self.by_target.get(&target).map_or(&[], |effects| effects)
    }
}

fn of_module(
    module: ModuleId,
    source: &Source,
    resolver: &mut Resolver<'_>,
    classes: &Classes,
) -> Vec<Effect> {
    let bindings = source.bindings();
    let at = resolver.modules.get(module);
    let first = at.first;
    let mut effects = Vec::new();
    for (index, node) in bindings.nodes.iter().enumerate() {
        let charges = at.charges(index as u32);
        if !node.is_effect && node.groups.is_empty() && charges.is_empty() {
            continue;
        }
        let mut finder = Finder {
            resolver,
            classes,
            targets: FxHashSet::default(),
            found: Vec::new(),
            is_inner: false,
        };
        let unit = &bindings.units[node.unit as usize];
        let is_untold = finder.named(module, unit, node.is_effect, &node.groups);
        let is_called = |chain: &&Chain| bindings.chain(**chain).first() == node.called.as_ref();
        for chain in unit.calls.iter().chain(unit.sources.iter().filter(is_called)) {
            finder.method_of(module, *chain);
        }
        let ran = charges.iter().filter_map(|charge| match charge {
            Charge::Ran(body) => Some(*body),
            _ => None,
        });
        for body in ran.clone() {
            finder.changed_by(body);
        }
        if ran.clone().any(|body| finder.unit(body).is_some_and(|unit| unit.changes_unnamed)) {
            finder.loaded(module, unit);
            for body in ran {
                if let Some(unit) = finder.unit(body) {
                    finder.loaded(body.module, unit);
                }
            }
        }
        finder.behind();
        // What the node binds itself is reached with it anyway.
        let own = bindings.symbols_of(None).filter(|symbol| {
            let binders = bindings.binders(&bindings.symbols[*symbol]);
            matches!(binders, [only] if only.node == index as u32)
        });
        for symbol in own {
            finder.targets.remove(&fixed(first, bindings, Item::Symbol(symbol as u32)));
        }
        let mut targets: Vec<VertexId> = finder.targets.into_iter().collect();
        if targets.is_empty() && !is_untold {
            continue;
        }
        targets.sort_unstable();
        let node_vertex = fixed(first, bindings, Item::Node(index as u32));
        let groups = node.groups.iter().copied().chain(node.called.map(Some)).collect();
        let defaults = match node.kind {
            NodeKind::Function(function) => {
                let calls = bindings.functions[function as usize].calls_for_defaults;
                calls.then(|| fixed(first, bindings, Item::Signature(function)))
            }
            _ => None,
        };
        effects.push(Effect { node: node_vertex, defaults, targets, is_untold, groups });
    }
    effects
}

/// Looks for the targets of one effect.
struct Finder<'a, 'b> {
    resolver: &'a mut Resolver<'b>,
    classes: &'a Classes,
    targets: FxHashSet<VertexId>,
    /// The symbols among them.
    found: Vec<(ModuleId, u32)>,
    /// Whether the insides of objects are changed: of new ones, too, that are made of something.
    is_inner: bool,
}

impl<'a> Finder<'a, '_> {
    /// What a function mentions.
    fn unit(&self, body: Body) -> Option<&'a Unit> {
        let modules: &'a Modules = self.resolver.modules;
        let bindings = modules.source(body.module)?.bindings();
        Some(&bindings.units[bindings.functions.get(body.function)?.body as usize])
    }

    /// What code can change that changes something without naming it: any variable that it reads.
    fn loaded(&mut self, module: ModuleId, unit: &Unit) {
        for chain in unit.sources.iter().copied() {
            self.changeable(module, chain, 0);
        }
    }

    /// What a call of a name changes that stands for a method: `S` of `add = S.add`.
    fn method_of(&mut self, module: ModuleId, chain: Chain) {
        let modules: &'a Modules = self.resolver.modules;
        for end in self.resolver.chain(module, chain).ends {
            let End::Bound { module, symbol, rest: 0 } = end else { continue };
            let Some(source) = modules.source(module) else { continue };
            let bindings = source.bindings();
            for binder in bindings.binders(&bindings.symbols[symbol as usize]) {
                let node = &bindings.nodes[binder.node as usize];
                if binder.import.is_none()
                    && node.kind == NodeKind::Statement
                    && node.value == Value::Alias
                {
                    for chain in bindings.units[node.unit as usize].sources.iter().copied() {
                        self.changeable(module, chain, 0);
                    }
                }
            }
        }
    }

    /// Adds the variables at the ends of a chain that have a value which can change; whether there are any.
    fn changeable(&mut self, module: ModuleId, chain: Chain, hops: u32) -> bool {
        let modules: &'a Modules = self.resolver.modules;
        let mut any = false;
        for end in self.resolver.chain(module, chain).ends {
            let End::Bound { module, symbol, .. } = end else { continue };
            let Some(source) = modules.source(module) else { continue };
            let bindings = source.bindings();
            let binders = bindings.binders(&bindings.symbols[symbol as usize]).iter();
            let can_change = binders.filter(|binder| binder.import.is_none()).any(|binder| {
                let node = &bindings.nodes[binder.node as usize];
                let mut sources = bindings.units[node.unit as usize].sources.iter();
                match (&node.kind, node.value) {
                    (NodeKind::Statement, Value::Alias) if hops < MAX_ALIASES => {
                        sources.any(|chain| self.changeable(module, *chain, hops + 1))
                    }
                    (NodeKind::Statement, value) => value != Value::Constant,
                    _ => false,
                }
            });
            if can_change {
                self.target(module, symbol);
            }
            any |= can_change;
        }
        any
    }

    /// What the methods of the class at `node`, and of its bases, may have stored in an attribute.
    fn kept_in(&mut self, node: VertexId, attr: Word) {
        let modules: &'a Modules = self.resolver.modules;
        let order = self.classes.at_node(node).map(|class| &self.classes.get(class).order);
        for class in order.into_iter().flatten().map(|class| self.classes.get(*class)) {
            let Some(source) = modules.source(class.module) else { continue };
            let bindings = source.bindings();
            for function in bindings.functions.iter().filter(|it| it.class == Some(class.class)) {
                let unit = &bindings.units[function.body as usize];
                if unit.self_writes.iter().any(|it| source.words[it.0 as usize] == attr) {
                    self.loaded(class.module, unit);
                }
            }
        }
    }

    /// What the variables that were found may be parts of: `REGISTRY` of `table = REGISTRY["x"]`.
    fn behind(&mut self) {
        let modules: &'a Modules = self.resolver.modules;
        let mut at = 0;
        while let Some((module, symbol)) = self.found.get(at).copied() {
            at += 1;
            let Some(source) = modules.source(module) else { continue };
            let bindings = source.bindings();
            for binder in bindings.binders(&bindings.symbols[symbol as usize]) {
                let node = &bindings.nodes[binder.node as usize];
                let is_variable = binder.import.is_none() && node.kind == NodeKind::Statement;
                let may_hold = match node.value {
                    Value::Shared | Value::Alias => true,
                    Value::New => self.is_inner,
                    Value::Constant => false,
                };
                if is_variable && may_hold {
                    self.loaded(module, &bindings.units[node.unit as usize]);
                }
            }
        }
    }

    fn target(&mut self, module: ModuleId, symbol: u32) {
        if let Some(source) = self.resolver.modules.source(module) {
            let first = self.resolver.modules.get(module).first;
            if self.targets.insert(fixed(first, source.bindings(), Item::Symbol(symbol))) {
                self.found.push((module, symbol));
            }
        }
    }

    /// What a statement acts on by the names in it. Returns whether it acts on more.
    fn named(
        &mut self,
        module: ModuleId,
        unit: &Unit,
        is_effect: bool,
        groups: &[Option<NameId>],
    ) -> bool {
        let mut is_untold = unit.dynamic.opaque_effect || unit.dynamic.namespace;
        for chain in unit.handed.iter().copied() {
            // `@app.route`, `registry.add(f)`; a plain function shows what it does when it runs.
            self.ends(module, chain, |end| matches!(end, End::Bound { rest: 1.., .. }));
        }
        if !is_effect {
            return false;
        }
        for chain in unit.writes.iter().chain(&unit.calls).copied() {
            let is_told = |end: &End| match end {
                End::Bound { .. } | End::Module(_) | End::Dict(_) => true,
                End::Unbound { is_attribute, .. } => *is_attribute,
                End::External(_) => false,
            };
            is_untold |= !self.ends(module, chain, is_told);
        }
        let acts = !unit.writes.is_empty() || !unit.calls.is_empty();
        if acts || groups.contains(&None) {
            for chain in unit.loads.iter().copied() {
                self.ends(module, chain, |end| matches!(end, End::Bound { .. }));
            }
        }
        is_untold
    }

    /// What a function changes that ran for the statement.
    fn changed_by(&mut self, body: Body) {
        let modules: &Modules = self.resolver.modules;
        let Some(source) = modules.source(body.module) else { return };
        let bindings = source.bindings();
        let Some(units) = bindings.functions.get(body.function) else { return };
        let unit = &bindings.units[units.body as usize];
        for chain in unit.writes.iter().copied() {
            let is_told = |end: &End| matches!(end, End::Bound { .. } | End::Unbound { .. });
            self.ends(body.module, chain, is_told);
        }
        for chain in unit.calls.iter().copied() {
            self.ends(body.module, chain, |end| is_method_of_variable(modules, *end));
        }
        for chain in unit.given.iter().copied() {
            self.changeable(body.module, chain, 0);
        }
        let Some(class) = units.class else { return };
        let first = modules.get(body.module).first;
        let node = fixed(first, bindings, Item::Node(bindings.classes[class as usize].node));
        self.is_inner |= !unit.inner_writes.is_empty();
        for attr in &unit.inner_writes {
            self.kept_in(node, source.words[attr.0 as usize]);
        }
        for attr in &unit.self_writes {
            let name = source.words[attr.0 as usize];
            let found = self.classes.at_node(node);
            let found = found.and_then(|class| self.classes.attribute(class, name, modules));
            if let Some((module, symbol)) = found
                && let Some(owner) = modules.source(module)
            {
                let first = modules.get(module).first;
                self.targets.insert(fixed(first, owner.bindings(), Item::Symbol(symbol)));
            }
        }
    }

    /// Adds the ends of a chain that `takes` takes; whether it took all, and there were any.
    fn ends(&mut self, module: ModuleId, chain: Chain, takes: impl Fn(&End) -> bool) -> bool {
        let trail = self.resolver.chain(module, chain);
        let mut took_all = !trail.ends.is_empty();
        for end in &trail.ends {
            if !takes(end) {
                took_all = false;
                continue;
            }
            match end {
                End::Bound { module, symbol, .. } => self.target(*module, *symbol),
                End::Unbound { module, name, .. } => {
                    let absent = Item::Absent(None, *name);
                    self.targets.insert(self.resolver.vertices.number(*module, absent));
                }
                End::Module(_) | End::Dict(_) | End::External(_) => took_all = false,
            }
        }
        took_all
    }
}

/// Whether a call is of a method of a variable: `registry.add(…)`.
fn is_method_of_variable(modules: &Modules, end: End) -> bool {
    let End::Bound { module, symbol, rest: 1.. } = end else { return false };
    modules.source(module).is_some_and(|source| {
        let bindings = source.bindings();
        is_variable(bindings, symbol)
    })
}

/// Whether a statement that is no definition binds a symbol.
pub(super) fn is_variable(bindings: &Bindings, symbol: u32) -> bool {
    let binders = bindings.binders(&bindings.symbols[symbol as usize]);
    binders.iter().any(|binder| {
        binder.import.is_none() && bindings.nodes[binder.node as usize].kind == NodeKind::Statement
    })
}
