//! What code asks for before it does something: whether an attribute is there, whether a container has a key.
//!
//! Who asks for something and then binds or fills it may be a cache. Stricter is *missing*: what is done then is done if
//! it is not there (`if self.x is None: self.load()`).

use ruff_python_ast::{
    BoolOp, CmpOp, Expr, ExprAttribute, ExprBoolOp, ExprCall, ExprIf, Stmt, UnaryOp,
};
use ruff_text_size::{Ranged, TextSize};

use super::collector::Collector;
use super::names::NameId;
use super::values::whole;
use super::words;

/// What stands for all that an object holds, by whatever name: `self[k]`, `setattr(self, computed, v)`.
pub(crate) const CONTENT: &str = "__dict__";

impl<'a> Collector<'a> {
    /// Notes of which names and attributes of `self` a condition asks whether they are there, or hold
    /// something.
    pub(super) fn note_tests(&mut self, test: &'a Expr) {
        let mut found = Vec::new();
        asked_for(test, &mut found);
        for asked in found {
            self.note_test(asked);
        }
    }

    /// Notes those that are missing, most likely, where the condition is as `wanted`.
    pub(super) fn note_missing(&mut self, test: &'a Expr, wanted: bool) {
        let mut found = Vec::new();
        missing(test, wanted, &mut found);
        for asked in found {
            self.note_missed(asked);
        }
    }

    /// Notes what an `and` or an `or` does where something is missing, unless it is in the condition of a statement, and
    /// looked at with that.
    pub(super) fn note_operation(&mut self, operation: &'a ExprBoolOp) {
        if operation.start() < self.condition {
            return;
        }
        let last = operation.values.len().saturating_sub(1);
        for value in &operation.values[..last] {
            self.note_missing(value, operation.op == BoolOp::And);
        }
    }

    /// The same of a conditional expression.
    pub(super) fn note_conditional(&mut self, conditional: &'a ExprIf) {
        if conditional.start() >= self.condition {
            for wanted in [true, false] {
                self.note_missing(&conditional.test, wanted);
            }
        }
    }

    /// Notes what an expression reads where a missing one is caught.
    pub(super) fn note_tried(&mut self, mut value: &'a Expr) {
        while let Expr::Attribute(attribute) = value {
            self.note_missed(Asked::Attribute(attribute));
            value = &attribute.value;
        }
        if let Expr::Name(name) = value {
            self.note_missed(Asked::Name(&name.id));
        }
    }

    fn note_test(&mut self, asked: Asked<'a>) {
        let is_truth = matches!(asked, Asked::Truth(_));
        if let Asked::Name(name) | Asked::Object(name) = asked {
            let name = self.names.id(name);
            let names = self.origins(name);
            return self.unit().name_tests.extend(names);
        }
        if let Asked::Attribute(attribute) | Asked::Truth(attribute) = asked
            && let Expr::Name(owner) = &*attribute.value
        {
            // Of a class, or of something else that has a name.
            let [owner, name] = [&owner.id, &attribute.attr.id].map(|name| self.names.id(name));
            let scope = self.scopes.last();
            if !scope.is_some_and(|scope| scope.holds_attributes(owner)) {
                self.unit().name_tests.push(name);
            }
        }
        if let Some(attr) = self.attribute_asked(asked) {
            let unit = self.unit();
            if is_truth { &mut unit.self_truths } else { &mut unit.self_tests }.push(attr);
        }
    }

    pub(super) fn note_missed(&mut self, asked: Asked<'a>) {
        self.note_test(asked);
        let found = match asked {
            Asked::Name(name) => self.parts_of_receiver(name),
            Asked::Object(_) => Vec::new(),
            other => self.attribute_asked(other).into_iter().collect(),
        };
        let unit = self.unit();
        unit.self_missing.extend(found.iter().copied());
        if matches!(asked, Asked::Name(_)) {
            unit.self_tests.extend(found);
        }
    }

    /// The attribute of the first parameter that is asked for, if it is one that this call has not bound itself.
    fn attribute_asked(&mut self, asked: Asked<'a>) -> Option<NameId> {
        let (owner, name) = match asked {
            Asked::Attribute(it) | Asked::Truth(it) => (&*it.value, it.attr.as_str()),
            Asked::Named(owner, name) => (owner, name),
            Asked::Name(_) | Asked::Object(_) => return None,
        };
        // `self.cache.value is None` asks for a part of `self.cache`.
        let (mut owner, mut name) = (words::instance(owner).unwrap_or(owner), name);
        while let Expr::Attribute(attribute) = owner {
            (owner, name) = (&attribute.value, attribute.attr.as_str());
        }
        let owner = owner.as_name_expr()?;
        let (owner, place): (NameId, TextSize) = (self.names.id(&owner.id), owner.start());
        let name = self.names.id(name);
        let scope = self.scopes.last().filter(|it| it.holds_attributes(owner))?;
        // What this call itself has bound before is nothing that an earlier one left.
        let is_set = scope.sets.iter().any(|(set, end)| *set == name && *end <= place);
        (!is_set).then_some(name)
    }

    /// What a name stands for: all that `self` holds, or an attribute of it, or a part of that: `table = self._table`,
    /// `found = table.get(key)`.
    fn parts_of_receiver(&mut self, name: &'a str) -> Vec<NameId> {
        let (name, content) = (self.names.id(name), self.names.id(CONTENT));
        let names = self.origins(name);
        let Some(scope) = self.scopes.last() else { return Vec::new() };
        let whole = names.iter().filter(|name| scope.holds_attributes(**name)).map(|_| content);
        let aliased = scope.aliases.iter().filter(|(alias, _)| names.contains(alias));
        let parts = aliased.filter_map(|(_, chain)| match self.pool.get(chain.start as usize..) {
            Some([root, attr, ..]) if chain.len > 1 && scope.holds_attributes(*root) => Some(*attr),
            _ => None,
        });
        whole.chain(parts).collect()
    }

    /// A name, and those that what it stands for is taken from here: `found`, `table` after `found = table.get(key)`. What
    /// is an attribute of `self` is not taken from all of it.
    fn origins(&self, name: NameId) -> Vec<NameId> {
        let mut names = vec![name];
        let Some(scope) = self.scopes.last() else { return names };
        let mut at = 0;
        while let Some(name) = names.get(at).copied() {
            at += 1;
            for (_, chain) in scope.aliases.iter().filter(|(alias, _)| *alias == name) {
                let Some(root) = self.pool.get(chain.start as usize).copied() else { continue };
                let is_part = chain.len > 1 && scope.holds_attributes(root);
                if !is_part && !names.contains(&root) {
                    names.push(root);
                }
            }
        }
        names
    }
}

/// An attribute whose presence a condition asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// `self.x is None`.
    Attribute(&'a ExprAttribute),
    /// `not self.x`.
    Truth(&'a ExprAttribute),
    /// `hasattr(self, "x")`.
    Named(&'a Expr, &'a str),
    /// `cache`.
    Name(&'a str),
    /// `registry`, by a method: `registry.has(key)`.
    Object(&'a str),
}

/// The attributes that a condition asks for: whether they are there, or hold something (`self.x is None`,
/// `not self.x`, `key in self.x`, `hasattr(self, "x")`), or what they are (`self.state == "new"`, `len(self.x) > 0`,
/// `isinstance(self.x, str)`).
fn asked_for<'a>(test: &'a Expr, found: &mut Vec<Asked<'a>>) {
    match test {
        Expr::Attribute(attribute) => found.push(Asked::Truth(attribute)),
        Expr::Name(name) => found.push(Asked::Name(&name.id)),
        Expr::BoolOp(operation) => operation.values.iter().for_each(|it| asked_for(it, found)),
        Expr::UnaryOp(operation) => asked_for(&operation.operand, found),
        Expr::Named(named) => asked_for(&named.value, found),
        Expr::If(conditional) => asked_for(&conditional.test, found),
        Expr::Compare(comparison)
            if comparison
                .ops
                .iter()
                .all(|op| matches!(op, CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn)) =>
        {
            for side in std::iter::once(&*comparison.left).chain(&comparison.comparators) {
                asked_of(side, found);
            }
        }
        Expr::Compare(comparison) => {
            for side in std::iter::once(&*comparison.left).chain(&comparison.comparators) {
                compared(side, found);
            }
        }
        Expr::Call(call) => match (&*call.func, &call.arguments.args[..]) {
            // `registry.has(key)`.
            (Expr::Attribute(method), _) if !method.attr.eq("get") => {
                found.extend(method.value.as_name_expr().map(|name| Asked::Object(&name.id)));
            }
            (Expr::Name(name), [value, ..]) if name.id == "isinstance" => compared(value, found),
            (Expr::Name(name), [value, ..]) if name.id == "callable" => asked_of(value, found),
            (Expr::Name(name), [owner, word, ..]) if words::asks(&name.id) => {
                match (words::literal(word), owner) {
                    (Some(word), _) => found.push(Asked::Named(owner, word)),
                    (None, Expr::Name(owner)) => found.push(Asked::Name(&owner.id)),
                    _ => {}
                }
            }
            (Expr::Attribute(method), _) if method.attr.as_str() == "get" => {
                match container_of(&method.value) {
                    Expr::Attribute(attribute) => found.push(Asked::Attribute(attribute)),
                    other => asked_for(other, found),
                }
            }
            _ => {}
        },
        _ => {}
    }
}

/// What a side of a comparison asks for.
fn asked_of<'a>(side: &'a Expr, found: &mut Vec<Asked<'a>>) {
    let side = side.as_named_expr().map_or(side, |named| &named.value);
    match container_of(side) {
        Expr::Attribute(attribute) => found.push(Asked::Attribute(attribute)),
        other => asked_for(other, found),
    }
}

/// What a side of another comparison asks for: `self.x` of `len(self.x) == 0`. Not what is a part of that: parsers compare
/// `self.stream.current.type` all the time, and a plain name is mostly what the function works on.
fn compared<'a>(side: &'a Expr, found: &mut Vec<Asked<'a>>) {
    let value = match side {
        Expr::Call(call) if call.func.as_name_expr().is_some_and(|name| name.id == "len") => {
            call.arguments.args.first()
        }
        other => Some(other),
    };
    if let Some(Expr::Attribute(attribute)) = value
        && attribute.value.is_name_expr()
    {
        found.push(Asked::Attribute(attribute));
    }
}

/// What a container that is asked is a part of: `self.x` of `key in self.x["a"]`.
fn container_of(expr: &Expr) -> &Expr {
    if expr.is_subscript_expr() { whole(expr) } else { expr }
}

/// Whether nothing behind a statement is run after it.
pub(super) fn leaves(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Return(_) | Stmt::Raise(_) | Stmt::Continue(_) | Stmt::Break(_))
}

/// What is missing, most likely, where `test` is true (`wanted`) or false.
fn missing<'a>(test: &'a Expr, wanted: bool, found: &mut Vec<Asked<'a>>) {
    match test {
        Expr::Attribute(attribute) if !wanted => found.push(Asked::Truth(attribute)),
        Expr::Name(name) if !wanted => found.push(Asked::Name(&name.id)),
        Expr::UnaryOp(operation) if operation.op == UnaryOp::Not => {
            missing(&operation.operand, !wanted, found);
        }
        Expr::BoolOp(operation) => {
            operation.values.iter().for_each(|it| missing(it, wanted, found));
        }
        Expr::Named(named) => missing(&named.value, wanted, found),
        Expr::Compare(comparison) => {
            let is_absence = |op: &CmpOp| match op {
                CmpOp::Is | CmpOp::NotIn => wanted,
                CmpOp::IsNot | CmpOp::In => !wanted,
                _ => false,
            };
            let tells =
                |op: &CmpOp| matches!(op, CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn);
            if !comparison.ops.iter().any(tells) {
                // `if self.state == "new": self.open()`, `if self.seen != VERSION: self.load()`.
                asked_for(test, found);
            } else if comparison.ops.iter().all(is_absence) {
                // A key is looked for in a container, which is what may lack it.
                let looks = comparison.ops.iter().any(|op| matches!(op, CmpOp::In | CmpOp::NotIn));
                let left = (!looks).then_some(&*comparison.left);
                for side in left.into_iter().chain(&comparison.comparators) {
                    asked_of(side, found);
                }
            }
        }
        Expr::Call(call) if !wanted || is_type_test(call) => asked_for(test, found),
        _ => {}
    }
}

/// Whether a call asks what kind of thing something is, which is missing something else either way.
fn is_type_test(call: &ExprCall) -> bool {
    let name = call.func.as_name_expr().map(|name| name.id.as_str());
    matches!(name, Some("isinstance" | "callable"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruff_python_parser::parse_expression;

    /// How many attributes are, not counting plain names.
    fn found(test: &str, wanted: bool) -> usize {
        let parsed = parse_expression(test).unwrap();
        let mut found = Vec::new();
        missing(parsed.expr(), wanted, &mut found);
        found.iter().filter(|it| !matches!(it, Asked::Name(_))).count()
    }

    #[test]
    fn what_is_missing_if_a_condition_holds() {
        for test in [
            "self.x is None",
            "not self.x",
            "key not in self.x",
            "not hasattr(self, 'x')",
            "self.x.get(key) is None",
            "other() and not self.x",
            "(found := self.x) is None",
            "self.key not in self.x",
        ] {
            assert_eq!((found(test, true), found(test, false)), (1, 0), "{test}");
        }
    }

    #[test]
    fn what_is_missing_if_it_does_not() {
        for test in ["self.x", "self.x is not None", "key in self.x", "hasattr(self, 'x')"] {
            assert_eq!((found(test, true), found(test, false)), (0, 1), "{test}");
        }
        for test in ["self.x in 'abc'", "self.x not in 'abc'", "f(self.x) == 1"] {
            assert_eq!(found(test, true) + found(test, false), 0, "{test}");
        }
        // What does not tell which way something is missing.
        for test in
            ["self.x == 1", "len(self.x) > 1", "isinstance(self.x, str)", "callable(self.x)"]
        {
            assert_eq!((found(test, true), found(test, false)), (1, 1), "{test}");
        }
    }
}
