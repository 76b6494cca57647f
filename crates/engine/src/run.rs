//! One run of a test, as its reports come in.

use testmonx_core::trace::Outcome;

/// The phases of a run that were reported so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    has_failed: bool,
    is_skipped: bool,
    is_xfailed: bool,
    is_called: bool,
    is_torn_down: bool,
    micros: u64,
}

impl Run {
    /// Takes the report of one phase (`setup`, `call`, `teardown`), its outcome in pytest's words,
    /// whether it carries `wasxfail`, and its duration in seconds.
    pub(crate) fn report(&mut self, phase: &str, outcome: &str, was_xfail: bool, seconds: f64) {
        // A plugin that runs a failed test again reports the failed attempt as `rerun`, and then
        // all phases anew.
        self.has_failed |= outcome == "failed";
        self.is_skipped |= outcome == "skipped" && !was_xfail;
        self.is_xfailed |= outcome == "skipped" && was_xfail;
        self.is_called |= phase == "call";
        self.is_torn_down |= phase == "teardown";
        self.micros += to_micros(seconds);
    }

    /// How the run ended; `None` if it did not get to its end.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        if !self.is_torn_down {
            return None;
        }
        Some(match self {
            Self { has_failed: true, .. } => Outcome::Failed,
            Self { is_xfailed: true, .. } => Outcome::Xfailed,
            Self { is_skipped: true, .. } => Outcome::Skipped,
            // `--setup-only` and `--setup-plan` leave the test itself out.
            Self { is_called: false, .. } => return None,
            _ => Outcome::Passed,
        })
    }

    /// How long its phases took together, in microseconds.
    pub(crate) fn micros(&self) -> u64 {
        self.micros
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to zero; a test that takes 500,000 years may be cut"
)]
fn to_micros(seconds: f64) -> u64 {
    (seconds.max(0.0) * 1e6) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(reports: &[(&str, &str, bool)]) -> Option<Outcome> {
        let mut run = Run::default();
        for (phase, outcome, was_xfail) in reports {
            run.report(phase, outcome, *was_xfail, 0.5);
        }
        run.outcome()
    }

    #[test]
    fn outcomes() {
        let passed = ("setup", "passed", false);
        let down = ("teardown", "passed", false);
        assert_eq!(outcome(&[passed, ("call", "passed", false), down]), Some(Outcome::Passed));
        assert_eq!(outcome(&[passed, ("call", "failed", false), down]), Some(Outcome::Failed));
        assert_eq!(outcome(&[passed, ("call", "skipped", true), down]), Some(Outcome::Xfailed));
        assert_eq!(outcome(&[passed, ("call", "passed", true), down]), Some(Outcome::Passed));
        assert_eq!(outcome(&[("setup", "skipped", false), down]), Some(Outcome::Skipped));
        assert_eq!(outcome(&[passed, ("call", "passed", false)]), None, "interrupted");
        assert_eq!(outcome(&[passed, down]), None, "only set up");
        let broken = ("teardown", "failed", false);
        assert_eq!(outcome(&[passed, ("call", "passed", false), broken]), Some(Outcome::Failed));
    }

    #[test]
    fn a_rerun_that_passes_has_passed() {
        let again = ("call", "rerun", false);
        let passed = ("call", "passed", false);
        let down = ("teardown", "passed", false);
        assert_eq!(outcome(&[again, down, passed, down]), Some(Outcome::Passed));
    }
}
