//! What statements and expressions mention, as the walk comes by them.

use ruff_python_ast::{
    AnyNodeRef, Comprehension, Expr, ExprAttribute, ExprCall, ExprContext, ExprFString, Stmt,
};
use ruff_text_size::{Ranged, TextSize};

use super::collector::{Collector, Role, Scope, ScopeKind};
use super::unit::{Chain, Dynamic};
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
                self.augmented = Some(stmt.target.range().start());
                self.refer_to(&stmt.target, Role::Load);
                // `TABLE += more` changes the thing itself, if that is a list.
                self.alias_write(&stmt.target);
            }
            Stmt::Assign(stmt) => {
                if let [Expr::Name(target)] = &stmt.targets[..] {
                    self.alias(&target.id, &stmt.value);
                }
                if matches!(&*stmt.value, Expr::BoolOp(_) | Expr::If(_)) {
                    self.note_tests(&stmt.value);
                }
            }
            Stmt::If(stmt) => self.note_tests(&stmt.test),
            Stmt::Try(stmt) if words::catches_missing(stmt) => {
                for stmt in &stmt.body {
                    self.note_tried(stmt);
                }
            }
            Stmt::Assert(_) | Stmt::Raise(_) => self.unit().dynamic.opaque_effect = true,
            _ => {}
        }
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
        if let Some(chain) = self.chain(value) {
            let id = self.names.id(name);
            if let Some(scope) = self.scopes.last_mut() {
                scope.aliases.push((id, chain));
            }
        }
    }

    /// Notes of which names and attributes of `self` a condition asks whether they are there, or hold
    /// something.
    fn note_tests(&mut self, test: &'a Expr) {
        let mut found = Vec::new();
        words::asked_for(test, &mut found);
        for asked in found {
            self.note_test(asked);
        }
    }

    /// The same where a missing one is caught.
    fn note_tried(&mut self, stmt: &'a Stmt) {
        let value = match stmt {
            Stmt::Return(stmt) => stmt.value.as_deref(),
            Stmt::Expr(stmt) => Some(&*stmt.value),
            Stmt::Assign(stmt) => Some(&*stmt.value),
            _ => None,
        };
        let mut value = match value {
            Some(Expr::Subscript(subscript)) => &*subscript.value,
            Some(other) => other,
            None => return,
        };
        while let Expr::Attribute(attribute) = value {
            self.note_test(words::Asked::Attribute(attribute));
            value = &attribute.value;
        }
        if let Expr::Name(name) = value {
            self.note_test(words::Asked::Name(&name.id));
        }
    }

    fn note_test(&mut self, asked: words::Asked<'a>) {
        let (owner, name) = match asked {
            words::Asked::Attribute(attribute) => (&*attribute.value, attribute.attr.as_str()),
            words::Asked::Named(owner, name) => (owner, name),
            words::Asked::Name(name) => {
                let name = self.names.id(name);
                return self.unit().name_tests.push(name);
            }
        };
        let receiver = self.scopes.last().and_then(|scope| scope.receiver);
        if let Expr::Name(owner) = owner
            && Some(self.names.id(&owner.id)) == receiver
        {
            let name = self.names.id(name);
            self.unit().self_tests.push(name);
        }
    }

    /// A call whose result nobody takes: it is there for its effect.
    pub(super) fn bare_call(&mut self, call: &'a ExprCall) {
        match &*call.func {
            Expr::Attribute(attribute)
                if words::is_logging(&attribute.attr) && !self.at_node_level() => {}
            func => {
                if !self.refer_to(func, Role::Call) {
                    self.unit().dynamic.opaque_effect = true;
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
    }

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
                    }
                    _ => self.bind(&name.id),
                }
            }
            AnyNodeRef::ExprAttribute(attribute) => self.attribute(attribute),
            AnyNodeRef::ExprSubscript(subscript) => {
                if words::tells_module(&subscript.slice) {
                    self.told_modules = Some(subscript.value.range().start());
                }
                if subscript.ctx != ExprContext::Load {
                    self.store_item(&subscript.value);
                }
            }
            AnyNodeRef::ExprCompare(comparison) if words::tells_module(&comparison.left) => {
                self.told_modules = comparison.comparators.first().map(|it| it.range().start());
            }
            AnyNodeRef::ExprCall(call) => {
                self.told_modules = words::module_told_by(call).or(self.told_modules);
                self.call(call);
            }
            AnyNodeRef::ExprStringLiteral(literal) => {
                if let [part] = literal.value.as_slice() {
                    self.string(&part.value);
                }
            }
            AnyNodeRef::ExprFString(literal) => self.f_string(literal),
            AnyNodeRef::ExprBinOp(operation) => {
                if let Expr::StringLiteral(literal) = &*operation.left
                    && let [part] = literal.value.as_slice()
                    && words::is_identifier(&part.value)
                {
                    self.prefix(&part.value);
                }
            }
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
            }
            _ => {}
        }
    }

    /// `container[key] = value`.
    fn store_item(&mut self, container: &'a Expr) {
        if !self.refer_to(container, Role::Write) {
            self.unit().dynamic.opaque_effect = true;
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
        self.refer(Chain { start: at, len, import: Chain::NO_IMPORT }, Role::Load);
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
            if attribute.ctx != ExprContext::Load {
                self.unit().dynamic.opaque_effect = true;
            }
            if attribute.attr.as_str() == "__dict__" {
                self.unit().dynamic.own_members = true;
            }
            return;
        }
        let len = self.pool.len() - start;
        self.note_dynamic(start, attribute.range.start());
        // The other attributes and the name come next.
        self.chain_left = (len - 1) as u32;
        if !self.is_silent() {
            let is_probing = self.probing > 0;
            for at in start + 1..start + len {
                let name = self.pool[at];
                let unit = self.unit();
                unit.attrs.push(name);
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
            self.refer(chain, Role::Load);
        } else {
            let is_augmented =
                self.augmented.take_if(|at| *at == attribute.range.start()).is_some();
            self.refer(chain, if is_augmented { Role::Augment } else { Role::Set });
        }
    }

    /// Notes what the attributes of the chain that was just put into the pool can do beyond reading them.
    fn note_dynamic(&mut self, start: usize, place: TextSize) {
        let mut dynamic = Dynamic::default();
        for name in &self.pool[start + 1..] {
            dynamic.merge(words::dynamic_attribute(self.names.text(*name)));
        }
        if words::is_all_modules(
            self.names.text(self.pool[start]),
            self.names.text(self.pool[start + 1]),
        ) {
            dynamic.all_modules = self.told_modules.take_if(|at| *at == place).is_none();
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

    fn call(&mut self, call: &'a ExprCall) {
        let arguments = &call.arguments.args;
        let (name, is_bare) = match &*call.func {
            Expr::Name(name) => (name.id.as_str(), true),
            Expr::Attribute(attribute) => (attribute.attr.as_str(), false),
            _ => return,
        };
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
                }
                Some(_) => {}
                None if is_bare && arguments.len() > 1 && self.is_receiver(owner) => {
                    self.unit().dynamic.own_members = true;
                }
                None => {}
            }
            if is_bare && words::stores(name) {
                self.refer_to(owner, Role::Write);
            }
        }
        if is_bare && words::is_namespace(name, arguments.len()) {
            self.unit().dynamic.namespace = true;
        }
        if words::lists_members(name, is_bare)
            && let Some(owner) = arguments.first()
        {
            match root(owner) {
                Some(start) => {
                    self.given = Some((start, self.names.id("__dict__")));
                    let is_any = name != "vars" && self.is_local(owner);
                    self.unit().dynamic.all_members |= is_any;
                }
                None => self.unit().dynamic.all_members = true,
            }
        }
        self.unit().dynamic.signatures |= words::reads_signatures(name);
        self.unit().dynamic.annotations |= words::reads_annotations(name);
        if let Expr::Attribute(attribute) = &*call.func
            && words::mutates(&attribute.attr)
        {
            self.refer_to(&attribute.value, Role::Write);
        }
    }

    /// Whether an expression begins with a name that some function has bound so far.
    fn is_local(&mut self, expr: &'a Expr) -> bool {
        let Some(chain) = self.chain(expr) else { return true };
        let root = self.pool[chain.start as usize];
        let functions = self.scopes.iter().filter(|scope| scope.kind == ScopeKind::Function);
        functions.into_iter().any(|scope| scope.binds.contains(&root))
    }

    /// Whether an expression is `self`, `cls` or the class of one.
    fn is_receiver(&mut self, expr: &'a Expr) -> bool {
        let expr = match expr {
            Expr::Call(call) => call.arguments.args.first().unwrap_or(expr),
            Expr::Attribute(attribute) => &attribute.value,
            other => other,
        };
        let Expr::Name(name) = expr else { return false };
        let id = self.names.id(&name.id);
        self.scopes.iter().any(|scope| scope.receiver == Some(id))
    }

    fn string(&mut self, text: &'a str) {
        if text.len() > words::LONGEST {
            return;
        }
        if self.is_silent() {
            return self.quoted_annotation(text);
        }
        match words::Word::of(text) {
            words::Word::Identifier => {
                self.mention(text);
                if text.ends_with('_') && !text.ends_with("__") {
                    self.prefix(text);
                }
            }
            words::Word::Dotted(last) => {
                let id = self.names.id(text);
                self.unit().dotted.push(id);
                self.mention(last);
            }
            words::Word::Template(prefix) => {
                self.prefix(prefix);
                for word in words::identifiers(text) {
                    self.mention(word);
                }
            }
            words::Word::Other => {}
        }
    }

    /// An annotation in quotes: who evaluates it reads the names in it.
    fn quoted_annotation(&mut self, text: &'a str) {
        let is_name = |char: char| char.is_alphanumeric() || matches!(char, '_' | '.');
        for dotted in text.split(|char| !is_name(char)) {
            if !dotted.split('.').all(words::is_identifier) {
                continue;
            }
            let start = self.pool.len();
            for part in dotted.split('.') {
                let name = self.names.id(part);
                self.pool.push(name);
            }
            let (start, len) = (start as u32, (self.pool.len() - start) as u32);
            self.refer(Chain { start, len, import: Chain::NO_IMPORT }, Role::Load);
        }
    }

    fn f_string(&mut self, literal: &'a ExprFString) {
        let mut elements = literal.value.elements();
        if let Some(first) = elements.next().and_then(|element| element.as_literal())
            && elements.next().is_some()
            && words::is_identifier(&first.value)
        {
            self.prefix(&first.value);
        }
    }

    fn prefix(&mut self, text: &'a str) {
        if text.len() > 1 && !self.is_silent() {
            let id = self.names.id(text);
            self.unit().prefixes.push(id);
        }
    }
}

/// Where the first name of a chain stands.
fn root(expr: &Expr) -> Option<TextSize> {
    let mut at = expr;
    while let Expr::Attribute(attribute) = at {
        at = &attribute.value;
    }
    at.as_name_expr().map(|name| name.range.start())
}
