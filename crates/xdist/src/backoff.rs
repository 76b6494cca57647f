//! How long to wait before looking again: little at first, then longer and longer.
//!
//! Times are taken from the monotonic clock alone, so that one that is set back or forth during a
//! run changes nothing.

use std::time::{Duration, Instant};

use crate::settings::Settings;

/// The waits up to a deadline.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    factor: f64,
    longest: Duration,
    started: Instant,
    timeout: Duration,
}

impl Backoff {
    /// Starts to wait now, as the settings say.
    pub(crate) fn start(settings: &Settings) -> Self {
        Self {
            next: settings.check_interval.min(settings.max_interval),
            factor: settings.backoff_factor,
            longest: settings.max_interval,
            started: Instant::now(),
            timeout: settings.worker_timeout,
        }
    }

    /// How long to wait before the next look; `None` if the time is up.
    pub(crate) fn next(&mut self) -> Option<Duration> {
        self.next_after(self.started.elapsed())
    }

    /// How long it has been.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn next_after(&mut self, elapsed: Duration) -> Option<Duration> {
        let left = self.timeout.checked_sub(elapsed).filter(|left| !left.is_zero())?;
        let wait = self.next;
        self.next = wait.mul_f64(self.factor).min(self.longest);
        // The last look is at the deadline, and not a moment before.
        Some(wait.min(left))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn waits(settings: &Settings) -> Vec<u128> {
        let mut backoff = Backoff::start(settings);
        let mut elapsed = Duration::ZERO;
        std::iter::from_fn(|| {
            let wait = backoff.next_after(elapsed)?;
            elapsed += wait;
            Some(wait.as_millis())
        })
        .collect()
    }

    #[test]
    fn waits_grow_up_to_the_longest_and_end_at_the_deadline() {
        let settings = Settings {
            worker_timeout: Duration::from_secs(2),
            max_interval: Duration::from_millis(400),
            backoff_factor: 2.0,
            ..Settings::default()
        };
        assert_eq!(waits(&settings), [100, 200, 400, 400, 400, 400, 100]);
    }

    #[test]
    fn the_defaults_look_two_dozen_times() {
        let waits = waits(&Settings::default());
        assert_eq!(waits[..4], [100, 150, 225, 337]);
        assert_eq!(waits.len(), 21);
        assert_eq!(waits.iter().max(), Some(&2000));
    }

    #[test]
    fn a_first_wait_above_the_longest_is_cut() {
        let settings = Settings { check_interval: Duration::from_secs(9), ..Settings::default() };
        assert_eq!(waits(&settings)[0], 2000);
    }

    #[test]
    fn a_factor_of_one_keeps_the_pace() {
        let settings = Settings {
            worker_timeout: Duration::from_millis(350),
            backoff_factor: 1.0,
            ..Settings::default()
        };
        assert_eq!(waits(&settings), [100, 100, 100, 50]);
    }

    proptest! {
        #[test]
        fn all_waits_together_are_the_timeout(
            timeout in 1u64..5_000, first in 1u64..500, factor in 1.0..4.0f64, longest in 1u64..900
        ) {
            let settings = Settings {
                worker_timeout: Duration::from_millis(timeout),
                check_interval: Duration::from_millis(first),
                backoff_factor: factor,
                max_interval: Duration::from_millis(longest),
                ..Settings::default()
            };
            let mut backoff = Backoff::start(&settings);
            let mut elapsed = Duration::ZERO;
            while let Some(wait) = backoff.next_after(elapsed) {
                prop_assert!(wait <= settings.max_interval && !wait.is_zero());
                elapsed += wait;
            }
            prop_assert_eq!(elapsed, settings.worker_timeout);
        }
    }
}
