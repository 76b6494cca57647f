//! The imports that are open: module bodies that have started and not ended.
//!
//! They form a stack, and are closed in its order. Two threads can import at once, so that the
//! import below ends before the one above: it then stays open until that one has ended too. What runs
//! in between is charged to both, which is too much rather than too little.

use pyo3::Python;
use testmonx_engine::observer::CodeId;

use super::backend::ModuleFrame;

/// A module body on its way.
#[derive(Debug)]
pub(super) struct OpenImport {
    /// The code object of the body.
    pub(super) module: CodeId,
    frame: ModuleFrame,
    has_ended: bool,
    position: i32,
    line: u32,
}

/// The stack of open imports.
#[derive(Debug, Default)]
pub(super) struct Imports(Vec<OpenImport>);

impl Imports {
    /// Whether no import is open.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Opens the import of `module`, whose body runs in `frame`.
    pub(super) fn open(&mut self, module: CodeId, frame: ModuleFrame) {
        self.0.push(OpenImport { module, frame, has_ended: false, position: -1, line: 0 });
    }

    /// Whether the innermost import is the one whose body runs in `frame`.
    #[cfg(Py_3_12)]
    pub(super) fn is_innermost(&self, frame: &ModuleFrame) -> bool {
        self.0.last().is_some_and(|import| import.frame == *frame)
    }

    /// Notes that the body that runs in this frame is about to end.
    pub(super) fn end(&mut self, is_frame: impl Fn(&ModuleFrame) -> bool) {
        if let Some(import) = self.0.iter_mut().rfind(|import| is_frame(&import.frame)) {
            import.has_ended = true;
        }
    }

    /// Takes the innermost import off the stack if it has ended, by return or by exception.
    pub(super) fn pop_ended(&mut self, py: Python<'_>) -> Option<OpenImport> {
        self.0.pop_if(|import| import.has_ended || import.frame.has_ended(py))
    }

    /// The line that the innermost open import has reached, 0 if none is open.
    pub(super) fn line(&mut self, py: Python<'_>) -> u32 {
        let Some(import) = self.0.last_mut() else { return 0 };
        if import.has_ended || import.frame.has_ended(py) {
            return 0;
        }
        let position = import.frame.position(py);
        if position != import.position {
            // A line is looked up in a table that is read from its beginning: not for every event.
            import.position = position;
            import.line = import.frame.line(py);
        }
        import.line
    }
}
