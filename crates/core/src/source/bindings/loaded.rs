//! What code takes from `sys.modules`: where it says by itself which module, or reads nothing of it that
//! source code binds.
//!
//! Elsewhere any loaded module could be meant, and be read as a whole. That is rare: mostly a program asks whether a
//! module is loaded, or where its file is.

use ruff_python_ast::visitor::source_order::{
    SourceOrderVisitor, walk_comprehension, walk_expr, walk_stmt,
};
use ruff_python_ast::{
    CmpOp, Comprehension, Expr, ExprAttribute, ExprCall, ExprContext, Stmt, UnaryOp,
};
use ruff_text_size::{Ranged, TextSize};

use super::words::literal;

/// What the import system sets in a module.
const METADATA: &[&str] =
    &["__cached__", "__file__", "__loader__", "__name__", "__package__", "__path__", "__spec__"];

/// Calls that read the keys of a mapping and nothing else.
const OF_KEYS: &[&str] = &["frozenset", "iter", "len", "list", "set", "sorted", "tuple"];

/// Where `sys.modules` begins in the statements of a module that tell what they mean by it, ascending. Those that
/// stand in code nested deeper than `max_depth` are not looked for.
pub(in super::super) fn told_places(text: &str, body: &[Stmt], max_depth: usize) -> Vec<TextSize> {
    if !text.contains("sys.modules") {
        return Vec::new();
    }
    let mut finder = Finder { told: Vec::new(), functions: Vec::new(), depth: 0, max_depth };
    body.iter().for_each(|stmt| finder.visit_stmt(stmt));
    finder.told.sort_unstable();
    finder.told
}

/// `sys.modules`.
fn is_loaded_modules(expr: &Expr) -> bool {
    expr.as_attribute_expr().is_some_and(|attribute| {
        attribute.attr.as_str() == "modules"
            && attribute.value.as_name_expr().is_some_and(|name| name.id.as_str() == "sys")
    })
}

/// The `sys.modules` of `sys.modules[key]` or `sys.modules.get(key)`.
fn lookup(expr: &Expr) -> Option<TextSize> {
    let container = match expr {
        Expr::Subscript(subscript) => &subscript.value,
        Expr::Call(call) => &call.func.as_attribute_expr().filter(|it| &it.attr == "get")?.value,
        _ => return None,
    };
    is_loaded_modules(container).then(|| container.range().start())
}

/// `sys.modules[__name__]`.
pub(super) fn is_own_module(expr: &Expr) -> bool {
    expr.as_subscript_expr().is_some_and(|subscript| {
        is_loaded_modules(&subscript.value)
            && subscript.slice.as_name_expr().is_some_and(|name| name.id.as_str() == "__name__")
    })
}

/// Whether a key of `sys.modules` says of which module it is: a literal, which counts as a reference by
/// itself, or the module's own name.
fn tells_module(key: &Expr) -> bool {
    literal(key).is_some() || key.as_name_expr().is_some_and(|name| name.id.as_str() == "__name__")
}

/// The container in a call that says of which module it is (`sys.modules.pop("m")`, `monkeypatch.setitem(sys.modules,
/// "m", fake)`, `mock.patch.dict(sys.modules, {"m": fake})`), or reads keys.
fn told_by(call: &ExprCall) -> Option<&Expr> {
    let arguments = &call.arguments.args;
    let method = match &*call.func {
        Expr::Name(name) if OF_KEYS.contains(&name.id.as_str()) => return arguments.first(),
        Expr::Attribute(method) => method,
        _ => return None,
    };
    match method.attr.as_str() {
        "keys" => Some(&method.value),
        "get" | "pop" | "setdefault" if arguments.first().is_some_and(tells_module) => {
            Some(&method.value)
        }
        "setitem" | "delitem" if arguments.get(1).is_some_and(tells_module) => arguments.first(),
        "dict" if arguments.get(1).is_none_or(Expr::is_dict_expr) => arguments.first(),
        _ => None,
    }
}

/// The object of `getattr(x, "__file__")` or `hasattr(x, "__file__")`.
fn asked_for_metadata(call: &ExprCall) -> Option<&Expr> {
    let is_it = call
        .func
        .as_name_expr()
        .is_some_and(|name| matches!(name.id.as_str(), "getattr" | "hasattr"));
    let name = call.arguments.args.get(1).and_then(literal)?;
    call.arguments.args.first().filter(|_| is_it && METADATA.contains(&name))
}

fn reads_metadata(attribute: &ExprAttribute) -> bool {
    attribute.ctx == ExprContext::Load && METADATA.contains(&attribute.attr.as_str())
}

/// Finds the places.
struct Finder<'a> {
    told: Vec<TextSize>,
    /// The bodies of the functions that it is in.
    functions: Vec<&'a [Stmt]>,
    depth: usize,
    max_depth: usize,
}

impl<'a> Finder<'a> {
    fn tell(&mut self, expr: &Expr) {
        if is_loaded_modules(expr) {
            self.told.push(expr.range().start());
        }
    }

    /// `sys.modules.pop(key)`, whose value nobody takes.
    fn drop_value(&mut self, expr: &Expr) {
        if let Expr::Call(call) = expr
            && let Expr::Attribute(method) = &*call.func
            && method.attr.as_str() == "pop"
        {
            self.tell(&method.value);
        }
    }

    /// `name = sys.modules[key]` in a function that reads nothing of the name but metadata.
    fn bind(&mut self, name: &str, value: &Expr) {
        if let (Some(place), Some(body)) = (lookup(value), self.functions.last())
            && Uses::are_harmless(name, body)
        {
            self.told.push(place);
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Finder<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if self.depth >= self.max_depth {
            return;
        }
        match stmt {
            Stmt::Assign(stmt) => {
                if let [Expr::Name(name)] = &stmt.targets[..] {
                    self.bind(&name.id, &stmt.value);
                }
            }
            Stmt::Expr(stmt) => self.drop_value(&stmt.value),
            Stmt::For(stmt) => self.tell(&stmt.iter),
            _ => {}
        }
        self.depth += 1;
        let body = stmt.as_function_def_stmt().map(|def| &def.body[..]);
        self.functions.extend(body);
        walk_stmt(self, stmt);
        if body.is_some() {
            self.functions.pop();
        }
        self.depth -= 1;
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if self.depth >= self.max_depth {
            return;
        }
        match expr {
            Expr::Subscript(subscript)
                if subscript.ctx != ExprContext::Load || tells_module(&subscript.slice) =>
            {
                self.tell(&subscript.value);
            }
            Expr::Compare(comparison) => {
                let asks = matches!(comparison.ops.first(), Some(CmpOp::In | CmpOp::NotIn));
                if let Some(container) = comparison.comparators.first().filter(|_| asks) {
                    self.tell(container);
                }
            }
            Expr::Call(call) => {
                if let Some(container) = told_by(call) {
                    self.tell(container);
                }
                self.told.extend(asked_for_metadata(call).and_then(lookup));
            }
            Expr::Attribute(attribute) if reads_metadata(attribute) => {
                self.told.extend(lookup(&attribute.value));
            }
            Expr::Named(named) => {
                if let Expr::Name(name) = &*named.target {
                    self.bind(&name.id, &named.value);
                }
            }
            Expr::Lambda(lambda) => self.drop_value(&lambda.body),
            _ => {}
        }
        self.depth += 1;
        walk_expr(self, expr);
        self.depth -= 1;
    }

    fn visit_comprehension(&mut self, comprehension: &'a Comprehension) {
        self.tell(&comprehension.iter);
        walk_comprehension(self, comprehension);
    }
}

/// Looks at what a function does with a module that it has by a local name.
struct Uses<'a> {
    name: &'a str,
    are_harmless: bool,
}

impl Uses<'_> {
    /// Whether all that is done is to ask whether it is there, and to read its metadata.
    fn are_harmless(name: &str, body: &[Stmt]) -> bool {
        let mut uses = Uses { name, are_harmless: true };
        body.iter().for_each(|stmt| uses.visit_stmt(stmt));
        uses.are_harmless
    }

    fn is_it(&self, expr: &Expr) -> bool {
        expr.as_name_expr().is_some_and(|name| name.id.as_str() == self.name)
    }

    /// What only asks for truth.
    fn condition(&mut self, expr: &Expr) {
        match expr {
            Expr::BoolOp(operation) => operation.values.iter().for_each(|it| self.condition(it)),
            Expr::UnaryOp(operation) if operation.op == UnaryOp::Not => {
                self.condition(&operation.operand);
            }
            it if self.is_it(it) => {}
            other => self.visit_expr(other),
        }
    }
}

impl SourceOrderVisitor<'_> for Uses<'_> {
    fn visit_stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::If(stmt) => {
                self.condition(&stmt.test);
                self.visit_body(&stmt.body);
                stmt.elif_else_clauses.iter().for_each(|clause| {
                    clause.test.iter().for_each(|test| self.condition(test));
                    self.visit_body(&clause.body);
                });
            }
            Stmt::Global(stmt) => {
                self.are_harmless &= !stmt.names.iter().any(|name| name.as_str() == self.name);
            }
            Stmt::Nonlocal(stmt) => {
                self.are_harmless &= !stmt.names.iter().any(|name| name.as_str() == self.name);
            }
            other => walk_stmt(self, other),
        }
    }

    fn visit_expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Name(name) if name.ctx == ExprContext::Load => {
                self.are_harmless &= name.id.as_str() != self.name;
            }
            Expr::Attribute(it) if self.is_it(&it.value) && reads_metadata(it) => {}
            Expr::Call(call) if asked_for_metadata(call).is_some_and(|it| self.is_it(it)) => {
                call.arguments.args[1..].iter().for_each(|argument| self.visit_expr(argument));
            }
            Expr::Compare(comparison) => {
                let is_identity =
                    comparison.ops.iter().all(|op| matches!(op, CmpOp::Is | CmpOp::IsNot));
                let sides = std::iter::once(&*comparison.left).chain(&comparison.comparators);
                for side in sides {
                    if !(is_identity && self.is_it(side)) {
                        self.visit_expr(side);
                    }
                }
            }
            Expr::UnaryOp(operation) if operation.op == UnaryOp::Not => self.condition(expr),
            other => walk_expr(self, other),
        }
    }
}
