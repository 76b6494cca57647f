//! Collects, during the walk, what each piece of code mentions, by Python's scopes.
//!
//! A name that a function binds is local to it, and of no interest outside; every other name that it
//! loads is looked for in the functions around it and at last in the module. What a function binds
//! is known only at its end, so its references wait until then. A class body is left out of that
//! search, as Python does; its own statements see the names that it has bound so far.
//!
//! Where this is not exact, it errs towards mentioning more.

use ruff_python_ast::{
    AnyNodeRef, Expr, ExprAttribute, ExprCall, ExprContext, Parameters, Stmt, StmtImport,
    StmtImportFrom,
};
use ruff_text_size::{Ranged, TextSize};

use super::import::ImportTarget;
use super::names::{NameId, Names};
use super::unit::{Chain, Unit};
use super::words;

/// What a reference is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Load,
    Annotation,
    Write,
    Call,
    Handed,
}

/// A reference whose first name may yet turn out to be local.
#[derive(Clone, Copy, Debug)]
struct Pending {
    unit: u32,
    chain: Chain,
    role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScopeKind {
    Module,
    /// With its index, if its statements are nodes.
    Class(Option<u32>),
    Function,
    Lambda,
    Comprehension,
}

#[derive(Debug)]
struct Scope {
    kind: ScopeKind,
    binds: Vec<NameId>,
    /// Local names of imported things, with the import.
    imports: Vec<(NameId, u32)>,
    globals: Vec<NameId>,
    /// Local names of things that have a name elsewhere: `table = REGISTRY`.
    aliases: Vec<(NameId, Chain)>,
    /// The first parameter of a method.
    receiver: Option<NameId>,
    pending: Vec<Pending>,
}

impl Scope {
    fn new(kind: ScopeKind) -> Self {
        Self {
            kind,
            binds: Vec::new(),
            imports: Vec::new(),
            globals: Vec::new(),
            aliases: Vec::new(),
            receiver: None,
            pending: Vec::new(),
        }
    }
}

/// A name that a statement at node level binds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub(super) class: Option<u32>,
    pub(super) name: NameId,
    pub(super) node: u32,
    pub(super) import: Option<u32>,
}

/// The collection under way.
#[derive(Debug)]
pub(in super::super) struct Collector<'a> {
    pub(super) names: Names<'a>,
    pub(super) pool: Vec<NameId>,
    pub(super) units: Vec<Unit>,
    pub(super) imports: Vec<ImportTarget>,
    pub(super) bound: Vec<Bound>,
    /// The node whose statement is being walked.
    pub(super) node: u32,
    /// The unit that mentions are collected in.
    pub(super) unit: u32,
    scopes: Vec<Scope>,
    /// How many of the next attributes and names belong to a chain that was seen already.
    chain_left: u32,
    /// The chain that begins here gets another name: `module` of `getattr(module, "name")`.
    given: Option<(TextSize, NameId)>,
    walrus: Option<TextSize>,
    annotations: u32,
    /// In how many `try` the walk is that catch an `AttributeError`.
    probing: u32,
}

impl<'a> Collector<'a> {
    pub(in super::super) fn new() -> Self {
        Self {
            names: Names::default(),
            pool: Vec::new(),
            units: vec![Unit::default()],
            imports: Vec::new(),
            bound: Vec::new(),
            node: 0,
            unit: 0,
            scopes: vec![Scope::new(ScopeKind::Module)],
            chain_left: 0,
            given: None,
            walrus: None,
            annotations: 0,
            probing: 0,
        }
    }

    fn unit(&mut self) -> &mut Unit {
        // `unit` is always the index of a unit.
        &mut self.units[self.unit as usize]
    }

    /// Begins a unit, and returns its number.
    pub(super) fn add_unit(&mut self) -> u32 {
        self.units.push(Unit::default());
        (self.units.len() - 1) as u32
    }

    /// Begins the scope of a function with these parameters; `in_class` if it is a method.
    pub(super) fn enter_function(&mut self, parameters: &'a Parameters, in_class: bool) {
        let mut scope = Scope::new(ScopeKind::Function);
        self.bind_parameters(&mut scope, parameters);
        if in_class {
            scope.receiver = scope.binds.first().copied();
        }
        self.scopes.push(scope);
    }

    /// Begins the scope of a class, with its index if its statements are nodes.
    pub(super) fn enter_class(&mut self, class: Option<u32>) {
        self.scopes.push(Scope::new(ScopeKind::Class(class)));
    }

    /// Ends the scope that was begun last.
    pub(super) fn leave_scope(&mut self) {
        let Some(mut scope) = self.scopes.pop() else { return };
        scope.binds.sort_unstable();
        let around = self.scopes.len().saturating_sub(1);
        for pending in std::mem::take(&mut scope.pending) {
            self.resolve(&scope, pending, around);
        }
    }

    fn resolve(&mut self, scope: &Scope, pending: Pending, around: usize) {
        let Pending { unit, chain, role } = pending;
        let Some(root) = self.pool.get(chain.start as usize).copied() else { return };
        if scope.globals.contains(&root) {
            return self.emit(pending);
        }
        if let Some((_, import)) = scope.imports.iter().find(|(name, _)| *name == root) {
            let chain = Chain { start: chain.start + 1, len: chain.len - 1, import: *import };
            return self.emit(Pending { unit, chain, role });
        }
        if scope.binds.binary_search(&root).is_err() {
            if matches!(scope.kind, ScopeKind::Comprehension) {
                self.mention_of_class(around, pending);
            }
            return self.place(pending, around, scope.kind != ScopeKind::Comprehension);
        }
        if role != Role::Write {
            return;
        }
        if scope.receiver == Some(root) && chain.len > 1 {
            let attr = self.pool[chain.start as usize + 1];
            self.units[unit as usize].self_writes.push(attr);
        }
        let aliased = scope.aliases.iter().filter(|(name, _)| *name == root);
        for chain in aliased.map(|(_, chain)| *chain).collect::<Vec<_>>() {
            self.place(Pending { unit, chain, role }, around, true);
        }
    }

    /// Notes that a comprehension in a class body may mean a name of the class.
    fn mention_of_class(&mut self, scope: usize, pending: Pending) {
        let root = self.pool[pending.chain.start as usize];
        if matches!(self.scopes[scope].kind, ScopeKind::Class(_))
            && self.scopes[scope].binds.contains(&root)
        {
            self.units[pending.unit as usize].attrs.push(root);
        }
    }

    /// Looks a reference up in the scope with this index; `is_inner` if it comes out of a function.
    fn place(&mut self, pending: Pending, scope: usize, is_inner: bool) {
        let at = &mut self.scopes[scope];
        match at.kind {
            ScopeKind::Module => self.emit(pending),
            ScopeKind::Class(class) => {
                let root = self.pool[pending.chain.start as usize];
                if is_inner || !at.binds.contains(&root) {
                    return self.place(pending, scope.saturating_sub(1), true);
                }
                if class.is_some() && matches!(pending.role, Role::Write | Role::Call) {
                    let node = self.node;
                    self.bound.push(Bound { class, name: root, node, import: None });
                }
                self.units[pending.unit as usize].attrs.push(root);
            }
            ScopeKind::Function | ScopeKind::Lambda | ScopeKind::Comprehension => {
                at.pending.push(pending);
            }
        }
    }

    /// Gives a reference whose first name is the module's, or an import's, to its unit.
    fn emit(&mut self, pending: Pending) {
        let unit = &mut self.units[pending.unit as usize];
        match pending.role {
            Role::Load => unit.loads.push(pending.chain),
            Role::Annotation => unit.annotations.push(pending.chain),
            Role::Write => unit.writes.push(pending.chain),
            Role::Call => unit.calls.push(pending.chain),
            Role::Handed => unit.handed.push(pending.chain),
        }
    }

    /// Notes a reference of the present unit from the present scope.
    fn refer(&mut self, chain: Chain, role: Role) {
        let role = if self.annotations > 0 && role == Role::Load { Role::Annotation } else { role };
        let pending = Pending { unit: self.unit, chain, role };
        self.place(pending, self.scopes.len() - 1, false);
    }

    /// The chain that an expression is, if it is one: `a.b.c`.
    pub(super) fn chain(&mut self, expr: &'a Expr) -> Option<Chain> {
        let start = self.pool.len();
        if !self.push_chain(expr) {
            self.pool.truncate(start);
            return None;
        }
        let len = (self.pool.len() - start) as u32;
        Some(Chain { start: start as u32, len, import: Chain::NO_IMPORT })
    }

    fn push_chain(&mut self, expr: &'a Expr) -> bool {
        let mut at = expr;
        let start = self.pool.len();
        loop {
            match at {
                Expr::Attribute(attribute) => {
                    let name = self.names.id(&attribute.attr);
                    self.pool.push(name);
                    at = &attribute.value;
                }
                Expr::Name(name) => {
                    let name = self.names.id(&name.id);
                    self.pool.push(name);
                    self.pool[start..].reverse();
                    return true;
                }
                _ => return false,
            }
        }
    }

    /// Notes a reference of this role, if the expression is one.
    pub(super) fn refer_to(&mut self, expr: &'a Expr, role: Role) -> bool {
        let chain = self.chain(expr);
        if let Some(chain) = chain {
            self.refer(chain, role);
        }
        chain.is_some()
    }

    /// Notes that the present scope binds a name.
    pub(super) fn bind(&mut self, name: &'a str) {
        self.bind_in(self.scopes.len() - 1, name, None);
    }

    fn bind_in(&mut self, scope: usize, name: &'a str, import: Option<u32>) {
        let id = self.names.id(name);
        let node = self.node;
        let at = &mut self.scopes[scope];
        match at.kind {
            ScopeKind::Module => {
                self.bound.push(Bound { class: None, name: id, node, import });
            }
            ScopeKind::Class(class) => {
                at.binds.push(id);
                if class.is_some() {
                    self.bound.push(Bound { class, name: id, node, import });
                }
            }
            _ if at.globals.contains(&id) => {
                self.unit().dynamic.global = true;
                let start = self.pool.len() as u32;
                self.pool.push(id);
                let chain = Chain { start, len: 1, import: Chain::NO_IMPORT };
                self.emit(Pending { unit: self.unit, chain, role: Role::Write });
            }
            _ => {
                at.binds.push(id);
                if let Some(import) = import {
                    at.imports.push((id, import));
                }
            }
        }
    }

    fn bind_parameters(&mut self, scope: &mut Scope, parameters: &'a Parameters) {
        for parameter in parameters {
            scope.binds.push(self.names.id(parameter.name()));
        }
    }

    /// The scope that a walrus binds in.
    fn around_comprehensions(&self) -> usize {
        let is_scope = |scope: &Scope| scope.kind != ScopeKind::Comprehension;
        self.scopes.iter().rposition(is_scope).unwrap_or(0)
    }

    /// Notes what `import a, b.c as d` imports and binds.
    pub(super) fn import(&mut self, stmt: &'a StmtImport) {
        for alias in &stmt.names {
            let import = self.add_import(ImportTarget::of_module(alias));
            let name = alias.asname.as_ref().map_or_else(
                || alias.name.split('.').next().unwrap_or_default(),
                |name| name.as_str(),
            );
            self.bind_in(self.scopes.len() - 1, name, Some(import));
        }
    }

    /// Notes what `from m import a, b as c` imports and binds.
    pub(super) fn import_from(&mut self, stmt: &'a StmtImportFrom) {
        for alias in &stmt.names {
            let import = self.add_import(ImportTarget::of_name(stmt, alias));
            if alias.name.as_str() != "*" {
                let name = alias.asname.as_ref().unwrap_or(&alias.name);
                self.bind_in(self.scopes.len() - 1, name, Some(import));
            }
        }
    }

    pub(super) fn add_import(&mut self, target: ImportTarget) -> u32 {
        self.imports.push(target);
        let import = (self.imports.len() - 1) as u32;
        self.unit().imports.push(import);
        import
    }

    /// Begins and ends an annotation, in which nothing is read but by who looks at annotations.
    pub(in super::super) fn in_annotation(&mut self, is_inside: bool) {
        if is_inside {
            self.annotations += 1;
        } else {
            self.annotations = self.annotations.saturating_sub(1);
        }
    }

    /// Whether attributes are not mentioned here, as in annotations.
    fn is_silent(&self) -> bool {
        self.annotations > 0
    }

    fn mention(&mut self, name: &'a str) {
        if self.is_silent() {
            return;
        }
        let id = self.names.id(name);
        let is_probing = self.probing > 0;
        let unit = self.unit();
        unit.attrs.push(id);
        if is_probing {
            unit.probes.push(id);
        }
    }

    /// Takes note of a statement inside of a function or of a compound statement.
    pub(in super::super) fn statement(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(stmt) => self.import(stmt),
            Stmt::ImportFrom(stmt) => self.import_from(stmt),
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
                self.refer_to(&stmt.target, Role::Load);
                // `TABLE += more` changes the thing itself, if that is a list.
                self.alias_write(&stmt.target);
            }
            Stmt::Assign(stmt) => {
                if let [Expr::Name(target)] = &stmt.targets[..] {
                    self.alias(&target.id, &stmt.value);
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

    /// A call whose result nobody takes: it is there for its effect.
    pub(super) fn bare_call(&mut self, call: &'a ExprCall) {
        match &*call.func {
            Expr::Attribute(attribute) if words::is_logging(&attribute.attr) && !self.at_node_level() => {}
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
            AnyNodeRef::ExprSubscript(subscript) if subscript.ctx != ExprContext::Load => {
                if !self.refer_to(&subscript.value, Role::Write) {
                    self.unit().dynamic.opaque_effect = true;
                }
            }
            AnyNodeRef::ExprCall(call) => self.call(call),
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

    fn enter_comprehension(&mut self, generators: &'a [ruff_python_ast::Comprehension]) {
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
        let dynamic = words::dynamic_attribute(&attribute.attr);
        self.unit().dynamic.merge(dynamic);
        let start = self.pool.len();
        if !self.push_attribute(attribute) {
            self.pool.truncate(start);
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
            self.refer(chain, Role::Write);
            self.refer(Chain { len: chain.len - 1, ..chain }, Role::Load);
        }
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
        if words::takes_name(name, is_bare) && let Some(owner) = arguments.first() {
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
        if words::lists_members(name, is_bare) && let Some(owner) = arguments.first() {
            match root(owner) {
                Some(start) => self.given = Some((start, self.names.id("__dict__"))),
                None => self.unit().dynamic.all_members = true,
            }
        }
        self.unit().dynamic.signatures |= words::reads_signatures(name);
        if let Expr::Attribute(attribute) = &*call.func
            && words::mutates(&attribute.attr)
        {
            self.refer_to(&attribute.value, Role::Write);
        }
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
        if self.is_silent() || text.len() > words::LONGEST {
            return;
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

    fn f_string(&mut self, literal: &'a ruff_python_ast::ExprFString) {
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
