//! Words that mean something beyond their own: the ways to reach a binding without its name.

use ruff_python_ast::{
    Decorator, ExceptHandler, Expr, ExprAttribute, ExprCall, ExprFString, Operator, StmtTry,
    StmtWith,
};

use super::unit::Dynamic;
use super::values::last_part;

/// Longer strings name nothing.
pub(super) const LONGEST: usize = 4096;

/// Longer words are no identifiers that people write.
const LONGEST_WORD: usize = 100;

/// What a string literal could be to code that looks things up by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// The name of an attribute.
    Identifier,
    /// `pkg.module.attr`, or `pkg.module:attr`.
    Dotted,
    /// `"visit_{}"`, `"visit_%s"`, `"{item.title}"`: what it begins with, if that is a word.
    Template(&'a str),
    Other,
}

impl<'a> Word<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        if text.contains(['{', '%']) {
            let prefix = text.split(['{', '%']).next().unwrap_or_default();
            return Self::Template(if is_identifier(prefix) { prefix } else { "" });
        }
        if is_identifier(text) {
            return Self::Identifier;
        }
        let is_dotted = text.contains(['.', ':']) && text.split(['.', ':']).all(is_identifier);
        if is_dotted { Self::Dotted } else { Self::Other }
    }
}

/// Whether a string could be a name.
pub(super) fn is_identifier(text: &str) -> bool {
    text.len() <= LONGEST_WORD
        && text.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && text.chars().all(|char| char.is_alphanumeric() || char == '_')
}

/// The words of a template that could be names.
pub(super) fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !(char.is_alphanumeric() || char == '_'))
        .filter(|word| is_identifier(word))
}

/// The names in an expression that is a text: `flags.FOO` of `not flags.FOO`.
pub(super) fn dotted_names(text: &str) -> impl Iterator<Item = &str> {
    const WORDS: &[&str] =
        &["False", "None", "True", "and", "else", "for", "if", "in", "is", "lambda", "not", "or"];
    text.split(|char: char| !(char.is_alphanumeric() || char == '_' || char == '.'))
        .filter(|name| name.split('.').all(is_identifier) && !WORDS.contains(name))
}

/// Whether a call is of a mark whose condition can be a text that pytest evaluates among the names of the test's module.
/// `pytest.xfail("why")` is none.
pub(super) fn takes_condition(callee: &Expr) -> bool {
    match last_part(callee) {
        Some("skipif") => true,
        Some("xfail") => {
            let owner = callee.as_attribute_expr().and_then(|mark| last_part(&mark.value));
            owner == Some("mark")
        }
        _ => false,
    }
}

/// The value of a string literal in one piece.
pub(super) fn literal(expr: &Expr) -> Option<&str> {
    match expr.as_string_literal_expr()?.value.as_slice() {
        [part] => Some(&part.value),
        _ => None,
    }
}

/// What the name begins with that an expression computes: `"visit_" + kind`, `f"visit_{kind}"`, `"visit_%s" % kind`.
pub(super) fn beginning(expr: &Expr) -> Option<&str> {
    let found = match expr {
        Expr::BinOp(operation) if operation.op == Operator::Mod => template(&operation.left),
        Expr::BinOp(operation) => literal_beginning(&operation.left),
        Expr::FString(literal) => f_string_beginning(literal),
        Expr::Call(call) => match &*call.func {
            Expr::Attribute(method) if &*method.attr == "format" => template(&method.value),
            _ => None,
        },
        _ => None,
    };
    // One letter says too little.
    found.filter(|text| text.len() > 1)
}

/// What a template begins with.
fn template(expr: &Expr) -> Option<&str> {
    match Word::of(literal(expr)?) {
        Word::Template(prefix) => Some(prefix),
        _ => None,
    }
}

/// The words of a text that is split into names: `"role level".split()`, `"role,level".split(",")`.
pub(super) fn split_names(call: &ExprCall) -> impl Iterator<Item = &str> {
    let text = match &*call.func {
        Expr::Attribute(method) if matches!(&*method.attr, "split" | "rsplit" | "splitlines") => {
            literal(&method.value)
        }
        _ => None,
    };
    text.filter(|text| text.len() <= LONGEST).into_iter().flat_map(identifiers)
}

/// The literal that a sum begins with, if names can begin like that.
pub(super) fn literal_beginning(first: &Expr) -> Option<&str> {
    match first.as_string_literal_expr()?.value.as_slice() {
        [part] if is_identifier(&part.value) => Some(&part.value),
        _ => None,
    }
}

/// The same of an f-string that goes on.
pub(super) fn f_string_beginning(literal: &ExprFString) -> Option<&str> {
    let mut elements = literal.value.elements();
    let first = &elements.next()?.as_literal()?.value;
    (elements.next().is_some() && is_identifier(first)).then_some(&**first)
}

/// Calls that take an object and the name of an attribute: builtins when bare, else the methods of
/// `monkeypatch`, `mock.patch` and `operator`.
pub(super) fn takes_name(name: &str, is_bare: bool) -> bool {
    matches!(name, "getattr" | "hasattr" | "setattr" | "delattr") || (!is_bare && name == "object")
}

/// Those that ask whether there is such an attribute.
pub(super) fn asks(name: &str) -> bool {
    matches!(name, "getattr" | "hasattr")
}

/// Those that change the object.
pub(super) fn stores(name: &str) -> bool {
    matches!(name, "setattr" | "delattr")
}

/// The object and the attribute of `getattr(x, "name")`.
pub(super) fn attribute_got(expr: &Expr) -> Option<(&Expr, &str)> {
    let call = expr.as_call_expr()?;
    match (&*call.func, &*call.arguments.args) {
        (Expr::Name(name), [owner, word, ..]) if name.id.as_str() == "getattr" => {
            literal(word).map(|word| (owner, word))
        }
        _ => None,
    }
}

/// Calls of builtins that can read any name around them.
pub(super) fn is_namespace(name: &str, arguments: &[Expr]) -> bool {
    match name {
        "globals" => true,
        // Otherwise it reads the names that it is given.
        "exec" | "eval" => arguments.get(1).is_none_or(Expr::is_none_literal_expr),
        "vars" => arguments.is_empty(),
        _ => false,
    }
}

/// Calls that list what an object has.
pub(super) fn lists_members(name: &str, is_bare: bool) -> bool {
    matches!(name, "getmembers" | "getmembers_static")
        || (is_bare && matches!(name, "dir" | "vars"))
}

/// The `x` of `type(x)` and `x.__class__`.
pub(super) fn instance(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Attribute(attribute) if attribute.attr.as_str() == "__class__" => {
            Some(&attribute.value)
        }
        Expr::Call(call) => match (&*call.func, &*call.arguments.args) {
            (Expr::Name(name), [only]) if name.id.as_str() == "type" => Some(only),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an expression is a class, so far as its form or its name says so.
pub(super) fn is_class(expr: &Expr) -> bool {
    let is_base = |it: &ExprAttribute| it.attr.as_str() == "__base__";
    let is_named = |name: &str| {
        matches!(name, "cls" | "klass" | "kls" | "class_" | "_cls" | "cls_")
            || name.ends_with("_cls")
            || name.ends_with("_class")
    };
    instance(expr).is_some()
        || expr.as_attribute_expr().is_some_and(is_base)
        || expr.as_name_expr().is_some_and(|name| is_named(&name.id))
}

/// Calls that read the parameters of a function.
pub(super) fn reads_signatures(name: &str) -> bool {
    matches!(
        name,
        "signature"
            | "getfullargspec"
            | "get_type_hints"
            | "get_annotations"
            | "getcallargs"
            | "help"
            | "render_doc"
    )
}

/// Decorators whose functions read the annotations of what is registered with them later.
pub(super) fn dispatches(decorator: &Expr) -> bool {
    let name = match decorator {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return false,
    };
    matches!(name, "singledispatch" | "singledispatchmethod")
}

/// Calls that read annotations, of classes as well.
pub(super) fn reads_annotations(name: &str) -> bool {
    matches!(name, "get_type_hints" | "get_annotations")
}

/// `sys.modules`.
pub(super) fn is_all_modules(owner: &str, attribute: &str) -> bool {
    owner == "sys" && attribute == "modules"
}

/// Whether a default is something that calls can fill.
pub(super) fn is_mutable(default: &Expr) -> bool {
    matches!(default, Expr::Dict(_) | Expr::List(_) | Expr::Set(_) | Expr::Call(_))
}

/// What the mention of an attribute can do beyond reading it.
pub(super) fn dynamic_attribute(name: &str) -> Dynamic {
    Dynamic {
        subclasses: name == "__subclasses__",
        walks_bases: matches!(name, "__mro__" | "mro" | "__bases__" | "__subclasses__"),
        annotations: matches!(name, "__annotations__" | "__annotate__"),
        signatures: matches!(
            name,
            "__annotations__"
                | "__defaults__"
                | "__kwdefaults__"
                | "__signature__"
                | "__annotate__"
        ),
        ..Dynamic::default()
    }
}

/// Methods that change the container that they are called on: of the builtin containers, and those that put something
/// into a cache, a context variable or a queue.
const MUTATORS: &[&str] = &[
    "add",
    "append",
    "appendleft",
    "clear",
    "discard",
    "extend",
    "extendleft",
    "insert",
    "move_to_end",
    "pop",
    "popitem",
    "popleft",
    "put",
    "remove",
    "reverse",
    "set",
    "setdefault",
    "sort",
    "update",
];

pub(super) fn mutates(method: &str) -> bool {
    MUTATORS.binary_search(&method).is_ok()
}

/// Those of them that put something in the place of what was there, if they are given no key.
pub(super) fn switches(method: &str) -> bool {
    matches!(method, "put" | "set")
}

/// Names in a class that Python, `enum`, `unittest` or pytest look up without being told to: that one
/// is there makes a difference by itself.
pub(crate) fn is_implicit(name: &str) -> bool {
    let is_sunder = name.len() > 2 && name.starts_with('_') && name.ends_with('_');
    is_sunder || name.starts_with("pytest_") || HOOKS.binary_search(&name).is_ok()
}

const HOOKS: &[&str] = &[
    "asyncSetUp",
    "asyncTearDown",
    "items",
    "keys",
    "pytestmark",
    "setUp",
    "setUpClass",
    "setup_class",
    "setup_method",
    "tearDown",
    "tearDownClass",
    "teardown_class",
    "teardown_method",
    "values",
];

/// Methods of loggers, whose effects no test sees in a container.
pub(super) fn is_logging(method: &str) -> bool {
    matches!(
        method,
        "debug" | "info" | "warning" | "warn" | "error" | "exception" | "critical" | "log"
    )
}

/// Whether a decorator is called with `autouse`, and not with `autouse=False`; or with keywords that are
/// not told.
pub(super) fn is_autouse(decorator: &Decorator) -> bool {
    let Expr::Call(call) = &decorator.expression else { return false };
    let name = match &*call.func {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return false,
    };
    call.arguments.keywords.iter().any(|keyword| match &keyword.arg {
        Some(word) => {
            word.as_str() == "autouse"
                && keyword.value.as_boolean_literal_expr().is_none_or(|literal| literal.value)
        }
        None => name.contains("fixture"),
    })
}

/// The name that a fixture is given by its decorator: `val` of `@pytest.fixture(name="val")`.
pub(super) fn fixture_name(decorator: &Decorator) -> Option<&str> {
    let Expr::Call(call) = &decorator.expression else { return None };
    if last_part(&call.func)? != "fixture" {
        return None;
    }
    let mut keywords = call.arguments.keywords.iter();
    let named = keywords.find(|keyword| keyword.arg.as_deref() == Some("name"))?;
    literal(&named.value).filter(|name| is_identifier(name))
}

/// Decorators by which a function keeps its results.
pub(super) fn memoises(decorator: &str) -> bool {
    matches!(
        decorator,
        "cache" | "cached" | "cached_property" | "lru_cache" | "memoize" | "memoized" | "memoise"
    )
}

/// Calls of which the result keeps what the functions give that it is made of.
pub(super) fn keeps_results(callee: &str) -> bool {
    memoises(callee) || callee == "defaultdict"
}

/// Whether this attribute of what pytest calls so is the test's own module.
pub(super) fn is_test_module(owner: &str, attr: &str) -> bool {
    attr == "module"
        && matches!(owner, "collector" | "item" | "metafunc" | "node" | "pyfuncitem" | "request")
}

/// The name that an attribute has in the class that keeps it for itself: `__x` of `_C__x`.
pub(super) fn private(attr: &str) -> Option<&str> {
    let rest = attr.strip_prefix('_').filter(|rest| !rest.starts_with('_'))?;
    let at = rest.find("__").filter(|at| *at > 0)?;
    let name = &rest[at..];
    (!name.ends_with("__") && name.len() > 2).then_some(name)
}

/// Methods that Python calls where nothing is found in the usual place; what they put there is found the next time.
pub(super) fn stands_in(method: &str) -> bool {
    matches!(method, "__getattr__" | "__missing__")
}

/// Decorators by which a class cannot be instantiated before the method is overridden.
pub(super) fn makes_abstract(decorator: &str) -> bool {
    matches!(
        decorator,
        "abstractclassmethod" | "abstractmethod" | "abstractproperty" | "abstractstaticmethod"
    )
}

/// Keywords by which a mock has what its model has, and nothing else.
pub(super) fn is_spec(keyword: &str) -> bool {
    matches!(keyword, "autospec" | "spec" | "spec_set")
}

/// Whether a `try` is there for attributes or keys that do not exist.
pub(super) fn catches_missing(stmt: &StmtTry) -> bool {
    catches(stmt, MISSING)
}

/// What is raised where an attribute or a key does not exist.
const MISSING: &[&str] = &["AttributeError", "KeyError", "LookupError"];

/// Whether a `with` is there for attributes or keys that do not exist: `with suppress(KeyError):`.
pub(super) fn suppresses_missing(stmt: &StmtWith) -> bool {
    stmt.items.iter().any(|item| match &item.context_expr {
        Expr::Call(call) if last_part(&call.func) == Some("suppress") => {
            let names = call.arguments.args.iter().filter_map(last_part);
            names.into_iter().any(|name| MISSING.contains(&name))
        }
        _ => false,
    })
}

/// Whether a `try` is there for attributes that do not exist.
pub(super) fn catches_attribute_error(stmt: &StmtTry) -> bool {
    catches(stmt, &["AttributeError"])
}

/// Whether a `with` is there for attributes that do not exist: `with pytest.raises(AttributeError):`,
/// `suppress(AttributeError)`.
pub(super) fn expects_missing(stmt: &StmtWith) -> bool {
    let is_error = |it: &Expr| last_part(it) == Some("AttributeError");
    let is_one = |it: &Expr| match it {
        Expr::Tuple(tuple) => tuple.elts.iter().any(is_error),
        other => is_error(other),
    };
    stmt.items.iter().any(|item| match &item.context_expr {
        Expr::Call(call) => call.arguments.args.iter().any(is_one),
        _ => false,
    })
}

fn catches(stmt: &StmtTry, names: &[&str]) -> bool {
    let is_it = |expr: &Expr| match expr {
        Expr::Name(name) => names.contains(&name.id.as_str()),
        _ => false,
    };
    stmt.handlers.iter().any(|handler| {
        let ExceptHandler::ExceptHandler(handler) = handler;
        handler.type_.as_deref().is_some_and(|caught| match caught {
            Expr::Tuple(tuple) => tuple.elts.iter().any(is_it),
            other => is_it(other),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_words() {
        assert_eq!(Word::of("LIMIT"), Word::Identifier);
        assert_eq!(Word::of("pkg.mod:attr"), Word::Dotted);
        assert_eq!(Word::of("visit_{}"), Word::Template("visit_"));
        assert_eq!(Word::of("{item.title}"), Word::Template(""));
        assert_eq!(Word::of("a sentence."), Word::Other);
        assert_eq!(Word::of("1.5"), Word::Other);
        assert_eq!(identifiers("{item.title} 3").collect::<Vec<_>>(), ["item", "title"]);
        let condition = "not flags.FOO and sys.version_info < (3, 4)";
        let names: Vec<_> = dotted_names(condition).collect();
        assert_eq!(names, ["flags.FOO", "sys.version_info"]);
    }

    #[test]
    fn names_that_a_class_keeps_for_itself() {
        assert_eq!(private("_C__x"), Some("__x"));
        for other in ["__x", "_x", "x__y", "__init__", "_C__x__", "_C__"] {
            assert_eq!(private(other), None, "{other}");
        }
    }

    #[test]
    fn lists_are_sorted() {
        assert!(HOOKS.is_sorted());
        assert!(MUTATORS.is_sorted());
    }
}
