//! Python source, parsed: its blocks, their digests, and which code object belongs to which.
//!
//! A file falls into blocks: the body of each named function, and the *module level*, which is all
//! the rest. The one rule is that a block's digest says everything that can make a difference when
//! the block runs, and nothing else:
//!
//! | stands in the source | counts in the digest of |
//! |---|---|
//! | statements of a function's body, lambdas and comprehensions in it | that function |
//! | a nested function's body | the nested function alone |
//! | name, parameters, defaults, annotations, decorators of a function | the block that the `def` stands in: calling the function runs none of them |
//! | that a function is a generator (it has a `yield`) | the same: calling it then runs nothing of its body |
//! | a class: bases, keywords, decorators, statements of its body | the block that the `class` stands in |
//! | a docstring | the docstring's own digest; that of a decorated object in the block that the decorator runs in, too, since the decorator can read it |
//! | positions, comments, layout, redundant parentheses, `pass`, a constant as a statement | nothing |
//! | annotations of local variables | nothing: they are never evaluated |
//! | `if TYPE_CHECKING:` bodies | nothing: they never run |
//!
//! Files of this folder, in the order in which a source passes through them: `decode` (bytes to
//! text), `model` (text to syntax tree, and the result; `deep` where the tree needs a larger stack),
//! `walk` (the one pass over the tree, with `spell` and `strings` for what a node says, and `scopes`
//! for who owns it), `outline` (what is remembered of the result).
//!
//! Not seen, and admitted: code that reads its own source (`inspect.getsource`) or its line numbers.

pub(crate) mod bindings;
mod decode;
mod deep;
mod docs;
mod hints;
mod imports;
mod level;
mod lines;
mod model;
mod outline;
mod overloads;
mod scopes;
mod spell;
mod strings;
mod walk;

#[cfg(test)]
mod tests;

pub(crate) use bindings::{
    acts_key, autouse_key, effects_key, effects_on_key, hint_key, owners_key, raising_key,
    signature_key, subclasses_key, unused_key,
};
pub use imports::Import;
pub use model::{CodeBlock, Function, SourceModel, Unparsable};
pub use outline::{ModuleLevel, OUTLINE_VERSION, Outline, OutlineImport};
