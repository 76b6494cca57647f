//! Stubs of overloaded functions, which say something to type checkers alone.
//!
//! The definition that follows takes the name over, and nothing reads a stub but `typing.get_overloads`: it is nothing.

use ruff_python_ast::{Expr, Stmt, StmtFunctionDef};

/// Whether a statement is such a stub, `rest` being what follows in the same body.
pub(super) fn is_stub(stmt: &Stmt, rest: &[Stmt]) -> bool {
    let Stmt::FunctionDef(def) = stmt else { return false };
    let takes_over = |later: &Stmt| match later {
        Stmt::FunctionDef(later) => later.name.id == def.name.id,
        _ => false,
    };
    is_overload(def) && rest.iter().any(takes_over)
}

fn is_overload(def: &StmtFunctionDef) -> bool {
    def.decorator_list.iter().any(|decorator| match &decorator.expression {
        Expr::Name(name) => &*name.id == "overload",
        Expr::Attribute(attribute) => &*attribute.attr == "overload",
        _ => false,
    })
}
