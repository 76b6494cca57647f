//! The nodes of a source: the pieces of its module and class level that are bound, changed and
//! depended upon by themselves.

use std::ops::Range;

use ruff_python_ast::{Expr, Stmt};

use super::collector::Collector;
use super::definitions::{Class, FunctionUnits};
use super::import;
use super::names::NameId;
use super::scope::Role;
use super::unit::{Chain, Unit};
use super::values::{self, Value, last_part};
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

/// A place in the collection to come back to.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Place {
    node: u32,
    unit: u32,
    pub(super) is_inside: bool,
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
    pub(super) is_inside: bool,
    pub(super) class: Option<u32>,
    pub(super) guard: Option<u32>,
    pub(super) branch: u32,
    pub(super) function: Option<u32>,
}

impl<'a> Collector<'a> {
    /// Whether the next statement is a node, or several.
    pub(in super::super) fn is_at_nodes(&self) -> bool {
        !self.level.is_inside
    }

    pub(super) fn place_now(&self) -> Place {
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

    pub(super) fn open_node(&mut self, kind: NodeKind, first_line: u32) -> Place {
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

    pub(super) fn node_mut(&mut self, node: u32) -> &mut Node {
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
                && matches!(values::value(value), Value::Shared | Value::New)
                && let Some(chain) = self.chain(&call.func)
            {
                let root = self.pool[chain.start as usize];
                self.node_mut(node).called = Some(root);
            }
        }
        let head = match stmt {
            Stmt::While(stmt) => Some(&*stmt.test),
            Stmt::For(stmt) => Some(&*stmt.iter),
            Stmt::With(stmt) => stmt.items.first().map(|item| &item.context_expr),
            Stmt::Match(stmt) => Some(&*stmt.subject),
            _ => None,
        };
        if let Some(head) = head {
            self.note_called(head);
        }
        self.level.is_inside = true;
        place
    }

    /// Notes what the head of the present node calls, which may be all that the node does.
    fn note_called(&mut self, head: &'a Expr) {
        let called = values::first_call(head);
        if let Some(chain) = called.and_then(|call| self.chain(&call.func)) {
            let root = self.pool[chain.start as usize];
            let node = self.node;
            self.node_mut(node).called = Some(root);
        }
    }

    /// Notes what the condition of an `if` calls, if the `if` is a node.
    pub(in super::super) fn condition_of_level(&mut self, test: &'a Expr) {
        if self.is_at_nodes() {
            self.note_called(test);
        }
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
