//! Where a piece of the module or class level stands among the others, so far as that decides what it does.
//!
//! Digests are blind to positions: moved code is free. But `LEVEL = "debug" if DEBUG else "info"` says something else
//! above the last statement that binds `DEBUG` than below it, and so does what is read of a registry between two
//! registrations. So a node whose names are bound, changed or taken from a `*` *after* it has the number of these in
//! its digest. In the usual order nothing comes after, and nothing is added.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHashSet};

use super::collector::{Bound, Collector};
use super::import::{ImportTarget, Imported};
use super::names::NameId;
use super::nodes::{Node, NodeKind};
use super::unit::{Chain, Unit};
use crate::Digest;
use crate::digest::DigestBuilder;

/// How deep functions of the same module are followed to what they change or read.
const DEPTH: u32 = 3;

/// Modules whose changes at import are made for the imports that come after: variables, `sys.path`.
const FOR_IMPORTS: &[&str] = &["os", "sys"];

/// Something that statements act on, or read: a name of the module, or the module that an import takes it from.
type Place = Box<str>;

/// The functions of a module, by name.
type Functions = FxHashMap<NameId, u32>;

/// The statements of a module that act on something beyond their own names.
struct Acting {
    node: u32,
    on: FxHashSet<Place>,
}

/// What comes after a node that it depends on, by name.
#[derive(Default)]
struct After(Vec<(Box<str>, usize)>);

impl After {
    fn add(&mut self, name: &str, count: usize) {
        if count > 0 {
            self.0.push((name.into(), count));
        }
    }

    /// A digest that says this beside what it said.
    fn fold(mut self, digest: Digest) -> Digest {
        self.0.sort_unstable();
        self.0.dedup();
        let mut builder = DigestBuilder::new("ordered/1");
        builder.write(digest.as_bytes());
        for (name, count) in self.0 {
            builder.write_usize(name.len());
            builder.write(name.as_bytes());
            builder.write_usize(count);
        }
        builder.digest()
    }
}

impl Collector<'_> {
    /// Adds to the digests of nodes what comes after them that they depend on. The names bound must be in their
    /// order: by class, name and node.
    pub(super) fn fold_order(&mut self) {
        let last = self.last_binders();
        let stars = self.stars();
        let functions = self.functions_by_name();
        let acting = self.acting(&functions);
        let mut folded = Vec::new();
        for index in 0..self.level.nodes.len() as u32 {
            let node = &self.level.nodes[index as usize];
            let mut after = After::default();
            for unit in self.read_at_once(node) {
                self.bound_after(index, node, unit, &last, &mut after);
            }
            let later_stars = stars.iter().filter(|star| **star > index).count();
            if later_stars > 0 && self.meets_stars(index, node, &last) {
                after.add("*", later_stars);
            }
            if acting.last().is_some_and(|last| last.node > index) {
                self.changed_after(index, node, &acting, &functions, &mut after);
            }
            if !after.0.is_empty() {
                folded.push((index, after.fold(node.digest)));
            }
        }
        for (node, digest) in folded {
            self.level.nodes[node as usize].digest = digest;
        }
    }

    /// For each name the node after the last that binds or changes it in the module; 0 if none does.
    fn last_binders(&self) -> Vec<u32> {
        let mut last = vec![0; self.names.len()];
        for bound in self.bound.iter().filter(|bound| bound.class.is_none()) {
            // Names stand together, their nodes ascending.
            last[bound.name.0 as usize] = bound.node + 1;
        }
        last
    }

    fn stars(&self) -> Vec<u32> {
        let is_star = |node: &Node| match node.kind {
            NodeKind::Import(import) => self.imports[import as usize].what == Imported::Star,
            _ => false,
        };
        let nodes = (0..).zip(&self.level.nodes);
        nodes.filter(|(_, node)| is_star(node)).map(|(index, _)| index).collect()
    }

    /// What a node mentions that is read when it runs: of a function its decorators and defaults.
    fn read_at_once(&self, node: &Node) -> impl Iterator<Item = &Unit> {
        let signature = match node.kind {
            NodeKind::Function(function) => self.level.functions[function as usize].signature,
            _ => None,
        };
        [Some(node.unit), signature].into_iter().flatten().map(|unit| &self.units[unit as usize])
    }

    /// Notes the names that a unit reads and that are bound or changed after the node.
    fn bound_after(&self, index: u32, node: &Node, unit: &Unit, last: &[u32], after: &mut After) {
        let mut note = |class: Option<u32>, name: NameId| {
            let bound = self.bound_as(class, name).iter();
            let count = bound.filter(|bound| bound.node > index).count();
            after.add(self.names.text(name), count);
        };
        for chain in unit.loads.iter().chain(&unit.handed) {
            let root = self.pool[chain.start as usize];
            if last[root.0 as usize] > index + 1 {
                note(None, root);
            }
        }
        if node.class.is_some() && !matches!(node.kind, NodeKind::Function(_)) {
            // Names of the class count among the attributes.
            unit.attrs.iter().for_each(|name| note(node.class, *name));
        }
    }

    /// What binds a name, in the order of the nodes.
    fn bound_as(&self, class: Option<u32>, name: NameId) -> &[Bound] {
        let start = self.bound.partition_point(|it| (it.class, it.name) < (class, name));
        let of_name = &self.bound[start..];
        &of_name[..of_name.partition_point(|it| (it.class, it.name) == (class, name))]
    }

    /// Whether what is taken by a `*` later can stand for something that the node binds, or reads.
    fn meets_stars(&self, index: u32, node: &Node, last: &[u32]) -> bool {
        let binds = node.class.is_none()
            && self.bound.iter().any(|it| it.class.is_none() && it.node == index);
        let is_free = |chain: &Chain| last[self.pool[chain.start as usize].0 as usize] == 0;
        binds || self.read_at_once(node).any(|unit| unit.loads.iter().any(is_free))
    }

    /// The statements that act on something beyond their own names, in their order.
    fn acting(&self, functions: &Functions) -> Vec<Acting> {
        let is_acting = |node: &Node| node.is_effect || !node.groups.is_empty();
        let nodes = (0..).zip(&self.level.nodes).filter(|(_, node)| is_acting(node));
        nodes
            .map(|(index, node)| {
                let mut on = FxHashSet::default();
                let unit = &self.units[node.unit as usize];
                for chain in unit.writes.iter().chain(&unit.calls).chain(&unit.handed) {
                    self.places(*chain, functions, Following::Changes, 0, &mut on);
                }
                Acting { node: index, on }
            })
            .collect()
    }

    /// Notes how many statements after the node act on what it reads.
    fn changed_after(
        &self,
        index: u32,
        node: &Node,
        acting: &[Acting],
        functions: &Functions,
        after: &mut After,
    ) {
        let mut read = FxHashSet::default();
        if let NodeKind::Import(import) = node.kind {
            let module = &*self.imports[import as usize].module;
            if !FOR_IMPORTS.contains(&module) {
                read.extend(FOR_IMPORTS.iter().map(|name| Place::from(*name)));
            }
        }
        for unit in self.read_at_once(node) {
            for chain in &unit.loads {
                self.places(*chain, functions, Following::Reads, 0, &mut read);
            }
        }
        let own = acting.iter().find(|it| it.node == index);
        for place in &read {
            // The order of what acts on the same is told by the effects themselves.
            if own.is_none_or(|own| !own.on.contains(place)) {
                let later = acting.iter().filter(|it| it.node > index && it.on.contains(place));
                after.add(&format!("!{place}"), later.count());
            }
        }
    }

    fn functions_by_name(&self) -> Functions {
        let bound = self.bound.iter().filter(|bound| bound.class.is_none());
        let functions =
            bound.filter_map(|bound| match self.level.nodes[bound.node as usize].kind {
                NodeKind::Function(function) => Some((bound.name, function)),
                _ => None,
            });
        functions.collect()
    }

    /// What a chain stands for; of a function of the module, what it changes or reads.
    fn places(
        &self,
        chain: Chain,
        functions: &Functions,
        following: Following,
        depth: u32,
        found: &mut FxHashSet<Place>,
    ) {
        if let Some(import) = chain.import() {
            return found.extend(imported_places(&self.imports[import]));
        }
        let root = self.pool[chain.start as usize];
        let mut is_bound = false;
        for bound in self.bound_as(None, root) {
            is_bound = true;
            if let Some(import) = bound.import {
                found.extend(imported_places(&self.imports[import as usize]));
            }
        }
        if is_bound {
            found.insert(self.names.text(root).into());
        }
        let Some(function) = functions.get(&root).filter(|_| depth < DEPTH) else { return };
        let unit = &self.units[self.level.functions[*function as usize].body as usize];
        let changed = unit.writes.iter().chain(&unit.calls);
        let read = unit.loads.iter().filter(|_| following == Following::Reads);
        for chain in changed.chain(read).copied().collect::<Vec<_>>() {
            self.places(chain, functions, following, depth + 1, found);
        }
    }
}

/// What functions are followed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Following {
    Changes,
    Reads,
}

/// The modules that an import may take a thing from.
fn imported_places(import: &ImportTarget) -> Vec<Place> {
    let ImportTarget { level, module, what } = import;
    let dots = ".".repeat(*level as usize);
    let module = format!("{dots}{module}");
    match what {
        Imported::Name(name) => {
            let inner = if module.ends_with('.') {
                format!("{module}{name}")
            } else {
                format!("{module}.{name}")
            };
            vec![module.into(), inner.into()]
        }
        _ => vec![module.into()],
    }
}
