//! A worker's side of the handshake: wait for the controller's signal, check it, acknowledge.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use crate::acknowledgement::Acknowledgement;
use crate::backoff::Backoff;
use crate::directory::READY;
use crate::error::CoordinationError;
use crate::owner::Owner;
use crate::settings::Settings;
use crate::state::CoordinationState;

/// What a worker needs to know to join a session.
#[derive(Debug)]
pub struct Joining<'a> {
    /// The coordination directory.
    pub directory: &'a Path,
    /// The session to join.
    pub session: &'a str,
    /// Its controller.
    pub controller: &'a Owner,
    /// This worker's id.
    pub worker: &'a str,
    /// How to wait.
    pub settings: &'a Settings,
}

/// How joining went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// How often it was looked for the signal.
    pub looks: u32,
    /// How long it took.
    pub waited: Duration,
}

/// How long to sleep at a time, so that Ctrl-C is heeded while the wait goes on.
const NAP: Duration = Duration::from_millis(50);

impl Joining<'_> {
    /// Waits until the state is there, has it checked by `check`, and acknowledges it. `sleep` gives
    /// a moment to others, and returns whether the wait is to be broken off.
    ///
    /// # Errors
    /// If it is not there in time, is not for this session, or the check or the files fail. Then
    /// nothing was acknowledged.
    pub fn join<E: From<CoordinationError>>(
        &self,
        sleep: &mut dyn FnMut(Duration) -> bool,
        check: impl FnOnce(&CoordinationState) -> Result<(), E>,
    ) -> Result<Joined, E> {
        let mut backoff = Backoff::start(self.settings);
        let mut looks = 0;
        let bytes = loop {
            looks += 1;
            if let Some(bytes) = self.look()? {
                break bytes;
            }
            self.wait(&mut backoff, sleep)?;
        };
        let state = CoordinationState::decode_for(&bytes, self.session);
        check(&state.map_err(CoordinationError::from)?)?;
        let (session, worker) = (self.session.to_owned(), self.worker.to_owned());
        Acknowledgement { session, worker, pid: std::process::id() }.write(self.directory)?;
        Ok(Joined { looks, waited: backoff.elapsed() })
    }

    /// The signal, if it is there.
    fn look(&self) -> Result<Option<Vec<u8>>, CoordinationError> {
        let path = self.directory.join(READY);
        let found = match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() => fs::read(&path),
            // A pipe would let the reader wait for ever.
            Ok(_) => Err(io::Error::other("it is not a file")),
            Err(error) => Err(error),
        };
        match found {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(CoordinationError::file(path, "read")(error)),
        }
    }

    fn wait(
        &self,
        backoff: &mut Backoff,
        sleep: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<(), CoordinationError> {
        if self.controller.is_gone() {
            return Err(CoordinationError::NotReady { session: self.session.to_owned() });
        }
        let Some(mut left) = backoff.next() else {
            let path = self.directory.join(READY);
            return Err(CoordinationError::Timeout { path, waited: self.settings.worker_timeout });
        };
        while !left.is_zero() {
            let nap = left.min(NAP);
            if sleep(nap) {
                return Err(CoordinationError::Interrupted);
            }
            left -= nap;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::StateError;
    use crate::state::tests::state;

    struct Worker {
        directory: tempfile::TempDir,
        settings: Settings,
        controller: Owner,
    }

    impl Worker {
        fn new() -> Self {
            let settings = Settings {
                worker_timeout: Duration::from_millis(300),
                check_interval: Duration::from_millis(10),
                ..Settings::default()
            };
            let directory = tempfile::tempdir().unwrap();
            Self { directory, settings, controller: Owner::this_process() }
        }

        fn signal(&self, content: &[u8]) {
            fs::write(self.directory.path().join(READY), content).unwrap();
        }

        fn signal_of(&self, session: &str) {
            self.signal(&state(session).encode().unwrap());
        }

        fn is_acknowledged(&self) -> bool {
            Acknowledgement::is_given(self.directory.path(), "gw0", "s1")
        }

        fn join_with(
            &self,
            sleep: &mut dyn FnMut(Duration) -> bool,
            check: impl FnOnce(&CoordinationState) -> Result<(), CoordinationError>,
        ) -> Result<Joined, CoordinationError> {
            let joining = Joining {
                directory: self.directory.path(),
                session: "s1",
                controller: &self.controller,
                worker: "gw0",
                settings: &self.settings,
            };
            joining.join(sleep, check)
        }

        fn join(&self) -> Result<Joined, CoordinationError> {
            self.join_with(&mut nap, |_| Ok(()))
        }
    }

    fn nap(time: Duration) -> bool {
        std::thread::sleep(time);
        false
    }

    #[test]
    fn a_signal_that_is_there_is_acknowledged_at_once() {
        let worker = Worker::new();
        worker.signal_of("s1");
        let joined = worker.join_with(&mut |_| panic!("slept"), |_| Ok(())).unwrap();
        assert_eq!(joined.looks, 1);
        assert!(worker.is_acknowledged());
    }

    #[test]
    fn a_signal_that_comes_later_is_waited_for() {
        let worker = Worker::new();
        let mut naps = 0;
        let mut sleep = |_| {
            naps += 1;
            if naps == 3 {
                worker.signal_of("s1");
            }
            false
        };
        let joined = worker.join_with(&mut sleep, |_| Ok(())).unwrap();
        assert_eq!(joined.looks, 4);
        assert!(worker.is_acknowledged());
    }

    #[test]
    fn without_a_signal_the_wait_ends() {
        let worker = Worker::new();
        let error = worker.join().unwrap_err();
        assert!(matches!(error, CoordinationError::Timeout { .. }));
        let text = error.to_string();
        assert!(
            text.contains("controller_ready.json` after 0.3 s (raise TESTMON_XDIST_WORKER_TIMEOUT"),
            "{text}"
        );
    }

    #[test]
    fn nobody_waits_for_a_controller_that_is_gone() {
        let mut worker = Worker::new();
        worker.controller.started = Some(1);
        let error = worker.join_with(&mut |_| panic!("slept"), |_| Ok(())).unwrap_err();
        let text = "the controller of session `s1` ended before it was ready (run again)";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn a_signal_of_another_session_is_refused_and_not_acknowledged() {
        let worker = Worker::new();
        worker.signal_of("s2");
        let error = worker.join().unwrap_err();
        assert!(matches!(error, CoordinationError::InvalidState(StateError::OtherSession { .. })));
        assert!(!worker.is_acknowledged());
    }

    #[test]
    fn damaged_and_foreign_signals_are_refused() {
        let whole = state("s1").encode().unwrap();
        for content in [&b""[..], b"{", b"[]", b"\xff\xfe", &whole[..whole.len() / 2]] {
            let worker = Worker::new();
            worker.signal(content);
            let error = worker.join().unwrap_err();
            assert!(
                matches!(error, CoordinationError::InvalidState(StateError::Damaged { .. })),
                "{error}"
            );
            assert!(!worker.is_acknowledged());
        }
    }

    #[test]
    fn a_signal_of_another_version_is_refused() {
        let worker = Worker::new();
        worker.signal(b"{\"protocol\": 99}");
        let error = worker.join().unwrap_err().to_string();
        assert!(error.contains("speaks protocol 99"), "{error}");
    }

    #[test]
    fn a_directory_or_a_pipe_in_its_place_is_refused() {
        let worker = Worker::new();
        fs::create_dir(worker.directory.path().join(READY)).unwrap();
        let error = worker.join().unwrap_err().to_string();
        assert!(
            error.contains("cannot be read: it is not a file (see to its directory"),
            "{error}"
        );
    }

    #[test]
    fn a_check_that_fails_is_not_acknowledged() {
        let worker = Worker::new();
        worker.signal_of("s1");
        let failed = worker.join_with(&mut nap, |_| Err(CoordinationError::Interrupted));
        assert!(failed.is_err());
        assert!(!worker.is_acknowledged());
    }

    #[test]
    fn the_check_sees_the_state() {
        let worker = Worker::new();
        worker.signal_of("s1");
        let mut seen = None;
        let check = |found: &CoordinationState| {
            seen = Some(found.clone());
            Ok(())
        };
        worker.join_with(&mut nap, check).unwrap();
        assert_eq!(seen, Some(state("s1")));
    }

    #[test]
    fn an_acknowledgement_that_cannot_be_written_is_an_error() {
        let worker = Worker::new();
        worker.signal_of("s1");
        fs::create_dir_all(worker.directory.path().join("worker_gw0_ready/x")).unwrap();
        let error = worker.join().unwrap_err().to_string();
        assert!(error.contains("worker_gw0_ready` cannot be written"), "{error}");
    }

    #[test]
    fn a_wait_can_be_broken_off() {
        let worker = Worker::new();
        let error = worker.join_with(&mut |_| true, |_| Ok(())).unwrap_err();
        assert!(matches!(error, CoordinationError::Interrupted));
    }
}
