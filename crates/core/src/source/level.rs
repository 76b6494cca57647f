//! Statements at the module and class level: where the nodes of [`super::bindings`] begin and end.

use std::hash::Hasher;
use std::iter;

use ruff_python_ast::visitor::source_order::SourceOrderVisitor;
use ruff_python_ast::{AnyNodeRef, ExceptHandler, Expr, NodeKind, Stmt, StmtIf, StmtTry, UnaryOp};
use ruff_text_size::{Ranged, TextRange};

use super::bindings::Place;
use super::spell::Domain;
use super::walk::Walk;
use crate::Digest;
use crate::digest::DigestBuilder;

/// A statement that decides which of its parts run.
struct OpenGuard {
    /// Where to go back to; `None` if no node is made of it.
    place: Option<Place>,
    builder: DigestBuilder,
    branches: u32,
}

impl<'a> Walk<'a> {
    /// Visits a statement that is a node, or several.
    pub(super) fn visit_at_level(&mut self, stmt: &'a Stmt) {
        match stmt {
            // These say themselves where they begin and end.
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) | Stmt::If(_) => self.visit_inside(stmt),
            Stmt::Try(stmt) => self.visit_try(stmt),
            Stmt::Import(_) | Stmt::ImportFrom(_) => {
                let range = stmt.range();
                let (first, last) = (self.first_line(range), self.last_line(range));
                self.bindings.add_imports(stmt, first, last);
                self.visit_inside(stmt);
            }
            other => {
                let first = self.first_line(other.range());
                let place = self.bindings.open_statement(other, first);
                let start = self.block.spelling.len();
                if self.has_hint(other) {
                    self.begin_hints();
                }
                self.visit_inside(other);
                if let Stmt::Assign(stmt) = other
                    && let [Expr::Name(target)] = &stmt.targets[..]
                {
                    self.bindings.member(&target.id, &self.text[stmt.value.range()]);
                }
                let mut digest = self.block.spelling.digest_since(start, Domain::Node);
                let mut hint = self.end_hints();
                if self.bindings.makes_type_variable(other) {
                    self.bindings.forget_mentions();
                    digest = Digest::of_value("type-variable/1", &());
                    hint = None;
                }
                self.bindings.hint(hint);
                let last = self.last_line(other.range());
                self.bindings.close_node(place, digest, last);
            }
        }
    }

    /// Spells the clauses of an `if` that can run; without the `if` what runs in any case.
    pub(super) fn visit_if(&mut self, stmt: &'a StmtIf) {
        let rest = stmt.elif_else_clauses.iter();
        let clauses = iter::once((Some(&*stmt.test), &stmt.body))
            .chain(rest.map(|clause| (clause.test.as_ref(), &clause.body)));
        let mut open = None;
        for (test, body) in clauses {
            match condition(test) {
                Condition::Never => {}
                Condition::Always => match &mut open {
                    None => return self.visit_statements(body),
                    Some(guard) => {
                        self.visit_guarded(guard, body, false);
                        break;
                    }
                },
                Condition::Perhaps(test) => {
                    if open.is_none() {
                        open = Some(self.open_guard(stmt.range));
                        self.bindings.condition_of_level(test);
                        self.block.spelling.open(NodeKind::StmtIf);
                    }
                    let start = self.block.spelling.len();
                    // The first condition was looked at with the statement.
                    if self.is_in_function() && test.start() > stmt.test.start() {
                        self.bindings.branch(test, body);
                    }
                    self.visit_expr(test);
                    if let Some(guard) = &mut open {
                        guard.builder.write(self.block.spelling.since(start));
                        self.visit_guarded(guard, body, false);
                    }
                }
            }
        }
        if let Some(guard) = open {
            self.block.spelling.close();
            self.close_guard(guard, stmt.range);
        }
    }

    /// Spells a `try` as the walk would, part by part.
    fn visit_try(&mut self, stmt: &'a StmtTry) {
        let node = AnyNodeRef::StmtTry(stmt);
        let mut guard = self.open_guard(stmt.range);
        if self.enter_node(node).is_traverse() {
            // Any statement of the body can be the one that raises, so all of it decides.
            let start = self.block.spelling.len();
            self.visit_guarded(&mut guard, &stmt.body, true);
            guard.builder.write(self.block.spelling.since(start));
            for handler in &stmt.handlers {
                self.visit_handler(&mut guard, handler);
            }
            self.visit_guarded(&mut guard, &stmt.orelse, false);
            self.visit_guarded(&mut guard, &stmt.finalbody, false);
        }
        self.leave_node(node);
        self.close_guard(guard, stmt.range);
    }

    fn visit_handler(&mut self, guard: &mut OpenGuard, handler: &'a ExceptHandler) {
        let node = AnyNodeRef::from(handler);
        let ExceptHandler::ExceptHandler(handler) = handler;
        if self.enter_node(node).is_traverse() {
            let start = self.block.spelling.len();
            if let Some(caught) = &handler.type_ {
                self.visit_expr(caught);
            }
            if let Some(name) = &handler.name {
                self.visit_identifier(name);
            }
            guard.builder.write(self.block.spelling.since(start));
            self.visit_guarded(guard, &handler.body, false);
        }
        self.leave_node(node);
    }

    fn open_guard(&mut self, range: TextRange) -> OpenGuard {
        let first = self.first_line(range);
        let place = self.bindings.is_at_nodes().then(|| self.bindings.open_guard(first));
        OpenGuard { place, builder: DigestBuilder::new(Domain::Node.name()), branches: 0 }
    }

    /// Visits a part that `guard` guards; if `decides`, what runs there decides about the others.
    fn visit_guarded(&mut self, guard: &mut OpenGuard, body: &'a [Stmt], decides: bool) {
        guard.branches += 1;
        if guard.place.is_none() {
            return self.visit_body(body);
        }
        let place = self.bindings.enter_branch(guard.branches);
        self.visit_body(body);
        self.bindings.leave_branch(place, decides);
    }

    fn close_guard(&mut self, guard: OpenGuard, range: TextRange) {
        if let Some(place) = guard.place {
            let last = self.last_line(range);
            self.bindings.close_node(place, guard.builder.digest(), last);
        }
    }
}

/// Whether the statements behind a condition run.
enum Condition<'a> {
    Never,
    Always,
    Perhaps(&'a Expr),
}

/// What is known of a condition (`None`: an `else`) before it is evaluated.
fn condition(test: Option<&Expr>) -> Condition<'_> {
    match test {
        None => Condition::Always,
        Some(test) if is_type_checking(test) => Condition::Never,
        Some(Expr::UnaryOp(not)) if not.op == UnaryOp::Not && is_type_checking(&not.operand) => {
            Condition::Always
        }
        Some(test) => Condition::Perhaps(test),
    }
}

/// `TYPE_CHECKING`, or `typing.TYPE_CHECKING` under whatever name of `typing`.
fn is_type_checking(test: &Expr) -> bool {
    let name = match test {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) if attribute.value.is_name_expr() => attribute.attr.as_str(),
        _ => return false,
    };
    name == "TYPE_CHECKING"
}
