//! A syntax tree spelt as bytes, for digests.
//!
//! A node is spelt as its kind, what it says beyond its children, its children in the order of the
//! source, and an end mark. The spelling can be read back without a doubt, so equal bytes mean equal
//! trees; where the children alone leave a doubt (`a[1:]` and `a[:1]` have one child each), the node
//! says which ones it has.
//!
//! Whether a name is loaded or stored follows from where it stands and is not spelt.

use std::hash::Hasher;

use ruff_python_ast::{AnyNodeRef, Int, NodeKind, Number, Singleton};

use crate::Digest;
use crate::digest::DigestBuilder;

/// What a spelling is of. Each has a domain of digests, with the version of its rule: to be raised
/// whenever equal sources get another spelling, together with [`super::OUTLINE_VERSION`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Domain {
    Function,
    Module,
    Docstring,
    /// A piece of the module or class level.
    Node,
    /// The definition of a function.
    Definition,
    /// Annotations.
    Hint,
}

impl Domain {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Function => "function/1",
            Self::Module => "module/2",
            Self::Docstring => "docstring/1",
            Self::Node => "node/2",
            Self::Definition => "definition/1",
            Self::Hint => "hint/1",
        }
    }
}

/// Bytes under construction.
#[derive(Debug, Default)]
pub(super) struct Spelling(Vec<u8>);

/// Ends a node. Kinds are spelt one higher, so that no kind is an end mark.
const END: u8 = 0;

/// Begins a suite of statements, so that `else` and `finally` suites stay apart; no kind of node.
const SUITE: u8 = 0xff;

impl Spelling {
    /// The digest of what was spelt so far.
    pub(super) fn digest(&self, domain: Domain) -> Digest {
        let mut builder = DigestBuilder::new(domain.name());
        builder.write(&self.0);
        builder.digest()
    }

    /// How much was spelt so far.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What was spelt from `start` on, `start` being an earlier [`Spelling::len`].
    pub(super) fn since(&self, start: usize) -> &[u8] {
        self.0.get(start..).unwrap_or_default()
    }

    /// The digest of what was spelt from `start` on.
    pub(super) fn digest_since(&self, start: usize, domain: Domain) -> Digest {
        let mut builder = DigestBuilder::new(domain.name());
        builder.write(self.since(start));
        builder.digest()
    }

    /// Adds what was spelt elsewhere.
    pub(super) fn append(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// Forgets all, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Begins a node of `kind`.
    pub(super) fn open(&mut self, kind: NodeKind) {
        // Fewer than a hundred kinds.
        self.0.push((kind as u8).wrapping_add(1));
    }

    /// Begins a suite of statements.
    pub(super) fn open_suite(&mut self) {
        self.0.push(SUITE);
    }

    /// Ends what was begun last.
    pub(super) fn close(&mut self) {
        self.0.push(END);
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }

    /// A count or length, seven bits a byte.
    pub(super) fn count(&mut self, mut count: usize) {
        while count >= 0x80 {
            self.0.push((count & 0x7f) as u8 | 0x80);
            count >>= 7;
        }
        self.0.push(count as u8);
    }

    pub(super) fn blob(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.blob(text.as_bytes());
    }

    fn float(&mut self, value: f64) {
        self.0.extend_from_slice(&value.to_bits().to_le_bytes());
    }

    fn int(&mut self, value: &Int) {
        match value.as_u64() {
            Some(small) => self.0.extend_from_slice(&small.to_le_bytes()),
            // As it is written: nobody reformats integers of this size.
            None => self.text(&value.to_string()),
        }
    }

    fn number(&mut self, value: &Number) {
        match value {
            Number::Int(value) => {
                self.flag(value.as_u64().is_some());
                self.int(value);
            }
            Number::Float(value) => {
                self.byte(2);
                self.float(*value);
            }
            Number::Complex { real, imag } => {
                self.byte(3);
                self.float(*real);
                self.float(*imag);
            }
        }
    }

    /// What `node` says beyond its kind and its children.
    ///
    /// Strings are not spelt here ([`super::strings`]), nor are definitions and `if`
    /// ([`super::walk`]).
    pub(super) fn own(&mut self, node: AnyNodeRef<'_>) {
        use AnyNodeRef as N;
        match node {
            N::StmtAugAssign(node) => self.byte(node.op as u8),
            N::StmtAnnAssign(node) => self.flag(node.simple),
            N::StmtFor(node) => self.flag(node.is_async),
            N::StmtWith(node) => self.flag(node.is_async),
            N::StmtTry(node) => self.flag(node.is_star),
            N::StmtImport(node) => self.flag(node.is_lazy),
            N::StmtImportFrom(node) => {
                self.flag(node.is_lazy);
                self.count(node.level as usize);
            }
            N::StmtIpyEscapeCommand(node) => self.text(&node.value),
            N::ExprBoolOp(node) => self.byte(node.op as u8),
            N::ExprBinOp(node) => self.byte(node.op as u8),
            N::ExprUnaryOp(node) => self.byte(node.op as u8),
            N::ExprCompare(node) => {
                self.count(node.ops.len());
                self.0.extend(node.ops.iter().map(|op| *op as u8));
            }
            // Of `{**a, k: v}`, the entries with a key.
            N::ExprDict(node) => {
                self.count(node.items.len());
                node.items.iter().for_each(|item| self.flag(item.key.is_some()));
            }
            N::ExprSlice(node) => {
                self.flag(node.lower.is_some());
                self.flag(node.upper.is_some());
                self.flag(node.step.is_some());
            }
            N::ExprNumberLiteral(node) => self.number(&node.value),
            N::ExprBooleanLiteral(node) => self.flag(node.value),
            N::ExprName(node) => self.text(&node.id),
            N::ExprIpyEscapeCommand(node) => self.text(&node.value),
            N::PatternMatchSingleton(node) => self.byte(match node.value {
                Singleton::None => 0,
                Singleton::False => 1,
                Singleton::True => 2,
            }),
            N::TypeParamTypeVar(node) => {
                self.flag(node.bound.is_some());
                self.flag(node.default.is_some());
            }
            N::Comprehension(node) => self.flag(node.is_async),
            // Which of the parameters are positional-only, variadic and keyword-only.
            N::Parameters(node) => {
                self.count(node.posonlyargs.len());
                self.count(node.args.len());
                self.flag(node.vararg.is_some());
                self.count(node.kwonlyargs.len());
                self.flag(node.kwarg.is_some());
            }
            N::Identifier(node) => self.text(&node.id),

            // Spelt as a whole elsewhere.
            N::StmtFunctionDef(_)
            | N::StmtClassDef(_)
            | N::StmtIf(_)
            | N::ElifElseClause(_)
            | N::ExprFString(_)
            | N::ExprTString(_)
            | N::ExprStringLiteral(_)
            | N::ExprBytesLiteral(_)
            | N::InterpolatedElement(_)
            | N::InterpolatedStringLiteralElement(_)
            | N::InterpolatedStringFormatSpec(_)
            | N::FString(_)
            | N::TString(_)
            | N::StringLiteral(_)
            | N::BytesLiteral(_) => {}

            // Wholly said by their children.
            N::ModModule(_)
            | N::ModExpression(_)
            | N::StmtReturn(_)
            | N::StmtDelete(_)
            | N::StmtTypeAlias(_)
            | N::StmtAssign(_)
            | N::StmtWhile(_)
            | N::StmtMatch(_)
            | N::StmtRaise(_)
            | N::StmtAssert(_)
            | N::StmtGlobal(_)
            | N::StmtNonlocal(_)
            | N::StmtExpr(_)
            | N::StmtPass(_)
            | N::StmtBreak(_)
            | N::StmtContinue(_)
            | N::ExprNamed(_)
            | N::ExprLambda(_)
            | N::ExprIf(_)
            | N::ExprSet(_)
            | N::ExprListComp(_)
            | N::ExprSetComp(_)
            | N::ExprDictComp(_)
            | N::ExprGenerator(_)
            | N::ExprAwait(_)
            | N::ExprYield(_)
            | N::ExprYieldFrom(_)
            | N::ExprCall(_)
            | N::ExprNoneLiteral(_)
            | N::ExprEllipsisLiteral(_)
            | N::ExprAttribute(_)
            | N::ExprSubscript(_)
            | N::ExprStarred(_)
            | N::ExprList(_)
            | N::ExprTuple(_)
            | N::ExceptHandlerExceptHandler(_)
            | N::PatternMatchValue(_)
            | N::PatternMatchSequence(_)
            | N::PatternMatchMapping(_)
            | N::PatternMatchClass(_)
            | N::PatternMatchStar(_)
            | N::PatternMatchAs(_)
            | N::PatternMatchOr(_)
            | N::TypeParamTypeVarTuple(_)
            | N::TypeParamParamSpec(_)
            | N::PatternArguments(_)
            | N::PatternKeyword(_)
            | N::Arguments(_)
            | N::Parameter(_)
            | N::ParameterWithDefault(_)
            | N::Keyword(_)
            | N::Alias(_)
            | N::WithItem(_)
            | N::MatchCase(_)
            | N::Decorator(_)
            | N::TypeParams(_) => {}
        }
    }
}
