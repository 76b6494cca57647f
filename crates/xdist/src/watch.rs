//! The controller's side of the handshake: a thread that waits for the acknowledgements, so that
//! xdist's own loop never does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::acknowledgement::Acknowledgement;
use crate::backoff::Backoff;
use crate::log::Log;
use crate::settings::Settings;

#[derive(Debug)]
enum Message {
    Expect(String),
    Forget(String),
}

/// The handle to the thread.
#[derive(Debug)]
pub struct Watch {
    messages: Sender<Message>,
    thread: JoinHandle<Report>,
}

/// Which workers acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Those that did.
    pub joined: Vec<String>,
    /// Those that did not, and have not ended either.
    pub missing: Vec<String>,
}

impl Watch {
    /// Starts to wait for workers of `session` in `directory`.
    #[must_use]
    pub fn start(directory: PathBuf, session: &str, settings: &Settings, log: Log) -> Self {
        let (messages, received) = mpsc::channel();
        let watcher = Watcher {
            directory,
            session: session.to_owned(),
            settings: settings.clone(),
            log,
            expected: BTreeMap::new(),
            joined: Vec::new(),
        };
        let thread = thread::spawn(move || watcher.work(&received));
        Self { messages, thread }
    }

    /// Waits for `worker` as well, from now on.
    pub fn expect(&self, worker: &str) {
        // The thread ends only when the handle goes.
        let _ = self.messages.send(Message::Expect(worker.to_owned()));
    }

    /// `worker` has ended; it is no longer waited for.
    pub fn forget(&self, worker: &str) {
        let _ = self.messages.send(Message::Forget(worker.to_owned()));
    }

    /// Looks a last time and ends the thread.
    #[must_use]
    pub fn finish(self) -> Report {
        drop(self.messages);
        self.thread.join().unwrap_or_default()
    }
}

struct Watcher {
    directory: PathBuf,
    session: String,
    settings: Settings,
    log: Log,
    /// Workers that have not acknowledged, each with how long to wait for it; `None` if it is late.
    expected: BTreeMap<String, Option<Backoff>>,
    joined: Vec<String>,
}

/// Nothing to look for: only a message ends the wait.
const IDLE: Duration = Duration::from_secs(3600);

impl Watcher {
    fn work(mut self, messages: &Receiver<Message>) -> Report {
        loop {
            match messages.recv_timeout(self.next_look()) {
                Ok(Message::Expect(worker)) => {
                    let backoff = Backoff::start(&self.settings);
                    self.expected.insert(worker, Some(backoff));
                }
                Ok(Message::Forget(worker)) => {
                    self.look();
                    self.expected.remove(&worker);
                }
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.look();
        Report { joined: self.joined, missing: self.expected.into_keys().collect() }
    }

    /// How long to sleep: until the first look that is due.
    fn next_look(&mut self) -> Duration {
        let mut next = IDLE;
        for (worker, backoff) in &mut self.expected {
            let Some(waiting) = backoff else { continue };
            match waiting.next() {
                Some(wait) => next = next.min(wait),
                None => {
                    *backoff = None;
                    let timeout = self.settings.worker_timeout.as_secs_f64();
                    self.log.note(|| format!("{worker} has not acknowledged within {timeout} s"));
                }
            }
        }
        next
    }

    fn look(&mut self) {
        let given: Vec<String> = self
            .expected
            .keys()
            .filter(|worker| Acknowledgement::is_given(&self.directory, worker, &self.session))
            .cloned()
            .collect();
        for worker in given {
            self.expected.remove(&worker);
            self.log.note(|| format!("{worker} has acknowledged"));
            self.joined.push(worker);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    struct Place {
        directory: tempfile::TempDir,
        log: Log,
    }

    impl Place {
        fn new() -> Self {
            Self { directory: tempfile::tempdir().unwrap(), log: Log::start("controller", true) }
        }

        fn watch(&self, timeout: u64) -> Watch {
            let settings = Settings {
                worker_timeout: Duration::from_millis(timeout),
                check_interval: Duration::from_millis(5),
                ..Settings::default()
            };
            Watch::start(self.directory.path().to_owned(), "s1", &settings, self.log.clone())
        }

        fn acknowledge(&self, worker: &str, session: &str) {
            let (session, worker) = (session.to_owned(), worker.to_owned());
            let word = Acknowledgement { session, worker, pid: 1 };
            word.write(self.directory.path()).unwrap();
        }

        /// Until the log has a line with `text`.
        fn wait_for(&self, text: &str) {
            let started = Instant::now();
            while !self.log.take().iter().any(|line| line.contains(text)) {
                assert!(started.elapsed() < Duration::from_secs(60), "no {text}");
                thread::sleep(Duration::from_millis(2));
            }
        }
    }

    fn report(joined: &[&str], missing: &[&str]) -> Report {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Report { joined: owned(joined), missing: owned(missing) }
    }

    #[test]
    fn workers_are_seen_to_join() {
        let place = Place::new();
        let watch = place.watch(60_000);
        watch.expect("gw0");
        watch.expect("gw1");
        place.acknowledge("gw1", "s1");
        place.wait_for("gw1 has acknowledged");
        place.acknowledge("gw0", "s1");
        place.wait_for("gw0 has acknowledged");
        assert_eq!(watch.finish(), report(&["gw1", "gw0"], &[]));
    }

    #[test]
    fn a_last_look_is_taken_at_the_end() {
        let place = Place::new();
        let watch = place.watch(60_000);
        watch.expect("gw0");
        place.acknowledge("gw0", "s1");
        assert_eq!(watch.finish(), report(&["gw0"], &[]));
    }

    #[test]
    fn a_worker_that_says_nothing_is_missing() {
        let place = Place::new();
        let watch = place.watch(20);
        watch.expect("gw0");
        place.wait_for("gw0 has not acknowledged within 0.02 s");
        assert_eq!(watch.finish(), report(&[], &["gw0"]));
    }

    #[test]
    fn a_late_worker_has_joined_all_the_same() {
        let place = Place::new();
        let watch = place.watch(20);
        watch.expect("gw0");
        place.wait_for("has not acknowledged");
        place.acknowledge("gw0", "s1");
        assert_eq!(watch.finish(), report(&["gw0"], &[]));
    }

    #[test]
    fn a_worker_that_died_is_not_missed_and_its_replacement_is_waited_for() {
        let place = Place::new();
        let watch = place.watch(60_000);
        watch.expect("gw0");
        watch.forget("gw0");
        watch.expect("gw2");
        place.acknowledge("gw2", "s1");
        assert_eq!(watch.finish(), report(&["gw2"], &[]));
    }

    #[test]
    fn the_word_of_another_session_s_worker_does_not_count() {
        let place = Place::new();
        let watch = place.watch(60_000);
        watch.expect("gw0");
        place.acknowledge("gw0", "s0");
        assert_eq!(watch.finish(), report(&[], &["gw0"]));
    }

    #[test]
    fn a_directory_that_vanished_harms_nobody() {
        let place = Place::new();
        let watch = place.watch(60_000);
        watch.expect("gw0");
        std::fs::remove_dir(place.directory.path()).unwrap();
        assert_eq!(watch.finish(), report(&[], &["gw0"]));
    }
}
