//! Following what was found to what it reaches, until nothing new is found.
//!
//! Most of what a vertex reaches depends on nothing else. What does is watched for as the closure
//! grows: an attribute is reached once its class *and* a mention of its name are, an effect once its
//! module *and* something that it can change are.

use super::classes::{ClassId, ClassInfo, are_many};
use super::modules::ModuleId;
use super::program::{Index, Program};
use super::resolve::Resolver;
use super::vertices::{Item, VertexId};
use super::words::Word;

impl Program {
    /// Follows all that was found, to its end.
    pub(super) fn run(&mut self) {
        while let Some(vertex) = self.scratch.next() {
            let expansion = self.expansion(vertex);
            for next in &expansion.vertices {
                self.scratch.reach(*next);
            }
            for module in &expansion.modules {
                self.enter(*module);
            }
            for attr in &expansion.attrs {
                self.mention(*attr);
            }
            for probe in &expansion.probes {
                self.scratch.probes.add(probe.0);
            }
            for prefix in &expansion.prefixes {
                self.begin(*prefix);
            }
            if let Some(class) = expansion.class {
                self.find_class(class);
            }
            if let Some(class) = expansion.family {
                self.read_family(class);
            }
            self.scratch.dynamic.merge(expansion.dynamic);
            self.scratch.observed.extend(&expansion.observed);
            self.find_effects(vertex);
        }
    }

    /// Enters a module into the closure of the imports.
    pub(super) fn enter(&mut self, module: ModuleId) {
        if !self.scratch.modules.add(module.0) {
            return;
        }
        let edges = self.module_edges(module);
        for next in &edges.vertices {
            self.scratch.reach(*next);
        }
        self.scratch.observed.extend(&edges.observed);
        for imported in &edges.modules {
            self.enter(*imported);
        }
        let Some(index) = &self.index else { return };
        let found = &self.scratch.vertices;
        let effects = index.effects.of_module(module).iter().enumerate();
        let acting: Vec<usize> = effects
            .filter(|(_, effect)| {
                effect.is_untold || effect.targets.iter().any(|it| found.has(*it))
            })
            .map(|(at, _)| at)
            .collect();
        for effect in acting {
            self.reach_effect(module, effect);
        }
    }

    fn find_effects(&mut self, target: VertexId) {
        let Some(index) = &self.index else { return };
        let found = index.effects.on(target);
        if found.is_empty() {
            return;
        }
        let modules = &self.scratch.modules;
        let found: Vec<_> =
            found.iter().copied().filter(|(module, _)| modules.has(module.0)).collect();
        for (module, effect) in found {
            self.reach_effect(module, effect);
        }
    }

    pub(super) fn reach_effect(&mut self, module: ModuleId, effect: usize) {
        let Self { index: Some(index), vertices, scratch, .. } = self else { return };
        let effect = &index.effects.of_module(module)[effect];
        scratch.reach(effect.node);
        if let Some(defaults) = effect.defaults {
            scratch.reach(defaults);
        }
        for group in &effect.groups {
            scratch.reach(vertices.number(module, Item::Effects(*group)));
        }
    }

    pub(super) fn mention(&mut self, attr: Word) {
        let Self { index: Some(index), scratch, .. } = self else { return };
        if scratch.attrs.add(attr.0) {
            for (class, vertex) in index.classes.owners(attr) {
                if scratch.classes.has(*class) {
                    scratch.reach(*vertex);
                }
            }
        }
    }

    fn begin(&mut self, prefix: Word) {
        if self.scratch.prefixes.add(prefix.0) {
            for at in 0..self.scratch.classes.len() {
                self.begin_class(self.scratch.classes.list()[at], prefix);
            }
        }
    }

    /// That a class has names that begin like this counts, which is worked out once.
    fn begin_class(&mut self, class: ClassId, prefix: Word) {
        let Self { index: Some(index), modules, words, vertices, scratch, .. } = self else {
            return;
        };
        let Index { alike, classes, asked_prefixes, .. } = index;
        let answer = *alike.entry((class, prefix)).or_insert_with(|| {
            let ClassInfo { module, class: index, .. } = *classes.get(class);
            let resolver = Resolver { modules, words, vertices };
            let item = if classes.has_alike(class, prefix, &resolver) {
                Item::Alike(index, prefix)
            } else if !asked_prefixes.contains(&prefix) {
                return None;
            } else if are_many(resolver.modules, module) {
                Item::OwnersAlike(prefix)
            } else {
                Item::Alike(index, prefix)
            };
            Some(resolver.vertices.number(module, item))
        });
        if let Some(vertex) = answer {
            scratch.reach(vertex);
        }
    }

    fn find_class(&mut self, class: ClassId) {
        if !self.scratch.classes.add(class) {
            return;
        }
        let Self { index: Some(index), modules, words, vertices, scratch, .. } = self else {
            return;
        };
        let info = index.classes.get(class);
        let is_open = info.is_open;
        let mut resolver = Resolver { modules, words, vertices };
        let table = index.classes.table(class, &mut resolver);
        for vertex in &table.implicit {
            scratch.reach(*vertex);
        }
        for (name, vertex) in &table.entries {
            if scratch.attrs.has(name.0) {
                scratch.reach(*vertex);
            }
        }
        if is_open {
            // What reads it all finds what it inherits, too.
            self.reach_members(class);
        } else {
            self.read_if_in_family(class);
        }
        for at in 0..self.scratch.prefixes.len() {
            self.begin_class(class, Word(self.scratch.prefixes.list()[at]));
        }
    }

    /// Reaches all members of a class, and of those found that derive from it.
    fn read_family(&mut self, class: ClassId) {
        if self.scratch.families.add(class) {
            self.reach_members(class);
            for at in 0..self.scratch.classes.len() {
                self.read_if_in_family(self.scratch.classes.list()[at]);
            }
        }
    }

    fn read_if_in_family(&mut self, class: ClassId) {
        let Some(index) = &self.index else { return };
        let families = &self.scratch.families;
        if index.classes.get(class).order.iter().any(|base| families.has(*base)) {
            self.reach_members(class);
        }
    }

    /// Reaches all members of a class, inherited ones included.
    pub(super) fn reach_members(&mut self, class: ClassId) {
        let Self { index: Some(index), vertices, scratch, .. } = self else { return };
        for base in &index.classes.get(class).order {
            let base = index.classes.get(*base);
            scratch.reach(vertices.number(base.module, Item::Class(base.class)));
        }
    }
}
