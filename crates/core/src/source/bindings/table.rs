//! What is remembered of a source's bindings: digests by key.
//!
//! | key | digest of |
//! |---|---|
//! | `name`, `C.attr` | all nodes that bind it, in their order; of a function its definition, of a class its skeleton |
//! | `f()`, `C.m()` | the parameters of a function with their defaults; of all that bear the name |
//! | `f>`, `C.m>` | what the body of a function acts on that has a name, if anything |
//! | `x:`, `C.x:`, `f():` | the annotations of a variable, of a function |
//! | `!` | which first names the effects of the module act on, and its `from m import *` |
//! | `!name` | the effects that act on `name`; `!?` those of which no name tells on what |
//! | `C.,` | the order in which a class binds its names |
//! | `*.attr` | the names of the classes that have this attribute, by a statement of their own |
//! | `<` | the classes that have a base, with the names of their bases |
//! | `^` | the statements that could raise when the source is imported |
//! | `@<` | what is imported from a module and mentioned nowhere: fixtures, most likely |
//! | `@` | the definitions of fixtures that nobody needs to ask for (`autouse`) |
//!
//! No Python name has any of these characters.

use std::collections::BTreeMap;
use std::hash::Hasher;

use rustc_hash::FxHashSet;

use super::super::outline::OutlineImport;
use super::finish::{Bindings, Symbol, is_inert};
use super::import::Imported;
use super::names::NameId;
use super::nodes::{Node, NodeKind};
use super::unit::{Chain, Unit};
use super::values::Value;
use crate::Digest;
use crate::digest::DigestBuilder;

const EFFECTS: &str = "!";
const SUBCLASSES: &str = "<";
const AUTOUSE: &str = "@";
const RAISING: &str = "^";
const UNUSED: &str = "@<";
const ORDER: &str = ",";
/// What an effect acts on that no name tells.
pub(crate) const NAMELESS: &str = "?";
/// What stands in a key for all names that begin as the key does.
pub(crate) const ALL: char = '*';

/// What stands at the end of the key of annotations.
pub(crate) const HINT: char = ':';

/// The key of a function's parameters.
pub(crate) fn signature_key(function: &str) -> String {
    format!("{function}()")
}

/// The key of what a function acts on.
pub(crate) fn acts_key(function: &str) -> String {
    format!("{function}>")
}

/// The key of the annotations of what has this key.
pub(crate) fn hint_key(key: &str) -> String {
    format!("{key}{HINT}")
}

/// The key of the names that effects act on.
pub(crate) fn effects_key() -> String {
    EFFECTS.to_owned()
}

/// The key of the effects that act on `name`.
pub(crate) fn effects_on_key(name: &str) -> String {
    format!("{EFFECTS}{name}")
}

/// The key of the classes with bases.
pub(crate) fn subclasses_key() -> String {
    SUBCLASSES.to_owned()
}

/// The key of the classes that have an attribute.
pub(crate) fn owners_key(attribute: &str) -> String {
    format!("{ALL}.{attribute}")
}

/// The key of the fixtures that nobody needs to ask for.
pub(crate) fn autouse_key() -> &'static str {
    AUTOUSE
}

/// The key of the statements that could raise.
pub(crate) fn raising_key() -> &'static str {
    RAISING
}

/// The key of imported names that nothing in the source mentions.
pub(crate) fn unused_key() -> &'static str {
    UNUSED
}

impl Bindings {
    /// The key of a name of the module or of a class.
    pub(crate) fn key(&self, class: Option<u32>, name: &str) -> String {
        match class {
            Some(class) => format!("{}.{name}", self.classes[class as usize].name),
            None => name.to_owned(),
        }
    }

    /// What the effects of a group act on.
    pub(crate) fn group_name(&self, group: Option<NameId>) -> &str {
        group.map_or(NAMELESS, |name| self.name(name))
    }

    /// The digests by key.
    pub(in super::super) fn table(&self, function_names: &[&str]) -> Vec<(Box<str>, Digest)> {
        let mut folds: BTreeMap<String, DigestBuilder> = BTreeMap::new();
        let mut fold = |key: String, digest: Digest| {
            let builder = folds.entry(key).or_insert_with(|| DigestBuilder::new("fold/1"));
            builder.write(digest.as_bytes());
        };
        for (units, name) in self.functions.iter().zip(function_names) {
            if let (true, Some(node)) = (units.is_autouse, units.node) {
                let digest = self.nodes[node as usize].digest;
                fold(AUTOUSE.to_owned(), Digest::of_value("autouse/1", &(name, digest)));
            }
            let name = name.split('#').next().unwrap_or_default();
            if let Some(signature) = units.signature_digest {
                fold(signature_key(name), signature);
            }
            let unit = &self.units[units.body as usize];
            let acted_on = self.texts_of(unit.writes.iter().chain(&unit.calls));
            if !acted_on.is_empty() {
                fold(acts_key(name), Digest::of_value("acts/1", &acted_on));
            }
            if let Some(annotations) = units.annotations_digest {
                fold(hint_key(&signature_key(name)), annotations);
            }
        }
        for symbol in &self.symbols {
            let nodes = self.binders(symbol).iter().map(|it| &self.nodes[it.node as usize]);
            for hint in nodes.filter_map(|node| node.hint) {
                fold(hint_key(&self.key(symbol.class, self.name(symbol.name))), hint);
            }
        }
        let mut groups: Vec<&str> = Vec::new();
        let mut stars = Vec::new();
        for node in &self.nodes {
            if let NodeKind::Import(import) = node.kind
                && self.imports[import as usize].what == Imported::Star
            {
                stars.push(node.digest);
            }
            for group in &node.groups {
                let name = self.group_name(*group);
                groups.push(name);
                fold(effects_on_key(name), node.digest);
            }
            if let Some(called) = node.called {
                fold(effects_on_key(self.name(called)), node.digest);
            }
        }
        groups.sort_unstable();
        groups.dedup();
        let owners = self.symbols.iter().filter_map(|it| Some((self.name(it.name), it.class?)));
        let mut owners: Vec<(&str, &str)> =
            owners.map(|(name, class)| (name, &*self.classes[class as usize].name)).collect();
        owners.sort_unstable();
        owners.dedup();
        for of_name in owners.chunk_by(|a, b| a.0 == b.0) {
            let classes: Vec<&str> = of_name.iter().map(|(_, class)| *class).collect();
            fold(owners_key(of_name[0].0), Digest::of_value("owners/1", &classes));
        }
        for node in self.nodes.iter().filter(|node| self.could_raise(node)) {
            fold(RAISING.to_owned(), node.digest);
        }
        if let Some(unused) = self.unused() {
            fold(UNUSED.to_owned(), unused);
        }
        for class in 0..self.classes.len() as u32 {
            if let Some(order) = self.order_in(class) {
                fold(self.key(Some(class), ORDER), order);
            }
        }
        if let Some(subclasses) = self.subclasses() {
            fold(subclasses_key(), subclasses);
        }
        let acted_on = self.acted_on();
        fold(effects_key(), Digest::of_value("effects/2", &(groups, acted_on, stars)));
        let symbols = self
            .symbols
            .iter()
            .map(|symbol| (self.key(symbol.class, self.name(symbol.name)).into(), symbol.digest));
        let folds = folds.into_iter().map(|(key, builder)| (key.into(), builder.digest()));
        folds.chain(symbols).collect()
    }

    /// Whether a node can do more than to bind a name to a constant, or to a function or class that is made of nothing
    /// else.
    fn could_raise(&self, node: &Node) -> bool {
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
    fn unused(&self) -> Option<Digest> {
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
            let imports = imports.map(|import| &self.imports[import as usize]);
            imports.filter(|it| matches!(it.what, Imported::Name(_)) && !is_inert(it))
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
    fn acted_on(&self) -> Vec<String> {
        let acting = self.nodes.iter().filter(|node| !node.groups.is_empty());
        let units = acting.map(|node| &self.units[node.unit as usize]);
        self.texts_of(
            units.flat_map(|unit| unit.writes.iter().chain(&unit.calls).chain(&unit.handed)),
        )
    }

    /// Chains as text, each once, in alphabetical order.
    fn texts_of<'a>(&self, chains: impl Iterator<Item = &'a Chain>) -> Vec<String> {
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
    fn order_in(&self, class: u32) -> Option<Digest> {
        let symbols = self.symbols_of(Some(class)).map(|at| &self.symbols[at]);
        let first = |symbol: &Symbol| self.binders(symbol).first().map(|binder| binder.node);
        let mut names: Vec<(Option<u32>, &str)> =
            symbols.map(|symbol| (first(symbol), self.name(symbol.name))).collect();
        names.sort_unstable();
        let names: Vec<&str> = names.into_iter().map(|(_, name)| name).collect();
        (names.len() > 1).then(|| Digest::of_value("order/1", &names))
    }

    /// The digest of the classes with bases; `None` if there are none.
    fn subclasses(&self) -> Option<Digest> {
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
