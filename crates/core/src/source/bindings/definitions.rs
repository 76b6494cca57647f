//! Definitions: functions and classes, each with its pieces, as the walk comes by them.

use ruff_python_ast::helpers::any_over_expr;
use ruff_python_ast::{Decorator, Expr, Parameters, StmtClassDef, StmtFunctionDef};

use super::super::docs;
use super::collector::Collector;
use super::names::NameId;
use super::nodes::{NodeKind, Place};
use super::unit::Chain;
use super::values::{self, last_part};
use super::words;
use crate::Digest;

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
    /// Whether it is an enum, as far as the names of its bases tell.
    pub(super) is_enum: bool,
    /// If so, its members with the text of their values.
    pub(super) values: Vec<(NameId, Box<str>)>,
}

/// What belongs to a function besides its body's digest.
#[derive(Clone, Debug)]
pub(crate) struct FunctionUnits {
    pub(crate) body: u32,
    /// Defaults and annotations; `None` where they belong to a larger piece.
    pub(crate) signature: Option<u32>,
    pub(crate) signature_digest: Option<Digest>,
    pub(crate) annotations_digest: Option<Digest>,
    /// Whether something is called for a default, which can do more than to return it.
    pub(crate) calls_for_defaults: bool,
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

impl<'a> Collector<'a> {
    /// Begins a function: its definition, if it is a node.
    pub(in super::super) fn open_function(&mut self, def: &'a StmtFunctionDef, line: u32) -> Place {
        let index = self.level.functions.len() as u32;
        let is_node = self.is_at_nodes();
        let place = if is_node {
            self.bind_next(&def.name);
            // `@pytest.fixture(name="val")` is looked up by that name.
            for name in def.decorator_list.iter().filter_map(words::fixture_name) {
                self.bind_next(name);
            }
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
            calls_for_defaults: calls_for_defaults(&def.parameters),
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
        let is_enum = bases.iter().any(|base| last_part(base).is_some_and(|it| self.is_enum(it)));
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
            is_enum,
            values: Vec::new(),
        });
        place
    }

    /// Whether a base of this name makes a class an enum: it is called like one, or is one of the same source.
    fn is_enum(&self, base: &str) -> bool {
        base.ends_with("Enum")
            || base.ends_with("Flag")
            || self.level.classes.iter().any(|class| class.is_enum && &*class.name == base)
    }

    /// Notes that the present node binds a name to what has this text, if that can be the member of an enum.
    pub(in super::super) fn member(&mut self, target: &'a str, value: &str) {
        let name = self.names.id(target);
        if let Some(class) = self.level.class
            && let Some(class) = self.level.classes.get_mut(class as usize)
            && class.is_enum
        {
            class.values.push((name, value.into()));
        }
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

fn calls_for_defaults(parameters: &Parameters) -> bool {
    let defaults = parameters.iter_non_variadic_params().filter_map(|it| it.default.as_deref());
    defaults.into_iter().any(|default| any_over_expr(default, &Expr::is_call_expr))
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
