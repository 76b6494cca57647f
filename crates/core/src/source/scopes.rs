//! Which block a code object was compiled from, told by its `co_qualname` and `co_firstlineno`.
//!
//! CPython makes more code objects than there are blocks: one for each class body, lambda,
//! generator, comprehension (3.11), list of type parameters, type alias and bound (3.12), and
//! `__annotate__` (3.14). Each of them runs for the sake of the named function that it stands in, or
//! of the module level. Qualified names alone do not tell definitions of the same name apart (a
//! property and its setter, the branches of an `if`); with the first line they do, since no two
//! `def` share a line.

use std::sync::Arc;

use super::CodeBlock;

/// A part of the source that has a qualified name.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// As CPython puts it together for `co_qualname`.
    pub(super) qualname: Arc<str>,
    /// As `co_firstlineno` has it: the first decorator's line, if there is one.
    pub(super) first_line: u32,
    pub(super) last_line: u32,
    pub(super) kind: ScopeKind,
    /// Index of the function whose body it stands in; `None` at the module level.
    pub(super) outer: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScopeKind {
    /// The function with this index.
    Function(usize),
    Class,
    /// A type alias or type parameter, whose value is made by code of its own.
    TypeThunk,
}

impl Scope {
    /// The block that runs when the code of this scope runs.
    fn block(&self) -> CodeBlock {
        match self.kind {
            ScopeKind::Function(index) => CodeBlock::Function(index),
            ScopeKind::Class | ScopeKind::TypeThunk => self.outer_block(),
        }
    }

    /// The block that defines this scope.
    fn outer_block(&self) -> CodeBlock {
        self.outer.map_or(CodeBlock::ModuleLevel, CodeBlock::Function)
    }

    fn has_line(&self, line: u32) -> bool {
        (self.first_line..=self.last_line).contains(&line)
    }
}

/// The scopes of a source, found by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Scopes {
    /// Sorted by qualified name, then by line.
    scopes: Vec<Scope>,
}

impl Scopes {
    pub(super) fn new(mut scopes: Vec<Scope>) -> Self {
        scopes.sort_by(|a, b| (&a.qualname, a.first_line).cmp(&(&b.qualname, b.first_line)));
        Self { scopes }
    }

    /// The scopes with this qualified name, by line.
    fn named(&self, qualname: &str) -> &[Scope] {
        let start = self.scopes.partition_point(|scope| &*scope.qualname < qualname);
        let named = &self.scopes[start..];
        &named[..named.partition_point(|scope| &*scope.qualname == qualname)]
    }

    pub(super) fn block_of_code(&self, qualname: &str, first_line: u32) -> CodeBlock {
        let named = self.named(qualname);
        if let Some(scope) = named.iter().find(|scope| scope.first_line == first_line) {
            return scope.block();
        }
        // The code of a type parameter begins wherever its bound does.
        let is_thunk =
            |scope: &&Scope| scope.kind == ScopeKind::TypeThunk && scope.has_line(first_line);
        if let Some(scope) = named.iter().find(is_thunk) {
            return scope.block();
        }
        self.block_of_nameless(qualname, first_line)
    }

    /// The block that code with no name of its own (`f.<locals>.<lambda>`) stands in.
    fn block_of_nameless(&self, qualname: &str, first_line: u32) -> CodeBlock {
        let (mut outer, mut nameless) = (qualname, None);
        while let Some(last) = last_part(outer) {
            // A function may bear the name that 3.14 gives to code for annotations.
            let is_nameless = last.starts_with('<')
                || (last == "__annotate__"
                    && !self.named(outer).iter().any(|s| s.has_line(first_line)));
            if !is_nameless {
                break;
            }
            nameless = Some(last);
            outer = outer.strip_suffix(last).unwrap_or(outer);
            outer = outer.strip_suffix('.').unwrap_or(outer);
        }
        let Some(outermost_nameless) = nameless else { return CodeBlock::Unknown };
        if outer.is_empty() {
            return CodeBlock::ModuleLevel;
        }
        // Of definitions with the same name inside each other, the innermost is the last.
        let around = self.named(outer).iter().rev().find(|scope| scope.has_line(first_line));
        match around {
            // `f.__annotate__` is beside the body of `f`, not inside.
            Some(scope) if outermost_nameless != "<locals>" => match scope.kind {
                ScopeKind::Function(_) => scope.outer_block(),
                _ => scope.block(),
            },
            Some(scope) => scope.block(),
            None => CodeBlock::Unknown,
        }
    }
}

fn last_part(qualname: &str) -> Option<&str> {
    qualname.rsplit('.').next().filter(|part| !part.is_empty())
}
