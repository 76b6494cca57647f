//! Classes: their bases, whether they are open, and what of them an attribute's name reaches.
//!
//! A class is *open* if something outside of the names in the project can read or change all of it:
//! a metaclass that [does more](super::metaclasses) than answer questions, a decorator that is not known, a
//! computed base, a base outside of the project that is not known to be harmless, `__getattr__`, or a project base
//! with `__init_subclass__`. An open class is reached whole, with what it inherits.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::bases;
use super::modules::{ModuleId, Modules};
use super::resolve::{End, Resolver};
use super::tables::Tables;
use super::vertices::{Item, VertexId};
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
    node: VertexId,
    pub(super) is_open: bool,
    pub(super) is_enum: bool,
    /// Whether its members are told by each other: which of them there are says what a combination is called.
    is_flag: bool,
    /// Methods that the code of its bases outside of the project calls by name.
    pub(super) called: Vec<&'static str>,
    /// Names that it has from them.
    pub(super) from_outside: Vec<&'static str>,
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
const FEW_CLASSES: usize = 3;

/// That a class lacks an attribute.
pub(super) fn absence(modules: &Modules, module: ModuleId, class: u32, name: Word) -> Item {
    if are_many(modules, module) { Item::Owners(name) } else { Item::Absent(Some(class), name) }
}

/// Whether the classes of a module are told of together.
pub(super) fn are_many(modules: &Modules, module: ModuleId) -> bool {
    modules.source(module).is_some_and(|source| source.bindings().classes.len() > FEW_CLASSES)
}

/// All classes at node level.
#[derive(Debug, Default)]
pub(super) struct Classes {
    pub(super) all: Vec<ClassInfo>,
    by_node: FxHashMap<VertexId, ClassId>,
    /// Those derived from each class, directly or not.
    derived: Vec<Vec<ClassId>>,
    /// The range of those of each module.
    of_modules: Vec<Range<ClassId>>,
    pub(super) tables: Tables,
}

impl Classes {
    /// The classes of `modules`, with their bases.
    pub(super) fn of(resolver: &mut Resolver<'_>) -> Self {
        let mut classes = Self::default();
        for module in resolver.modules.ids() {
            let begin = classes.all.len() as ClassId;
            let source = resolver.modules.source(module);
            let all = source.map_or(&[][..], |source| &source.bindings().classes);
            classes.of_modules.push(begin..begin + all.len() as ClassId);
            let first = resolver.modules.get(module).first;
            for (index, class) in all.iter().enumerate() {
                let id = classes.all.len() as ClassId;
                classes.by_node.insert(first + class.node, id);
                classes.all.push(ClassInfo {
                    module,
                    class: index as u32,
                    node: first + class.node,
                    is_open: false,
                    is_enum: false,
                    is_flag: false,
                    called: Vec::new(),
                    from_outside: Vec::new(),
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
        classes.derived.resize_with(classes.all.len(), Vec::new);
        for (id, info) in (0..).zip(&classes.all) {
            for base in &info.order[1..] {
                classes.derived[*base as usize].push(id);
            }
        }
        classes
    }

    pub(super) fn get(&self, id: ClassId) -> &ClassInfo {
        &self.all[id as usize]
    }

    /// Whether the annotations in a class make fields or members of it.
    pub(super) fn reads_hints(&self, id: ClassId) -> bool {
        self.all[id as usize].reads_hints
    }

    /// The classes derived from a class, directly or not.
    pub(super) fn derived(&self, id: ClassId) -> &[ClassId] {
        &self.derived[id as usize]
    }

    /// The classes of a module.
    pub(super) fn of_module(&self, module: ModuleId) -> Range<ClassId> {
        self.of_modules.get(module.index()).cloned().unwrap_or_default()
    }

    /// The node that is the skeleton of a class.
    pub(super) fn node(&self, id: ClassId) -> VertexId {
        self.all[id as usize].node
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
                    Base::Harmless { called, members } => {
                        info.called.extend(called.iter().flat_map(|it| it.split_whitespace()));
                        let members = members.iter().flat_map(|it| it.split_whitespace());
                        info.from_outside.extend(members);
                    }
                    Base::Flag => (info.is_enum, info.is_flag) = (true, true),
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
                    "Enum" | "IntEnum" | "ReprEnum" | "StrEnum" => Base::Enum,
                    "Flag" | "IntFlag" => Base::Flag,
                    "NamedTuple" | "Protocol" | "TypedDict" => Base::OfHints,
                    name if is_harmless(name) => Base::Harmless {
                        called: bases::called_by(name),
                        members: bases::members_of(name),
                    },
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
            let is_flag = order.iter().any(|base| self.all[*base as usize].is_flag);
            let is_open = opens[own]
                || is_flag
                || bases.clone().any(|base| opens[base] || hooks[base])
                || (is_enum && self.mentions(own, "auto", resolver));
            // A base that is not known may have a metaclass.
            let sees = hooks[own] || made[own] || self.all[own].has_opaque_base;
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
    /// With the methods that its code calls by name, and all that it has.
    Harmless {
        called: &'static [&'static str],
        members: &'static [&'static str],
    },
    /// Harmless, but it reads the annotations.
    OfHints,
    Enum,
    Flag,
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
