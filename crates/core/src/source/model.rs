//! A parsed source file, and the way to it.

use std::sync::Arc;

use thiserror::Error;

use super::bindings::Bindings;
use super::decode::decode;
use super::deep::walk_on_own_stack;
use super::imports::Import;
use super::outline::{ModuleLevel, Outline};
use super::scopes::{Scope, ScopeKind, Scopes};
use super::walk::{Code, Findings, TooDeep, Walk};
use crate::Digest;

/// Why a source file could not be parsed.
#[derive(Debug, Error)]
pub enum Unparsable {
    /// It declares an encoding that is not known here.
    #[error("unknown source encoding `{0}`")]
    UnknownEncoding(Box<str>),
    /// Its bytes are not of the encoding that it declares, or of UTF-8 if it declares none.
    #[error("source is not valid {encoding}")]
    Undecodable {
        /// The encoding.
        encoding: &'static str,
    },
    /// It is no Python.
    #[error("syntax error at line {line}: {message}")]
    Syntax {
        /// The line, counted from 1.
        line: u32,
        /// What the parser says.
        message: Box<str>,
    },
    /// It is nested deeper than CPython itself would compile.
    #[error("source is nested too deeply")]
    TooDeep,
    /// It has 4 GiB or more.
    #[error("source is too long")]
    TooLong,
}

/// The block that a code object belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeBlock {
    /// The function with this index in [`SourceModel::functions`].
    Function(usize),
    /// The module level.
    ModuleLevel,
    /// None: it was not compiled from this source.
    Unknown,
}

/// A named function.
#[derive(Clone, Debug)]
pub struct Function {
    name: Arc<str>,
    first_line: u32,
    last_line: u32,
    code: Code,
}

impl Function {
    /// Its `co_qualname`; later definitions of the same name in the file have `#2`, `#3` behind.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its `co_firstlineno`: the line of the `def`, or of the first decorator.
    #[must_use]
    pub fn first_line(&self) -> u32 {
        self.first_line
    }

    /// The line that its body ends in.
    #[must_use]
    pub fn last_line(&self) -> u32 {
        self.last_line
    }

    /// The digest of its body.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.code.digest
    }

    /// What its body imports, by its own text.
    #[must_use]
    pub fn imports(&self) -> &[Import] {
        &self.code.imports
    }

    /// Whether its body mentions one of the ways to read docstrings.
    #[must_use]
    pub fn reads_docs(&self) -> bool {
        self.code.reads_docs
    }

    /// Whether its body mentions one of the ways to read the text of source files.
    #[must_use]
    pub fn reads_source(&self) -> bool {
        self.code.reads_source
    }
}

/// One content of a Python source file, parsed.
#[derive(Clone, Debug)]
pub struct SourceModel {
    module: Code,
    functions: Vec<Function>,
    scopes: Scopes,
    /// By the name of what they document, in the order of the source.
    docstrings: Vec<(Arc<str>, Digest)>,
    bindings: Bindings,
}

/// How the docstring of the module itself is called.
const MODULE: &str = "<module>";

impl SourceModel {
    /// Parses a source file.
    ///
    /// # Errors
    /// If it cannot be decoded, or is no Python as the newest version that is known here has it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unparsable> {
        // The parser's offsets have 32 bits, and decoding at most triples the length.
        if bytes.len() > (u32::MAX / 3) as usize {
            return Err(Unparsable::TooLong);
        }
        let text = decode(bytes)?;
        let parsed = ruff_python_parser::parse_module(&text).map_err(|error| {
            let before = text.get(..error.location.start().to_usize()).unwrap_or_default();
            let lines = before.bytes().filter(|byte| *byte == b'\n').count();
            Unparsable::Syntax {
                line: u32::try_from(lines + 1).unwrap_or(u32::MAX),
                message: error.error.to_string().into(),
            }
        })?;
        match Walk::over(&text, &parsed.syntax().body, Walk::SHALLOW) {
            Ok(findings) => Ok(Self::from_findings(findings)),
            Err(TooDeep) => walk_on_own_stack(&text, parsed).map(Self::from_findings),
        }
    }

    fn from_findings(findings: Findings) -> Self {
        let Findings { module, functions, scopes, docstrings, bindings } = findings;
        let names = unique_names(&scopes);
        let defs = scopes.iter().zip(&names);
        let defs = defs.filter(|(scope, _)| matches!(scope.kind, ScopeKind::Function(_)));
        let functions = defs
            .zip(functions)
            .map(|((scope, name), code)| Function {
                name: Arc::clone(name),
                first_line: scope.first_line,
                last_line: scope.last_line,
                code,
            })
            .collect();
        let docstrings = docstrings
            .into_iter()
            .map(|(scope, digest)| match scope {
                Some(index) => (Arc::clone(&names[index]), digest),
                None => (MODULE.into(), digest),
            })
            .collect();
        Self { module, functions, scopes: Scopes::new(scopes), docstrings, bindings }
    }

    /// The digest of all that stands outside of function bodies.
    #[must_use]
    pub fn module(&self) -> Digest {
        self.module.digest
    }

    /// What the module level imports, by its own text; inside of `if`, `try` and classes, too.
    #[must_use]
    pub fn imports(&self) -> &[Import] {
        &self.module.imports
    }

    /// Whether the module level mentions one of the ways to read docstrings.
    #[must_use]
    pub fn module_reads_docs(&self) -> bool {
        self.module.reads_docs
    }

    /// The named functions, in the order of their `def`s.
    #[must_use]
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The block that a code object of this source belongs to, by its `co_qualname` and
    /// `co_firstlineno`.
    #[must_use]
    pub fn block_of_code(&self, qualname: &str, first_line: u32) -> CodeBlock {
        self.scopes.block_of_code(qualname, first_line)
    }

    /// What its module and class level bind, and what its code mentions.
    pub(crate) fn bindings(&self) -> &Bindings {
        &self.bindings
    }

    /// What is worth remembering of it.
    #[must_use]
    pub fn outline(&self) -> Outline {
        let boxed = |name: &str, digest: Digest| (Box::from(name), digest);
        let names: Vec<&str> = self.functions.iter().map(Function::name).collect();
        let level = ModuleLevel {
            digest: self.module.digest,
            bindings: self.bindings.table(&names),
            imports: self.bindings.outline_imports(),
            has_effects: self.bindings.has_effects(),
            patches: self.bindings.patches(),
        };
        let functions = self.functions.iter();
        let blocks = functions.map(|function| boxed(&function.name, function.digest())).collect();
        let docstrings = self.docstrings.iter().map(|(name, digest)| boxed(name, *digest));
        Outline::new(level, blocks, docstrings.collect())
    }
}

/// The name of each scope: the qualified name, and `#2`, `#3` where it was defined before.
fn unique_names(scopes: &[Scope]) -> Vec<Arc<str>> {
    let mut names: Vec<_> = scopes.iter().map(|scope| Arc::clone(&scope.qualname)).collect();
    let is_definition = |index: &usize| scopes[*index].kind != ScopeKind::TypeThunk;
    let mut order: Vec<_> = (0..scopes.len()).filter(is_definition).collect();
    // Stable, so that equal names stay in the order of the source.
    order.sort_by(|a, b| scopes[*a].qualname.cmp(&scopes[*b].qualname));
    let mut count = 1;
    for pair in order.windows(2) {
        let qualname = &scopes[pair[1]].qualname;
        count = if scopes[pair[0]].qualname == *qualname { count + 1 } else { 1 };
        if count > 1 {
            names[pair[1]] = format!("{qualname}#{count}").into();
        }
    }
    names
}
