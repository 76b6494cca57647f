//! Trees that are too deep for the stack of the thread at hand.
//!
//! A sum of a thousand terms is a tree of a thousand levels. CPython compiles it and ruff's parser
//! grows its stack for it; the walk and the tree's own destructor recurse, and need a stack that is
//! large enough from the start.

use std::mem::ManuallyDrop;
use std::thread;

use ruff_python_ast::ModModule;
use ruff_python_parser::Parsed;

use super::Unparsable;
use super::walk::{Findings, TooDeep, Walk};

/// Levels that are walked at most. CPython 3.11 and 3.12 compile sums of 3,000 terms, 3.13 of 10,000.
const MAX_DEPTH: usize = 30_000;

/// Enough for [`MAX_DEPTH`] levels of an unoptimised build; only what is touched becomes memory.
const STACK_BYTES: usize = 256 << 20;

/// Walks and drops `parsed`, whose source is `text`, on a thread with a stack of its own.
pub(super) fn walk_on_own_stack(
    text: &str,
    parsed: Parsed<ModModule>,
) -> Result<Findings, Unparsable> {
    // If there is no such thread, or the tree is deeper still, nothing here can drop it.
    let parsed = ManuallyDrop::new(parsed);
    let walk = move || {
        let findings = Walk::over(text, &parsed.syntax().body, MAX_DEPTH);
        if findings.is_ok() {
            drop(ManuallyDrop::into_inner(parsed));
        }
        findings.map_err(|TooDeep| Unparsable::TooDeep)
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, walk);
        let findings = thread.ok().and_then(|thread| thread.join().ok());
        findings.unwrap_or(Err(Unparsable::TooDeep))
    })
}
