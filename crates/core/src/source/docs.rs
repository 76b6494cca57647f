//! Docstrings: where they stand, and which code can read them.
//!
//! A docstring makes no difference to a test unless something reads it. Three things can: a decorator,
//! which gets the object in its hands, code that mentions one of the few ways to a docstring, and a library that makes
//! something of the docstrings of what it is given: those of a module that imports one all count.

use ruff_python_ast::{AnyNodeRef, Decorator, Expr, ExprContext, ExprStringLiteral, Stmt};
use ruff_text_size::TextSize;

/// The docstring that a body begins with.
pub(super) fn docstring(body: &[Stmt]) -> Option<&ExprStringLiteral> {
    match body.first()? {
        Stmt::Expr(stmt) => stmt.value.as_string_literal_expr(),
        _ => None,
    }
}

/// Whether a statement says nothing at all: `pass`, or a constant that nobody takes.
///
/// CPython compiles neither. A docstring is among them; it is kept apart, see [`docstring`].
pub(super) fn is_silent(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Pass(_) => true,
        Stmt::Expr(stmt) => stmt.value.is_literal_expr(),
        _ => false,
    }
}

/// Decorators that hand a docstring on at most, and never act upon it.
///
/// A project could rebind one of these names; it would still have to mention `__doc__` to read one.
const BLIND_DECORATORS: &[&str] = &[
    "abstractmethod",
    "asynccontextmanager",
    "cache",
    "cached_property",
    "classmethod",
    "contextmanager",
    "deleter",
    "final",
    "fixture",
    "getter",
    "lru_cache",
    "overload",
    "override",
    "property",
    "setter",
    "staticmethod",
    "wraps",
];

/// Whether one of the decorators could read the docstring of what it decorates.
pub(super) fn can_read_docs(decorators: &[Decorator]) -> bool {
    !decorators.iter().all(is_blind)
}

/// Whether a decorator is known not to look at what it decorates.
pub(super) fn is_blind(decorator: &Decorator) -> bool {
    let name = match called(decorator) {
        Expr::Name(name) => name.id.as_str(),
        // `pytest.mark.parametrize`, whatever the mark is called.
        Expr::Attribute(mark) if is_mark(&mark.value) => return true,
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return false,
    };
    BLIND_DECORATORS.binary_search(&name).is_ok()
}

/// What a decorator calls: `d` of `@d` and `@d(x)`.
pub(super) fn called(decorator: &Decorator) -> &Expr {
    match &decorator.expression {
        Expr::Call(call) => &call.func,
        other => other,
    }
}

fn is_mark(expr: &Expr) -> bool {
    match expr {
        Expr::Attribute(attribute) => {
            attribute.attr.as_str() == "mark"
                && attribute.value.as_name_expr().is_some_and(|name| name.id.as_str() == "pytest")
        }
        _ => false,
    }
}

/// Packages that make help texts and descriptions of the docstrings of classes and functions.
const DOC_READERS: &[&str] = &[
    "click",
    "cmd",
    "cyclopts",
    "defopt",
    "discord",
    "docopt",
    "fastapi",
    "fastmcp",
    "fire",
    "graphene",
    "invoke",
    "langchain",
    "langchain_core",
    "mcp",
    "ninja",
    "pydantic",
    "rest_framework",
    "strawberry",
    "typer",
];

/// Whether a module imports a library that reads docstrings, by a statement that stands in no other.
pub(super) fn are_handed_on(module: &[Stmt]) -> bool {
    let reads =
        |name: &str| DOC_READERS.binary_search(&name.split('.').next().unwrap_or_default()).is_ok();
    module.iter().any(|stmt| match stmt {
        Stmt::Import(import) => import.names.iter().any(|alias| reads(&alias.name)),
        Stmt::ImportFrom(import) => {
            import.level == 0 && import.module.as_deref().is_some_and(reads)
        }
        _ => false,
    })
}

/// Whether code that mentions `word` (a name, an attribute, an imported module or name, a whole
/// string) can read docstrings.
pub(super) fn is_doc_word(word: &str) -> bool {
    matches!(word, "__doc__" | "getdoc" | "doctest" | "pydoc")
}

/// Whether code that mentions `word` can read the text of source files.
pub(super) fn is_source_word(word: &str) -> bool {
    matches!(
        word,
        "findsource" | "getblock" | "getcomments" | "getsource" | "getsourcelines" | "linecache"
    )
}

/// Where the name `linecache` begins in an expression that gives it lines of code made at run time, and reads none:
/// `linecache.cache[file] = …`, `linecache.cache.setdefault(…)`.
pub(super) fn given_lines(node: AnyNodeRef<'_>) -> Option<TextSize> {
    let cache = match node {
        AnyNodeRef::ExprSubscript(target) if target.ctx != ExprContext::Load => &target.value,
        AnyNodeRef::ExprAttribute(method) if matches!(&*method.attr, "setdefault" | "update") => {
            &method.value
        }
        _ => return None,
    };
    let cache = cache.as_attribute_expr().filter(|cache| &*cache.attr == "cache")?;
    let module = cache.value.as_name_expr().filter(|module| &*module.id == "linecache")?;
    Some(module.range.start())
}

/// Whether a call is one of the builtin `help`. The bare name is too common to count.
pub(super) fn is_help(func: &Expr) -> bool {
    func.as_name_expr().is_some_and(|name| name.id.as_str() == "help")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceModel;

    #[test]
    fn docstrings_count_where_a_library_reads_them() {
        let digest = |import: &str, docs: &str| {
            let text = format!("{import}\nclass C(Base):\n    \"\"\"{docs}\"\"\"\n");
            SourceModel::parse(text.as_bytes()).unwrap().outline().module()
        };
        for (import, counts) in [
            ("from pydantic import BaseModel as Base", true),
            ("import click.testing", true),
            ("from .click import Base", false),
            ("from base import Base", false),
        ] {
            assert_eq!(digest(import, "one") != digest(import, "two"), counts, "{import}");
        }
    }

    #[test]
    fn code_that_gives_lines_reads_none() {
        for (body, reads) in [
            ("linecache.cache[name] = lines", false),
            ("linecache.cache.setdefault(name, lines)", false),
            ("return linecache.cache[name]", true),
            ("return linecache.getline(name, 1)", true),
            ("linecache.cache[name] = linecache.getlines(other)", true),
        ] {
            let text = format!("def f(name):\n    {body}\n");
            let model = SourceModel::parse(text.as_bytes()).unwrap();
            assert_eq!(model.functions()[0].reads_source(), reads, "{body}");
        }
    }

    #[test]
    fn lists_are_sorted() {
        assert!(BLIND_DECORATORS.is_sorted() && DOC_READERS.is_sorted());
    }
}
