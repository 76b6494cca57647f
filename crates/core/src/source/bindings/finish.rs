//! From what the walk collected to symbols, effects and digests.

use std::ops::Range;

use rustc_hash::FxHashMap;
use thin_vec::ThinVec;

use super::collector::{Bound, Collector};
use super::definitions::{Class, FunctionUnits};
use super::import::{ImportTarget, Imported};
use super::names::NameId;
use super::nodes::{Node, NodeKind};
use super::unit::{Chain, Unit};
use super::words;
use crate::Digest;
use crate::digest::DigestBuilder;
use std::hash::Hasher;

/// A node that binds or changes what a symbol names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Binder {
    pub(crate) node: u32,
    /// The import that binds it.
    pub(crate) import: Option<u32>,
}

/// A name of the module, or an attribute of one of its classes.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    pub(crate) class: Option<u32>,
    pub(crate) name: NameId,
    binders: Range<u32>,
    /// Of all its binders, in their order.
    pub(crate) digest: Digest,
}

/// The bindings of one source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bindings {
    pub(crate) names: Vec<Box<str>>,
    pool: Vec<NameId>,
    pub(crate) units: Vec<Unit>,
    pub(crate) imports: Vec<ImportTarget>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) classes: Vec<Class>,
    pub(crate) functions: Vec<FunctionUnits>,
    /// Sorted by class (the module first), then by number of the name.
    pub(crate) symbols: Vec<Symbol>,
    binders: Vec<Binder>,
    /// Names that something is called by that keeps what their functions give (`lru_cache(maxsize=9)(compute)`), and
    /// whether they are attributes.
    pub(crate) kept: Vec<(NameId, bool)>,
    /// What the names begin with of attributes that are asked for whether or not they exist.
    pub(crate) asked_prefixes: Vec<NameId>,
    /// Bound calls of what a class or the module names, with the names that they are given.
    pub(crate) handings: Vec<(Chain, Vec<NameId>)>,
}

impl Bindings {
    /// The names of a chain, after the import that its first name stands for, if it stands for one.
    pub(crate) fn chain(&self, chain: Chain) -> &[NameId] {
        let start = chain.start as usize;
        self.pool.get(start..start + chain.len as usize).unwrap_or_default()
    }

    /// The nodes that bind or change what a symbol names.
    pub(crate) fn binders(&self, symbol: &Symbol) -> &[Binder] {
        &self.binders[symbol.binders.start as usize..symbol.binders.end as usize]
    }

    /// The symbols of the module (`None`) or of a class.
    pub(crate) fn symbols_of(&self, class: Option<u32>) -> Range<usize> {
        let start = self.symbols.partition_point(|symbol| symbol.class < class);
        let end = self.symbols.partition_point(|symbol| symbol.class <= class);
        start..end
    }

    /// The first symbol that each node binds.
    pub(crate) fn first_symbols(&self) -> Vec<Option<u32>> {
        let mut first = vec![None; self.nodes.len()];
        for (index, symbol) in self.symbols.iter().enumerate() {
            for binder in self.binders(symbol) {
                first[binder.node as usize].get_or_insert(index as u32);
            }
        }
        first
    }

    /// The text of a name.
    pub(crate) fn name(&self, id: NameId) -> &str {
        self.names.get(id.0 as usize).map_or("", |name| name)
    }

    /// The nodes that could be running while the module's own frame stands at this line: the
    /// smallest that have it; several if they share the line.
    pub(crate) fn nodes_at(&self, line: u32) -> Vec<u32> {
        let extent = |node: &Node| node.last_line - node.first_line;
        let has_line = |node: &&Node| (node.first_line..=node.last_line).contains(&line);
        let Some(least) = self.nodes.iter().filter(has_line).map(extent).min() else {
            return Vec::new();
        };
        let nodes = self.nodes.iter().enumerate();
        nodes
            .filter(|(_, node)| has_line(node) && extent(node) == least)
            .map(|(index, _)| index as u32)
            .collect()
    }
}

impl Bindings {
    /// The nodes of the statement that a node belongs to: one for each name that an import takes.
    pub(crate) fn statement_of(&self, node: u32) -> impl Iterator<Item = &Node> {
        let lines = |node: &Node| (node.first_line, node.last_line);
        let own = lines(&self.nodes[node as usize]);
        let is_of_it = move |other: &&Node| lines(other) == own;
        let before = self.nodes[..node as usize].iter().rev().take_while(is_of_it);
        before.chain(self.nodes[node as usize..].iter().take_while(is_of_it))
    }
}

impl Collector<'_> {
    /// All that was collected, put together.
    pub(in super::super) fn finish(mut self) -> Bindings {
        self.classify_effects();
        self.bound.sort_by_key(|bound| (bound.class, bound.name, bound.node, bound.import));
        self.bound.dedup_by_key(|bound| (bound.class, bound.name, bound.node));
        self.fold_order();
        fold_guards(&mut self.level.nodes);
        self.fold_skeletons();
        let (symbols, binders) = fold_symbols(&self.bound, &self.level.nodes);
        for unit in &mut self.units {
            if unit.asks_all {
                let attrs = unit.attrs.clone();
                unit.probes.extend(attrs);
            }
            unit.tidy();
            let pool = &self.pool;
            for chains in [
                &mut unit.loads,
                &mut unit.annotations,
                &mut unit.writes,
                &mut unit.calls,
                &mut unit.handed,
            ] {
                distinct(chains, pool);
            }
        }
        let computing = self.units.iter().filter(|unit| unit.dynamic.asks_computed);
        self.asked_prefixes.extend(computing.flat_map(|unit| &unit.prefixes));
        self.units.shrink_to_fit();
        self.level.nodes.shrink_to_fit();
        self.level.functions.shrink_to_fit();
        Bindings {
            names: self.names.into_texts(),
            pool: self.pool,
            units: self.units,
            imports: self.imports,
            nodes: self.level.nodes,
            classes: self.level.classes,
            functions: self.level.functions,
            symbols,
            binders,
            kept: self.kept,
            asked_prefixes: self.asked_prefixes,
            handings: self
                .level
                .handings
                .into_iter()
                .map(|(_, chain, names)| (chain, names))
                .collect(),
        }
    }

    /// Says of each node what it acts on: names of the module's own variables are changed, as if
    /// they were bound again; all else is told by its first name.
    fn classify_effects(&mut self) {
        let owners = self.owners();
        let has_stars = self.imports.iter().any(|import| import.what == Imported::Star);
        let mut changed = Vec::new();
        for (node, chain, names) in &self.level.handings {
            let is_given = |name: &NameId| owners.get(name).is_some_and(|owner| owner.defines);
            if names.iter().any(is_given) {
                let unit = self.level.nodes[*node as usize].unit as usize;
                self.units[unit].handed.push(*chain);
            }
        }
        for index in 0..self.level.nodes.len() {
            let node = &self.level.nodes[index];
            if matches!(node.kind, NodeKind::Import(_)) {
                continue;
            }
            let unit = &self.units[node.unit as usize];
            let mut groups = Vec::new();
            let acts = unit.writes.iter().chain(&unit.calls);
            let mut is_effect = unit.dynamic.opaque_effect;
            if is_effect {
                groups.push(None);
            }
            for (chain, is_weak) in acts
                .map(|chain| (chain, false))
                .chain(unit.handed.iter().map(|chain| (chain, true)))
            {
                let Some(root) = self.pool.get(chain.start as usize).copied() else { continue };
                match owners.get(&root) {
                    Some(owner) if owner.is_own_variable(index as u32) => {
                        changed.push((root, index))
                    }
                    Some(owner) if owner.is_only(index as u32) => groups.push(None),
                    Some(owner) if is_weak && owner.is_inert => continue,
                    // A builtin: `property`, `staticmethod`.
                    None if is_weak && !has_stars => continue,
                    _ => groups.push(Some(root)),
                }
                is_effect |= !is_weak;
            }
            groups.sort_unstable();
            groups.dedup();
            let node = &mut self.level.nodes[index];
            node.called = node.called.filter(|root| {
                owners.get(root).is_some_and(|owner| !owner.is_inert)
                    && !groups.contains(&Some(*root))
            });
            (node.groups, node.is_effect) = (groups, is_effect);
        }
        for (name, node) in changed {
            self.bound.push(Bound { class: None, name, node: node as u32, import: None });
        }
    }

    fn owners(&self) -> FxHashMap<NameId, Owner> {
        let mut owners: FxHashMap<NameId, Owner> = FxHashMap::default();
        for bound in self.bound.iter().filter(|bound| bound.class.is_none()) {
            let owner = owners.entry(bound.name).or_default();
            match (&self.level.nodes[bound.node as usize].kind, bound.import) {
                (NodeKind::Function(_) | NodeKind::Class(_), _) => owner.defines = true,
                (_, Some(import)) => {
                    owner.is_inert |= is_inert(&self.imports[import as usize]);
                    owner.imports = true;
                }
                _ => owner.statements.push(bound.node),
            }
        }
        owners
    }

    /// Gives each class's skeleton the names that are looked up without being told to, and, if it
    /// is a record, its fields.
    fn fold_skeletons(&mut self) {
        for class in 0..self.level.classes.len() as u32 {
            let Class { node, is_record, .. } = self.level.classes[class as usize];
            let mut builder = DigestBuilder::new("class/1");
            builder.write(self.level.nodes[node as usize].digest.as_bytes());
            let start = self.bound.partition_point(|bound| bound.class < Some(class));
            let of_class = self.bound[start..].iter().take_while(|it| it.class == Some(class));
            let mut implicit: Vec<&str> = of_class
                .map(|bound| self.names.text(bound.name))
                .filter(|name| words::is_implicit(name))
                .collect();
            implicit.sort_unstable();
            implicit.dedup();
            for name in implicit {
                builder.write(name.as_bytes());
                builder.write_u8(0);
            }
            let Class { abstract_methods, is_protocol, .. } = &self.level.classes[class as usize];
            let members = self.bound[start..].iter().take_while(|it| it.class == Some(class));
            let members = members.filter(|_| *is_protocol).map(|bound| &bound.name);
            let required = abstract_methods.iter().chain(members);
            let mut required: Vec<&str> = required.map(|name| self.names.text(*name)).collect();
            required.sort_unstable();
            required.dedup();
            for name in required {
                builder.write_u8(1);
                builder.write(name.as_bytes());
            }
            for alias in self.aliases_in(class) {
                builder.write_u8(2);
                builder.write(alias.as_bytes());
            }
            if is_record {
                let is_field =
                    |other: &&Node| other.class == Some(class) && other.kind == NodeKind::Statement;
                for field in self.level.nodes.iter().filter(is_field) {
                    builder.write(field.digest.as_bytes());
                }
            }
            self.level.nodes[node as usize].digest = builder.digest();
        }
    }
}

impl Collector<'_> {
    /// The members of an enum that have the value of another one, with that one, in their order: the first gives the
    /// others its name.
    fn aliases_in(&self, class: u32) -> Vec<&str> {
        let values = &self.level.classes[class as usize].values;
        let count = |value: &str| values.iter().filter(|(_, other)| &**other == value).count();
        let aliases = values.iter().filter(|(_, value)| count(value) > 1);
        aliases.map(|(name, _)| self.names.text(*name)).collect()
    }
}

/// What binds a name of the module.
#[derive(Debug, Default)]
struct Owner {
    defines: bool,
    imports: bool,
    /// Whether it is imported from where nothing keeps what it is handed.
    is_inert: bool,
    /// Other statements.
    statements: Vec<u32>,
}

impl Owner {
    /// Whether it is a variable, and not only of the statement at hand.
    fn is_own_variable(&self, node: u32) -> bool {
        !self.imports && !self.defines && self.statements.iter().any(|other| *other != node)
    }

    /// Whether only the statement at hand binds it: a variable of a loop.
    fn is_only(&self, node: u32) -> bool {
        !self.imports && !self.defines && self.statements.iter().all(|other| *other == node)
    }
}

/// Packages that keep nothing of what a project hands them, except for who holds the result.
const INERT: &[&str] = &[
    "__future__",
    "abc",
    "array",
    "attr",
    "attrs",
    "click",
    "collections",
    "contextlib",
    "contextvars",
    "ctypes",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "hypothesis",
    "itertools",
    "logging",
    "math",
    "mock",
    "operator",
    "os",
    "pathlib",
    "pytest",
    "pytest_asyncio",
    "re",
    "string",
    "struct",
    "threading",
    "types",
    "typing",
    "typing_extensions",
    "unittest",
    "warnings",
    "weakref",
];

pub(super) fn is_inert(import: &ImportTarget) -> bool {
    let top = import.module.split('.').next().unwrap_or_default();
    import.level == 0 && INERT.binary_search(&top).is_ok() && import.what != Imported::Star
}

/// Gives each node the digests of the guards around it, so that its own says all that decides about
/// it.
fn fold_guards(nodes: &mut [Node]) {
    // A guard comes before what it guards.
    for index in 0..nodes.len() {
        if let Some(guard) = nodes[index].guard {
            let mut builder = DigestBuilder::new("guarded/1");
            builder.write(nodes[guard as usize].digest.as_bytes());
            builder.write_u32(nodes[index].branch);
            builder.write(nodes[index].digest.as_bytes());
            nodes[index].digest = builder.digest();
        }
    }
}

fn fold_symbols(bound: &[Bound], nodes: &[Node]) -> (Vec<Symbol>, Vec<Binder>) {
    let mut symbols = Vec::new();
    let mut binders = Vec::with_capacity(bound.len());
    for group in bound.chunk_by(|a, b| (a.class, a.name) == (b.class, b.name)) {
        let start = binders.len() as u32;
        binders.extend(group.iter().map(|it| Binder { node: it.node, import: it.import }));
        let digest = match group {
            [only] => nodes[only.node as usize].digest,
            several => {
                let mut builder = DigestBuilder::new("binding/1");
                for bound in several {
                    builder.write(nodes[bound.node as usize].digest.as_bytes());
                }
                builder.digest()
            }
        };
        let Bound { class, name, .. } = group[0];
        symbols.push(Symbol { class, name, binders: start..binders.len() as u32, digest });
    }
    (symbols, binders)
}

/// Keeps one of each chain.
fn distinct(chains: &mut ThinVec<Chain>, pool: &[NameId]) {
    if chains.len() < 2 {
        return;
    }
    let names = |chain: &Chain| {
        let start = chain.start as usize;
        pool.get(start..start + chain.len as usize).unwrap_or_default()
    };
    chains.sort_by(|a, b| (a.import, names(a)).cmp(&(b.import, names(b))));
    chains.dedup_by(|a, b| a.import == b.import && names(a) == names(b));
    chains.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inert_packages_are_sorted() {
        assert!(INERT.is_sorted());
    }
}
