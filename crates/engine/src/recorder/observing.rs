//! What a tracer tells the recorder.

use std::path::PathBuf;

use testmonx_core::bindings::{Body, Charge};

use super::memos::{MemoId, Met, Place};
use super::source::{Block, Source};
use super::span::{SpanId, SpanKind};
use super::{Recorder, Seen};
use crate::observer::{
    CodeId, Follow, Leaves, LibraryFunction, LibraryId, Observer, Receiver, SourceId,
};

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
        // Of a test file much is only collected here, and run elsewhere or not at all.
        let source = if self.collections.contains_key(&path) {
            Source::announce(&place, path, &mut self.program)?
        } else {
            Source::read(&place, path, &mut self.program)?
        };
        Some(self.sources.add(source))
    }

    fn code(&mut self, source: SourceId, qualname: &str, first_line: u32) -> CodeId {
        if qualname != "<module>" {
            self.sources.fill(source, &mut self.program);
        }
        self.sources.add_code(source, qualname, first_line)
    }

    fn level_code(&mut self, source: SourceId, qualname: &str, first_line: u32) -> CodeId {
        self.sources.add_code(source, qualname, first_line)
    }

    fn leaves(&mut self, code: CodeId, suspends: bool) -> Leaves {
        let source = self.sources.get(self.sources.code(code).source);
        let is_in_test_file = self.collections.contains_key(&source.path);
        let body = self.body(code);
        if suspends && body.is_some_and(|body| self.program.fills_by_key(body)) {
            self.memos.fills_by_key(code);
        }
        match body {
            Some(body) if suspends && self.program.asks_before_it_stores(body) => Leaves::InNamed,
            Some(body) if suspends && self.program.fills_receiver(body) => Leaves::InReceiver,
            _ if suspends => Leaves::Nothing,
            Some(body) if self.program.memoises(body, is_in_test_file) => Leaves::InNamed,
            Some(body) if self.program.fills_receiver(body) => Leaves::InReceiver,
            _ => Leaves::Nothing,
        }
    }

    fn ran(&mut self, line: u32, codes: &[CodeId]) {
        for code in codes {
            self.note(line, Seen::Code(*code));
            self.started.grow_and_insert(*code as usize);
        }
        self.memos.ran(codes, self.top());
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
        self.sources.name(source, name);
        // Who was running before, and has called pytest, is no importer: nobody runs it.
        let importer = importer.filter(|importer| self.started.contains(*importer as usize));
        match importer.and_then(|importer| self.body(importer)) {
            // Every run of the function depends on the module, also those that find it imported.
            Some(body) => self.program.imported_by(body, of_program),
            // A conftest file shapes the tests below its directory, not whoever happens to be
            // collected when pytest loads it.
            None if importer.is_none() && self.sources.get(source).path.name() == "conftest.py" => {
            }
            None => self.note(line, Seen::Imported(source)),
        }
        self.push(SpanKind::Import(source));
    }

    fn import_found(
        &mut self,
        source: SourceId,
        name: &str,
        package: &str,
        importer: CodeId,
        line: u32,
    ) {
        self.program.name(self.sources.get(source).module, name, package);
        self.sources.name(source, name);
        let module = self.sources.get(source).module;
        let body = self.body(importer);
        if !body.is_some_and(|body| self.program.names_module(body, module, name)) {
            self.note(line, Seen::Found(source));
        }
    }

    fn import_finished(&mut self, module: CodeId) {
        let source = self.sources.code(module).source;
        self.pop(&SpanKind::Import(source));
    }

    fn memo_met(&mut self, code: CodeId, receiver: Option<Receiver>, suspends: bool) -> Follow {
        if suspends {
            if let Some(found) = self.memos.pass(code, receiver, self.top()) {
                self.find(found);
            }
            return Follow::Loosely;
        }
        let place = self.place();
        let Met { follow, found } = self.memos.meet(code, receiver, place);
        if let Some(found) = found {
            self.find(found);
        }
        if follow == Follow::NoMore {
            self.memos.ran(&[code], self.top());
        }
        follow
    }

    fn memo_started(&mut self, code: CodeId, receiver: Option<Receiver>) {
        let memo = MemoId::of(code, receiver);
        if receiver.is_none()
            && let Some(body) = self.body(code)
        {
            // Whoever finds what the call left depends on how it was made.
            self.program.memoised(body, Charge::Ran(body));
        }
        // What earlier calls left in the same object counts for whoever finds it there.
        for seen in self.memos.left(memo) {
            self.note(self.line, seen);
        }
        match self.memos.span(memo) {
            Some(span) => self.open.push(span),
            None => {
                let span = self.push(SpanKind::Memo(memo));
                self.memos.opened(memo, span);
            }
        }
    }

    fn library_function(
        &mut self,
        file: &str,
        qualname: &str,
        first_line: u32,
    ) -> Option<LibraryFunction> {
        self.keepers.function(file, qualname, first_line)
    }

    fn library_called(&mut self, function: LibraryId, key: u32) {
        for seen in self.keepers.left(function, key) {
            self.note(self.line, seen);
        }
    }

    fn memo_finished(&mut self, code: CodeId) {
        let is_it = |span: &SpanId| match self.spans[*span as usize].kind {
            SpanKind::Memo(memo) => memo.code == code,
            _ => false,
        };
        if let Some(at) = self.open.iter().rposition(is_it) {
            self.open.truncate(at);
        }
    }
}

impl Recorder {
    /// Where in a test a call is made now, if in one.
    fn place(&self) -> Option<Place> {
        let test = self.top();
        let innermost = self.open.last().copied().filter(|span| *span != test);
        match self.spans[test as usize].kind {
            SpanKind::Test(_) => Some(Place { test, inside: innermost }),
            _ => None,
        }
    }

    /// Charges what ran in a span to those that are open, because an object that was filled there is met.
    fn find(&mut self, found: SpanId) {
        match self.spans[found as usize].kind {
            SpanKind::Memo(memo) if memo.receiver.is_none() => {
                self.note(self.line, Seen::Code(memo.code));
            }
            SpanKind::Memo(memo) => {
                for seen in self.memos.left(memo) {
                    self.note(self.line, seen);
                }
            }
            _ if self.open.contains(&found) => {
                let inside = self.open.iter().rev().take_while(|span| **span != found);
                let memos = inside.filter_map(|span| match self.spans[*span as usize].kind {
                    SpanKind::Memo(memo) => Some(memo),
                    _ => None,
                });
                for memo in memos.collect::<Vec<_>>() {
                    // Others store what they are there to store, and meet whatever the test has in its hands.
                    let body = self.body(memo.code);
                    let keeps = body.is_some_and(|body| self.program.keeps_results(body));
                    if memo.receiver.is_some() || keeps {
                        self.memos.leaves_of_test(memo, found);
                    }
                }
            }
            _ => self.use_spans(&[found]),
        }
    }

    fn body(&self, code: CodeId) -> Option<Body> {
        match self.sources.code(code).block {
            Block::Body(body) => Some(body),
            Block::Level(..) | Block::Unknown(_) => None,
        }
    }

    /// Charges to the functions that leave things behind, and whose calls are too many to be told apart, all that was
    /// observed in the spans that they ran in.
    pub(super) fn charge_crowds(&mut self) {
        for (code, span) in self.memos.take_crowds(&self.open) {
            let Some(body) = self.body(code) else { continue };
            let Self { spans, sources, program, interner, .. } = self;
            if let SpanKind::Import(source) = spans[span as usize].kind {
                program.memoised(body, Charge::Imported(sources.get(source).module));
            }
            let observed = &spans[span as usize].observed;
            let codes = observed.codes.iter().map(|code| Seen::Code(*code));
            for seen in codes.chain(observed.facts.iter().map(|fact| Seen::Fact(*fact))) {
                program.memoised(body, seen.charge(sources, interner));
            }
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
