//! The rules that look at a closure as a whole, once nothing else is to be followed.

use super::Widening;
use super::classes::ClassInfo;
use super::modules::ModuleId;
use super::program::Program;
use super::roots::Body;
use super::scratch::Sought;
use super::vertices::{Item, fixed};
use crate::source::bindings::NodeKind;

impl Program {
    /// Applies the rules that look at the closure as a whole. They are those that never reach less where
    /// more was found, so that closures can go on from what they gave.
    pub(super) fn settle(&mut self) {
        if self.scratch.dynamic.signatures {
            self.reach_signatures();
        }
        if self.scratch.dynamic.annotations {
            self.reach_hints();
        }
        if self.scratch.dynamic.all_modules {
            self.reach_all_modules();
        }
        if self.scratch.dynamic.all_members || self.scratch.dynamic.annotations {
            for at in 0..self.scratch.classes.len() {
                let class = self.scratch.classes.list()[at];
                let Self { index: Some(index), vertices, scratch, .. } = self else { return };
                let ClassInfo { module, class, .. } = *index.classes.get(class);
                scratch.reach(vertices.number(module, Item::Class(class)));
            }
        }
        self.reach_subclasses();
    }

    /// A function that was made by a call at import depends on the statement that made it: on those
    /// that are reached, or if none is, on all that could have. That holds for whole closures only.
    pub(super) fn find_makers(&mut self, bodies: &[Body]) {
        if self.index.as_ref().is_some_and(|index| !index.makers.is_empty()) {
            for body in bodies {
                self.find_makers_of(*body);
            }
        }
    }

    fn find_makers_of(&mut self, body: Body) {
        let outer = self
            .modules
            .source(body.module)
            .and_then(|source| source.bindings().functions.get(body.function)?.outer);
        let outer = outer.and_then(|outer| {
            self.body_vertex(Body { module: body.module, function: outer as usize })
        });
        let Self { index: Some(index), scratch, .. } = self else { return };
        let makers = outer.and_then(|outer| index.makers.get(&outer));
        let makers = makers.map_or(&[][..], |makers| makers);
        if !makers.iter().any(|maker| scratch.vertices.has(*maker)) {
            for maker in makers {
                scratch.reach(*maker);
            }
        }
    }

    /// Who can get at any module that is loaded reads, in doubt, all of those that the imports reach.
    fn reach_all_modules(&mut self) {
        for at in 0..self.scratch.modules.len() {
            let module = ModuleId(self.scratch.modules.list()[at]);
            let whole = self.vertices.number(module, Item::Whole(Widening::LoadedModules));
            self.scratch.reach(whole);
        }
    }

    fn reach_signatures(&mut self) {
        for at in self.scratch.signed..self.scratch.vertices.len() {
            self.scratch.signed = at + 1;
            let Some((module, node)) = self.node_at(at) else { continue };
            let Some(source) = self.modules.source(module) else { continue };
            let bindings = source.bindings();
            if let NodeKind::Function(function) = bindings.nodes[node as usize].kind {
                let first = self.modules.get(module).first;
                for item in [Item::Signature(function), Item::Annotations(function)] {
                    self.scratch.reach(fixed(first, bindings, item));
                }
            }
        }
    }

    /// The node that was reached as this vertex, counted in the order of reaching; `None` if that is no node.
    fn node_at(&self, at: usize) -> Option<(ModuleId, u32)> {
        let vertex = self.vertices.get(self.scratch.vertices.list()[at]);
        match vertex.item {
            Item::Node(node) => Some((vertex.module, node)),
            _ => None,
        }
    }

    fn reach_hints(&mut self) {
        for at in self.scratch.hinted..self.scratch.vertices.len() {
            self.scratch.hinted = at + 1;
            let Some((module, node)) = self.node_at(at) else { continue };
            let source = self.modules.source(module);
            if source.is_some_and(|it| it.bindings().nodes[node as usize].hint.is_some()) {
                self.scratch.reach(self.vertices.number(module, Item::Hint(node)));
            }
        }
    }

    /// Who can see the subclasses of a class reaches those that the imports make.
    fn reach_subclasses(&mut self) {
        let Self { index: Some(index), scratch, .. } = self else { return };
        let classes = &index.classes;
        let all_see = scratch.dynamic.subclasses;
        if all_see != scratch.sought.all_see {
            scratch.sought = Sought { all_see, classes: 0, ..scratch.sought };
        }
        for at in scratch.sought.classes..scratch.classes.len() {
            let class = scratch.classes.list()[at];
            if all_see || classes.get(class).sees_subclasses {
                scratch.seers.add(class);
            }
        }
        scratch.sought.classes = scratch.classes.len();
        if scratch.seers.len() == 0 {
            return;
        }
        scratch.sees_subclasses = true;
        let Sought { seers, modules, .. } = scratch.sought;
        scratch.sought.seers = scratch.seers.len();
        scratch.sought.modules = scratch.modules.len();
        for at in seers..scratch.sought.seers {
            for class in classes.derived(scratch.seers.list()[at]) {
                if scratch.modules.has(classes.get(*class).module.0) {
                    scratch.reach(classes.node(*class));
                }
            }
        }
        for at in modules..scratch.sought.modules {
            for class in classes.of_module(ModuleId(scratch.modules.list()[at])) {
                let bases = &classes.get(class).order[1..];
                if bases.iter().any(|base| scratch.seers.has(*base)) {
                    scratch.reach(classes.node(class));
                }
            }
        }
    }
}
