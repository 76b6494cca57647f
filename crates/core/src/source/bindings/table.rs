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

use super::finish::Bindings;
use super::import::Imported;
use super::names::NameId;
use super::nodes::NodeKind;
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
}
