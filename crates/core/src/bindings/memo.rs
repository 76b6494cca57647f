//! Functions whose calls leave something behind that later calls find: caches, registries, attributes that are
//! filled when they are first asked for.

use rustc_hash::{FxHashMap, FxHashSet};

use super::ancestry::BASES;
use super::classes::Classes;
use super::effects::is_variable;
use super::functions::own_name;
use super::modules::Source;
use super::program::Program;
use super::resolve::End;
use super::roots::{Body, Charge};
use super::vertices::{Item, VertexId, fixed};
use super::words::Word;
use crate::source::bindings::{
    Bindings, CONTENT, Chain, ImportTarget, NameId, NodeKind, Symbol, Unit, Value,
};

/// How many methods of one class are looked through, from one that asks for an attribute to one that fills it.
const HELPERS: u32 = 3;

/// What pytest calls in a package's `__init__.py`.
pub const PACKAGE_HOOKS: [&str; 4] =
    ["setUpModule", "setup_module", "tearDownModule", "teardown_module"];

impl Program {
    /// Whether a call of `body` can leave something behind that later calls find: it stores into
    /// something of a module or a class, or a decorator keeps its results. What happens under such a
    /// call is to be told by [`Program::memoised`].
    ///
    /// In a test file only what keeps a result counts, by a decorator, in a global name, or in a class or a function around
    /// that it asks for it: tests that append to a list beside them are many, and hardly any test reads what another one
    /// left there.
    ///
    /// A function that is handed to a cache, or to a descriptor of the project, is as one that it decorates; and what
    /// `__getattr__` and `__missing__` store is found without them the next time.
    #[must_use]
    pub fn memoises(&mut self, body: Body, is_in_test_file: bool) -> bool {
        if self.keeps_results(body) || self.sets_package_up(body) {
            return true;
        }
        let Some(source) = self.modules.source(body.module) else { return false };
        let bindings = source.bindings();
        let Some(units) = bindings.functions.get(body.function) else { return false };
        let unit = &bindings.units[units.body as usize];
        if unit.dynamic.global || fills_around_or_class(unit) {
            return true;
        }
        if is_in_test_file {
            // `if Table.rows is None: Table.rows = load()`, `if key not in CACHE: CACHE[key] = load()`.
            let mut writes = unit.writes.iter().map(|chain| bindings.chain(*chain).last());
            return writes.any(|name| name.is_some_and(|name| unit.name_tests.contains(name)));
        }
        let stores_on_class = units.class.is_some_and(|class| {
            let mut symbols = bindings.symbols_of(Some(class)).map(|at| &bindings.symbols[at]);
            // What a property gives is the object's.
            let is_variable = |symbol: &Symbol| {
                let mut nodes = bindings.binders(symbol).iter().map(|it| it.node as usize);
                nodes.any(|node| {
                    let node = &bindings.nodes[node];
                    // Nothing can be put into what never changes; a method of the class can bind the name anew.
                    let is_bound_anew = units.receives_class || unit.binds_in_class;
                    let can_change = node.value != Value::Constant || is_bound_anew;
                    node.kind == NodeKind::Statement && can_change
                })
            };
            symbols.any(|it| unit.class_writes.contains(&it.name) && is_variable(it))
        });
        // `list.append(self, x)` and `os.environ[k] = v` leave nothing in the project.
        let is_of_project = |chain: &Chain| match chain.import() {
            Some(import) => self.is_project_import(&bindings.imports[import]),
            None => bindings.chain(*chain).first().is_some_and(|root| {
                let symbol = source.symbol(source.words[root.0 as usize]);
                symbol.is_some_and(|symbol| {
                    let mut binders = bindings.binders(&bindings.symbols[symbol as usize]).iter();
                    binders.any(|it| match it.import {
                        Some(import) => self.is_project_import(&bindings.imports[import as usize]),
                        None => true,
                    })
                })
            }),
        };
        // Objects of a class inside of a function are mostly gone with the call.
        let keeps_in_place = units.stands_in
            && units.node.is_some()
            && (unit.changes_unnamed
                || unit.dynamic.namespace
                || !(unit.self_fills.is_empty() && unit.self_empties.is_empty())
                || unit.attrs.iter().any(|attr| bindings.name(*attr) == "__setattr__"));
        let is_of_modules = |chain: &Chain| {
            let mut names = bindings.chain(*chain).iter().map(|name| bindings.name(*name));
            (names.next(), names.next()) == (Some("sys"), Some("modules"))
        };
        let stores_in_found = (unit.changes_unnamed && unit.loads.iter().any(is_of_modules))
            || (unit.dynamic.namespace && unit.dynamic.opaque_effect);
        // `if not registry.has(key): registry.put(key, build())`.
        let fills_object = unit.calls.iter().any(|chain| {
            let names = bindings.chain(*chain);
            let root = names.first().filter(|root| unit.name_tests.contains(root));
            let symbol = root.and_then(|root| source.symbol(source.words[root.0 as usize]));
            names.len() > 1 && symbol.is_some_and(|symbol| is_variable(bindings, symbol))
        });
        let mut left = unit.writes.iter().filter(|chain| is_left(unit, bindings, chain));
        left.any(is_of_project)
            || stores_on_class
            || keeps_in_place
            || stores_in_found
            || fills_object
            || self.fills_inherited(body)
    }

    /// Whether `body`, a method, asks for an attribute and fills it that a base of its class has as a variable, and that is
    /// not constant: `_cache` of `class Base: _cache = {}`.
    fn fills_inherited(&mut self, body: Body) -> bool {
        let Some(source) = self.modules.source(body.module) else { return false };
        let units = &source.bindings().functions[body.function];
        let unit = &source.bindings().units[units.body as usize];
        let is_asked =
            |name: &&NameId| unit.self_tests.contains(name) || unit.self_truths.contains(name);
        let filled = unit.class_writes.iter().filter(is_asked);
        let filled: Vec<Word> = filled.map(|name| source.words[name.0 as usize]).collect();
        let Some(class) = units.class.filter(|_| !filled.is_empty()) else { return false };
        self.resolver().inherits_container(body.module, class, &filled, BASES)
    }

    /// Whether a call of `body`, which goes on and off, is one of a cache: what it stores where there is a name for it, it has asked
    /// for. Of such calls more is counted than of others, so more is asked of them than by [`Program::memoises`].
    #[must_use]
    pub fn asks_before_it_stores(&mut self, body: Body) -> bool {
        if self.keeps_results(body) {
            return true;
        }
        let Some(source) = self.modules.source(body.module) else { return false };
        let bindings = source.bindings();
        let Some(units) = bindings.functions.get(body.function) else { return false };
        let unit = &bindings.units[units.body as usize];
        let is_asked = |name: &NameId| unit.name_tests.contains(name);
        fills_around_or_class(unit)
            || unit.writes.iter().any(|chain| bindings.chain(*chain).first().is_some_and(is_asked))
    }

    /// Whether `body` puts what it leaves into a container, where other calls put other things.
    #[must_use]
    pub fn fills_by_key(&self, body: Body) -> bool {
        let source = self.modules.source(body.module);
        let Some(bindings) = source.map(Source::bindings) else { return false };
        let units = bindings.functions.get(body.function);
        let unit = units.map(|units| &bindings.units[units.body as usize]);
        unit.is_some_and(|unit| {
            let fills_parts = unit.self_fills.iter().any(|it| unit.class_writes.contains(it));
            fills_parts || !(unit.dynamic.global || unit.writes.is_empty())
        })
    }

    /// Whether the results of `body` are kept: by a decorator, a cache that it was handed to, or a descriptor.
    #[must_use]
    pub fn keeps_results(&mut self, body: Body) -> bool {
        let source = self.modules.source(body.module);
        let units = source.and_then(|source| source.bindings().functions.get(body.function));
        units.is_some_and(|units| units.memoises)
            || self.is_kept(body)
            || self.is_in_descriptor(body)
    }

    /// Whether something of this name was handed to a cache.
    fn is_kept(&self, body: Body) -> bool {
        let Some(source) = self.modules.source(body.module) else { return false };
        let Some(units) = source.bindings().functions.get(body.function) else { return false };
        let name = own_name(source, body.function).and_then(|name| self.words.known(name));
        name.is_some_and(|name| self.functions.is_kept(name, units.class.is_some()))
    }

    /// Whether pytest calls the function once for all tests of a package: `setup_module` in its `__init__.py`.
    fn sets_package_up(&self, body: Body) -> bool {
        let module = self.modules.get(body.module);
        let name = module.source.as_ref().and_then(|source| own_name(source, body.function));
        module.path.name() == "__init__.py"
            && name.is_some_and(|name| PACKAGE_HOOKS.contains(&name))
    }

    /// Whether a descriptor of the project has the function: it can put what that gives where the descriptor is
    /// not asked again.
    fn is_in_descriptor(&mut self, body: Body) -> bool {
        let mut resolver = self.resolver();
        let modules = resolver.modules;
        let Some(source) = modules.source(body.module) else { return false };
        let bindings = source.bindings();
        let Some(units) = bindings.functions.get(body.function) else { return false };
        if units.class.is_none() {
            return false;
        }
        let own = own_name(source, body.function).unwrap_or_default();
        let is_own = |name: &NameId| bindings.name(*name) == own;
        let handings = bindings.handings.iter().filter(|(_, names)| names.iter().any(is_own));
        let decorators = units.unknown_decorators.iter().flatten();
        let mut callees = decorators.chain(handings.map(|(callee, _)| callee));
        callees.any(|callee| resolver.is_descriptor(body.module, *callee, 0))
    }

    fn is_project_import(&self, import: &ImportTarget) -> bool {
        let top = import.module.split('.').next().unwrap_or_default();
        import.level > 0 || self.modules.is_known(top)
    }

    /// Whether a call of `body`, a method, can leave something in its object that later calls on the same
    /// object find: it looks whether an attribute is there (`if self.x is None:`, `key in self.x`) that it has not
    /// bound itself, and binds or fills it. To bind it to what looks the same as nothing does not count.
    #[must_use]
    pub fn fills_receiver(&self, body: Body) -> bool {
        let Some(source) = self.modules.source(body.module) else { return false };
        let bindings = source.bindings();
        let Some(units) = bindings.functions.get(body.function) else { return false };
        let unit = &bindings.units[units.body as usize];
        let is_content = |attr: &NameId| bindings.name(*attr) == CONTENT;
        let fills_what_it_asks = fills_what_it_asks(unit);
        // An object that is being made has nothing yet by a name that is not told.
        let is_made = own_name(source, body.function) == Some("__init__");
        let asks_nothing = unit.self_missing.is_empty() && unit.self_truths.is_empty();
        if fills_what_it_asks || is_made || asks_nothing {
            return fills_what_it_asks;
        }
        let asks_for_any = unit.self_missing.iter().any(is_content) && !unit.self_fills.is_empty();
        let fills_any = !unit.self_missing.is_empty() && unit.self_fills.iter().any(is_content);
        asks_for_any || fills_any || self.helpers_fill(body)
    }

    /// Whether a method that the method `body` mentions binds or fills something that it misses, or one that that
    /// mentions in its turn.
    fn helpers_fill(&self, body: Body) -> bool {
        let Some(source) = self.modules.source(body.module) else { return false };
        let units = &source.bindings().functions[body.function];
        let unit = &source.bindings().units[units.body as usize];
        let words = |names: &[NameId]| -> Vec<Word> {
            names.iter().map(|it| source.words[it.0 as usize]).collect()
        };
        let asked = Asked { missing: words(&unit.self_missing), flags: words(&unit.self_truths) };
        units.class.is_some() && self.mentions_filler(body, &asked, HELPERS)
    }

    /// Whether a method that `body` mentions binds or fills one of these attributes, or takes one down, looking through so
    /// many methods.
    fn mentions_filler(&self, body: Body, asked: &Asked, depth: u32) -> bool {
        let Some(source) = self.modules.source(body.module) else { return false };
        let bindings = source.bindings();
        let own = &bindings.functions[body.function];
        let unit = &bindings.units[own.body as usize];
        let is_derived = |source: &Source, class: Option<u32>| {
            class.is_some_and(|class| !source.bindings().classes[class as usize].bases.is_empty())
        };
        let mentioned = unit.attrs.iter().map(|attr| source.words[attr.0 as usize]);
        mentioned.flat_map(|name| self.functions.methods(name)).any(|helper| {
            let Some(of_helper) = self.modules.source(helper.module) else { return false };
            let units = &of_helper.bindings().functions[helper.function];
            let is_same = helper.module == body.module && units.class == own.class;
            let can_be_inherited =
                is_derived(source, own.class) || is_derived(of_helper, units.class);
            if *helper == body || !(is_same || can_be_inherited) {
                return false;
            }
            let unit = &of_helper.bindings().units[units.body as usize];
            let is_one = |names: &[NameId], asked: &[Word]| {
                names.iter().any(|it| asked.contains(&of_helper.words[it.0 as usize]))
            };
            is_one(&unit.self_fills, &asked.missing)
                || is_one(&unit.self_flags, &asked.flags)
                || (depth > 1 && is_same && self.mentions_filler(*helper, asked, depth - 1))
        })
    }

    /// Notes what happened under a call of the memoising `body`: it is a dependency of all who reach
    /// the body, or what it stores into.
    pub fn memoised(&mut self, body: Body, charge: Charge) {
        let known = self.memo.entry(body).or_default();
        if known.insert(charge.clone()) && self.index.is_some() {
            self.new_memo.push((body, charge));
        }
    }

    pub(super) fn memo_by_vertex(&mut self, classes: &Classes) -> FxHashMap<VertexId, Vec<Charge>> {
        let mut found: FxHashMap<VertexId, Vec<Charge>> = FxHashMap::default();
        let memo = std::mem::take(&mut self.memo);
        for (body, charges) in &memo {
            for vertex in self.memo_vertices(*body, classes) {
                found.entry(vertex).or_default().extend(charges.iter().cloned());
            }
        }
        self.memo = memo;
        found
    }

    /// What gives away what a memoising body left behind: the body, its definition, and what it
    /// stores into.
    pub(super) fn memo_vertices(&mut self, body: Body, classes: &Classes) -> FxHashSet<VertexId> {
        let mut vertices: FxHashSet<VertexId> = self.body_vertex(body).into_iter().collect();
        let module = body.module;
        let mut resolver = self.resolver();
        let modules = resolver.modules;
        let Some(source) = modules.source(module) else { return vertices };
        let bindings = source.bindings();
        let Some(units) = bindings.functions.get(body.function) else { return vertices };
        let first = modules.get(module).first;
        vertices.extend(units.node.map(|node| fixed(first, bindings, Item::Node(node))));
        let unit = &bindings.units[units.body as usize];
        for chain in unit.writes.iter().filter(|chain| is_left(unit, bindings, chain)) {
            for end in resolver.chain(module, *chain).ends {
                match end {
                    End::Bound { module, symbol, .. } => {
                        if let Some(source) = modules.source(module) {
                            let first = modules.get(module).first;
                            vertices.insert(fixed(first, source.bindings(), Item::Symbol(symbol)));
                        }
                    }
                    End::Unbound { module, name, .. } => {
                        vertices.insert(resolver.vertices.number(module, Item::Absent(None, name)));
                    }
                    End::Module(_) | End::Dict(_) | End::External(_) => {}
                }
            }
        }
        if let Some(class) = units.class {
            let node = fixed(first, bindings, Item::Node(bindings.classes[class as usize].node));
            for attr in &unit.self_writes {
                let name = source.words[attr.0 as usize];
                let class = classes.at_node(node);
                let found = class.and_then(|class| classes.attribute(class, name, modules));
                if let Some((owner, symbol)) = found
                    && let Some(source) = modules.source(owner)
                {
                    let first = modules.get(owner).first;
                    vertices.insert(fixed(first, source.bindings(), Item::Symbol(symbol)));
                }
            }
        }
        vertices
    }
}

/// The attributes of `self` that a method asks for.
struct Asked {
    /// Those that are missing where it goes on to something.
    missing: Vec<Word>,
    /// Those that hold something there.
    flags: Vec<Word>,
}

/// Whether what code stores there may be found by other calls of it.
fn is_left(unit: &Unit, bindings: &Bindings, chain: &Chain) -> bool {
    bindings.chain(*chain).first().is_none_or(|root| unit.leaves_in(*root))
}

/// Whether code fills a name of the functions around it that it asks for, or what it asks the class of its object for.
fn fills_around_or_class(unit: &Unit) -> bool {
    unit.closure_fills.iter().any(|name| unit.name_tests.contains(name))
        || (unit.binds_in_class && fills_what_it_asks(unit))
}

/// Whether code binds or fills an attribute that it asks for, or takes down a flag that it asks for.
fn fills_what_it_asks(unit: &Unit) -> bool {
    let fills = |attr: &NameId| unit.self_fills.contains(attr);
    unit.self_truths.iter().any(|it| fills(it) || unit.self_flags.contains(it))
        || unit.self_tests.iter().any(|it| fills(it) || unit.self_empties.contains(it))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::SourceModel;
    use crate::{Digest, RelPath};

    /// Whether a method with this body can leave something in its object.
    fn fills(body: &[&str]) -> bool {
        let lines: Vec<String> = body.iter().map(|line| format!("        {line}\n")).collect();
        let text = format!("class C:\n    def m(self, key):\n{}", lines.concat());
        let model = Arc::new(SourceModel::parse(text.as_bytes()).unwrap());
        let mut program = Program::new();
        let module = program.add(RelPath::new("m.py"), Digest::of(b""), Some(model));
        program.fills_receiver(Body { module, function: 0 })
    }

    #[test]
    fn what_a_method_fills_if_it_is_not_there() {
        for body in [
            &["if self.x is None:", "    self.x = build()"][..],
            &["if not self.x:", "    self.x = build()"],
            &["if not hasattr(self, 'x'):", "    self.x = build()"],
            &["if key not in self.x:", "    self.x[key] = build()"],
            &["if (found := self.x) is None:", "    found = self.x = build()"],
            &["if self.x.get(key) is None:", "    self.x[key] = build()"],
            &["try:", "    return self.x", "except AttributeError:", "    self.x = build()"],
            &["self.x = self.x or build()"],
            &["if key not in self.x['a']:", "    self.x['a'][key] = build()"],
            &["if self.x['a'].get(key) is None:", "    self.x['a'].update({key: build()})"],
            // Empty, and yet something else than nothing.
            &["if self.x is None:", "    self.x = {}", "    self.load()"],
            &["if self.x is None:", "    self.x = False"],
            // What is filled is a part of an attribute, or is put there by another way.
            &["if self.x.y is None:", "    self.x.y = build()"],
            &["found = self.x.get(key)", "if found is None:", "    self.x.set(key, build())"],
            &["found = self.get(key)", "if found is None:", "    self.set(key, build())"],
            &["if self.x is None:", "    object.__setattr__(self, 'x', build())"],
            &["x = getattr(self, 'x', None)", "if x is None:", "    setattr(self, 'x', build())"],
            // A flag says what is still to be done.
            &["if self.stale:", "    self.y = build()", "    self.stale = False"],
            // Bound in some calls only, or afterwards.
            &["if key:", "    self.x = 1", "if not self.x:", "    self.x = build()"],
            &["if not self.x:", "    self.x = build()", "self.x = 2"],
        ] {
            assert!(fills(body), "{body:?}");
        }
    }

    #[test]
    fn a_part_of_something_with_a_name_has_it() {
        for body in ["CACHE['a'][key] = 1", "CACHE[key].append(1)", "CACHE.get(key).x = 1"] {
            let text = format!("CACHE = {{}}\ndef f(key):\n    {body}\n");
            let model = Arc::new(SourceModel::parse(text.as_bytes()).unwrap());
            let mut program = Program::new();
            let module = program.add(RelPath::new("m.py"), Digest::of(b""), Some(model));
            assert!(program.memoises(Body { module, function: 0 }, false), "{body}");
        }
    }

    #[test]
    fn what_is_left_in_the_class_has_a_name() {
        for body in [
            "if type(self).x is None:\n            type(self).x = build()",
            "if self.__class__.x is None:\n            self.__class__.x = build()",
            "cls = type(self)\n        if cls.x is None:\n            cls.x = build()",
        ] {
            let text = format!("class C:\n    x = None\n    def m(self):\n        {body}\n");
            let model = Arc::new(SourceModel::parse(text.as_bytes()).unwrap());
            let mut program = Program::new();
            let module = program.add(RelPath::new("m.py"), Digest::of(b""), Some(model));
            for is_in_test_file in [false, true] {
                assert!(program.memoises(Body { module, function: 0 }, is_in_test_file), "{body}");
            }
        }
    }

    #[test]
    fn what_is_set_without_a_key_is_a_cache_where_it_is_asked() {
        for (body, is_cache) in [
            ("V.set(build())", false),
            ("V.set()", false),
            ("V.set('x', build())", true),
            ("V.put(key='x', value=build())", true),
            ("if V.get() is None:\n        V.set(build())", true),
            ("v = V.get()\n    if not v:\n        V.set(build())", true),
            ("V.append(build())", true),
        ] {
            let text = format!("V = make()\ndef f():\n    {body}\n");
            let model = Arc::new(SourceModel::parse(text.as_bytes()).unwrap());
            let mut program = Program::new();
            let module = program.add(RelPath::new("m.py"), Digest::of(b""), Some(model));
            assert_eq!(program.memoises(Body { module, function: 0 }, false), is_cache, "{body}");
        }
    }

    #[test]
    fn what_is_left_in_no_later_call() {
        for body in [
            &["self.n += 1", "if self.n:", "    return key"][..],
            &["if self.x:", "    self.x = None"],
            &["if self.x:", "    use(self.x)", "self.x = []"],
            &["if not self.x:", "    self.x: int = 0"],
            &["self.x = build()", "if self.x is None:", "    self.x = 2"],
            &["if self.x.isalnum():", "    self.x = build()"],
        ] {
            assert!(!fills(body), "{body:?}");
        }
    }
}
