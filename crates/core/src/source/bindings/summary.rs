//! What a source says and does as a whole when it is imported.

use rustc_hash::FxHashSet;

use super::super::outline::OutlineImport;
use super::finish::{Bindings, Symbol, is_inert};
use super::import::Imported;
use super::names::NameId;
use super::nodes::{Node, NodeKind};
use super::unit::{Chain, Unit};
use super::values::Value;
use crate::Digest;

impl Bindings {
    /// Whether a node can do more than to bind a name to a constant, or to a function or class that is made of nothing
    /// else.
    pub(super) fn could_raise(&self, node: &Node) -> bool {
        let unit = &self.units[node.unit as usize];
        let reads_nothing =
            |unit: &Unit| unit.loads.is_empty() && unit.calls.is_empty() && unit.handed.is_empty();
        match node.kind {
            NodeKind::Import(_) | NodeKind::Guard(_) => true,
            NodeKind::Statement => node.value != Value::Constant || !reads_nothing(unit),
            NodeKind::Class(_) => !reads_nothing(unit),
            NodeKind::Function(function) => {
                let signature = self.functions[function as usize].signature;
                let signature = signature.map(|unit| &self.units[unit as usize]);
                !reads_nothing(unit) || !signature.is_none_or(reads_nothing)
            }
        }
    }

    /// The digest of the names that are imported from a module, other than from one that has no fixtures, and that
    /// nothing mentions; `None` if there are none.
    pub(super) fn unused(&self) -> Option<Digest> {
        let mut is_mentioned = vec![false; self.names.len()];
        for unit in &self.units {
            let lists = [&unit.loads, &unit.annotations, &unit.writes, &unit.calls, &unit.handed];
            for chain in lists.into_iter().flatten() {
                if let (None, Some(root)) = (chain.import(), self.chain(*chain).first()) {
                    is_mentioned[root.0 as usize] = true;
                }
            }
        }
        let symbols = &self.symbols[self.symbols_of(None)];
        let unused = symbols.iter().filter(|symbol| !is_mentioned[symbol.name.0 as usize]);
        let imported = unused.flat_map(|symbol| {
            let imports = self.binders(symbol).iter().filter_map(|binder| binder.import);
            imports.map(|import| &self.imports[import as usize]).filter(|it| !is_inert(it))
        });
        let mut found: Vec<(u32, &str, &str)> = imported
            .filter_map(|import| match &import.what {
                Imported::Name(name) => Some((import.level, &*import.module, &**name)),
                _ => None,
            })
            .collect();
        found.sort_unstable();
        (!found.is_empty()).then(|| Digest::of_value("unused/1", &found))
    }

    /// What effects act on, by all names that say so: another attribute of the same module is something else.
    pub(super) fn acted_on(&self) -> Vec<String> {
        let acting = self.nodes.iter().filter(|node| !node.groups.is_empty());
        let units = acting.map(|node| &self.units[node.unit as usize]);
        self.texts_of(
            units.flat_map(|unit| unit.writes.iter().chain(&unit.calls).chain(&unit.handed)),
        )
    }

    /// Chains as text, each once, in alphabetical order.
    pub(super) fn texts_of<'a>(&self, chains: impl Iterator<Item = &'a Chain>) -> Vec<String> {
        let text = |chain: &Chain| {
            let names: Vec<&str> = self.chain(*chain).iter().map(|name| self.name(*name)).collect();
            names.join(".")
        };
        let mut texts: Vec<String> = chains.map(text).collect();
        texts.sort_unstable();
        texts.dedup();
        texts
    }

    /// The digest of the order in which a class binds its names; `None` if there are not two.
    pub(super) fn order_in(&self, class: u32) -> Option<Digest> {
        let symbols = self.symbols_of(Some(class)).map(|at| &self.symbols[at]);
        let first = |symbol: &Symbol| self.binders(symbol).first().map(|binder| binder.node);
        let mut names: Vec<(Option<u32>, &str)> =
            symbols.map(|symbol| (first(symbol), self.name(symbol.name))).collect();
        names.sort_unstable();
        let names: Vec<&str> = names.into_iter().map(|(_, name)| name).collect();
        (names.len() > 1).then(|| Digest::of_value("order/1", &names))
    }

    /// The digest of the classes with bases; `None` if there are none.
    pub(super) fn subclasses(&self) -> Option<Digest> {
        let with_bases = self.classes.iter().filter(|class| !class.bases.is_empty());
        let described: Vec<_> = with_bases
            .map(|class| {
                let bases = class.bases.iter().map(|base| {
                    let chain = base.map_or(&[][..], |base| self.chain(base));
                    chain.iter().map(|name| self.name(*name)).collect::<Vec<_>>()
                });
                (&*class.name, bases.collect::<Vec<_>>())
            })
            .collect();
        (!described.is_empty()).then(|| Digest::of_value("subclasses/1", &described))
    }

    /// Whether importing the source can change anything outside of it.
    pub(crate) fn has_effects(&self) -> bool {
        self.nodes.iter().any(|node| !node.groups.is_empty())
    }

    /// Whether importing the source changes something of another module that it names: `lib.connect = fake`.
    pub(crate) fn patches(&self) -> bool {
        let imported = |name: NameId| {
            let at = self.symbols_of(None).find(|at| self.symbols[*at].name == name);
            at.is_some_and(|at| {
                self.binders(&self.symbols[at]).iter().all(|binder| binder.import.is_some())
            })
        };
        let units = self.nodes.iter().map(|node| &self.units[node.unit as usize]);
        let mut writes = units.filter(|unit| unit.sets).flat_map(|unit| &unit.writes);
        writes.any(|chain| self.chain(*chain).first().is_some_and(|root| imported(*root)))
    }

    /// What its module level imports, as an outline has it.
    pub(in super::super) fn outline_imports(&self) -> Vec<OutlineImport> {
        let imports = self.level_imports().map(|import| &self.imports[import as usize]);
        let imports = imports.map(|import| OutlineImport {
            level: import.level,
            module: import.module.clone(),
            name: match &import.what {
                Imported::Name(name) => Some(name.clone()),
                Imported::Top | Imported::Module | Imported::Star => None,
            },
        });
        let mut seen = FxHashSet::default();
        imports.filter(|import| seen.insert(import.clone())).collect()
    }

    /// What its module level imports.
    pub(crate) fn level_imports(&self) -> impl Iterator<Item = u32> {
        let is_import = |node: &Node| match node.kind {
            NodeKind::Import(import) => vec![import],
            NodeKind::Statement => self.units[node.unit as usize].imports.to_vec(),
            _ => Vec::new(),
        };
        self.nodes.iter().flat_map(is_import)
    }
}
