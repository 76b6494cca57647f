//! What a module takes over from others with `from m import *`.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::modules::{ModuleId, Modules};
use super::words::Word;

/// From more modules than this a name is told to be absent in all at once: a package that gathers the names of
/// three hundred modules would have a fact for each of them and each name.
const FEW_STARS: usize = 4;

/// The modules that the names of one module can come from by star imports: its own, and theirs.
#[derive(Debug, Default)]
pub(super) struct Stars {
    /// In the order in which they are come upon, each once.
    pub(super) modules: Vec<ModuleId>,
    /// Those that bind a name, by name.
    binders: FxHashMap<Word, Vec<ModuleId>>,
    /// Those of which nothing is known.
    unread: Vec<ModuleId>,
}

impl Stars {
    /// Those of `module`.
    pub(super) fn of(module: ModuleId, modules: &Modules) -> Arc<Self> {
        let mut stars = Self::default();
        stars.add_sources(module, module, modules);
        Arc::new(stars)
    }

    fn add_sources(&mut self, of: ModuleId, top: ModuleId, modules: &Modules) {
        let Some(source) = modules.source(of) else { return };
        for star in &source.stars {
            for taken in &*modules.imported_modules(of, *star) {
                if *taken == top || self.modules.contains(taken) {
                    continue;
                }
                self.modules.push(*taken);
                match modules.source(*taken) {
                    Some(source) => {
                        for name in source.names() {
                            self.binders.entry(name).or_default().push(*taken);
                        }
                    }
                    None => self.unread.push(*taken),
                }
                self.add_sources(*taken, top, modules);
            }
        }
    }

    /// Those that a name can come from as they are now.
    pub(super) fn binding(&self, name: Word) -> impl Iterator<Item = ModuleId> {
        let binders = self.binders.get(&name).into_iter().flatten();
        binders.chain(&self.unread).copied()
    }

    /// Those that do not bind a name.
    pub(super) fn lacking(&self, name: Word) -> impl Iterator<Item = ModuleId> {
        let binding: Vec<ModuleId> = self.binding(name).collect();
        self.modules.iter().copied().filter(move |module| !binding.contains(module))
    }

    /// Whether they are told about all at once.
    pub(super) fn are_many(&self) -> bool {
        self.modules.len() > FEW_STARS
    }
}
