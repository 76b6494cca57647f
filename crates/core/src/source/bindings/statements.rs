//! What statements bind, call and ask for.

use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::Ranged;

use super::asks;
use super::collector::Collector;
use super::loaded;
use super::scope::{Role, ScopeKind};
use super::unit::Chain;
use super::values::{self, Value};
use super::words;

impl<'a> Collector<'a> {
    /// Takes note of a statement inside of a function or of a compound statement.
    pub(in super::super) fn statement(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(_) | Stmt::ImportFrom(_) => self.import(stmt),
            Stmt::FunctionDef(def) => {
                self.bind(&def.name);
                for decorator in &def.decorator_list {
                    self.decorator(&decorator.expression);
                }
            }
            Stmt::ClassDef(def) => self.bind(&def.name),
            Stmt::Global(stmt) => {
                let names: Vec<_> = stmt.names.iter().map(|name| self.names.id(name)).collect();
                if let Some(scope) = self.scopes.last_mut() {
                    scope.globals.extend(names);
                }
            }
            Stmt::Nonlocal(stmt) => {
                let names: Vec<_> = stmt.names.iter().map(|name| self.names.id(name)).collect();
                self.unit().closure_fills.extend(names);
            }
            Stmt::Expr(stmt) => match &*stmt.value {
                Expr::Call(call) => self.bare_call(call),
                Expr::Await(awaited) => {
                    if let Expr::Call(call) = &*awaited.value {
                        self.bare_call(call);
                    }
                }
                _ => {}
            },
            Stmt::AugAssign(stmt) => {
                self.stores = vec![(stmt.target.start(), Role::Augment)];
                // It stays what it was.
                self.own = vec![stmt.target.start()];
                self.refer_to(&stmt.target, Role::Load);
                // `TABLE += more` changes the thing itself, if that is a list.
                self.alias_write(&stmt.target);
            }
            Stmt::Assign(stmt) => {
                if let [Expr::Name(target)] = &stmt.targets[..] {
                    self.alias(&target.id, &stmt.value);
                }
                self.note_stores(&stmt.targets, &stmt.value);
                if matches!(&*stmt.value, Expr::BoolOp(_) | Expr::If(_)) {
                    self.note_tests(&stmt.value);
                }
            }
            Stmt::AnnAssign(stmt) => {
                if let Some(value) = &stmt.value {
                    self.note_stores(std::slice::from_ref(&stmt.target), value);
                }
            }
            Stmt::If(stmt) => self.branch(&stmt.test, &stmt.body),
            Stmt::While(stmt) => {
                self.note_missing(&stmt.test, true);
                self.condition = stmt.test.end();
            }
            Stmt::Assert(_) | Stmt::Raise(_) => self.unit().dynamic.opaque_effect = true,
            _ => {}
        }
    }

    /// Takes note of what is done on a condition: in an `if`, an `elif`.
    pub(in super::super) fn branch(&mut self, test: &'a Expr, body: &[Stmt]) {
        self.note_tests(test);
        // `if self.x is not None: return self.x`: what comes then is done if it is missing.
        let ends = body.last().is_some_and(asks::leaves);
        self.note_missing(test, !ends);
        self.condition = test.end();
    }

    /// Notes where this value is stored, if it is nobody else's, or one that fills nothing.
    fn note_stores(&mut self, targets: &'a [Expr], value: &Expr) {
        let is_own = matches!(values::value(value), Value::Constant | Value::New);
        let places = targets.iter().filter(|_| is_own).map(Ranged::start);
        self.own = places.collect();
        let role = match value {
            Expr::NoneLiteral(_) => Role::Augment,
            Expr::BooleanLiteral(literal) if !literal.value => Role::Flag,
            value if values::is_empty(value) => Role::Empty,
            _ => return,
        };
        self.stores = targets.iter().map(|target| (target.start(), role)).collect();
    }

    fn alias_write(&mut self, target: &'a Expr) {
        if let Expr::Name(_) = target {
            self.refer_to(target, Role::Write);
        }
    }

    fn alias(&mut self, name: &'a str, value: &'a Expr) {
        let kind = self.scopes.last().map(|scope| scope.kind);
        if kind != Some(ScopeKind::Function) {
            return;
        }
        let id = self.names.id(name);
        if words::instance(value).is_some() {
            let is_own = self.is_receiver(value);
            if let Some(scope) = self.scopes.last_mut() {
                if is_own { &mut scope.classes } else { &mut scope.types }.push(id);
            }
            return;
        }
        if loaded::is_own_module(value) {
            self.unit().dynamic.namespace = true;
        }
        let chain = match words::attribute_got(value) {
            Some((owner, attr)) => self.chain(owner).map(|chain| {
                // The names of the chain are the last in the pool.
                let attr = self.names.id(attr);
                self.pool.push(attr);
                Chain { len: chain.len + 1, ..chain }
            }),
            None => self.chain(values::part_of(value)),
        };
        if let Some(chain) = chain
            && let Some(scope) = self.scopes.last_mut()
        {
            scope.aliases.push((id, chain));
        }
    }

    /// A call whose result nobody takes: it is there for its effect.
    pub(super) fn bare_call(&mut self, call: &'a ExprCall) {
        self.untaken = Some(call.start());
        match &*call.func {
            Expr::Attribute(attribute)
                if words::is_logging(&attribute.attr) && !self.at_node_level() => {}
            func => {
                if !self.refer_to(func, Role::Call) {
                    self.unit().dynamic.opaque_effect = true;
                    self.unit().changes_unnamed = true;
                }
                if !self.at_node_level() {
                    let values = call.arguments.keywords.iter().map(|keyword| &keyword.value);
                    for given in call.arguments.args.iter().chain(values) {
                        self.refer_to(given, Role::Given);
                    }
                }
            }
        }
    }

    fn at_node_level(&self) -> bool {
        !self.scopes.iter().any(|scope| scope.kind == ScopeKind::Function)
    }

    /// What a decorator calls, which may do more than to return something.
    pub(super) fn decorator(&mut self, expr: &'a Expr) {
        let called = match expr {
            Expr::Call(call) => &*call.func,
            other => other,
        };
        self.refer_to(called, Role::Handed);
        if words::dispatches(called) {
            let dynamic = &mut self.unit().dynamic;
            (dynamic.signatures, dynamic.annotations) = (true, true);
        }
    }
}
