//! What expressions mention, as the walk comes by them.

use ruff_python_ast::{AnyNodeRef, Comprehension, Expr, ExprAttribute, ExprContext};
use ruff_text_size::{Ranged, TextSize};

use super::asks::Asked;
use super::collector::Collector;
use super::scope::{Role, Scope, ScopeKind};
use super::unit::{Chain, Dynamic};
use super::values;
use super::words;

impl<'a> Collector<'a> {
    /// Takes note of a node that the walk enters.
    pub(in super::super) fn enter(&mut self, node: AnyNodeRef<'a>) {
        match node {
            AnyNodeRef::ExprName(name) => {
                if self.chain_left > 0 {
                    self.chain_left -= 1;
                    return;
                }
                match name.ctx {
                    ExprContext::Load => self.load_name(&name.id, name.range.start()),
                    _ if self.walrus == Some(name.range.start()) => {
                        self.walrus = None;
                        let scope = self.around_comprehensions();
                        self.bind_in(scope, &name.id, None);
                        let id = self.names.id(&name.id);
                        self.scopes[scope].shared.push(id);
                    }
                    _ => {
                        if !self.own.contains(&name.range.start()) {
                            self.note_shared(&name.id);
                        }
                        self.bind(&name.id);
                    }
                }
            }
            AnyNodeRef::ExprAttribute(attribute) => {
                if self.trying > 0 && attribute.ctx == ExprContext::Load {
                    self.note_missed(Asked::Attribute(attribute));
                }
                self.attribute(attribute);
            }
            AnyNodeRef::ExprSubscript(subscript) if subscript.ctx != ExprContext::Load => {
                self.store_item(&subscript.value);
            }
            AnyNodeRef::ExprSubscript(subscript) if self.trying > 0 => {
                self.note_tried(&subscript.value);
            }
            AnyNodeRef::ExprCall(call) => self.call(call),
            AnyNodeRef::ExprStringLiteral(literal) => {
                if let [part] = literal.value.as_slice() {
                    // `getattr(x, "__annotations__", {})`.
                    self.unit().dynamic.merge(words::dynamic_attribute(&part.value));
                    self.string(&part.value);
                }
            }
            AnyNodeRef::ExprFString(literal) => self.f_string(literal),
            AnyNodeRef::ExprBinOp(operation) => {
                if let Some(beginning) = words::literal_beginning(&operation.left) {
                    self.prefix(beginning);
                }
            }
            AnyNodeRef::ExprCompare(comparison) => {
                let sides = std::iter::once(&*comparison.left).chain(&comparison.comparators);
                let names = sides.filter(|it| matches!(it, Expr::Name(_) | Expr::Attribute(_)));
                self.compared.extend(names.map(Ranged::start));
            }
            AnyNodeRef::ExprBoolOp(operation) => self.note_operation(operation),
            AnyNodeRef::ExprIf(conditional) => self.note_conditional(conditional),
            AnyNodeRef::ExprNamed(named) => self.walrus = Some(named.target.start()),
            AnyNodeRef::ExprLambda(lambda) => {
                let mut scope = Scope::new(ScopeKind::Lambda);
                if let Some(parameters) = &lambda.parameters {
                    // Defaults are read outside, and `lambda x=x: …` is common.
                    let defaults = parameters.iter_non_variadic_params();
                    for default in defaults.filter_map(|parameter| parameter.default.as_deref()) {
                        self.refer_to(default, Role::Load);
                    }
                    self.bind_parameters(&mut scope, parameters);
                }
                self.scopes.push(scope);
            }
            AnyNodeRef::ExprListComp(node) => self.enter_comprehension(&node.generators),
            AnyNodeRef::ExprSetComp(node) => self.enter_comprehension(&node.generators),
            AnyNodeRef::ExprDictComp(node) => self.enter_comprehension(&node.generators),
            AnyNodeRef::ExprGenerator(node) => self.enter_comprehension(&node.generators),
            AnyNodeRef::ExceptHandlerExceptHandler(handler) => {
                if let Some(name) = &handler.name {
                    self.bind(name);
                }
            }
            AnyNodeRef::PatternMatchAs(pattern) => {
                if let Some(name) = &pattern.name {
                    self.bind(name);
                }
            }
            AnyNodeRef::PatternMatchStar(pattern) => {
                if let Some(name) = &pattern.name {
                    self.bind(name);
                }
            }
            AnyNodeRef::PatternMatchMapping(pattern) => {
                if let Some(name) = &pattern.rest {
                    self.bind(name);
                }
            }
            AnyNodeRef::PatternKeyword(keyword) => self.mention(&keyword.attr),
            AnyNodeRef::StmtTry(stmt) => {
                self.probing += u32::from(words::catches_attribute_error(stmt));
                self.trying += u32::from(words::catches_missing(stmt));
            }
            AnyNodeRef::StmtWith(stmt) => {
                self.probing += u32::from(words::expects_missing(stmt));
                self.trying += u32::from(words::suppresses_missing(stmt));
            }
            _ => {}
        }
    }

    /// Takes note that the walk leaves a node that it entered.
    pub(in super::super) fn leave(&mut self, node: AnyNodeRef<'a>) {
        match node {
            AnyNodeRef::ExprLambda(_)
            | AnyNodeRef::ExprListComp(_)
            | AnyNodeRef::ExprSetComp(_)
            | AnyNodeRef::ExprDictComp(_)
            | AnyNodeRef::ExprGenerator(_) => self.leave_scope(),
            AnyNodeRef::StmtTry(stmt) => {
                self.probing -= u32::from(words::catches_attribute_error(stmt));
                self.trying -= u32::from(words::catches_missing(stmt));
            }
            AnyNodeRef::StmtWith(stmt) => {
                self.probing -= u32::from(words::expects_missing(stmt));
                self.trying -= u32::from(words::suppresses_missing(stmt));
            }
            _ => {}
        }
    }

    /// `container[key] = value`.
    fn store_item(&mut self, container: &'a Expr) {
        self.store_into(container);
    }

    /// Something is stored into what an expression gives: it belongs to what that is a part of.
    pub(super) fn store_into(&mut self, expr: &'a Expr) {
        if self.refer_to(expr, Role::Write) {
            return;
        }
        self.unit().changes_unnamed = true;
        if !self.refer_to(values::whole(expr), Role::Write) {
            self.unit().dynamic.opaque_effect = true;
        }
    }

    /// `type(self).x = value`: tells whether it is that.
    fn store_in_class(&mut self, attribute: &'a ExprAttribute) -> bool {
        let value = &*attribute.value;
        if words::instance(value).is_none() || !self.is_receiver(value) {
            return false;
        }
        let attr = self.names.id(&attribute.attr);
        self.unit().store_in_class(attr);
        true
    }

    fn note_shared(&mut self, name: &'a str) {
        let id = self.names.id(name);
        if let Some(scope) = self.scopes.last_mut() {
            scope.shared.push(id);
        }
    }

    fn enter_comprehension(&mut self, generators: &'a [Comprehension]) {
        // The first source is read outside: `[x for x in x]`.
        if let Some(first) = generators.first() {
            let mut source = &first.iter;
            while let Expr::Call(call) = source {
                source = call.arguments.args.first().unwrap_or(&call.func);
            }
            self.refer_to(source, Role::Load);
        }
        self.scopes.push(Scope::new(ScopeKind::Comprehension));
    }

    fn load_name(&mut self, name: &'a str, start: TextSize) {
        let id = self.names.id(name);
        let at = self.pool.len() as u32;
        self.pool.push(id);
        let mut len = 1;
        if let Some((_, given)) = self.given.take_if(|(place, _)| *place == start) {
            self.pool.push(given);
            len = 2;
        }
        let role = self.load_role(start);
        self.refer(Chain { start: at, len, import: Chain::NO_IMPORT }, role);
    }

    /// What a name is read for that begins here.
    fn load_role(&self, start: TextSize) -> Role {
        if self.compared.contains(&start) { Role::Compare } else { Role::Load }
    }

    fn attribute(&mut self, attribute: &'a ExprAttribute) {
        if self.chain_left > 0 {
            self.chain_left -= 1;
            return;
        }
        let start = self.pool.len();
        if !self.push_attribute(attribute) {
            self.pool.truncate(start);
            self.unit().dynamic.merge(words::dynamic_attribute(&attribute.attr));
            self.mention(&attribute.attr);
            if attribute.ctx != ExprContext::Load && !self.store_in_class(attribute) {
                self.store_into(&attribute.value);
            }
            if attribute.attr.as_str() == "__dict__" {
                self.read_dict(&attribute.value);
            }
            return;
        }
        let len = self.pool.len() - start;
        self.note_dynamic(start, attribute.range.start());
        let mut inner = Some(attribute);
        while let Some(at) = inner {
            if at.attr.as_str() == "__dict__" {
                self.read_dict(&at.value);
            }
            inner = at.value.as_attribute_expr();
        }
        // The other attributes and the name come next.
        self.chain_left = (len - 1) as u32;
        if !self.is_silent() {
            let is_probing = self.probing > 0;
            for at in start + 1..start + len {
                let name = self.pool[at];
                let private = words::private(self.names.text(name));
                let private = private.map(|name| self.names.id(name));
                let unit = self.unit();
                unit.attrs.push(name);
                unit.attrs.extend(private);
                if is_probing {
                    unit.probes.push(name);
                }
            }
        }
        let mut chain = Chain { start: start as u32, len: len as u32, import: Chain::NO_IMPORT };
        if attribute.ctx == ExprContext::Load {
            if let Some(root) = root(&attribute.value)
                && let Some((_, given)) = self.given.take_if(|(place, _)| *place == root)
            {
                self.pool.push(given);
                chain.len += 1;
            }
            let role = self.load_role(attribute.range.start());
            self.refer(chain, role);
        } else {
            let place = attribute.range.start();
            let role = self.stores.iter().find(|(at, _)| *at == place).map(|(_, role)| *role);
            self.refer(chain, role.unwrap_or(Role::Set));
        }
    }

    /// Notes what the attributes of the chain that was just put into the pool can do beyond reading them.
    fn note_dynamic(&mut self, start: usize, place: TextSize) {
        let mut dynamic = Dynamic::default();
        for name in &self.pool[start + 1..] {
            dynamic.merge(words::dynamic_attribute(self.names.text(*name)));
        }
        for pair in self.pool[start..].windows(2) {
            let [owner, attr] = [pair[0], pair[1]].map(|name| self.names.text(name));
            dynamic.test_module |= words::is_test_module(owner, attr);
        }
        if words::is_all_modules(
            self.names.text(self.pool[start]),
            self.names.text(self.pool[start + 1]),
        ) {
            dynamic.all_modules = self.told_modules.binary_search(&place).is_err();
        }
        self.unit().dynamic.merge(dynamic);
    }

    fn push_attribute(&mut self, attribute: &'a ExprAttribute) -> bool {
        let start = self.pool.len();
        let name = self.names.id(&attribute.attr);
        if !self.push_chain(&attribute.value) {
            self.pool.truncate(start);
            return false;
        }
        self.pool.push(name);
        true
    }
}

/// Where the first name of a chain stands.
pub(super) fn root(expr: &Expr) -> Option<TextSize> {
    let mut at = expr;
    while let Expr::Attribute(attribute) = at {
        at = &attribute.value;
    }
    at.as_name_expr().map(|name| name.range.start())
}
