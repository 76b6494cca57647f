//! What all sources together say of functions: which are handed to a cache, which methods there are that could fill what
//! another one asks for, and which ask for what is in a test's file.

use rustc_hash::{FxHashMap, FxHashSet};

use super::modules::{ModuleId, Source};
use super::roots::Body;
use super::words::{Word, Words};

/// The functions of a program by name.
#[derive(Debug, Default)]
pub(super) struct Functions {
    /// Names that a cache was called with: `compute` of `get = lru_cache(maxsize=9)(compute)`.
    plain: FxHashSet<Word>,
    /// The same as attributes: `compute` of `lru_cache(self.compute)`.
    attributes: FxHashSet<Word>,
    methods: FxHashMap<Word, Vec<Body>>,
    /// Functions that ask a test's module for something.
    askers: Vec<Body>,
}

impl Functions {
    /// Takes in what the source of a module says.
    pub(super) fn add(&mut self, module: ModuleId, source: &Source, words: &mut Words) {
        let bindings = source.bindings();
        for (name, is_attribute) in &bindings.kept {
            let names = if *is_attribute { &mut self.attributes } else { &mut self.plain };
            names.insert(source.words[name.0 as usize]);
        }
        for (function, units) in bindings.functions.iter().enumerate() {
            if bindings.units[units.body as usize].dynamic.test_module {
                self.askers.push(Body { module, function });
            }
            if units.class.is_some()
                && let Some(name) = own_name(source, function)
            {
                let name = words.number(name);
                self.methods.entry(name).or_default().push(Body { module, function });
            }
        }
    }

    /// Whether a cache was called with a function of this name.
    pub(super) fn is_kept(&self, name: Word, is_method: bool) -> bool {
        self.attributes.contains(&name) || (!is_method && self.plain.contains(&name))
    }

    /// Those of the functions that ask a test's module for something.
    pub(super) fn askers(&self, functions: &[Body]) -> impl Iterator<Item = Body> {
        self.askers.iter().copied().filter(|asker| functions.contains(asker))
    }

    /// The methods that have this name.
    pub(super) fn methods(&self, name: Word) -> &[Body] {
        self.methods.get(&name).map_or(&[], |methods| methods)
    }
}

/// The name of a function without those around it.
pub(super) fn own_name(source: &Source, function: usize) -> Option<&str> {
    let name = source.model.functions().get(function)?.name();
    let name = name.split('#').next().unwrap_or(name);
    name.rsplit('.').next()
}
