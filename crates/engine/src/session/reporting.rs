//! What a session says of itself.

use super::Session;
use crate::plan::left_out;
use crate::texts;

impl Session {
    /// The line for pytest's header.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.header
    }

    /// The line for the end of the run.
    #[must_use]
    pub fn summary(&self) -> String {
        let left_out = left_out(&self.plan, &self.survey.selection);
        let saved = left_out.iter().filter_map(|test| self.survey.last_micros.get(test)).sum();
        texts::summary(self.ran.len(), left_out.len(), saved, self.mode.records)
    }

    /// What went wrong with testmonx itself, each with its remedy.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.iter().cloned().chain(self.controlling.warnings()).collect()
    }

    /// What `TESTMON_XDIST_DEBUG` is to show, since the last call.
    #[must_use]
    pub fn debug_lines(&self) -> Vec<String> {
        self.log.take()
    }
}
