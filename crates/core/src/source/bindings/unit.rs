//! What a piece of code mentions.

use thin_vec::ThinVec;

use super::names::NameId;

/// A dotted reference such as `a.b.c`: a range of the pool of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(super) start: u32,
    pub(super) len: u32,
    /// The import that stands in place of the first name, where that is the local name of an
    /// imported thing; else [`Chain::NO_IMPORT`].
    pub(super) import: u32,
}

impl Chain {
    pub(super) const NO_IMPORT: u32 = u32::MAX;

    /// The import behind the first name, if it was bound by one inside of a function.
    pub(crate) fn import(self) -> Option<usize> {
        (self.import != Self::NO_IMPORT).then_some(self.import as usize)
    }
}

/// What code can do that its names do not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dynamic {
    /// `globals()`, `exec(…)`, `eval(…)`.
    pub(crate) namespace: bool,
    /// `getattr(self, computed)`.
    pub(crate) own_members: bool,
    /// `dir(x)`, `inspect.getmembers(x)`, `vars(x)` of something that is no name of a class.
    pub(crate) all_members: bool,
    /// `__subclasses__`.
    pub(crate) subclasses: bool,
    /// `__annotations__`, `get_type_hints`: of classes, too.
    pub(crate) annotations: bool,
    /// `sys.modules`, unless a literal says of which module.
    pub(crate) all_modules: bool,
    /// `__mro__`, `__bases__` and the like.
    pub(crate) walks_bases: bool,
    /// `vars(x)`, `x.__dict__` of something that no name tells.
    pub(crate) reads_dict: bool,
    /// `inspect.signature`, `__annotations__`, `get_type_hints`, `__defaults__`.
    pub(crate) signatures: bool,
    /// A statement `global x` and a store to such a name.
    pub(crate) global: bool,
    /// `getattr(x, computed)`, `hasattr(x, computed)`.
    pub(crate) asks_computed: bool,
    /// `request.module` and the like: the test file's names are asked for.
    pub(crate) test_module: bool,
    /// An effect on something that no name tells: `f()()`, `assert`, `raise`.
    pub(crate) opaque_effect: bool,
}

impl Dynamic {
    /// Adds all that `other` can do.
    pub(crate) fn merge(&mut self, other: Self) {
        self.namespace |= other.namespace;
        self.own_members |= other.own_members;
        self.all_members |= other.all_members;
        self.subclasses |= other.subclasses;
        self.annotations |= other.annotations;
        self.all_modules |= other.all_modules;
        self.walks_bases |= other.walks_bases;
        self.reads_dict |= other.reads_dict;
        self.signatures |= other.signatures;
        self.global |= other.global;
        self.asks_computed |= other.asks_computed;
        self.test_module |= other.test_module;
        self.opaque_effect |= other.opaque_effect;
    }

    /// What of it makes a difference to closures as a whole.
    pub(crate) fn of_closures(self) -> Self {
        Self {
            all_members: self.all_members,
            subclasses: self.subclasses,
            annotations: self.annotations,
            all_modules: self.all_modules,
            signatures: self.signatures,
            ..Self::default()
        }
    }
}

/// What one piece of code mentions: a body, a statement, the defaults of a function.
///
/// A source has two or three for each of its functions, in which most of these are empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unit {
    /// References whose first name is not local to a function.
    pub(crate) loads: ThinVec<Chain>,
    /// Those of them that give something to do more with than to compare it.
    pub(crate) sources: ThinVec<Chain>,
    /// The same, in annotations.
    pub(crate) annotations: ThinVec<Chain>,
    /// What is stored into: `a.b` of `a.b[k] = v`, of `a.b.append(v)` and of `global` names.
    pub(crate) writes: ThinVec<Chain>,
    /// Whether it binds an attribute of something that a name of the module stands for: `lib.connect = fake`.
    pub(crate) sets: bool,
    /// Whether a mock is made that has only what its model has: all attributes that are mentioned may be missing.
    pub(crate) asks_all: bool,
    /// What bare calls and decorators call.
    pub(crate) calls: ThinVec<Chain>,
    /// What is called with a function or a class as an argument, where the result is bound.
    pub(crate) handed: ThinVec<Chain>,
    /// What a bare call is given.
    pub(crate) given: ThinVec<Chain>,
    /// Whether it can change something that it has not made and does not name: `x` of `x = REGISTRY[key]; x.add(v)`,
    /// what a parameter is, what a call returns.
    pub(crate) changes_unnamed: bool,
    /// Attributes of the first parameter in whose objects it changes something: `x` of `self.x.y = v`.
    pub(crate) inner_writes: ThinVec<NameId>,
    /// Attributes, and strings that could name some.
    pub(crate) attrs: ThinVec<NameId>,
    /// Those of them that are strings.
    pub(crate) strings: ThinVec<NameId>,
    /// Attributes that are asked for whether or not they exist.
    pub(crate) probes: ThinVec<NameId>,
    /// What computed attribute names begin with.
    pub(crate) prefixes: ThinVec<NameId>,
    /// Dotted strings.
    pub(crate) dotted: ThinVec<NameId>,
    /// Attributes stored into through the first parameter of a method.
    pub(crate) self_writes: ThinVec<NameId>,
    /// Those of them that change the class, or something in it, rather than bind a name of an instance.
    pub(crate) class_writes: ThinVec<NameId>,
    /// Whether it binds some of them in the class by way of an object: `type(self)._table = {}`.
    pub(crate) binds_in_class: bool,
    /// Those that are bound or filled otherwise than by adding to what was there (`self.n += 1`), and not with `None`.
    pub(crate) self_fills: ThinVec<NameId>,
    /// Those that are bound to something else that is empty: `self.x = []`.
    pub(crate) self_empties: ThinVec<NameId>,
    /// Those of them that are bound to `False`: what was to be done is done.
    pub(crate) self_flags: ThinVec<NameId>,
    /// Attributes of the first parameter that decide whether something is done: `if self.x is None:`.
    pub(crate) self_tests: ThinVec<NameId>,
    /// The same where nothing empty decides otherwise than nothing at all: `if not self.x:`.
    pub(crate) self_truths: ThinVec<NameId>,
    /// Those of both that are missing, most likely, where something is done for it.
    pub(crate) self_missing: ThinVec<NameId>,
    /// Names of the functions around it, and parameters with a mutable default, that are bound or filled.
    pub(crate) closure_fills: ThinVec<NameId>,
    /// Names that decide whether something is done: `if key not in cache:`.
    pub(crate) name_tests: ThinVec<NameId>,
    /// Where something is put without a key: `LEVEL` of `LEVEL.set(value)`.
    pub(crate) switches: ThinVec<NameId>,
    /// Whether it binds a parameter anew.
    pub(crate) rebinds: bool,
    /// Indices of the imports in it.
    pub(crate) imports: ThinVec<u32>,
    pub(crate) dynamic: Dynamic,
}

impl Unit {
    /// Whether what it stores under a name that begins like this may be found by other calls. A context variable or
    /// an event is mostly set for what is called meanwhile, and set back: it is a cache where it is asked first.
    pub(crate) fn leaves_in(&self, root: NameId) -> bool {
        !self.switches.contains(&root) || self.name_tests.contains(&root)
    }

    /// Notes that an attribute of the class is bound by way of an object.
    pub(super) fn store_in_class(&mut self, attr: NameId) {
        self.self_fills.push(attr);
        self.self_writes.push(attr);
        self.class_writes.push(attr);
        self.binds_in_class = true;
    }

    /// Orders what has no order, each once.
    pub(super) fn tidy(&mut self) {
        // `for base in cls.__mro__: found.update(vars(base))`.
        self.dynamic.all_members |= self.dynamic.walks_bases && self.dynamic.reads_dict;
        for names in [
            &mut self.attrs,
            &mut self.strings,
            &mut self.probes,
            &mut self.prefixes,
            &mut self.dotted,
            &mut self.self_writes,
            &mut self.inner_writes,
            &mut self.class_writes,
            &mut self.self_fills,
            &mut self.self_empties,
            &mut self.self_flags,
            &mut self.self_tests,
            &mut self.self_truths,
            &mut self.self_missing,
            &mut self.closure_fills,
            &mut self.name_tests,
            &mut self.switches,
        ] {
            names.sort_unstable();
            names.dedup();
        }
    }
}
