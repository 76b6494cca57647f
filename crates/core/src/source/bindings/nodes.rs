//! The nodes of a source: the pieces of its module and class level that are bound, changed and
//! depended upon by themselves.

use std::ops::Range;

use ruff_python_ast::{Decorator, Expr, Stmt, StmtClassDef, StmtFunctionDef};

use super::super::docs;
use super::collector::Collector;
use super::import;
use super::names::NameId;
use super::scope::Role;
use super::unit::{Chain, Unit};
use super::values::{self, Value, last_part};
use super::words;
use crate::Digest;

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NodeKind {
    /// One alias of an import statement.
    Import(u32),
    /// The definition of a function: its decorators, and that it exists.
    Function(u32),
    /// A class less its statements.
    Class(u32),
    /// The condition of an `if`, or what decides which parts of a `try` run. For a `try`, the nodes
    /// of its body: each of them decides.
    Guard(Range<u32>),
    /// Any other statement, with all that stands in it.
    Statement,
}

/// A piece of the module or class level.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) first_line: u32,
    pub(crate) last_line: u32,
    /// Of its own text, and of the guards around it.
    pub(crate) digest: Digest,
    /// Of the annotation of the variable that it binds.
    pub(crate) hint: Option<Digest>,
    pub(crate) guard: Option<u32>,
    /// Which part of the guarding statement it stands in.
    pub(super) branch: u32,
    /// The class whose statement it is.
    pub(crate) class: Option<u32>,
    pub(crate) unit: u32,
    /// What it binds names to.
    pub(crate) value: Value,
    /// Whether it does something beyond binding names.
    pub(crate) is_effect: bool,
    /// The first names of what it acts on, where that is not a variable of the same module; `None`
    /// for what no name tells.
    pub(crate) groups: Vec<Option<NameId>>,
    /// The first name of the function whose result it binds: that may have done the same as for others.
    pub(crate) called: Option<NameId>,
}

/// A class at node level.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    /// Its qualified name.
    pub(crate) name: Box<str>,
    pub(crate) node: u32,
    /// `None` for a base that is computed.
    pub(crate) bases: Vec<Option<Chain>>,
    /// What its statement names as its metaclass, if anything; `None` where that is computed.
    pub(crate) metaclasses: Vec<Option<Chain>>,
    pub(crate) has_unknown_decorator: bool,
    /// Whether the fields are read from its body as a whole: dataclasses and their like.
    pub(crate) is_record: bool,
    /// Attributes that its methods store on their first parameter.
    pub(crate) stored: Vec<NameId>,
    /// Methods that are abstract in it.
    pub(crate) abstract_methods: Vec<NameId>,
    /// Whether it is a protocol, of which the names of the members say which objects have it.
    pub(crate) is_protocol: bool,
    /// Whether `isinstance` can ask for that.
    pub(crate) is_checkable: bool,
}

/// What belongs to a function besides its body's digest.
#[derive(Clone, Debug)]
pub(crate) struct FunctionUnits {
    pub(crate) body: u32,
    /// Defaults and annotations; `None` where they belong to a larger piece.
    pub(crate) signature: Option<u32>,
    pub(crate) signature_digest: Option<Digest>,
    pub(crate) annotations_digest: Option<Digest>,
    /// The node that it is defined in; `None` inside of another function.
    pub(crate) node: Option<u32>,
    pub(crate) class: Option<u32>,
    /// The function around it.
    pub(crate) outer: Option<u32>,
    /// Decorators that are not known not to look at it; `None` for one that no name tells.
    pub(crate) unknown_decorators: Vec<Option<Chain>>,
    /// Whether a decorator keeps its results.
    pub(crate) memoises: bool,
    /// Whether its first parameter is the class.
    pub(crate) receives_class: bool,
    /// Whether Python calls it where nothing was found in the usual place.
    pub(crate) stands_in: bool,
    /// Whether a decorator makes it a fixture that nobody needs to ask for.
    pub(crate) is_autouse: bool,
}

/// The digests of the pieces of a function beside its body.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct FunctionDigests {
    pub(in super::super) definition: Digest,
    pub(in super::super) signature: Digest,
    /// `None` if there are no annotations that are told apart.
    pub(in super::super) annotations: Option<Digest>,
}

/// A place in the collection to come back to.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Place {
    node: u32,
    unit: u32,
    is_inside: bool,
    class: Option<u32>,
    guard: Option<u32>,
    branch: u32,
    function: Option<u32>,
}

/// The nodes under way.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) nodes: Vec<Node>,
    pub(super) classes: Vec<Class>,
    pub(super) functions: Vec<FunctionUnits>,
    /// Bound calls that take something by name: the node, what is called, and the names.
    pub(super) handings: Vec<(u32, Chain, Vec<NameId>)>,
    /// Whether the walk is inside of a function or a compound statement.
    is_inside: bool,
    class: Option<u32>,
    guard: Option<u32>,
    branch: u32,
    function: Option<u32>,
}

impl<'a> Collector<'a> {
    /// Whether the next statement is a node, or several.
    pub(in super::super) fn is_at_nodes(&self) -> bool {
        !self.level.is_inside
    }

    fn place_now(&self) -> Place {
        let Level { is_inside, class, guard, branch, function, .. } = self.level;
        Place { node: self.node, unit: self.unit, is_inside, class, guard, branch, function }
    }

    /// Goes back to where the collection was.
    pub(in super::super) fn go_back(&mut self, place: Place) {
        let Place { node, unit, is_inside, class, guard, branch, function } = place;
        (self.node, self.unit) = (node, unit);
        let level = &mut self.level;
        (level.is_inside, level.class, level.function) = (is_inside, class, function);
        (level.guard, level.branch) = (guard, branch);
    }

    fn open_node(&mut self, kind: NodeKind, first_line: u32) -> Place {
        let place = self.place_now();
        self.unit = self.add_unit();
        self.node = self.level.nodes.len() as u32;
        self.level.nodes.push(Node {
            kind,
            first_line,
            last_line: first_line,
            digest: Digest::from_bytes([0; 16]),
            hint: None,
            guard: self.level.guard,
            branch: self.level.branch,
            class: self.level.class,
            unit: self.unit,
            value: Value::Shared,
            is_effect: false,
            groups: Vec::new(),
            called: None,
        });
        place
    }

    fn node_mut(&mut self, node: u32) -> &mut Node {
        &mut self.level.nodes[node as usize]
    }

    /// Begins the node of a statement that is one as a whole.
    pub(in super::super) fn open_statement(&mut self, stmt: &'a Stmt, first_line: u32) -> Place {
        let place = self.open_node(NodeKind::Statement, first_line);
        self.statement(stmt);
        let value = match stmt {
            Stmt::Assign(stmt) => Some(&*stmt.value),
            Stmt::AnnAssign(stmt) => stmt.value.as_deref(),
            _ => None,
        };
        if let Some(value) = value {
            self.note_handing(value);
            let node = self.node;
            self.node_mut(node).value = values::value(value);
            if let Expr::Call(call) = value
                && values::value(value) == Value::Shared
                && let Some(chain) = self.chain(&call.func)
            {
                let root = self.pool[chain.start as usize];
                self.node_mut(node).called = Some(root);
            }
        }
        self.level.is_inside = true;
        place
    }

    /// Notes a call that is given something by name and could have kept it.
    fn note_handing(&mut self, value: &'a Expr) {
        let Expr::Call(call) = value else { return };
        let arguments = call.arguments.args.iter();
        let values = arguments.chain(call.arguments.keywords.iter().map(|keyword| &keyword.value));
        let mut names = Vec::new();
        for value in values {
            match value {
                Expr::Name(name) => names.push(self.names.id(&name.id)),
                Expr::Lambda(_) => {
                    self.refer_to(&call.func, Role::Handed);
                }
                _ => {}
            }
        }
        if !names.is_empty()
            && let Some(chain) = self.chain(&call.func)
        {
            self.level.handings.push((self.node, chain, names));
        }
    }

    /// Notes the digest of the annotation in the present node.
    pub(in super::super) fn hint(&mut self, hint: Option<Digest>) {
        let node = self.node;
        self.node_mut(node).hint = hint;
    }

    /// Ends a node.
    pub(in super::super) fn close_node(&mut self, place: Place, digest: Digest, last_line: u32) {
        let node = self.node;
        let at = self.node_mut(node);
        (at.digest, at.last_line) = (digest, last_line);
        self.go_back(place);
    }

    /// Makes what was mentioned in the present node no mention: a type variable reads nothing.
    pub(in super::super) fn forget_mentions(&mut self) {
        self.units[self.unit as usize] = Unit::default();
    }

    /// Adds a node for each alias of an import statement.
    pub(in super::super) fn add_imports(&mut self, stmt: &'a Stmt, first: u32, last: u32) {
        for (target, name) in import::aliases(stmt) {
            let digest = Digest::of_value("import/1", &(&target, name));
            let place = self.open_node(NodeKind::Statement, first);
            let import = self.import_one(target, name);
            let node = self.node;
            self.node_mut(node).kind = NodeKind::Import(import);
            self.close_node(place, digest, last);
        }
    }

    /// Begins the condition of an `if`, or a `try`.
    pub(in super::super) fn open_guard(&mut self, first_line: u32) -> Place {
        self.open_node(NodeKind::Guard(0..0), first_line)
    }

    /// Goes from the condition to a part that it guards.
    pub(in super::super) fn enter_branch(&mut self, branch: u32) -> Place {
        let place = self.place_now();
        self.level.guard = Some(self.node);
        self.level.branch = branch;
        place
    }

    /// Goes back to the condition; if `decides`, what the part holds decides with it.
    pub(in super::super) fn leave_branch(&mut self, place: Place, decides: bool) {
        self.go_back(place);
        if decides {
            let (node, end) = (self.node, self.level.nodes.len() as u32);
            self.node_mut(node).kind = NodeKind::Guard(node + 1..end);
        }
    }

    /// Begins a function: its definition, if it is a node.
    pub(in super::super) fn open_function(&mut self, def: &'a StmtFunctionDef, line: u32) -> Place {
        let index = self.level.functions.len() as u32;
        let is_node = self.is_at_nodes();
        let place = if is_node {
            self.bind_next(&def.name);
            let place = self.open_node(NodeKind::Function(index), line);
            for decorator in &def.decorator_list {
                self.decorator(&decorator.expression);
            }
            place
        } else {
            self.place_now()
        };
        if is_node
            && let Some(class) = self.level.class
            && def.decorator_list.iter().any(|it| last_name(it).is_some_and(words::makes_abstract))
        {
            let name = self.names.id(&def.name);
            self.level.classes[class as usize].abstract_methods.push(name);
        }
        let unknown = def.decorator_list.iter().filter(|it| !docs::is_blind(it));
        let unknown_decorators = unknown.map(|it| self.chain(docs::called(it))).collect();
        self.level.functions.push(FunctionUnits {
            body: 0,
            signature: None,
            signature_digest: None,
            annotations_digest: None,
            node: self.level.function.is_none().then_some(self.node),
            class: self.level.class.filter(|_| is_node),
            outer: self.level.function,
            unknown_decorators,
            memoises: def
                .decorator_list
                .iter()
                .any(|it| last_name(it).is_some_and(words::memoises)),
            receives_class: def
                .parameters
                .iter()
                .next()
                .is_some_and(|first| first.name().as_str() == "cls"),
            stands_in: words::stands_in(&def.name),
            is_autouse: def.decorator_list.iter().any(words::is_autouse),
        });
        place
    }

    /// Binds a name to the node that is opened next.
    fn bind_next(&mut self, name: &'a str) {
        let node = std::mem::replace(&mut self.node, self.level.nodes.len() as u32);
        self.bind(name);
        self.node = node;
    }

    /// Goes from the definition of the function `index` to its defaults and annotations; `false` if they belong to a
    /// larger piece.
    pub(in super::super) fn enter_signature(&mut self, index: usize) -> bool {
        let is_apart = self.is_at_nodes();
        if is_apart {
            self.unit = self.add_unit();
            self.level.functions[index].signature = Some(self.unit);
        }
        is_apart
    }

    /// Goes on to its body.
    pub(in super::super) fn enter_body(&mut self, index: usize, def: &'a StmtFunctionDef) -> Place {
        let place = self.place_now();
        let is_static = def.decorator_list.iter().any(|it| last_name(it) == Some("staticmethod"));
        let is_method = self.is_in_class() && !is_static;
        self.enter_function(def, is_method);
        self.unit = self.add_unit();
        self.level.functions[index].body = self.unit;
        self.level.is_inside = true;
        self.level.function = Some(index as u32);
        place
    }

    /// Ends the body that `place` was left for.
    pub(in super::super) fn leave_body(&mut self, index: usize, place: Place) {
        self.leave_scope();
        self.go_back(place);
        let units = &self.level.functions[index];
        let (body, class) = (units.body as usize, units.class);
        if let Some(class) = class {
            let stored = std::mem::take(&mut self.units[body].self_writes);
            self.level.classes[class as usize].stored.extend(&stored);
            self.units[body].self_writes = stored;
        }
    }

    /// Ends a function.
    pub(in super::super) fn close_function(
        &mut self,
        index: usize,
        place: Place,
        digests: FunctionDigests,
        last_line: u32,
    ) {
        if let Some(units) = self.level.functions.get_mut(index)
            && units.signature.is_some()
        {
            units.signature_digest = Some(digests.signature);
            units.annotations_digest = digests.annotations;
            return self.close_node(place, digests.definition, last_line);
        }
        self.go_back(place);
    }

    /// Begins a class: its skeleton, if it is a node.
    pub(in super::super) fn open_class(
        &mut self,
        def: &'a StmtClassDef,
        qualname: &str,
        line: u32,
    ) -> Place {
        if !self.is_at_nodes() {
            return self.place_now();
        }
        let class = self.level.classes.len() as u32;
        self.bind_next(&def.name);
        let place = self.open_node(NodeKind::Class(class), line);
        let known = |it: &Decorator| last_name(it).is_some_and(|name| KNOWN.contains(&name));
        let has_unknown_decorator = !def.decorator_list.iter().all(known);
        for decorator in &def.decorator_list {
            self.decorator(&decorator.expression);
        }
        let arguments = def.arguments.as_deref();
        let bases = arguments.map_or(&[][..], |arguments| &arguments.args);
        let is_record = def.decorator_list.iter().any(|it| last_name(it).is_some_and(is_record))
            || bases.iter().any(|base| last_part(base).is_some_and(is_record));
        let is_checkable = def
            .decorator_list
            .iter()
            .any(|it| matches!(last_name(it), Some("runtime_checkable" | "runtime")));
        let is_protocol = is_checkable
            || bases.iter().any(|base| last_part(values::whole(base)) == Some("Protocol"));
        let bases = bases.iter().map(|base| self.base(base)).collect();
        let keywords = arguments.into_iter().flat_map(|arguments| &arguments.keywords);
        let metaclasses = keywords
            .filter_map(|keyword| match keyword.arg.as_deref() {
                Some("metaclass") => Some(self.chain(&keyword.value)),
                Some(_) => None,
                None => Some(None),
            })
            .collect();
        let node = self.node;
        self.level.classes.push(Class {
            name: qualname.into(),
            node,
            bases,
            metaclasses,
            has_unknown_decorator,
            is_record,
            stored: Vec::new(),
            abstract_methods: Vec::new(),
            is_protocol,
            is_checkable,
        });
        place
    }

    fn base(&mut self, base: &'a Expr) -> Option<Chain> {
        match base {
            // `Generic[T]`.
            Expr::Subscript(subscript) => self.chain(&subscript.value),
            other => self.chain(other),
        }
    }

    /// Goes from the skeleton to the statements of the class.
    pub(in super::super) fn enter_class_body(&mut self) {
        let class = match self.level.nodes.get(self.node as usize).map(|node| &node.kind) {
            Some(NodeKind::Class(class)) if self.is_at_nodes() => Some(*class),
            _ => None,
        };
        self.enter_class(class);
        self.level.class = class.or(self.level.class);
        self.level.guard = None;
    }

    /// Ends a class with this skeleton.
    pub(in super::super) fn close_class(&mut self, place: Place, skeleton: Digest, last_line: u32) {
        self.leave_scope();
        if place.is_inside {
            self.go_back(place);
        } else {
            self.close_node(place, skeleton, last_line);
        }
    }
}

/// Decorators of classes that replace nothing and read nothing but what a record gives away.
const KNOWN: &[&str] = &[
    "dataclass",
    "define",
    "final",
    "frozen",
    "mutable",
    "runtime_checkable",
    "total_ordering",
    "unique",
];

/// Decorators and bases that make fields of the statements in a class.
fn is_record(name: &str) -> bool {
    matches!(name, "dataclass" | "define" | "frozen" | "mutable" | "NamedTuple" | "TypedDict")
}

/// The last part of what a decorator calls.
fn last_name(decorator: &Decorator) -> Option<&str> {
    last_part(docs::called(decorator))
}

impl Collector<'_> {
    /// Whether a statement makes a type variable or a type of its own name, by what `typing` has for that: they carry
    /// no fact.
    pub(in super::super) fn makes_type_variable(&mut self, stmt: &Stmt) -> bool {
        let value = match stmt {
            Stmt::Assign(stmt) => &*stmt.value,
            Stmt::AnnAssign(stmt) => match &stmt.value {
                Some(value) => value,
                None => return false,
            },
            _ => return false,
        };
        let Expr::Call(call) = value else { return false };
        let is_one =
            |name: &str| matches!(name, "TypeVar" | "ParamSpec" | "TypeVarTuple" | "NewType");
        if !last_part(&call.func).is_some_and(is_one) {
            return false;
        }
        let mut root = &*call.func;
        while let Expr::Attribute(attribute) = root {
            root = &attribute.value;
        }
        let Some(root) = root.as_name_expr() else { return false };
        let mut bound = self.bound.iter().filter(|it| self.names.text(it.name) == &*root.id);
        bound.any(|it| {
            let import = it.import.map(|import| &self.imports[import as usize]);
            import.is_some_and(|it| {
                it.level == 0 && matches!(&*it.module, "typing" | "typing_extensions")
            })
        })
    }
}
