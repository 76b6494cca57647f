//! How a worker hands over what it observed: in batches, beside its reports and at its end.

use std::time::Instant;

use testmonx_core::trace::Batch;
use testmonx_xdist::Observations;

use super::Session;
use super::due::Due;

impl Session {
    /// The observations that a worker is to send now; `None` if it is not time yet.
    pub fn due_observations(&mut self) -> Option<Vec<u8>> {
        self.due.is_now().then(|| self.observations()).flatten()
    }

    /// All that a worker has not sent yet; `None` if there is nothing.
    pub fn observations(&mut self) -> Option<Vec<u8>> {
        let begin = Instant::now();
        let batch = self.recorder()?.take_batch();
        self.due = Due::after(begin);
        if batch.is_empty() {
            return None;
        }
        if self.is_elsewhere
            && let Some(file) = outside(&batch)
        {
            self.stop_recording(format!(
                "its tests use `{file}`, outside of its copy of the project (run it in the controller's rootdir)"
            ));
            return None;
        }
        let traces = batch.traces.len();
        let observations =
            Observations { session: self.name.clone(), recorder: self.worker.clone(), batch };
        let encoded = observations.encode();
        if let Ok(bytes) = &encoded {
            self.log.note(|| format!("sends {traces} traces in {} bytes", bytes.len()));
        }
        encoded.map_err(|error| self.warnings.push(error.to_string())).ok()
    }

    /// Why this worker's tests are not recorded, if they ought to be.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    fn stop_recording(&mut self, why: String) {
        self.recorder = None;
        self.current = None;
        self.mode.records = false;
        self.trouble = Some(why);
    }
}

/// A file outside of the rootdir that a fact is about. In a copy of the project the same relative
/// path leads elsewhere, so that the fact would be about another file.
fn outside(batch: &Batch) -> Option<String> {
    let files = batch.facts.iter().filter_map(|fact| fact.kind.rule().file(&fact.key));
    let mut outside = files.filter(|file| file.as_str().starts_with(".."));
    outside.next().map(|file| file.to_string())
}
