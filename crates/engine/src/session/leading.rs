//! A single process or a controller: whoever owns the store.

use std::time::Instant;

use testmonx_core::trace::NodeId;
use testmonx_xdist::{Log, Settings};

use super::due::Due;
use super::{Invocation, NO_TESTS_COLLECTED, Role, Session, with_causes};
use crate::mode::Mode;
use crate::opening::{Ground, prepare};
use crate::plan::{left_out, make_plan};
use crate::texts;

impl Session {
    pub(super) fn leading(
        invocation: &Invocation,
        mode: Mode,
        settings: Settings,
        note: Option<&str>,
    ) -> Self {
        let log = Log::start("controller", settings.debug && invocation.role == Role::Controller);
        let mut session = Self::new(invocation, mode, log);
        let Ground { name, survey, keeper, store, records, warnings } = prepare(invocation, mode);
        session.mode.records &= keeper.is_some();
        session.plan = make_plan(&survey.selection, mode, &survey.last_micros);
        session.header = texts::header(&records, &invocation.environment.name, note);
        session.controlling.changed = records.changed();
        session.controlling.store = store;
        session.controlling.settings = settings;
        if invocation.role == Role::Controller {
            session.controlling.site = invocation.site();
        }
        session.name = name;
        session.survey = survey;
        session.keeper = keeper;
        session.warnings = warnings;
        session.log.note(|| format!("session {} has been prepared", session.name));
        session
    }

    pub(super) fn hand_over_when_due(&mut self) {
        if self.role == Role::Single && self.due.is_now() {
            self.hand_over();
        }
    }

    /// Has all written that a single process observed and did not hand over yet.
    pub fn hand_over(&mut self) {
        let begin = Instant::now();
        let Some(batch) = self.recorder().map(|mut recorder| recorder.take_batch()) else { return };
        self.due = Due::after(begin);
        if let (Some(keeper), false) = (&self.keeper, batch.is_empty()) {
            keeper.record(&self.worker, batch);
        }
    }

    /// Ends the session: all is written when it returns. `exit_status` is what pytest is about to
    /// exit with; returns whether it should be 0 instead, since nothing was affected.
    pub fn finish(&mut self, exit_status: i32) -> bool {
        if let Some(keeper) = self.keeper.take() {
            for test in &self.failed {
                keeper.note_failure(test.clone());
            }
            self.log.note(|| "the run has ended".to_owned());
            let (written, refused) = keeper.finish();
            self.warnings.extend(refused);
            if let Err(error) = written {
                self.warnings.push(with_causes(&error));
            }
            self.log.note(|| "all observations are in the store".to_owned());
        }
        self.end_coordination();
        exit_status == NO_TESTS_COLLECTED && self.is_all_left_out()
    }

    fn is_all_left_out(&self) -> bool {
        !self.deselected.is_empty()
            || !self.plan.skipped_files.is_empty()
            || !self.plan.fresh_tests.is_empty()
    }

    /// The tests that were left out without being collected in this process.
    #[must_use]
    pub fn uncollected(&self) -> Vec<&NodeId> {
        let mut tests = left_out(&self.plan, &self.survey.selection);
        tests.retain(|test| !self.deselected.contains(*test));
        tests.into_iter().collect()
    }
}
