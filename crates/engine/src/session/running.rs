//! While tests are collected and run: the spans that the interpreter is in, and how tests ended.

use std::path::PathBuf;

use testmonx_core::RelPath;
use testmonx_core::trace::NodeId;

use super::{Session, Share};
use crate::recorder::SpanId;
use crate::run::Run;

impl Session {
    /// Opens the span of the collection of `file` (a node ID's file part).
    pub fn open_collection(&mut self, file: &str, is_doctest: bool) -> Option<SpanId> {
        let file = RelPath::new(file);
        let mut recorder = self.recorder()?;
        let span = recorder.open_collection(&file);
        if is_doctest {
            recorder.docstrings_read(&file);
        }
        Some(span)
    }

    /// Notes that the collection of `file` ended with an error: nothing is known of what it holds.
    pub fn collection_failed(&mut self, file: &str) {
        self.failed_collections.insert(RelPath::new(file));
    }

    /// Whether it is to be told which tests were found.
    #[must_use]
    pub fn tells_collected(&self) -> bool {
        self.collects_whole_files && self.share != Share::NONE
    }

    /// Notes that these tests were found.
    pub fn collected(&mut self, tests: Vec<NodeId>) {
        for test in tests {
            self.collected.entry(test.file()).or_default().push(test);
        }
    }

    /// Notes that everything that could be found was; `path` is Python's `sys.path` now.
    pub fn collection_finished(&mut self, path: &[PathBuf]) {
        if let Some(mut recorder) = self.recorder() {
            recorder.search_path(path);
        }
        let collected = std::mem::take(&mut self.collected);
        if !self.tells_collected() {
            return;
        }
        let failed = std::mem::take(&mut self.failed_collections);
        if let Some(mut recorder) = self.recorder() {
            for (file, tests) in collected {
                if self.share.has(&file) && !failed.contains(&file) {
                    recorder.finish_collection(&file, tests);
                }
            }
        }
    }

    /// Opens the span of one set-up of a fixture.
    pub fn open_fixture(&mut self) -> Option<SpanId> {
        Some(self.recorder()?.open_fixture())
    }

    /// Opens the span of the teardown of the fixture whose set-up had the span `fixture`.
    pub fn open_teardown(&mut self, fixture: SpanId) {
        if let Some(mut recorder) = self.recorder() {
            recorder.open_teardown(fixture);
        }
    }

    /// Closes that span.
    pub fn close_teardown(&mut self, fixture: SpanId) {
        if let Some(mut recorder) = self.recorder() {
            recorder.close_teardown(fixture);
        }
    }

    /// Notes that the open span uses what other spans observed.
    pub fn use_spans(&mut self, spans: &[SpanId]) {
        if let Some(mut recorder) = self.recorder() {
            recorder.use_spans(spans);
        }
    }

    /// Notes the names of the fixtures that the running test requested.
    pub fn use_fixtures(&mut self, names: &[String]) {
        if let Some(mut recorder) = self.recorder() {
            recorder.use_fixtures(names);
        }
    }

    /// Closes a span.
    pub fn close_span(&mut self, span: SpanId) {
        if let Some(mut recorder) = self.recorder() {
            recorder.close(span);
        }
    }

    /// A run of `test` starts.
    pub fn open_test(&mut self, test: &NodeId) {
        let span = self.recorder().map(|mut recorder| recorder.open_test(test));
        if let Some(span) = span {
            self.current = Some((span, Run::default()));
        }
    }

    /// The docstrings of the file of `test`, a doctest, are what it runs.
    pub fn docstrings_read(&mut self, test: &NodeId) {
        if let Some(mut recorder) = self.recorder() {
            recorder.docstrings_read(&test.file());
        }
    }

    /// The run ended; it counts if it got to its end.
    pub fn close_test(&mut self) {
        if let Some((span, run)) = self.current.take() {
            if let Some(mut recorder) = self.recorder() {
                recorder.close(span);
                if let Some(outcome) = run.outcome() {
                    recorder.finish_test(span, outcome, run.micros());
                }
            }
            self.hand_over_when_due();
        }
    }

    /// The run was broken off: it says nothing.
    pub fn abandon_test(&mut self) {
        if let Some((span, _)) = self.current.take()
            && let Some(mut recorder) = self.recorder()
        {
            recorder.close(span);
        }
    }

    /// Takes a report of one phase of a test, in pytest's words; `seconds` is its duration.
    pub fn report(
        &mut self,
        test: NodeId,
        phase: &str,
        outcome: &str,
        was_xfail: bool,
        seconds: f64,
    ) {
        if let Some((_, run)) = &mut self.current {
            run.report(phase, outcome, was_xfail, seconds);
        }
        if outcome == "failed" {
            self.failed.insert(self.known_name(&test));
        }
        self.ran.insert(test);
    }

    /// xdist appends `@group` to the node IDs of grouped tests.
    fn known_name(&self, test: &NodeId) -> NodeId {
        match test.as_str().rsplit_once('@') {
            Some((name, _)) if !self.survey.selection.tests.contains_key(test) => {
                let name = NodeId::new(name);
                if self.survey.selection.tests.contains_key(&name) { name } else { test.clone() }
            }
            _ => test.clone(),
        }
    }
}
