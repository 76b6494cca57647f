//! Annotations of the module and class level, which are spelt apart from what they annotate: hardly any code reads
//! them, and whoever does not is not touched by a change of them.

use ruff_python_ast::visitor::source_order::SourceOrderVisitor;
use ruff_python_ast::{Expr, Stmt};

use super::spell::{Domain, Spelling};
use super::walk::Walk;
use crate::Digest;

/// Annotations under way.
#[derive(Debug)]
pub(super) struct Hints {
    spelling: Spelling,
    /// How much of the block had been spelt where they began.
    start: usize,
}

impl<'a> Walk<'a> {
    /// Spells annotations apart from here on.
    pub(super) fn begin_hints(&mut self) {
        let spelling = self.spare.pop().unwrap_or_default();
        self.hints = Some(Hints { spelling, start: self.block.spelling.len() });
    }

    /// Ends that: the annotations are spelt behind what was spelt meanwhile. Returns their digest; `None` if there
    /// are none.
    pub(super) fn end_hints(&mut self) -> Option<Digest> {
        let Hints { mut spelling, .. } = self.hints.take()?;
        // Who reads an annotation finds a text where they are kept as text.
        let is_text = self.postpones_annotations;
        let digest = (spelling.len() > 0).then(|| spelling.digest(Domain::Hint));
        let digest = digest.map(|it| if is_text { Digest::of_value("text/1", &it) } else { it });
        self.block.spelling.append(&spelling);
        spelling.clear();
        self.spare.push(spelling);
        digest
    }

    /// Whether a statement binds a variable as it would without its annotation.
    pub(super) fn has_hint(&self, stmt: &Stmt) -> bool {
        match stmt {
            Stmt::AnnAssign(stmt) => stmt.simple && self.is_inert(&stmt.annotation),
            _ => false,
        }
    }

    /// Whether nothing happens by an annotation alone, but that it can raise.
    pub(super) fn is_inert(&self, annotation: &Expr) -> bool {
        self.postpones_annotations || is_inert(annotation)
    }

    /// Spells an inert annotation, apart where that is on: with the place where it stands, that `x: int, y` and
    /// `x, y: int` differ.
    pub(super) fn spell_annotation(&mut self, annotation: &'a Expr) {
        let Some(Hints { spelling, start }) = self.hints.take() else {
            return self.visit_expr(annotation);
        };
        let place = self.block.spelling.len() - start;
        let block = std::mem::replace(&mut self.block.spelling, spelling);
        self.block.spelling.count(place);
        self.visit_expr(annotation);
        let spelling = std::mem::replace(&mut self.block.spelling, block);
        self.hints = Some(Hints { spelling, start });
    }
}

/// Whether annotations are kept as text (PEP 563), and so never evaluated by themselves.
pub(super) fn are_postponed(body: &[Stmt]) -> bool {
    let of_future = body.iter().filter_map(Stmt::as_import_from_stmt);
    let of_future = of_future.filter(|it| it.module.as_deref() == Some("__future__"));
    of_future.flat_map(|it| &it.names).any(|alias| &*alias.name == "annotations")
}

/// Whether to evaluate an annotation can do nothing but raise.
fn is_inert(annotation: &Expr) -> bool {
    match annotation {
        Expr::Name(_)
        | Expr::StringLiteral(_)
        | Expr::NumberLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::NoneLiteral(_)
        | Expr::EllipsisLiteral(_) => true,
        Expr::Attribute(attribute) => is_inert(&attribute.value),
        Expr::Subscript(subscript) => is_inert(&subscript.value) && is_inert(&subscript.slice),
        Expr::BinOp(both) => is_inert(&both.left) && is_inert(&both.right),
        Expr::UnaryOp(operation) => is_inert(&operation.operand),
        Expr::Tuple(tuple) => tuple.elts.iter().all(is_inert),
        Expr::List(list) => list.elts.iter().all(is_inert),
        Expr::Starred(starred) => is_inert(&starred.value),
        _ => false,
    }
}
