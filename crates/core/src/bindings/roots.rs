//! What goes into a closure, and what comes out of it.

use std::sync::Arc;

use super::parts::FactId;
use super::{ModuleId, Widening};
use crate::Fact;

/// The body of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Body {
    /// The module that it stands in.
    pub module: ModuleId,
    /// Its index in [`crate::source::SourceModel::functions`].
    pub function: usize,
}

/// Something that happened for the sake of something else: while a statement of a module ran at its
/// import, or under a memoised call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Charge {
    /// A function body ran.
    Ran(Body),
    /// Code of the module or class level of a module ran that begins in this line: a lambda.
    RanAt(ModuleId, u32),
    /// The import of a module began.
    Imported(ModuleId),
    /// A fact was observed that does not come from code, such as a file that was read.
    Observed(Fact),
}

/// What a closure starts from.
///
/// Rules look at the closure as a whole (an attribute that a test mentions, of a class that its
/// fixture made), so the roots of a test are those of all spans that it uses, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Roots {
    /// Bodies that ran. Order and repetition make no difference, here and below.
    pub bodies: Vec<Body>,
    /// Code of the module or class level that ran by itself (a lambda, a comprehension in one), by
    /// its module and the line that it begins in.
    pub lines: Vec<(ModuleId, u32)>,
    /// Modules whose import is depended upon, though perhaps none of their functions ran: the test's
    /// own file, the conftest files above it.
    pub modules: Vec<ModuleId>,
    /// Modules all of which can be read.
    pub whole: Vec<ModuleId>,
    /// Names, perhaps dotted, that somebody outside of the sources looks up in a module: the names
    /// of a test's parameters, which are looked up as fixtures, `pytestmark`, `setup_module`.
    pub names: Vec<(ModuleId, Box<str>)>,
    /// The test's own qualified name in its module (`TestC.test_x`). If no statement binds it, the
    /// test was made at import, by any of the effects of the modules in `modules`.
    pub test: Option<(ModuleId, Box<str>)>,
}

/// Number of a [`Program::part`](super::Program::part): facts, and other parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId(pub(super) u32);

/// Facts that closures reached, and parts whose facts belong to it as well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Part {
    /// Its own facts, ascending and distinct.
    pub facts: Vec<FactId>,
    /// Parts that came before it, ascending and distinct.
    pub parts: Vec<PartId>,
}

/// What a closure reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// The facts, those of the bodies that it started from included; `None` if there are none.
    pub part: Option<PartId>,
    /// The modules in the closure of the imports, each once, in groups that closures share which have much in common.
    pub modules: Vec<Arc<[ModuleId]>>,
    /// The rules that made it reach more than the names told, and the modules that they applied to.
    pub widenings: Vec<(Widening, ModuleId)>,
}
