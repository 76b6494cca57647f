//! What calls of well-known functions can do: `getattr`, `vars`, `inspect.signature` and the like.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::Ranged;

use super::asks::CONTENT;
use super::collector::Collector;
use super::loaded;
use super::names::NameId;
use super::scope::{Role, ScopeKind};
use super::unit::Chain;
use super::values;
use super::visit::root;
use super::words;

/// What is called at last: `cache` of `cache(maxsize=3)(compute)`.
fn called(call: &ExprCall) -> &Expr {
    match &*call.func {
        Expr::Call(inner) => &inner.func,
        other => other,
    }
}

/// The names in an expression, and whether each is that of an attribute.
#[derive(Default)]
struct Given<'a>(Vec<(&'a str, bool)>);

impl<'a> Visitor<'a> for Given<'a> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => self.0.push((&name.id, false)),
            Expr::Attribute(attribute) => self.0.push((&attribute.attr, true)),
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
}

impl<'a> Collector<'a> {
    pub(super) fn call(&mut self, call: &'a ExprCall) {
        let arguments = &call.arguments.args;
        if values::last_part(called(call)).is_some_and(words::keeps_results) {
            self.keep(call);
        }
        let (name, is_bare) = match &*call.func {
            Expr::Name(name) => (name.id.as_str(), true),
            Expr::Attribute(attribute) => (attribute.attr.as_str(), false),
            _ => return,
        };
        let keywords = call.arguments.keywords.iter().filter_map(|it| it.arg.as_deref());
        self.unit().asks_all |=
            keywords.into_iter().any(words::is_spec) || name == "create_autospec";
        let beginning = arguments.get(1).and_then(words::beginning);
        words::split_names(call).for_each(|name| self.mention(name));
        let word = arguments.get(1).and_then(words::literal);
        if words::takes_name(name, is_bare)
            && let Some(owner) = arguments.first()
        {
            match word {
                Some(word) if words::is_identifier(word) => {
                    let id = self.names.id(word);
                    self.given = root(owner).map(|start| (start, id));
                    if words::asks(name) {
                        self.unit().probes.push(id);
                    }
                    if word == CONTENT {
                        self.read_dict(owner);
                    }
                }
                Some(_) => {}
                // What its name begins with says enough: `getattr(self, "visit_" + kind)`.
                None if beginning.is_some() => {
                    let asked = beginning.filter(|_| words::asks(name));
                    let asked = asked.map(|prefix| self.names.id(prefix));
                    self.asked_prefixes.extend(asked);
                }
                None if is_bare && arguments.len() > 1 && self.is_receiver(owner) => {
                    self.unit().dynamic.own_members = true;
                }
                None if is_bare => {
                    self.unit().dynamic.asks_computed |= words::asks(name);
                    // Of the test's module, anything can be meant; of what else it is, the strings say it.
                    let is_module = values::last_part(owner) == Some("module");
                    let content = self.names.id(CONTENT);
                    self.unit().attrs.extend(is_module.then_some(content));
                }
                None => {}
            }
            if is_bare && words::stores(name) {
                self.refer_to(owner, Role::Write);
            }
        }
        if let (false, "__setattr__", [owner, _, _]) = (is_bare, name, &arguments[..]) {
            // `object.__setattr__(self, "x", v)`, as frozen dataclasses have it.
            self.refer_to(owner, Role::Write);
        }
        if !words::takes_name(name, is_bare) && arguments.iter().any(loaded::is_own_module) {
            // Whoever gets the module can read all of it.
            self.unit().dynamic.namespace = true;
        }
        if let (true, "next", [iterator, ..]) = (is_bare, name, &arguments[..]) {
            // It has gone on for whoever asks it next.
            self.refer_to(iterator, Role::Write);
        }
        if words::takes_condition(&call.func)
            && let Some(condition) = call.arguments.find_argument_value("condition", 0)
        {
            self.condition_of_mark(condition);
        }
        if is_bare && name == "__import__" {
            // Of a module that is imported already nobody hears. Who does not take it may go on with `sys.modules`.
            let is_told = arguments.first().is_some_and(|it| words::literal(it).is_some());
            let is_taken = self.untaken != Some(call.start());
            self.unit().dynamic.all_modules |= is_taken && !is_told;
        }
        if is_bare && words::is_namespace(name, arguments) {
            self.unit().dynamic.namespace = true;
        }
        if words::lists_members(name, is_bare)
            && !self.is_method(call)
            && let Some(owner) = arguments.first()
        {
            if let Some(start) = root(owner) {
                self.given = Some((start, self.names.id("__dict__")));
            }
            if name == "vars" && self.chain(owner).is_some() {
                self.read_dict(owner);
            } else if self.is_receiver(owner) {
                self.unit().dynamic.own_members = true;
            } else {
                self.unit().dynamic.all_members |= self.is_local(owner);
            }
        }
        if words::reads_signatures(name) && !self.is_method(call) {
            self.unit().dynamic.signatures = true;
            self.unit().dynamic.annotations |= words::reads_annotations(name);
        }
        if let Expr::Attribute(attribute) = &*call.func
            && words::mutates(&attribute.attr)
        {
            if words::switches(&attribute.attr)
                && call.arguments.args.len() + call.arguments.keywords.len() < 2
                && let Some(chain) = self.chain(&attribute.value)
            {
                let root = self.pool[chain.start as usize];
                self.unit().switches.push(root);
            }
            self.store_into(&attribute.value);
        }
    }

    /// Notes what a call is given that keeps what it gives: `get = lru_cache(maxsize=None)(compute)`.
    fn keep(&mut self, call: &'a ExprCall) {
        let values = call.arguments.keywords.iter().map(|keyword| &keyword.value);
        let mut given = Given::default();
        for value in call.arguments.args.iter().chain(values) {
            given.visit_expr(value);
        }
        for (name, is_attribute) in given.0 {
            let name = self.names.id(name);
            self.kept.push((name, is_attribute));
        }
    }

    /// Notes the names in a condition that pytest evaluates: `skipif("not flags.FOO")`.
    fn condition_of_mark(&mut self, condition: &'a Expr) {
        let Some(text) = words::literal(condition).filter(|text| text.len() <= words::LONGEST)
        else {
            return;
        };
        for dotted in words::dotted_names(text) {
            let start = self.pool.len() as u32;
            let names: Vec<NameId> = dotted.split('.').map(|name| self.names.id(name)).collect();
            let len = names.len() as u32;
            self.unit().attrs.extend(names[1..].iter().copied());
            self.pool.extend(names);
            self.refer(Chain { start, len, import: Chain::NO_IMPORT }, Role::Load);
        }
    }

    /// Whether an expression begins with a name that some function has bound so far.
    fn is_local(&mut self, expr: &'a Expr) -> bool {
        let Some(chain) = self.chain(expr) else { return true };
        let root = self.pool[chain.start as usize];
        let functions = self.scopes.iter().filter(|scope| scope.kind == ScopeKind::Function);
        functions.into_iter().any(|scope| scope.binds.contains(&root))
    }

    /// Whether a call is of a method of an object that a function has to do with, and not of a function in a module
    /// that it imports: of `node.signature()` no more is known than its name.
    fn is_method(&mut self, call: &'a ExprCall) -> bool {
        let Expr::Attribute(attribute) = &*call.func else { return false };
        let mut owner = &*attribute.value;
        while let Expr::Attribute(attribute) = owner {
            owner = &attribute.value;
        }
        let Expr::Name(name) = owner else { return true };
        let name = self.names.id(&name.id);
        self.scopes.iter().any(|scope| scope.binds_object(name))
    }

    /// Whether an expression is a local name of a class: `kind = type(x)`.
    fn is_type(&mut self, expr: &'a Expr) -> bool {
        let Some(name) = expr.as_name_expr() else { return false };
        let name = self.names.id(&name.id);
        self.scopes.iter().any(|scope| scope.types.contains(&name))
    }

    /// Whether an expression is `self`, `cls` or the class of one.
    pub(super) fn is_receiver(&mut self, expr: &'a Expr) -> bool {
        let Expr::Name(name) = words::instance(expr).unwrap_or(expr) else { return false };
        let id = self.names.id(&name.id);
        self.scopes.iter().any(|scope| scope.receiver == Some(id))
    }

    /// Notes that the `__dict__` of an expression is read. That of an object holds nothing of its class.
    pub(super) fn read_dict(&mut self, owner: &'a Expr) {
        if !words::is_class(owner) && !self.is_type(owner) {
            // What goes through the bases of a class reads what each of them has.
            self.unit().dynamic.reads_dict |= !self.is_receiver(owner);
            return;
        }
        if self.is_receiver(owner) {
            self.unit().dynamic.own_members = true;
        } else if self.is_local(words::instance(owner).unwrap_or(owner)) {
            self.unit().dynamic.all_members = true;
        }
    }
}
