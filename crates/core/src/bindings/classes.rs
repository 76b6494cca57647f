//! Classes: their bases, whether they are open, and what of them an attribute's name reaches.
//!
//! A class is *open* if something outside of the names in the project can read or change all of it:
//! a metaclass that [does more](super::metaclasses) than answer questions, a decorator that is not known, a
//! computed base, a base outside of the project that is not known to be harmless, `__getattr__`, or a project base
//! with `__init_subclass__`. An open class is reached whole, with what it inherits.

use rustc_hash::{FxHashMap, FxHashSet};

use super::modules::{ModuleId, Modules};
use super::resolve::{End, Resolver};
use super::vertices::{Item, VertexId, fixed};
use super::words::Word;
use crate::source::bindings::{Bindings, NodeKind};

/// Number of a class in one program.
pub(super) type ClassId = u32;

/// A class of the project.
#[derive(Debug)]
pub(super) struct ClassInfo {
    pub(super) module: ModuleId,
    /// Its index in its source.
    pub(super) class: u32,
    pub(super) is_open: bool,
    pub(super) is_enum: bool,
    /// Whether the annotations in it make fields or members of it.
    reads_hints: bool,
    /// Whether its subclasses can be seen through it: it has a metaclass or `__init_subclass__`.
    pub(super) sees_subclasses: bool,
    /// The class, its bases, theirs and so on: an attribute is looked for in about this order.
    pub(super) order: Vec<ClassId>,
    bases: Vec<ClassId>,
    has_opaque_base: bool,
}

/// A module with more classes than this says of an attribute which of them have it, in place of each that it
/// lacks it. In sqlglot a thousand classes of one base lack hundreds of attributes, and any test can reach them all.
const FEW_CLASSES: usize = 8;

/// That a class lacks an attribute.
pub(super) fn absence(modules: &Modules, module: ModuleId, class: u32, name: Word) -> Item {
    let classes = modules.source(module).map_or(0, |source| source.bindings().classes.len());
    if classes > FEW_CLASSES { Item::Owners(name) } else { Item::Absent(Some(class), name) }
}

/// All classes at node level.
#[derive(Debug, Default)]
pub(super) struct Classes {
    all: Vec<ClassInfo>,
    by_node: FxHashMap<VertexId, ClassId>,
    tables: Vec<Option<Table>>,
    /// Who has an entry for a name, of the classes whose table was needed so far.
    owners: FxHashMap<Word, Vec<(ClassId, VertexId)>>,
    /// The classes with a name of their own that begins in a way that was asked for.
    alike: FxHashMap<Word, FxHashSet<ClassId>>,
}

/// What each attribute's name reaches in a class, and the names as they are bound there.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) entries: Vec<(Word, VertexId)>,
    /// The symbols that are looked up without being told to.
    pub(super) implicit: Vec<VertexId>,
    /// Names bound in the class or one of its bases.
    pub(super) names: FxHashSet<Word>,
}

impl Classes {
    /// The classes of `modules`, with their bases.
    pub(super) fn of(resolver: &mut Resolver<'_>) -> Self {
        let mut classes = Self::default();
        for module in resolver.modules.ids() {
            let Some(source) = resolver.modules.source(module) else { continue };
            let first = resolver.modules.get(module).first;
            for (index, class) in source.bindings().classes.iter().enumerate() {
                let id = classes.all.len() as ClassId;
                classes.by_node.insert(first + class.node, id);
                classes.all.push(ClassInfo {
                    module,
                    class: index as u32,
                    is_open: false,
                    is_enum: false,
                    reads_hints: class.is_record,
                    sees_subclasses: false,
                    order: Vec::new(),
                    bases: Vec::new(),
                    has_opaque_base: false,
                });
            }
        }
        for id in 0..classes.all.len() {
            classes.find_bases(id, resolver);
        }
        for id in 0..classes.all.len() as ClassId {
            let mut order = Vec::new();
            classes.linearise(id, &mut order, 0);
            classes.all[id as usize].order = order;
        }
        classes.open(resolver);
        classes.tables.resize_with(classes.all.len(), || None);
        classes
    }

    pub(super) fn get(&self, id: ClassId) -> &ClassInfo {
        &self.all[id as usize]
    }

    /// Whether the annotations in a class make fields or members of it.
    pub(super) fn reads_hints(&self, id: ClassId) -> bool {
        self.all[id as usize].reads_hints
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The class whose skeleton this node is.
    pub(super) fn at_node(&self, node: VertexId) -> Option<ClassId> {
        self.by_node.get(&node).copied()
    }

    /// The class that a symbol is bound to by a `class` statement.
    pub(super) fn at_symbol(
        &self,
        modules: &Modules,
        module: ModuleId,
        symbol: u32,
    ) -> impl Iterator<Item = ClassId> {
        let first = modules.get(module).first;
        let bindings = modules.source(module).map(super::modules::Source::bindings);
        let binders = bindings
            .map_or(&[][..], |bindings| bindings.binders(&bindings.symbols[symbol as usize]));
        binders.iter().filter_map(move |binder| self.at_node(first + binder.node))
    }

    fn find_bases(&mut self, id: usize, resolver: &mut Resolver<'_>) {
        let ClassInfo { module, class, .. } = self.all[id];
        let modules = resolver.modules;
        let Some(source) = modules.source(module) else { return };
        let bases = &source.bindings().classes[class as usize].bases;
        for base in bases {
            let Some(chain) = base else {
                self.all[id].has_opaque_base = true;
                continue;
            };
            let ends = resolver.chain(module, *chain).ends;
            self.all[id].has_opaque_base |= ends.is_empty();
            for end in ends {
                let found = self.base(end, resolver);
                let info = &mut self.all[id];
                match found {
                    Base::Project(base) => info.bases.push(base),
                    Base::Harmless => {}
                    Base::OfHints => info.reads_hints = true,
                    Base::Enum => info.is_enum = true,
                    Base::Opaque => info.has_opaque_base = true,
                }
            }
        }
    }

    fn base(&self, end: End, resolver: &Resolver<'_>) -> Base {
        match end {
            End::Bound { module, symbol, rest } => {
                let Some(outer) = self.at_symbol(resolver.modules, module, symbol).next() else {
                    return Base::Opaque;
                };
                match rest {
                    0 => Base::Project(outer),
                    // A class inside of a class, by an attribute: found by its qualified name.
                    _ => Base::Opaque,
                }
            }
            End::External(Some(name)) | End::Unbound { name, .. } => {
                match resolver.words.text(name) {
                    "Enum" | "IntEnum" | "StrEnum" | "Flag" | "IntFlag" => Base::Enum,
                    "NamedTuple" | "Protocol" | "TypedDict" => Base::OfHints,
                    name if is_harmless(name) => Base::Harmless,
                    _ => Base::Opaque,
                }
            }
            End::External(None) | End::Module(_) | End::Dict(_) => Base::Opaque,
        }
    }

    fn linearise(&self, id: ClassId, order: &mut Vec<ClassId>, depth: u32) {
        if depth > 64 {
            return;
        }
        // The last mention counts, as in a diamond the common base comes last.
        order.retain(|other| *other != id);
        order.push(id);
        for base in &self.all[id as usize].bases {
            self.linearise(*base, order, depth + 1);
        }
    }

    fn open(&mut self, resolver: &mut Resolver<'_>) {
        let hook = resolver.words.number("__init_subclass__");
        let getters = ["__getattr__", "__getattribute__"].map(|name| resolver.words.number(name));
        let (mut opens, mut hooks, mut made) = (Vec::new(), Vec::new(), Vec::new());
        for info in &self.all {
            let Some(source) = resolver.modules.source(info.module) else { continue };
            let bindings = source.bindings();
            let class = &bindings.classes[info.class as usize];
            let binds = |name: Word| {
                let mut symbols = bindings.symbols_of(Some(info.class));
                symbols.any(|at| source.words[bindings.symbols[at].name.0 as usize] == name)
            };
            hooks.push(binds(hook));
            let metaclasses = class.metaclasses.iter();
            let is_made = metaclasses.clone().any(|it| self.acts(info.module, *it, resolver));
            made.push(is_made);
            opens.push(
                info.has_opaque_base
                    || is_made
                    || (class.has_unknown_decorator && !class.is_record)
                    || getters.into_iter().any(binds),
            );
        }
        for id in 0..self.all.len() {
            let order = &self.all[id].order;
            let (own, bases) = (id, order[1..].iter().map(|base| *base as usize));
            let is_enum = order.iter().any(|base| self.all[*base as usize].is_enum);
            // `auto()` counts the members before.
            let is_open = opens[own]
                || bases.clone().any(|base| opens[base] || hooks[base])
                || (is_enum && self.mentions(own, "auto", resolver));
            let sees = hooks[own] || made[own];
            let reads_hints =
                is_open || order.iter().any(|base| self.all[*base as usize].reads_hints);
            let info = &mut self.all[id];
            (info.is_open, info.is_enum, info.sees_subclasses) = (is_open, is_enum, sees);
            info.reads_hints = reads_hints;
        }
    }

    /// Whether a statement of the class mentions this name.
    fn mentions(&self, id: usize, name: &str, resolver: &Resolver<'_>) -> bool {
        let ClassInfo { module, class, .. } = self.all[id];
        let Some(source) = resolver.modules.source(module) else { return false };
        let bindings = source.bindings();
        let mut nodes = bindings.nodes.iter().filter(|node| node.class == Some(class));
        nodes.any(|node| {
            let mut loads = bindings.units[node.unit as usize].loads.iter();
            loads.any(|chain| {
                bindings.chain(*chain).last().is_some_and(|last| bindings.name(*last) == name)
            })
        })
    }

    /// What each attribute's name reaches in a class.
    pub(super) fn table(&mut self, id: ClassId, resolver: &mut Resolver<'_>) -> &Table {
        if self.tables[id as usize].is_none() {
            let table = self.make_table(id, resolver);
            for (name, vertex) in &table.entries {
                self.owners.entry(*name).or_default().push((id, *vertex));
            }
            self.tables[id as usize] = Some(table);
        }
        self.tables[id as usize].get_or_insert_default()
    }

    /// The classes that have something for this name, of those whose table was asked for.
    pub(super) fn owners(&self, name: Word) -> &[(ClassId, VertexId)] {
        self.owners.get(&name).map_or(&[], |owners| owners)
    }

    /// Whether a class has a name, inherited ones and those of instances included, that begins like this.
    pub(super) fn has_alike(&mut self, id: ClassId, prefix: Word, resolver: &Resolver<'_>) -> bool {
        let Self { all, alike, .. } = self;
        let owners = alike.entry(prefix).or_insert_with(|| {
            let text = resolver.words.text(prefix);
            let begins = |info: &ClassInfo| {
                let Some(source) = resolver.modules.source(info.module) else { return false };
                let bindings = source.bindings();
                let symbols = bindings.symbols_of(Some(info.class));
                let stored = &bindings.classes[info.class as usize].stored;
                let mut names =
                    symbols.map(|at| bindings.symbols[at].name).chain(stored.iter().copied());
                names.any(|name| bindings.name(name).starts_with(text))
            };
            (0..).zip(all.iter()).filter(|(_, info)| begins(info)).map(|(id, _)| id).collect()
        });
        all[id as usize].order.iter().any(|base| owners.contains(base))
    }

    fn make_table(&self, id: ClassId, resolver: &mut Resolver<'_>) -> Table {
        let mut table = Table::default();
        let order = &self.all[id as usize].order;
        // Of each name, the last place of the order that binds it.
        let mut last: FxHashMap<Word, usize> = FxHashMap::default();
        let mut bound: Vec<FxHashSet<Word>> = Vec::with_capacity(order.len());
        for (at, base) in order.iter().enumerate() {
            let ClassInfo { module, class, .. } = self.all[*base as usize];
            let mut names = FxHashSet::default();
            if let Some(source) = resolver.modules.source(module) {
                let first = resolver.modules.get(module).first;
                let bindings = source.bindings();
                let word = |name: crate::source::bindings::NameId| source.words[name.0 as usize];
                for symbol in bindings.symbols_of(Some(class)) {
                    let name = word(bindings.symbols[symbol].name);
                    names.insert(name);
                    last.insert(name, at);
                    if at == 0 {
                        let vertex = fixed(first, bindings, Item::Symbol(symbol as u32));
                        table.entries.push((name, vertex));
                        if crate::source::bindings::is_implicit(resolver.words.text(name)) {
                            table.implicit.push(vertex);
                        }
                    }
                }
                for stored in &bindings.classes[class as usize].stored {
                    // Set on instances: a property of the name anywhere would be in the way.
                    last.insert(word(*stored), order.len());
                }
            }
            bound.push(names);
        }
        for (name, end) in &last {
            for (at, base) in order.iter().enumerate().take(*end) {
                if !bound[at].contains(name) {
                    let ClassInfo { module, class, .. } = self.all[*base as usize];
                    let absence = absence(resolver.modules, module, class, *name);
                    table.entries.push((*name, resolver.vertices.number(module, absence)));
                }
            }
        }
        table.entries.sort_unstable();
        table.entries.dedup();
        table.names = last.into_keys().collect();
        table
    }

    /// The symbol that an attribute of a class is, looked for in its bases, too.
    pub(super) fn attribute(
        &self,
        id: ClassId,
        name: Word,
        modules: &Modules,
    ) -> Option<(ModuleId, u32)> {
        self.all[id as usize].order.iter().find_map(|base| {
            let ClassInfo { module, class, .. } = self.all[*base as usize];
            let source = modules.source(module)?;
            let bindings = source.bindings();
            let mut symbols = bindings.symbols_of(Some(class));
            let is_it = |at: &usize| source.words[bindings.symbols[*at].name.0 as usize] == name;
            Some((module, symbols.find(is_it)? as u32))
        })
    }
}

enum Base {
    Project(ClassId),
    Harmless,
    /// Harmless, but it reads the annotations.
    OfHints,
    Enum,
    Opaque,
}

/// Bases outside of the project that read nothing of their subclasses but what is mentioned.
fn is_harmless(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "ABC",
        "AsyncGenerator",
        "AsyncIterable",
        "AsyncIterator",
        "Awaitable",
        "BaseException",
        "Collection",
        "Container",
        "Coroutine",
        "Counter",
        "Exception",
        "ExceptionGroup",
        "Generator",
        "Generic",
        "Hashable",
        "IsolatedAsyncioTestCase",
        "Iterable",
        "Iterator",
        "KeyboardInterrupt",
        "Mapping",
        "MutableMapping",
        "MutableSequence",
        "OrderedDict",
        "Reversible",
        "Sequence",
        "Sized",
        "StopAsyncIteration",
        "StopIteration",
        "SystemExit",
        "TestCase",
        "UserDict",
        "UserList",
        "UserString",
        "Warning",
        "bool",
        "bytearray",
        "bytes",
        "complex",
        "defaultdict",
        "deque",
        "dict",
        "float",
        "frozenset",
        "int",
        "list",
        "object",
        "set",
        "str",
        "tuple",
    ];
    NAMES.binary_search(&name).is_ok() || name.ends_with("Error") || name.ends_with("Warning")
}

/// The functions and nodes of a class and of the classes inside of it.
pub(super) fn inside(bindings: &Bindings, class: u32) -> Vec<Item> {
    let mut items = Vec::new();
    for (index, node) in bindings.nodes.iter().enumerate() {
        if node.class != Some(class) {
            continue;
        }
        items.push(Item::Node(index as u32));
        match node.kind {
            NodeKind::Function(function) => items.push(Item::Signature(function)),
            NodeKind::Class(inner) => items.extend(inside(bindings, inner)),
            _ => {}
        }
    }
    items
}
