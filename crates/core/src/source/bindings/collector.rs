//! Collects, during the walk, what each piece of code mentions, by Python's scopes.
//!
//! A name that a function binds is local to it, and of no interest outside; every other name that it
//! loads is looked for in the functions around it and at last in the module. What a function binds
//! is known only at its end, so its references wait until then. A class body is left out of that
//! search, as Python does; its own statements see the names that it has bound so far.
//!
//! Where this is not exact, it errs towards mentioning more.

use ruff_python_ast::{Expr, Parameters, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextSize};
use rustc_hash::FxHashSet;

use super::asks::CONTENT;
use super::import::{self, ImportTarget};
use super::names::{NameId, Names};
use super::nodes::Level;
use super::scope::{Pending, Role, Scope, ScopeKind, changes_unnamed};
use super::unit::{Chain, Unit};
use super::words;

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
    pub(super) level: Level,
    /// Names that something is called by that keeps what their functions give, and whether they are attributes.
    pub(super) kept: Vec<(NameId, bool)>,
    /// What the names begin with of attributes that are asked for whether or not they exist.
    pub(super) asked_prefixes: Vec<NameId>,
    pub(super) scopes: Vec<Scope>,
    /// How many of the next attributes and names belong to a chain that was seen already.
    pub(super) chain_left: u32,
    /// The chain that begins here gets another name: `module` of `getattr(module, "name")`.
    pub(super) given: Option<(TextSize, NameId)>,
    pub(super) walrus: Option<TextSize>,
    /// Where `sys.modules` begins and code tells what it means by it, ascending.
    pub(super) told_modules: Vec<TextSize>,
    /// Where names begin that are only compared.
    pub(super) compared: FxHashSet<TextSize>,
    /// Where the targets of the present statement begin, if its value is nobody else's.
    pub(super) own: Vec<TextSize>,
    /// Where they begin, if it fills nothing.
    pub(super) stores: Vec<(TextSize, Role)>,
    annotations: u32,
    /// In how many `try` the walk is that catch an `AttributeError`.
    pub(super) probing: u32,
    /// In how many that catch that something is missing.
    pub(super) trying: u32,
    /// Where the condition ends of the last statement that has one.
    pub(super) condition: TextSize,
    /// Where the last call begins whose result nobody takes.
    pub(super) untaken: Option<TextSize>,
}

impl<'a> Collector<'a> {
    /// A collection that has seen nothing yet; for `told_modules` see [`loaded`](super::loaded).
    pub(in super::super) fn new(told_modules: Vec<TextSize>) -> Self {
        Self {
            names: Names::default(),
            pool: Vec::new(),
            units: vec![Unit::default()],
            imports: Vec::new(),
            bound: Vec::new(),
            node: 0,
            unit: 0,
            level: Level::default(),
            kept: Vec::new(),
            asked_prefixes: Vec::new(),
            scopes: vec![Scope::new(ScopeKind::Module)],
            chain_left: 0,
            given: None,
            walrus: None,
            told_modules,
            compared: FxHashSet::default(),
            own: Vec::new(),
            stores: Vec::new(),
            annotations: 0,
            probing: 0,
            trying: 0,
            condition: TextSize::default(),
            untaken: None,
        }
    }

    pub(super) fn unit(&mut self) -> &mut Unit {
        // `unit` is always the index of a unit.
        &mut self.units[self.unit as usize]
    }

    /// Begins a unit, and returns its number.
    pub(super) fn add_unit(&mut self) -> u32 {
        self.units.push(Unit::default());
        (self.units.len() - 1) as u32
    }

    /// Begins the scope of a function; `in_class` if it is a method.
    pub(super) fn enter_function(&mut self, def: &'a StmtFunctionDef, in_class: bool) {
        let parameters = &def.parameters;
        let first = parameters.iter().next().map(|parameter| parameter.name().as_str());
        let mut scope = Scope::new(ScopeKind::Function);
        self.bind_parameters(&mut scope, parameters);
        if in_class {
            scope.receiver = scope.binds.first().copied();
            scope.receives_class = first == Some("cls");
        } else {
            scope.holder = scope.binds.first().copied();
        }
        scope.sets = self.sets(&def.body, first);
        for parameter in parameters.iter_non_variadic_params() {
            if parameter.default.as_deref().is_some_and(words::is_mutable) {
                scope.kept.push(self.names.id(parameter.name()));
            }
        }
        self.scopes.push(scope);
    }

    /// The attributes of `receiver` that the statements of a body bind in any case.
    fn sets(&mut self, body: &'a [Stmt], receiver: Option<&str>) -> Vec<(NameId, TextSize)> {
        let mut sets = Vec::new();
        for stmt in body {
            let targets = match stmt {
                Stmt::Assign(stmt) => &stmt.targets[..],
                Stmt::AnnAssign(stmt) if stmt.value.is_some() => {
                    std::slice::from_ref(&*stmt.target)
                }
                _ => continue,
            };
            for target in targets {
                if let Expr::Attribute(attribute) = target
                    && let Expr::Name(owner) = &*attribute.value
                    && Some(owner.id.as_str()) == receiver
                {
                    sets.push((self.names.id(&attribute.attr), stmt.end()));
                }
            }
        }
        sets
    }

    /// Whether the present scope is the body of a class.
    pub(super) fn is_in_class(&self) -> bool {
        self.scopes.last().is_some_and(|scope| matches!(scope.kind, ScopeKind::Class(_)))
    }

    /// Begins the scope of a class, with its index if its statements are nodes.
    pub(super) fn enter_class(&mut self, class: Option<u32>) {
        self.scopes.push(Scope::new(ScopeKind::Class(class)));
    }

    /// Ends the scope that was begun last.
    pub(super) fn leave_scope(&mut self) {
        let Some(mut scope) = self.scopes.pop() else { return };
        scope.binds.sort_unstable();
        scope.shared.sort_unstable();
        let around = self.scopes.len().saturating_sub(1);
        for pending in std::mem::take(&mut scope.pending) {
            self.resolve(&scope, pending, around);
        }
    }

    fn resolve(&mut self, scope: &Scope, pending: Pending, around: usize) {
        let Pending { unit, chain, role, is_nested } = pending;
        let Some(root) = self.pool.get(chain.start as usize).copied() else { return };
        if scope.globals.contains(&root) {
            return self.emit(pending);
        }
        if let Some((_, import)) = scope.imports.iter().find(|(name, _)| *name == root) {
            let chain = Chain { start: chain.start + 1, len: chain.len - 1, import: *import };
            return self.emit(Pending { unit, chain, role, is_nested });
        }
        if scope.binds.binary_search(&root).is_err() {
            if matches!(scope.kind, ScopeKind::Comprehension) {
                self.mention_of_class(around, pending);
            }
            return self.place(pending, around, scope.kind != ScopeKind::Comprehension);
        }
        if changes_unnamed(scope, root, chain, role) {
            let inner = self.pool.get(chain.start as usize + 1).copied();
            let unit = &mut self.units[unit as usize];
            unit.changes_unnamed = true;
            unit.inner_writes.extend(inner.filter(|_| scope.receiver == Some(root)));
        }
        if !role.stores() {
            return;
        }
        if is_nested || scope.kept.contains(&root) {
            self.units[unit as usize].closure_fills.push(root);
        }
        if scope.holds_attributes(root) {
            self.store_in_receiver(scope, unit, chain, role);
        }
        let aliased = scope.aliases.iter().filter(|(name, _)| *name == root);
        for chain in aliased.map(|(_, chain)| *chain).collect::<Vec<_>>() {
            let root = self.pool[chain.start as usize];
            if scope.holds_attributes(root) {
                // `table = self._table`.
                self.store_in_receiver(scope, unit, chain, role);
            }
            self.place(Pending { unit, chain, role, is_nested }, around, true);
        }
    }

    /// Notes that something is stored in the first parameter of a function, or in an attribute of that.
    fn store_in_receiver(&mut self, scope: &Scope, unit: u32, chain: Chain, role: Role) {
        let content = self.names.id(CONTENT);
        let unit = &mut self.units[unit as usize];
        if chain.len == 1 {
            return unit.self_fills.push(content);
        }
        let names = &self.pool[chain.start as usize..][..chain.len as usize];
        let (attr, is_in_class) = match *names {
            // `self.__class__.x = value`.
            [_, class, attr, ..] if self.names.text(class) == "__class__" => (attr, true),
            [root, attr, ..] => (attr, scope.classes.contains(&root)),
            _ => return,
        };
        if is_in_class && scope.receiver.is_some() {
            return unit.store_in_class(attr);
        }
        match role {
            Role::Augment => {}
            Role::Empty => unit.self_empties.push(attr),
            Role::Flag => {
                unit.self_empties.push(attr);
                unit.self_flags.push(attr);
            }
            _ => unit.self_fills.push(attr),
        }
        if scope.receiver.is_none() {
            return;
        }
        unit.self_writes.push(attr);
        let binds_of_instance = role != Role::Write && chain.len == 2;
        if scope.receives_class || !binds_of_instance {
            unit.class_writes.push(attr);
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
                if class.is_some() && (pending.role.stores() || pending.role == Role::Call) {
                    let node = self.node;
                    self.bound.push(Bound { class, name: root, node, import: None });
                }
                self.units[pending.unit as usize].attrs.push(root);
            }
            ScopeKind::Function | ScopeKind::Lambda | ScopeKind::Comprehension => {
                let is_nested = pending.is_nested || is_inner;
                at.pending.push(Pending { is_nested, ..pending });
            }
        }
    }

    /// Gives a reference whose first name is the module's, or an import's, to its unit.
    fn emit(&mut self, pending: Pending) {
        let unit = &mut self.units[pending.unit as usize];
        unit.sets |= pending.role.sets_attribute() && pending.chain.len > 1;
        match pending.role {
            Role::Load => {
                unit.loads.push(pending.chain);
                unit.sources.push(pending.chain);
            }
            Role::Compare => unit.loads.push(pending.chain),
            Role::Annotation => unit.annotations.push(pending.chain),
            Role::Write | Role::Set | Role::Augment | Role::Empty | Role::Flag => {
                unit.writes.push(pending.chain)
            }
            Role::Call => unit.calls.push(pending.chain),
            Role::Handed => unit.handed.push(pending.chain),
            Role::Given => unit.given.push(pending.chain),
        }
    }

    /// Notes a reference of the present unit from the present scope.
    pub(super) fn refer(&mut self, chain: Chain, role: Role) {
        let is_load = matches!(role, Role::Load | Role::Compare);
        let role = if self.annotations > 0 && is_load { Role::Annotation } else { role };
        let pending = Pending { unit: self.unit, chain, role, is_nested: false };
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

    pub(super) fn push_chain(&mut self, expr: &'a Expr) -> bool {
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

    pub(super) fn bind_in(&mut self, scope: usize, name: &'a str, import: Option<u32>) {
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
                let unit = self.unit;
                self.emit(Pending { unit, chain, role: Role::Write, is_nested: false });
            }
            _ => {
                let is_parameter = at.binds[..at.parameters].contains(&id);
                at.binds.push(id);
                if let Some(import) = import {
                    at.imports.push((id, import));
                }
                self.unit().rebinds |= is_parameter;
            }
        }
    }

    pub(super) fn bind_parameters(&mut self, scope: &mut Scope, parameters: &'a Parameters) {
        for parameter in parameters {
            let name = self.names.id(parameter.name());
            scope.binds.push(name);
            scope.shared.push(name);
        }
        scope.parameters = scope.binds.len();
    }

    /// The scope that a walrus binds in.
    pub(super) fn around_comprehensions(&self) -> usize {
        let is_scope = |scope: &Scope| scope.kind != ScopeKind::Comprehension;
        self.scopes.iter().rposition(is_scope).unwrap_or(0)
    }

    /// Notes what an import statement imports and binds.
    pub(super) fn import(&mut self, stmt: &'a Stmt) {
        for (target, name) in import::aliases(stmt) {
            self.import_one(target, name);
        }
    }

    /// Notes what one alias of an import statement imports and binds.
    pub(super) fn import_one(&mut self, target: ImportTarget, name: Option<&'a str>) -> u32 {
        self.imports.push(target);
        let import = (self.imports.len() - 1) as u32;
        self.unit().imports.push(import);
        if let Some(name) = name {
            self.bind_in(self.scopes.len() - 1, name, Some(import));
        }
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
    pub(super) fn is_silent(&self) -> bool {
        self.annotations > 0
    }

    pub(super) fn mention(&mut self, name: &'a str) {
        if self.is_silent() {
            return;
        }
        let id = self.names.id(name);
        let private = words::private(name).map(|name| self.names.id(name));
        let is_probing = self.probing > 0;
        let unit = self.unit();
        unit.attrs.push(id);
        unit.attrs.extend(private);
        if is_probing {
            unit.probes.push(id);
        }
    }
}
