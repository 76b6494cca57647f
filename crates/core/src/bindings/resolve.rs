//! From names to what they stand for, through imports, re-exports and submodules.
//!
//! Every name that is looked at on the way is part of the answer, also those that are not bound: a
//! binding that appears there would win.

use super::modules::{ModuleId, Modules};
use super::stars::Stars;
use super::vertices::{Item, VertexId, Vertices, fixed};
use super::words::{Word, Words};
use crate::source::bindings::{Chain, ImportTarget, Imported};

/// More imports of imports than this are a circle.
const MAX_HOPS: u32 = 64;

/// Where a chain of names leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A symbol, with so many names of the chain behind it.
    Bound { module: ModuleId, symbol: u32, rest: usize },
    /// A module as a whole.
    Module(ModuleId),
    /// The `__dict__` of a module.
    Dict(ModuleId),
    /// A name that a module does not bind: a builtin, or nothing.
    Unbound { module: ModuleId, name: Word, is_attribute: bool },
    /// Something outside of the project, by its last name.
    External(Option<Word>),
}

/// A chain, followed.
#[derive(Debug, Default)]
pub(super) struct Trail {
    /// What was looked at.
    pub(super) vertices: Vec<VertexId>,
    pub(super) ends: Vec<End>,
    seen: Vec<(ModuleId, Word, usize)>,
}

/// What is needed to follow names.
pub(super) struct Resolver<'a> {
    pub(super) modules: &'a Modules,
    pub(super) words: &'a mut Words,
    pub(super) vertices: &'a mut Vertices,
}

impl Resolver<'_> {
    /// Follows a chain that is mentioned in `module`.
    pub(super) fn chain(&mut self, module: ModuleId, chain: Chain) -> Trail {
        let mut trail = Trail::default();
        let Some(source) = self.modules.source(module) else { return trail };
        let bindings = source.bindings();
        let names = bindings.chain(chain).iter();
        let names: Vec<Word> = names.map(|name| source.words[name.0 as usize]).collect();
        match chain.import() {
            Some(import) => {
                self.import(module, &bindings.imports[import], &names, &mut trail, 0);
            }
            None => self.names(module, &names, &mut trail, 0),
        }
        trail
    }

    /// Follows a dotted string: names of `module`, or the full name of something else.
    pub(super) fn dotted(&mut self, text: &str) -> Trail {
        let mut trail = Trail::default();
        let parts: Vec<&str> = text.split(['.', ':']).collect();
        if parts.first().is_some_and(|first| self.modules.is_known(first)) {
            let rest: Vec<Word> = parts[1..].iter().map(|part| self.words.number(part)).collect();
            self.path(parts[0], &rest, &mut trail, 0);
        }
        trail
    }

    /// Follows names that somebody outside of the sources looks up in `module`.
    pub(super) fn looked_up(&mut self, module: ModuleId, dotted: &str) -> Trail {
        let mut trail = Trail::default();
        let names: Vec<Word> = dotted.split('.').map(|part| self.words.number(part)).collect();
        self.names(module, &names, &mut trail, 0);
        trail
    }

    /// Follows what one alias of an import statement binds.
    pub(super) fn imported(&mut self, module: ModuleId, import: usize) -> Trail {
        let mut trail = Trail::default();
        if let Some(source) = self.modules.source(module) {
            self.import(module, &source.bindings().imports[import], &[], &mut trail, 0);
        }
        trail
    }

    /// The first of `names` is looked up in the globals of `module`.
    fn names(&mut self, module: ModuleId, names: &[Word], trail: &mut Trail, hops: u32) {
        let [name, rest @ ..] = names else { return };
        if hops > MAX_HOPS || trail.seen.contains(&(module, *name, rest.len())) {
            return;
        }
        let is_bound = self.own(module, names, trail, hops);
        let before = trail.ends.len();
        self.starred(module, names, trail, hops + 1);
        let is_found = trail.ends[before..].iter().any(|end| !matches!(end, End::Unbound { .. }));
        if !is_bound && !is_found {
            trail.ends.truncate(before);
            trail.ends.push(End::Unbound { module, name: *name, is_attribute: hops > 0 });
        }
    }

    /// Looks names up among those that the statements of `module` bind, and tells whether the first is one of them.
    /// That of a module that cannot be read may be.
    fn own(&mut self, module: ModuleId, names: &[Word], trail: &mut Trail, hops: u32) -> bool {
        let [name, rest @ ..] = names else { return true };
        if trail.seen.contains(&(module, *name, rest.len())) {
            return true;
        }
        trail.seen.push((module, *name, rest.len()));
        let Some(source) = self.modules.source(module) else {
            trail.ends.push(End::Module(module));
            return true;
        };
        let Some(symbol) = source.symbol(*name) else {
            trail.vertices.push(self.vertices.number(module, Item::Absent(None, *name)));
            return false;
        };
        let first = self.modules.get(module).first;
        let bindings = source.bindings();
        trail.vertices.push(fixed(first, bindings, Item::Symbol(symbol)));
        let binders = bindings.binders(&bindings.symbols[symbol as usize]);
        for import in binders.iter().filter_map(|binder| binder.import) {
            let import = &bindings.imports[import as usize];
            self.import(module, import, rest, trail, hops + 1);
        }
        if binders.iter().any(|binder| binder.import.is_none()) {
            trail.ends.push(End::Bound { module, symbol, rest: rest.len() });
        }
        true
    }

    /// Looks names up in what `from m import *` statements took over.
    fn starred(&mut self, module: ModuleId, names: &[Word], trail: &mut Trail, hops: u32) {
        let Some(name) = names.first().copied() else { return };
        let stars = self.modules.stars(module);
        if stars.are_many() {
            let all = [Item::Stars, Item::Unstarred(name)];
            trail.vertices.extend(all.map(|item| self.vertices.number(module, item)));
        } else {
            trail.vertices.extend(self.taken(&stars));
            let absent = |source| self.vertices.number(source, Item::Absent(None, name));
            trail.vertices.extend(stars.lacking(name).map(absent));
        }
        for source in stars.binding(name) {
            self.own(source, names, trail, hops);
        }
    }

    /// What the modules that all names are taken of say these are.
    pub(super) fn taken(&mut self, stars: &Stars) -> Vec<VertexId> {
        let all = self.words.number("__all__");
        stars.modules.iter().map(|source| self.mere_name(*source, all)).collect()
    }

    /// How a module binds a name, if it does, without following it.
    fn mere_name(&mut self, module: ModuleId, name: Word) -> VertexId {
        let at = self.modules.get(module);
        let symbol = at.source.as_ref().map(|source| (source, source.symbol(name)));
        match symbol {
            Some((source, Some(symbol))) => {
                fixed(at.first, source.bindings(), Item::Symbol(symbol))
            }
            _ => self.vertices.number(module, Item::Absent(None, name)),
        }
    }

    /// `rest` is looked up in what an import binds.
    fn import(
        &mut self,
        importer: ModuleId,
        import: &ImportTarget,
        rest: &[Word],
        trail: &mut Trail,
        hops: u32,
    ) {
        if hops > MAX_HOPS {
            return;
        }
        for dotted in self.modules.imported_names(importer, import) {
            match &import.what {
                Imported::Top => {
                    let top = dotted.split('.').next().unwrap_or_default();
                    self.path(top, rest, trail, hops);
                }
                Imported::Module => self.path(&dotted, rest, trail, hops),
                Imported::Name(name) => {
                    let mut names = vec![self.words.number(name)];
                    names.extend(rest);
                    self.path(&dotted, &names, trail, hops);
                }
                Imported::Star => {}
            }
        }
    }

    /// `rest` is looked up in the module with this name.
    fn path(&mut self, dotted: &str, rest: &[Word], trail: &mut Trail, hops: u32) {
        let modules = self.modules.named(dotted).to_vec();
        let Some(next) = rest.first() else {
            if modules.is_empty() && !self.modules.is_known(dotted) {
                let last = dotted.rsplit('.').next().unwrap_or_default();
                let last = self.words.number(last);
                trail.ends.push(End::External(Some(last)));
            }
            return trail.ends.extend(modules.into_iter().map(End::Module));
        };
        let submodule = format!("{dotted}.{}", self.words.text(*next));
        let has_submodule = self.modules.is_known(&submodule);
        for module in &modules {
            self.attribute(*module, rest, has_submodule, trail, hops);
        }
        if has_submodule {
            self.path(&submodule, &rest[1..], trail, hops);
        } else if modules.is_empty() {
            trail.ends.push(End::External(rest.last().copied()));
        }
    }

    /// The first of `rest` is an attribute of a module, seen from outside.
    fn attribute(
        &mut self,
        module: ModuleId,
        rest: &[Word],
        has_submodule: bool,
        trail: &mut Trail,
        hops: u32,
    ) {
        let Some(name) = rest.first().copied() else { return };
        let source = self.modules.source(module);
        if source.is_some_and(|source| source.symbol(name).is_none()) {
            match self.words.text(name) {
                "__dict__" => return trail.ends.push(End::Dict(module)),
                // Set by the import system.
                "__name__" | "__file__" | "__path__" | "__package__" | "__spec__"
                | "__loader__" => {
                    return;
                }
                _ => {}
            }
            if !has_submodule {
                let getattr = self.words.number("__getattr__");
                trail.vertices.push(self.mere_name(module, getattr));
            }
        }
        let before = trail.ends.len();
        self.names(module, rest, trail, hops + 1);
        if has_submodule {
            trail
                .ends
                .extract_if(before.., |end| matches!(end, End::Unbound { .. }))
                .for_each(drop);
        }
    }
}
