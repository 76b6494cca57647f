//! The one pass over the syntax tree.
//!
//! It spells each node into the block that it belongs to, opens a block for each function body, and
//! notes on the way what else is asked of a source: names and lines of its scopes, imports,
//! docstrings, and whether a block can read docstrings.

use std::hash::Hasher;
use std::mem;
use std::sync::Arc;

use ruff_python_ast::visitor::source_order::{self, SourceOrderVisitor, TraversalSignal};
use ruff_python_ast::{
    AnyNodeRef, Decorator, Expr, ExprStringLiteral, Identifier, NodeKind, Parameters, Stmt,
    StmtAnnAssign, StmtClassDef, StmtFunctionDef, TypeParam,
};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::bindings::{Bindings, Collector, FunctionDigests, told_places};
use super::docs;
use super::hints::{Hints, are_postponed};
use super::imports::Import;
use super::lines::Lines;
use super::overloads;
use super::scopes::{Scope, ScopeKind};
use super::spell::{Domain, Spelling};
use super::strings::Pieces;
use crate::Digest;
use crate::digest::DigestBuilder;

/// What was found out about the code of one block.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) digest: Digest,
    pub(super) imports: Vec<Import>,
    pub(super) reads_docs: bool,
    pub(super) reads_source: bool,
}

/// All that the pass found.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) module: Code,
    /// Of the functions, in the order of their `def`s.
    pub(super) functions: Vec<Code>,
    /// In the order of the source.
    pub(super) scopes: Vec<Scope>,
    /// Each with the index of its scope; `None` for the module's own.
    pub(super) docstrings: Vec<(Option<usize>, Digest)>,
    pub(super) bindings: Bindings,
}

/// The tree is nested deeper than was allowed.
#[derive(Debug)]
pub(super) struct TooDeep;

/// A block whose end is not yet reached.
#[derive(Debug, Default)]
pub(super) struct OpenBlock {
    pub(super) spelling: Spelling,
    /// Index of the function; `None` at the module level.
    function: Option<usize>,
    imports: Vec<Import>,
    reads_docs: bool,
    reads_source: bool,
    is_generator: bool,
    /// How many lambdas the walk is in.
    lambdas: u32,
}

/// The scope that statements bind names in.
#[derive(Debug, Default)]
struct OpenScope<'a> {
    /// What qualified names begin with here: nothing, `C.`, or `f.<locals>.`.
    prefix: String,
    is_function: bool,
    /// Names that a `global` statement gives to the module.
    globals: Vec<&'a str>,
}

/// The walk and its state.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) text: &'a str,
    pub(super) block: OpenBlock,
    pub(super) pieces: Pieces,
    pub(super) bindings: Collector<'a>,
    lines: Lines<'a>,
    scope: OpenScope<'a>,
    /// The blocks around the current one.
    outer: Vec<OpenBlock>,
    scopes: Vec<Scope>,
    functions: Vec<Option<Code>>,
    docstrings: Vec<(Option<usize>, Digest)>,
    /// Spellings to be used again.
    pub(super) spare: Vec<Spelling>,
    /// The annotations of the present definition or statement, where they are spelt apart.
    pub(super) hints: Option<Hints>,
    /// Whether annotations are not evaluated.
    pub(super) postpones_annotations: bool,
    /// Whether the module's docstrings are read by a library.
    hands_docs_on: bool,
    /// Where a name begins that reads nothing.
    quiet: Option<TextSize>,
    depth: usize,
    max_depth: usize,
    is_too_deep: bool,
}

impl<'a> Walk<'a> {
    /// Levels of nesting that the stack of any thread has room for. Source that people write has
    /// fewer than a hundred.
    pub(super) const SHALLOW: usize = 300;

    /// Walks the statements of a module, whose source is `text`, down to `max_depth`.
    pub(super) fn over(
        text: &'a str,
        body: &'a [Stmt],
        max_depth: usize,
    ) -> Result<Findings, TooDeep> {
        let mut walk = Self {
            text,
            block: OpenBlock::default(),
            pieces: Pieces::default(),
            bindings: Collector::new(told_places(text, body, max_depth)),
            lines: Lines::new(text),
            scope: OpenScope::default(),
            outer: Vec::new(),
            scopes: Vec::new(),
            functions: Vec::new(),
            docstrings: Vec::new(),
            spare: Vec::new(),
            hints: None,
            postpones_annotations: are_postponed(body),
            hands_docs_on: docs::are_handed_on(body),
            quiet: None,
            depth: 0,
            max_depth,
            is_too_deep: false,
        };
        walk.note_docstring(None, body);
        walk.visit_statements(body);
        if walk.is_too_deep {
            return Err(TooDeep);
        }
        Ok(Findings {
            module: walk.block.finish(Domain::Module).0,
            functions: walk.functions.into_iter().flatten().collect(),
            scopes: walk.scopes,
            docstrings: walk.docstrings,
            bindings: walk.bindings.finish(),
        })
    }

    /// Goes one level deeper; `false` if that is too deep. Either way, [`Walk::ascend`] follows.
    pub(super) fn descend(&mut self) -> bool {
        self.depth += 1;
        self.is_too_deep |= self.depth > self.max_depth;
        !self.is_too_deep
    }

    pub(super) fn ascend(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn visit_statements(&mut self, body: &'a [Stmt]) {
        for (at, stmt) in body.iter().enumerate() {
            if !overloads::is_stub(stmt, &body[at + 1..]) {
                self.visit_stmt(stmt);
            }
        }
    }

    fn visit_function(&mut self, def: &'a StmtFunctionDef) {
        let index = self.functions.len();
        self.functions.push(None);
        let lines = lines_from(&def.decorator_list, def.range);
        let scope = self.add_scope(&def.name, lines, ScopeKind::Function(index));
        self.note_docstring(Some(scope), &def.body);

        let around = self.bindings.open_function(def, self.scopes[scope].first_line);
        let start = self.block.spelling.len();
        self.block.spelling.open(NodeKind::StmtFunctionDef);
        self.block.spelling.flag(def.is_async);
        self.spell_definition(&def.name, &def.decorator_list, &def.body);
        let definition_end = self.block.spelling.len();
        if self.bindings.enter_signature(index) {
            self.begin_hints();
        }
        if let Some(params) = &def.type_params {
            self.visit_type_params(params);
        }
        self.visit_parameters(&def.parameters);
        if let Some(returns) = &def.returns {
            self.visit_annotation(returns);
        }
        let signature = self.block.spelling.digest_since(definition_end, Domain::Node);
        let annotations = self.end_hints();
        self.block.spelling.close();

        let spelling = self.spare.pop().unwrap_or_default();
        let block = OpenBlock { spelling, function: Some(index), ..OpenBlock::default() };
        self.outer.push(mem::replace(&mut self.block, block));
        let outside = self.bindings.enter_body(index, def);
        self.in_scope(scope, |walk| walk.visit_statements(&def.body));
        self.bindings.leave_body(index, outside);
        let body = mem::replace(&mut self.block, self.outer.pop().unwrap_or_default());

        // Calling a generator function runs nothing of its body: it is the definition's business.
        self.block.spelling.flag(body.is_generator);
        let is_generator = body.is_generator;
        let (code, spelling) = body.finish(Domain::Function);
        self.spare.push(spelling);
        self.functions[index] = Some(code);
        self.scopes[scope].last_line = self.lines.line_at(def.end());

        let mut definition = DigestBuilder::new(Domain::Definition.name());
        let spelt = self.block.spelling.since(start);
        definition.write(&spelt[..(definition_end - start).min(spelt.len())]);
        spell_shape(&mut definition, &def.parameters);
        definition.write_u8(u8::from(is_generator));
        let digests = FunctionDigests { definition: definition.digest(), signature, annotations };
        self.bindings.close_function(index, around, digests, self.scopes[scope].last_line);
    }

    fn visit_class(&mut self, def: &'a StmtClassDef) {
        let lines = lines_from(&def.decorator_list, def.range);
        let scope = self.add_scope(&def.name, lines, ScopeKind::Class);
        self.note_docstring(Some(scope), &def.body);

        let Scope { qualname, first_line, .. } = &self.scopes[scope];
        let around = self.bindings.open_class(def, qualname, *first_line);
        let start = self.block.spelling.len();
        self.block.spelling.open(NodeKind::StmtClassDef);
        self.spell_definition(&def.name, &def.decorator_list, &def.body);
        if let Some(params) = &def.type_params {
            self.visit_type_params(params);
        }
        if let Some(arguments) = &def.arguments {
            self.visit_arguments(arguments);
        }
        let skeleton = self.block.spelling.digest_since(start, Domain::Node);
        self.bindings.enter_class_body();
        self.in_scope(scope, |walk| walk.visit_body(&def.body));
        self.block.spelling.close();
        self.scopes[scope].last_line = self.lines.line_at(def.end());
        self.bindings.close_class(around, skeleton, self.scopes[scope].last_line);
    }

    /// Spells what definitions have in common: the name, the decorators, and the docstring if one of
    /// them can read it.
    fn spell_definition(
        &mut self,
        name: &'a Identifier,
        decorators: &'a [Decorator],
        body: &'a [Stmt],
    ) {
        self.block.spelling.text(name);
        let is_read = self.hands_docs_on || docs::can_read_docs(decorators);
        let docstring = docs::docstring(body).filter(|_| is_read);
        self.block.spelling.flag(docstring.is_some());
        if let Some(docstring) = docstring {
            self.spell_string(docstring);
        }
        decorators.iter().for_each(|decorator| self.visit_decorator(decorator));
    }

    /// Notes a scope that begins in the current one, and returns its index.
    fn add_scope(&mut self, name: &str, range: TextRange, kind: ScopeKind) -> usize {
        let qualname: Arc<str> = if self.scope.globals.contains(&name) {
            name.into()
        } else {
            [&self.scope.prefix, name].concat().into()
        };
        let first_line = self.lines.line_at(range.start());
        let outer = self.block.function;
        self.scopes.push(Scope { qualname, first_line, last_line: first_line, kind, outer });
        self.scopes.len() - 1
    }

    /// Runs `visit` inside the scope with this index.
    fn in_scope(&mut self, scope: usize, visit: impl FnOnce(&mut Self)) {
        let Scope { qualname, kind, .. } = &self.scopes[scope];
        let is_function = matches!(kind, ScopeKind::Function(_));
        let prefix = [&**qualname, if is_function { ".<locals>." } else { "." }].concat();
        let inner = OpenScope { prefix, is_function, globals: Vec::new() };
        let outer = mem::replace(&mut self.scope, inner);
        visit(self);
        self.scope = outer;
    }

    /// Notes that code of its own makes the value of the type alias or parameter `name`.
    fn add_type_thunk(&mut self, name: &str, range: TextRange) {
        let thunk = self.add_scope(name, range, ScopeKind::TypeThunk);
        self.scopes[thunk].last_line = self.lines.line_at(range.end());
    }

    fn note_docstring(&mut self, scope: Option<usize>, body: &[Stmt]) {
        let Some(docstring) = docs::docstring(body) else { return };
        let outer = mem::replace(&mut self.block.spelling, self.spare.pop().unwrap_or_default());
        self.spell_string(docstring);
        let mut spelling = mem::replace(&mut self.block.spelling, outer);
        self.docstrings.push((scope, spelling.digest(Domain::Docstring)));
        spelling.clear();
        self.spare.push(spelling);
    }

    /// Spells an annotated variable without its annotation: `x: T = v` does what `x = v` does.
    fn visit_local_annotation(&mut self, stmt: &'a StmtAnnAssign) {
        let kind =
            if stmt.value.is_some() { NodeKind::StmtAssign } else { NodeKind::StmtAnnAssign };
        self.block.spelling.open(kind);
        self.visit_expr(&stmt.target);
        if let Some(value) = &stmt.value {
            self.visit_expr(value);
        }
        self.block.spelling.close();
    }

    /// Visits a statement that is no node by itself, or by now is one as a whole.
    pub(super) fn visit_inside(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => self.visit_function(def),
            Stmt::ClassDef(def) => self.visit_class(def),
            Stmt::If(stmt) => self.visit_if(stmt),
            Stmt::AnnAssign(stmt) if self.scope.is_function => {
                self.visit_local_annotation(stmt);
            }
            Stmt::AnnAssign(stmt) if self.hints.is_some() => {
                self.visit_local_annotation(stmt);
                self.visit_annotation(&stmt.annotation);
            }
            other => {
                match other {
                    Stmt::Import(stmt) => self.block.imports.extend(Import::of_import(stmt)),
                    Stmt::ImportFrom(stmt) => {
                        self.block.imports.push(Import::of_import_from(stmt));
                    }
                    Stmt::Global(stmt) => {
                        self.scope.globals.extend(stmt.names.iter().map(|name| name.as_str()));
                    }
                    Stmt::TypeAlias(stmt) => {
                        if let Expr::Name(name) = &*stmt.name {
                            self.add_type_thunk(&name.id, stmt.range);
                        }
                    }
                    _ => {}
                }
                source_order::walk_stmt(self, other);
            }
        }
    }

    pub(super) fn is_in_function(&self) -> bool {
        self.scope.is_function
    }

    /// The line that something ends in, once all in it was visited.
    pub(super) fn last_line(&mut self, range: TextRange) -> u32 {
        self.lines.line_at(range.end())
    }

    /// The line that something begins in, before anything in it is visited.
    pub(super) fn first_line(&mut self, range: TextRange) -> u32 {
        self.lines.line_at(range.start())
    }

    fn note_mention(&mut self, word: &str) {
        self.block.reads_docs |= docs::is_doc_word(word);
        self.block.reads_source |= docs::is_source_word(word);
    }
}

impl<'a> SourceOrderVisitor<'a> for Walk<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if docs::is_silent(stmt) {
            return;
        }
        if self.descend() {
            if self.bindings.is_at_nodes() {
                self.visit_at_level(stmt);
            } else {
                self.bindings.statement(stmt);
                self.visit_inside(stmt);
            }
        }
        self.ascend();
    }

    fn visit_body(&mut self, body: &'a [Stmt]) {
        self.block.spelling.open_suite();
        self.visit_statements(body);
        self.block.spelling.close();
    }

    fn visit_annotation(&mut self, annotation: &'a Expr) {
        // What can do more than raise is read like any other expression.
        if !self.is_inert(annotation) {
            return self.visit_expr(annotation);
        }
        self.bindings.in_annotation(true);
        self.spell_annotation(annotation);
        self.bindings.in_annotation(false);
    }

    fn visit_type_param(&mut self, param: &'a TypeParam) {
        self.add_type_thunk(param.name(), param.range());
        source_order::walk_type_param(self, param);
    }

    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        let may_go_on = self.descend();
        self.block.spelling.open(node.kind());
        self.block.spelling.own(node);
        if !may_go_on {
            return TraversalSignal::Skip;
        }
        self.bindings.enter(node);
        match node {
            AnyNodeRef::ExprName(name) if self.quiet == Some(name.range.start()) => {}
            AnyNodeRef::ExprName(name) => self.note_mention(&name.id),
            AnyNodeRef::ExprAttribute(_) | AnyNodeRef::ExprSubscript(_) => {
                self.quiet = docs::given_lines(node).or(self.quiet);
            }
            AnyNodeRef::Identifier(name) => self.note_mention(name),
            AnyNodeRef::ExprCall(call) => {
                self.block.reads_docs |= docs::is_help(&call.func);
                self.block.imports.extend(Import::of_call(call));
            }
            AnyNodeRef::ExprLambda(_) => self.block.lambdas += 1,
            AnyNodeRef::ExprYield(_) | AnyNodeRef::ExprYieldFrom(_) => {
                self.block.is_generator |= self.block.lambdas == 0;
            }
            AnyNodeRef::ExprStringLiteral(literal) => {
                if let Some(word) = only_part(literal) {
                    self.note_mention(word);
                }
                self.spell_string(literal);
                return TraversalSignal::Skip;
            }
            AnyNodeRef::ExprBytesLiteral(literal) => {
                self.spell_bytes(literal);
                return TraversalSignal::Skip;
            }
            AnyNodeRef::ExprFString(literal) => {
                self.spell_f_string(literal);
                return TraversalSignal::Skip;
            }
            AnyNodeRef::ExprTString(literal) => {
                self.spell_t_string(literal);
                return TraversalSignal::Skip;
            }
            _ => {}
        }
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, node: AnyNodeRef<'a>) {
        if node.is_expr_lambda() {
            self.block.lambdas = self.block.lambdas.saturating_sub(1);
        }
        self.bindings.leave(node);
        self.block.spelling.close();
        self.ascend();
    }
}

impl OpenBlock {
    /// What the block came to, and its spelling to be used again.
    fn finish(mut self, domain: Domain) -> (Code, Spelling) {
        let digest = self.spelling.digest(domain);
        self.spelling.clear();
        let Self { imports, reads_docs, reads_source, .. } = self;
        (Code { digest, imports, reads_docs, reads_source }, self.spelling)
    }
}

/// Where a definition begins for CPython: at its first decorator's expression, if there is one.
fn lines_from(decorators: &[Decorator], range: TextRange) -> TextRange {
    let start: Option<TextSize> = decorators.first().map(|first| first.expression.start());
    TextRange::new(start.unwrap_or(range.start()), range.end())
}

fn only_part(literal: &ExprStringLiteral) -> Option<&str> {
    let mut parts = literal.value.iter();
    let only = parts.next()?;
    parts.next().is_none().then_some(&*only.value)
}

/// What a caller of a function can get wrong: the names and kinds of its parameters, and which of
/// them have a default.
fn spell_shape(builder: &mut DigestBuilder, parameters: &Parameters) {
    builder.write_usize(parameters.posonlyargs.len());
    builder.write_usize(parameters.args.len());
    builder.write_u8(u8::from(parameters.vararg.is_some()));
    builder.write_u8(u8::from(parameters.kwarg.is_some()));
    for parameter in parameters {
        builder.write(parameter.name().as_bytes());
        builder.write_u8(u8::from(parameter.default().is_some()));
    }
}
