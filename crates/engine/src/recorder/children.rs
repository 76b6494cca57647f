//! What child processes observed, charged to the span that is open when it is read.
//!
//! A child that lives on works for other spans than the one that started it, and these depend on
//! how it got where it is. So each child has a span of its own, which every span uses in which the child
//! noted anything. In it is what it imported, and what it did in the epoch in which it began; of a program,
//! everything, since what it has done is its state. What a forked or spawned worker runs later is
//! charged to the span in which it does.

use std::collections::HashMap;

use super::span::{Observed, Span, SpanKind};
use super::{Recorder, SpanId};
use crate::journal::{CodeRef, Journals, News, Note, Origin};
use crate::observer::{CodeId, Observer};
use crate::witness::Witness;

/// The spans of the children that were heard of.
#[derive(Debug, Default)]
pub(super) struct Children {
    spans: HashMap<u32, SpanId>,
    fault: Option<String>,
}

impl Recorder {
    /// Takes what is new in `journals`.
    pub fn take_children(&mut self, journals: &mut Journals) {
        for news in journals.read_news() {
            self.take_child(news);
        }
    }

    /// Why a child could not be observed, if one could not.
    #[must_use]
    pub fn child_fault(&self) -> Option<&str> {
        self.children.fault.as_deref()
    }

    fn take_child(&mut self, news: News) {
        let child = self.span_of_child(news.child);
        // A module keeps for itself what was observed while it was imported.
        let is_import = matches!(self.spans[self.top() as usize].kind, SpanKind::Import(_));
        if !is_import {
            let top = self.top() as usize;
            self.spans[top].observed.uses.insert(child);
        }
        for (is_new, note) in news.notes {
            let is_lasting = is_new
                || news.origin == Origin::Program
                || matches!(note, Note::Imported { .. } | Note::Failed(_));
            if is_import || !is_lasting {
                self.take_note(note.clone(), news.origin);
            }
            if is_lasting {
                self.open.push(child);
                self.take_note(note, news.origin);
                self.open.pop();
            }
        }
    }

    fn span_of_child(&mut self, child: u32) -> SpanId {
        if let Some(span) = self.children.spans.get(&child) {
            return *span;
        }
        let span = SpanId::try_from(self.spans.len()).unwrap_or(SpanId::MAX);
        self.spans.push(Span { kind: SpanKind::Fixture, observed: Observed::default() });
        self.children.spans.insert(child, span);
        span
    }

    fn take_note(&mut self, note: Note, origin: Origin) {
        match note {
            Note::Began(_) | Note::Turned => {}
            Note::Ran(code) => {
                if let Some(code) = self.code_of(&code) {
                    self.ran(self.line, &[code]);
                }
            }
            Note::Imported { module, name, package, importer } => {
                let importer = importer.and_then(|code| self.code_of(&code));
                if let Some(module) = self.code_of(&module) {
                    self.child_imported(module, &name, &package, importer, origin);
                }
            }
            Note::Saw(sight) => self.saw(sight),
            Note::LookedUp { name, value, looker } => self.looked_up(&name, value, looker),
            Note::Failed(why) => self.children.fault = Some(why),
        }
    }

    /// A child imports for itself: nothing of it is found cached by others, so the module's level
    /// counts for who uses the child, and what its body does is charged as what else the child does.
    fn child_imported(
        &mut self,
        module: CodeId,
        name: &str,
        package: &str,
        importer: Option<CodeId>,
        origin: Origin,
    ) {
        let source = self.sources.code(module).source;
        self.sources.fill(source, &mut self.program);
        // The same name can be another module there: its directory may come first.
        let is_taken =
            name == "__main__" || self.sources.named(name).is_some_and(|at| at != source);
        let name = if is_taken && origin != Origin::Forked { "" } else { name };
        // With an importer, a conftest file is a module like others.
        self.import_started(module, name, package, importer.or(Some(module)), self.line);
        self.import_finished(module);
        let level = self.sources.get(source).level();
        self.charge(level);
    }

    fn code_of(&mut self, code: &CodeRef) -> Option<CodeId> {
        match code {
            CodeRef::Known(id) => Some(*id),
            CodeRef::In(source, name, line) => Some(self.code(*source, name, *line)),
            CodeRef::At(place, name, line) => {
                let source = self.source(place.to_str()?)?;
                Some(self.code(source, name, *line))
            }
        }
    }
}
