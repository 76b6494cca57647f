//! When it is time to hand over what was observed.

use std::time::{Duration, Instant};

/// How long runs are gathered at least. A process that is killed loses as much.
const AT_LEAST: Duration = Duration::from_secs(3);

/// How many times as long as the last hand-over took the next runs are gathered. Much of what a hand-over costs is
/// the same for few tests as for many: in sqlglot a quarter of a second, which once a second is too often.
const TIMES_ITS_COST: u32 = 30;

/// The time of the next hand-over.
#[derive(Debug)]
pub(super) struct Due(Instant);

impl Due {
    /// For a process that starts now.
    pub(super) fn first() -> Self {
        Self(Instant::now() + AT_LEAST)
    }

    pub(super) fn is_now(&self) -> bool {
        Instant::now() >= self.0
    }

    /// For a process that began to hand over at `begin`, and has just done so.
    pub(super) fn after(begin: Instant) -> Self {
        let now = Instant::now();
        Self(now + pause(now.saturating_duration_since(begin)))
    }
}

/// How long to gather after a hand-over that took so long.
fn pause(cost: Duration) -> Duration {
    cost.saturating_mul(TIMES_ITS_COST).max(AT_LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dear_hand_over_is_followed_by_a_longer_pause() {
        assert_eq!(pause(Duration::from_millis(20)), AT_LEAST);
        assert_eq!(pause(Duration::from_millis(250)), Duration::from_millis(7_500));
        assert!(!Due::first().is_now());
        assert!(!Due::after(Instant::now()).is_now());
    }
}
