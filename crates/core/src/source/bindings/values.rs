//! What the value of an expression is, as far as its own text tells: new, shared, constant, empty, a part of
//! something.

use ruff_python_ast::{Expr, ExprCall};

/// What an expression is a part of: `a.b` of `a.b[k][j]`, of `a.b[k].c` and of `a.b.get(k)`; the expression itself if it
/// is a part of nothing.
pub(super) fn whole(expr: &Expr) -> &Expr {
    // What is left when all is taken away down to names.
    let (mut at, mut whole) = (expr, expr);
    loop {
        at = match at {
            Expr::Attribute(attribute) => &attribute.value,
            Expr::Subscript(subscript) => {
                whole = &subscript.value;
                whole
            }
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(method) => {
                    whole = &method.value;
                    whole
                }
                _ => return expr,
            },
            Expr::Name(_) => return whole,
            _ => return expr,
        };
    }
}

/// What an expression gets something out of: `table` of `table[key]` and `table.get(key)`; else the expression itself.
pub(super) fn part_of(expr: &Expr) -> &Expr {
    match expr {
        Expr::Subscript(subscript) => whole(&subscript.value),
        Expr::Call(call) => match &*call.func {
            Expr::Attribute(method) if matches!(&*method.attr, "get" | "setdefault") => {
                whole(&method.value)
            }
            _ => expr,
        },
        _ => expr,
    }
}

/// The call that an expression is evaluated by first, as far as that is plain to see.
pub(super) fn first_call(expr: &Expr) -> Option<&ExprCall> {
    let mut at = expr;
    loop {
        at = match at {
            Expr::Call(call) => return Some(call),
            Expr::UnaryOp(operation) => &operation.operand,
            Expr::Compare(comparison) => &comparison.left,
            Expr::BoolOp(operation) => operation.values.first()?,
            Expr::Named(named) => &named.value,
            _ => return None,
        };
    }
}

/// What a value is, as far as its own text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Something that nothing can change.
    Constant,
    /// A new object.
    New,
    /// What another name stands for.
    Alias,
    /// What others may have, too.
    Shared,
}

/// What the value of an expression is. It looks no deeper than it must: sources can be nested without end.
pub(super) fn value(expr: &Expr) -> Value {
    let are_constant = |parts: &[&Expr]| parts.iter().all(|it| plain_value(it) == Value::Constant);
    match expr {
        Expr::UnaryOp(operation) => plain_value(&operation.operand),
        Expr::BinOp(operation) if are_constant(&[&operation.left, &operation.right]) => {
            Value::Constant
        }
        Expr::Tuple(tuple) if tuple.elts.iter().all(|it| plain_value(it) == Value::Constant) => {
            Value::Constant
        }
        Expr::If(conditional) => {
            let parts = [plain_value(&conditional.body), plain_value(&conditional.orelse)];
            match parts {
                [Value::Constant, Value::Constant] => Value::Constant,
                [Value::Constant | Value::New, Value::Constant | Value::New] => Value::New,
                _ => Value::Shared,
            }
        }
        expr => plain_value(expr),
    }
}

fn plain_value(expr: &Expr) -> Value {
    match expr {
        Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::BytesLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::NoneLiteral(_)
        | Expr::EllipsisLiteral(_)
        | Expr::FString(_)
        | Expr::Compare(_) => Value::Constant,
        Expr::BinOp(_)
        | Expr::Tuple(_)
        | Expr::List(_)
        | Expr::Dict(_)
        | Expr::Set(_)
        | Expr::ListComp(_)
        | Expr::SetComp(_)
        | Expr::DictComp(_)
        | Expr::Generator(_)
        | Expr::Lambda(_) => Value::New,
        Expr::Name(_) | Expr::Attribute(_) => Value::Alias,
        Expr::Call(call) => match last_part(&call.func) {
            Some(name) if makes_constant(name) => Value::Constant,
            Some(name) if makes_new(name) => Value::New,
            _ => Value::Shared,
        },
        _ => Value::Shared,
    }
}

/// Whether a call of what has this name gives something that nothing can change.
fn makes_constant(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "bool",
        "bytes",
        "compile",
        "float",
        "frozenset",
        "int",
        "isinstance",
        "join",
        "len",
        "range",
        "repr",
        "str",
        "tuple",
    ];
    NAMES.contains(&name)
}

/// The last name of a chain.
pub(super) fn last_part(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(&name.id),
        Expr::Attribute(attribute) => Some(&attribute.attr),
        _ => None,
    }
}

/// Whether a call of what has this name makes an object: a class, mostly.
fn makes_new(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "bytearray",
        "copy",
        "deepcopy",
        "defaultdict",
        "deque",
        "dict",
        "enumerate",
        "filter",
        "list",
        "map",
        "namedtuple",
        "object",
        "reversed",
        "set",
        "sorted",
        "zip",
    ];
    NAMES.contains(&name) || name.starts_with(|first: char| first.is_uppercase())
}

/// Whether this is an empty container, an empty text, zero or `False`, by its text.
pub(super) fn is_empty(value: &Expr) -> bool {
    match value {
        Expr::List(list) => list.elts.is_empty(),
        Expr::Tuple(tuple) => tuple.elts.is_empty(),
        Expr::Dict(dict) => dict.items.is_empty(),
        Expr::StringLiteral(text) => text.value.is_empty(),
        Expr::BytesLiteral(bytes) => bytes.value.is_empty(),
        Expr::BooleanLiteral(value) => !value.value,
        Expr::NumberLiteral(number) => number.value.as_int().is_some_and(|it| *it == 0),
        _ => false,
    }
}
