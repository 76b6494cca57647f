//! What a class has by its bases, asked of the sources alone: while a run is on, before its classes are worked out.

use super::modules::ModuleId;
use super::resolve::{End, Resolver};
use super::words::Word;
use crate::source::bindings::{Binder, Chain, NodeKind, Value};

/// How many bases of a class are looked through, one above the other.
pub(super) const BASES: u32 = 8;

impl Resolver<'_> {
    /// Whether a base of a class has one of these names as a variable that is not constant.
    pub(super) fn inherits_container(
        &mut self,
        module: ModuleId,
        class: u32,
        names: &[Word],
        depth: u32,
    ) -> bool {
        let modules = self.modules;
        let Some(source) = modules.source(module) else { return false };
        let bases = &source.bindings().classes[class as usize].bases;
        let bases: Vec<_> =
            bases.iter().flatten().flat_map(|base| self.classes_at(module, *base)).collect();
        bases.into_iter().any(|(module, class)| {
            let Some(source) = modules.source(module) else { return false };
            let bindings = source.bindings();
            let is_container = |binder: &Binder| {
                let node = &bindings.nodes[binder.node as usize];
                node.kind == NodeKind::Statement && node.value != Value::Constant
            };
            let mut symbols = bindings.symbols_of(Some(class)).map(|at| &bindings.symbols[at]);
            symbols.any(|symbol| {
                names.contains(&source.words[symbol.name.0 as usize])
                    && bindings.binders(symbol).iter().any(is_container)
            }) || (depth > 0 && self.inherits_container(module, class, names, depth - 1))
        })
    }

    /// Whether a chain is the name of a class of the project that has `__get__`, or inherits it there.
    pub(super) fn is_descriptor(&mut self, module: ModuleId, chain: Chain, depth: u32) -> bool {
        let modules = self.modules;
        self.classes_at(module, chain).into_iter().any(|(module, class)| {
            let Some(source) = modules.source(module) else { return false };
            let bindings = source.bindings();
            let mut symbols = bindings.symbols_of(Some(class));
            let bases = &bindings.classes[class as usize].bases;
            symbols.any(|at| bindings.name(bindings.symbols[at].name) == "__get__")
                || (depth < BASES
                    && bases.iter().flatten().any(|it| self.is_descriptor(module, *it, depth + 1)))
        })
    }

    /// The classes of the project that a chain is the name of.
    fn classes_at(&mut self, module: ModuleId, chain: Chain) -> Vec<(ModuleId, u32)> {
        let modules = self.modules;
        let mut found = Vec::new();
        for end in self.chain(module, chain).ends {
            let End::Bound { module, symbol, rest: 0 } = end else { continue };
            let Some(source) = modules.source(module) else { continue };
            let bindings = source.bindings();
            for binder in bindings.binders(&bindings.symbols[symbol as usize]) {
                if let NodeKind::Class(class) = bindings.nodes[binder.node as usize].kind {
                    found.push((module, class));
                }
            }
        }
        found
    }
}
