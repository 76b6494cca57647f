//! What a tracer tells the recorder.

use std::path::PathBuf;

use testmonx_core::bindings::Body;

use super::source::{Block, Source};
use super::span::SpanKind;
use super::{Recorder, Seen};
use crate::observer::{CodeId, Observer, SourceId};

impl Observer for Recorder {
    fn source(&mut self, filename: &str) -> Option<SourceId> {
        let place = PathBuf::from(filename);
        let path = self.project.relative(&place)?;
        if self.files.is_own(&place) {
            return None;
        }
        if let Some(known) = self.sources.at(&path) {
            return Some(known);
        }
        let source = Source::read(&place, path, &mut self.program)?;
        Some(self.sources.add(source))
    }

    fn code(&mut self, source: SourceId, qualname: &str, first_line: u32) -> CodeId {
        self.sources.add_code(source, qualname, first_line)
    }

    fn ran(&mut self, line: u32, codes: &[CodeId]) {
        for code in codes {
            self.note(line, Seen::Code(*code));
        }
    }

    fn import_started(
        &mut self,
        module: CodeId,
        name: &str,
        package: &str,
        importer: Option<CodeId>,
        line: u32,
    ) {
        let source = self.sources.code(module).source;
        let of_program = self.sources.get(source).module;
        self.program.name(of_program, name, package);
        match importer.and_then(|importer| self.body(importer)) {
            // Every run of the function depends on the module, also those that find it imported.
            Some(body) => self.program.imported_by(body, of_program),
            // A conftest file shapes the tests below its directory, not whoever happens to be
            // collected when pytest loads it.
            None if importer.is_none()
                && self.sources.get(source).path.name() == "conftest.py" => {}
            None => self.note(line, Seen::Imported(source)),
        }
        self.push(SpanKind::Import(source));
    }

    fn import_finished(&mut self, module: CodeId) {
        let source = self.sources.code(module).source;
        self.pop(&SpanKind::Import(source));
    }
}

impl Recorder {
    fn body(&self, code: CodeId) -> Option<Body> {
        match self.sources.code(code).block {
            Block::Body(body, _) => Some(body),
            Block::Level(..) | Block::Unknown(_) => None,
        }
    }

    /// Closes the innermost span of this kind, and those opened after it that were left open.
    fn pop(&mut self, kind: &SpanKind) {
        let open = self.open.iter().rposition(|span| self.spans[*span as usize].kind == *kind);
        if let Some(at) = open {
            self.open.truncate(at);
        }
    }
}
