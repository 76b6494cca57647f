//! The frames that are followed to their end: module bodies, class bodies in them, and calls that leave something
//! behind.
//!
//! They form a stack, and are closed in its order. Two threads can each have one, so that the frame below
//! ends before the one above: it then stays open until that one has ended too. What runs in between is
//! charged to both, which is too much rather than too little.

use pyo3::Python;
use testmonx_engine::observer::{CodeId, SourceId};

use super::backend::ModuleFrame;

/// What a followed frame executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    /// The body of a module.
    Import(SourceId),
    /// The body of a class in the module that is being imported.
    Class(SourceId),
    /// A function whose calls leave something behind.
    Memo,
}

impl Followed {
    fn is_import(self) -> bool {
        matches!(self, Self::Import(_))
    }
}

/// A frame on its way.
#[derive(Debug)]
pub(super) struct OpenFrame {
    pub(super) what: Followed,
    /// The code object that it executes.
    pub(super) code: CodeId,
    frame: ModuleFrame,
    has_ended: bool,
    position: i32,
    line: u32,
}

/// The stack of followed frames.
#[derive(Debug, Default)]
pub(super) struct OpenFrames {
    frames: Vec<OpenFrame>,
    /// How many of them are module bodies.
    imports: usize,
}

impl OpenFrames {
    /// Whether no frame is followed.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Whether a module body is on its way.
    #[inline]
    pub(super) fn has_import(&self) -> bool {
        self.imports > 0
    }

    /// Whether no module body is on its way, and the innermost call is as it was.
    #[inline]
    pub(super) fn is_quiet(&self, py: Python<'_>) -> bool {
        self.imports == 0
            && self.frames.last().is_none_or(|open| !open.has_ended && !open.frame.has_ended(py))
    }

    /// Follows `frame`, which executes `code`.
    pub(super) fn open(&mut self, what: Followed, code: CodeId, frame: ModuleFrame) {
        self.imports += usize::from(what.is_import());
        self.frames.push(OpenFrame { what, code, frame, has_ended: false, position: -1, line: 0 });
    }

    /// Whether the innermost frame is this one.
    #[cfg(Py_3_12)]
    pub(super) fn is_innermost(&self, frame: &ModuleFrame) -> bool {
        self.frames.last().is_some_and(|open| open.frame == *frame)
    }

    /// Notes that this frame is about to end.
    pub(super) fn end(&mut self, is_frame: impl Fn(&ModuleFrame) -> bool) {
        if let Some(open) = self.frames.iter_mut().rfind(|open| is_frame(&open.frame)) {
            open.has_ended = true;
        }
    }

    /// Takes the innermost frame off the stack if it has ended, by return or by exception.
    pub(super) fn pop_ended(&mut self, py: Python<'_>) -> Option<OpenFrame> {
        let ended = self.frames.pop_if(|open| open.has_ended || open.frame.has_ended(py))?;
        self.imports -= usize::from(ended.what.is_import());
        Some(ended)
    }

    /// Takes the innermost frame off the stack if it is that of a call, ended or not.
    pub(super) fn pop_memo(&mut self) -> Option<OpenFrame> {
        self.frames.pop_if(|open| open.what == Followed::Memo)
    }

    /// Whether the innermost import, or class in it, is of this source: a class whose body starts now then stands
    /// in it.
    pub(super) fn is_in(&self, source: SourceId) -> bool {
        let innermost = self.frames.iter().rfind(|open| open.what != Followed::Memo);
        innermost.is_some_and(|open| {
            open.what == Followed::Import(source) || open.what == Followed::Class(source)
        })
    }

    /// The line that the body of the innermost import has reached, or that of the innermost class in it; 0 if
    /// none is on its way.
    pub(super) fn line(&mut self, py: Python<'_>) -> u32 {
        for open in self.frames.iter_mut().rev().filter(|open| open.what != Followed::Memo) {
            let has_ended = open.has_ended || open.frame.has_ended(py);
            match open.what {
                Followed::Class(_) if has_ended => {}
                _ if has_ended => return 0,
                _ => return open.line(py),
            }
        }
        0
    }
}

impl OpenFrame {
    /// The line that its body has reached.
    fn line(&mut self, py: Python<'_>) -> u32 {
        let position = self.frame.position(py);
        if position != self.position {
            // A line is looked up in a table that is read from its beginning: not for every event.
            self.position = position;
            self.line = self.frame.line(py);
        }
        self.line
    }
}
