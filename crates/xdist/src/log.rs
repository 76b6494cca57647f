//! What `TESTMON_XDIST_DEBUG` shows: one process's part in the hand-over, with the time since it began.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Lines of one process. Clones write to the same lines.
#[derive(Clone, Debug)]
pub struct Log {
    process: String,
    started: Instant,
    /// `None` if nobody wants to know.
    lines: Option<Arc<Mutex<Vec<String>>>>,
}

impl Log {
    /// A log of `process` that starts now; it keeps nothing unless it is `wanted`.
    #[must_use]
    pub fn start(process: &str, wanted: bool) -> Self {
        let lines = wanted.then(Arc::default);
        Self { process: process.to_owned(), started: Instant::now(), lines }
    }

    /// Adds a line.
    pub fn note(&self, text: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            let at = self.started.elapsed().as_secs_f64();
            let line = format!("{} +{at:.3} s: {}", self.process, text());
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    /// The lines since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        let taken = |lines: &Arc<Mutex<Vec<String>>>| {
            std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner))
        };
        self.lines.as_ref().map(taken).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_who_and_when_and_are_taken_once() {
        let log = Log::start("gw0", true);
        log.clone().note(|| "read the state".into());
        let [line] = &log.take()[..] else { panic!("one line") };
        assert!(line.starts_with("gw0 +0.") && line.ends_with(" s: read the state"), "{line}");
        assert!(log.take().is_empty());
    }

    #[test]
    fn a_log_that_nobody_wants_is_not_even_worded() {
        let log = Log::start("gw0", false);
        log.note(|| panic!("worded"));
        assert!(log.take().is_empty());
    }
}
